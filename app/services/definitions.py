"""From TOML to the domain's dataclasses: workflows and the routing table, refused where they are not exact."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import installation_of, transaction
from app.domain.deadlines import Limit
from app.domain.errors import InvalidInput
from app.domain.routing import At, Row, Table, Trait
from app.domain.vocabulary import Basis, Kind, Outcome, Role, Severity
from app.domain.workflow import (
    Action,
    Clock,
    Condition,
    Definition,
    Guard,
    Rung,
    RungAct,
    State,
    Transition,
    Waiting,
)
from app.models.definition import WorkflowDefinition
from app.services.reference import REFERENCE, BrokenReference, Shape, Text, converted, read_toml

ELSE = "else"
# A shipped definition has 8 kB; a hundred times that is no definition.
LONGEST_SOURCE = 1_000_000


class DefinitionError(BrokenReference):
    """A definition is not exact: ``where`` names the table, ``code`` and ``detail`` say what is wrong with it."""

    def __init__(self, code: str, where: str, detail: str) -> None:
        super().__init__(f"{where}: {detail}")
        self.code = code
        self.where = where
        self.detail = detail


class _State(msgspec.Struct, forbid_unknown_fields=True):
    label: Text
    reporter: Text
    waits_for: Waiting
    final: bool = False


class _Action(msgspec.Struct, forbid_unknown_fields=True, rename={"from_states": "from"}):
    label: Text
    from_states: tuple[str, ...]
    by: tuple[str, ...]
    to: str = ""
    guards: tuple[Guard, ...] = ()
    meets: tuple[str, ...] = ()
    meets_after_triage: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    resumes: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    first_in: tuple[str, ...] = ()
    by_outcome: dict[Outcome, str] = {}
    audit: str = ""
    second_by: tuple[str, ...] = ()


class _Rung(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    rung: int
    does: RungAct
    to: tuple[str, ...]
    before: dict[str, str] = {}
    after: dict[str, str] = {}


class _Clock(msgspec.Struct, forbid_unknown_fields=True, rename={"next_step": "next"}):
    label: Text
    promise: Text
    next_step: Text
    limit: dict[str, str]
    basis: Basis
    source: str
    check: bool = False
    when: Condition = Condition.ALWAYS
    not_for: tuple[str, ...] = ()
    not_later_than: str = ""
    realised: bool = False
    owed_by: Role | None = None
    ladder: tuple[_Rung, ...] = ()
    tells_when_missed: tuple[Role, ...] = ()
    fires: Action | None = None
    reporter: bool = True


class _Workflow(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: int
    kind: Kind
    start: str
    fallback: Role
    label: Text
    states: dict[str, Any]
    actions: dict[str, Any]
    clocks: dict[str, Any]


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    to: Role
    when: dict[Trait, tuple[str, ...]] = {}
    at: At | None = None


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    owners: tuple[_Row, ...]
    told: tuple[_Row, ...]
    stand_ins: dict[Role, tuple[Role, ...]]


def canonical_source(text: str) -> str:
    """The one form of a definition: its content as JSON with sorted keys, whatever the layout of the TOML.

    Raises DefinitionError for what is no TOML, is far too long, or holds a date, which JSON has not.
    """
    if len(text) > LONGEST_SOURCE:
        raise DefinitionError("schema", "file", f"longer than {LONGEST_SOURCE:,} characters")
    try:
        content = tomllib.loads(text)
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (tomllib.TOMLDecodeError, TypeError, RecursionError) as error:
        raise DefinitionError("schema", "file", str(error)) from error


def definition_from(source: str) -> Definition:
    """The definition of a canonical source. Raises DefinitionError naming the table that is wrong."""
    content = _converted(json.loads(source), _Workflow, "workflow")
    return Definition(
        name=content.name,
        version=content.version,
        kind=content.kind,
        label=content.label.en,
        start=content.start,
        fallback=content.fallback,
        states=MappingProxyType({name: _state(name, raw) for name, raw in content.states.items()}),
        transitions=MappingProxyType(
            {one.action: one for one in (_transition(name, raw) for name, raw in content.actions.items())}
        ),
        clocks=MappingProxyType({code: _clock(code, raw) for code, raw in content.clocks.items()}),
        hash=hashlib.sha256(source.encode()).hexdigest(),
    )


def shipped_sources(folder: Path = REFERENCE / "workflows") -> tuple[str, ...]:
    """The canonical sources of the definitions that come with the program."""
    return tuple(canonical_source(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml")))


def routing_table(path: Path = REFERENCE / "routing.toml") -> Table:
    """The routing table that comes with the program. Raises BrokenReference."""
    content = read_toml(path, _Table)
    return Table(
        owners=tuple(_row(row) for row in content.owners),
        told=tuple(_row(row) for row in content.told),
        stand_ins=MappingProxyType(content.stand_ins),
    )


def _row(row: _Row) -> Row:
    when = {trait: frozenset(values) for trait, values in row.when.items()}
    return Row(name=row.name, when=MappingProxyType(when), to=row.to, at=row.at)


def _converted(raw: object, shape: type[Shape], where: str) -> Shape:
    try:
        return converted(raw, shape, where)
    except BrokenReference as error:
        raise DefinitionError("schema", where, str(error).removeprefix(f"{where}: ")) from error


def _state(name: str, raw: object) -> State:
    state = _converted(raw, _State, f"states.{name}")
    return State(
        name=name,
        label=state.label.en,
        reporter_label=state.reporter.en,
        waits_for=state.waits_for,
        is_final=state.final,
    )


def _transition(name: str, raw: object) -> Transition:
    action = _converted(raw, _Action, f"actions.{name}")
    if name not in set(Action):
        raise DefinitionError("unknown-name", f"actions.{name}", name)
    return Transition(
        action=Action(name),
        label=action.label.en,
        from_states=action.from_states,
        to=action.to,
        by=action.by,
        guards=action.guards,
        meets=action.meets,
        meets_after_triage=action.meets_after_triage,
        ends=action.ends,
        pauses=action.pauses,
        resumes=action.resumes,
        starts=action.starts,
        first_in=action.first_in,
        by_outcome=MappingProxyType(action.by_outcome),
        audit=action.audit,
        second_by=action.second_by,
    )


def _clock(code: str, raw: object) -> Clock:
    clock = _converted(raw, _Clock, f"clocks.{code}")
    return Clock(
        code=code,
        label=clock.label.en,
        promise=clock.promise.en,
        next_step=clock.next_step.en,
        limits=_limits(f"clocks.{code}", clock.limit),
        basis=clock.basis,
        source=clock.source,
        is_unchecked=clock.check,
        armed_when=clock.when,
        not_for=frozenset(clock.not_for),
        not_later_than=clock.not_later_than,
        counts_from_realised=clock.realised,
        owed_by=clock.owed_by,
        ladder=tuple(_rung(f"clocks.{code}.ladder.{rung.code}", rung) for rung in clock.ladder),
        tells_when_missed=clock.tells_when_missed,
        fires=clock.fires,
        is_shown_to_reporter=clock.reporter,
    )


def _rung(where: str, rung: _Rung) -> Rung:
    offset = rung.before or rung.after
    return Rung(
        code=rung.code,
        number=rung.rung,
        does=rung.does,
        to=rung.to,
        is_before=bool(rung.before),
        offset=_limits(where, offset) if offset else None,
    )


def _limits(where: str, written: Mapping[str, str]) -> Mapping[Severity, Limit]:
    """A limit for every severity; ``else`` stands for those not named."""
    if strange := written.keys() - set(Severity) - {ELSE}:
        raise DefinitionError("bad-limit", where, ", ".join(sorted(strange)))
    try:
        return MappingProxyType(
            {severity: Limit.parse(written.get(severity) or written[ELSE]) for severity in Severity}
        )
    except InvalidInput as error:
        raise DefinitionError("bad-limit", where, error.code) from error
    except KeyError as error:
        raise DefinitionError("bad-limit", where, "limit-missing") from error


def store_shipped() -> None:
    """Keeps the shipped definitions in the database, so that a case finds the one it started on for ever."""
    with transaction() as session:
        known = set(session.scalars(select(WorkflowDefinition.hash)))
        for source in shipped_sources():
            definition = definition_from(source)
            if definition.hash not in known:
                session.add(
                    WorkflowDefinition(
                        hash=definition.hash, name=definition.name, version=definition.version, source=source
                    )
                )


def definition_of(session: Session, digest: str) -> Definition:
    """The definition that a case started on, whatever is shipped now."""
    for shipped in installation_of(session).workflows.values():
        if shipped.hash == digest:
            return shipped
    return definition_from(session.get_one(WorkflowDefinition, digest).source)
