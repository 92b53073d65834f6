"""Fourteen whole cases, sent through the services of the web forms at their own instants."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.services.installing import prepare
from app.services.scenarios import Played, ScenarioError, play, read_scenarios
from tests.infrastructure.clock import START

CASES = Path(__file__).parents[2] / "app" / "reference" / "demonstration" / "stories.json"


@pytest.fixture
def outcomes(app: Flask) -> dict[str, tuple[dict[str, Any], Played]]:
    """What is expected of each case beside what became of it."""
    expected = {case["id"]: case["expected"] for case in json.loads(CASES.read_text())}
    with app.app_context():
        prepare()
        return {one.id: (expected[one.id], one) for one in play(read_scenarios(CASES), now=START)}


def test_every_case_is_routed_judged_and_clocked_as_expected(
    outcomes: dict[str, tuple[dict[str, Any], Played]],
) -> None:
    assert len(outcomes) == 14
    faults = [fault for expected, played in outcomes.values() for fault in _faults(expected, played)]
    assert faults == []


def _faults(expected: dict[str, Any], played: Played) -> list[str]:
    """Everything in which a case differs from what is expected of it."""
    faults = [
        f"{played.id}: {name} is {getattr(played, name)}, not {expected[name]}"
        for name in ("severity", "duty", "route")
        if getattr(played, name) != expected[name]
    ]
    faults += [
        f"{played.id}: {role} was not told" for role in expected["also_told"] if role not in played.also_told
    ]
    for code, due in expected["clocks"].items():
        found = played.clocks.get(code)
        if found is None or datetime.fromisoformat(found) != datetime.fromisoformat(due):
            faults.append(f"{played.id}: {code} is due {found}, not {due}")
    return faults + [f"{played.id}: {code} runs" for code in expected["no_clocks"] if code in played.clocks]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda case: case.pop("wish"), "wish"),
        (lambda case: case.update(colour="red"), "colour"),
        (lambda case: case["answers"].update(harm="H9"), "H9"),
        (lambda case: case.update(submitted_at="2026-04-02T18:40:00"), "offset"),
        (lambda case: case.update(kind="concern"), "subject"),
        (lambda case: case.update(rooms=[]), "room"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, change: Any, complaint: str) -> None:
    cases = json.loads(CASES.read_text())[:1]
    change(cases[0])
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(cases))
    with pytest.raises(ScenarioError, match=complaint):
        read_scenarios(wrong)
