"""Checking and sending: what is said beforehand, what each room is given, and that it happens once."""

import json
import threading
from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from sqlalchemy import func, select, update

from app.database import Base, reader, transaction
from app.domain.vocabulary import Kind, Lane, OrganisationType, PatientData, Post, Role, Severity
from app.encryption.keys import Context, open_sealed
from app.keychain import case_key
from app.models.case import Case, Report
from app.models.deadline import Deadline
from app.models.draft import Draft
from app.models.person import Membership, Person
from app.queries.people import numbers_accepted
from app.services import casework, disclosure
from app.services.previewing import foresee
from tests.infrastructure.markup import Page, text_of
from tests.integration.reporter import (
    Reporter,
    draft_of,
    errors,
    links,
    shown_fields,
    texts,
    version_on,
)
from tests.unit.filling import FORMS

PATIENT = {"about": "patient", "detail": "patient.image", "patient": "anyone"}
SPEECH = {
    "about": "person",
    "detail": "person.employer",
    "patient": "anyone",
    "patient_how": "patient.app",
}
BEFORE_EASTER = datetime(2026, 4, 2, 17, 40, tzinfo=UTC)


@pytest.fixture
def reporter(client, world):
    """A doctor who is signed in."""
    return Reporter(client, world, world.doctor())


def cases(world):
    with world.app.app_context():
        return list(reader().scalars(select(Case).order_by(Case.kind.desc())))


def written(world, case):
    """What a case holds of the report, opened."""
    with world.app.app_context():
        session = reader()
        key = case_key(session, case.id, organisation_id=case.organisation_id)
        context = Context(
            owner=case.organisation_id.hex,
            case=case.id.hex,
            table="report",
            column="answers",
            row=case.id.hex,
        )
        return open_sealed(key, session.get_one(Report, case.id).answers_sealed, context=context)


def answers(world, case):
    return {one["question"]: one for one in json.loads(written(world, case))["answers"]}


# From the start to the confirmation


@pytest.mark.parametrize(
    ("slug", "kind", "heading", "button"),
    [
        ("self-report", Kind.SELF_REPORT, "Your report has been sent", "Send my report"),
        ("concern", Kind.CONCERN, "Your concern has been sent", "Send my concern"),
        ("advice", Kind.ADVICE, "Your MDO has your question", "Send to my MDO"),
    ],
)
def test_each_form_leads_from_its_start_to_a_case(reporter, world, slug, kind, heading, button):
    draft_id = draft_of(reporter.fill(slug))
    assert button in texts(reporter.check(draft_id), "nhsuk-button")
    confirmation = reporter.sent(draft_id)
    (case,) = cases(world)
    assert case.kind is kind
    assert heading in confirmation.text()
    assert text_of(next(confirmation.all("title"))).strip().startswith(f"{heading} - {FORMS[kind].name}")
    assert case.reference in confirmation.text()


def test_the_confirmation_says_who_has_it_by_role_and_when_to_expect_news(reporter, world):
    shown = reporter.sent(reporter.draft())
    assert "Clinical lead, Larkfield Hospitals" in shown.text()
    assert "Thursday 9 April 2026 at 5pm" in shown.text()
    owner = next(one for one in world.cast if one.membership_id == cases(world)[0].owner_membership_id)
    assert owner.name not in shown.text()


def test_the_confirmation_repeats_what_to_do_now(reporter):
    card = " ".join(texts(reporter.sent(reporter.draft(**PATIENT)), "app-now"))
    assert "Protect the patient first" in card


@pytest.mark.parametrize(
    ("slug", "changes"),
    [
        ("self-report", {"about": "group", "detail": "group.one_person"}),
        ("self-report", {"about": "patient", "detail": "patient.live", "patient": "anyone"}),
        ("self-report", {"harm": "H4", "still_live": "yes"}),
        ("self-report", {**PATIENT, "still_live": "yes", "tell": "mdo"}),
        ("self-report", {**PATIENT, "risk_now": "yes", "tell": "both"}),
        ("concern", {"about": "victim", "detail": "victim.threat"}),
        ("advice", {"contacts": ["gmc"]}),
        ("advice", {"role": "colleague", "about": "group", "detail": "group.wrote"}),
    ],
)
def test_what_to_do_now_is_the_same_before_and_after_sending(reporter, slug, changes):
    draft_id = reporter.draft(slug, **changes)
    before = texts(reporter.check(draft_id), "app-now")
    assert before
    assert texts(reporter.sent(draft_id), "app-now") == before


