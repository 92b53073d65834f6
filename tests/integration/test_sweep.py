"""What the clock does by itself: breaches, escalation, waits that end; each exactly once."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.database import reader, transaction
from app.domain.errors import StaleCase
from app.domain.plan import Changes
from app.domain.vocabulary import OrganisationType, PatientData, Post, Role
from app.domain.workflow import ClockState
from app.models.case import CaseHandler
from app.models.deadline import Deadline
from app.models.ledger import AuditEntry
from app.models.mail import Mail, MailKind
from app.services import casework, deadlines, reporting
from app.services import changes as changes_door
from app.services.submitting import Sent
from tests.factories import World
from tests.integration.handling import entries

PATIENT: dict[str, Any] = {"patient_data": PatientData.YES, "identifiability": "I2", "category": "CONF-AGG"}


def _row(world: World, sent: Sent, clock: str, rung: int = 0) -> Deadline:
    with world.app.app_context():
        return (
            reader()
            .scalars(
                select(Deadline).where(
                    Deadline.case_id == sent.case_id, Deadline.clock == clock, Deadline.rung == rung
                )
            )
            .one()
        )


def _tags(world: World, sent: Sent) -> list[str]:
    with world.app.app_context():
        return list(
            reader().scalars(
                select(AuditEntry.action)
                .where(AuditEntry.case_id == sent.case_id)
                .order_by(AuditEntry.case_seq)
            )
        )


def _sweep(world: World, *, after: timedelta = timedelta()) -> deadlines.Swept:
    world.clock.move_to(world.clock() + after)
    with world.app.app_context():
        return deadlines.sweep(now=world.clock())


def test_nothing_happens_before_anything_is_due(world: World) -> None:
    world.self_report()
    assert _sweep(world).fired == 0


def test_a_missed_triage_is_frozen_and_goes_to_the_responsible_officer_a_working_day_later(
    world: World,
) -> None:
    sent = world.self_report(harm="H2")
    due = _row(world, sent, "TRIAGE").due_at
    world.clock.move_to(due + timedelta(minutes=1))
    assert _sweep(world).missed >= 1
    assert _row(world, sent, "TRIAGE").state is ClockState.MISSED
    assert world.case(sent).owner_role is Role.CLINICAL_LEAD

    world.clock.move_to(_row(world, sent, "TRIAGE", rung=2).due_at)
    assert _sweep(world).escalated == 1
    case = world.case(sent)
    assert case.owner_role is Role.RESPONSIBLE_OFFICER
    assert case.escalated_to is Role.RESPONSIBLE_OFFICER
    assert _row(world, sent, "TRIAGE").state is ClockState.MISSED
    assert _tags(world, sent).count("case:escalation:made") == 1


def test_a_second_sweep_at_the_same_instant_does_nothing(world: World) -> None:
    sent = world.self_report()
    world.clock.move_to(_row(world, sent, "ACK").due_at)
    first = _sweep(world)
    before = _tags(world, sent)
    assert first.fired > 0
    assert _sweep(world).fired == 0
    assert _tags(world, sent) == before


def test_after_downtime_everything_is_caught_up_in_order(world: World) -> None:
    sent = world.self_report(harm="H2")
    swept = _sweep(world, after=timedelta(days=40))
    assert swept.escalated == 1
    missed = [tag for tag in _tags(world, sent) if tag == "case:deadline:missed"]
    assert len(missed) == 3  # acknowledge, triage, first feedback
    assert world.case(sent).owner_role is Role.RESPONSIBLE_OFFICER


def test_an_unanswered_question_stops_holding_the_review_after_ten_working_days(world: World) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.triage(sent)
    before = _row(world, sent, "FB20")
    with world.app.app_context():
        reporting.set_contact(sent.case_id, address="me@example.org", act=world.act(doctor))
    world.do(casework.request_information, sent, question="Was it you?", why="")
    assert world.case(sent).state == "awaiting_reporter"
    assert before.state is ClockState.ARMED
    with world.app.app_context(), transaction() as session:
        session.execute(delete(Mail))
    _sweep(world, after=timedelta(days=16))
    assert world.case(sent).state == "in_review"
    assert _tags(world, sent).count("case:wait:ended") == 1
    with world.app.app_context():
        assert MailKind.NEWS in set(reader().scalars(select(Mail.kind).where(Mail.case_id == sent.case_id)))


def test_the_officer_who_owes_a_step_is_told_that_it_is_late_and_the_trail_says_so(world: World) -> None:
    sent = world.self_report(**PATIENT)
    officer = next(
        one.membership_id
        for one in world.cast
        if world.handlers(sent).get(one.membership_id) is Role.DATA_PROTECTION_OFFICER
    )
    with world.app.app_context():
        before = _mails_to(officer)
    _sweep(world, after=timedelta(hours=2, minutes=1))
    with world.app.app_context():
        assert _mails_to(officer) == before + 1
    missed = next(one for one in entries(world, sent) if one.tag == "case:deadline:missed")
    assert missed.detail["clock"] == "DPO"
    assert (missed.detail["told"], missed.detail["also_told"]) == ("clinical_lead", "data_protection_officer")


def _mails_to(membership_id: UUID) -> int:
    query = select(func.count()).select_from(Mail).where(Mail.membership_id == membership_id)
    return reader().scalar(query) or 0


def test_a_decision_that_is_not_made_in_two_days_is_told_to_the_risk_owner(world: World) -> None:
    sent = world.self_report(patient_data=PatientData.YES, identifiability="I2", category="CONF-AGG")
    _sweep(world, after=timedelta(hours=48, minutes=1))
    with world.app.app_context():
        told = set(reader().scalars(select(CaseHandler.capacity).where(CaseHandler.case_id == sent.case_id)))
    assert {Role.SIRO, Role.CALDICOTT_GUARDIAN} <= told


def test_one_case_that_cannot_be_carried_out_is_set_aside_and_the_rest_go_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = world.self_report(), world.self_report()
    with world.app.app_context(), transaction() as session:
        session.execute(
            update(Deadline)
            .where(Deadline.case_id == broken.case_id, Deadline.clock == "ACK")
            .values(limit="nonsense")
        )
    world.clock.move_to(_row(world, sound, "ACK").due_at)
    swept = _sweep(world)
    assert swept.set_aside >= 1
    assert _row(world, sound, "ACK").state is ClockState.MISSED
    assert "set_aside" in caplog.text
    assert _sweep(world).set_aside == 0


def test_a_case_that_somebody_works_on_just_now_is_left_for_the_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, free = world.self_report(), world.self_report()
    world.clock.move_to(_row(world, free, "ACK").due_at)
    write = changes_door.write

    def refuse(session: Session, changes: Sequence[Changes], **rest: Any) -> None:
        if any(one.before.case_id == busy.case_id for one in changes):
            raise StaleCase("somebody else was faster")
        write(session, changes, **rest)

    with monkeypatch.context() as patched:
        patched.setattr(deadlines, "write", refuse)
        swept = _sweep(world)
    assert (swept.missed, swept.set_aside) == (1, 0)
    assert _row(world, busy, "ACK").state is ClockState.ARMED
    assert _sweep(world).missed == 1
    assert _row(world, busy, "ACK").state is ClockState.MISSED


def test_two_workers_at_once_carry_out_everything_once(world: World) -> None:
    sent = [world.self_report(**PATIENT, by=world.doctor()) for _ in range(8)]
    world.clock.advance(days=40)
    now = world.clock()
    answers = world.together([partial(deadlines.sweep, now=now)] * 3)
    swept = [one for one in answers if isinstance(one, deadlines.Swept)]
    assert len(swept) == 3
    # A worker that lost a race leaves the rest for its next tick.
    again = _sweep(world)
    assert sum(one.set_aside for one in (*swept, again)) == 0
    assert sum(one.escalated for one in (*swept, again)) == len(sent)
    for one in sent:
        tags = _tags(world, one)
        assert tags.count("case:escalation:made") == 1
        assert tags.count("case:deadline:missed") == 7  # all but the outcome, three months off
        assert Counter(world.handlers(one).values())[Role.SIRO] == 1
    assert world.open_cases(world.holder(Role.RESPONSIBLE_OFFICER)) == len(sent)
    assert world.open_cases(world.holder(Role.SIRO)) == len(sent)


def test_a_sweep_and_people_at_once_lose_nothing(world: World) -> None:
    sent = [world.self_report(by=world.doctor()) for _ in range(6)]
    world.clock.move_to(_row(world, sent[0], "ACK").due_at)
    now = world.clock()
    notes: list[Callable[[], Any]] = [
        partial(casework.note, one.case_id, 1, text="While the clock runs", act=world.act(world.owner(one)))
        for one in sent
    ]
    sweeps: list[Callable[[], Any]] = [partial(deadlines.sweep, now=now)] * 2
    answers = world.together([*notes, *sweeps])
    assert {type(one) for one in answers[:-2]} <= {type(None), StaleCase}
    _sweep(world)
    for one, answer in zip(sent, answers, strict=False):
        assert _row(world, one, "ACK").state is ClockState.MISSED
        assert _tags(world, one).count("case:note:added") == (answer is None)
        assert _tags(world, one).count("case:deadline:missed") == 1


def test_what_was_seen_to_in_the_meantime_does_not_fire(world: World) -> None:
    sent = world.self_report()
    row = _row(world, sent, "ACK")
    world.clock.move_to(row.due_at)
    world.do(casework.acknowledge, sent, text="Just in time")
    before = _tags(world, sent)
    with world.app.app_context():
        assert deadlines._alone(deadlines.Due(row.id, sent.case_id), world.clock()) == []
    assert _tags(world, sent) == before


def test_a_breach_is_frozen_also_where_nobody_beside_can_be_told(world: World) -> None:
    """A practice without a risk owner, a chief executive or anybody who stands in for them."""
    practice = world.organisation(OrganisationType.GP_PRACTICE, name="A small practice", cast=False)
    partner = world.employ(Role.CLINICAL_LEAD, at=practice, post=Post.GP_PARTNER)
    doctor = world.employ(Role.MEMBER, at=practice, post=Post.GP_SALARIED)
    sent = world.self_report(by=doctor, workplace=str(practice), **PATIENT)
    world.clock.advance(hours=49)
    with world.app.app_context():
        deadlines.sweep(now=world.clock())
    assert _row(world, sent, "SIRO").state is ClockState.MISSED
    assert set(world.handlers(sent)) == {partner.membership_id}


def test_a_rung_passes_over_whoever_owns_the_case_already(world: World) -> None:
    """A concern about a partner starts with the responsible officer: the rung finds somebody else."""
    about = world.doctor(post=Post.GP_PARTNER)
    sent = world.concern(about=about, harm="H2")
    assert world.owner(sent).role is Role.RESPONSIBLE_OFFICER
    world.clock.move_to(_row(world, sent, "TRIAGE", rung=2).due_at)
    assert _sweep(world).escalated == 1
    assert world.owner(sent).role is Role.CHIEF_EXECUTIVE


def test_nobody_new_hears_of_an_unresolved_concern_when_a_date_passes(world: World) -> None:
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    reviewer = world.employ(Role.OUTSIDE_REVIEWER, at=body)
    world.lend(Role.OUTSIDE_REVIEWER, reviewer)
    sent = world.concern(**PATIENT)
    _sweep(world, after=timedelta(days=40))
    assert set(world.handlers(sent).values()) == {Role.GUARDIAN, Role.OUTSIDE_REVIEWER}
    assert world.owner(sent) == reviewer


def test_the_lateness_is_that_of_the_oldest_row_that_waits(world: World) -> None:
    sent = world.self_report()
    due = _row(world, sent, "ACK").due_at
    with world.app.app_context():
        assert deadlines.lateness(now=due - timedelta(hours=1)) == timedelta()
        assert deadlines.lateness(now=due + timedelta(hours=1)) == timedelta(hours=1)


def test_each_breach_queues_one_mail_to_the_owner(world: World) -> None:
    sent = world.self_report()
    world.clock.move_to(_row(world, sent, "ACK").due_at)
    with world.app.app_context():
        before = reader().scalar(select(func.count()).select_from(Mail))
    swept = _sweep(world)
    with world.app.app_context():
        after = reader().scalar(select(func.count()).select_from(Mail))
    assert (after or 0) - (before or 0) == swept.missed


def test_an_instant_with_another_offset_is_the_same_instant(world: World, app: Flask) -> None:
    del app
    sent = world.self_report()
    assert _row(world, sent, "ACK").due_at.tzinfo is UTC
    assert _row(world, sent, "ACK").due_at > datetime(2026, 4, 7, tzinfo=UTC)


def test_a_member_who_told_the_mdo_alone_of_patient_information_is_reminded_a_day_later(world: World) -> None:
    member = world.doctor()
    sent = world.advice(by=member, **PATIENT)
    act = world.act(member)
    with world.app.app_context():
        reporting.set_contact(sent.case_id, address="me@example.net", act=act)
    before = world.case(sent)
    assert before.next_clock == "MDO-REPLY"
    assert _sweep(world, after=timedelta(hours=24, minutes=-1)).fired == 0
    assert _sweep(world, after=timedelta(minutes=1)).reminded == 1
    assert _row(world, sent, "REMIND").state is ClockState.MET
    assert "advice:reminder:sent" in _tags(world, sent)
    with world.app.app_context():
        mails = reader().scalars(select(Mail.kind).where(Mail.case_id == sent.case_id)).all()
    assert mails.count(MailKind.NEWS) == 1
    assert (world.case(sent).state, world.case(sent).next_clock) == (before.state, "MDO-REPLY")


@pytest.mark.parametrize("facts", [{}, PATIENT | {"tells_employer": True}])
def test_nobody_else_is_reminded(world: World, facts: dict[str, Any]) -> None:
    sent = world.advice(**facts)
    assert _sweep(world, after=timedelta(hours=25)).reminded == 0
    assert "advice:reminder:sent" not in _tags(world, sent)
