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
from typing import Any, Self
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)

from app.database import UtcDateTime, installation_of, reader
from app.domain.actors import Actor
from app.domain.calendars import LONDON, ONE_DAY
from app.domain.vocabulary import Kind, PartyRole, Role, Severity
from app.domain.workflow import Waiting
from app.models.case import Case, CaseExclusion, CaseHandler, CaseParty
from app.queries.cases import ORGANISATION_WIDE, free_of_conflict, in_remit_of

PAGE = 50
COUNTED = 1000
RECENT = timedelta(days=30)
JUST_MOVED = timedelta(days=7)


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


@dataclass(frozen=True, slots=True)
class _Scope:
    """One way to reach cases, along one index: where it starts, and the two columns that it is ordered by."""

    base: Select[Any]
    at: Any
    case_id: Any
    is_descending: bool = False


_Found = Mapping[Any, Any]


def worklist(actor: Actor, wanted: Wanted, *, after: Place | None, now: datetime) -> Worklist:
    """The page behind ``after`` of what this viewer may see and asked for, with what stands beside it."""
    scopes = list(_scopes(actor, wanted, now))
    found = _merged([_page_of(scope, wanted, after, now) for scope in scopes])
    shown = [_row(one, actor, _group_of(one, now)) for one in found[:PAGE]]
    is_all = after is None and len(found) <= PAGE and wanted.group is None
    counts, is_counted = (_tally(shown), True) if is_all else _counts(scopes, wanted, now)
    return Worklist(
        rows=shown,
        following=Place(shown[-1].at, shown[-1].case_id) if len(found) > PAGE else None,
        counts=counts,
        is_counted=is_counted,
        has_moved=has_moved(actor, now=now),
    )


def _scopes(actor: Actor, wanted: Wanted, now: datetime) -> Iterator[_Scope]:
    """What is closed or one's own is reached by the handler's rows alone."""
    yield _handled(actor, wanted, now)
    is_own = wanted.view in {View.MINE, View.CLOSED} or wanted.is_mine
    if actor.role in ORGANISATION_WIDE and not is_own:
        yield _in_remit(actor, wanted)


def _handled(actor: Actor, wanted: Wanted, now: datetime) -> _Scope:
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
        recent = base.with_only_columns(*_columns(Case.closed_at)).where(Case.closed_at >= now - RECENT)
        return _Scope(recent, Case.closed_at, Case.id, is_descending=True)
    return _Scope(base.where(Case.closed_at.is_(None)), CaseHandler.next_due_at, CaseHandler.case_id)


def _in_remit(actor: Actor, wanted: Wanted) -> _Scope:
    here = exists().where(
        CaseHandler.case_id == Case.id,
        CaseHandler.membership_id == actor.membership_id,
        CaseHandler.until_at.is_(None),
    )
    base = select(*_columns(Case.next_due_at)).where(
        Case.closed_at.is_(None),
        in_remit_of(actor),
        free_of_conflict(actor),
        ~here,
        *_conditions(actor, wanted),
    )
    return _Scope(base, Case.next_due_at, Case.id)


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


def _page_of(scope: _Scope, wanted: Wanted, after: Place | None, now: datetime) -> list[_Found]:
    """One row more than a page: those with a date, then, only if there is room, those without."""
    query = scope.base.where(*_within(scope, wanted.group, now))
    rows: list[_Found] = []
    if after is None or after.at is not None:
        dated = query.where(scope.at.is_not(None), *_behind(scope, after))
        rows += _fetch(dated.order_by(*_order(scope)))
    if len(rows) <= PAGE and not scope.is_descending:
        undated = query.where(scope.at.is_(None))
        if after is not None and after.at is None:
            undated = undated.where(scope.case_id > after.case_id)
        rows += _fetch(undated.order_by(scope.case_id))
    return rows


def _fetch(query: Select[Any]) -> Sequence[_Found]:
    return reader().execute(query.limit(PAGE + 1)).mappings().all()


