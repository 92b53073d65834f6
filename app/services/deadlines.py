"""What the clock does: takes what is due, in order, and carries it out through the one door.

Safe to run twice and on several hosts at once: a row is taken under a lock, looked at again inside its own
transaction, and leaves the armed state in it. One failing case is set aside with an alarm; the rest go on.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.audit.record import record_installation
from app.database import reader, transaction
from app.domain.actors import CLOCK, Act
from app.domain.calendars import LONDON
from app.domain.errors import DomainError, NobodyEligible, StaleCase, TryAgainLater
from app.domain.events import CLOCK as BY_CLOCK
from app.domain.events import (
    AlarmRaised,
    CaseEscalated,
    DeadlineMissed,
    DeadlineReminded,
    Event,
    MemberReminded,
    OfficerTold,
    SweepRun,
    WaitEnded,
)
from app.domain.plan import Assigned, Changes, Wish, plan, plan_fired, plan_missed, plan_people
from app.domain.routing import Routed
from app.domain.vocabulary import Role
from app.domain.workflow import DEPUTY, Action, ClockRow, ClockState, Occurrence, Rung, RungAct
from app.models.case import Case, CaseHandler
from app.models.deadline import Deadline
from app.queries.cases import Standing
from app.services.casework import Scene, deputy, senior
from app.services.changes import snapshots_of, write
from app.services.clockworks import clockwork_for
from app.services.definitions import definition_of
from app.services.routing import Ground, assign, found_or_none, parties_of

CHUNK = 50
# What a case can fail with that is written wrongly, or that the database refuses.
FAILURES = (DomainError, SQLAlchemyError, LookupError, ValueError, TypeError, AttributeError)
TOLERATED = timedelta(minutes=5)
log = logging.getLogger(__name__)
# Put together once: building a statement costs more than running it.
OWING = select(CaseHandler.membership_id).where(
    CaseHandler.case_id == bindparam("case_id"),
    CaseHandler.capacity == bindparam("capacity"),
    CaseHandler.until_at.is_(None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep did, in counts."""

    missed: int = 0
    escalated: int = 0
    resumed: int = 0
    reminded: int = 0
    raised: int = 0
    set_aside: int = 0

    @property
    def fired(self) -> int:
        """How many rungs were carried out."""
        return self.missed + self.escalated + self.resumed + self.reminded + self.raised


@dataclass(frozen=True, slots=True)
class Due:
    """An armed row that has come due."""

    id: UUID
    case_id: UUID


def sweep(*, now: datetime, at_most: int | None = None) -> Swept:
    """Carries out everything that fell due by now, the oldest first, at most fifty cases a transaction."""
    counts: Counter[str] = Counter()
    while at_most is None or counts.total() < at_most:
        fired = _chunk(now)
        counts.update(fired)
        if not fired:
            break
    return Swept(**counts)


def lateness(*, now: datetime) -> timedelta:
    """How long the oldest due row has waited; zero when nothing waits. The health of the clock."""
    oldest = reader().scalar(
        select(Deadline.fire_at).where(Deadline.state == ClockState.ARMED).order_by(Deadline.fire_at).limit(1)
    )
    return max(now - oldest, timedelta()) if oldest else timedelta()


def is_on_time(*, now: datetime) -> bool:
    """Whether nothing due has waited longer than an installation may let it."""
    return lateness(now=now) <= TOLERATED


def _chunk(now: datetime) -> list[str]:
    """One transaction's worth; if anything in it fails, each case of it again by itself. Empty at the end."""
    if not _anything_due(now):
        return []
    due: list[Due] = []
    try:
        with transaction() as session:
            due = _take(session, now)
            return _fire_all(session, due, now)
    except FAILURES:
        log.warning("deadlines.chunk.failed")
    return [what for one in due for what in _alone(one, now)]


def _anything_due(now: datetime) -> bool:
    """Asked through the reader first, so that an idle tick takes no turn to write.

    In order: without it PostgreSQL expects a hit early in the table, and reads all of it to find none.
    """
    session = reader()
    found = session.scalar(
        select(Deadline.id)
        .where(Deadline.state == ClockState.ARMED, Deadline.fire_at <= now)
        .order_by(Deadline.fire_at)
        .limit(1)
    )
    session.rollback()
    return found is not None


