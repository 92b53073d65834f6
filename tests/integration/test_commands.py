"""The commands: stable output for scripts, one line for every mistake, nothing invented in a real installation."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select

from app.config import Mode
from app.database import db, reader
from app.models.case import Case
from app.models.ledger import AuditEntry
from app.models.organisation import Organisation
from app.services import demonstration, installing
from app.services.demonstration import PASSWORD, SHOWN
from tests.factories import World
from tests.infrastructure.databases import Database
from tests.infrastructure.strict_client import StrictClient

CASES = demonstration.STORIES
PLAYED = ("id", "reference", "kind", "category", "severity", "duty", "route", "also_told", "clocks")


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    """Runs a command of ``flask`` in this test's installation."""
    runner: FlaskCliRunner = app.test_cli_runner()

    def command(*words: str) -> Result:
        return runner.invoke(args=[*words])

    return command


@pytest.fixture
def production(database: Database) -> Iterator[FlaskCliRunner]:
    """Commands of a real installation."""
    from app import create_app

    settings = replace(
        database.settings(),
        mode=Mode.PRODUCTION,
        public_url="https://candour.example/",
        trusted_proxies=1,
        smtp_host="mail.example",
    )
    made = create_app(settings)
    yield made.test_cli_runner()
    with made.app_context():
        for engine in db.engines.values():
            engine.dispose()


def _one_line(result: Result) -> str:
    """The complaint of a command that failed. One line, whatever was wrong."""
    assert result.exit_code != 0
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    return line


def _actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(reader().scalars(select(AuditEntry.action).where(AuditEntry.log == "installation")))


# ---- deadlines run, outbox deliver


def test_a_sweep_by_hand_prints_its_counts_and_is_recorded(world: World, run: Callable[..., Result]) -> None:
    sent = world.self_report()
    assert json.loads(run("deadlines", "run").stdout) == {
        "missed": 0,
        "escalated": 0,
        "resumed": 0,
        "reminded": 0,
        "raised": 0,
        "set_aside": 0,
    }
    result = run("deadlines", "run", "--now", "2026-06-01T09:00")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["escalated"] >= 1
    assert world.case(sent).escalated_to is not None
    assert _actions(world.app) == ["deadlines:sweep:run"] * 2


@pytest.mark.engines("sqlite")  # what the command line reads does not depend on the database
@pytest.mark.parametrize("moment", ["yesterday", "2026-03-29T01:30", "1066-10-14T09:00"])
def test_a_time_that_makes_no_sense_is_told_in_one_line(run: Callable[..., Result], moment: str) -> None:
    result = run("deadlines", "run", "--now", moment)
    assert result.exit_code == 2
    assert _one_line(result).startswith("Error: ")


@pytest.mark.engines("sqlite")  # what the command line reads does not depend on the database
def test_another_time_than_the_present_is_refused_in_a_real_installation(production: FlaskCliRunner) -> None:
    result = production.invoke(args=["deadlines", "run", "--now", "2026-06-01T09:00"])
    assert "demonstration" in _one_line(result)
    assert production.invoke(args=["deadlines", "run"]).exit_code == 0


def test_mail_is_delivered_by_hand_and_that_is_recorded(world: World, run: Callable[..., Result]) -> None:
    world.self_report()
    assert json.loads(run("outbox", "deliver").stdout) == {"sent": 1, "dropped": 0, "failed": 0}
    assert json.loads(run("outbox", "deliver").stdout) == {"sent": 0, "dropped": 0, "failed": 0}
    assert _actions(world.app) == ["mail:outbox:delivered"] * 2


# ---- the demonstration


def _counts(app: Flask) -> list[int]:
    with app.app_context():
        return [
            reader().execute(select(func.count()).select_from(kind)).scalar_one()
            for kind in (Organisation, Case)
        ]


def test_the_demonstration_is_loaded_once_and_opens_with_what_it_prints(
    app: Flask, run: Callable[..., Result], client: StrictClient
) -> None:
    with app.app_context():
        installing.prepare()
    first = run("demo", "load")
    assert first.exit_code == 0
    organisations, cases = _counts(app)
    assert cases >= 14
    second = run("demo", "load")
    assert second.stdout == first.stdout
    assert _counts(app) == [organisations, cases]

    assert f"password for all of them: {PASSWORD}" in first.stdout
    with app.app_context():
        shown = demonstration.sign_ins()
        assert len(shown) == sum(SHOWN.values())
    for one in shown:
        assert one.email in first.stdout
    answer = client.submit("/sign-in", {"email": shown[1].email, "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.engines("sqlite")  # it is refused before any database is asked
def test_a_real_installation_loads_no_demonstration(production: FlaskCliRunner) -> None:
    assert "real installation" in _one_line(production.invoke(args=["demo", "load"]))


@pytest.mark.engines("sqlite")  # it plays in a database of its own
def test_playing_prints_one_object_a_line_with_exactly_these_keys(
    app: Flask, run: Callable[..., Result]
) -> None:
    result = run("demo", "play", str(CASES))
    assert result.exit_code == 0
    expected = {case["id"]: case["expected"] for case in json.loads(CASES.read_text())}
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["id"] for line in lines] == list(expected)
    for line in lines:
        assert tuple(line) == PLAYED
        assert line["route"] == expected[line["id"]]["route"]
        for due in line["clocks"].values():
            assert datetime.fromisoformat(due).utcoffset() is not None
    assert _counts(app) == [0, 0]


def _wrong_files() -> Iterator[tuple[str, Any]]:
    case = json.loads(CASES.read_text())[0]
    answers = case["answers"]
    yield "no JSON", "{"
    yield "no list", json.dumps({})
    yield "unknown category", json.dumps([case, case | {"category": "NO-SUCH"}])
    yield "unknown key", json.dumps([case | {"colour": "red"}])
    yield "no offset", json.dumps([case | {"submitted_at": "2026-04-02T18:40:00"}])
    yield (
        "realised without offset",
        json.dumps([case | {"answers": answers | {"realised_at": "2026-04-01T09:00:00"}}]),
    )
    yield "advice from an employer", json.dumps([case | {"kind": "advice", "rooms": ["employer"]}])
    yield "before the calendars", json.dumps([case | {"submitted_at": "1999-04-02T18:40:00+01:00"}])
    yield "after the calendars", json.dumps([case | {"submitted_at": "2090-04-02T18:40:00+01:00"}])


@pytest.mark.engines("sqlite")  # it plays in a database of its own
@pytest.mark.parametrize(
    ("content"), [text for _, text in _wrong_files()], ids=[name for name, _ in _wrong_files()]
)
def test_a_wrong_file_is_told_in_one_line_and_nothing_is_printed(
    run: Callable[..., Result], tmp_path: Path, content: str
) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(content)
    assert _one_line(run("demo", "play", str(file))).startswith("Error: ")


@pytest.mark.engines("sqlite")  # it plays in a database of its own
def test_a_file_that_is_not_there_is_told_in_one_line(run: Callable[..., Result], tmp_path: Path) -> None:
    for path in (tmp_path / "missing.json", tmp_path):
        assert _one_line(run("demo", "play", str(path))).startswith("Error: ")
