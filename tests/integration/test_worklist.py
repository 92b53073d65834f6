"""The worklist opens on what is due, shows nobody more than they may see, and costs the same with many rows."""

import re

import pytest

from app.database import transaction
from app.domain.vocabulary import (
    Harm,
    Identifiability,
    OrganisationType,
    Outcome,
    PatientData,
    RelationKind,
    Role,
    StillLive,
)
from app.models.person import Membership
from app.services import casework, people
from tests.integration.handling import bare, count_of, fill, queries, signed_in, text_at

MOVED = "A case you worked on has moved to somebody else."


def refer_away(world, sent, *, to=Role.MEDICAL_DIRECTOR):
    act = world.act(world.owner(sent))
    with world.app.app_context():
        casework.refer(sent.case_id, world.case(sent).version, to=to, reason="expertise", act=act)


def one_lead(world):
    """All cases of this hospital go to one clinical lead."""
    second = world.holder(Role.CLINICAL_LEAD, number=1)
    with world.app.app_context(), transaction() as session:
        session.get_one(Membership, second.membership_id).open_cases = 100_000
    return world.holder(Role.CLINICAL_LEAD)


def references(html):
    return re.findall(r"C-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]", re.sub(r"<a [^>]*>", "", html))


def test_an_empty_list_says_that_nothing_is_needed(client, world):
    signed_in(client, world.holder(Role.MEDICAL_DIRECTOR))
    assert "Nothing needs you today." in text_at(client, "/cases")


def test_a_new_case_stands_under_new_with_what_is_due_in_words(client, world):
    sent = world.self_report(category="TRU-TONE")
    signed_in(client, world.owner(sent))
    text = text_at(client, "/cases")
    assert "1 new" in text
    assert f"Thu 9 Apr, 5pm in 2 days Acknowledge Tone Self-report Low New You {sent.reference}" in text


def test_what_is_late_comes_first_and_is_called_overdue(client, world):
    late = world.self_report()
    world.clock.advance(days=3)
    new = world.self_report(by=world.doctor())
    one = world.owner(late)
    signed_in(client, one)
    text = text_at(client, "/cases")
    assert "1 overdue" in text
    assert "16 hours late Thu 9 Apr" in text
    if world.owner(new) == one:
        assert text.index(late.reference) < text.index(new.reference)


def test_what_falls_due_today_has_its_own_heading(client, world):
    sent = world.self_report(category="CONF-AGG", harm=Harm.H3)
    world.clock.advance(days=1)
    signed_in(client, world.owner(sent))
    text = text_at(client, "/cases")
    assert "1 due today" in text
    assert "Today, 5pm" in text


def test_a_case_that_waits_for_its_reporter_stands_under_waiting(client, world):
    sent = world.self_report()
    world.triage(sent)
    owner = world.owner(sent)
    with world.app.app_context():
        casework.request_information(
            sent.case_id, world.case(sent).version, question="Which town?", why="", act=world.act(owner)
        )
    signed_in(client, owner)
    assert "1 waiting" in text_at(client, "/cases")
    assert sent.reference in text_at(client, "/cases?view=waiting")


def test_a_closed_case_leaves_the_list_and_stands_under_closed(client, world):
    sent = closed(world)
    signed_in(client, world.owner(sent))
    assert sent.reference not in text_at(client, "/cases")
    assert sent.reference in text_at(client, "/cases?view=closed")
    world.clock.advance(days=31)
    assert sent.reference not in client.get("/cases?view=closed", follow_redirects=True).text


def closed(world):
    sent = world.self_report()
    world.triage(sent)
    closing = casework.Closing(outcome=Outcome.ADVICE, text="We talked it over and agreed what to do.")
    with world.app.app_context():
        casework.close(
            sent.case_id, world.case(sent).version, closing=closing, act=world.act(world.owner(sent))
        )
    return sent


def test_a_supervisor_sees_only_cases_they_work_on(client, world):
    sent = world.self_report()
    signed_in(client, world.holder(Role.MEDICAL_DIRECTOR))
    assert sent.reference not in text_at(client, "/cases")


def test_the_responsible_officer_sees_the_cases_of_the_organisation_and_who_has_them_by_role(client, world):
    sent = world.self_report()
    signed_in(client, world.holder(Role.RESPONSIBLE_OFFICER))
    text = text_at(client, "/cases")
    assert f"Clinical lead {sent.reference}" in text
    assert world.owner(sent).name not in text


