"""Workflows before cases run on them: read from text and checked against everything they stand on."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache

from app.domain import events
from app.domain.checks import Problem, Setting, problems
from app.domain.events import Event
from app.domain.workflow import Definition
from app.installation import Installation
from app.services.definitions import DefinitionError, canonical_source, definition_from


def setting_of(installation: Installation, *, now: datetime) -> Setting:
    """What the definitions of an installation are checked against on a day."""
    return Setting(
        table=installation.routing,
        calendars=installation.calendars,
        categories=installation.categories.by_code,
        tags=audit_tags(),
        now=now,
    )


@cache
def audit_tags() -> frozenset[str]:
    """The tag of every event that there is."""
    return frozenset(one.tag for one in _kinds_of_event())


def _kinds_of_event() -> Iterator[type[Event]]:
    for one in vars(events).values():
        if isinstance(one, type) and issubclass(one, Event) and one is not Event:
            yield one


def read(text: str, setting: Setting) -> tuple[Definition | None, list[Problem]]:
    """The definition that a TOML text means, if it means one, and everything that is wrong with it."""
    try:
        definition = definition_from(canonical_source(text))
    except DefinitionError as error:
        return None, [Problem(error.code, error.where, {"detail": error.detail})]
    return definition, problems(definition, setting)
