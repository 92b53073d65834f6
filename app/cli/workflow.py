"""``flask workflow``: checks and shows how cases flow, for people and scripts."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from app.domain.workflow import Definition
from app.services import definitions, workflows
from app.services.reference import REFERENCE
from app.web.drawing import as_svg, as_text
from app.web.findings import finding

group = AppGroup("workflow", help="How cases flow: check a definition, and show it.")
SHIPPED = REFERENCE / "workflows"


@group.command("check")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--all", "shipped", is_flag=True, help="Check the definitions that come with the program.")
@with_appcontext
def check(files: tuple[Path, ...], *, shipped: bool) -> None:
    """Check each FILE, and say what is wrong with it: one line a problem, FILE: code: message.

    Exit code 0 where nothing is wrong, else 1.
    """
    chosen = (*files, *(sorted(SHIPPED.glob("*.toml")) if shipped else ()))
    if not chosen:
        raise click.UsageError("name a file, or --all")
    lines = [line for file in chosen for line in _checked(file)]
    for line in lines:
        click.echo(line)
    sys.exit(bool(lines))


def _checked(file: Path) -> list[str]:
    setting = workflows.setting_of(current_app.extensions["candour"], now=datetime.now(UTC))
    definition, found = workflows.read(file.read_text(encoding="utf-8", errors="replace"), setting)
    return [f"{file.name}: {one.code}: {' '.join(finding(one, definition).split())}" for one in found]


@group.command("show")
@click.argument("name")
@click.option("--format", "form", type=click.Choice(["svg", "text"]), default="text", show_default=True)
@with_appcontext
def show(name: str, *, form: str) -> None:
    """Show the definition NAME, or that in the file NAME, as text or as a drawing."""
    definition = _definition(name)
    click.echo(as_svg(definition) if form == "svg" else as_text(definition))


def _definition(name: str) -> Definition:
    known: dict[str, Definition] = {
        one.name: one for one in current_app.extensions["candour"].workflows.values()
    }
    if name in known:
        return known[name]
    file = Path(name)
    if not file.is_file():
        raise click.UsageError(f"no definition and no file {name}: choose {', '.join(sorted(known))}")
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
        return definitions.definition_from(definitions.canonical_source(text))
    except definitions.DefinitionError as error:
        raise click.ClickException(" ".join(str(error).split())) from error
