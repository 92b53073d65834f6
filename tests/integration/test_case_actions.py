"""Every act has a page that does it, says what is wrong beside the field, and refuses what is stale."""

import re
from datetime import date

import pytest

from app.database import reader
from app.domain.report import Answered
from app.domain.vocabulary import Duty, Identifiability, Lane, OrganisationType, PatientData, Role, Severity
from app.models.person import Person
from app.services import casework
from tests.integration.handling import (
    bare,
    count_of,
    entries,
    fill,
    signed_in,
    tags,
    text_at,
    text_of_answer,
)

LONG = "x" * 1_000_000
ODD = "a\x00b"


def patient_case(world, **facts):
    return world.self_report(
        category="CONF-ID", patient_data=PatientData.YES, identifiability=Identifiability.I3, **facts
    )


def at(sent, page=""):
    return f"/cases/{sent.reference}/{page}".rstrip("/")


def owned(client, world, sent):
    return signed_in(client, world.owner(sent))


def triaged(world, sent):
    world.triage(sent)
    return sent


TRIAGE = {
    "conflict": "none",
    "severity": "LOW",
    "repeat": "no",
    "measures": "none",
    "route": "keep",
}


# Happy paths


def test_acknowledging_sends_the_ready_made_words(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    shown = text_at(client, at(sent, "acknowledge"))
    assert "You will hear from me by Wednesday 6 May 2026." in shown
    assert "The reporter will see: “The clinical lead has your report.”" in shown
    text = text_of_answer(fill(client, at(sent, "acknowledge"), {}))
    assert "The reporter knows that you have it." in text
    assert "Thank you. I have read your report and will look into it." in text
    assert "case:report:acknowledged" in tags(world, sent)


def test_triage_moves_the_case_on(client, world):
    sent = world.self_report(category="TRU-TONE")
    owned(client, world, sent)
    assert "Suggested: Low, because this category starts there" in text_at(client, at(sent, "triage"))
    text = text_of_answer(fill(client, at(sent, "triage"), TRIAGE | {"category": "TRU-OPINION"}))
    assert "In review" in text
    case = world.case(sent)
    assert (case.state, case.category, case.interim_measures) == ("in_review", "TRU-OPINION", "none")


def test_triage_of_a_concern_decides_the_duty(client, world):
    sent = world.concern(about=world.doctor())
    owned(client, world, sent)
    decided = {key: value for key, value in TRIAGE.items() if key != "repeat"}
    answers = decided | {"severity": "MEDIUM", "duty": "SHOULD_ACT", "duty_reason": "They were asked to."}
    fill(client, at(sent, "triage"), answers)
    assert world.case(sent).duty is Duty.SHOULD_ACT


@pytest.mark.parametrize("route", ["refer", "escalate"])
def test_triage_leads_on_to_where_the_case_should_go(client, world, route):
    sent = world.self_report()
    owned(client, world, sent)
    answer = client.submit(at(sent, "triage"), TRIAGE | {"route": route})
    assert answer.location == at(sent, route)


def test_a_link_leads_from_triage_to_stepping_back_and_saves_nothing(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    answer = client.submit(at(sent, "triage"), {"conflict": "conflict"})
    assert answer.location == at(sent, "recuse")
    assert world.case(sent).triaged_at is None


def test_asking_pauses_the_review(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    text = text_of_answer(fill(client, at(sent, "request-information"), {"question": "Which town was it?"}))
    assert "Waiting for the reporter, paused" in text
    assert "Which town was it?" in text


def test_a_message_and_a_note_stand_on_the_page(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    fill(client, at(sent, "message"), {"text": "We are looking at it."})
    text = text_of_answer(fill(client, at(sent, "note"), {"text": "Ask the ward."}))
    assert "We are looking at it." in text
    assert "Private note by you. Handlers only." in text


def test_referring_to_a_role_hands_the_case_over(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    fill(client, at(sent, "refer"), {"to": "role:medical_director", "reason": "expertise"})
    assert world.case(sent).owner_role is Role.MEDICAL_DIRECTOR
    assert client.get(at(sent)).status_code == 404


def test_referring_to_a_person_hands_the_case_to_them(client, world):
    sent = world.self_report()
    director = world.holder(Role.MEDICAL_DIRECTOR)
    owned(client, world, sent)
    answers = {"to": f"person:{director.membership_id.hex}", "reason": "other", "text": "She asked for it."}
    fill(client, at(sent, "refer"), answers)
    assert world.owner(sent) == director


def test_the_list_of_people_names_every_holder_and_no_workload(client, world):
    subject = world.holder(Role.CLINICAL_LEAD)
    sent = world.concern(about=subject)
    owned(client, world, sent)
    html = client.get(at(sent, "refer")).text
    assert f">{subject.name}</option>" in html
    assert not re.search(r"<option[^>]*>[^<]*\d", html)


def test_somebody_who_cannot_take_it_is_not_available_whatever_the_cause(client, world):
    subject = world.holder(Role.CLINICAL_LEAD)
    sent = world.concern(about=subject)
    owned(client, world, sent)
    itself = world.owner(sent)
    for who in (subject, itself):
        answers = {"to": f"person:{who.membership_id.hex}", "reason": "line"}
        text = text_of_answer(fill(client, at(sent, "refer"), answers))
        assert "That person is not available. Choose a role or someone else" in text
    assert world.owner(sent) == itself


def test_a_case_that_nobody_else_can_take_goes_to_the_outside_reviewer_and_it_is_said(client, world):
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    reviewer = world.employ(Role.OUTSIDE_REVIEWER, at=body)
    world.lend(Role.OUTSIDE_REVIEWER, reviewer)
    sent = world.self_report()
    owner, chair = world.owner(sent), world.holder(Role.CHAIR)
    world.do(casework.refer, sent, to=Role.CHAIR, reason="line")
    signed_in(client, chair)
    text = text_of_answer(fill(client, at(sent, "refer"), {"to": "role:chair", "reason": "line"}))
    assert "Nobody is available. It will go to the outside reviewer." in text
    assert world.owner(sent) == reviewer
    assert owner != reviewer


def test_escalating_asks_the_responsible_officer_and_keeps_the_handler(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    answers = {"reason": "It needs a wider look.", "knows": "no"}
    text = text_of_answer(fill(client, at(sent, "escalate"), answers))
    assert "Escalated to the responsible officer" in text
    assert world.case(sent).escalated_to is Role.RESPONSIBLE_OFFICER
    assert client.get(at(sent)).status_code == 200


def test_stepping_back_takes_one_choice(client, world):
    sent = world.self_report()
    before = world.owner(sent)
    owned(client, world, sent)
    fill(client, at(sent, "recuse"), {"kind": "friend"})
    assert world.owner(sent) != before
    assert client.get(at(sent)).status_code == 404


def test_actions_are_agreed_and_marked_as_done(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    row = {"what_1": "Talk to the team", "who_1": "The reporter", "due_1": "20 4 2026"}
    text = text_of_answer(fill(client, at(sent, "agree-actions"), row))
    assert "Talk to the team The reporter, by Monday 20 April 2026" in text
    (done,) = set(re.findall(rf'href="({at(sent)}/complete-action/[0-9a-f-]+)"', client.get(at(sent)).text))
    text = text_of_answer(fill(client, done, {"done": "We talked on Monday."}))
    assert "We talked on Monday." in text
    assert "1 of 1 done" in text
    assert client.get(done).status_code == 404


def test_another_row_comes_without_losing_what_was_written(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    first = {"what_1": "Talk to the team", "more": "1"}
    html = fill(client, at(sent, "agree-actions"), first).text
    assert "Talk to the team</textarea>" in html.replace("\n", "")
    assert 'name="what_2"' in html
    assert "There is a problem" not in html


def test_containment_is_recorded(client, world):
    sent = patient_case(world)
    owned(client, world, sent)
    text = text_of_answer(fill(client, at(sent, "containment"), {"how": "asked", "text": "Ticket 12"}))
    assert "Noted and taken down Done on time" in text


def test_the_officer_decides_about_the_patients_information(client, world):
    sent = patient_case(world)
    signed_in(client, world.holder(Role.DATA_PROTECTION_OFFICER))
    answers = {"patient_data": "no", "reason": "Nobody could be recognised from it."}
    text = text_of_answer(fill(client, at(sent, "patient-data"), answers))
    assert world.case(sent).patient_data is PatientData.NO
    assert "The data protection officer decided that a patient could not be recognised." in text


def test_nobody_but_the_officer_is_offered_that_decision(client, world):
    sent = patient_case(world)
    owned(client, world, sent)
    assert client.get(at(sent, "patient-data")).status_code == 409


def test_an_outside_notice_is_recorded_with_who_when_and_why(client, world):
    sent = triaged(world, patient_case(world))
    owned(client, world, sent)
    answers = {
        "body": "regulator",
        "told_by": world.owner(sent).name,
        "told_on": "7 4 2026",
        "reason": "A patient was named.",
        "their_reference": "IC-77",
    }
    text = text_of_answer(fill(client, at(sent, "outside-notice"), answers))
    assert "recorded that the data protection regulator was told." in text
    assert "Their reference: IC-77" in text


def test_the_officer_records_notices_to_the_regulator_only(client, world):
    sent = patient_case(world)
    signed_in(client, world.holder(Role.DATA_PROTECTION_OFFICER))
    html = client.get(at(sent, "outside-notice")).text
    assert 'value="regulator"' in html
    assert 'value="police"' not in html


def test_the_guardian_records_who_a_concern_is_about(client, another_client, world):
    subject = world.doctor()
    sent = world.concern()
    signed_in(client, world.holder(Role.GUARDIAN))
    answers = {"person": subject.person_id.hex, "reason": "The screenshot shows the name.", "save": "1"}
    name = world_name(world, subject)
    assert name not in text_at(client, at(sent, "resolve-subject"))
    searched = client.submit(at(sent, "resolve-subject"), {"name": name.lower(), "find": "1"})
    assert name in text_of_answer(searched)
    assert "There is a problem" not in searched.text
    fill(client, at(sent, f"resolve-subject?name={name}"), answers)
    assert not world.case(sent).is_subject_unresolved
    officer = signed_in(another_client(), world.holder(Role.RESPONSIBLE_OFFICER))
    assert officer.get(at(sent)).status_code == 200


CLOSE = {"outcome": "advice", "text": "We talked it over and agreed what to do next."}
POSTED_ON = Answered(
    question="posted_on",
    page="when",
    version=1,
    wording="When was it posted?",
    value="2026-04-06",
    words="6 April 2026",
    lane=Lane.EMPLOYER,
)
TOLD = {"patient": "told", "patient_by": "Dr Brack", "patient_on": "7 4 2026"}


def test_closing_tells_the_reporter_and_offers_reopening(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    text = text_of_answer(fill(client, at(sent, "close"), CLOSE | {"learning": "Ask before you post."}))
    assert "Closed: Advice was given" in text
    assert "Ask before you post." in text
    assert "Open this case again" in text


def test_closing_a_case_with_a_recognisable_patient_says_whether_they_were_told(client, world):
    sent = triaged(world, patient_case(world))
    world.settle(sent)
    owned(client, world, sent)
    refused = text_of_answer(fill(client, at(sent, "close"), CLOSE))
    assert "Say whether the patient was told, or why not" in refused
    fill(client, at(sent, "close"), CLOSE | TOLD)
    assert world.case(sent).closed_at is not None


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"patient": "told"}, ("Enter who told them, or decided not to", "Enter when they were told")),
        (TOLD | {"patient_on": "8 4 2026"}, ("Date must be today or in the past",)),
        (TOLD | {"patient_on": "5 4 2026"}, ("Date must not be before the day of the post",)),
        (TOLD | {"patient_on": "31 2 2026"}, ("Enter a real date",)),
        ({"patient": "decided_not", "patient_by": "Dr Brack"}, ("Say why they were not told",)),
        ({"patient": "decided_not", "patient_why": "It would harm."}, ("Enter who told them",)),
    ],
)
def test_it_is_said_who_told_the_patient_and_when_or_who_did_not_and_why(client, world, answers, wrong):
    sent = triaged(world, patient_case(world, answers=(POSTED_ON,)))
    world.settle(sent)
    owned(client, world, sent)
    html = fill(client, at(sent, "close"), CLOSE | answers)
    for words in wrong:
        assert words in html.text
    assert world.case(sent).closed_at is None


@pytest.mark.parametrize(
    ("answers", "note"),
    [
        (TOLD, "The patient was told by Dr Brack on Tuesday 7 April 2026."),
        (
            {"patient": "decided_not", "patient_by": "Dr Brack", "patient_why": "It would harm them."},
            "Dr Brack decided that the patient is not told. It would harm them.",
        ),
    ],
)
def test_what_was_settled_about_the_patient_is_kept_as_a_note(client, world, answers, note):
    sent = triaged(world, patient_case(world))
    world.settle(sent)
    owned(client, world, sent)
    assert note in text_of_answer(fill(client, at(sent, "close"), CLOSE | answers))


def test_closing_says_what_the_patients_information_still_needs_and_waits_for_it(client, world):
    sent = triaged(world, patient_case(world))
    owned(client, world, sent)
    undecided = "The data protection officer has not yet decided about the patient’s information."
    for text in (
        text_at(client, at(sent, "close")),
        text_of_answer(fill(client, at(sent, "close"), CLOSE | TOLD)),
    ):
        assert undecided in text
        assert "Record first that it was noted and taken down" in text
    assert world.case(sent).closed_at is None
    world.settle(sent)
    assert undecided not in text_at(client, at(sent, "close"))
    fill(client, at(sent, "close"), CLOSE | TOLD)
    assert world.case(sent).closed_at is not None


def test_an_action_kept_at_closing_is_marked_as_done_afterwards(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    row = {"what_1": "Talk to the team", "who_1": "The reporter", "due_1": "20 4 2026"}
    fill(client, at(sent, "agree-actions"), row)
    fill(client, at(sent, "close"), CLOSE | {"kept": world.owner(sent).name})
    closed_at = world.case(sent).closed_at
    (url,) = set(re.findall(rf'href="({at(sent)}/complete-action/[0-9a-f-]+)"', client.get(at(sent)).text))
    assert "1 of 1 done" in text_of_answer(fill(client, url, {"done": "Talked on Monday."}))
    assert world.case(sent).closed_at == closed_at


def test_closing_with_open_actions_needs_somebody_who_keeps_them(client, world):
    sent = triaged(world, world.self_report())
    owner = world.owner(sent)
    owned(client, world, sent)
    row = {"what_1": "Talk to the team", "who_1": "The reporter", "due_1": "20 4 2026"}
    fill(client, at(sent, "agree-actions"), row)
    refused = text_of_answer(fill(client, at(sent, "close"), CLOSE))
    assert "1 actions are still open. Mark them as done, or say who keeps them" in refused
    fill(client, at(sent, "close"), CLOSE | {"kept": owner.name})
    assert world.case(sent).closed_at is not None


def test_reopening_brings_the_case_back(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    fill(client, at(sent, "close"), CLOSE)
    answers = {"reason": "The post came back.", "who": "same"}
    text = text_of_answer(fill(client, at(sent, "reopen"), answers))
    assert "In review" in text
    assert world.case(sent).closed_at is None


def test_a_notice_is_not_dated_in_the_future(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    told = {"body": "police", "told_by": world_name(world, world.owner(sent)), "reason": "They asked."}
    text = text_of_answer(fill(client, at(sent, "outside-notice"), told | {"told_on": "8 4 2026"}))
    assert text.count("Date must be today or in the past") == 2
    fill(client, at(sent, "outside-notice"), told | {"told_on": "7 4 2026"})
    assert "case:notice:recorded" in tags(world, sent)


def world_name(world, who):
    with world.app.app_context():
        return reader().get_one(Person, who.person_id).name


@pytest.mark.parametrize("repeat", ["yes", "no"])
def test_a_repeat_is_recorded_and_suggests_a_step_more(client, world, repeat):
    sent = world.self_report(category="TRU-TONE")
    owned(client, world, sent)
    shown = text_at(client, at(sent, "triage"))
    assert "If something like it happened in the last 24 months: Medium." in shown
    text = text_of_answer(fill(client, at(sent, "triage"), TRIAGE | {"repeat": repeat}))
    assert ("Something like it happened in the 24 months before." in text) is (repeat == "yes")


def test_a_handler_goes_on_without_the_answer(client, another_client, world):
    reporter = world.doctor()
    sent = triaged(world, world.self_report(by=reporter))
    owned(client, world, sent)
    fill(client, at(sent, "request-information"), {"question": "Which town was it?"})
    text = text_of_answer(fill(client, at(sent, "go-on"), {}))
    assert "The clinical lead went on without the answer." in text
    assert world.case(sent).state == "in_review"
    own = text_at(signed_in(another_client(), reporter), f"/reports/{sent.reference}")
    assert "It went on without your answer." in own


def test_a_safety_plan_is_due_where_the_reporter_works_with_the_person_and_is_met(
    client, another_client, world
):
    reporter = world.doctor()
    sent = world.concern(about=world.doctor(), by=reporter, works_together="yes")
    owned(client, world, sent)
    assert "To be made with the reporter by Wednesday 8 April 2026 at 5pm." in text_at(client, at(sent))
    assert "Write what you agreed" in text_of_answer(fill(client, at(sent, "safety-plan"), {}))
    text = text_of_answer(fill(client, at(sent, "safety-plan"), {"text": "She calls Dr Moss."}))
    assert "A safety plan was made with the reporter." in text
    assert "She calls Dr Moss." in text
    assert client.get(at(sent, "safety-plan")).status_code == 409
    own = text_at(signed_in(another_client(), reporter), f"/reports/{sent.reference}")
    assert "A safety plan was made with you." in own
    assert "Dr Moss" not in own


@pytest.mark.parametrize("answer", ["no", "unknown", None])
def test_no_safety_plan_is_due_for_anybody_else(client, world, answer):
    sent = world.concern(about=world.doctor(), works_together=answer)
    owned(client, world, sent)
    assert "afety plan" not in text_at(client, at(sent))


# What is wrong stands beside the field, and what was written stays

ERRORS = {
    "acknowledge": ({"text": None}, ["Write a few words to the reporter"]),
    "triage": (
        {},
        [
            "Select whether you have a link with anyone in this case",
            "Select how urgent this is",
            "Select what keeps people safe meanwhile",
            "Select what should happen next",
        ],
    ),
    "message": ({}, ["Write your message"]),
    "note": ({}, ["Write your note"]),
    "refer": ({}, ["Select who should take it", "Select why"]),
    "escalate": ({}, ["Give a reason for escalating", "Select whether the person knows"]),
    "recuse": ({}, ["Select why you are stepping back"]),
    "outside-notice": (
        {},
        ["Select which body", "Select who told them", "Enter when", "Give a reason"],
    ),
}
ERRORS_IN_REVIEW: dict[str, tuple[dict[str, str], list[str]]] = {
    "request-information": ({}, ["Write your question"]),
    "agree-actions": ({}, ["Add at least 1 action"]),
    "close": ({}, ["Select the outcome", "Write what you will tell the reporter"]),
}


@pytest.mark.parametrize("is_triaged", [False, True])
def test_an_empty_form_says_what_is_missing_in_the_summary_and_beside_the_field(client, world, is_triaged):
    sent = world.self_report()
    if is_triaged:
        world.triage(sent)
    owned(client, world, sent)
    before = tags(world, sent)
    for page, (answers, messages) in (ERRORS_IN_REVIEW if is_triaged else ERRORS).items():
        text = text_of_answer(fill(client, at(sent, page), answers))
        for message in messages:
            assert text.count(message) == 2, (page, message)
    assert [tag for tag in tags(world, sent) if "view" not in tag] == before


def test_another_reason_for_referring_is_said_in_words(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    answers = {"to": "role:medical_director", "reason": "other"}
    assert "Say why" in text_of_answer(fill(client, at(sent, "refer"), answers))


def test_lowering_needs_a_reason_of_ten_characters(client, world):
    sent = patient_case(world)
    owned(client, world, sent)
    none = text_of_answer(fill(client, at(sent, "triage"), TRIAGE))
    assert "Give a reason for making it less urgent" in none
    short = text_of_answer(fill(client, at(sent, "triage"), TRIAGE | {"reason": "too short"}))
    assert "Reason must be 10 characters or more" in short
    fill(client, at(sent, "triage"), TRIAGE | {"reason": "Nobody saw it but the two of us."})
    assert world.case(sent).severity is Severity.LOW
    assert "case:severity:lowered" in tags(world, sent)


def test_an_action_falls_due_in_the_future(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    row = {"what_1": "Talk to the team", "who_1": "The reporter", "due_1": "1 4 2026"}
    text = text_of_answer(fill(client, at(sent, "agree-actions"), row))
    assert "Date must be in the future" in text
    assert world.case(sent).state == "in_review"


def test_a_row_that_was_begun_is_complete(client, world):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    text = text_of_answer(fill(client, at(sent, "agree-actions"), {"who_1": "The reporter"}))
    assert "Say what will be done" in text


@pytest.mark.parametrize("odd", [LONG, ODD], ids=["a megabyte", "control characters"])
def test_odd_text_gets_a_plain_answer(client, world, odd):
    sent = world.self_report()
    owned(client, world, sent)
    answer = fill(client, at(sent, "message"), {"text": odd})
    assert answer.status_code in {200, 413}
    assert "message:sent" not in " ".join(tags(world, sent))


TAMPERED = {
    "triage": TRIAGE | {"severity": "EXTREME", "category": "'; DROP TABLE", "measures": "x"},
    "refer": {"to": "person:not-an-id", "reason": "sabotage"},
    "escalate": {"reason": "long enough a reason", "knows": "maybe"},
    "recuse": {"kind": "boredom"},
    "outside-notice": {"body": "press", "told_by": "Nobody", "told_on": "99 99 9999", "reason": "r"},
}


def test_values_that_were_not_on_the_page_are_refused_in_plain_words(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    before = world.case(sent).version
    for page, answers in TAMPERED.items():
        answer = fill(client, at(sent, page), answers)
        assert answer.status_code == 200
        assert "Select one of the options on this page" in answer.text
    assert world.case(sent).version == before


@pytest.mark.parametrize("lost", ["version", "seen", "both"])
def test_a_form_that_lost_its_hidden_fields_saves_nothing_and_says_so(client, world, lost):
    sent = world.self_report()
    owned(client, world, sent)
    gone: dict[str, str | None] = {"version": "x"} if lost == "version" else {"seen": "-3"}
    gone = {"version": None, "seen": None} if lost == "both" else gone
    answer = fill(client, at(sent, "message"), {"text": "Some words of mine", **gone})
    assert answer.status_code == (200 if lost == "seen" else 409)


def test_what_was_written_stays_when_something_is_missing(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    html = fill(client, at(sent, "escalate"), {"reason": "A long reason that stays"}).text
    assert "A long reason that stays" in html


# Stale forms, double sends, lost access


def stale_form(client, sent, page):
    """The hidden fields of a page as it is now."""
    html = client.get(at(sent, page)).text
    tokens = re.findall(r"<input[^>]*>", html)
    found = {}
    for name in ("csrf_token", "version", "seen"):
        field = next(one for one in tokens if f'name="{name}"' in one)
        (found[name],) = re.findall(r'value="([^"]*)"', field)
    return found


def test_a_stale_form_says_what_changed_and_keeps_the_text(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    form = stale_form(client, sent, "message")
    world.triage(sent)
    answer = client.post(at(sent, "message"), data=form | {"text": "Aberystwyth"})
    text = text_of_answer(answer)
    assert answer.status_code == 409
    assert "Someone else changed this first" in text
    assert "The clinical lead triaged the case." in text
    assert "opened the case" not in text
    assert "Aberystwyth" in text
    assert "The report was sent." not in text
    assert "case:message:sent" not in tags(world, sent)


def test_a_form_sent_twice_acts_once(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    form = stale_form(client, sent, "message") | {"text": "Only once, please"}
    answers = [client.post(at(sent, "message"), data=form).status_code for _ in range(2)]
    assert answers == [302, 409]
    assert tags(world, sent).count("case:message:sent") == 1


def test_a_stale_form_of_somebody_who_lost_access_is_a_page_that_does_not_exist(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    form = stale_form(client, sent, "message")
    with world.app.app_context():
        casework.refer(
            sent.case_id,
            world.case(sent).version,
            to=Role.MEDICAL_DIRECTOR,
            reason="line",
            act=world.act(world.owner(sent)),
        )
    answer = client.post(at(sent, "message"), data=form | {"text": "Nobody reads this now"})
    assert answer.status_code == 404
    assert "Nobody reads this now" not in answer.text
    assert bare(answer) == bare(client.get("/cases/C-0000-0000-0"))


def test_an_act_that_the_case_does_not_offer_says_that_it_cannot_be_done_any_more(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    answer = client.get(at(sent, "reopen"))
    assert answer.status_code == 409
    assert "That cannot be done now" in answer.text


def test_a_form_without_its_token_is_refused(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    answer = client.post(at(sent, "message"), data={"text": "No token", "version": "1"})
    assert answer.status_code == 400
    assert "case:message:sent" not in tags(world, sent)


def test_what_is_written_in_any_field_is_shown_as_text(client, world):
    canary = "<script>alert(1)</script>"
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    fill(client, at(sent, "message"), {"text": canary})
    fill(client, at(sent, "note"), {"text": canary})
    fill(client, at(sent, "agree-actions"), {"what_1": canary, "who_1": "The reporter", "due_1": "20 4 2026"})
    (done,) = set(re.findall(rf'href="({at(sent)}/complete-action/[0-9a-f-]+)"', client.get(at(sent)).text))
    fill(client, done, {"done": canary})
    fill(client, at(sent, "close"), {"outcome": "advice", "text": canary, "learning": canary})
    for page in ("", "timeline", "answers", "reopen"):
        assert "<script>alert" not in client.get(at(sent, page)).text


def test_words_of_handlers_lie_sealed_and_in_no_log(client, world, canaries):
    sent = triaged(world, world.self_report())
    owned(client, world, sent)
    fill(client, at(sent, "note"), {"text": canaries.register("a canary in a note")})
    fill(client, at(sent, "message"), {"text": canaries.register("a canary in a message")})
    what = canaries.register("a canary among actions")
    fill(client, at(sent, "agree-actions"), {"what_1": what, "who_1": "The reporter", "due_1": "20 4 2026"})


def test_every_act_is_in_the_ledger_with_its_role(client, world):
    sent = world.self_report()
    owned(client, world, sent)
    fill(client, at(sent, "acknowledge"), {})
    newest = next(entry for entry in entries(world, sent) if entry.tag == "case:report:acknowledged")
    assert newest.detail["by"] == "clinical_lead"
    assert count_of(world, "case:report:acknowledged") == 1
    assert newest.at.date() == date(2026, 4, 7)
