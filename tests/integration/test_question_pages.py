"""The question pages: what they ask, what they say, what they keep, and what they refuse."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from app.database import reader, transaction
from app.domain.vocabulary import Kind, OrganisationType, Role
from app.models.organisation import Organisation
from app.models.person import Membership, Person
from app.queries.directory import LONGEST_LIST
from tests.factories import PASSWORD
from tests.infrastructure.markup import Page, text_of
from tests.integration.reporter import (
    Reporter,
    as_fields,
    beside,
    carry_on,
    errors,
    links,
    of_class,
    shown_fields,
    texts,
    version_on,
)

pytestmark = pytest.mark.engines("sqlite")  # what is kept and sent is tested on both engines elsewhere

WRONG: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("self-report", "risk-now", {"risk_now": None}, ["Select yes if somebody is at risk of harm today"]),
    ("self-report", "about", {"about": None}, ["Select what this is mainly about"]),
    ("self-report", "detail", {"detail": None}, ["Select the answer that fits best"]),
    ("self-report", "where-when", {"platform": ""}, ["Select where it was"]),
    ("self-report", "where-when", {"platform": "other"}, ["Enter the name of the site or app"]),
    ("self-report", "where-when", {"posted_on-year": "26"}, ["Year must have 4 numbers, like 2026"]),
    (
        "self-report",
        "where-when",
        {"posted_on-day": "", "posted_on-month": ""},
        ["The date it was posted or sent must include a day and month"],
    ),
    (
        "self-report",
        "where-when",
        {"posted_on": "2026-05-01"},
        ["The date it was posted or sent must be today or in the past"],
    ),
    (
        "self-report",
        "where-when",
        {"posted_on": "1989-12-31"},
        ["The date it was posted or sent must be 1 January 1990 or later"],
    ),
    (
        "self-report",
        "where-when",
        {"posted_on-day": "31", "posted_on-month": "2"},
        ["The date it was posted or sent must be a real date"],
    ),
    (
        "self-report",
        "seen",
        {"removed_on": "2026-03-01"},
        ["The date it was taken down must be the same as or after the date it was posted"],
    ),
    (
        "self-report",
        "affected",
        {"patient": None, "harm": None},
        ["Select whether anyone could recognise a patient", "Select what effect it has had"],
    ),
    ("self-report", "happened", {"happened": "   "}, ["Tell us what happened, in a few words"]),
    ("self-report", "tell", {"tell": None}, ["Select who you want to tell"]),
    (
        "self-report",
        "tell",
        {"tell": "both", "mdo": None},
        ["Select your MDO, or choose to tell your supervisor only"],
    ),
    ("concern", "saw", {"saw": ""}, ["Tell us what you saw or read"]),
    ("concern", "about", {"about": None}, ["Select what it is mainly about"]),
    (
        "concern",
        "subject",
        {"subject": None, "relations": None},
        [
            "Find the person, enter their GMC number, or select 'They are not in the list, or I am not sure'",
            "Select any that apply, or select 'None of these'",
        ],
    ),
    ("concern", "subject", {"subject": "gmc_number", "gmc_number": "12"}, ["GMC number must be 7 numbers"]),
    (
        "concern",
        "subject",
        {"relations": ["senior", "none"]},
        ["Select what applies, or select 'None of these, or I do not know'. You cannot select both"],
    ),
    (
        "concern",
        "risk",
        {"risk": None},
        ["Select what could be at risk, or select 'None of these' or 'I am not sure'"],
    ),
    (
        "concern",
        "know",
        {"know": None, "before": None},
        ["Select how you know about it", "Select whether it has happened before"],
    ),
    ("advice", "mdo", {"mdo": None}, ["Select your MDO"]),
    ("advice", "role", {"role": None}, ["Select what you need advice about"]),
    ("advice", "contacts", {"contacts": None}, ["Select who already knows, or select 'Nobody yet'"]),
]
TAMPERED: list[tuple[str, dict[str, Any]]] = [
    ("about", {"about": "gossip"}),
    ("detail", {"detail": "patient.image"}),
    ("where-when", {"platform": "carrier pigeon"}),
    ("seen", {"visibility": ["V1", "V2"]}),
    ("happened", {"done": ["kept_copy", "everything"]}),
    ("tell", {"tell": "both", "mdo": str(uuid4())}),
]
PATIENT = {"about": "patient", "detail": "patient.words", "patient": "anyone"}
SAYS_AWAY = "You were away for a while. Check your answer and select Continue again"


@pytest.fixture
def reporter(client, world):
    """A doctor who is signed in."""
    return Reporter(client, world, world.doctor())


def page_at(reporter, draft_id, code):
    return reporter.client.page(f"/drafts/{draft_id}/{code}")


def post(reporter, draft_id, code, **answers):
    """Sends a page as it is shown, with these answers in it."""
    fields = {
        name: value
        for question, given in answers.items()
        for name, value in as_fields(question, given).items()
    }
    return reporter.client.submit(f"/drafts/{draft_id}/{code}", fields)


def refused(reporter, draft_id, code, **answers):
    response = post(reporter, draft_id, code, **answers)
    assert response.status_code == HTTPStatus.OK
    return Page.parse(response.text)


# Start pages


@pytest.mark.parametrize("slug", ["self-report", "concern", "advice"])
def test_a_start_page_is_open_to_everybody_and_leads_to_the_first_question(client, world, slug):
    shown = client.page(f"/report/{slug}")
    first = next(one for one in links(shown) if one.startswith(f"/report/{slug}/"))
    assert urlsplit(client.get(first).location).path == "/sign-in"


def test_signing_in_leads_on_to_the_question(client, world):
    who = world.doctor()
    answer = client.submit(
        "/sign-in?next=/report/concern/risk-now", {"email": who.email, "password": PASSWORD}
    )
    assert answer.location == "/report/concern/risk-now"


def test_nobody_is_promised_what_is_not_offered_yet(client, world):
    text = client.page("/report/concern").text()
    assert "in confidence or without your name is not offered here yet" in text


def test_the_advice_page_gives_the_numbers(app, client, world):
    text = client.page("/report/advice").text()
    assert all(mdo.number in text for mdo in app.extensions["candour"].guidance.mdos)


def test_there_is_no_other_form(client, world):
    assert client.get("/report/gossip").status_code == HTTPStatus.NOT_FOUND


# How long a form is


@pytest.mark.parametrize(
    ("slug", "changes", "pages"),
    [
        ("self-report", {}, 9),
        ("self-report", {"tell": "both"}, 9),
        ("self-report", PATIENT, 10),
        ("self-report", {"patient": "anyone"}, 11),
        ("self-report", {"about": "other"}, 8),
        ("self-report", {"risk_now": "unsure"}, 10),
        ("concern", {}, 12),
        ("concern", {**PATIENT, "detail": "patient.image"}, 13),
        ("advice", {}, 10),
        ("advice", {"role": "letter"}, 5),
    ],
)
def test_a_form_is_no_longer_than_it_says(reporter, slug, changes, pages):
    check = reporter.client.page(reporter.fill(slug, **changes))
    assert len(reporter.pages) == pages
    assert f"Question {pages} of about {pages}" in check.text()


def test_every_page_says_where_one_is_and_when_it_was_saved(reporter):
    text = page_at(reporter, reporter.draft(), "seen").text()
    assert "Question 5 of about 9" in text
    assert "Saved at 9am" in text


def test_somebody_with_two_workplaces_is_asked_which(reporter, world):
    other = world.organisation(OrganisationType.GP_PRACTICE, name="Brackendale Surgery", cast=False)
    world.appoint(reporter.who, Role.MEMBER, at=other)
    options = texts(page_at(reporter, reporter.draft(), "workplace"), "nhsuk-radios__label")
    assert options == ["Brackendale Surgery", "Larkfield Hospitals", "None of these"]


def test_somebody_with_one_workplace_is_not_asked_which(reporter):
    answer = reporter.client.get(f"/drafts/{reporter.draft()}/workplace")
    assert answer.status_code == HTTPStatus.FOUND


# What is wrong


@pytest.mark.parametrize("slug", ["self-report", "concern", "advice"])
def test_what_is_wrong_stands_above_and_beside(reporter, slug):
    draft_id = reporter.draft(slug)
    for code, typed, messages in ((code, typed, said) for of, code, typed, said in WRONG if of == slug):
        shown = refused(reporter, draft_id, code, **typed)
        assert errors(shown) == messages
        assert set(messages) <= set(beside(shown))
        assert next(shown.all("title")).text.startswith("Error: ")


def test_every_error_leads_to_its_field(reporter):
    shown = refused(reporter, reporter.draft(), "affected", patient=None, harm=None)
    ids = {one.get("id") for one in shown.root.iter()}
    targets = {one.removeprefix("#") for one in links(shown) if one.startswith("#")} - {"main", "now"}
    assert targets == {"patient", "harm"}
    assert targets <= ids


def test_what_was_typed_is_kept(reporter):
    shown = refused(reporter, reporter.draft(), "where-when", platform="other", posted_on="2027-01-09")
    held = shown_fields(shown)
    assert held["platform"] == ["other"]
    assert [held[f"posted_on-{part}"] for part in ("day", "month", "year")] == [["9"], ["1"], ["2027"]]


def test_nothing_wrong_is_kept_in_the_draft(reporter):
    draft_id = reporter.draft()
    before = reporter.answers_in(draft_id)
    refused(reporter, draft_id, "where-when", platform="other")
    assert reporter.answers_in(draft_id) == before


def test_a_text_of_a_megabyte_is_answered_and_kept(reporter):
    text = "word " * 200_000
    shown = refused(reporter, reporter.draft(), "happened", happened=text)
    assert errors(shown) == ["What happened must be 10,000 characters or fewer. You have used 999,999"]
    assert shown_fields(shown)["happened"][0].strip() == text.strip()


def test_what_is_too_big_to_read_is_told_so(reporter):
    answer = post(reporter, reporter.draft(), "happened", happened="x" * 5_000_000)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "That is too big to send" in answer.text


def test_a_character_that_cannot_be_saved_is_named(reporter):
    draft_id = reporter.draft()
    for letter in ("\x00", "\x0b", "\x1b", "\x7f"):
        shown = refused(reporter, draft_id, "happened", happened=f"one{letter}two")
        assert errors(shown) == [
            "What happened includes characters we cannot save. Delete them and try again"
        ]
        assert shown_fields(shown)["happened"] == ["onetwo"]


def test_a_value_that_nobody_offered_is_refused(reporter):
    draft_id = reporter.draft()
    for code, typed in TAMPERED:
        shown = refused(reporter, draft_id, code, **typed)
        assert "Select one of the options on this page" in errors(shown), code


def test_markup_is_shown_as_it_was_typed_and_never_runs(reporter):
    script = "<script>alert('x')</script>"
    draft_id = reporter.draft(
        "concern",
        saw=script,
        address=script,
        subject_name=script,
        subject_job=script,
        subject_place=script,
        keep_away=script,
    )
    for code in ("saw", "subject", "keep-away", "check"):
        shown = page_at(reporter, draft_id, code)
        assert not [one for one in shown.all("script") if not one.get("src")]
        assert script in shown.text() or script in str(shown_fields(shown))


# What came from elsewhere, or too late


def test_a_page_that_the_form_lacks_is_not_there(reporter):
    draft_id = reporter.draft()
    for code in ("nonsense", "tell.html", "mdo", "saw"):
        assert reporter.client.get(f"/drafts/{draft_id}/{code}").status_code == HTTPStatus.NOT_FOUND


def test_a_page_that_does_not_apply_is_passed(reporter):
    draft_id = reporter.draft()
    answer = reporter.client.get(f"/drafts/{draft_id}/patient-more")
    assert answer.location == f"/drafts/{draft_id}/check"


def test_a_later_page_of_a_form_that_was_not_begun_leads_to_the_first(reporter):
    assert reporter.client.get("/report/self-report/tell").location == "/report/self-report/risk-now"


@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_page_open_for_too_long_keeps_what_was_typed_and_saves_nothing(reporter, token):
    draft_id = reporter.draft()
    before = reporter.answers_in(draft_id)
    answer = post(reporter, draft_id, "happened", happened="Typed before lunch.", csrf_token=token)
    shown = Page.parse(answer.text)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert errors(shown) == [SAYS_AWAY]
    assert shown_fields(shown)["happened"] == ["Typed before lunch."]
    assert reporter.answers_in(draft_id) == before


def test_the_page_shown_after_a_while_can_be_sent(reporter):
    draft_id = reporter.draft()
    answer = post(reporter, draft_id, "happened", happened="Typed before lunch.", csrf_token="old")
    fields = shown_fields(Page.parse(answer.text))
    assert (
        reporter.client.post(f"/drafts/{draft_id}/happened", data=fields).status_code == HTTPStatus.SEE_OTHER
    )
    assert reporter.answers_in(draft_id)["happened"] == "Typed before lunch."


def test_the_first_page_is_refused_without_its_token_too(reporter):
    answer = reporter.client.submit("/report/concern/risk-now", {"risk_now": "no", "csrf_token": None})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "Not sent yet" not in reporter.client.page("/reports").text()


def test_two_windows_lose_neither_answer(reporter):
    draft_id = reporter.draft()
    old = version_on(page_at(reporter, draft_id, "happened"))
    post(reporter, draft_id, "affected", harm="H2")
    answer = post(reporter, draft_id, "happened", happened="From the other window.", version=old)
    shown = Page.parse(answer.text)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert errors(shown) == [
        "You changed this report in another window. Check this page and select Continue again"
    ]
    assert shown_fields(shown)["happened"] == ["From the other window."]
    reporter.client.post(f"/drafts/{draft_id}/happened", data=shown_fields(shown))
    kept = reporter.answers_in(draft_id)
    assert (kept["harm"], kept["happened"]) == ("H2", "From the other window.")


def test_a_version_that_was_tampered_with_overwrites_nothing(reporter):
    draft_id = reporter.draft()
    before = reporter.answers_in(draft_id)
    for version in ("", "x", "-1", "999999999999", "0"):
        answer = post(reporter, draft_id, "happened", happened="Mine", version=version)
        assert answer.status_code == HTTPStatus.CONFLICT
    assert reporter.answers_in(draft_id) == before


# Forwards and back


def test_back_keeps_the_answer(reporter):
    draft_id = reporter.draft(harm="H2")
    shown = page_at(reporter, draft_id, "happened")
    back = next(one.get("href") for one in of_class(shown, "nhsuk-back-link"))
    assert back == f"/drafts/{draft_id}/affected"
    assert shown_fields(reporter.client.page(back))["harm"] == ["H2"]


def test_an_answer_that_no_longer_applies_is_dropped_and_said(reporter):
    draft_id = reporter.draft(**PATIENT)
    answer = post(reporter, draft_id, "about", about="tone")
    shown = reporter.client.page(answer.location)
    assert "You changed an answer, so we removed 1 answer that no longer applies." in shown.text()
    assert "detail" not in reporter.answers_in(draft_id)


def test_whoever_changes_one_answer_goes_straight_back_to_the_check(reporter):
    draft_id = reporter.draft()
    answer = reporter.client.submit(f"/drafts/{draft_id}/affected?back=check", {"harm": "H2"})
    assert answer.location == f"/drafts/{draft_id}/check"


def test_a_change_that_asks_more_leads_to_what_is_missing(reporter):
    draft_id = reporter.draft()
    answer = reporter.client.submit(f"/drafts/{draft_id}/affected?back=check", {"patient": "anyone"})
    assert answer.location == f"/drafts/{draft_id}/patient-how?back=check"


@pytest.mark.parametrize(
    ("slug", "code", "kept", "changed", "help_page"),
    [
        ("self-report", "risk-now", {}, {"risk_now": "yes"}, "risk-help"),
        (
            "concern",
            "detail",
            {"about": "crime", "detail": "crime.threat"},
            {"detail": "crime.child"},
            "stop-image",
        ),
        (
            "self-report",
            "detail",
            {"about": "victim", "detail": "victim.abuse"},
            {"detail": "victim.threat"},
            "stop-danger",
        ),
    ],
)
def test_a_change_that_calls_for_help_is_helped_before_the_check(
    reporter, slug, code, kept, changed, help_page
):
    draft_id = reporter.draft(slug, **kept)
    answer = reporter.client.submit(f"/drafts/{draft_id}/{code}?back=check", changed)
    assert answer.location == f"/drafts/{draft_id}/{help_page}?back=check"
    shown = reporter.client.page(answer.location)
    assert carry_on(shown) == f"/drafts/{draft_id}/check"
    assert f"/drafts/{draft_id}/saved" in links(shown)


def test_what_a_change_asks_for_is_asked_alone(reporter):
    """Whoever came from the check is led past nothing that they answered before."""
    draft_id = reporter.draft(**PATIENT)
    answer = reporter.client.submit(f"/drafts/{draft_id}/about?back=check", {"about": "crime"})
    assert answer.location == f"/drafts/{draft_id}/detail?back=check"
    answer = reporter.client.submit(answer.location, {"detail": "crime.threat"})
    assert answer.location == f"/drafts/{draft_id}/stop-danger?back=check"
    onwards = carry_on(reporter.client.page(answer.location))
    assert onwards == f"/drafts/{draft_id}/patient-how?back=check"
    answer = reporter.client.submit(onwards, {"patient_how": "patient.image"})
    assert answer.location == f"/drafts/{draft_id}/check"


@pytest.mark.parametrize(
    ("kept", "page", "message"),
    [
        (
            {**PATIENT, "realised_on": "2026-04-01"},
            "patient-more",
            "The date you realised must be the same as or after the date it was posted",
        ),
        (
            {"still_live": "no", "removed_on": "2026-04-01"},
            "seen",
            "The date it was taken down must be the same as or after the date it was posted",
        ),
    ],
)
def test_a_day_that_a_change_made_too_early_is_asked_for_again_and_kept(reporter, kept, page, message):
    draft_id = reporter.draft(**kept, posted_on="2026-04-01")
    answer = reporter.client.submit(
        f"/drafts/{draft_id}/where-when?back=check", as_fields("posted_on", "2026-04-02")
    )
    assert answer.location == f"/drafts/{draft_id}/{page}?back=check"
    assert message in reporter.check(draft_id).text()
    assert errors(Page.parse(reporter.send(draft_id).text)) == [message]
    assert "2026-04-01" in reporter.answers_in(draft_id).values()


# What stands around a question


def test_what_to_do_now_follows_from_the_answers(reporter):
    draft_id = reporter.draft(**PATIENT, still_live="yes")
    shown = page_at(reporter, draft_id, "happened")
    card = " ".join(texts(shown, "app-now"))
    assert "Protect the patient first" in card
    assert "note the address and time and take it down now" in card
    assert "#now" in links(shown)


def test_before_anything_is_known_there_is_nothing_to_do_now(reporter):
    assert not of_class(reporter.client.page("/report/self-report/risk-now"), "app-now")


def test_further_cards_stand_under_the_first(reporter):
    card = " ".join(texts(page_at(reporter, reporter.draft(**PATIENT, risk_now="yes"), "seen"), "app-now"))
    assert card.index("Get help now") < card.index("Also: Protect the patient first")


def test_a_concern_is_told_its_own_steps(reporter):
    card = " ".join(texts(page_at(reporter, reporter.draft("concern"), "seen"), "app-now"))
    assert "Keep what you saw" in card


@pytest.mark.parametrize(
    ("posted", "words", "version"),
    [
        ("2024-01-29", "What the guidance said on Monday 29 January 2024", "2013"),
        ("2024-01-30", "What the guidance said on Tuesday 30 January 2024", "2024"),
        ("2013-04-22", "What the guidance said on Monday 22 April 2013", "2013"),
    ],
)
def test_the_guidance_is_that_of_the_day_of_the_post(reporter, posted, words, version):
    shown = page_at(reporter, reporter.draft(**PATIENT, posted_on=posted), "seen")
    assert words in shown.text()
    assert f"/guidance/confidentiality-{version}" in links(shown)


def test_further_categories_add_their_guidance(reporter):
    shown = page_at(reporter, reporter.draft(about="victim", detail="victim.threat"), "where-when")
    assert any(one.startswith("/guidance/respect-") for one in links(shown))


def test_a_date_to_answer_by_is_soon_by_the_mdos_own_days(reporter, world):
    """Somebody with two workplaces is asked for none when they ask their MDO."""
    other = world.organisation(OrganisationType.GP_PRACTICE, name="Brackendale Surgery", cast=False)
    world.appoint(reporter.who, Role.MEMBER, at=other)
    shown = reporter.check(reporter.draft("advice", answer_by="2026-04-08"))
    assert "Phone your MDO" in " ".join(texts(shown, "app-now"))


def test_what_an_mdo_says_of_subscriptions_stands_beside_its_name(reporter, world):
    says = "It says that calling does not change your subscription (its website, 1 March 2026)."
    with world.app.app_context(), transaction() as session:
        session.get_one(Organisation, world.mdo_id).subscription_note = says
    assert says in page_at(reporter, reporter.draft(), "tell").text()


def test_nobody_without_a_workplace_here_is_asked_about_their_supervisor(reporter, world):
    other = world.organisation(OrganisationType.GP_PRACTICE, name="Brackendale Surgery", cast=False)
    world.appoint(reporter.who, Role.MEMBER, at=other)
    plain = reporter.answers_in(reporter.draft(tell="mdo"))
    shown = page_at(reporter, reporter.keep("self-report", plain | {"workplace": "none"}), "tell").text()
    assert "Your usual supervisor" not in shown
    assert "“”" not in shown


def test_before_there_was_guidance_the_page_says_so(reporter):
    shown = page_at(reporter, reporter.draft(posted_on="2013-04-21"), "seen")
    assert (
        "There was no GMC guidance just for social media then. The general standards applied." in shown.text()
    )


def test_before_a_date_is_given_the_guidance_of_today_is_shown(reporter):
    shown = page_at(reporter, reporter.draft(**PATIENT, posted_on=None), "where-when")
    assert "/guidance/confidentiality-2024" in links(shown)


def test_help_pages_lead_on_and_to_support(reporter):
    draft_id = reporter.draft(risk_now="yes")
    shown = page_at(reporter, draft_id, "risk-help")
    assert "01632 960 001" in shown.text()
    assert f"/drafts/{draft_id}/about" in links(shown)
    assert "/support" in links(shown)


def test_somebody_with_two_workplaces_is_given_both_numbers(reporter, world):
    other = world.organisation(OrganisationType.GP_PRACTICE, name="Brackendale Surgery", cast=False)
    world.appoint(reporter.who, Role.MEMBER, at=other)
    draft_id = reporter.keep("self-report", {"risk_now": "yes"})
    for code in ("risk-help", "about"):
        shown = page_at(reporter, draft_id, code).text()
        assert "Larkfield Hospitals’ on-call number: 01632 960 001." in shown
        assert "Ask Brackendale Surgery’s switchboard for whoever is on call." in shown


def test_somebody_whose_workplace_is_not_here_is_told_whom_to_ask(reporter, world):
    other = world.organisation(OrganisationType.GP_PRACTICE, name="Brackendale Surgery", cast=False)
    world.appoint(reporter.who, Role.MEMBER, at=other)
    plain = reporter.answers_in(reporter.draft(risk_now="yes", tell="mdo"))
    draft_id = reporter.keep("self-report", plain | {"workplace": "none"})
    urged = "Do not wait for us: call 999. At work, ask the switchboard for whoever is on call."
    assert urged in reporter.check(draft_id).text()


@pytest.mark.parametrize("slug", ["self-report", "advice"])
def test_nobody_is_asked_to_describe_a_picture_that_may_be_illegal(reporter, slug):
    draft_id = reporter.draft(slug, about="crime", detail="crime.child")
    shown = page_at(reporter, draft_id, "happened").text()
    assert "Say where and when you saw it. Do not describe the picture" in shown


def test_the_stop_page_leads_away(reporter):
    draft_id = reporter.draft(about="crime", detail="crime.child")
    shown = page_at(reporter, draft_id, "stop-image")
    assert "Do not save, copy or send the picture" in shown.text()
    assert f"/drafts/{draft_id}/where-when" in links(shown)
    assert "/" in links(shown)


def test_whoever_raises_a_concern_learns_how_far_they_were_bound(reporter):
    text = page_at(reporter, reporter.draft("concern", risk=["safety"]), "know").text()
    assert "The GMC expects doctors to act when patients may be at risk." in text


@pytest.mark.parametrize(
    ("slug", "code", "hidden"),
    [
        ("self-report", "where-when", ["platform_name"]),
        ("self-report", "seen", ["removed_on-day", "removed_time"]),
        ("self-report", "tell", ["mdo", "membership_number", "not_usual_supervisor"]),
        ("concern", "subject", ["find", "gmc_number", "subject_name"]),
    ],
)
def test_what_a_choice_reveals_is_there_without_scripts(reporter, slug, code, hidden):
    assert set(hidden) <= set(shown_fields(page_at(reporter, reporter.draft(slug), code)))


def test_questions_that_were_reworded_are_marked(reporter, app):
    draft_id = reporter.draft()
    installed = app.extensions["candour"]
    form = installed.forms[Kind.SELF_REPORT]
    pages = tuple(
        replace(
            page,
            questions=tuple(replace(one, since=2 if one.code == "harm" else 1) for one in page.questions),
        )
        for page in form.pages
    )
    forms = {**installed.forms, Kind.SELF_REPORT: replace(form, version=2, pages=pages)}
    app.extensions["candour"] = replace(installed, forms=forms)
    text = page_at(reporter, draft_id, "affected").text()
    assert "We have changed some questions since you started. Please check the ones marked New." in text
    assert "New: What effect has it had?" in text
    assert "New: Could anyone" not in text


# Whom it is about


def test_part_of_a_name_finds_people_of_the_workplace(reporter, world):
    stranger = world.organisation(OrganisationType.ACUTE_TRUST, name="Elsewhere Hospitals")
    lead = world.holder(Role.CLINICAL_LEAD)
    shown = refused(
        reporter,
        reporter.draft("concern"),
        "subject",
        subject="directory",
        find=lead.name[3:8],
        find_now="yes",
    )
    assert f"{lead.name}, Clinical lead" in texts(shown, "nhsuk-radios__label")
    assert not [one for one in world.cast if one.organisation_id == stranger and one.name in shown.text()]
    assert errors(shown) == []


def test_the_person_found_can_be_chosen(reporter, world):
    lead, draft_id = world.holder(Role.CLINICAL_LEAD), reporter.draft("concern")
    found = refused(reporter, draft_id, "subject", subject="directory", find=lead.name, find_now="yes")
    fields = {**shown_fields(found), "subject_person": [str(lead.person_id)]}
    reporter.client.post(f"/drafts/{draft_id}/subject", data=fields)
    assert reporter.answers_in(draft_id)["subject_person"] == str(lead.person_id)
    assert f"{lead.name}, Clinical lead" in reporter.check(draft_id).text()


def test_a_name_that_was_typed_is_looked_for_whichever_button_is_pressed(reporter, world):
    shown = refused(
        reporter,
        reporter.draft("concern"),
        "subject",
        subject="directory",
        find=world.holder(Role.CHAIR).name,
    )
    assert len(texts(shown, "nhsuk-radios--small")) == 1


def test_the_list_is_never_longer_than_it_may_be(reporter, world):
    for _ in range(LONGEST_LIST + 1):
        world.doctor()
    shown = refused(
        reporter, reporter.draft("concern"), "subject", subject="directory", find="Dr ", find_now="yes"
    )
    held = [one for one in shown.all("input") if one.get("name") == "subject_person"]
    assert len(held) == LONGEST_LIST
    assert "More people have that in their name." in shown.text()


def test_a_name_that_nobody_has_is_told_so(reporter):
    shown = refused(
        reporter, reporter.draft("concern"), "subject", subject="directory", find="Zzyzx", find_now="yes"
    )
    assert "Nobody in the list has “Zzyzx” in their name." in shown.text()


def test_a_search_takes_every_letter_as_it_is(reporter):
    draft_id = reporter.draft("concern")
    for typed in ("%", "_", "100%", "'; DROP TABLE person; --"):
        shown = refused(reporter, draft_id, "subject", subject="directory", find=typed, find_now="yes")
        assert "Nobody in the list has" in shown.text()


def test_find_without_a_name_asks_for_one(reporter):
    shown = refused(reporter, reporter.draft("concern"), "subject", subject="directory", find_now="yes")
    assert errors(shown) == ["Enter part of their name"]


def test_somebody_who_is_not_in_the_list_cannot_be_slipped_in(reporter, world):
    elsewhere = world.organisation(OrganisationType.ACUTE_TRUST, name="Elsewhere Hospitals")
    stranger = world.holder(Role.CLINICAL_LEAD, at=elsewhere)
    draft_id = reporter.draft("concern")
    fields = shown_fields(
        refused(reporter, draft_id, "subject", subject="directory", find="Dr", find_now="yes")
    )
    answer = reporter.client.post(
        f"/drafts/{draft_id}/subject", data={**fields, "subject_person": [str(stranger.person_id)]}
    )
    assert errors(Page.parse(answer.text)) == ["Select one of the options on this page"]


@pytest.mark.parametrize("answers", [{}, {**PATIENT, "risk_now": "yes"}])
def test_a_number_says_the_same_whether_or_not_it_is_somebodys(reporter, world, app, answers):
    known = world.doctor()
    with app.app_context():
        number = reader().get_one(Membership, known.membership_id).gmc_number
    pages = []
    for gmc_number in (number, "7999999"):
        draft_id = reporter.draft("concern", subject="gmc_number", gmc_number=gmc_number, **answers)
        shown = page_at(reporter, draft_id, "subject").text() + reporter.check(draft_id).text()
        pages.append(shown.replace(gmc_number, "NUMBER"))
    assert pages[0] == pages[1]


def test_whoever_names_themselves_is_asked_but_not_stopped(reporter, app):
    with app.app_context():
        me = reader().get_one(Person, reporter.who.person_id)
        number = str(reader().get_one(Membership, reporter.who.membership_id).gmc_number)
    named: list[dict[str, Any]] = [
        {"subject": "directory", "subject_person": str(me.id)},
        {"subject": "gmc_number", "gmc_number": number},
        {"subject": "not_sure", "subject_name": me.name.upper().replace("DR ", "")},
    ]
    for answers in named:
        draft_id = reporter.draft("concern", **answers)
        for code in ("subject", "where-when", "check"):
            assert "This looks like you." in page_at(reporter, draft_id, code).text()


def test_whoever_names_somebody_else_is_not_asked(reporter):
    assert "This looks like you." not in page_at(reporter, reporter.draft("concern"), "subject").text()


# Who is told


def test_the_page_names_the_role_that_would_have_it(reporter):
    assert "Clinical lead at Larkfield Hospitals" in page_at(reporter, reporter.draft(), "tell").text()


def test_whoever_holds_the_role_is_told_where_it_goes_instead(client, world):
    director = world.holder(Role.MEDICAL_DIRECTOR)
    reporter = Reporter(client, world, director)
    draft_id = reporter.draft(not_usual_supervisor=["yes"])
    words = "You hold this role yourself, so your report will go to the chief executive instead."
    assert words in page_at(reporter, draft_id, "tell").text()
    assert words in reporter.check(draft_id).text()


@pytest.fixture
def run_by_the_hospital(app, world, reporter):
    """An installation that an employer runs."""
    installed = app.extensions["candour"]
    settings = replace(installed.settings, operator="LARK", operator_name="Larkfield Hospitals")
    app.extensions["candour"] = replace(installed, settings=settings)
    return reporter


def test_an_employers_server_keeps_nothing_for_an_mdo(run_by_the_hospital):
    reporter = run_by_the_hospital
    assert reporter.client.get("/report/advice").location == "/mdo-phone"
    assert reporter.client.get("/report/advice/mdo").location == "/mdo-phone"


@pytest.mark.parametrize("choice", ["mdo", "both"])
def test_on_an_employers_server_choosing_an_mdo_leads_to_the_phone(run_by_the_hospital, choice):
    reporter = run_by_the_hospital
    draft_id = reporter.draft()
    before = reporter.answers_in(draft_id)
    assert post(reporter, draft_id, "tell", tell=choice).location == "/mdo-phone"
    assert reporter.answers_in(draft_id) == before


def test_an_employers_server_does_not_ask_who_the_mdo_is_nor_claims_to_be_independent(run_by_the_hospital):
    reporter = run_by_the_hospital
    shown = page_at(reporter, reporter.draft(), "tell")
    assert "mdo" not in shown_fields(shown)
    assert "membership_number" not in shown_fields(shown)
    assert "which is not your employer" not in shown.text()


def test_an_adviser_has_no_workplace_to_raise_a_concern_with(client, world):
    Reporter(client, world, world.holder(Role.ADVISER, at=world.mdo_id))
    assert "There is nobody here to send it to" in client.page("/report/concern/risk-now").text()


# After the session has ended


def test_whoever_was_signed_out_keeps_what_they_typed_and_comes_back(reporter, clock):
    draft_id = reporter.draft()
    address = f"/drafts/{draft_id}/happened?back=check"
    fields = shown_fields(reporter.client.page(address)) | {"happened": ["Typed <b>all</b> morning."]}
    clock.move_to(clock() + timedelta(days=2))
    answer = reporter.client.post(address, data=fields)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    shown = Page.parse(answer.text)
    assert "Typed <b>all</b> morning." in [text_of(one).strip() for one in shown.all("textarea")]
    way_in = next(one for one in links(shown) if "next=" in one)
    assert "Sign in to go on to the page you asked for." in reporter.client.page(way_in).text()
    back = reporter.client.submit(way_in, {"email": reporter.who.email, "password": PASSWORD})
    assert back.location == address
    assert reporter.answers_in(draft_id)["happened"] != "Typed <b>all</b> morning."


def test_whoever_lost_their_cookie_keeps_what_they_typed(reporter, another_client):
    address = f"/drafts/{reporter.draft()}/happened"
    fields = shown_fields(reporter.client.page(address)) | {"happened": ["Typed all morning."]}
    answer = another_client().post(address, data=fields)
    assert "Typed all morning." in answer.text
    sent = reporter.sent(reporter.draft())
    message = next(one for one in links(sent) if one.startswith("/reports/C-")) + "/message"
    fields = shown_fields(reporter.client.page(message)) | {"text": ["One more thing."]}
    assert "One more thing." in another_client().post(message, data=fields).text
