"""Reads the guidance library and the support contacts from the reference data, once at start.

A page is a Markdown file that begins with TOML between two lines of ``+++``.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from app.domain.guidance import Contact, Guidance, GuidancePage, MdoLine, Support
from app.domain.vocabulary import Nation
from app.services.reference import REFERENCE, BrokenReference, decoded, read_toml

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


class _Regulator(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str


class _Contacts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    regulator: _Regulator
    contacts: tuple[_Contact, ...]


class _Mdo(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    number: str
    subscription: str = ""
    to_check: str = ""


class _Mdos(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    mdos: tuple[_Mdo, ...]


def load_guidance(reference: Path = REFERENCE) -> Guidance:
    """The library under ``reference``. Raises BrokenReference with the file's name where it makes no sense."""
    people = read_toml(reference / "support.toml", _Contacts)
    mdos = tuple(
        MdoLine(**msgspec.structs.asdict(row)) for row in read_toml(reference / "mdos.toml", _Mdos).mdos
    )
    filled = {"{regulator}": f"the {people.regulator.name}", "{mdo_lines}": _as_list(mdos)}
    found = sorted(_pages(reference / "guidance", filled), key=lambda one: (one[0], one[1].id))
    support = Support(tuple(_contact(row) for row in people.contacts))
    return Guidance(
        pages=MappingProxyType({page.id: page for _order, page in found}),
        support=support,
        mdos=mdos,
        regulator=people.regulator.name,
    )


def _pages(folder: Path, filled: Mapping[str, str]) -> Iterator[tuple[int, GuidancePage]]:
    for path in folder.glob("*.md"):
        yield _page(path, filled)


def _page(path: Path, filled: Mapping[str, str]) -> tuple[int, GuidancePage]:
    empty, front, body = path.read_text(encoding="utf-8").split(FENCE, 2)
    heading = decoded(front, _Heading, path.name)
    if empty or "[check" in body or "[GK]" in body:
        raise BrokenReference(f"{path.name}: a mark was left in it")
    for placeholder, words in filled.items():
        body = body.replace(placeholder, words)
    known = msgspec.structs.asdict(heading)
    order = known.pop("order")
    return order, GuidancePage(id=path.stem, body=body.strip(), points=_points(body), **known)


def _points(body: str) -> tuple[str, ...]:
    """The first list of the page: what the guidance asks."""
    points: list[str] = []
    for line in body.splitlines():
        if line.startswith("- "):
            points.append(line.removeprefix("- "))
        elif points:
            break
    return tuple(points)


def _as_list(mdos: tuple[MdoLine, ...]) -> str:
    return "\n".join(f"- {mdo.name}: **{mdo.number}**. {mdo.subscription}".rstrip() for mdo in mdos)


def _contact(row: _Contact) -> Contact:
    return Contact(**{**msgspec.structs.asdict(row), "nations": frozenset(row.nations)})
