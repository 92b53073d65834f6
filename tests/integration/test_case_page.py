"""The case page shows each viewer what they may read, and what is to be done next."""

import re
from datetime import date, timedelta

import pytest

from app.domain.errors import NotFound
from app.domain.report import Answered, SubjectChoice
from app.domain.vocabulary import (
    Duty,
    Harm,
    Identifiability,
    Lane,
    Outcome,
    PatientData,
    RelationKind,
    Role,
    Severity,
    StillLive,
)
from app.queries import reports, timeline
from app.services import casework, reporting
from tests.integration.handling import queries, signed_in, text_at, text_of_answer

STORY = "A thread about a rare rash, and a reply that guessed the village"


def patient_case(world, **facts):
    return world.self_report(
        category="CONF-ID",
        patient_data=PatientData.YES,
        identifiability=Identifiability.I3,
        still_live=StillLive.NO,
        **facts,
    )


def test_the_page_says_what_it_is_about_and_what_is_next(client, world):
    sent = world.self_report(category="TRU-TONE", narrative=STORY)
    signed_in(client, world.owner(sent))
    text = text_at(client, f"/cases/{sent.reference}")
    for words in (
        "Tone",
        sent.reference,
        "Self-report",
        "Low",
        "New: waiting for triage",
        "Owner: you",
        STORY,
    ):
        assert words in text
    assert "Acknowledge Due Thursday 9 April 2026 at 5pm" in text
    assert "Not every departure from the guidance is serious." in text


