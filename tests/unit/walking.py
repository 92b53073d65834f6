"""Cases without a database: a snapshot as it stands after sending, and what may happen to it next."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain.calendars import DEFAULT_WINDOW
from app.domain.plan import (
    Changes,
    Clockwork,
    Wish,
    armed_at_opening,
    is_live,
    plan,
    plan_fired,
    plan_missed,
    plan_people,
)
from app.domain.vocabulary import (
    Duty,
    Kind,
    Nation,
    PatientData,
    ReporterIdentity,
    Role,
    Severity,
)
from app.domain.workflow import (
    Action,
    Clock,
    ClockRow,
    ClockState,
    Condition,
    Definition,
    Occurrence,
    RungAct,
    Snapshot,
    allowed,
    left_to_do,
    outcomes_of,
)
from app.services.calendars import load_calendars
from app.services.definitions import definition_from, shipped_sources

SENT = datetime(2026, 4, 7, 8, 0, tzinfo=UTC)
SHIPPED = {one.kind: one for one in map(definition_from, shipped_sources())}
CLOCKWORK = Clockwork(
    calendar=load_calendars().current(Nation.ENGLAND, on=date(2026, 4, 7)), window=DEFAULT_WINDOW
)
OWNERS = {Kind.SELF_REPORT: Role.CLINICAL_LEAD, Kind.CONCERN: Role.GUARDIAN, Kind.ADVICE: Role.ADVISER}


def snapshot(kind: Kind = Kind.SELF_REPORT, **facts: object) -> Snapshot:
    """A case at the moment of sending, without its clocks."""
    plain: dict[str, Any] = {
        "case_id": UUID(int=1),
        "organisation_id": UUID(int=2),
        "kind": kind,
        "version": 1,
        "state": SHIPPED[kind].start,
        "severity": Severity.MEDIUM,
        "category": "TRU-TONE",
        "duty": Duty.NONE,
        "patient_data": PatientData.NO,
        "identity": ReporterIdentity.OPEN,
        "owner_role": OWNERS[kind],
        "owner_membership_id": UUID(int=3),
        "opened_at": SENT,
    }
    return Snapshot(**(plain | facts))


def opened(kind: Kind = Kind.SELF_REPORT, **facts: object) -> Snapshot:
    """A case at the moment of sending, its clocks running."""
    fresh = snapshot(kind, **facts)
    rows = armed_at_opening(
        SHIPPED[kind],
        fresh,
        clockwork=CLOCKWORK,
        realised_at=None,
        wanted=lambda clock: _is_wanted(clock, fresh),
    )
    return replace(fresh, clocks=rows)


def _is_wanted(clock: Clock, fresh: Snapshot) -> bool:
    if clock.armed_when is Condition.NEVER_AT_OPENING:
        return False
    if clock.armed_when is Condition.PATIENT_DATA_KEPT_FROM_EMPLOYER:
        return fresh.patient_data is not PatientData.NO
    if clock.armed_when is Condition.WORKS_TOGETHER:
        return fresh.kind is Kind.CONCERN
    return clock.armed_when is Condition.ALWAYS or fresh.patient_data is not PatientData.NO


def act(
    before: Snapshot, occurrence: Occurrence, *, now: datetime = SENT, wish: Wish | None = None
) -> Changes:
    """What an act changes, on the definition that is shipped."""
    return plan(SHIPPED[before.kind], before, occurrence, now=now, clockwork=CLOCKWORK, wish=wish or Wish())


def by(role: Role, action: Action, **facts: object) -> Occurrence:
    """An act of a handler."""
    return Occurrence(action=action, capacity=role, **facts)  # type: ignore[arg-type]


def by_reporter(action: Action) -> Occurrence:
    """An act of the reporter."""
    return Occurrence(action=action, is_reporter=True)


def possible(before: Snapshot) -> list[Occurrence]:
    """Everything that somebody could do now, with one sensible choice of facts each."""
    actors = [
        Occurrence(action=Action.OPEN, is_reporter=True),
        Occurrence(action=Action.OPEN),
        *(by(role, Action.OPEN) for role in (OWNERS[before.kind], Role.DATA_PROTECTION_OFFICER)),
    ]
    definition = SHIPPED[before.kind]
    return [
        replace(actor, action=transition.action, **choice)
        for actor in actors
        for transition in allowed(definition, before, actor)
        for choice in _choices(transition.action, before)
    ]


def _choices(action: Action, before: Snapshot) -> Iterator[dict[str, Any]]:
    match action:
        case Action.TRIAGE:
            yield from ({"severity": one, "reason": "because"} for one in Severity)
        case Action.CLOSE:
            outcomes = () if left_to_do(before) else outcomes_of(before.kind)
            settled = {"are_actions_kept": True, "is_patient_told": True}
            yield from ({"outcome": outcome, **settled} for outcome in outcomes)
        case Action.DECIDE_PATIENT_DATA:
            yield {"patient_data": PatientData.NO}
            yield {"patient_data": PatientData.YES}
            yield {"patient_data": PatientData.YES, "is_risk_unlikely": True}
        case Action.RECORD_EXTERNAL_NOTICE:
            yield {"is_regulator": True}
            yield {"is_regulator": False}
        case _:
            yield {}


def stored(changes: Changes, occurrence: Occurrence) -> Snapshot:
    """The case as it would be loaded after writing, with the actions that were agreed or done."""
    agreed = occurrence.action is Action.AGREE_ACTIONS
    done = occurrence.action is Action.COMPLETE_ACTION
    after = changes.after
    return replace(after, version=after.version + 1, open_actions=after.open_actions + agreed - done)


def swept(before: Snapshot, now: datetime) -> Snapshot:
    """The case after the clock carried out all that fell due by now."""
    definition = SHIPPED[before.kind]
    while row := _oldest_due(before, now):
        before = _fired(definition, before, row, now)
    return before


def _oldest_due(before: Snapshot, now: datetime) -> ClockRow | None:
    due = [row for row in before.clocks if row.state is ClockState.ARMED and row.fire_at <= now]
    return min(due, key=lambda row: row.fire_at, default=None)


def _fired(definition: Definition, before: Snapshot, row: ClockRow, now: datetime) -> Snapshot:
    clock = definition.clocks[row.clock]
    if row.rung:
        return rung_fired(definition, before, row, now)
    if clock.fires:
        return act(before, Occurrence(action=clock.fires), now=now).after
    return plan_missed(definition, before, row, wish=Wish(), clockwork=CLOCKWORK).after


def rung_fired(definition: Definition, before: Snapshot, row: ClockRow, now: datetime) -> Snapshot:
    """The case after a rung: handed over, or only told of."""
    rung = next(one for one in definition.clocks[row.clock].ladder if one.number == row.rung)
    if rung.does is RungAct.TAKE:
        changes = act(before, Occurrence(action=Action.ESCALATE), now=now)
    else:
        changes = plan_people(definition, before, wish=Wish())
    return plan_fired(changes, row, clockwork=CLOCKWORK).after


def live(before: Snapshot) -> list[ClockRow]:
    """The clocks and rungs that still wait for something."""
    return [row for row in before.clocks if is_live(row)]


def later(now: datetime, *, hours: int) -> datetime:
    """Some hours on."""
    return now + timedelta(hours=hours)
