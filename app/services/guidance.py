"""Reads the guidance library and the support contacts from the reference data, once at start.

A page is a Markdown file that begins with TOML between two lines of ``+++``.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from app.domain.errors import InvalidInput
from app.domain.guidance import Contact, Guidance, GuidancePage, Support
from app.domain.vocabulary import Nation

REFERENCE: Final = Path(__file__).parents[1] / "reference"
FENCE: Final = "+++\n"


class _Heading(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a page says about itself before its text begins."""

    title: str
    group: str
    order: int
    last_checked: date
    version: str
    banner: str
    topic: str | None = None
    in_force_from: date | None = None
    in_force_until: date | None = None
    to_check: tuple[str, ...] = ()


class _Contact(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    who: str
    purpose: str
    how: str
    checked_by: str = ""
    checked_on: date | None = None
    nations: tuple[Nation, ...] = tuple(Nation)
    to_check: str = ""
    in_strip: bool = False
    words: str = ""
    number: str = ""
    but: str = ""


class _Contacts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    contacts: tuple[_Contact, ...]


def load_guidance(reference: Path = REFERENCE) -> Guidance:
    """The library under ``reference``. Raises InvalidInput with the file's name where it makes no sense."""
    found = sorted(_pages(reference / "guidance"), key=lambda one: (one[0], one[1].id))
    pages = {page.id: page for _order, page in found}
    return Guidance(MappingProxyType(pages), _load_support(reference / "support.toml"))


def _pages(folder: Path) -> Iterator[tuple[int, GuidancePage]]:
    for path in folder.glob("*.md"):
        yield _page(path)


def _page(path: Path) -> tuple[int, GuidancePage]:
    empty, front, body = path.read_text(encoding="utf-8").split(FENCE, 2)
    try:
        heading = msgspec.toml.decode(front, type=_Heading)
    except msgspec.MsgspecError as error:
        raise InvalidInput(path.name, "reference-format") from error
    if empty or "[check" in body or "[GK]" in body:
        raise InvalidInput(path.name, "reference-format")
    known = {name: getattr(heading, name) for name in heading.__struct_fields__ if name != "order"}
    return heading.order, GuidancePage(id=path.stem, body=body.strip(), points=_points(body), **known)


def _points(body: str) -> tuple[str, ...]:
    """The first list of the page: what the guidance asks."""
    points: list[str] = []
    for line in body.splitlines():
        if line.startswith("- "):
            points.append(line.removeprefix("- "))
        elif points and not line.strip():
            break
    return tuple(points)


def _load_support(path: Path) -> Support:
    try:
        file = msgspec.toml.decode(path.read_bytes(), type=_Contacts)
    except msgspec.MsgspecError as error:
        raise InvalidInput(path.name, "reference-format") from error
    return Support(tuple(_contact(row) for row in file.contacts))


def _contact(row: _Contact) -> Contact:
    known = {name: getattr(row, name) for name in row.__struct_fields__}
    return Contact(**{**known, "nations": frozenset(row.nations)})
