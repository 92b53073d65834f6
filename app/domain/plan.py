"""From an action to everything it changes: decided purely here, written in one place elsewhere."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from app.domain.calendars import Calendar, Window
from app.domain.deadlines import Limit, Pause, before, due
from app.domain.events import (
    CLOCK,
    DeadlineArmed,
    DeadlineMet,
    DeadlineMoved,
    DeadlinePaused,
    Event,
    IcoStarted,
)
from app.domain.routing import Routed
from app.domain.vocabulary import MessageKind, Role, Severity
from app.domain.workflow import (
    RUNNING,
    Clock,
    ClockEffect,
    ClockRow,
    ClockState,
    Definition,
    Effect,
    Occurrence,
    PauseRow,
    Rung,
    Snapshot,
    Stepped,
    step,
)

# The clock of the data protection regulator, whose start is news of its own.
REGULATOR = "ICO"
# The version of the calendar beside changes that start no clock.
NO_NEW_CLOCKS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clockwork:
    """Whose days count: the calendar with closures, and the working window, of the body that owes the step."""

    calendar: Calendar
    window: Window

    def due(self, start: datetime, limit: Limit, pauses: Iterable[Pause] = ()) -> datetime:
        """When a limit falls due (aware UTC)."""
        return due(start, limit, calendar=self.calendar, window=self.window, pauses=tuple(pauses))

    def rung_at(self, rung: Rung, due_at: datetime, severity: Severity) -> datetime:
        """When a rung fires (aware UTC) whose limit falls due at ``due_at``."""
        if rung.offset is None:
            return due_at
        if rung.is_before:
            return before(due_at, rung.offset[severity], calendar=self.calendar, window=self.window)
        return self.due(due_at, rung.offset[severity])


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Somebody who takes up a case in one capacity; ``is_outside``: they belong to another organisation."""

    membership_id: UUID
    person_id: UUID
    capacity: Role
    is_owner: bool = False
    is_outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words to be sealed into the case, and what they are for."""

    kind: MessageKind
    body: str = field(repr=False)
    author_role: Role
    author_membership_id: UUID | None = None
    is_for_officer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something agreed to be done: what, by whom, by which day."""

    what: str = field(repr=False)
    who: str = field(repr=False)
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An agreed action that was done, with what was done."""

    item_id: UUID
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an act brings along beside the action itself: people, words, things to do, further facts."""

    events: tuple[Event, ...] = ()
    texts: tuple[Text, ...] = ()
    items: tuple[Item, ...] = ()
    done: tuple[Done, ...] = ()
    joining: tuple[Assigned, ...] = ()
    leaving: tuple[UUID, ...] = ()
    exclusions: tuple[tuple[bytes, str], ...] = ()
    subject_tokens: tuple[bytes, ...] = ()
    routed: tuple[Routed, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    tells: frozenset[UUID] = frozenset()
    tells_owner: bool = False
    tells_reporter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything one act changes in one case; ``services.changes.write`` carries it out whole or not at all."""

    definition: Definition
    before: Snapshot
    after: Snapshot
    values: Mapping[str, Any]
    events: tuple[Event, ...]
    wish: Wish
    calendar_version: int = NO_NEW_CLOCKS


def plan(
    definition: Definition,
    snapshot: Snapshot,
    occurrence: Occurrence,
    *,
    now: datetime,
    clockwork: Clockwork,
    wish: Wish,
) -> Changes:
    """What the action changes. Raises ActionNotAllowed or InvalidInput."""
    stepped = step(definition, snapshot, occurrence, now)
    after, clock_events = _with_clocks(definition, stepped, now=now, clockwork=clockwork)
    after = _with_owner(after, wish)
    return Changes(
        definition=definition,
        calendar_version=clockwork.calendar.version,
        before=snapshot,
        after=after,
        values={**case_values(definition, after), **wish.values},
        events=(*wish.events, *clock_events),
        wish=wish,
    )


def case_values(definition: Definition, after: Snapshot) -> dict[str, Any]:
    """The columns of a case that follow from its snapshot."""
    soonest = next_due(after)
    return {
        "state": after.state,
        "severity": after.severity,
        "category": after.category,
        "patient_data": after.patient_data,
        "is_subject_unresolved": after.is_subject_unresolved,
        "is_patient_told": after.is_patient_told,
        "owner_role": after.owner_role,
        "owner_membership_id": after.owner_membership_id,
        "triaged_at": after.triaged_at,
        "closed_at": after.closed_at,
        "next_due_at": soonest.due_at if soonest else None,
        "next_clock": soonest.clock if soonest else "",
        "definition_hash": definition.hash,
    }


def next_due(snapshot: Snapshot) -> ClockRow | None:
    """The running clock that falls or fell due first."""
    waiting = [row for row in snapshot.clocks if row.is_due_next]
    return min(waiting, key=lambda row: (row.due_at, row.clock), default=None)


def armed_at_opening(
    definition: Definition,
    snapshot: Snapshot,
    *,
    clockwork: Clockwork,
    realised_at: datetime | None,
    wanted: Callable[[Clock], bool],
) -> tuple[ClockRow, ...]:
    """The clocks that run from the moment a report is sent, with the rungs of their ladders."""
    rows: list[ClockRow] = []
    for clock in definition.clocks.values():
        if wanted(clock) and snapshot.category not in clock.not_for:
            start = realised_at if clock.counts_from_realised and realised_at else snapshot.opened_at
            rows += _started(clock, snapshot, start=start, clockwork=clockwork)
    return tuple(_capped(rows, definition))


def _capped(rows: list[ClockRow], definition: Definition) -> Iterable[ClockRow]:
    """A clock that may not fall due after another takes over that one's earlier time."""
    due_at = {row.clock: row.due_at for row in rows if row.rung == 0}
    for row in rows:
        cap = due_at.get(definition.clocks[row.clock].not_later_than) if row.rung == 0 else None
        earlier = cap is not None and cap < row.due_at
        yield replace(row, due_at=cap, fire_at=cap) if earlier and cap else row


def _started(clock: Clock, snapshot: Snapshot, *, start: datetime, clockwork: Clockwork) -> list[ClockRow]:
    limit = clock.limits[snapshot.severity]
    row = ClockRow(
        id=uuid4(),
        clock=clock.code,
        generation=snapshot.generation(clock.code) + 1,
        rung=0,
        state=ClockState.ARMED,
        limit=limit,
        owed_by=clock.owed_by or snapshot.owner_role,
        started_at=start,
        due_at=(due_at := clockwork.due(start, limit)),
        fire_at=due_at,
    )
    return [row, *_reminder(clock, row, snapshot.severity, clockwork, past=start)]


def _reminder(
    clock: Clock, limit: ClockRow, severity: Severity, clockwork: Clockwork, *, past: datetime
) -> list[ClockRow]:
    """The next rung before a limit falls due that lies after an instant; one whose time has gone is left out."""
    for rung in clock.ladder:
        if rung.is_before and (at := clockwork.rung_at(rung, limit.due_at, severity)) > past:
            return [_rung_row(limit, rung, severity, at)]
    return []


def _higher(
    clock: Clock, limit: ClockRow, number: int, severity: Severity, clockwork: Clockwork
) -> list[ClockRow]:
    """The rung above that number, counted from when the limit fell due; none above the highest."""
    rung = next((one for one in clock.ladder if not one.is_before and one.number > number), None)
    if rung is None:
        return []
    return [_rung_row(limit, rung, severity, clockwork.rung_at(rung, limit.due_at, severity))]


def _rung_row(limit: ClockRow, rung: Rung, severity: Severity, at: datetime) -> ClockRow:
    return replace(
        limit,
        id=uuid4(),
        rung=rung.number,
        state=ClockState.ARMED,
        limit=rung.offset[severity] if rung.offset else limit.limit,
        started_at=limit.due_at,
        due_at=at,
        fire_at=at,
        ended_at=None,
    )


def _with_clocks(
    definition: Definition, stepped: Stepped, *, now: datetime, clockwork: Clockwork
) -> tuple[Snapshot, tuple[Event, ...]]:
    """The snapshot after every effect on the clocks, and what happened to them."""
    snapshot = stepped.snapshot
    events: list[Event] = []
    for one in stepped.effects:
        snapshot, event = EFFECTS[one.effect](
            snapshot, one, definition=definition, now=now, clockwork=clockwork
        )
        events += event
    return snapshot, tuple(events)


def _replace_rows(snapshot: Snapshot, code: str, change: Callable[[ClockRow], ClockRow]) -> Snapshot:
    """The snapshot with every live row of a clock, its rungs too, changed."""
    return replace(
        snapshot,
        clocks=tuple(change(row) if row.clock == code and is_live(row) else row for row in snapshot.clocks),
    )


def is_live(row: ClockRow) -> bool:
    """Whether a row still waits for something: a running limit, or a rung that may yet fire."""
    return row.ended_at is None and row.state in RUNNING


def _ended(row: ClockRow, state: ClockState, now: datetime) -> ClockRow:
    """A breach stays a breach; a rung that never fired is cancelled."""
    if row.state is ClockState.MISSED:
        return replace(row, ended_at=now)
    return replace(row, state=state if row.rung == 0 else ClockState.CANCELLED, ended_at=now)


def _closed_pause(snapshot: Snapshot, code: str, now: datetime) -> Snapshot:
    return replace(
        snapshot,
        pauses=tuple(
            replace(one, ended_at=now) if one.clock == code and one.ended_at is None else one
            for one in snapshot.pauses
        ),
    )


def _meet(
    snapshot: Snapshot, one: ClockEffect, *, definition: Definition, now: datetime, clockwork: Clockwork
) -> tuple[Snapshot, list[Event]]:
    del definition, clockwork
    row = snapshot.running(one.clock)
    is_late = row is not None and (row.state is ClockState.MISSED or row.due_at < now)
    met = _replace_rows(snapshot, one.clock, lambda row: _ended(row, ClockState.MET, now))
    return _closed_pause(met, one.clock, now), [DeadlineMet(by=CLOCK, clock=one.clock, is_late=is_late)]


def _cancel(
    snapshot: Snapshot, one: ClockEffect, *, definition: Definition, now: datetime, clockwork: Clockwork
) -> tuple[Snapshot, list[Event]]:
    del definition, clockwork
    gone = _replace_rows(snapshot, one.clock, lambda row: _ended(row, ClockState.CANCELLED, now))
    return _closed_pause(gone, one.clock, now), []


def _pause(
    snapshot: Snapshot, one: ClockEffect, *, definition: Definition, now: datetime, clockwork: Clockwork
) -> tuple[Snapshot, list[Event]]:
    """Stops a clock that still runs in time; a breach is frozen and is not paused away."""
    del definition, clockwork
    row = snapshot.running(one.clock)
    if row is None or row.state is not ClockState.ARMED:
        return snapshot, []
    paused = _replace_rows(snapshot, one.clock, lambda row: replace(row, state=ClockState.PAUSED))
    pauses = (*paused.pauses, PauseRow(id=uuid4(), clock=one.clock, started_at=now))
    event = DeadlinePaused(by=CLOCK, clock=one.clock, reason="waiting_for_reporter")
    return replace(paused, pauses=pauses), [event]


def _resume(
    snapshot: Snapshot, one: ClockEffect, *, definition: Definition, now: datetime, clockwork: Clockwork
) -> tuple[Snapshot, list[Event]]:
    """Starts a paused clock again; the time it waited moves its date."""
    row = snapshot.running(one.clock)
    resumed = _closed_pause(snapshot, one.clock, now)
    if row is None:
        return resumed, []
    pauses = [
        Pause(pause.started_at, pause.ended_at)
        for pause in resumed.pauses
        if pause.clock == one.clock and pause.ended_at and row.started_at <= pause.started_at < pause.ended_at
    ]
    at = clockwork.due(row.started_at, row.limit, pauses)
    rungs = {rung.number: rung for rung in definition.clocks[one.clock].ladder}
    again = partial(_running_again, at=at, rungs=rungs, severity=snapshot.severity, clockwork=clockwork)
    moved = _replace_rows(resumed, one.clock, again)
    return moved, _moved(row, at)


def _running_again(
    row: ClockRow,
    *,
    at: datetime,
    rungs: Mapping[int, Rung],
    severity: Severity,
    clockwork: Clockwork,
) -> ClockRow:
    """The limit falls due at the new time; a rung as long before or after it as its ladder says."""
    if row.rung == 0:
        return replace(row, state=ClockState.ARMED, due_at=at, fire_at=at)
    fires = clockwork.rung_at(rungs[row.rung], at, severity)
    return replace(row, state=ClockState.ARMED, started_at=at, due_at=fires, fire_at=fires)


def _moved(row: ClockRow, at: datetime) -> list[Event]:
    if at == row.due_at:
        return []
    return [
        DeadlineMoved(
            by=CLOCK, clock=row.clock, from_due=iso(row.due_at), due=iso(at), cause="waiting_for_reporter"
        )
    ]


def _start(
    snapshot: Snapshot, one: ClockEffect, *, definition: Definition, now: datetime, clockwork: Clockwork
) -> tuple[Snapshot, list[Event]]:
    rows = _started(definition.clocks[one.clock], snapshot, start=now, clockwork=clockwork)
    return replace(snapshot, clocks=(*snapshot.clocks, *rows)), armed_events(rows)


def armed_events(rows: Iterable[ClockRow]) -> list[Event]:
    """What the trail says of new clocks; their ladders go without saying."""
    limits = [row for row in rows if row.rung == 0]
    started: list[Event] = [IcoStarted(by=CLOCK)] if any(row.clock == REGULATOR for row in limits) else []
    return [*started, *(DeadlineArmed(by=CLOCK, clock=row.clock, due=iso(row.due_at)) for row in limits)]


def iso(at: datetime) -> str:
    """An instant in events: ISO 8601 in UTC, to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _with_owner(snapshot: Snapshot, wish: Wish) -> Snapshot:
    owner = next((one for one in wish.joining if one.is_owner), None)
    if owner is None:
        return snapshot
    return replace(snapshot, owner_role=owner.capacity, owner_membership_id=owner.membership_id)


EFFECTS = {
    Effect.MEET: _meet,
    Effect.CANCEL: _cancel,
    Effect.PAUSE: _pause,
    Effect.RESUME: _resume,
    Effect.START: _start,
}


def plan_people(definition: Definition, snapshot: Snapshot, *, wish: Wish) -> Changes:
    """What changes when only people come, go or hear of it: state and clocks go on."""
    after = _with_owner(snapshot, wish)
    return Changes(
        definition=definition,
        before=snapshot,
        after=after,
        values={**case_values(definition, after), **wish.values},
        events=wish.events,
        wish=wish,
    )


def plan_missed(
    definition: Definition, snapshot: Snapshot, row: ClockRow, *, wish: Wish, clockwork: Clockwork
) -> Changes:
    """What changes when a limit passes: the breach is frozen, what was due stays to be done, the ladder begins."""
    missed = replace(row, state=ClockState.MISSED)
    first = _higher(definition.clocks[row.clock], missed, 0, snapshot.severity, clockwork)
    return _with_rows(definition, snapshot, snapshot, (missed, *first), wish, clockwork)


def plan_fired(changes: Changes, row: ClockRow, *, clockwork: Clockwork) -> Changes:
    """A plan in which a rung of a ladder counts as fired, and the next one waits."""
    fired = replace(row, state=ClockState.FIRED, ended_at=row.fire_at)
    after = _swapped(changes.after, fired)
    limit = after.running(row.clock)
    rows: list[ClockRow] = []
    if limit is not None:
        clock, severity = changes.definition.clocks[row.clock], after.severity
        if row.rung < 0:
            rows = _reminder(clock, limit, severity, clockwork, past=row.fire_at)
        else:
            rows = _higher(clock, limit, row.rung, severity, clockwork)
    version = clockwork.calendar.version
    return replace(changes, after=replace(after, clocks=(*after.clocks, *rows)), calendar_version=version)


def _with_rows(
    definition: Definition,
    was: Snapshot,
    after: Snapshot,
    rows: Sequence[ClockRow],
    wish: Wish,
    clockwork: Clockwork,
) -> Changes:
    """The first row stands in place of the one it was; those after it are new."""
    after = _swapped(after, rows[0])
    after = _with_owner(replace(after, clocks=(*after.clocks, *rows[1:])), wish)
    return Changes(
        definition=definition,
        before=was,
        after=after,
        values={**case_values(definition, after), **wish.values},
        events=wish.events,
        wish=wish,
        calendar_version=clockwork.calendar.version,
    )


def _swapped(snapshot: Snapshot, row: ClockRow) -> Snapshot:
    return replace(snapshot, clocks=tuple(row if one.id == row.id else one for one in snapshot.clocks))
