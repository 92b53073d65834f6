"""What must hold of a workflow before any case may run on it: each check by its code, worded elsewhere.

Pure. A definition that passes cannot strand a case, forget a clock, or send a concern to the person it is
about, whatever people do; that the engine keeps to it is shown by its own tests.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from app.domain.almanac import Calendars
from app.domain.calendars import DEFAULT_WINDOW, Calendar
from app.domain.deadlines import due
from app.domain.errors import InvalidInput
from app.domain.flow import (
    can_end,
    edges,
    goes_round_by_itself,
    left_by_clock,
    maybe_running,
    reachable,
    surely_running,
)
from app.domain.limits import ELAPSED, Limit
from app.domain.permissions import ADVISERS, HANDLERS
from app.domain.plan import Clockwork
from app.domain.routing import Row, Table, Trait
from app.domain.tables import gap, meets_first, shadowed
from app.domain.vocabulary import Kind, ReporterIdentity, Role, Severity
from app.domain.workflow import (
    DEPUTY,
    OWNER,
    Action,
    Clock,
    Condition,
    Definition,
    Guard,
    Rung,
    RungAct,
    Transition,
    Waiting,
    Who,
    outcomes_of,
)

FIRST_CONTACT = timedelta(hours=4)
DETRIMENT = "DETRIMENT"
# Whom a case may reach while nobody knows whom it is about.
FOR_UNRESOLVED = frozenset({Role.GUARDIAN, Role.BOARD_LEAD, Role.OUTSIDE_REVIEWER})
# Who they are follows from who reported: given a case, they would know.
KNOWN_BY_REPORTER = frozenset({Role.SUPERVISOR, Role.TRAINING_PROGRAMME_DIRECTOR})
# What only somebody may do who did not raise the case.
DECIDING = (Action.TRIAGE, Action.CLOSE, Action.REOPEN, Action.REFER, Action.ESCALATE)


@dataclass(frozen=True, slots=True)
class Problem:
    """A check that failed: its code, the state, action, clock or row it is about, and what it names beside."""

    code: str
    where: str
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a definition is checked against: the routing table, calendars, known names and the day."""

    table: Table
    calendars: Calendars
    categories: Collection[str]
    tags: Collection[str]
    now: datetime


Check = Callable[[Definition, Setting], Iterator[Problem]]


def problems(definition: Definition, setting: Setting) -> list[Problem]:
    """Everything that is wrong with a definition, in the order of the specification; empty if it may be used.

    Names come first, alone: nothing else can be said of a definition that speaks of what does not exist.
    """
    unknown = list(_unknown_names(definition, setting))
    return unknown or [one for check in CHECKS for one in check(definition, setting)]


# Structure


def _unknown_names(definition: Definition, setting: Setting) -> Iterator[Problem]:
    states, clocks = definition.states.keys(), definition.clocks.keys()
    if definition.start not in states:
        yield Problem("one-start", definition.start or "?")
    for one in definition.transitions.values():
        named = {one.to, *one.from_states, *one.first_in, *one.by_outcome.values()} - {""}
        yield from _strangers(f"actions.{one.action}", named - states)
        moved = {*one.meets, *one.meets_after_triage, *one.ends, *one.pauses, *one.resumes, *one.starts}
        yield from _strangers(f"actions.{one.action}", moved - clocks)
        yield from _strangers(f"actions.{one.action}", set(one.by) - set(Who) - set(Role))
    for clock in definition.clocks.values():
        beside = {clock.not_later_than} - {""} - clocks
        fired = {clock.fires} - {None} - definition.transitions.keys()
        strange = {*beside, *map(str, fired), *(clock.not_for - set(setting.categories))}
        named = {to for rung in clock.ladder for to in rung.to} - {OWNER, DEPUTY} - set(Role)
        yield from _strangers(f"clocks.{clock.code}", {*strange, *named})


def _strangers(where: str, names: Iterable[str]) -> Iterator[Problem]:
    return (Problem("unknown-name", where, {"name": name}) for name in sorted(names))