def _alone(one: Due, now: datetime) -> list[str]:
    """One row by itself. What fails for itself is set aside, loudly; what others are at waits for the next time."""
    try:
        with transaction() as session:
            if not session.scalars(_locked(Case.id == one.case_id)).all():
                return []
            return _fire_all(session, [one], now)
    except (TryAgainLater, StaleCase):
        log.warning("deadlines.row.postponed")
        return []
    except FAILURES:
        log.exception("deadlines.row.set_aside", extra={"deadline_id": str(one.id)})
    with transaction() as session:
        session.execute(
            update(Deadline)
            .where(Deadline.id == one.id, Deadline.state == ClockState.ARMED)
            .values(state=ClockState.SET_ASIDE)
        )
    return ["set_aside"]


def _locked(which: ColumnElement[bool]) -> Select[UUID]:
    """Cases that nobody else is changing now, locked where the database has row locks."""
    return select(Case.id).where(which).with_for_update(skip_locked=True)


def _take(session: Session, now: datetime) -> list[Due]:
    """The oldest due rows of different cases. Cases are locked before their rows, as by every other act."""
    rows = session.execute(
        select(Deadline.id, Deadline.case_id, Deadline.organisation_id, Deadline.clock)
        .join(Case, Case.id == Deadline.case_id)
        .where(Deadline.state == ClockState.ARMED, Deadline.fire_at <= now)
        .order_by(Deadline.fire_at, Deadline.id)
        .limit(CHUNK)
        .with_for_update(of=Case, skip_locked=True)
    ).all()
    first = {row.case_id: row for row in reversed(rows)}
    # In an order that all workers share, so that none waits for the people that another has.
    return [
        Due(row.id, row.case_id)
        for row in sorted(first.values(), key=lambda row: (row.organisation_id, row.clock))
    ]


def _fire_all(session: Session, due: Sequence[Due], now: datetime) -> list[str]:
    """Looks at each row again now that its case is locked, and does what its definition says."""
    cases = session.scalars(select(Case).where(Case.id.in_([one.case_id for one in due]))).all()
    scenes = {scene.case.id: scene for scene in _scenes(session, cases, Act(actor=CLOCK, now=now))}
    planned = [
        _planned(scenes[one.case_id], row)
        for one in due
        for row in scenes[one.case_id].snapshot.clocks
        if row.id == one.id and row.state is ClockState.ARMED and row.fire_at <= now
    ]
    if planned:
        write(session, [changes for changes, _ in planned], act=Act(actor=CLOCK, now=now))
    return [what for _, what in planned]


def _scenes(session: Session, cases: Sequence[Case], act: Act) -> Iterator[Scene]:
    snapshots = snapshots_of(session, cases)
    today = act.now.astimezone(LONDON).date()
    places = {case.organisation_id for case in cases}
    clockworks = {place: clockwork_for(session, place, on=today) for place in places}
    for case in cases:
        yield Scene(
            session=session,
            case=case,
            snapshot=snapshots[case.id],
            standing=Standing(capacity=case.owner_role, is_owner=False),
            definition=definition_of(session, case.definition_hash),
            clockwork=clockworks[case.organisation_id],
            act=act,
        )


def _planned(scene: Scene, row: ClockRow) -> tuple[Changes, str]:
    clock = scene.definition.clocks[row.clock]
    if row.rung:
        rung = next(one for one in clock.ladder if one.number == row.rung)
        return RUNGS[rung.does](scene, row, rung)
    if clock.fires is Action.REMIND:
        wish = Wish(events=(MemberReminded(by=BY_CLOCK),), tells_reporter=True)
        return _plan(scene, Occurrence(action=clock.fires), wish), "reminded"
    if clock.fires:
        return _waited(scene, clock.fires), "resumed"
    return _missed(scene, row), "missed"


def _plan(scene: Scene, occurrence: Occurrence, wish: Wish) -> Changes:
    return plan(
        scene.definition,
        scene.snapshot,
        occurrence,
        now=scene.act.now,
        clockwork=scene.clockwork,
        wish=wish,
    )


def _waited(scene: Scene, action: Action) -> Changes:
    """Nobody answered in time: both sides hear that the case goes on."""
    wish = Wish(events=(WaitEnded(by=BY_CLOCK),), tells_owner=True, tells_reporter=True)
    return _plan(scene, Occurrence(action=action), wish)


def _missed(scene: Scene, row: ClockRow) -> Changes:
    """The owner is told, whoever owes it, and whoever the clock names beside."""
    told = _told(scene, row)
    owing = _owing(scene, row)
    joining = tuple(assigned for _, assigned in told)
    missed = DeadlineMissed(
        by=BY_CLOCK,
        clock=row.clock,
        told=scene.snapshot.owner_role,
        also_told=row.owed_by if owing else "",
    )
    events: list[Event] = [missed]
    events += [OfficerTold(by=BY_CLOCK, to=one.capacity) for one in joining]
    wish = Wish(
        events=tuple(events),
        joining=joining,
        routed=tuple(routed for routed, _ in told),
        tells=owing,
        tells_owner=True,
    )
    return plan_missed(scene.definition, scene.snapshot, row, wish=wish, clockwork=scene.clockwork)


