"""``flask deadlines``: when something falls due and why, for people and scripts."""

import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from app.domain.actors import Act, operator
from app.domain.calendars import DEFAULT_WINDOW, Calendar, Window
from app.domain.deadlines import Limit, Pause, Roll, explain, from_local, local
from app.domain.errors import InvalidInput
from app.domain.explanations import Explanation
from app.domain.vocabulary import Nation
from app.services import deadlines, installing
from app.services.calendars import load_calendars
from app.web.problems import problem
from app.web.reasons import why_lines

NO_HOLIDAYS = "none"

group = AppGroup("deadlines", help="When something falls due, and what to do about it.")


class BadInputError(click.ClickException):
    """The command line makes no sense: one line on standard error and exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the one line, whatever line breaks the message came with."""
        click.echo(f"Error: {' '.join(self.message.split())}", file=file, err=file is None)


class OneLineCommand(click.Command):
    """A command whose every complaint is a single line, so that a script can pass it on."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click reads them, but without the usage around an error."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise BadInputError(error.format_message()) from error

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it; a value that makes no sense is named by its option and explained."""
        try:
            return super().invoke(ctx)
        except InvalidInput as error:
            raise BadInputError(f"--{error.field}: {problem(error)}") from error


# No application context: the answer follows from the reference data, and no database is opened for it.
@group.command("due", cls=OneLineCommand, with_appcontext=False)
@click.option(
    "--from", "start", required=True, metavar="TIME", help="When it started; without offset London time."
)
@click.option("--limit", required=True, metavar="LIMIT", help="For example “20 working days” or “72 hours”.")
@click.option(
    "--calendar",
    type=click.Choice([*map(str, Nation), NO_HOLIDAYS]),
    default=str(Nation.ENGLAND),
    show_default=True,
    help="Whose bank holidays count.",
)
@click.option("--window", default=str(DEFAULT_WINDOW), show_default=True, help="When the organisation works.")
@click.option(
    "--pause", "pauses", multiple=True, metavar="START/END", help="When the clock stood still; repeatable."
)
@click.option(
    "--roll",
    type=click.Choice([*map(str, Roll)]),
    default=str(Roll.BACK),
    show_default=True,
    help="Where days, weeks and months go from a day on which nobody works.",
)
def due(start: str, limit: str, calendar: str, window: str, pauses: tuple[str, ...], roll: str) -> None:
    """Print when a limit falls due, and why, as one JSON object.

    The newest version of the calendar counts. Bad input: exit 2 and one line on standard error.
    """
    explanation = explain(
        from_local(start),
        Limit.parse(limit),
        calendar=_calendar(calendar),
        window=Window.parse(window),
        pauses=[_pause(text) for text in pauses],
        roll=Roll(roll),
    )
    click.echo(json.dumps(_answer(explanation), ensure_ascii=False))


def _calendar(name: str) -> Calendar:
    calendars = load_calendars()
    return calendars.none if name == NO_HOLIDAYS else calendars.latest(Nation(name))


def _pause(text: str) -> Pause:
    start, slash, end = text.partition("/")
    if not slash:
        raise InvalidInput("pause", "pause-format")
    return Pause(from_local(start, field="pause"), from_local(end, field="pause"))


def _answer(explanation: Explanation) -> dict[str, object]:
    return {
        "due": local(explanation.due).isoformat(),
        "due_utc": _zulu(explanation.due),
        "explanation": why_lines(explanation),
    }


def _zulu(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


@group.command("run")
@click.option(
    "--now", "moment", metavar="INSTANT", help="Another instant than the present; demonstrations only."
)
@with_appcontext
def run(moment: str | None) -> None:
    """Carry out once everything that is due, and print what was done as one JSON object of counts."""
    installation = current_app.extensions["candour"]
    if moment and not installation.settings.is_demonstration:
        raise BadInputError("--now works in a demonstration only")
    try:
        now = from_local(moment) if moment else installation.clock()
    except InvalidInput as error:
        raise BadInputError(problem(error)) from error
    installing.prepare_new()
    swept = deadlines.sweep(now=now)
    deadlines.note_sweep(swept, act=Act(actor=operator(getpass.getuser()), now=installation.clock()))
    click.echo(json.dumps(asdict(swept)))
