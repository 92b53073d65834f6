"""Showing a case: recorded first, in a short transaction of its own, then read.

If it cannot be recorded, nothing is shown. A reference that leads nowhere is recorded too, and costs the same,
whether the case is unknown, hidden or another organisation's.
"""

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.audit.record import CaseEntries, CaseRecord, record_cases, record_organisation, record_personal
from app.database import reader, transaction
from app.domain.actors import CLOCK, Act, Actor, ActorKind
from app.domain.calendars import LONDON
from app.domain.deadlines import Explanation, Pause, explain
from app.domain.errors import CannotRecord, InvalidInput, NotFound, StaleCase, TryAgainLater
from app.domain.events import (
    REPORTER,
    CaseViewed,
    CaseViewedAgain,
    LookupMissed,
    LookupMissedAgain,
    SearchRun,
)
from app.domain.plan import Clockwork, Wish
from app.domain.vocabulary import Role
from app.domain.workflow import (
    DATA_CLOCKS,
    DEPUTY,
    Action,
    Clock,
    ClockRow,
    ClockState,
    Definition,
    Occurrence,
    RungAct,
    Snapshot,
    Transition,
    allowed,
)
from app.keychain import person_token
from app.models.case import Case
from app.models.ledger import ViewTally
from app.models.person import Membership
from app.queries.case_file import CaseFile, file_of
from app.queries.cases import Standing, standing_in, visible_reference
from app.queries.reports import reported_by
from app.services.casework import Scene, enter_unseen
from app.services.changes import load, snapshot_of
from app.services.clockworks import clockwork_for
from app.services.definitions import definition_of