def _one_start(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    if definition.states[definition.start].is_final:
        yield Problem("one-start", definition.start)


def _unreachable(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    for name in sorted(definition.states.keys() - reachable(definition)):
        yield Problem("unreachable-state", name)


def _no_way_out(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    for name in sorted(reachable(definition) - can_end(definition)):
        yield Problem("no-way-out", name)


def _dead(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    alive, fired = reachable(definition), {clock.fires for clock in definition.clocks.values()}
    offered = set(outcomes_of(definition.kind))
    for one in definition.transitions.values():
        by_clock_only = set(one.by) == {Who.CLOCK} and one.action not in fired
        if not alive & set(one.from_states) or not one.by or by_clock_only:
            yield Problem("dead-transition", one.action)
        for outcome in sorted(one.by_outcome.keys() - offered):
            yield Problem("dead-transition", one.action, {"outcome": outcome})


def _final_clocks(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    for way in edges(definition):
        target, source = definition.states[way.target], definition.states[way.source]
        for code in way.transition.starts:
            if target.is_final and code != DETRIMENT:
                yield Problem("final-state-clock", way.target, {"clock": code})
        if source.is_final and way.target != way.source and way.transition.action is not Action.REOPEN:
            yield Problem("final-state-clock", way.source, {"action": way.transition.action})


# Ownership


def _no_owner(definition: Definition, setting: Setting) -> Iterator[Problem]:
    for name, state in definition.states.items():
        if not state.is_final and state.waits_for is Waiting.NOBODY:
            yield Problem("no-owner", name)
    if definition.fallback not in _takers(definition.kind):
        yield Problem("no-owner", "fallback", {"role": definition.fallback})
    for role in sorted(_asked(definition, setting.table) & _takers(definition.kind)):
        if definition.fallback not in _chain(setting.table, role):
            yield Problem("no-owner", f"stand_ins.{role}", {"role": definition.fallback})


def _takers(kind: Kind) -> frozenset[Role]:
    return ADVISERS if kind is Kind.ADVICE else HANDLERS


def _asked(definition: Definition, table: Table) -> frozenset[Role]:
    """Every role that a case of this kind may be given to by a row or a rung."""
    rows = [row.to for row in table.owners if definition.kind in row.when.get(Trait.KIND, set(Kind))]
    rungs = [Role(to) for rung in _takes(definition) for to in rung.to if to in set(Role)]
    return frozenset((*rows, *rungs))


def _takes(definition: Definition) -> Iterator[Rung]:
    return (
        rung for clock in definition.clocks.values() for rung in clock.ladder if rung.does is RungAct.TAKE
    )


def _chain(table: Table, role: Role) -> tuple[Role, ...]:
    return (role, *table.stand_ins.get(role, ()))


def _no_clock(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    running = surely_running(definition)
    for name, state in definition.states.items():
        if name in running and not state.is_final and not running[name]:
            yield Problem("no-clock", name)


def _endless_pause(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    """Whatever pauses a clock, or waits for the reporter, ends by itself and starts the clock again."""
    ended = {(way.source, way.transition.action) for way, _ in left_by_clock(definition)}
    leaving = {state: definition.transitions[action] for state, action in ended}
    for way in edges(definition):
        missing = set(way.transition.pauses) - set(_resumed(leaving.get(way.target)))
        for code in sorted(missing):
            yield Problem("endless-pause", way.target, {"clock": code, "action": way.transition.action})
    for name, state in definition.states.items():
        if state.waits_for is Waiting.REPORTER and name not in leaving:
            yield Problem("endless-pause", name)


def _resumed(transition: Transition | None) -> tuple[str, ...]:
    return transition.resumes if transition else ()


# Clocks


def _calendar_short(definition: Definition, setting: Setting) -> Iterator[Problem]:
    for clock in definition.clocks.values():
        for calendar in _current(setting):
            if _is_too_short(clock, calendar, setting.now):
                yield Problem("calendar-short", clock.code, {"calendar": calendar.name})


def _current(setting: Setting) -> Iterator[Calendar]:
    return iter(setting.calendars.all_current(on=setting.now.date()))


def _is_too_short(clock: Clock, calendar: Calendar, now: datetime) -> bool:
    try:
        for limit in set(clock.limits.values()):
            due(now, limit, calendar=calendar)
    except InvalidInput:
        return True
    return False


def _ladder_order(definition: Definition, setting: Setting) -> Iterator[Problem]:
    for clock in definition.clocks.values():
        numbers = [rung.number for rung in clock.ladder]
        is_numbered = all(one < other for one, other in pairwise(numbers)) and 0 not in numbers
        if not is_numbered or not _rises(clock, setting):
            yield Problem("ladder-order", clock.code)


def _rises(clock: Clock, setting: Setting) -> bool:
    """Whether each rung fires after the one before, wherever in two weeks the limit falls."""
    clockworks = [Clockwork(calendar=one, window=DEFAULT_WINDOW) for one in _current(setting)]
    hours = (setting.now + timedelta(hours=7 * number) for number in range(48))
    return all(
        one < other
        for at in hours
        for clockwork in clockworks
        for severity in Severity
        for one, other in pairwise([clockwork.rung_at(rung, at, severity) for rung in clock.ladder])
    )


def _ladder_loop(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    """Upwards without coming back, and at the top the organisation and its auditor know."""
    for clock in definition.clocks.values():
        takers = [to for rung in clock.ladder if rung.does is RungAct.TAKE for to in rung.to]
        if len(set(takers)) != len(takers) or OWNER in takers:
            yield Problem("ladder-loop", clock.code)
        told = {to for rung in clock.ladder[-1:] if rung.does is RungAct.TELL for to in rung.to}
        if takers and not (Role.AUDITOR in told and told & TOP):
            yield Problem("ladder-loop", clock.code, {"top": "organisation"})


TOP = frozenset({Role.CHAIR, Role.CHIEF_EXECUTIVE, Role.ADVISER_LEAD})


def _ladder_stuck(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    lifted = definition.transitions.get(Action.ESCALATE)
    allowed = set(lifted.from_states) if lifted and Who.CLOCK in lifted.by else set()
    for state, codes in maybe_running(definition).items():
        for code in sorted(codes):
            if state not in allowed and any(
                rung.does is RungAct.TAKE for rung in definition.clocks[code].ladder
            ):
                yield Problem("ladder-stuck", state, {"clock": code})


def _auto_loop(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    for name in sorted(goes_round_by_itself(definition)):
        yield Problem("auto-loop", name)


# Conflict


def _route_to_subject(definition: Definition, setting: Setting) -> Iterator[Problem]:
    table = setting.table
    for number, row in enumerate(table.owners):
        if definition.kind in row.when.get(Trait.KIND, set(Kind)):
            yield from _row_to_subject(definition, row, table.owners[:number], is_owner=True)
    for row in table.told:
        if definition.kind in row.when.get(Trait.KIND, set(Kind)):
            yield from _row_to_subject(definition, row, (), is_owner=False)


def _row_to_subject(
    definition: Definition, row: Row, earlier: tuple[Row, ...], *, is_owner: bool
) -> Iterator[Problem]:
    """Asked of the role alone, since the only holder of a role may be anybody: the subject, too."""
    if is_owner and row.to in row.when.get(Trait.SUBJECT_ROLE, frozenset()):
        yield Problem("route-to-subject", row.name, {"role": row.to, "case": "subject"})
    if definition.kind is not Kind.CONCERN:
        return
    kind = frozenset({str(definition.kind)})
    unknown = {Trait.KIND: kind, Trait.SUBJECT: frozenset({"unresolved"})}
    if row.to not in FOR_UNRESOLVED and meets_first(row, earlier, unknown):
        yield Problem("route-to-subject", row.name, {"role": row.to, "case": "unresolved"})
    sealed = frozenset({str(ReporterIdentity.CONFIDENTIAL), str(ReporterIdentity.ANONYMOUS)})
    if row.to in KNOWN_BY_REPORTER and meets_first(row, earlier, {Trait.KIND: kind, Trait.IDENTITY: sealed}):
        yield Problem("route-to-subject", row.name, {"role": row.to, "case": "reporter"})


def _no_outside_route(definition: Definition, setting: Setting) -> Iterator[Problem]:
    """If the subject holds every role inside, somebody from outside is still asked; an MDO asks another adviser."""
    outside = ADVISERS if definition.kind is Kind.ADVICE else frozenset({Role.OUTSIDE_REVIEWER})
    for role in sorted(_asked(definition, setting.table) & _takers(definition.kind)):
        if not outside & set(_chain(setting.table, role)[1:]) and role not in outside - ADVISERS:
            yield Problem("no-outside-route", f"stand_ins.{role}")


def _self_review(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    for action in DECIDING:
        one = definition.transitions.get(action)
        if one and {Who.REPORTER, Role.MEMBER} & set(one.by):
            yield Problem("self-review", action)
    for one in definition.transitions.values():
        if one.second_by and set(one.second_by) & {Who.REPORTER, Who.CLOCK, Role.MEMBER}:
            yield Problem("self-review", one.action)


# Tables


def _table_gap(definition: Definition, setting: Setting) -> Iterator[Problem]:
    mine = [row for row in setting.table.owners if definition.kind in row.when.get(Trait.KIND, set(Kind))]
    if left := gap(mine, {Trait.KIND: frozenset({str(definition.kind)})}):
        words = {
            str(trait): " ".join(sorted(values)) for trait, values in left.items() if trait is not Trait.KIND
        }
        yield Problem("table-gap", "owners", words)


def _table_shadow(_definition: Definition, setting: Setting) -> Iterator[Problem]:
    for row, earlier in shadowed(setting.table.owners):
        yield Problem("table-shadow", row.name, {"rows": ", ".join(one.name for one in earlier)})


def _slow_severe(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    triage = definition.transitions.get(Action.TRIAGE)
    if triage is None:
        return
    firsts = (definition.clocks[code] for code in triage.meets)
    if not any(_is_quick(clock) for clock in firsts):
        yield Problem("slow-severe", triage.action)


def _is_quick(clock: Clock) -> bool:
    limit: Limit = clock.limits[Severity.CRITICAL]
    return clock.armed_when is Condition.ALWAYS and limit.unit in ELAPSED and limit.time <= FIRST_CONTACT


def _unaudited(definition: Definition, setting: Setting) -> Iterator[Problem]:
    for one in definition.transitions.values():
        if one.audit not in setting.tags:
            yield Problem("unaudited", one.action, {"tag": one.audit})


def _silent_withdrawal(definition: Definition, _setting: Setting) -> Iterator[Problem]:
    one = definition.transitions.get(Action.WITHDRAW)
    if one is None:
        return
    if Guard.NO_PATIENT_AT_RISK not in one.guards or set(one.from_states) - {definition.start}:
        yield Problem("silent-withdrawal", one.action)


CHECKS: tuple[Check, ...] = (
    _one_start,
    _unreachable,
    _no_way_out,
    _dead,
    _final_clocks,
    _no_owner,
    _no_clock,
    _endless_pause,
    _calendar_short,
    _ladder_order,
    _ladder_loop,
    _ladder_stuck,
    _auto_loop,
    _route_to_subject,
    _no_outside_route,
    _self_review,
    _table_gap,
    _table_shadow,
    _slow_severe,
    _unaudited,
    _silent_withdrawal,
)


def map_gaps(old: Definition, new: Definition, state_map: Mapping[str, str]) -> Iterator[Problem]:
    """What a map from the states of one version to those of another leaves out or invents."""
    for name in old.states:
        if state_map.get(name, "") not in new.states:
            yield Problem("map-gap", name, {"to": state_map.get(name, "")})
    for name in sorted(state_map.keys() - old.states.keys()):
        yield Problem("map-gap", name)