def test_the_confirmation_asks_how_to_hear_of_news(reporter, world):
    draft_id = reporter.draft()
    reporter.sent(draft_id)
    reporter.client.submit(f"/drafts/{draft_id}/sent", {"wish": "address", "address": "me@example.net"})
    assert cases(world)[0].contact_sealed is not None


def test_the_confirmation_is_there_for_its_reporter_alone(reporter, world, another_client):
    draft_id = reporter.draft()
    reporter.sent(draft_id)
    stranger = Reporter(another_client(), world, world.doctor())
    assert stranger.client.get(f"/drafts/{draft_id}/sent").status_code == HTTPStatus.NOT_FOUND
    assert stranger.client.get(f"/drafts/{draft_id}/check").status_code == HTTPStatus.NOT_FOUND
    owner = next(one for one in world.cast if one.membership_id == cases(world)[0].owner_membership_id)
    handler = Reporter(another_client(), world, owner)
    assert handler.client.get(f"/drafts/{draft_id}/sent").status_code == HTTPStatus.NOT_FOUND


def test_a_draft_that_was_sent_is_a_draft_no_more(reporter, world):
    draft_id = reporter.draft()
    reporter.sent(draft_id)
    with world.app.app_context():
        assert reader().scalar(select(func.count()).select_from(Draft)) == 0
    assert reporter.client.get(f"/drafts/{draft_id}/seen").status_code == HTTPStatus.NOT_FOUND


def test_answers_are_stored_with_the_words_and_the_version_that_were_asked(reporter, world):
    reporter.sent(reporter.draft("concern"))
    kept = answers(world, cases(world)[0])["about"]
    assert kept == {
        "question": "about",
        "page": "about",
        "version": 1,
        "wording": "What is it mainly about?",
        "value": "tone",
        "words": "Their tone, a joke or an opinion",
        "lane": Lane.EMPLOYER,
    }


def test_a_self_report_to_the_mdo_leads_on_to_what_helps_the_adviser(reporter):
    shown = reporter.sent(reporter.draft(tell="mdo"))
    assert "Help your adviser (2 minutes)" in shown.text()
    address = next(one for one in links(shown) if one.endswith("/add"))
    assert "Is there a date you must answer by?" in reporter.client.page(address).text()
    assert "Help your adviser" not in reporter.sent(reporter.draft()).text()
    assert "Help your adviser" not in reporter.sent(reporter.draft("advice")).text()


def test_whoever_was_in_the_group_may_tell_of_their_own_part(reporter):
    shown = reporter.sent(reporter.draft("concern", know="in_group"))
    begun = next(one for one in links(shown) if "begun=group" in one)
    onwards = reporter.client.submit(begun, {"risk_now": "no"}).location
    own = reporter.answers_in(draft_of(onwards))
    assert own == {"risk_now": "no", "about": "group", "detail": "group.present"}
    assert "begun=group" not in str(links(reporter.sent(reporter.draft("concern", know="told"))))


# Once


def test_sending_twice_makes_one_case_with_the_same_reference(reporter, world):
    draft_id = reporter.draft()
    fields = shown_fields(reporter.check(draft_id))
    first, second = (reporter.client.post(f"/drafts/{draft_id}/check", data=fields) for _ in range(2))
    assert first.location == second.location
    assert len(cases(world)) == 1
    assert cases(world)[0].reference in reporter.client.page(second.location).text()


def test_going_back_to_the_check_after_sending_leads_to_the_confirmation(reporter):
    draft_id = reporter.draft()
    reporter.sent(draft_id)
    assert reporter.client.get(f"/drafts/{draft_id}/check").location == f"/drafts/{draft_id}/sent"