AGAIN = timedelta(minutes=5)
CLOSED_AT_ONCE = 200
REFERENCE_LENGTH = 13
# Under which misses are tallied: they belong to whoever looked, and to no case.
NO_CASE = UUID(int=0)
SOMEBODY = "person"
Proved = tuple[Case, Standing | None]
Written = Callable[[str, Act], Proved | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A rung still to come at which the case is handed over, and to which role; None is the owner's deputy."""

    to: Role | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRead:
    """One limit of a case: what it is and how it stands. ``cap`` is a running limit that it may not outlast."""

    clock: Clock
    row: ClockRow
    cap: ClockRow | None
    pauses: tuple[Pause, ...]
    paused_at: datetime | None
    ahead: tuple[Ahead, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A case on somebody's screen: what they read, what they may do next, and its dates."""

    file: CaseFile
    snapshot: Snapshot
    definition: Definition
    offers: tuple[Transition, ...]
    clocks: tuple[ClockRead, ...]
    clockwork: Clockwork

    def may(self, action: Action) -> bool:
        """Whether the definition lets this viewer take that action now."""
        return any(offer.action == action for offer in self.offers)

    def first(self, among: Container[Action]) -> Transition | None:
        """The one action to offer before all others, of those that have a page.

        It meets the date that is due next, or else is the one that the definition puts first in this state.
        """
        offered = [one for one in self.offers if one.action in among]
        due = self.next_clock.clock.code if self.next_clock else ""
        meets = (one for one in offered if due in (*one.meets, *one.meets_after_triage))
        leads = (one for one in offered if self.file.state in one.first_in)
        return next(meets, None) or next(leads, None)

    @property
    def next_clock(self) -> ClockRead | None:
        """The running clock that falls or fell due first; what another role owes comes behind the viewer's own."""
        waiting = [one for one in self.clocks if one.row.is_due_next]
        return min(waiting, key=self._turn, default=None)

    def _turn(self, one: ClockRead) -> tuple[bool, datetime, str]:
        standing = self.file.standing
        own = {standing.capacity} if standing.sees_patient_part_only else {standing.capacity, None}
        return one.clock.owed_by not in own, one.row.due_at, one.row.clock


def find(reference: str, *, act: Act) -> bool:
    """Whether this viewer may open a case with that reference. The search is recorded, and that it missed.

    Raises CannotRecord.
    """
    with _recorded(), transaction() as session:
        _record_here(session, SearchRun, act)
        if _visible(session, reference, act.actor) is not None:
            return True
        _record_here(session, LookupMissed, act)
        return False


def note_search(*, act: Act) -> None:
    """Records that somebody is about to search for people of their organisation. Raises CannotRecord."""
    with _recorded(), transaction() as session:
        _record_here(session, SearchRun, act)


def open_case(reference: str, *, act: Act) -> Opened:
    """Records that somebody opens the case, then reads it for them.

    Raises NotFound for every case they may not know of, and CannotRecord where it cannot be written down.
    """
    match _record_opening(reference, act, _written_opening):
        case (found, Standing() as standing):
            return _read(found, standing, act)
        case _:
            raise NotFound("no such case")


def open_own(reference: str, *, act: Act) -> UUID:
    """Records that a reporter opens their own report, and answers which case it is.

    Raises NotFound for anybody else's, and CannotRecord where it cannot be written down.
    """
    proved = _record_opening(reference, act, _written_own)
    if proved is None:
        raise NotFound("no such report")
    return proved[0].id


@contextmanager
def _recorded() -> Iterator[None]:
    """Turns every failure to write into CannotRecord, so that nothing is shown."""
    try:
        yield
    except (SQLAlchemyError, TryAgainLater, StaleCase) as error:
        raise CannotRecord("the opening could not be recorded") from error


def _record_opening(reference: str, act: Act, written: Written) -> Proved | None:
    """Written once more where the same person opened it in the same moment."""
    with _recorded():
        try:
            return written(reference, act)
        except (IntegrityError, StaleCase):
            return written(reference, act)


def _written_opening(reference: str, act: Act) -> Proved | None:
    with transaction() as session:
        case = _visible(session, reference, act.actor)
        if case is None:
            _record_here(session, LookupMissed, act)
            return None
        return case, _record_view(session, case, act)


def _written_own(reference: str, act: Act) -> Proved | None:
    with transaction() as session:
        query = select(Case).where(
            Case.reference == reference[:REFERENCE_LENGTH], reported_by(session, act.actor)
        )
        case = session.scalars(query).one_or_none()
        if case is None:
            _record_own_miss(session, act)
            return None
        _record_own(session, case, act)
        return case, None


def _visible(session: Session, reference: str, actor: Actor) -> Case | None:
    return visible_reference(session, actor, reference[:REFERENCE_LENGTH])


def _record_here(session: Session, event: type[LookupMissed | SearchRun], act: Act) -> None:
    """In the log of the viewer's own organisation, outside any case."""
    role, organisation_id = act.actor.role, act.actor.organisation_id
    if role is not None and organisation_id is not None:
        record_organisation(session, event(by=role), organisation_id=organisation_id, act=act)


def _record_own_miss(session: Session, act: Act) -> None:
    """In the person's own log: what they look for among their reports is no business of an organisation."""
    if act.actor.person_id is None:
        raise NotFound("nobody opens a report without being somebody")
    missed = ViewTally(
        case_id=NO_CASE,
        viewer=act.actor.person_id.bytes,
        membership_id=None,
        role=REPORTER,
        first_at=act.now,
        repeats=0,
    )
    if _is_first(session, missed, act):
        record_personal(session, LookupMissed(by=SOMEBODY), person_id=act.actor.person_id, act=act)


def _record_view(session: Session, case: Case, act: Act) -> Standing:
    """The first opening is an entry; further ones within five minutes only raise a tally."""
    if act.actor.person_id is None or act.actor.membership_id is None:
        raise NotFound("nobody opens a case without being somebody")
    standing = standing_in(session, act.actor, case)
    viewed = ViewTally(
        case_id=case.id,
        viewer=person_token(session, act.actor.person_id, organisation_id=case.organisation_id),
        membership_id=act.actor.membership_id,
        role=standing.capacity,
        first_at=act.now,
        repeats=0,
    )
    if _is_first(session, viewed, act):
        view = CaseViewed(by=standing.capacity, viewer=act.actor.membership_id.hex)
        if not _meets_officer_clock(session, case, standing, view, act):
            _write(session, case, view, act)
    return standing


def _record_own(session: Session, case: Case, act: Act) -> None:
    """A reporter's opening names no membership: a case never says who its reporter is."""
    if act.actor.person_id is None:
        raise NotFound("nobody opens a report without being somebody")
    viewed = ViewTally(
        case_id=case.id,
        viewer=person_token(session, act.actor.person_id, organisation_id=case.organisation_id),
        membership_id=None,
        role=REPORTER,
        first_at=act.now,
        repeats=0,
    )
    if _is_first(session, viewed, act):
        _write(session, case, CaseViewed(by=REPORTER, viewer=REPORTER), act)


def _is_first(session: Session, viewed: ViewTally, act: Act) -> bool:
    """Whether this opening is an entry of its own; one within five minutes of such an entry is only counted."""
    tally = session.get(ViewTally, (viewed.case_id, viewed.viewer))
    if tally is not None and act.now - tally.first_at < AGAIN:
        tally.repeats += 1
        return False
    if tally is not None:
        _close(session, tally, now=act.now)
    session.add(viewed)
    return True


def _write(session: Session, case: Case, event: CaseViewed | CaseViewedAgain, act: Act) -> None:
    record = CaseRecord(event=event, previous_state=case.state, new_state=case.state)
    entries = CaseEntries(
        case_id=case.id,
        organisation_id=case.organisation_id,
        definition=case.definition_hash,
        records=[record],
    )
    record_cases(session, [entries], act=act)


def _meets_officer_clock(
    session: Session, case: Case, standing: Standing, view: CaseViewed, act: Act
) -> bool:
    """The officer's first opening is an act: it ends the wait for them. Later openings change nothing."""
    if standing.capacity is not Role.DATA_PROTECTION_OFFICER:
        return False
    snapshot = load(session, case.id)
    occurrence = Occurrence(action=Action.OPEN_AS_OFFICER, capacity=standing.capacity)
    offers = allowed(definition_of(session, case.definition_hash), snapshot, occurrence)
    if snapshot.running("DPO") is None or not any(one.action is occurrence.action for one in offers):
        return False

    def build(_scene: Scene) -> tuple[Occurrence, Wish]:
        return occurrence, Wish(events=(view,))

    enter_unseen(session, case, act, build, standing=standing)
    session.refresh(case)
    return True


def close_tallies(now: datetime) -> int:
    """Writes down who opened a case again within five minutes, with the count. Answers how many tallies closed.

    For the tick; at most two hundred at a time.
    """
    with transaction() as session:
        ripe = session.scalars(
            select(ViewTally)
            .where(ViewTally.first_at <= now - AGAIN)
            .order_by(ViewTally.first_at)
            .limit(CLOSED_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        for tally in ripe:
            _close(session, tally, now=now)
        return len(ripe)


def _close(session: Session, tally: ViewTally, *, now: datetime) -> None:
    """One entry with the count, by whoever looked; nothing where they looked once."""
    if tally.case_id == NO_CASE and tally.repeats:
        missed = LookupMissedAgain(by=SOMEBODY, count=tally.repeats)
        record_personal(session, missed, person_id=UUID(bytes=tally.viewer), act=Act(actor=CLOCK, now=now))
    case = session.get(Case, tally.case_id)
    if tally.repeats and case is not None:
        viewer = tally.membership_id.hex if tally.membership_id else REPORTER
        again = CaseViewedAgain(by=tally.role, viewer=viewer, count=tally.repeats)
        _write(session, case, again, _act_of(session, tally, now))
    session.delete(tally)
    session.flush()


def _act_of(session: Session, tally: ViewTally, now: datetime) -> Act:
    """Of whoever looked; of the clock where that was the reporter, whom nothing names."""
    if tally.membership_id is None:
        return Act(actor=CLOCK, now=now)
    membership = session.get_one(Membership, tally.membership_id)
    viewer = Actor(
        kind=ActorKind.PERSON,
        person_id=membership.person_id,
        membership_id=membership.id,
        organisation_id=membership.organisation_id,
        role=membership.role,
    )
    return Act(actor=viewer, now=now)


def _read(case: Case, standing: Standing, act: Act) -> Opened:
    """What was just recorded as opened; the right to it was proved in that same transaction."""
    session = reader()
    file = file_of(case, standing, act.actor)
    snapshot = snapshot_of(session, case)
    definition = definition_of(session, file.definition_hash)
    clockwork = clockwork_for(session, file.organisation_id, on=act.now.astimezone(LONDON).date())
    occurrence = Occurrence(action=Action.OPEN, capacity=file.standing.capacity)
    return Opened(
        file=file,
        snapshot=snapshot,
        definition=definition,
        offers=allowed(definition, snapshot, occurrence),
        clocks=tuple(
            _clock(definition, snapshot, row, clockwork)
            for row in _limits(snapshot)
            if not file.standing.sees_patient_part_only or row.clock in DATA_CLOCKS
        ),
        clockwork=clockwork,
    )


def _limits(snapshot: Snapshot) -> list[ClockRow]:
    """Every limit, not its ladder: those still running first, in the order in which they fall due."""
    rows = [row for row in snapshot.clocks if row.rung == 0]
    return sorted(rows, key=lambda row: (not row.is_running, row.due_at, row.clock))


def _clock(definition: Definition, snapshot: Snapshot, row: ClockRow, clockwork: Clockwork) -> ClockRead:
    clock = definition.clocks[row.clock]
    waits = [one for one in snapshot.pauses if one.clock == row.clock and one.started_at >= row.started_at]
    return ClockRead(
        clock=clock,
        row=row,
        cap=snapshot.running(clock.not_later_than),
        pauses=tuple(
            Pause(one.started_at, one.ended_at)
            for one in waits
            if one.ended_at and one.started_at < one.ended_at
        ),
        paused_at=next((one.started_at for one in waits if one.ended_at is None), None),
        ahead=tuple(_ahead(clock, snapshot, row, clockwork)) if row.is_running else (),
    )


def _ahead(clock: Clock, snapshot: Snapshot, row: ClockRow, clockwork: Clockwork) -> Iterator[Ahead]:
    """Who takes the case over next if nobody does what is due."""
    same = (one for one in snapshot.clocks if (one.clock, one.generation) == (row.clock, row.generation))
    done = max((one.rung for one in same if one.state is ClockState.FIRED), default=0)
    for rung in clock.ladder:
        if rung.does is RungAct.TAKE and rung.number > done:
            to = None if rung.to[0] == DEPUTY else Role(rung.to[0])
            yield Ahead(to=to, at=clockwork.rung_at(rung, row.due_at, snapshot.severity))


def why(one: ClockRead, clockwork: Clockwork) -> Explanation | None:
    """The steps that lead to the stored date; of a limit cut short by another one, that one's steps.

    None where the date was moved since by something that the present calendar does not explain.
    """
    found = _explained(one.row, clockwork, one.pauses)
    if found is not None and found.due == one.row.due_at:
        return found
    shorter = _explained(one.cap, clockwork, ()) if one.cap else None
    return shorter if shorter is not None and shorter.due == one.row.due_at else None


def _explained(row: ClockRow, clockwork: Clockwork, pauses: tuple[Pause, ...]) -> Explanation | None:
    try:
        return explain(
            row.started_at, row.limit, calendar=clockwork.calendar, window=clockwork.window, pauses=pauses
        )
    except InvalidInput:
        return None
