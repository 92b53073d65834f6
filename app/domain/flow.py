"""What can be said of a workflow without running it: where it leads, and which clocks run where.

Pure, and about every possible course of a case at once: "surely" holds on each way to a state, "maybe" on
some way. Guards are taken to let through, so that nothing is proved that a guard would have to keep true.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from app.domain.workflow import Condition, Definition, Transition, Who

Clocks = frozenset[str]
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a state to a state."""

    source: str
    transition: Transition
    target: str


def edges(definition: Definition) -> Iterator[Edge]:
    """Every way through a definition; names that it does not declare are left out."""
    for transition in definition.transitions.values():
        for source in transition.from_states:
            for target in _targets(transition, source):
                if source in definition.states and target in definition.states:
                    yield Edge(source, transition, target)


def _targets(transition: Transition, source: str) -> frozenset[str]:
    return frozenset({transition.to or source, *transition.by_outcome.values()})


def reachable(definition: Definition) -> frozenset[str]:
    """The states that some case can come to."""
    return _closure({definition.start}, ((one.source, one.target) for one in edges(definition)))


def can_end(definition: Definition) -> frozenset[str]:
    """The states from which some way leads to a final one; a final one ends where it is."""
    final = {name for name, state in definition.states.items() if state.is_final}
    ways = (one for one in edges(definition) if one.source not in final)
    return _closure(final, ((one.target, one.source) for one in ways))


def _closure(start: Iterable[T], steps: Iterable[tuple[T, T]]) -> frozenset[T]:
    onward: dict[T, set[T]] = {}
    for source, target in steps:
        onward.setdefault(source, set()).add(target)
    seen, waiting = set(start), list(start)
    while waiting:
        new = onward.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return frozenset(seen)


def surely_running(definition: Definition) -> Mapping[str, Clocks]:
    """For each reachable state the clocks that run there, unpaused, whichever way a case came."""
    always = frozenset(code for code, one in definition.clocks.items() if one.armed_when is Condition.ALWAYS)
    return _spread(definition, always, _surely_after, _common)


def maybe_running(definition: Definition) -> Mapping[str, Clocks]:
    """For each reachable state the clocks that can run there, paused or not."""
    opening = frozenset(
        code for code, one in definition.clocks.items() if one.armed_when is not Condition.NEVER_AT_OPENING
    )
    return _spread(definition, opening, _maybe_after, _all)


def _surely_after(before: Clocks, way: Edge) -> Clocks:
    """Whatever an action may end counts as ended; what it resumes may have ended before."""
    one = way.transition
    return before.difference(one.meets, one.meets_after_triage, one.ends, one.pauses).union(one.starts)


def _maybe_after(before: Clocks, way: Edge) -> Clocks:
    """What an action ends is gone, but what it ends only after triage may still run."""
    one = way.transition
    return before.difference(one.meets, one.ends).union(one.starts, one.resumes)


def _common(one: Clocks, other: Clocks) -> Clocks:
    return one & other


def _all(one: Clocks, other: Clocks) -> Clocks:
    return one | other


def _spread(
    definition: Definition,
    opening: Clocks,
    after: Callable[[Clocks, Edge], Clocks],
    join: Callable[[Clocks, Clocks], Clocks],
) -> Mapping[str, Clocks]:
    """Carries the clocks along every way until nothing changes; a final state runs none but what it starts."""
    found = {definition.start: opening}
    ways = tuple(edges(definition))
    changed = True
    while changed:
        changed = False
        for way in ways:
            if way.source in found:
                known = found.get(way.target)
                came = _on_arrival(definition, found[way.source], way, after)
                joined = came if known is None else join(known, came)
                changed = changed or joined != known
                found[way.target] = joined
    return found


def _on_arrival(
    definition: Definition, before: Clocks, way: Edge, after: Callable[[Clocks, Edge], Clocks]
) -> Clocks:
    if definition.states[way.target].is_final:
        return frozenset(way.transition.starts)
    return after(before, way)


def left_by_clock(definition: Definition) -> Iterator[tuple[Edge, str]]:
    """The ways that a clock takes by itself when it runs out, each with the clock."""
    running = maybe_running(definition)
    for code, clock in definition.clocks.items():
        for way in edges(definition):
            fired = clock.fires is way.transition.action and Who.CLOCK in way.transition.by
            if fired and code in running.get(way.source, frozenset()):
                yield way, code


def goes_round_by_itself(definition: Definition) -> frozenset[str]:
    """The states that clocks alone lead a case through again and again: each runs out and starts the next."""
    fired = tuple(left_by_clock(definition))
    steps = {
        ((way.source, code), (way.target, started))
        for way, code in fired
        for started in way.transition.starts
    }
    return frozenset(at[0] for at, _ in steps if at in _closure({to for of, to in steps if of == at}, steps))
