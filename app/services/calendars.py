"""The nations' calendars, read from the reference data once at start and checked."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from app.domain.almanac import Calendars, KnownCalendar
from app.domain.calendars import Calendar
from app.domain.vocabulary import Nation
from app.services.reference import REFERENCE, BrokenReference, Text, read_toml

TABLES: Final = REFERENCE / "calendars"


class _Holiday(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    on: date
    en: str


class _Version(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    number: int
    known_from: date
    adds: tuple[_Holiday, ...] = ()
    removes: tuple[date, ...] = ()


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    nation: Nation
    label: Text
    source: str
    covers_from: date
    covers_until: date
    versions: tuple[_Version, ...]


def load_calendars(directory: Path = TABLES) -> Calendars:
    """The calendars of all four nations from ``directory``, one TOML file a nation, named after it.

    Raises BrokenReference with the file's name where a file is missing or makes no sense.
    """
    return Calendars(MappingProxyType({nation: _load(directory / f"{nation}.toml") for nation in Nation}))


def _load(path: Path) -> tuple[KnownCalendar, ...]:
    file = read_toml(path, _File)
    _check(file, path)
    return tuple(_versions(file, path))


def _check(file: _File, path: Path) -> None:
    if file.nation != path.stem or file.covers_from > file.covers_until:
        raise BrokenReference(f"{path.name}: another nation, or a table that ends before it begins")
    if [version.number for version in file.versions] != list(range(1, len(file.versions) + 1)):
        raise BrokenReference(f"{path.name}: the versions are not in order")
    if not file.versions or any(old.known_from >= new.known_from for old, new in pairwise(file.versions)):
        raise BrokenReference(f"{path.name}: the versions are not in order")


def _versions(file: _File, path: Path) -> Iterator[KnownCalendar]:
    """Each version is the one before it with days added and removed."""
    holidays: dict[date, str] = {}
    for version in file.versions:
        added = {holiday.on: holiday.en for holiday in version.adds}
        if not _fits(file, version, holidays, added):
            raise BrokenReference(f"{path.name}: a day of version {version.number} is misplaced")
        holidays = {day: name for day, name in (holidays | added).items() if day not in version.removes}
        yield KnownCalendar(version.known_from, _calendar(file, version, holidays))


def _fits(file: _File, version: _Version, before: Mapping[date, str], added: Mapping[date, str]) -> bool:
    """Whether no day is listed twice, added again, removed without being there, or outside the table."""
    return (
        len(added) == len(version.adds)
        and not added.keys() & before.keys()
        and before.keys() >= set(version.removes)
        and all(file.covers_from <= day <= file.covers_until for day in added)
    )


def _calendar(file: _File, version: _Version, holidays: Mapping[date, str]) -> Calendar:
    return Calendar(
        name=file.nation,
        version=version.number,
        holidays=MappingProxyType(dict(sorted(holidays.items()))),
        closures=MappingProxyType({}),
        covers_until=file.covers_until,
        covers_from=file.covers_from,
    )
