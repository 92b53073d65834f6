"""``flask demo``: invented organisations to try the program with, and files of cases to play."""

import json
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from app.config import Settings
from app.services import demonstration, installing
from app.services.scenarios import ScenarioError, play, read_scenarios
from app.web.words import role_in_sentence

group = AppGroup("demo", help="Invented organisations and cases; never in production.")


@group.command("load")
@with_appcontext
def load() -> None:
    """Load the demonstration: nine organisations and fourteen stories. Does nothing where any exist."""
    _refuse_production()
    installing.prepare_new()
    demonstration.load(now=current_app.extensions["candour"].clock())
    show_sign_ins()


@group.command("play")
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def play_file(file: Path) -> None:
    """Play the cases of FILE in a throw-away database, each at its own submitted_at.

    Prints one JSON object a line: id, reference, kind, category, severity, duty, route, also_told, clocks.
    """
    try:
        scenarios = read_scenarios(file)
        with tempfile.TemporaryDirectory() as folder, _throw_away(Path(folder)).app_context():
            installing.prepare()
            for played in play(scenarios, now=datetime.now(UTC)):
                click.echo(json.dumps(asdict(played)))
    except ScenarioError as error:
        raise click.ClickException(" ".join(str(error).split())) from error


def _throw_away(folder: Path) -> Flask:
    from app import create_app  # here, because the factory imports the commands

    return create_app(Settings(instance=folder), is_prepared=False)


def show_sign_ins() -> None:
    """Prints whom one can sign in as; only ever in a demonstration."""
    _refuse_production()
    click.echo("\nEverything here is invented. Sign in as:")
    for one in demonstration.sign_ins():
        click.echo(f"  {one.email:<38} {one.name}, {role_in_sentence(one.role)}, {one.place}")
    click.echo("  The auditor’s and the board’s own pages come in a later version.")
    click.echo(f"  password for all of them: {demonstration.PASSWORD}\n")


def _refuse_production() -> None:
    if not current_app.extensions["candour"].settings.is_demonstration:
        raise click.ClickException("this is a real installation: demonstrations have no place in it")
