"""Reading the reference data of categories, platforms, details and cards into the domain's values."""

from pathlib import Path

import msgspec

from app.domain.cards import Card, Cards, Step
from app.domain.classification import (
    Catalogue,
    Categories,
    Category,
    Detail,
    Platform,
    Statement,
    Worded,
)
from app.domain.vocabulary import Identifiability, Kind, Severity, Visibility
from app.services.reference import REFERENCE, BrokenReference, Text, read_toml


class _StatementRow(Text, frozen=True, forbid_unknown_fields=True):
    check: bool = False


class _CategoryRow(Text, frozen=True, forbid_unknown_fields=True, kw_only=True):
    default: Severity
    default_live: Severity | None = None
    topic: str | None = None
    card: str
    statutory: tuple[_StatementRow, ...] = ()
    source: _StatementRow | None = None
    is_speech_weighed_first: bool = False


class _CategoryFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    order: list[str]
    categories: dict[str, _CategoryRow]


class _GroupRow(Text, frozen=True, forbid_unknown_fields=True, kw_only=True):
    code: str


class _PlatformRow(Text, frozen=True, forbid_unknown_fields=True, kw_only=True):
    code: str
    group: str
    usual: Visibility
    concern: Text | None = None


class _PlatformFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    groups: list[_GroupRow]
    platforms: list[_PlatformRow]


class _AboutRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    words: Text
    concern: Text | None = None


class _DetailRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: Text
    card: str
    concern: Text | None = None
    hint: Text | None = None
    codes: list[str] = []
    codes_by: dict[Identifiability, list[str]] | None = None
    is_live: bool = False
    shown: list[Kind] = msgspec.field(default_factory=lambda: list(Kind))
    implies: dict[str, str] = {}


class _DetailFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    about: list[_AboutRow]
    details: dict[str, _DetailRow]


class _StepRow(Text, frozen=True, forbid_unknown_fields=True):
    is_strong: bool = False


class _CardRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: Text
    steps: list[_StepRow]
    concern: list[_StepRow] = []
    check: bool = False


class _CardFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    order: list[str]
    heading: Text
    others: Text
    still_there: Text
    cards: dict[str, _CardRow]


def load_catalogue(*, language: str = "en", folder: Path = REFERENCE) -> Catalogue:
    """Everything that turns answers into facts. BrokenReference for a bad file."""
    details = read_toml(folder / "questions" / "details.toml", _DetailFile)
    catalogue = Catalogue(
        categories=load_categories(language=language, folder=folder),
        about={row.code: worded(row.words, row.concern, language=language) for row in details.about},
        details={code: _detail(code, row, language) for code, row in details.details.items()},
        platforms={one.code: one for one in load_platforms(language=language, folder=folder)},
    )
    _check_details(catalogue)
    return catalogue


def load_categories(*, language: str = "en", folder: Path = REFERENCE) -> Categories:
    """All categories; the order names each of them exactly once."""
    file = read_toml(folder / "categories.toml", _CategoryFile)
    if sorted(file.order) != sorted(file.categories):
        raise BrokenReference("categories.toml: the order does not name every category once")
    return Categories(
        version=file.version,
        by_code={code: _category(code, row, language) for code, row in file.categories.items()},
        order=tuple(file.order),
    )


def load_platforms(*, language: str = "en", folder: Path = REFERENCE) -> tuple[Platform, ...]:
    """All platforms in the order of the page; ``group`` is the group's words."""
    file = read_toml(folder / "platforms.toml", _PlatformFile)
    groups = {row.code: row.said_in(language) for row in file.groups}
    for row in file.platforms:
        if row.group not in groups:
            raise BrokenReference(f"platforms.toml: {row.code} stands in no group")
    return tuple(
        Platform(
            code=row.code,
            group=groups[row.group],
            words=worded(row, row.concern, language=language),
            usual=row.usual,
        )
        for row in file.platforms
    )


def load_cards(*, language: str = "en", folder: Path = REFERENCE) -> Cards:
    """All act-now cards."""
    file = read_toml(folder / "cards.toml", _CardFile)
    if unknown := set(file.order) - set(file.cards):
        raise BrokenReference(f"cards.toml: the order names {sorted(unknown)}")
    return Cards(
        version=file.version,
        by_code={code: _card(code, row, language) for code, row in file.cards.items()},
        order=tuple(file.order),
        heading=file.heading.said_in(language),
        others=file.others.said_in(language),
        still_there=file.still_there.said_in(language),
    )


def worded(own: Text, concern: Text | None, *, language: str, hint: Text | None = None) -> Worded:
    """Words in both voices; without words for a concern, the doctor's own serve for both."""
    said = own.said_in(language)
    return Worded(
        own=said,
        concern=concern.said_in(language) if concern else said,
        hint=hint.said_in(language) if hint else "",
    )


def _category(code: str, row: _CategoryRow, language: str) -> Category:
    return Category(
        code=code,
        words=row.said_in(language),
        default=row.default,
        default_live=row.default_live or row.default,
        card=row.card,
        topic=row.topic,
        statutory=tuple(_statement(one, language) for one in row.statutory),
        source=_statement(row.source, language) if row.source else None,
        is_speech_weighed_first=row.is_speech_weighed_first,
    )


def _statement(row: _StatementRow, language: str) -> Statement:
    return Statement(words=row.said_in(language), is_unchecked=row.check)


def _detail(code: str, row: _DetailRow, language: str) -> Detail:
    by = row.codes_by
    return Detail(
        code=code,
        words=worded(row.words, row.concern, language=language, hint=row.hint),
        card=row.card,
        shown=frozenset(row.shown),
        codes=tuple(row.codes),
        codes_by={level: tuple(codes) for level, codes in by.items()} if by else None,
        is_live=row.is_live,
        implies=row.implies,
    )


def _check_details(catalogue: Catalogue) -> None:
    """Every detail leads to known categories, whatever the identifiability, and stands under a known subject."""
    for detail in catalogue.details.values():
        for level in Identifiability:
            codes = detail.codes_for(level)
            if not codes or not set(codes) <= set(catalogue.categories.by_code):
                raise BrokenReference(f"details.toml: {detail.code} leads to {codes} at {level}")
        if detail.about not in catalogue.about:
            raise BrokenReference(f"details.toml: {detail.code} stands under nothing")


def _card(code: str, row: _CardRow, language: str) -> Card:
    return Card(
        code=code,
        title=row.title.said_in(language),
        steps=tuple(Step(one.said_in(language), one.is_strong) for one in row.steps),
        concern=tuple(Step(one.said_in(language), one.is_strong) for one in row.concern),
        is_unchecked=row.check,
    )
