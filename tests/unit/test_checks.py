"""Each check of a workflow finds what it is for, in a definition that is right but for that one thing."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.checks import CHECKS, Problem, Setting, map_gaps
from app.domain.routing import Matter, Row, Table, Trait
from app.domain.tables import SINGLE, gap, meets_first, shadowed
from app.domain.vocabulary import Kind, Role
from app.domain.workflow import Definition
from app.services.calendars import load_calendars
from app.services.categories import load_categories
from app.services.definitions import routing_table
from app.services.reference import REFERENCE
from app.services.workflows import audit_tags, read
from app.web.findings import WORDS, finding

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TABLE = routing_table()
SETTING = Setting(
    table=TABLE,
    calendars=load_calendars(),
    categories=load_categories().by_code,
    tags=audit_tags(),
    now=NOW,
)
Content = dict[str, Any]


def _shipped(kind: Kind) -> Content:
    return tomllib.loads((REFERENCE / "workflows" / f"{kind}.toml").read_text(encoding="utf-8"))


def _written(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return {True: "true", False: "false"}.get(value, repr(value)) if isinstance(value, bool) else repr(value)


def _toml(content: Content) -> str:
    return "\n".join(f"{key} = {_written(value)}" for key, value in content.items())


def _found(change: Callable[[Content], object], kind: Kind = Kind.CONCERN, **setting: Any) -> list[Problem]:
    content = _shipped(kind)
    change(content)
    about = Setting(
        **{name: setting.get(name, getattr(SETTING, name)) for name in Setting.__dataclass_fields__}
    )
    return read(_toml(content), about)[1]


@pytest.mark.parametrize("kind", Kind)
def test_what_is_shipped_passes_every_check(kind: Kind) -> None:
    assert _found(lambda _content: None, kind) == []


def _drop(table: str, name: str) -> Callable[[Content], object]:
    return lambda content: content[table].pop(name)


def _put(table: str, name: str, **values: Any) -> Callable[[Content], object]:
    return lambda content: content[table][name].update(values)


def _more(table: str, name: str, **values: Any) -> Callable[[Content], object]:
    return lambda content: content[table].update({name: values})


def _act(**values: Any) -> Content:
    return {"label": {"en": "An action"}, "by": ["handler"], "audit": "case:note:added", **values}


STATE: Content = {"label": {"en": "A state"}, "reporter": {"en": "A state"}, "waits_for": "handler"}
CLOCK: Content = {
    "label": {"en": "A clock"},
    "promise": {"en": "A promise"},
    "next": {"en": "A step"},
    "limit": {"else": "1 working day"},
    "basis": "product",
    "source": "A source",
    "when": "never_at_opening",
}


def _lone_state(content: Content) -> None:
    content["states"]["island"] = dict(STATE)


def _trap(content: Content) -> None:
    content["states"]["trap"] = dict(STATE)
    content["actions"]["note"] |= {"from": ["in_review"], "to": "trap"}


def _round_and_round(content: Content) -> None:
    content["actions"]["wait_over"]["to"] = "awaiting_reporter"
    content["actions"]["wait_over"]["starts"] = ["WAIT"]


def _ladder(*rungs: Content) -> Callable[[Content], object]:
    def change(content: Content) -> None:
        content["clocks"]["TRIAGE"]["ladder"] = [
            {"code": f"E{number}", "rung": number, "does": "take", **rung}
            for number, rung in enumerate(rungs, 1)
        ]

    return change


DEPUTY: Content = {"to": ["deputy"]}
OFFICER: Content = {"to": ["responsible_officer"], "after": {"else": "1 working day"}}
TOP: Content = {"does": "tell", "to": ["chair", "auditor"], "after": {"else": "4 working days"}}

BROKEN: dict[str, tuple[Callable[[Content], object], str]] = {
    "schema": (lambda content: content.update(colour="red"), "workflow"),
    "one-start": (lambda content: content.update(start="closed"), "closed"),
    "unreachable-state": (_lone_state, "island"),
    "no-way-out": (_trap, "trap"),
    "dead-transition": (_put("actions", "note", by=[]), "note"),
    "unknown-name": (_put("actions", "triage", to="in_revue"), "actions.triage"),
    "final-state-clock": (_put("actions", "close", starts=["FB20"]), "closed"),
    "no-owner": (_put("states", "in_review", waits_for="nobody"), "in_review"),
    "no-clock": (_put("clocks", "FB3M", when="patient_data"), "in_review"),
    "endless-pause": (_put("actions", "wait_over", resumes=[]), "awaiting_reporter"),
    "bad-limit": (_put("clocks", "TRIAGE", limit={"else": "0 working days"}), "clocks.TRIAGE"),
    "calendar-short": (_put("clocks", "FB3M", limit={"else": "100 months"}), "FB3M"),
    "ladder-order": (_ladder(DEPUTY, {**OFFICER, "after": {"else": "5 days"}}, TOP), "TRIAGE"),
    "ladder-loop": (_ladder(OFFICER, {**OFFICER, "after": {"else": "2 working days"}}, TOP), "TRIAGE"),
    "ladder-stuck": (_put("actions", "escalate", **{"from": ["in_review"]}), "awaiting_triage"),
    "auto-loop": (_round_and_round, "awaiting_reporter"),
    "self-review": (_put("actions", "close", by=["handler", "reporter"]), "close"),
    "slow-severe": (_put("clocks", "TRIAGE", limit={"else": "5 hours"}), "triage"),
    "unaudited": (_put("actions", "message", audit="case:message:whispered"), "message"),
    "silent-withdrawal": (_put("actions", "withdraw", guards=[]), "withdraw"),
}


@pytest.mark.parametrize("code", BROKEN)
def test_one_mistake_is_found_and_named(code: str) -> None:
    change, where = BROKEN[code]
    found = _found(change)
    assert (code, where) in {(one.code, one.where) for one in found}, found


ROWS: dict[str, tuple[Callable[[list[Row]], list[Row]], str]] = {
    "route-to-subject": (lambda rows: [Row(name="first", when={}, to=Role.CLINICAL_LEAD), *rows], "first"),
    "table-gap": (lambda rows: rows[:-1], "owners"),
    "table-shadow": (lambda rows: [*rows, Row(name="last", when={}, to=Role.CHAIR)], "last"),
}


@pytest.mark.parametrize("code", ROWS)
def test_one_wrong_row_is_found_and_named(code: str) -> None:
    change, where = ROWS[code]
    table = Table(owners=tuple(change(list(TABLE.owners))), told=TABLE.told, stand_ins=TABLE.stand_ins)
    found = _found(lambda _content: None, table=table)
    assert (code, where) in {(one.code, one.where) for one in found}, found


@pytest.mark.parametrize("code", ["no-outside-route", "no-owner"])
def test_a_role_without_anybody_from_outside_behind_it_is_found(code: str) -> None:
    stand_ins = {**TABLE.stand_ins, Role.CLINICAL_LEAD: (Role.MEDICAL_DIRECTOR,)}
    found = _found(
        lambda _content: None, table=Table(owners=TABLE.owners, told=TABLE.told, stand_ins=stand_ins)
    )
    assert (code, "stand_ins.clinical_lead") in {(one.code, one.where) for one in found}


@pytest.mark.parametrize("reveals", ["confidential", "anonymous"])
def test_a_concern_whose_reporter_is_sealed_never_goes_to_who_would_know_them(reveals: str) -> None:
    row = Row(name="mine", when={Trait.IDENTITY: frozenset({reveals})}, to=Role.SUPERVISOR)
    found = _found(
        lambda _content: None,
        table=Table(owners=(*TABLE.owners[:4], row, *TABLE.owners[4:]), told=(), stand_ins=TABLE.stand_ins),
    )
    assert ("route-to-subject", "mine") in {(one.code, one.where) for one in found}


def test_every_check_has_a_failing_case_here() -> None:
    tried = {*BROKEN, *ROWS, "no-outside-route", "map-gap"}
    data_checks = {"no-holder", "elapsed-no-oncall"}
    assert {code.partition(":")[0] for code in WORDS} == tried | data_checks
    assert len(CHECKS) + len(("schema", "unknown-name", "bad-limit", "map-gap")) == len(tried)


@pytest.mark.parametrize("code", BROKEN)
def test_what_is_found_is_said_in_a_sentence_that_names_it(code: str) -> None:
    content = _shipped(Kind.CONCERN)
    BROKEN[code][0](content)
    definition, found = read(_toml(content), SETTING)
    for one in found:
        words = finding(one, definition)
        assert words.endswith(".")
        assert one.where in words
        assert "%(" not in words


@pytest.mark.parametrize("text", ["= = =", "x" * 10_000_000, "a = " + "[" * 5000, "", "name = 2026-01-01"])
def test_a_text_that_is_no_definition_is_refused_with_a_reason(text: str) -> None:
    definition, (found,) = read(text, SETTING)
    assert definition is None
    assert found.code == "schema"


def test_a_map_from_one_version_to_another_is_total() -> None:
    old = _definition(Kind.CONCERN)
    whole = {name: name for name in old.states}
    assert list(map_gaps(old, old, whole)) == []
    short = {name: to for name, to in whole.items() if name != "in_review"}
    assert [one.where for one in map_gaps(old, old, short)] == ["in_review"]
    assert [one.where for one in map_gaps(old, old, {**whole, "in_review": "gone"})] == ["in_review"]
    assert [one.where for one in map_gaps(old, old, {**whole, "invented": "closed"})] == ["invented"]


def _definition(kind: Kind) -> Definition:
    definition, found = read(_toml(_shipped(kind)), SETTING)
    assert definition is not None
    assert found == []
    return definition


# ---- the proofs about tables, against trying every matter

SMALL = {
    Trait.KIND: ("self_report", "concern", "advice"),
    Trait.SUBJECT: ("none", "known", "unresolved"),
    Trait.WISH: ("not_my_supervisor",),
}


def _matters() -> list[Matter]:
    wishes: tuple[frozenset[str], ...] = (frozenset(), frozenset(SMALL[Trait.WISH]))
    return [
        Matter({Trait.KIND: frozenset({kind}), Trait.SUBJECT: frozenset({subject}), Trait.WISH: wish})
        for kind, subject, wish in product(SMALL[Trait.KIND], SMALL[Trait.SUBJECT], wishes)
    ]


@st.composite
def _rows(draw: st.DrawFn) -> list[Row]:
    def row(number: int) -> Row:
        traits = draw(st.sets(st.sampled_from(list(SMALL)), max_size=3))
        when = {one: frozenset(draw(st.sets(st.sampled_from(SMALL[one]), min_size=1))) for one in traits}
        return Row(name=str(number), when=when, to=Role.CHAIR)

    return [row(number) for number in range(draw(st.integers(0, 6)))]


@given(_rows())
def test_a_gap_and_a_shadow_are_found_exactly_where_trying_every_matter_finds_them(rows: list[Row]) -> None:
    assert SINGLE[Trait.KIND] == frozenset(SMALL[Trait.KIND])
    assert SINGLE[Trait.SUBJECT] == frozenset(SMALL[Trait.SUBJECT])
    firsts = [next((row.name for row in rows if one.fits(row)), None) for one in _matters()]
    assert (gap(rows, {}) is not None) == (None in firsts)
    assert {row.name for row, _ in shadowed(rows)} == {row.name for row in rows} - set(firsts)
    for number, row in enumerate(rows):
        advice = {Trait.KIND: frozenset({"advice"})}
        tried = any(
            first == row.name and "advice" in one.traits[Trait.KIND]
            for one, first in zip(_matters(), firsts, strict=True)
        )
        assert meets_first(row, rows[:number], advice) == tried
