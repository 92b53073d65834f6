"""The one door of casework: who gets through, in which order things are refused, and what stays consistent."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.database import reader
from app.domain.errors import (
    ActionNotAllowed,
    InvalidInput,
    NobodyEligible,
    NotAvailable,
    NotFound,
    StaleCase,
)
from app.domain.plan import Item
from app.domain.vocabulary import OrganisationType, Outcome, PatientData, RelationKind, Role, Severity
from app.encryption.keys import open_sealed
from app.keychain import case_key
from app.models.case import CaseExclusion, RoutingDecision
from app.models.ledger import AuditEntry
from app.models.mail import Mail
from app.models.message import ActionItem
from app.services import casework, deadlines
from app.services.casework import Closing, Triage
from app.services.changes import sealed_at
from app.services.submitting import Sent
from tests.factories import World
from tests.integration.handling import tags

PATIENT: dict[str, Any] = {"patient_data": PatientData.YES, "identifiability": "I2", "category": "CONF-AGG"}
CLOSING = Closing(outcome=Outcome.ADVICE, text="We spoke about it and that settles it.")
CRITICAL: dict[str, Any] = {"harm": "H4"}


def _acts(world: World, sent: Sent) -> list[str]:
    with world.app.app_context():
        rows = select(AuditEntry.action).where(AuditEntry.case_id == sent.case_id)
        return list(reader().scalars(rows.order_by(AuditEntry.case_seq)))


def _agree(world: World, sent: Sent) -> ActionItem:
    tomorrow = (world.clock() + timedelta(days=1)).date()
    world.do(casework.agree_actions, sent, items=[Item(what="Talk", who="Reporter", due_on=tomorrow)])
    with world.app.app_context():
        return reader().scalars(select(ActionItem).where(ActionItem.case_id == sent.case_id)).one()


# ---- the order of refusals


def test_an_old_page_is_told_that_the_case_changed(world: World) -> None:
    sent = world.self_report()
    world.do(casework.note, sent, text="Something to remember")
    with pytest.raises(StaleCase):
        world.do(casework.note, sent, version=1, text="Written on the old page")


def test_who_lost_access_is_told_nothing_of_what_changed(world: World) -> None:
    sent = world.self_report()
    before = world.owner(sent)
    world.do(casework.refer, sent, to=Role.MEDICAL_DIRECTOR, reason="line")
    for version in (1, 2):
        with pytest.raises(NotFound):
            world.do(casework.note, sent, by=before, version=version, text="Still here?")


def test_a_case_that_does_not_exist_and_a_hidden_one_are_the_same(world: World) -> None:
    sent = world.self_report()
    stranger = world.act(world.employ(Role.SUPERVISOR))
    with world.app.app_context():
        for case_id in (sent.case_id, uuid4()):
            with pytest.raises(NotFound, match="no such case"):
                casework.note(case_id, 1, text="A guess", act=stranger)


def test_what_the_workflow_does_not_allow_is_refused_and_leaves_nothing(world: World) -> None:
    sent = world.self_report()
    before = _acts(world, sent)
    with pytest.raises(ActionNotAllowed):
        world.do(casework.close, sent, closing=CLOSING)
    assert world.case(sent).version == 1
    assert _acts(world, sent) == before


def test_an_officer_reaches_the_case_but_does_no_handlers_act(world: World) -> None:
    sent = world.self_report(**PATIENT)
    officer = world.holder(Role.DATA_PROTECTION_OFFICER)
    with pytest.raises(ActionNotAllowed):
        world.do(casework.acknowledge, sent, by=officer, text="")
    world.do(
        casework.decide_patient_data,
        sent,
        by=officer,
        patient_data=PatientData.NO,
        is_risk_unlikely=False,
        reason="The village has two thousand people",
    )
    assert world.case(sent).patient_data is PatientData.NO


def test_every_act_makes_the_case_one_version_newer(world: World) -> None:
    sent = world.self_report()
    versions = [world.case(sent).version]
    acts: tuple[Callable[[], object], ...] = (
        lambda: world.do(casework.acknowledge, sent, text="I have it"),
        lambda: world.triage(sent),
        lambda: world.do(casework.message, sent, text="Some news"),
        lambda: world.do(casework.request_information, sent, question="When was it?", why=""),
        lambda: world.do(casework.escalate, sent, reason="It is serious", knows="yes"),
        lambda: world.do(casework.refer, sent, to=Role.MEDICAL_DIRECTOR, reason="line"),
        lambda: world.do(casework.recuse, sent, kind="friend", text=""),
    )
    for act in acts:
        act()
        versions.append(world.case(sent).version)
    assert versions == list(range(1, len(acts) + 2))


def test_of_two_acts_on_one_page_one_is_carried_out(world: World) -> None:
    sent = world.self_report()
    owner, version = world.owner(sent), world.case(sent).version
    act = world.act(owner)
    write = partial(casework.note, sent.case_id, version, act=act)
    answers = world.together([partial(write, text=f"Note {number}") for number in range(6)])
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, StaleCase) for answer in answers) == 5
    assert _acts(world, sent).count("case:note:added") == 1
    assert world.case(sent).version == version + 1


# ---- words and codes


@pytest.mark.parametrize("nothing", ["", "  \n "])
def test_an_act_that_needs_words_is_refused_without_any(world: World, nothing: str) -> None:
    sent = world.self_report()
    world.triage(sent)
    without = (
        partial(casework.message, text=nothing),
        partial(casework.note, text=nothing),
        partial(casework.request_information, question=nothing, why="because"),
        partial(casework.record_external_notice, body="gmc", text=nothing),
        partial(casework.close, closing=Closing(outcome=Outcome.ADVICE, text=nothing)),
    )
    for service in without:
        with pytest.raises(InvalidInput, match="missing"):
            world.do(service, sent)
    world.do(casework.close, sent, closing=CLOSING)
    with pytest.raises(InvalidInput, match="missing"):
        world.do(casework.reopen, sent, reason=nothing)


def test_no_prose_gets_into_the_trail_by_way_of_a_code(world: World) -> None:
    sent = world.self_report(**PATIENT)
    prose = "Dr Example wrote this"
    triaging = Triage(severity=Severity.HIGH, measures=prose)
    sneaking = (
        partial(casework.refer, to=Role.MEDICAL_DIRECTOR, reason=prose),
        partial(casework.escalate, reason="a real reason", knows=prose),
        partial(casework.recuse, kind=prose, text=""),
        partial(casework.triage, decision=triaging),
        partial(casework.record_containment, how=prose, text=""),
        partial(casework.record_external_notice, body=prose, text="They were told"),
    )
    for service in sneaking:
        with pytest.raises(InvalidInput):
            world.do(service, sent)
    assert world.case(sent).version == 1


def test_a_category_that_does_not_exist_is_refused(world: World) -> None:
    sent = world.self_report()
    with pytest.raises(InvalidInput, match="category"):
        world.do(
            casework.triage,
            sent,
            decision=Triage(severity=Severity.LOW, measures="none", category="NO-SUCH"),
        )


# ---- passing on


def test_a_referral_ends_one_handler_and_begins_another(world: World) -> None:
    sent = world.self_report()
    before = world.owner(sent)
    assert world.do(casework.refer, sent, to=Role.MEDICAL_DIRECTOR, reason="line") is Role.MEDICAL_DIRECTOR
    after = world.owner(sent)
    assert set(world.handlers(sent)) == {after.membership_id}
    assert (world.open_cases(before), world.open_cases(after)) == (0, 1)
    assert not world.sees(before, sent)


def test_a_referral_to_one_person_finds_that_person(world: World) -> None:
    sent = world.self_report()
    chosen = world.holder(Role.SUPERVISOR, number=1)
    world.do(casework.refer, sent, to=chosen.membership_id, reason="expertise")
    assert world.owner(sent) == chosen


def test_a_referral_finds_a_person_of_another_body_whom_the_organisation_appointed(world: World) -> None:
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    outsider = world.employ(Role.OUTSIDE_REVIEWER, at=body)
    world.lend(Role.OUTSIDE_REVIEWER, outsider)
    sent = world.self_report()
    world.do(casework.refer, sent, to=outsider.membership_id, reason="expertise")
    assert world.owner(sent) == outsider


def test_who_cannot_take_a_case_is_refused_in_the_same_words_for_every_cause(world: World) -> None:
    about = world.doctor()
    sent = world.concern(about=about)
    close = world.employ(Role.SUPERVISOR)
    world.relate(close, RelationKind.REPORTS_TO, about)
    elsewhere = world.organisation(OrganisationType.COMMUNITY_TRUST, name="Elsewhere", cast=False)
    refused = {
        "conflict": close,
        "subject": world.appoint(about, Role.SUPERVISOR),
        "owner already": world.owner(sent),
        "ordinary doctor": world.doctor(),
        "administrator": world.holder(Role.ADMINISTRATOR),
        "auditor": world.holder(Role.AUDITOR),
        "officer": world.holder(Role.DATA_PROTECTION_OFFICER),
        "elsewhere": world.employ(Role.SUPERVISOR, at=elsewhere),
        "adviser": world.holder(Role.ADVISER, at=world.mdo_id),
    }
    words = set()
    for who in refused.values():
        with pytest.raises(NotAvailable) as answer:
            world.do(casework.refer, sent, to=who.membership_id, reason="line")
        words.add(str(answer.value))
    with pytest.raises(NotAvailable) as answer:
        world.do(casework.refer, sent, to=uuid4(), reason="line")
    assert words | {str(answer.value)} == {"not available"}


@pytest.mark.parametrize(
    "role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.MEMBER, Role.CUSTODIAN, Role.SIRO, Role.ADVISER]
)
def test_no_case_is_passed_to_a_role_that_handles_none(world: World, role: Role) -> None:
    sent = world.self_report()
    with pytest.raises(NotAvailable):
        world.do(casework.refer, sent, to=role, reason="other")


def test_advice_is_passed_among_advisers_only(world: World) -> None:
    sent = world.advice()
    before = world.owner(sent)
    with pytest.raises(NotAvailable):
        world.do(casework.refer, sent, to=Role.ADMINISTRATOR, reason="other")
    world.do(casework.refer, sent, to=Role.ADVISER, reason="absence")
    assert world.owner(sent).role is Role.ADVISER
    assert world.owner(sent) != before


def test_an_unresolved_concern_goes_to_nobody_who_could_be_the_person(world: World) -> None:
    sent = world.concern()
    for role in (Role.CLINICAL_LEAD, Role.MEDICAL_DIRECTOR, Role.RESPONSIBLE_OFFICER, Role.CHAIR):
        with pytest.raises(NotAvailable):
            world.do(casework.refer, sent, to=role, reason="line")
    world.do(casework.refer, sent, to=Role.BOARD_LEAD, reason="speakup")
    assert world.owner(sent).role is Role.BOARD_LEAD
    with pytest.raises(NobodyEligible):
        world.do(casework.escalate, sent, reason="nobody from outside is appointed", knows="no")


# ---- escalating


def test_an_escalation_changes_the_owner_and_keeps_the_handler(world: World) -> None:
    sent = world.self_report()
    before = world.owner(sent)
    world.do(casework.escalate, sent, reason="It needs weight", knows="yes")
    assert world.owner(sent).role is Role.RESPONSIBLE_OFFICER
    assert set(world.handlers(sent)) == {before.membership_id, world.owner(sent).membership_id}
    assert world.case(sent).state == "awaiting_triage"
    assert world.sees(before, sent)


def test_nobody_is_twice_a_handler_of_one_case(world: World) -> None:
    sent = world.concern(about=world.doctor(), **CRITICAL)
    officer = world.holder(Role.RESPONSIBLE_OFFICER)
    assert world.handlers(sent)[officer.membership_id] is Role.RESPONSIBLE_OFFICER
    world.do(casework.escalate, sent, reason="It needs weight", knows="yes")
    assert world.owner(sent) == officer
    assert len(world.handlers(sent)) == 2
    assert world.open_cases(officer) == 1


def test_who_knew_of_a_case_and_now_owns_it_is_told(world: World) -> None:
    sent = world.concern(about=world.doctor(), **CRITICAL)
    officer = world.holder(Role.RESPONSIBLE_OFFICER)
    mails = select(Mail).where(Mail.membership_id == officer.membership_id)
    with world.app.app_context():
        assert len(reader().scalars(mails).all()) == 1
    world.do(casework.escalate, sent, reason="It needs weight", knows="yes")
    with world.app.app_context():
        assert len(reader().scalars(mails).all()) == 2


def test_who_stood_in_for_an_officer_and_now_owns_the_case_goes_on_as_its_handler(world: World) -> None:
    risk_owner, chief = world.holder(Role.SIRO), world.holder(Role.CHIEF_EXECUTIVE)
    sent = world.self_report(by=world.appoint(risk_owner, Role.MEMBER), **PATIENT)
    world.clock.advance(hours=49)
    with world.app.app_context():
        deadlines.sweep(now=world.clock())
    assert world.handlers(sent)[chief.membership_id] is Role.SIRO
    world.do(casework.refer, sent, to=Role.CHIEF_EXECUTIVE, reason="line")
    assert world.handlers(sent)[chief.membership_id] is Role.CHIEF_EXECUTIVE
    assert world.open_cases(chief) == 1
    world.do(casework.note, sent, by=chief, text="Mine now")


# ---- stepping back


def test_an_owner_who_steps_back_hands_over_at_once(world: World) -> None:
    sent = world.self_report()
    before = world.owner(sent)
    world.do(casework.recuse, sent, kind="friend", text="We trained together")
    after = world.owner(sent)
    assert after.role is Role.CLINICAL_LEAD
    assert after != before
    assert set(world.handlers(sent)) == {after.membership_id}
    assert (world.open_cases(before), world.open_cases(after)) == (0, 1)
    assert _acts(world, sent)[-2:] == ["case:recusal:made", "case:owner:changed"]


def test_who_stepped_back_does_not_get_the_case_again(world: World) -> None:
    sent = world.self_report()
    first = world.owner(sent)
    world.do(casework.recuse, sent, kind="friend", text="")
    second = world.owner(sent)
    world.do(casework.recuse, sent, kind="family", text="")
    third = world.owner(sent)
    assert third.role is Role.MEDICAL_DIRECTOR
    for who in (first, second):
        with pytest.raises(NotAvailable):
            world.do(casework.refer, sent, to=who.membership_id, reason="line")


def test_an_officer_who_steps_back_is_followed_by_another_officer(world: World) -> None:
    sent = world.self_report(**PATIENT)
    officer = world.holder(Role.DATA_PROTECTION_OFFICER)
    owner = world.owner(sent)
    world.do(casework.recuse, sent, by=officer, kind="know", text="")
    assert world.owner(sent) == owner
    assert Role.DATA_PROTECTION_OFFICER in world.handlers(sent).values()
    assert officer.membership_id not in world.handlers(sent)


def test_stepping_back_from_a_case_seen_by_remit_takes_nothing_off_the_count(world: World) -> None:
    sent = world.self_report()
    officer = world.holder(Role.RESPONSIBLE_OFFICER)
    world.do(casework.recuse, sent, by=officer, kind="know", text="")
    assert world.open_cases(officer) == 0
    assert not world.sees(officer, sent)
    with world.app.app_context():
        causes = reader().scalars(select(CaseExclusion.cause).where(CaseExclusion.case_id == sent.case_id))
        assert causes.all() == ["recusal:know"]


# ---- whom it is about


def test_an_owner_who_turns_out_to_be_the_person_hands_over_at_once(world: World) -> None:
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    reviewer = world.employ(Role.OUTSIDE_REVIEWER, at=body)
    world.lend(Role.OUTSIDE_REVIEWER, reviewer)
    sent = world.concern(**CRITICAL)
    guardian = world.owner(sent)
    assert guardian.role is Role.GUARDIAN
    world.do(
        casework.resolve_subject, sent, by=reviewer, person_id=guardian.person_id, reason="It is the guardian"
    )
    assert world.owner(sent).role is Role.BOARD_LEAD
    assert guardian.membership_id not in world.handlers(sent)
    assert not world.sees(guardian, sent)
    assert world.open_cases(guardian) == 0
    assert "case:conflict:found" in _acts(world, sent)


def test_whoever_the_table_tells_hears_of_a_concern_once_it_is_known_whom_it_is_about(world: World) -> None:
    facts: dict[str, Any] = {"patient_data": PatientData.YES, "category": "CONF-ID", "harm": "H4"}
    told = {Role.DATA_PROTECTION_OFFICER, Role.RESPONSIBLE_OFFICER}
    for person_id in (world.doctor().person_id, None):
        sent = world.concern(**facts)
        assert not told & set(world.handlers(sent).values())
        world.do(casework.resolve_subject, sent, person_id=person_id, reason="by the rota")
        assert told <= set(world.handlers(sent).values())
        assert tags(world, sent).count("case:officer:told") >= len(told)
        assert world.owner(sent).role is Role.GUARDIAN


def test_an_officer_who_is_the_person_is_not_told_when_that_is_found_out(world: World) -> None:
    officer = world.holder(Role.DATA_PROTECTION_OFFICER)
    sent = world.concern(patient_data=PatientData.YES, category="CONF-ID")
    world.do(casework.resolve_subject, sent, person_id=officer.person_id, reason="by the rota")
    handlers = world.handlers(sent)
    assert officer.membership_id not in handlers
    assert Role.DATA_PROTECTION_OFFICER in handlers.values()


def test_a_case_that_is_passed_on_is_not_escalated_any_more_and_one_that_is_handed_over_still_is(
    world: World,
) -> None:
    sent = world.self_report()
    world.do(casework.escalate, sent, reason="It needs a wider look", knows="no")
    officer = world.owner(sent)
    assert world.case(sent).escalated_to is Role.RESPONSIBLE_OFFICER
    world.do(casework.recuse, sent, kind="know", text="")
    assert world.owner(sent) != officer
    assert world.case(sent).escalated_to is world.owner(sent).role
    world.do(casework.refer, sent, to=Role.CLINICAL_LEAD, reason="line")
    assert world.case(sent).escalated_to is None


def test_nobody_resolves_a_concern_to_themselves_or_to_somebody_from_elsewhere(world: World) -> None:
    sent = world.concern()
    elsewhere = world.holder(Role.ADVISER, at=world.mdo_id)
    for person_id in (world.owner(sent).person_id, elsewhere.person_id, uuid4()):
        with pytest.raises(InvalidInput):
            world.do(casework.resolve_subject, sent, person_id=person_id, reason="a mistake")
    world.do(casework.resolve_subject, sent, person_id=None, reason="nobody of ours")
    assert not world.case(sent).is_subject_unresolved


# ---- counting


def test_a_closed_case_counts_for_nobody_and_a_reopened_one_for_all_again(world: World) -> None:
    sent = world.self_report(**PATIENT)
    world.do(casework.escalate, sent, reason="It needs weight", knows="yes")
    world.triage(sent)
    working = [one for one in world.cast if one.membership_id in world.handlers(sent)]
    assert [world.open_cases(one) for one in working] == [1, 1, 1]
    world.settle(sent)
    world.do(
        casework.close, sent, closing=Closing(outcome=Outcome.ADVICE, text="Settled", is_patient_told=False)
    )
    assert [world.open_cases(one) for one in world.cast] == [0] * len(world.cast)
    world.do(casework.reopen, sent, reason="More came to light")
    assert [world.open_cases(one) for one in working] == [1, 1, 1]


# ---- what was agreed


def test_an_action_is_done_once(world: World) -> None:
    sent = world.self_report()
    world.triage(sent)
    item = _agree(world, sent)
    world.do(casework.complete_action, sent, item_id=item.id, done="We talked")
    _agree_again = partial(casework.complete_action, item_id=item.id, done="Again")
    for wrong in (_agree_again, partial(casework.complete_action, item_id=uuid4(), done="What?")):
        with pytest.raises((NotFound, ActionNotAllowed)):
            world.do(wrong, sent)
    assert _acts(world, sent).count("case:action:completed") == 1


def test_an_action_of_another_case_is_not_there(world: World) -> None:
    one, other = world.self_report(), world.self_report()
    for sent in (one, other):
        world.triage(sent)
    item = _agree(world, one)
    _agree(world, other)
    with pytest.raises(NotFound):
        world.do(casework.complete_action, other, item_id=item.id, done="Elsewhere")


def test_nothing_is_agreed_for_the_past(world: World) -> None:
    sent = world.self_report()
    world.triage(sent)
    today = Item(what="Talk", who="Reporter", due_on=world.clock().date())
    for items in ([], [today]):
        with pytest.raises(InvalidInput):
            world.do(casework.agree_actions, sent, items=items)


# ---- why somebody has it


def test_every_choice_of_a_person_is_kept_with_its_reasons_and_sealed(world: World) -> None:
    sent = world.self_report(**PATIENT)
    world.do(casework.refer, sent, to=Role.MEDICAL_DIRECTOR, reason="line")
    world.do(casework.escalate, sent, reason="It needs weight", knows="yes")
    world.do(casework.recuse, sent, kind="friend", text="")
    with world.app.app_context():
        session = reader()
        rows = session.scalars(select(RoutingDecision).where(RoutingDecision.case_id == sent.case_id)).all()
        key = case_key(session, sent.case_id, organisation_id=sent.organisation_id)
        case = world.case(sent)
        opened = [
            json.loads(
                open_sealed(
                    key,
                    row.explanation_sealed,
                    context=sealed_at(case, table="routing_decision", column="explanation", row=row.id),
                )
            )
            for row in rows
        ]
    asked = sorted(one["asked"] for one in opened)
    assert asked == sorted(
        ["clinical_lead", "data_protection_officer", "medical_director", *["responsible_officer"] * 2]
    )
    assert all(one["considered"] and one["chosen"] for one in opened)