def test_a_case_reached_in_two_ways_stands_there_once(client, world):
    sent = world.self_report()
    refer_away(world, sent, to=Role.RESPONSIBLE_OFFICER)
    signed_in(client, world.holder(Role.RESPONSIBLE_OFFICER))
    html = client.get("/cases").text
    assert references(html) == [sent.reference]
    assert "1</b> new" in html


def test_the_guardian_sees_concerns_and_no_self_reports(client, world):
    own = world.self_report()
    concern = world.concern(about=world.doctor())
    signed_in(client, world.holder(Role.GUARDIAN))
    text = text_at(client, "/cases")
    assert concern.reference in text
    assert own.reference not in text


def test_the_data_protection_officer_sees_cases_with_patient_information_only(client, world):
    plain = world.self_report()
    patient = world.self_report(
        category="CONF-ID",
        patient_data=PatientData.YES,
        identifiability=Identifiability.I3,
        still_live=StillLive.NO,
    )
    signed_in(client, world.holder(Role.DATA_PROTECTION_OFFICER))
    text = text_at(client, "/cases")
    assert patient.reference in text
    assert plain.reference not in text


def test_an_employers_people_see_no_request_for_advice(client, world):
    doctor = world.doctor()
    advice = world.advice(by=doctor)
    signed_in(client, world.holder(Role.RESPONSIBLE_OFFICER))
    assert advice.reference not in text_at(client, "/cases")
    assert client.get(f"/cases/{advice.reference}").status_code == 404


def test_a_member_has_no_worklist(client, world):
    signed_in(client, world.doctor())
    assert client.get("/cases").status_code == 403


FILTERS = {
    "kind=self_report": True,
    "kind=concern": False,
    "severity=LOW": True,
    "severity=HIGH": False,
    "category=TRU-TONE": True,
    "category=RSP-BULLY": False,
    "state=awaiting_triage": True,
    "state=in_review": False,
    "owner=mine": True,
    "group=new": True,
    "group=late": False,
    "view=mine": True,
    "kind=nonsense&severity=1&state=x&category=%00&view=y&group=z&after=q": True,
}


def test_filters_keep_what_fits(client, world):
    sent = world.self_report(category="TRU-TONE")
    signed_in(client, world.owner(sent))
    shown = {one: sent.reference in client.get(f"/cases?{one}").text for one in FILTERS}
    assert shown == FILTERS


