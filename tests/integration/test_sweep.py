"""What the clock does by itself: breaches, escalation, waits that end; each exactly once."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.database import reader, transaction
from app.domain.vocabulary import PatientData, Role
from app.domain.workflow import ClockState
from app.models.case import CaseHandler
from app.models.deadline import Deadline
from app.models.ledger import AuditEntry
from app.models.mail import Mail
from app.services import casework, deadlines
from app.services.submitting import Sent
from tests.factories import World


def _row(world: World, sent: Sent, clock: str, rung: int = 0) -> Deadline:
    with world.app.app_context():
        return reader().scalars(
            select(Deadline).where(
                Deadline.case_id == sent.case_id, Deadline.clock == clock, Deadline.rung == rung
            )
        ).one()


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
    sent = world.self_report()
    world.triage(sent)
    case = world.case(sent)
    before = _row(world, sent, "FB20")
    with world.app.app_context():
        casework.request_information(
            case.id, case.version, question="Was it you?", why="", act=world.act(world.owner(sent))
        )
    assert world.case(sent).state == "awaiting_reporter"
    assert before.state is ClockState.ARMED
    _sweep(world, after=timedelta(days=16))
    assert world.case(sent).state == "in_review"


def test_a_decision_that_is_not_made_in_two_days_is_told_to_the_risk_owner(world: World) -> None:
    sent = world.self_report(patient_data=PatientData.YES, identifiability="I2", category="CONF-AGG")
    _sweep(world, after=timedelta(hours=48, minutes=1))
    with world.app.app_context():
        told = set(
            reader().scalars(select(CaseHandler.capacity).where(CaseHandler.case_id == sent.case_id))
        )
    assert {Role.SIRO, Role.CALDICOTT_GUARDIAN} <= told


def test_one_case_that_cannot_be_carried_out_is_set_aside_and_the_rest_go_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = world.self_report(), world.self_report()
    with world.app.app_context(), transaction() as session:
        session.execute(
            update(Deadline).where(Deadline.case_id == broken.case_id).values(clock="NO-SUCH-CLOCK")
            if False
            else update(Deadline)
            .where(Deadline.case_id == broken.case_id, Deadline.clock == "ACK")
            .values(limit="nonsense")
        )
    world.clock.move_to(_row(world, sound, "ACK").due_at)
    swept = _sweep(world)
    assert swept.set_aside >= 1
    assert _row(world, sound, "ACK").state is ClockState.MISSED
    assert "set_aside" in caplog.text


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
