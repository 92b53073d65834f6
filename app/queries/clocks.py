"""The clocks of a case as people see them: what is owed, by when, on what it rests, and why that date."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import installation_of
from app.domain.calendars import Calendar, Window, with_closures
from app.domain.deadlines import Pause, explain
from app.domain.explanations import Explanation
from app.domain.limits import Limit
from app.domain.vocabulary import Role
from app.domain.workflow import RUNNING, Action, Clock, ClockState, Definition
from app.models.case import Case
from app.models.deadline import Deadline
from app.models.deadline import Pause as PauseTable
from app.models.organisation import Closure, Organisation

# How a case's pinned definition is found; services know, queries are told.
Defined = Callable[[Session, str], Definition]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """One limit of a case: its words from the definition, its dates (UTC) and the steps that led to them.

    ``why`` is None where the date was counted by rules that no longer stand.
    """

    clock: Clock
    state: ClockState
    limit: Limit
    owed_by: Role
    started_at: datetime
    due_at: datetime
    ended_at: datetime | None
    paused_at: datetime | None
    why: Explanation | None

    @property
    def is_running(self) -> bool:
        """Whether what it asks for is still to be done, in time or late."""
        return self.ended_at is None and self.state in RUNNING

    @property
    def is_kept(self) -> bool:
        """Whether what it asks for was done in time."""
        return self.state is ClockState.MET

    @property
    def is_late(self) -> bool:
        """Whether it was missed, even if it was done since."""
        return self.state is ClockState.MISSED

    @property
    def is_for_reporter(self) -> bool:
        """Whether it is the reporter who is waited for."""
        return self.clock.fires is Action.WAIT_OVER

    @property
    def is_promise(self) -> bool:
        """Whether it is news for the reporter, and no mere reminder."""
        return self.owed_by is not Role.MEMBER


def clocks_of(session: Session, case: Case, definition: Definition) -> tuple[ClockView, ...]:
    """Every limit of a case that started so far, the one that fell or falls due first in front."""
    rows = session.scalars(
        select(Deadline)
        .where(Deadline.case_id == case.id, Deadline.rung == 0)
        .order_by(Deadline.due_at, Deadline.clock, Deadline.generation)
    ).all()
    pauses = session.scalars(select(PauseTable).where(PauseTable.case_id == case.id)).all()
    organisation = session.get_one(Organisation, case.organisation_id)
    closures = dict(
        session.execute(
            select(Closure.day, Closure.name).where(Closure.organisation_id == organisation.id)
        ).all()
    )
    counting = _Counting(session, organisation, closures, pauses, definition, rows)
    return tuple(_view(row, counting) for row in rows)


@dataclass(frozen=True, slots=True)
class _Counting:
    """What the dates of one case were counted with."""

    session: Session
    organisation: Organisation
    closures: Mapping[date, str]
    pauses: Sequence[PauseTable]
    definition: Definition
    rows: Sequence[Deadline]

    def calendar(self, row: Deadline) -> Calendar:
        """The calendar that the date was counted with, and the organisation's own closures."""
        calendars = installation_of(self.session).calendars
        calendar: Calendar = calendars.version(self.organisation.nation, row.calendar_version)
        return with_closures(calendar, self.closures)

    def paused(self, row: Deadline) -> tuple[Pause, ...]:
        """The pauses of this run of the clock that have ended."""
        return tuple(
            Pause(one.started_at, one.ended_at)
            for one in self.pauses
            if one.clock == row.clock and one.ended_at and row.started_at <= one.started_at < one.ended_at
        )

    def capping(self, row: Deadline) -> Deadline | None:
        """The clock whose earlier date this one took over."""
        code = self.definition.clocks[row.clock].not_later_than
        same = (one for one in self.rows if one.clock == code and one.due_at == row.due_at)
        return next(same, None)


def _view(row: Deadline, counting: _Counting) -> ClockView:
    open_pause = next(
        (one for one in counting.pauses if one.clock == row.clock and one.ended_at is None), None
    )
    is_paused = row.state is ClockState.PAUSED and open_pause is not None
    return ClockView(
        clock=counting.definition.clocks[row.clock],
        state=row.state,
        limit=Limit.parse(row.limit),
        owed_by=row.owed_by,
        started_at=row.started_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        paused_at=open_pause.started_at if is_paused and open_pause else None,
        why=_why(row, counting),
    )


def _why(row: Deadline, counting: _Counting) -> Explanation | None:
    """The steps to the stored date; never steps to another one."""
    found = explain(
        row.started_at,
        Limit.parse(row.limit),
        calendar=counting.calendar(row),
        window=Window.parse(counting.organisation.window),
        pauses=counting.paused(row),
    )
    if found.due == row.due_at:
        return found
    capping = counting.capping(row)
    return _why(capping, counting) if capping is not None else None
