"""What waits for a handler: rows ordered by what is due, one page at a time, and how many there are of each.

Two scopes, never joined by an OR: cases with an open handler row of the acting membership, and cases in the
remit that a role has across its organisation. Each is read along its own index and merged here; a case that
is in both belongs to the first. A page goes on behind its last row (``Place``), so that page 100 costs what
page 1 costs. Rows without a due date come last.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, Self
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)

from app.database import UtcDateTime, installation_of, reader
from app.domain.actors import Actor
from app.domain.calendars import LONDON, ONE_DAY
from app.domain.vocabulary import Kind, Role, Severity
from app.domain.workflow import Waiting
from app.models.case import Case, CaseHandler
from app.queries.cases import ORGANISATION_WIDE, free_of_conflict, handled_by, in_remit_of

PAGE = 50
COUNTED = 1000
RECENT = timedelta(days=30)
JUST_MOVED = timedelta(days=7)
# What differs from one request to the next; the rest of a statement is kept for each viewer.
NOW = bindparam("now", type_=UtcDateTime())
TOMORROW = bindparam("tomorrow", type_=UtcDateTime())
RECENTLY = bindparam("recently", type_=UtcDateTime())
LATELY = bindparam("lately", type_=UtcDateTime())
AFTER_AT = bindparam("after_at", type_=UtcDateTime())
AFTER_ID = bindparam("after_id", type_=Uuid())
KEPT_STATEMENTS = 256


class View(StrEnum):
    """The saved views."""

    NEEDS_ME = "needs-me"
    MINE = "mine"
    WAITING = "waiting"
    CLOSED = "closed"


class Group(StrEnum):
    """Under which heading a row stands: by its date first, then by who has to act."""

    LATE = "late"
    DUE = "due"
    NEW = "new"
    WAIT = "wait"
    LATER = "later"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asked the list for. None stands for "any"."""

    view: View = View.NEEDS_ME
    kind: Kind | None = None
    category: str | None = None
    severity: Severity | None = None
    state: str | None = None
    group: Group | None = None
    is_mine: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The row behind which a page goes on: its date (UTC; none for rows without) and its case."""

    at: datetime | None
    case_id: UUID

    def __str__(self) -> str:
        return f"{self.at.timestamp() if self.at else ''}~{self.case_id.hex}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The place written in an address, or none where it makes no sense."""
        seconds, _, case_id = text.partition("~")
        try:
            at = datetime.fromtimestamp(float(seconds), UTC) if seconds else None
            return cls(at, UUID(case_id))
        except (ValueError, OverflowError, OSError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case in a list: no names, no text. ``at`` is when it falls due, or when it was closed."""

    case_id: UUID
    reference: str
    kind: Kind
    category: str
    severity: Severity
    state: str
    outcome: str | None
    owner_role: Role
    is_mine: bool
    at: datetime | None
    clock: str
    definition_hash: str
    group: Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """One page. ``counts`` are capped: ``is_counted`` is false where there are more than were counted."""

    rows: Sequence[Row]
    following: Place | None
    counts: Mapping[Group, int]
    is_counted: bool
    has_moved: bool


@dataclass(frozen=True, eq=False)
class _Scope:
    """One way to reach cases, along one index: where it starts, and the two columns that it is ordered by.

    Its pages are put together on first use, and kept: that takes longer than to fetch one.
    """

    base: Select[Any]
    at: Any
    case_id: Any
    group: Group | None = None
    is_descending: bool = False

    @cached_property
    def dated(self) -> Select[Any]:
        """The first rows with a date."""
        query = self.base.where(self.at.is_not(None), *_within(self.at, self.group))
        order = (self.at.desc(), self.case_id.desc()) if self.is_descending else (self.at, self.case_id)
        return query.order_by(*order).limit(PAGE + 1)

    @cached_property
    def dated_behind(self) -> Select[Any]:
        """Rows with a date behind a place."""
        here, place = tuple_(self.at, self.case_id), tuple_(AFTER_AT, AFTER_ID)
        return self.dated.where(here < place if self.is_descending else here > place)

    @cached_property
    def undated(self) -> Select[Any]:
        """The first rows without a date."""
        query = self.base.where(self.at.is_(None), *_within(self.at, self.group))
        return query.order_by(self.case_id).limit(PAGE + 1)

    @cached_property
    def undated_behind(self) -> Select[Any]:
        """Rows without a date behind a place."""
        return self.undated.where(self.case_id > AFTER_ID)


_Found = Mapping[Any, Any]


def worklist(actor: Actor, wanted: Wanted, *, after: Place | None, now: datetime) -> Worklist:
    """The page behind ``after`` of what this viewer may see and asked for, with what stands beside it."""
    times = _times(now)
    found = _merged([_page_of(scope, after, times) for scope in _scopes(actor, wanted)])
    grouping = _Grouping(_starts(), waiting_states(), now=now, tomorrow=times["tomorrow"])
    shown = [_row(one, actor, grouping.of(one)) for one in found[:PAGE]]
    is_all = after is None and len(found) <= PAGE and wanted.group is None
    counts, is_counted = (_tally(shown), True) if is_all else _counts(actor, wanted, times)
    return Worklist(
        rows=shown,
        following=Place(shown[-1].at, shown[-1].case_id) if len(found) > PAGE else None,
        counts=counts,
        is_counted=is_counted,
        has_moved=has_moved(actor, now=now),
    )


def _times(now: datetime) -> dict[str, datetime]:
    """What the statements compare dates with."""
    return {
        "now": now,
        "tomorrow": _tomorrow(now),
        "recently": now - RECENT,
        "lately": now - JUST_MOVED,
    }


@lru_cache(maxsize=KEPT_STATEMENTS)
def _scopes(actor: Actor, wanted: Wanted) -> tuple[_Scope, ...]:
    """What is closed or one's own is reached by the handler's rows alone."""
    is_own = wanted.view in {View.MINE, View.CLOSED} or wanted.is_mine
    if actor.role in ORGANISATION_WIDE and not is_own:
        return _handled(actor, wanted), _in_remit(actor, wanted)
    return (_handled(actor, wanted),)


def _handled(actor: Actor, wanted: Wanted) -> _Scope:
    base = (
        select(*_columns(CaseHandler.next_due_at))
        .join(CaseHandler, CaseHandler.case_id == Case.id)
        .where(
            CaseHandler.membership_id == actor.membership_id,
            CaseHandler.until_at.is_(None),
            # Elsewhere no conflict could be found, so nothing is shown.
            Case.organisation_id.in_({actor.organisation_id, *actor.outside}),
            free_of_conflict(actor),
            *_conditions(actor, wanted),
        )
    )
    if wanted.view is View.CLOSED:
        recent = base.with_only_columns(*_columns(Case.closed_at)).where(Case.closed_at >= RECENTLY)
        return _Scope(recent, Case.closed_at, Case.id, is_descending=True)
    base = base.where(Case.closed_at.is_(None))
    return _Scope(base, CaseHandler.next_due_at, CaseHandler.case_id, wanted.group)


def _in_remit(actor: Actor, wanted: Wanted) -> _Scope:
    """Without those that the handler's rows reach already: asked as one list, not row by row."""
    base = select(*_columns(Case.next_due_at)).where(
        Case.closed_at.is_(None),
        in_remit_of(actor),
        free_of_conflict(actor),
        ~handled_by(actor),
        *_conditions(actor, wanted),
    )
    return _Scope(base, Case.next_due_at, Case.id, wanted.group)


def _columns(at: Any) -> tuple[Any, ...]:
    return (
        Case.id,
        Case.reference,
        Case.kind,
        Case.category,
        Case.severity,
        Case.state,
        Case.outcome,
        Case.owner_role,
        Case.owner_membership_id,
        Case.acknowledged_at,
        Case.closed_at,
        Case.next_clock,
        Case.definition_hash,
        at.label("at"),
    )


def _conditions(actor: Actor, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.view is View.MINE or wanted.is_mine:
        yield Case.owner_membership_id == actor.membership_id
    if wanted.view is View.WAITING:
        yield Case.state.in_(waiting_states())
    for column, value in (
        (Case.kind, wanted.kind),
        (Case.category, wanted.category),
        (Case.severity, wanted.severity),
        (Case.state, wanted.state),
    ):
        if value is not None:
            yield column == value


def waiting_states() -> frozenset[str]:
    """The states in which a reporter has to act."""
    return _states(lambda state: state.waits_for is Waiting.REPORTER)


def _states(fits: Callable[[Any], bool]) -> frozenset[str]:
    workflows = installation_of(reader()).workflows.values()
    return frozenset(name for one in workflows for name, state in one.states.items() if fits(state))


def _starts() -> frozenset[str]:
    return frozenset(one.start for one in installation_of(reader()).workflows.values())


def _page_of(scope: _Scope, after: Place | None, times: Mapping[str, Any]) -> list[_Found]:
    """One row more than a page: those with a date, then, only if there is room, those without."""
    place = {"after_at": after.at, "after_id": after.case_id} if after else {}
    values = {**times, **place}
    rows: list[_Found] = []
    if after is None or after.at is not None:
        rows += _fetch(scope.dated_behind if after else scope.dated, values)
    if len(rows) <= PAGE and not scope.is_descending:
        is_among = after is not None and after.at is None
        rows += _fetch(scope.undated_behind if is_among else scope.undated, values)
    return rows


def _fetch(query: Select[Any], values: Mapping[str, Any]) -> Sequence[_Found]:
    return reader().execute(query, values).mappings().all()


def _within(at: Any, group: Group | None) -> Iterator[ColumnElement[bool]]:
    """The rows of one group only."""
    if group is None or group is Group.CLOSED:
        return
    if group is Group.LATE:
        yield at < NOW
    elif group is Group.DUE:
        yield and_(at >= NOW, at < TOMORROW)
    else:
        yield or_(at >= TOMORROW, at.is_(None))
        yield _kind_of_later() == group


def _kind_of_later() -> Any:
    """New, waiting or later: what a row that is not due yet is."""
    is_new = and_(Case.state.in_(_starts()), Case.acknowledged_at.is_(None))
    return case(
        (Case.state.in_(waiting_states()), literal_column(f"'{Group.WAIT}'")),
        (is_new, literal_column(f"'{Group.NEW}'")),
        else_=literal_column(f"'{Group.LATER}'"),
    )


def _tomorrow(now: datetime) -> datetime:
    """The end of today in London."""
    day = now.astimezone(LONDON).date() + ONE_DAY
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def _merged(pages: Sequence[Sequence[_Found]]) -> list[_Found]:
    """The rows of all scopes in one order; one scope is in order as it is."""
    if len(pages) == 1:
        return list(pages[0])
    return sorted((one for page in pages for one in page), key=_place_of)


def _place_of(one: _Found) -> tuple[bool, float, str]:
    at = one["at"]
    return at is None, at.timestamp() if at else 0.0, one["id"].hex


@dataclass(frozen=True, slots=True)
class _Grouping:
    """Under which heading a row stands at an instant."""

    starts: frozenset[str]
    waiting: frozenset[str]
    now: datetime
    tomorrow: datetime

    def of(self, one: _Found) -> Group:
        """By its date first, then by who has to act."""
        at, state = one["at"], one["state"]
        if one["closed_at"] is not None:
            return Group.CLOSED
        if at is not None and at < self.tomorrow:
            return Group.LATE if at < self.now else Group.DUE
        if state in self.waiting:
            return Group.WAIT
        return Group.NEW if one["acknowledged_at"] is None and state in self.starts else Group.LATER


def _row(one: _Found, actor: Actor, group: Group) -> Row:
    return Row(
        case_id=one["id"],
        reference=one["reference"],
        kind=one["kind"],
        category=one["category"],
        severity=one["severity"],
        state=one["state"],
        outcome=one["outcome"],
        owner_role=one["owner_role"],
        is_mine=one["owner_membership_id"] == actor.membership_id,
        at=one["at"],
        clock=one["next_clock"],
        definition_hash=one["definition_hash"],
        group=group,
    )


def _tally(rows: Sequence[Row]) -> dict[Group, int]:
    return {group: sum(row.group is group for row in rows) for group in Group}


def _counts(actor: Actor, wanted: Wanted, times: Mapping[str, Any]) -> tuple[dict[Group, int], bool]:
    """How many rows each group has among the first thousand, and whether that is all of them."""
    counts = dict.fromkeys(Group, 0)
    is_counted = True
    if wanted.view is View.CLOSED:
        return counts, is_counted
    for query in _counting(actor, wanted):
        rows = reader().execute(query, times).all()
        for which, number in rows:
            counts[Group(which)] += number
        is_counted = is_counted and sum(number for _, number in rows) <= COUNTED
    return counts, is_counted


@lru_cache(maxsize=KEPT_STATEMENTS)
def _counting(actor: Actor, wanted: Wanted) -> tuple[Select[Any], ...]:
    return tuple(_count_of(scope) for scope in _scopes(actor, wanted))


def _count_of(scope: _Scope) -> Select[Any]:
    first = (
        scope.base.with_only_columns(scope.at.label("at"), _kind_of_later().label("later"))
        .where(scope.at.is_not(None))
        .order_by(scope.at, scope.case_id)
        .limit(COUNTED + 1)
        .subquery()
    )
    group = case(
        (first.c.at < NOW, literal_column(f"'{Group.LATE}'")),
        (first.c.at < TOMORROW, literal_column(f"'{Group.DUE}'")),
        else_=first.c.later,
    ).label("which")
    return select(group, func.count()).select_from(first).group_by(group)


def has_moved(actor: Actor, *, now: datetime) -> bool:
    """Whether a case that this membership worked on went to somebody else lately: one answer for every cause."""
    return bool(reader().scalar(_moved(actor), _times(now)))


@lru_cache(maxsize=KEPT_STATEMENTS)
def _moved(actor: Actor) -> Select[Any]:
    ended = (
        select(CaseHandler.id)
        .join(Case, Case.id == CaseHandler.case_id)
        .where(
            CaseHandler.membership_id == actor.membership_id,
            CaseHandler.until_at >= LATELY,
            Case.closed_at.is_(None),
        )
    )
    return select(ended.exists())
