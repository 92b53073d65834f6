"""What the clock does: takes what is due, in order, and carries it out through the one door.

Safe to run twice and on several hosts at once: a row is taken under a lock, looked at again inside its own
transaction, and leaves the armed state in it. One failing case is set aside with an alarm; the rest go on.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.audit.record import record_installation
from app.database import reader, transaction
from app.domain.actors import CLOCK, Act
from app.domain.calendars import LONDON
from app.domain.errors import DomainError
from app.domain.events import CaseEscalated, DeadlineMissed, Event, OfficerTold, SweepRun
from app.domain.plan import Assigned, Changes, Wish, plan, plan_fired, plan_missed
from app.domain.workflow import Action, ClockRow, ClockState, Occurrence
from app.models.case import Case
from app.models.deadline import Deadline
from app.queries.cases import Standing
from app.services.casework import Scene, senior
from app.services.changes import snapshot_of, write
from app.services.clockworks import clockwork_for
from app.services.definitions import definition_of
from app.services.routing import Ground, find_holder, parties_of, take_up

CHUNK = 50
TOLERATED = timedelta(minutes=5)
log = logging.getLogger(__name__)
BY_CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep did, in counts."""

    missed: int = 0
    escalated: int = 0
    resumed: int = 0
    set_aside: int = 0

    @property
    def fired(self) -> int:
        """How many rungs were carried out."""
        return self.missed + self.escalated + self.resumed


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
        if not fired:
            break
        counts.update(fired)
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
    """One transaction's worth; if anything in it fails, each case of it again by itself."""
    if not _anything_due(now):
        return []
    try:
        with transaction() as session:
            due = _take(session, now, CHUNK)
            return _fire_all(session, due, now)
    except (DomainError, SQLAlchemyError, LookupError, ValueError):
        log.warning("deadlines.chunk.failed")
    return [_alone(now) for _ in range(CHUNK) if _anything_due(now)]


def _anything_due(now: datetime) -> bool:
    """Asked through the reader first, so that an idle tick takes no turn to write."""
    session = reader()
    found = session.scalar(
        select(Deadline.id).where(Deadline.state == ClockState.ARMED, Deadline.fire_at <= now).limit(1)
    )
    session.rollback()
    return found is not None


def _alone(now: datetime) -> str:
    """The oldest due row by itself; a case that cannot be carried out is set aside, loudly."""
    taken: list[Due] = []
    try:
        with transaction() as session:
            taken = _take(session, now, 1)
            return (_fire_all(session, taken, now) or ["resumed"])[0]
    except (DomainError, SQLAlchemyError, LookupError, ValueError):
        log.exception("deadlines.row.set_aside", extra={"deadline_id": [str(one.id) for one in taken]})
    with transaction() as session:
        ids = [one.id for one in taken]
        session.execute(update(Deadline).where(Deadline.id.in_(ids)).values(state=ClockState.SET_ASIDE))
    return "set_aside"


def _take(session: Session, now: datetime, at_most: int) -> list[Due]:
    """The oldest due rows of different cases, locked where the database has row locks."""
    rows = session.execute(
        select(Deadline.id, Deadline.case_id)
        .where(Deadline.state == ClockState.ARMED, Deadline.fire_at <= now)
        .order_by(Deadline.fire_at, Deadline.id)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    first: dict[UUID, Due] = {}
    for row in rows:
        first.setdefault(row.case_id, Due(row.id, row.case_id))
    return list(first.values())


def _fire_all(session: Session, due: Sequence[Due], now: datetime) -> list[str]:
    cases = {
        case.id: case
        for case in session.scalars(select(Case).where(Case.id.in_([one.case_id for one in due])))
    }
    act = Act(actor=CLOCK, now=now)
    return [_fire(session, cases[one.case_id], one, act) for one in due]


def _fire(session: Session, case: Case, due: Due, act: Act) -> str:
    """Looks at the row again inside this transaction, and does what its definition says."""
    scene = _scene(session, case, act)
    row = next(one for one in scene.snapshot.clocks if one.id == due.id)
    changes, what = _planned(scene, row)
    write(session, [changes], act=act, calendar_version=scene.clockwork.calendar.version)
    return what


def _scene(session: Session, case: Case, act: Act) -> Scene:
    return Scene(
        session=session,
        case=case,
        snapshot=snapshot_of(session, case),
        standing=Standing(capacity=case.owner_role, is_owner=False),
        definition=definition_of(session, case.definition_hash),
        clockwork=clockwork_for(session, case.organisation_id, on=act.now.astimezone(LONDON).date()),
        act=act,
    )


def _planned(scene: Scene, row: ClockRow) -> tuple[Changes, str]:
    if row.rung:
        return _escalated(scene, row), "escalated"
    clock = scene.definition.clocks[row.clock]
    if clock.fires:
        return _plan(scene, Occurrence(action=clock.fires), Wish(tells_owner=True)), "resumed"
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


def _missed(scene: Scene, row: ClockRow) -> Changes:
    """The owner is told, and whoever the clock names beside."""
    joining = _told(scene, row)
    events: list[Event] = [DeadlineMissed(by=BY_CLOCK, clock=row.clock, told=scene.snapshot.owner_role)]
    events += [OfficerTold(by=BY_CLOCK, to=one.capacity) for one in joining]
    wish = Wish(events=tuple(events), joining=joining, tells_owner=True)
    return plan_missed(scene.definition, scene.snapshot, row, wish=wish)


def _told(scene: Scene, row: ClockRow) -> tuple[Assigned, ...]:
    """While nobody knows whom a concern is about, nobody else is told of it."""
    roles = scene.definition.clocks[row.clock].tells_when_missed
    if scene.snapshot.is_subject_unresolved or not roles:
        return ()
    ground = Ground(
        organisation_id=scene.case.organisation_id,
        on=scene.act.now.astimezone(LONDON).date(),
        parties=parties_of(scene.session, scene.case.id),
    )
    taken = []
    for role in roles:
        routed = find_holder(scene.session, role, ground, row="missed")
        assigned = take_up(scene.session, routed, is_owner=False, now=scene.act.now)
        taken += [assigned] if assigned else []
        ground = replace(ground, not_again=ground.not_again | {routed.chosen.membership_id})
    return tuple(taken)


def _escalated(scene: Scene, row: ClockRow) -> Changes:
    """The next more senior person takes the case; whoever had it stays a handler."""
    new = senior(scene)
    wish = Wish(
        events=(CaseEscalated(by=BY_CLOCK, to=new.capacity, reason="overdue"),),
        joining=(new,),
        values={"escalated_to": new.capacity},
    )
    return plan_fired(_plan(scene, Occurrence(action=Action.ESCALATE), wish), row)


def note_sweep(swept: Swept, *, act: Act) -> None:
    """Records that the operator ran a sweep by hand."""
    with transaction() as session:
        record_installation(session, SweepRun(by="operator", fired=swept.fired), act=act)