def test_pages_follow_each_other_without_gap_or_double(client, world, monkeypatch):
    monkeypatch.setattr("app.queries.worklist.PAGE", 5)
    lead = one_lead(world)
    sent = {world.self_report().reference for _ in range(8)}
    signed_in(client, lead)
    first = client.get("/cases").text
    (following,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = client.get(following.replace("&amp;", "&")).text
    assert len(references(first)) == 5
    assert set(references(first)) | set(references(second)) == sent
    assert not set(references(first)) & set(references(second))
    assert "8</b> new" in first


def test_pages_of_two_scopes_follow_each_other(client, world, monkeypatch):
    monkeypatch.setattr("app.queries.worklist.PAGE", 3)
    one_lead(world)
    sent = [world.self_report() for _ in range(5)]
    refer_away(world, sent[0], to=Role.RESPONSIBLE_OFFICER)
    signed_in(client, world.holder(Role.RESPONSIBLE_OFFICER))
    first = client.get("/cases").text
    (following,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = client.get(following.replace("&amp;", "&")).text
    assert sorted(references(first) + references(second)) == sorted(one.reference for one in sent)


def test_fifty_rows_stay_small(client, world):
    lead = one_lead(world)
    for _ in range(50):
        world.self_report(category="CONF-AGG", harm=Harm.H3)
    signed_in(client, lead)
    assert len(client.get("/cases").data) <= 60_000


def test_what_was_not_counted_to_the_end_says_so(client, world, monkeypatch):
    monkeypatch.setattr("app.queries.worklist.PAGE", 2)
    monkeypatch.setattr("app.queries.worklist.COUNTED", 3)
    lead = one_lead(world)
    for _ in range(5):
        world.self_report()
    signed_in(client, lead)
    assert "3+ new" in text_at(client, "/cases")


def test_the_list_asks_the_database_the_same_for_one_row_and_for_many(client, world):
    lead = one_lead(world)
    world.self_report()
    signed_in(client, lead)
    counted = []
    for more in (0, 12):
        for _ in range(more):
            world.self_report()
        with queries(world) as number:
            client.get("/cases")
            counted.append(number())
    assert counted[0] == counted[1]


CAUSES = ["referred", "recused", "related", "became the subject"]


def moved_later(world, subject, cause):
    """A concern that can be taken away for that cause."""
    if cause != "became the subject":
        return world.concern(about=subject)
    reviewer = world.holder(
        Role.MEDICAL_DIRECTOR, at=world.organisation(OrganisationType.ACUTE_TRUST, name="Moorfoot Hospitals")
    )
    world.lend(Role.OUTSIDE_REVIEWER, reviewer)
    return world.concern()


@pytest.mark.parametrize("cause", CAUSES)
def test_a_case_that_moved_away_is_told_in_one_line_whatever_the_cause(client, world, cause):
    subject = world.doctor()
    sent = moved_later(world, subject, cause)
    owner = world.owner(sent)
    signed_in(client, owner)
    assert MOVED not in text_at(client, "/cases")
    take_away(world, sent, owner, subject, cause)
    text = text_at(client, "/cases")
    assert text.count(MOVED) == 1
    assert sent.reference not in text


def take_away(world, sent, owner, subject, cause):
    version, act = world.case(sent).version, world.act(owner)
    if cause == "referred":
        refer_away(world, sent)
    elif cause == "recused":
        with world.app.app_context():
            casework.recuse(sent.case_id, version, kind="know", text="", act=act)
    elif cause == "related":
        declare(world, owner, subject)
    else:
        become_subject(world, sent, owner)


def declare(world, owner, subject):
    by = world.act(world.holder(Role.ADMINISTRATOR))
    with world.app.app_context():
        people.declare_relation(
            owner.membership_id,
            subject.membership_id,
            kind=RelationKind.RELATED_TO,
            starts_on=world.clock().date(),
            act=by,
        )


def become_subject(world, sent, owner):
    """Somebody else who may records that the concern is about the one who works on it."""
    world.do(casework.escalate, sent, by=owner, reason="I know them", knows="no")
    world.do(casework.resolve_subject, sent, person_id=owner.person_id, reason="The rota says so")


@pytest.mark.parametrize("cause", CAUSES)
def test_the_line_about_a_moved_case_goes_after_a_week_whatever_the_cause(client, world, cause):
    subject = world.doctor()
    sent = moved_later(world, subject, cause)
    owner = world.owner(sent)
    take_away(world, sent, owner, subject, cause)
    world.clock.advance(days=8)
    signed_in(client, owner)
    assert MOVED not in text_at(client, "/cases")


def test_search_leads_to_the_case_however_the_reference_is_typed(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    typed = sent.reference.lower().replace("-", " ")
    answer = client.get(f"/cases/find?text={typed}")
    assert answer.location == f"/cases/{sent.reference}"
    assert count_of(world, "search:query:run") == 1


def test_search_tells_a_slip_before_anything_is_looked_up(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    last = "0" if sent.reference[-1] != "0" else "1"
    text = text_at(client, f"/cases/find?text={sent.reference[:-1]}{last}")
    assert "There is a slip in that reference. Check each letter and number." in text
    assert count_of(world, "case:lookup:missed") == 0
    assert count_of(world, "search:query:run") == 0


def test_search_for_a_hidden_case_and_for_nothing_answer_the_same_and_are_recorded(client, world):
    hidden = world.self_report()
    signed_in(client, world.holder(Role.MEDICAL_DIRECTOR))
    found = client.get(f"/cases/find?text={hidden.reference}")
    nothing = client.get("/cases/find?text=C-0000-0000-0")
    assert bare(found).replace(hidden.reference.encode(), b"C-0000-0000-0") == bare(nothing)
    assert count_of(world, "case:lookup:missed") == 2
    assert count_of(world, "search:query:run") == 2


def test_an_empty_search_goes_back_to_the_list(client, world):
    signed_in(client, world.holder(Role.MEDICAL_DIRECTOR))
    assert client.get("/cases/find?text=").location == "/cases"


def test_a_search_text_is_shown_as_text(client, world):
    signed_in(client, world.holder(Role.MEDICAL_DIRECTOR))
    assert "<script>" not in client.get("/cases/find?text=<script>alert(1)</script>").text


def test_the_worklist_works_after_acting_through_its_pages(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    fill(client, f"/cases/{sent.reference}/acknowledge", {"text": "Thank you, I have it."})
    assert "0 new" in text_at(client, "/cases")


def test_an_empty_list_says_what_is_not_there_and_what_comes_next(client, world):
    sent = world.self_report()
    signed_in(client, world.owner(sent))
    text = text_at(client, "/cases?group=late")
    assert "Nothing is overdue. First in your list: Due Thursday 9 April 2026 at 5pm." in text
    assert "Nothing is waiting for a reporter." in text_at(client, "/cases?view=waiting")
    assert "No case matches. Clear filters" in text_at(client, "/cases?severity=CRITICAL")