def _order(scope: _Scope) -> tuple[Any, ...]:
    if scope.is_descending:
        return scope.at.desc(), scope.case_id.desc()
    return scope.at, scope.case_id


def _behind(scope: _Scope, after: Place | None) -> Iterator[ColumnElement[bool]]:
    if after is not None:
        place = tuple_(literal(after.at, UtcDateTime()), literal(after.case_id, Uuid()))
        here = tuple_(scope.at, scope.case_id)
        yield here < place if scope.is_descending else here > place


def _within(scope: _Scope, group: Group | None, now: datetime) -> Iterator[ColumnElement[bool]]:
    """The rows of one group only."""
    if group is None or group is Group.CLOSED:
        return
    tomorrow = _tomorrow(now)
    if group is Group.LATE:
        yield scope.at < now
    elif group is Group.DUE:
        yield and_(scope.at >= now, scope.at < tomorrow)
    else:
        yield or_(scope.at >= tomorrow, scope.at.is_(None))
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


def _group_of(one: _Found, now: datetime) -> Group:
    if one["closed_at"] is not None:
        return Group.CLOSED
    if one["at"] is not None and one["at"] < now:
        return Group.LATE
    if one["at"] is not None and one["at"] < _tomorrow(now):
        return Group.DUE
    if one["state"] in waiting_states():
        return Group.WAIT
    is_new = one["acknowledged_at"] is None and one["state"] in _starts()
    return Group.NEW if is_new else Group.LATER


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


def _counts(scopes: Sequence[_Scope], wanted: Wanted, now: datetime) -> tuple[dict[Group, int], bool]:
    """How many rows each group has among the first thousand, and whether that is all of them."""
    counts = dict.fromkeys(Group, 0)
    is_counted = True
    if wanted.view is View.CLOSED:
        return counts, is_counted
    for scope in scopes:
        first = (
            scope.base.with_only_columns(scope.at.label("at"), _kind_of_later().label("later"))
            .where(scope.at.is_not(None))
            .order_by(scope.at, scope.case_id)
            .limit(COUNTED + 1)
            .subquery()
        )
        group = case(
            (first.c.at < now, literal_column(f"'{Group.LATE}'")),
            (first.c.at < _tomorrow(now), literal_column(f"'{Group.DUE}'")),
            else_=first.c.later,
        ).label("which")
        rows = reader().execute(select(group, func.count()).select_from(first).group_by(group)).all()
        for which, number in rows:
            counts[Group(which)] += number
        is_counted = is_counted and sum(number for _, number in rows) <= COUNTED
    return counts, is_counted


def has_moved(actor: Actor, *, now: datetime) -> bool:
    """Whether a case that this membership worked on went to somebody else lately: one answer for every cause."""
    ended = (
        select(CaseHandler.id)
        .join(Case, Case.id == CaseHandler.case_id)
        .where(
            CaseHandler.membership_id == actor.membership_id,
            CaseHandler.until_at >= now - JUST_MOVED,
            Case.closed_at.is_(None),
        )
        .limit(1)
    )
    if reader().scalar(ended) is not None:
        return True
    return any(reader().scalar(query) is not None for query in _out_of_sight(actor))


def _out_of_sight(actor: Actor) -> Iterator[Select[Any]]:
    """Open rows of this membership in cases that the viewer turned out to be part of."""
    open_row = and_(
        CaseHandler.membership_id == actor.membership_id,
        CaseHandler.until_at.is_(None),
    )
    row = select(CaseHandler.id).limit(1)
    party = row.join(CaseParty, CaseParty.case_id == CaseHandler.case_id).where(open_row)
    yield party.where(CaseParty.token.in_(actor.tokens))
    if actor.close_tokens:
        about = and_(CaseParty.role == PartyRole.SUBJECT, CaseParty.token.in_(actor.close_tokens))
        yield party.where(about)
    excluded = row.join(CaseExclusion, CaseExclusion.case_id == CaseHandler.case_id)
    yield excluded.where(open_row, CaseExclusion.token.in_(actor.tokens))
