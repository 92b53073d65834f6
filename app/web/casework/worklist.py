"""The worklist: what is due first, in words, and the search by reference."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.permissions import Permission
from app.domain.references import MistypedReference, read_reference
from app.domain.vocabulary import Kind, Outcome, Severity
from app.queries import worklist as lists
from app.queries.worklist import Group, Place, Row, View, Wanted, Worklist
from app.services import disclosure
from app.web import moments
from app.web.access import current_act, current_actor, current_now, installation, requires
from app.web.acting import NO_REFERENCE
from app.web.casework.pages import bp
from app.web.casework.wording import category_words, shown_role, step_words
from app.web.words import STATES, state_words, words

VIEWS: Mapping[View, object] = {
    View.NEEDS_ME: _l("Needs me"),
    View.MINE: _l("Mine"),
    View.WAITING: _l("Waiting"),
    View.CLOSED: _l("Closed in 30 days"),
}
GROUPS: Mapping[Group, object] = {
    Group.LATE: _l("Overdue"),
    Group.DUE: _l("Due today"),
    Group.NEW: _l("New"),
    Group.WAIT: _l("Waiting"),
    Group.LATER: _l("Later"),
    Group.CLOSED: _l("Closed"),
}
LONGEST_SEARCH = 80
T = TypeVar("T")


class Line(NamedTuple):
    """One row in words; a tuple, because a template takes fifty of them apart."""

    url: str
    when: str
    more: str
    step: str
    category: str
    kind: str
    severity: Severity
    state: str
    who: str
    is_mine: bool
    reference: str


class Choice(NamedTuple):
    """One value of a filter; a tuple, as above."""

    value: str
    label: str
    is_chosen: bool


class Sheet:
    """A page of the list in words; each word is looked up once, however many rows say it."""

    def __init__(self, found: Worklist, wanted: Wanted, now: datetime) -> None:
        self.found = found
        self.wanted = wanted
        self.now = now
        self._base = url_for("casework.worklist")
        self._known: dict[tuple[str, object], str] = {}

    @cached_property
    def groups(self) -> list[tuple[Group, str, list[Line]]]:
        """The groups that have rows on this page, in order."""
        by_group: dict[Group, list[Line]] = {}
        for row in self.found.rows:
            by_group.setdefault(row.group, []).append(self._line(row))
        return [(group, str(GROUPS[group]), by_group[group]) for group in Group if group in by_group]

    @property
    def tally(self) -> Iterator[dict[str, str]]:
        """How many there are of each group, each with the way to it."""
        for group in (Group.LATE, Group.DUE, Group.NEW, Group.WAIT, Group.LATER):
            yield {
                "kind": group,
                "count": self._count(group),
                "words": str(GROUPS[group]).lower(),
                "url": self.address(group=group),
            }

    def _count(self, group: Group) -> str:
        count = self.found.counts.get(group, 0)
        if self.found.is_counted:
            return f"{count:,}"
        return f"{min(count, lists.COUNTED):,}+" if count else "–"

    @property
    def views(self) -> list[tuple[str, str, bool]]:
        """The saved views as links."""
        return [
            (str(label), url_for("casework.worklist", view=view), view is self.wanted.view)
            for view, label in VIEWS.items()
        ]

    @property
    def following(self) -> str | None:
        """The address of the next page."""
        return self.address(after=str(self.found.following)) if self.found.following else None

    def address(self, **changed: str) -> str:
        """This list with something changed."""
        kept: dict[str, Any] = {name: value for name, value in request.args.items() if name in KEPT and value}
        return url_for("casework.worklist", **{**kept, **changed})

    @property
    def kinds(self) -> list[Choice]:
        """The kinds to filter by."""
        return [
            Choice(kind, words(kind), kind is self.wanted.kind) for kind in (Kind.SELF_REPORT, Kind.CONCERN)
        ]

    @property
    def categories(self) -> list[Choice]:
        """The categories to filter by, in the order of their words."""
        known = installation().categories.by_code.values()
        found = [Choice(one.code, one.words, one.code == self.wanted.category) for one in known]
        return sorted(found, key=lambda one: one.label)

    @property
    def severities(self) -> list[Choice]:
        """The severities to filter by, the highest first."""
        return [Choice(one, words(one), one is self.wanted.severity) for one in reversed(Severity)]

    @property
    def states(self) -> list[Choice]:
        """The open states to filter by."""
        workflows = [installation().workflows[kind] for kind in (Kind.SELF_REPORT, Kind.CONCERN)]
        found = {
            state.name: state for one in workflows for state in one.states.values() if not state.is_final
        }
        return [Choice(name, state_words(one), name == self.wanted.state) for name, one in found.items()]

    @property
    def is_filtered(self) -> bool:
        """Whether a filter keeps cases out of this view."""
        wanted = self.wanted
        chosen = (wanted.kind, wanted.category, wanted.severity, wanted.state)
        return wanted.is_mine or any(one is not None for one in chosen)

    @property
    def next_due(self) -> datetime | None:
        """When the next case of this person falls due, whatever this view leaves out."""
        found = lists.worklist(current_actor(), Wanted(), after=None, now=self.now)
        return next((row.at for row in found.rows if row.at), None)

    def _line(self, row: Row) -> Line:
        when, more = self._when(row)
        return Line(
            url=f"{self._base}/{row.reference}",
            when=when,
            more=more,
            step=self._once("step", (row.kind, row.clock), self._step),
            category=self._once("category", row.category, category_words),
            kind=self._once("kind", row.kind, words),
            severity=row.severity,
            state=self._once("state", (row.kind, row.state, row.outcome), self._state),
            who=self._once("who", (row.owner_role, row.is_mine), self._who),
            is_mine=row.is_mine,
            reference=row.reference,
        )

    def _once(self, what: str, key: Any, say: Any) -> str:
        known = self._known.get((what, key))
        if known is None:
            known = self._known[what, key] = say(key)
        return known

    def _when(self, row: Row) -> tuple[str, str]:
        """The date in words and, beside it, how far away it is."""
        if row.at is None:
            return self._once("no date", "", lambda _key: _("No date")), ""
        return self._once_pair(row.group, row.at)

    def _once_pair(self, group: Group, at: datetime) -> tuple[str, str]:
        when = self._once("when", (group, at), self._date)
        return when, self._once("more", (group, at), self._distance)

    def _date(self, key: tuple[Group, datetime]) -> str:
        group, at = key
        if group is Group.LATE:
            return moments.lateness(at, self.now)
        return moments.short_moment(at, self.now)

    def _distance(self, key: tuple[Group, datetime]) -> str:
        group, at = key
        if group is Group.LATE:
            return moments.short_date(at, self.now)
        return "" if group is Group.CLOSED else moments.time_left(at, self.now)

    def _step(self, key: tuple[Kind, str]) -> str:
        kind, code = key
        clock = installation().workflows[kind].clocks.get(code)
        return step_words(clock, current_actor().role) if clock else "–"

    def _state(self, key: tuple[Kind, str, Outcome | None]) -> str:
        kind, state, outcome = key
        if state == "awaiting_triage":
            return _("New")
        return state_words(installation().workflows[kind].states[state], outcome=outcome)

    def _who(self, key: tuple[Any, bool]) -> str:
        role, is_mine = key
        return shown_role(role, is_viewer=is_mine)


KEPT = ("view", "kind", "category", "severity", "state", "owner", "group")


@bp.get("/cases")
@requires(Permission.CASE_LIST)
def worklist() -> ResponseReturnValue:
    """What waits for this person, ordered by what is due."""
    wanted, now = _wanted(request.args), current_now()
    after = Place.parse(request.args.get("after", ""))
    found = lists.worklist(current_actor(), wanted, after=after, now=now)
    return render_template("casework/worklist.html", sheet=Sheet(found, wanted, now), is_first=after is None)


def _wanted(args: Mapping[str, str]) -> Wanted:
    """What the address asks for; what makes no sense there is left out."""
    category, state = args.get("category"), args.get("state")
    return Wanted(
        view=_member(View, args.get("view")) or View.NEEDS_ME,
        kind=_member(Kind, args.get("kind")),
        category=category if category in installation().categories.by_code else None,
        severity=_member(Severity, args.get("severity")),
        state=state if state in STATES else None,
        group=_member(Group, args.get("group")),
        is_mine=args.get("owner") == "mine",
    )


def _member(kind: type[T], value: str | None) -> T | None:
    known: Mapping[str, T] = {str(one): one for one in kind}  # type: ignore[attr-defined]  # each is a StrEnum
    return known.get(value or "")


@bp.get("/cases/find")
@requires(Permission.CASE_LIST)
def find() -> ResponseReturnValue:
    """Leads to the case with that reference, if this person may open it. Everything else was not found."""
    text = "".join(sign for sign in request.args.get("text", "") if sign.isprintable()).strip()[
        :LONGEST_SEARCH
    ]
    if not text:
        return redirect(url_for(".worklist"))
    try:
        reference = read_reference(text)
    except MistypedReference:
        return render_template("casework/found.html", text=text, is_slip=True)
    if disclosure.find(reference or NO_REFERENCE, act=current_act()):
        return redirect(url_for(".show", reference=reference))
    return render_template("casework/found.html", text=text, is_slip=False)