def test_many_windows_at_once_make_one_case_in_each_room(reporter, world, another_client):
    draft_id = reporter.draft(tell="both")
    windows = [Reporter(another_client(), world, reporter.who) for _ in range(4)]
    fields = [shown_fields(one.check(draft_id)) for one in windows]
    ready, codes = threading.Barrier(4), []

    def send(window, data):
        plain = window.client
        plain.open = lambda *args, **kwargs: super(type(plain), plain).open(*args, **kwargs)
        ready.wait()
        codes.append(plain.post(f"/drafts/{draft_id}/check", data=data).status_code)

    threads = [threading.Thread(target=send, args=pair) for pair in zip(windows, fields, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [HTTPStatus.SEE_OTHER] * 4
    assert sorted(case.kind for case in cases(world)) == [Kind.ADVICE, Kind.SELF_REPORT]


# Not yet


def test_what_is_missing_is_listed_and_stops_sending(reporter, world):
    draft_id = reporter.draft(harm=None, happened=None)
    shown = reporter.check(draft_id)
    assert "Some answers are missing" in shown.text()
    assert "Send my report" in texts(shown, "nhsuk-button")
    answer = reporter.send(draft_id)
    assert errors(Page.parse(answer.text)) == [
        "Select what effect it has had",
        "Tell us what happened, in a few words",
    ]
    assert f"/drafts/{draft_id}/affected?back=check#harm" in links(Page.parse(answer.text))
    assert cases(world) == []


def test_what_was_changed_in_another_window_is_shown_before_it_is_sent(reporter, world):
    draft_id = reporter.draft()
    old = shown_fields(reporter.check(draft_id))
    reporter.turn(f"/drafts/{draft_id}/happened", happened="Something else entirely.")
    answer = reporter.client.post(f"/drafts/{draft_id}/check", data=old)
    shown = Page.parse(answer.text)
    assert errors(shown) == ["You changed this report in another window. Check it again before you send it"]
    assert "Something else entirely." in shown.text()
    assert cases(world) == []


def test_sending_without_the_token_sends_nothing(reporter, world):
    draft_id = reporter.draft()
    version = version_on(reporter.check(draft_id))
    assert reporter.client.post(f"/drafts/{draft_id}/check", data={"version": version}).status_code == 400
    assert cases(world) == []


def test_hidden_fields_change_nothing_that_is_sent(reporter, world):
    draft_id = reporter.draft()
    forged = {
        "severity": "LOW",
        "tell": "mdo",
        "category": "OTH",
        "workplace": str(world.mdo_id),
        "happened": "Forged",
        "kind": "advice",
    }
    fields = {**shown_fields(reporter.check(draft_id)), **forged}
    assert reporter.client.post(f"/drafts/{draft_id}/check", data=fields).status_code == HTTPStatus.SEE_OTHER
    (case,) = cases(world)
    assert (case.kind, case.organisation_id) == (Kind.SELF_REPORT, world.hospital_id)
    assert "Forged" not in written(world, case)


def test_where_nobody_can_take_it_the_draft_stays_and_the_phone_is_named(reporter, world):
    draft_id = reporter.draft()
    fields = shown_fields(reporter.check(draft_id))
    with world.app.app_context(), transaction() as session:
        session.execute(
            update(Membership)
            .where(Membership.role != Role.MEMBER)
            .values(ends_on=datetime(2026, 4, 1).date())
        )
    answer = reporter.client.post(f"/drafts/{draft_id}/check", data=fields)
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    shown = Page.parse(answer.text).text()
    assert "We cannot send this yet" in shown
    assert "01632 960 001" in shown
    assert cases(world) == []
    assert reporter.answers_in(draft_id)["happened"]


# Two rooms


def test_both_rooms_are_shown_and_told_apart(reporter, world):
    draft_id = reporter.draft(tell="both", membership_number="HM-40417")
    check = reporter.check(draft_id).text()
    assert check.index("Larkfield Hospitals’ people will see") < check.index("Your MDO will see")
    assert "member HM-40417" in check
    assert "Send both" in check
    confirmation = reporter.sent(draft_id).text()
    belong = "Nobody at Larkfield Hospitals or your MDO can see here that these belong together."
    assert confirmation.count(belong) == 2
    assert all(case.reference in confirmation for case in cases(world))


def test_each_part_lists_only_what_that_room_will_read(reporter):
    draft_id = reporter.draft(tell="both", done=["told_mdo"], not_usual_supervisor=["yes"])
    employers, mdos = reporter.check(draft_id).text().split("Your MDO will see")
    assert "Spoken to my MDO" not in employers
    assert "Spoken to my MDO" in mdos
    assert "Do not send this to my usual supervisor" in employers
    assert "Your usual supervisor" not in mdos


@pytest.mark.parametrize("tell", ["supervisor", "both"])
def test_the_employers_copy_holds_nothing_of_the_mdo(reporter, world, tell):
    reporter.sent(reporter.draft(tell=tell, membership_number="HM-40417", done=["kept_copy", "told_mdo"]))
    employers = cases(world)[0]
    assert employers.kind is Kind.SELF_REPORT
    text_of_it = written(world, employers)
    for trace in ("HM-40417", str(world.mdo_id), "Harbour", "told_mdo", "MDO"):
        assert trace not in text_of_it
    assert not {"tell", "mdo", "membership_number"} & answers(world, employers).keys()


def test_what_the_employer_is_given_is_the_same_whoever_else_is_told(reporter, world):
    reporter.sent(reporter.draft(tell="supervisor"))
    (alone,) = cases(world)
    reporter.sent(reporter.draft(tell="both", membership_number="HM-40417"))
    beside = next(one for one in cases(world) if one.kind is Kind.SELF_REPORT and one.id != alone.id)
    assert json.loads(written(world, alone)) == json.loads(written(world, beside))


def test_the_mdo_alone_starts_no_clock_at_work(reporter, world):
    draft_id = reporter.draft(**PATIENT, tell="mdo")
    shown = reporter.check(draft_id).text()
    assert "This does not tell your employer." in shown
    assert (
        "Your employer may need to know soon. We will remind you on Wednesday 8 April 2026 at 9am." in shown
    )
    assert "Asking does not start the 72 hours or any other clock at work." in shown
    reporter.sent(draft_id)
    assert [case.kind for case in cases(world)] == [Kind.ADVICE]


def test_pages_about_advice_are_in_the_colour_of_that_room(reporter):
    assert "You and your MDO" in reporter.check(reporter.draft("advice")).text()


# What is said beforehand


def test_a_day_that_is_not_known_is_one_line(reporter):
    shown = reporter.check(reporter.draft("concern", posted_on=None, date_unknown=["yes"])).text()
    assert "When was it posted or sent? I do not know Change" in shown
    assert "If you do not know the date" not in shown


def test_what_only_the_mdo_is_sent_says_so(reporter):
    assert "Your MDO will see" in reporter.check(reporter.draft(tell="mdo")).text()


def test_every_answer_can_be_changed_from_the_check(reporter):
    draft_id = reporter.draft()
    shown = reporter.check(draft_id)
    assert f"/drafts/{draft_id}/about?back=check" in links(shown)
    assert "We have filed this under Tone" in shown.text()
    assert "You are signed in as" in shown.text()
    assert "Web address or account name (optional) Not answered Add" in shown.text()


def test_dates_are_worked_out_as_if_it_were_sent_now(reporter, clock):
    clock.move_to(BEFORE_EASTER)
    shown = reporter.check(reporter.draft()).text()
    assert "Nobody will open this before Tuesday 7 April 2026 at 9am." in shown
    assert "they are right if you send it now" in shown
    assert "Wednesday 8 April 20265pm, within 2 working days" in shown


def test_what_is_foreseen_is_what_happens(world, clock):
    clock.move_to(BEFORE_EASTER)
    who = world.doctor()
    report = world.report(category="CONF-IMG", patient_data=PatientData.YES)
    with world.app.app_context():
        seen = foresee(report, act=world.act(who))
    sent = world.send(report, by=who)
    with world.app.app_context():
        own = select(Deadline.clock, Deadline.due_at).where(
            Deadline.case_id == sent.case_id, Deadline.rung == 0
        )
        assert {code: one.due_at for code, one in seen.promises.items()} == dict(reader().execute(own).all())
    assert seen.role is sent.owner_role


def test_looking_at_the_check_writes_nothing(reporter, world):
    draft_id = reporter.draft(tell="both")
    before = counted(world)
    reporter.check(draft_id)
    assert counted(world) == before


def counted(world):
    with world.app.app_context():
        return {
            table.name: reader().scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }


def test_somebody_at_risk_is_told_not_to_wait(reporter):
    shown = reporter.check(reporter.draft(risk_now="yes")).text()
    assert "Do not wait for us: 01632 960 001, or 999." in shown
    assert "Someone on call will be told now." in shown
    assert "The executive on call at Larkfield Hospitals will have it." in shown
    assert "1pm, within 4 hours A person will confirm" in shown.replace("hoursA", "hours A")
    assert "You cannot withdraw this after sending, because a patient may be at risk." in shown


def test_whom_a_risk_was_told_to_is_said_as_it_was(reporter):
    said = "Someone on call was told."
    assert said in own_page(reporter, reporter.draft(risk_now="yes"))
    unknown = own_page(reporter, reporter.draft("concern", risk_now="yes"))
    assert said not in unknown
    assert "The speaking-up guardian was told that somebody may be at risk." in unknown
    to_the_mdo = own_page(reporter, reporter.draft(risk_now="yes", tell="mdo"))
    assert said not in to_the_mdo
    assert "was told that somebody may be at risk" not in to_the_mdo


def own_page(reporter, draft_id):
    """The page of a report that is sent now."""
    address = next(one for one in links(reporter.sent(draft_id)) if one.startswith("/reports/C-"))
    return reporter.client.page(address.removesuffix("/add")).text()


@pytest.mark.parametrize(("slug", "changes"), [("self-report", {"tell": "mdo"}), ("advice", {})])
def test_an_mdos_part_says_when_a_human_will_read_it(reporter, clock, slug, changes):
    clock.move_to(BEFORE_EASTER)
    shown = reporter.check(reporter.draft(slug, **changes)).text()
    assert "Nobody will open this before Tuesday 7 April 2026 at 9am." in shown


def test_both_parts_say_when_a_human_will_read_them(reporter, clock):
    clock.move_to(BEFORE_EASTER)
    shown = reporter.check(reporter.draft(tell="both")).text()
    assert shown.count("Nobody will open this before Tuesday 7 April 2026 at 9am.") == 2


@pytest.mark.parametrize(
    ("changes", "is_promised", "is_weighed"),
    [
        ({**PATIENT, "still_live": "yes"}, True, False),
        ({**PATIENT, "still_live": "no"}, False, False),
        ({**SPEECH, "still_live": "unknown"}, False, True),
        ({**SPEECH, "still_live": "no"}, False, False),
    ],
)
def test_taking_down_is_promised_alike_before_and_after_sending(reporter, changes, is_promised, is_weighed):
    draft_id = reporter.draft(**changes)
    before = reporter.check(draft_id).text()
    assert ("They will also check by then that it is noted and taken down" in before) is is_promised
    assert ("Nobody will ask for it to be taken down before" in before) is is_weighed
    confirmed = reporter.sent(draft_id)
    address = next(one for one in links(confirmed) if one.startswith("/reports/C-"))
    for after in (confirmed, reporter.client.page(address)):
        assert ("It is checked that it was noted and taken down" in after.text()) is is_promised


def test_patient_information_starts_the_organisations_72_hours(reporter, clock):
    clock.move_to(BEFORE_EASTER)
    shown = reporter.check(reporter.draft(**PATIENT, still_live="yes")).text()
    assert "From then it has 72 hours, until Sunday 5 April 2026 at 6:40pm, to decide" in shown
    assert "The data protection officer is told at once." in shown
    assert "They will also check by then that it is noted and taken down" in shown


def test_an_owner_of_a_practice_reads_when_their_own_hours_end(reporter):
    shown = reporter.check(reporter.draft(**PATIENT, holder="own", realised_on="2026-04-06")).text()
    assert (
        "Your practice’s 72 hours may already be running. "
        "They end on Thursday 9 April 2026 at 12am (start of the day)." in shown
    )


def test_information_of_somebody_else_is_passed_on(reporter):
    shown = reporter.check(reporter.draft(**PATIENT, holder="other_org", holder_name="Brackendale")).text()
    assert "Larkfield Hospitals will be told that the information belongs to someone else" in shown


def test_nobody_is_named_before_sending(reporter, world):
    text_of_it = reporter.check(reporter.draft(**PATIENT)).text()
    assert not [
        one for one in world.cast if one.name in text_of_it and one.person_id != reporter.who.person_id
    ]


def test_what_may_be_shown_to_a_court_stands_above_the_button(reporter):
    shown = reporter.check(reporter.draft()).text()
    assert shown.index("What you write may later have to be shown to the GMC") < shown.index("Send my report")


# Whose case it becomes


def test_a_concern_about_the_lead_never_reaches_them(reporter, world):
    lead = world.holder(Role.CLINICAL_LEAD)
    reporter.sent(reporter.draft("concern", subject="directory", subject_person=str(lead.person_id)))
    assert cases(world)[0].owner_membership_id != lead.membership_id


def test_a_concern_about_nobody_known_goes_to_the_guardian(reporter, world):
    reporter.sent(reporter.draft("concern"))
    assert (cases(world)[0].owner_role, cases(world)[0].is_subject_unresolved) == (Role.GUARDIAN, True)


def test_the_usual_supervisor_can_be_passed_over_without_a_reason(client, world):
    reporter = Reporter(client, world, world.doctor(post=Post.RESIDENT_DOCTOR))
    reporter.sent(reporter.draft(not_usual_supervisor=["yes"]))
    assert cases(world)[0].owner_role is Role.TRAINING_PROGRAMME_DIRECTOR


def test_a_risk_today_makes_it_critical(reporter, world):
    reporter.sent(reporter.draft(risk_now="yes"))
    assert (cases(world)[0].severity, cases(world)[0].is_risk_now) == (Severity.CRITICAL, True)


def test_an_adviser_who_also_works_at_a_hospital_reports_there(client, world):
    reporter = Reporter(client, world, world.holder(Role.ADVISER, at=world.mdo_id))
    world.appoint(reporter.who, Role.MEMBER, at=world.hospital_id)
    reporter.sent(reporter.draft())
    assert cases(world)[0].organisation_id == world.hospital_id


def handled(world, case):
    """The owner looks at the case, confirms that they have it, and writes to the reporter."""
    owner = next(one for one in world.cast if one.membership_id == case.owner_membership_id)
    with world.app.app_context():
        opened = disclosure.open_case(case.reference, act=world.act(owner)).file
        casework.acknowledge(case.id, opened.version, text="Thank you.", act=world.act(owner))
        casework.message(case.id, opened.version + 1, text="Thank you.", act=world.act(owner))
    return owner.role


def by_number(world):
    """Answers that name the same number but for whose it is: a doctor's here, and nobody's."""
    with world.app.app_context():
        (number,) = numbers_accepted(world.doctor().person_id)
    return [({"subject": "gmc_number", "gmc_number": one}, str(one)) for one in (number, "7999999")]


def by_name(world):
    """Answers that keep people away: who would have had it, and nobody who works here."""
    guardians = " and ".join(one.name for one in world.cast if one.role is Role.GUARDIAN)
    return [({"keep_away": one}, one) for one in (guardians, "Nobody Anywhere")]


@pytest.mark.parametrize("named", [by_number, by_name])
def test_afterwards_too_a_name_or_number_says_the_same_whether_or_not_it_is_somebodys(
    world, another_client, named
):
    pages, roles = [], set()
    for answers_given, given in named(world):
        reporter = Reporter(another_client(), world, world.doctor())
        draft_id = reporter.draft("concern", **answers_given)
        before = {one.id for one in cases(world)}
        shown = reporter.sent(draft_id).text()
        (case,) = [one for one in cases(world) if one.id not in before]
        roles.add(handled(world, case))
        for address in ("/reports", f"/reports/{case.reference}", f"/reports/{case.reference}/message"):
            shown += reporter.client.page(address).text()
        for own in (given, case.reference, reporter.who.name):
            shown = shown.replace(own, "-")
        pages.append(shown)
    assert len(roles) == 2
    assert pages[0] == pages[1]
    assert "Somebody in charge who is no part of it confirmed they have it." in pages[0]


def test_who_keeps_many_away_hears_that_somebody_from_outside_checks(world, reporter):
    draft_id = reporter.draft("concern", keep_away="Ann One, Bo Two, Cy Three, Di Four")
    shown = reporter.sent(draft_id).text()
    assert "Someone from outside Larkfield Hospitals will check who can work on this." in shown
    assert "Outside reviewer" not in shown


def test_what_is_said_before_sending_is_the_same_whether_or_not_a_name_to_keep_away_is_found(reporter, world):
    lead = world.holder(Role.CLINICAL_LEAD)
    with world.app.app_context():
        name = reader().get_one(Person, lead.person_id).name
    about = {"subject": "directory", "subject_person": str(world.doctor().person_id)}
    shown = [
        reporter.check(reporter.draft("concern", keep_away=one, **about)).text().replace(one, "")
        for one in (name, "Nobody Anywhere")
    ]
    assert "Somebody in charge who is no part of it" in shown[0]
    assert shown[0] == shown[1]


def test_four_names_to_keep_away_are_told_to_go_to_somebody_from_outside(reporter, world):
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    world.lend(Role.OUTSIDE_REVIEWER, world.employ(Role.OUTSIDE_REVIEWER, at=body))
    draft_id = reporter.draft("concern", keep_away="Ann One, Bo Two, Cy Three, Di Four")
    told = "Someone from outside Larkfield Hospitals will check who can work on this."
    assert f"Thank you. {told}" in reporter.check(draft_id).text()
    assert told in reporter.sent(draft_id).text()


def test_who_works_with_the_person_reads_by_when_there_is_a_safety_plan(reporter):
    with_them = reporter.check(reporter.draft("concern", works_together="yes")).text()
    assert "Someone will make a safety plan with you by then." in with_them
    assert "safety plan" not in reporter.check(reporter.draft("concern", works_together="no")).text()