def test_one_green_button_and_only_what_the_definition_offers(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    html = client.get(f"/cases/{sent.reference}").text
    green = re.findall(r'class="nhsuk-button"', html)
    (menu,) = re.findall(r'<details class="app-menu">.*?</details>', html, re.DOTALL)
    assert len(green) == 1
    assert "Decide what this needs" in menu
    assert "Close with an outcome" not in menu
    assert "Open this case again" not in menu


def test_the_green_button_does_what_the_headline_asks_of_its_reader(client, world):
    sent = patient_case(world)
    signed_in(client, world.owner(sent))
    text = text_at(client, f"/cases/{sent.reference}")
    headline = "Confirm it is noted and down Due Wednesday 8 April 2026 at 9am, in 1 day."
    assert f"{headline} Record that it is contained Other actions" in text


def test_a_step_that_another_role_owes_says_whose_it_is(client, world):
    sent = patient_case(world)
    signed_in(client, world.owner(sent))
    assert "Data protection officer: read it" in text_at(client, "/cases")


def green_button(client, sent):
    html = client.get(f"/cases/{sent.reference}").text
    return re.findall(r'class="nhsuk-button"[^>]*>([^<]*)', html)


def test_nothing_is_offered_first_while_the_reporter_is_asked_or_when_it_is_closed(client, world):
    sent = world.self_report()
    world.triage(sent)
    signed_in(client, world.owner(sent))
    assert green_button(client, sent) == ["Agree actions"]
    world.do(casework.request_information, sent, question="Which town was it?", why="")
    assert green_button(client, sent) == []
    other = world.self_report()
    world.triage(other)
    closing = casework.Closing(outcome=Outcome.ADVICE, text="We spoke about it and that settles it.")
    world.do(casework.close, other, closing=closing)
    signed_in(client, world.owner(other))
    assert green_button(client, other) == []


def test_an_overdue_step_is_marked_late_and_never_amber(client, world):
    sent = world.self_report()
    world.clock.advance(days=5)
    signed_in(client, world.owner(sent))
    html = client.get(f"/cases/{sent.reference}").text
    (panel,) = re.findall(r'<section class="app-next.*?</section>', html, re.DOTALL)
    assert "app-next--late" in panel
    assert "app-state--late" in panel


def test_what_happens_if_a_date_passes_is_said(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    with world.app.app_context():
        casework.acknowledge(
            sent.case_id, world.case(sent).version, text="I have it.", act=world.act(world.owner(sent))
        )
    assert "If it passes, the responsible officer is asked on" in text_at(client, f"/cases/{sent.reference}")


def test_each_date_says_what_it_rests_on_and_why_it_falls_then(client, world):
    sent = patient_case(world)
    signed_in(client, world.owner(sent))
    text = text_at(client, f"/cases/{sent.reference}")
    assert "Tell the regulator, or decide not to Fri 10 Apr, 9am 72 hours The law" in text
    assert "Our rule" in text
    assert "Working days 1 to 2 are" in text or "every hour counts" in text


def test_a_date_that_was_met_stays_on_the_page(client, world):
    sent = world.self_report()
    world.triage(sent)
    signed_in(client, world.owner(sent))
    assert "Triage Done on time" in text_at(client, f"/cases/{sent.reference}")


def test_a_date_that_passed_is_overdue(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    world.clock.advance(days=5)
    signed_in(client, world.owner(sent))
    assert "Overdue since Thu 9 Apr, 5pm" in text_at(client, f"/cases/{sent.reference}")


def test_the_timeline_is_told_in_sentences_newest_first(client, world):
    sent = world.self_report()
    world.triage(sent)
    signed_in(client, world.owner(sent))
    text = text_at(client, f"/cases/{sent.reference}/timeline")
    assert text.index("The clinical lead triaged the case.") < text.index("The report was sent.")
    assert "The clinical lead set how urgent it is to Low." in text


def test_the_guidance_of_the_day_of_the_post_is_linked_with_its_version(client, world):
    sent = world.self_report(posted_on=date(2020, 1, 1))
    signed_in(client, world.owner(sent))
    assert "Guidance then" in text_at(client, f"/cases/{sent.reference}")


def test_what_keeps_people_safe_meanwhile_stands_in_the_summary_once_it_was_decided(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    assert "What keeps people safe meanwhile" not in text_at(client, f"/cases/{sent.reference}")
    world.triage(sent)
    text = text_at(client, f"/cases/{sent.reference}")
    assert "What keeps people safe meanwhile No steps yet" in text


def test_all_answers_stand_with_the_question_as_it_was_asked(client, world):
    sent = world.self_report(narrative=STORY)
    signed_in(client, world.owner(sent))
    assert f"What happened? {STORY}" in text_at(client, f"/cases/{sent.reference}/answers")


def test_the_person_a_concern_is_about_is_named_to_its_handler(client, world):
    subject = world.doctor()
    sent = world.concern(about=subject, duty=Duty.MUST_ACT)
    signed_in(client, world.owner(sent))
    text = text_at(client, f"/cases/{sent.reference}")
    assert f"Who it is about {subject.name}" in text
    assert "Duty to act Must act" in text


def test_somebody_named_who_is_not_known_here_shows_as_the_reporter_named_them(client, world):
    sent = world.concern(subject=SubjectChoice(name="Dr Nobody Yet", job="Locum", place="Ward 9"))
    signed_in(client, world.holder(Role.GUARDIAN))
    assert "Dr Nobody Yet, Locum, Ward 9" in text_at(client, f"/cases/{sent.reference}")


def test_the_officer_reads_neither_the_story_nor_the_names(client, world):
    subject = world.doctor()
    sent = world.concern(
        about=subject,
        narrative=STORY,
        category="CONF-ID",
        patient_data=PatientData.YES,
        identifiability=Identifiability.I3,
    )
    owner = world.owner(sent)
    with world.app.app_context():
        version = world.case(sent).version
        casework.note(sent.case_id, version, text="A note of handlers", act=world.act(owner))
    signed_in(client, world.holder(Role.DATA_PROTECTION_OFFICER))
    for page in ("", "/answers", "/timeline"):
        text = text_at(client, f"/cases/{sent.reference}{page}")
        for hidden in (STORY, subject.name, "A note of handlers"):
            assert hidden not in text


def test_the_officer_is_offered_the_decision_first(client, world):
    sent = patient_case(world)
    signed_in(client, world.holder(Role.DATA_PROTECTION_OFFICER))
    html = client.get(f"/cases/{sent.reference}").text
    assert re.search(r'class="nhsuk-button"[^>]*>Decide whether a patient is recognisable', html)


def test_the_officer_and_the_handler_see_what_an_officer_wrote(client, another_client, world):
    sent = patient_case(world)
    officer = world.holder(Role.DATA_PROTECTION_OFFICER)
    with world.app.app_context():
        version = world.case(sent).version
        casework.message(sent.case_id, version, text="Please keep the logs", act=world.act(officer))
    for who in (officer, world.owner(sent)):
        assert "Please keep the logs" in text_at(signed_in(another_client(), who), f"/cases/{sent.reference}")


def test_only_the_owner_reads_why_they_were_given_it(client, another_client, world):
    subject = world.doctor()
    world.relate(world.holder(Role.CLINICAL_LEAD), RelationKind.RELATED_TO, subject)
    sent = world.concern(about=subject)
    owner = signed_in(client, world.owner(sent))
    text = text_at(owner, f"/cases/{sent.reference}/why")
    assert "Passed over: part of the case, or close to somebody who is" in text
    other = signed_in(another_client(), world.holder(Role.RESPONSIBLE_OFFICER))
    assert other.get(f"/cases/{sent.reference}").status_code == 200
    assert other.get(f"/cases/{sent.reference}/why").status_code == 404


def test_a_reference_written_otherwise_leads_to_the_one_right_address(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    typed = sent.reference.replace("-", "").lower()
    assert client.get(f"/cases/{typed}").location.endswith(f"/cases/{sent.reference}")


def test_a_slip_in_the_address_is_told(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    last = "0" if sent.reference[-1] != "0" else "1"
    answer = client.get(f"/cases/{sent.reference[:-1]}{last}")
    assert answer.status_code == 404
    assert "There is a slip in that reference" in answer.text


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ADMINISTRATOR, Role.AUDITOR])
def test_a_role_that_handles_nothing_finds_no_case(client, world, role):
    sent = world.self_report()
    who = world.doctor() if role is Role.MEMBER else world.holder(role)
    signed_in(client, who)
    assert client.get(f"/cases/{sent.reference}").status_code == 404


def test_the_page_asks_the_database_the_same_however_much_was_written(client, world):
    sent = world.self_report()
    owner = world.owner(sent)
    world.triage(sent)
    signed_in(client, owner)
    client.get(f"/cases/{sent.reference}")
    counted = []
    for more in (1, 8):
        for _ in range(more):
            with world.app.app_context():
                version = world.case(sent).version
                casework.note(sent.case_id, version, text="Noted again.", act=world.act(owner))
        with queries(world) as number:
            client.get(f"/cases/{sent.reference}")
            counted.append(number())
    assert counted[0] == counted[1]


def test_what_people_wrote_is_text_wherever_it_stands(client, world):
    canary = "<script>alert('x')</script>"
    subject = SubjectChoice(name=canary, job=canary, place=canary)
    sent = world.concern(subject=subject, narrative=canary, harm=Harm.H1)
    guardian = world.holder(Role.GUARDIAN)
    with world.app.app_context():
        act = world.act(guardian)
        casework.message(sent.case_id, world.case(sent).version, text=canary, act=act)
        casework.note(sent.case_id, world.case(sent).version, text=canary, act=act)
    signed_in(client, guardian)
    for page in ("", "/answers", "/timeline", "/resolve-subject"):
        assert "<script>alert" not in client.get(f"/cases/{sent.reference}{page}").text


def test_a_story_lies_in_no_log_and_no_open_column(client, world, canaries):
    sent = world.self_report(narrative=canaries.register("the village green canary"))
    signed_in(client, world.owner(sent))
    text_at(client, f"/cases/{sent.reference}")


def test_the_officer_reads_what_became_of_the_patients_information_and_nothing_else(client, world):
    sent = patient_case(world)
    world.triage(sent)
    world.do(casework.note, sent, text="For handlers.")
    world.do(casework.message, sent, text="A message of the handler's.")
    world.do(casework.record_containment, sent, how="down", text="")
    signed_in(client, world.holder(Role.DATA_PROTECTION_OFFICER))
    for page in ("", "/timeline"):
        text = text_at(client, f"/cases/{sent.reference}{page}")
        for told in ("The report was sent.", "“Noted and taken down” was met.", "The 72 hours started."):
            assert told in text
        for secret in ("triaged the case", "added a note", "sent a message", "First feedback"):
            assert secret not in text
    signed_in(client, world.owner(sent))
    assert "added a note" in text_at(client, f"/cases/{sent.reference}/timeline")


def test_the_officer_reads_the_answer_to_the_officer_and_no_other_word_of_the_reporters(client, world):
    doctor, officer = world.doctor(), world.holder(Role.DATA_PROTECTION_OFFICER)
    sent = patient_case(world, by=doctor)
    said = (
        (reporting.message, doctor, "To the handler"),
        (casework.message, officer, "How many could see it?"),
        (reporting.add_more, doctor, "More of the story"),
        (reporting.message, doctor, "About forty people"),
        (casework.message, None, "Thank you for all this"),
        (reporting.message, doctor, "On something else"),
    )
    for write, by, text in said:
        world.clock.move_to(world.clock() + timedelta(minutes=1))
        world.do(write, sent, by=by, text=text)
    for_the_officer = {"How many could see it?", "About forty people"}
    read = text_at(signed_in(client, officer), f"/cases/{sent.reference}")
    assert {text for _, _, text in said if text in read} == for_the_officer
    read = text_at(signed_in(client, world.owner(sent)), f"/cases/{sent.reference}")
    assert all(text in read for _, _, text in said)


def test_the_green_button_is_the_next_step_or_there_is_none(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    green = re.compile(r'class="nhsuk-button"[^>]*>([^<]*)')
    steps = [(lambda: None, ["Acknowledge"])]
    steps += [(lambda: world.do(casework.acknowledge, sent, text="Thanks"), ["Decide what this needs"])]
    steps += [(lambda: world.triage(sent), ["Agree actions"])]
    ask = {"question": "Which town was it?", "why": ""}
    steps += [(lambda: world.do(casework.request_information, sent, **ask), [])]
    for step, words in steps:
        step()
        assert green.findall(client.get(f"/cases/{sent.reference}").text) == words


def test_a_limit_names_the_urgency_it_was_counted_under_and_not_the_present_one(client, world):
    sent = world.self_report(harm="H3")
    world.triage(sent, severity=Severity.LOW, reason="It was taken back at once.")
    signed_in(client, world.owner(sent))
    text = text_at(client, f"/cases/{sent.reference}/dates")
    assert "High: 1 working day" in text
    assert "Low: " not in text


def test_a_reason_written_when_nothing_is_lowered_is_kept_for_handlers(client, world):
    sent = world.self_report(category="TRU-TONE")
    signed_in(client, world.owner(sent))
    answers = {"conflict": "none", "severity": "MEDIUM", "repeat": "no", "measures": "none", "route": "keep"}
    client.submit(f"/cases/{sent.reference}/triage", answers | {"reason": "It may come back soon."})
    text = text_at(client, f"/cases/{sent.reference}")
    assert "It may come back soon." in text
    assert "Private note by you. Handlers only." in text


def _pages_of_timeline(client, url):
    """Every page of a timeline, the newest first, and what each says."""
    while url:
        html = client.get(url)
        yield text_of_answer(html)
        found = re.search(r'href="([^"]*before=[0-9]+)[^"]*">Earlier entries', html.text)
        url = found and found[1].replace("&amp;", "&")


def test_a_long_timeline_goes_on_to_the_beginning_for_both_sides(client, world, monkeypatch):
    monkeypatch.setattr(timeline, "LONGEST", 5)
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.triage(sent)
    for number in range(12):
        world.do(casework.message, sent, text=f"Message {number}")
    for who, url, beginning in (
        (world.owner(sent), f"/cases/{sent.reference}/timeline", "The report was sent."),
        (doctor, f"/reports/{sent.reference}", "You sent this."),
    ):
        signed_in(client, who)
        pages = list(_pages_of_timeline(client, url))
        assert len(pages) > 3
        assert [beginning in one for one in pages] == [False] * (len(pages) - 1) + [True]
        assert "Newest entries" in pages[-1]
        assert "Newest entries" not in pages[0]


@pytest.mark.parametrize("odd", ["-1", "x", "9" * 30, "", "1.5", "٣"])
def test_an_odd_place_in_a_timeline_is_an_ordinary_page(client, world, odd):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    assert "The report was sent." in text_at(client, f"/cases/{sent.reference}/timeline?before={odd}")


def test_a_page_of_a_timeline_is_nobody_elses(world):
    sent = world.self_report()
    with world.app.app_context(), pytest.raises(NotFound):
        timeline.stretch(world.actor(world.doctor()), sent.case_id, before=timeline.END)
    with world.app.app_context(), pytest.raises(NotFound):
        reports.happened(world.actor(world.doctor()), sent.case_id, before=timeline.END)


def test_the_owner_reads_that_somebody_to_keep_away_was_not_found(client, another_client, world):
    sent = world.concern(about=world.doctor(), keep_away="Nobody Anywhere", severity=Severity.CRITICAL)
    unfound = "The reporter named somebody to keep away who was not found here."
    assert unfound in text_at(signed_in(client, world.owner(sent)), f"/cases/{sent.reference}")
    told = world.holder(Role.RESPONSIBLE_OFFICER)
    assert unfound not in text_at(signed_in(another_client(), told), f"/cases/{sent.reference}")


@pytest.mark.parametrize("given", ["unsure", "no"])
def test_who_is_not_sure_about_a_risk_is_flagged_for_triage(client, world, given):
    answer = Answered(
        question="risk_now",
        page="risk-now",
        version=1,
        wording="Is somebody at risk of harm today?",
        value=given,
        words="I am not sure",
        lane=Lane.EMPLOYER,
    )
    sent = world.self_report(answers=(answer,))
    text = text_at(signed_in(client, world.owner(sent)), f"/cases/{sent.reference}")
    assert ("At risk today The reporter is not sure." in text) is (given == "unsure")


def test_a_date_cut_short_by_another_limit_names_that_limit(client, world):
    sent = patient_case(world)
    signed_in(client, world.owner(sent))
    text = text_at(client, f"/cases/{sent.reference}/dates")
    assert "2 working days. Not later than “Triage”: 1 working day (High)." in text
