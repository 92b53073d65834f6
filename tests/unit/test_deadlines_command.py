"""``flask deadlines due`` as people and scripts meet it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli.deadlines import due, group

VECTORS = json.loads((Path(__file__).parents[1] / "scenarios" / "deadlines.json").read_text())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(due, arguments)


def arguments_of(vector: dict[str, Any]) -> list[str]:
    asked = {
        f"--{name}": vector[name]
        for name in ("from", "limit", "calendar", "window", "roll")
        if name in vector
    }
    arguments = [word for pair in asked.items() for word in pair]
    return arguments + [word for pause in vector.get("pause", []) for word in ("--pause", pause)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['from']}+{vector['limit']}")
def test_the_command_answers_each_vector(vector: dict[str, Any]) -> None:
    result = run(*arguments_of(vector))
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (answer["due"], answer["due_utc"]) == (vector["due"], vector["due_utc"])


def test_the_answer_explains_itself_in_plain_english() -> None:
    answer = json.loads(run("--from", "2026-04-01T10:00", "--limit", "3 working days").stdout)
    assert list(answer) == ["due", "due_utc", "explanation"]
    text = "\n".join(answer["explanation"])
    assert "Wednesday 1 April 2026 at 10am" in text
    assert "Good Friday" in text
    assert "Easter Monday" in text
    assert "Wednesday 8 April 2026 at 5pm" in answer["explanation"][-1]


def test_the_command_belongs_to_its_group() -> None:
    assert group.commands["due"] is due


GOOD = {"--from": "2026-04-01T10:00", "--limit": "3 working days"}


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--from", "tomorrow", "--from: Write a date and a time"),
        ("--from", "2026-04-01", "--from: Write a date and a time"),
        ("--from", "2026-03-29T01:30", "--from: The clocks went forward"),
        ("--from", "1066-10-14T09:00", "--from: The year must be"),
        ("--from", "2031-04-01T10:00", "--calendar: The table of bank holidays"),
        ("--limit", "3 moons", "--limit: Write the limit as a number and a unit"),
        ("--limit", "0 days", "--limit: The limit must be at least 1"),
        ("--limit", "11111 days", "--limit: The limit must not be longer than 10 years"),
        ("--calendar", "france", "'--calendar'"),
        ("--window", "mon-fri", "--window: The working hours contain no time"),
        ("--window", "mon-fri\n09:00", "--window: Write the working hours"),
        ("--roll", "sideways", "'--roll'"),
        ("--pause", "2026-04-02T10:00", "--pause: Write a pause as its start and its end"),
        ("--pause", "2026-04-03T10:00/2026-04-02T10:00", "--pause: A pause must not end before it starts"),
        ("--pause", "2026-04-03T10:00/soon", "--pause: Write a date and a time"),
        ("--fro\nm", "x", "No such option"),
    ],
)
def test_bad_input_is_one_line_on_standard_error_and_exit_code_2(option: str, value: str, said: str) -> None:
    result = run(*(word for pair in (GOOD | {option: value}).items() for word in pair))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("missing", GOOD)
def test_a_missing_option_is_bad_input_too(missing: str) -> None:
    result = run(*(word for name, value in GOOD.items() if name != missing for word in (name, value)))
    assert result.exit_code == 2
    assert result.stderr == f"Error: Missing option '{missing}'.\n"


def test_a_complaint_about_words_with_line_breaks_is_still_one_line() -> None:
    result = run(*(word for pair in GOOD.items() for word in pair), "and\nmore")
    assert result.exit_code == 2
    assert result.stderr == "Error: Got unexpected extra argument (and more)\n"


def test_a_pause_on_elapsed_hours_is_refused() -> None:
    result = run(
        "--from", "2026-04-01T10:00", "--limit", "72 hours", "--pause", "2026-04-02T10:00/2026-04-02T11:00"
    )
    assert result.exit_code == 2
    assert "cannot be paused" in result.stderr


def test_help_is_no_error() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "--window" in result.stdout