def _owing(scene: Scene, row: ClockRow) -> frozenset[UUID]:
    """Who works on the case in the capacity that owes the step, where that is not the owner's."""
    if row.owed_by is scene.snapshot.owner_role:
        return frozenset()
    asked = {"case_id": scene.case.id, "capacity": row.owed_by}
    return frozenset(scene.session.scalars(OWING, asked))


def _told(scene: Scene, row: ClockRow) -> tuple[tuple[Routed, Assigned], ...]:
    return _each_told(scene, scene.definition.clocks[row.clock].tells_when_missed)


def _each_told(scene: Scene, asked: Sequence[Role]) -> tuple[tuple[Routed, Assigned], ...]:
    """While nobody knows whom a concern is about, nobody else is told of it."""
    if scene.snapshot.is_subject_unresolved or not asked:
        return ()

    def find() -> list[Routed]:
        ground = Ground(
            organisation_id=scene.case.organisation_id,
            on=scene.today,
            parties=parties_of(scene.session, scene.case.id),
        )
        return list(_each_another(scene, asked, ground))

    taken = assign(scene.session, find, organisation_id=scene.case.organisation_id, now=scene.act.now)
    return tuple((routed, replace(assigned, is_owner=False)) for routed, assigned in taken)


def _each_another(scene: Scene, roles: Iterable[Role], ground: Ground) -> Iterator[Routed]:
    """Somebody for each role; one that nobody can fill is passed over, the owner is told anyway."""
    for role in roles:
        routed = found_or_none(scene.session, role, ground, row="missed", conflicts_of=ground.organisation_id)
        if routed is not None:
            ground = replace(ground, not_again=ground.not_again | {routed.chosen.membership_id})
            yield routed


def _fired(scene: Scene, row: ClockRow, wish: Wish) -> Changes:
    """A rung at which nobody takes the case over."""
    told = plan_people(scene.definition, scene.snapshot, wish=wish)
    return plan_fired(told, row, clockwork=scene.clockwork)


def _reminded(scene: Scene, row: ClockRow, _rung: Rung) -> tuple[Changes, str]:
    """Whoever has the case hears that a date comes near."""
    event = DeadlineReminded(by=BY_CLOCK, clock=row.clock, to=scene.snapshot.owner_role)
    return _fired(scene, row, Wish(events=(event,), tells_owner=True)), "reminded"


def _raised(scene: Scene, row: ClockRow, rung: Rung) -> tuple[Changes, str]:
    """At the top of a ladder the organisation's head joins, and its auditor reads of it in the trail."""
    told = _each_told(scene, [Role(to) for to in rung.to if to != Role.AUDITOR])
    joining = tuple(assigned for _, assigned in told)
    events: list[Event] = [AlarmRaised(by=BY_CLOCK, clock=row.clock)]
    events += [OfficerTold(by=BY_CLOCK, to=one.capacity) for one in joining]
    wish = Wish(
        events=tuple(events),
        joining=joining,
        routed=tuple(routed for routed, _ in told),
        tells_owner=True,
    )
    return _fired(scene, row, wish), "raised"


def _escalated(scene: Scene, row: ClockRow, rung: Rung) -> tuple[Changes, str]:
    """The next more senior person takes the case; whoever had it stays a handler."""
    try:
        routed, new = _taker(scene, rung.to[0])
    except NobodyEligible:
        return _raised(scene, row, replace(rung, to=()))
    wish = Wish(
        events=(CaseEscalated(by=BY_CLOCK, to=new.capacity, reason="overdue"),),
        joining=(new,),
        routed=(routed,),
        values={"escalated_to": new.capacity},
        tells_reporter=True,
    )
    changes = _plan(scene, Occurrence(action=Action.ESCALATE), wish)
    return plan_fired(changes, row, clockwork=scene.clockwork), "escalated"


def _taker(scene: Scene, to: str) -> tuple[Routed, Assigned]:
    """Who takes it at a rung: the owner's deputy, or somebody in the role that it names."""
    return deputy(scene) if to == DEPUTY else senior(scene, Role(to))


RUNGS = {RungAct.REMIND: _reminded, RungAct.TELL: _raised, RungAct.TAKE: _escalated}


def note_sweep(swept: Swept, *, act: Act) -> None:
    """Records that the operator ran a sweep by hand."""
    with transaction() as session:
        record_installation(session, SweepRun(by="operator", fired=swept.fired), act=act)
