"""Reading the forms from their files into the domain's values, and refusing files that do not fit together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from app.domain.classification import Catalogue
from app.domain.form import (
    Applies,
    Condition,
    Form,
    Inset,
    Option,
    OptionSource,
    Page,
    PageKind,
    PageVariant,
    Question,
    QuestionKind,
    Variant,
)
from app.domain.vocabulary import Kind, Lane, PatientData, Severity
from app.services.categories import load_catalogue
from app.services.reference import REFERENCE, BrokenReference, Text, read_toml

Row = TypeVar("Row")
Conditions = list[dict[str, list[str]]]

DERIVED: Mapping[str, frozenset[str]] = {
    "form": frozenset(Kind),
    "voice": frozenset({"self", "concern"}),
    "patient_data": frozenset(PatientData),
    "severity": frozenset(Severity),
    "workplaces": frozenset({"none", "one", "several"}),
    "workplace_known": frozenset({"yes", "no"}),
}


class _OptionRow(Text, frozen=True, forbid_unknown_fields=True, kw_only=True):
    value: str
    hint: Text | None = None
    note: Text | None = None
    is_alone: bool = False
    lane: Literal["employer", "mdo"] | None = None
    when: Conditions = msgspec.field(default_factory=list)
    unless: Conditions = msgspec.field(default_factory=list)


class _OptionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    lists: dict[str, list[_OptionRow]]


class _VariantRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    when: dict[str, list[str]]
    label: Text | None = None
    hint: Text | None = None
    empty: Text | None = None


class _QuestionRow(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"source": "from", "options": "list"}
):
    kind: QuestionKind
    label: Text
    hint: Text | None = None
    name: Text | None = None
    empty: Text | None = None
    source: OptionSource | None = None
    options: str = ""
    limit: int = 0
    digits: int = 0
    lane: Literal["employer", "mdo"] | None = None
    when: Conditions = msgspec.field(default_factory=list)
    unless: Conditions = msgspec.field(default_factory=list)
    under: dict[str, list[str]] | None = None
    excused_by: str = ""
    of: str = ""
    not_before: str = ""
    may_be_future: bool = False
    since: int = 1
    variants: list[_VariantRow] = []


class _QuestionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    questions: dict[str, _QuestionRow]


class _InsetRow(Text, frozen=True, forbid_unknown_fields=True):
    when: Conditions = msgspec.field(default_factory=list)


class _PageVariantRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    when: dict[str, list[str]]
    title: Text | None = None
    body: list[Text] = []


class _PageRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: PageKind = PageKind.QUESTIONS
    title: Text | None = None
    questions: list[str] = []
    when: Conditions = msgspec.field(default_factory=list)
    unless: Conditions = msgspec.field(default_factory=list)
    body: list[Text] = []
    steps: list[Text] = []
    insets: list[_InsetRow] = []
    carry_on: Text | None = None
    leave: Text | None = None
    check: bool = False
    variants: list[_PageVariantRow] = []


class _PageFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    pages: dict[str, _PageRow]


class _FormFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Kind
    version: int
    name: Text
    lane: Lane
    narrative: str
    pages: list[str]
    skips: dict[str, Conditions] = {}
    duty_lines: dict[str, Text] = {}


class _MessageFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    messages: dict[str, Text]


def load_forms(*, language: str = "en", folder: Path = REFERENCE) -> Mapping[Kind, Form]:
    """The forms in one language, by kind. BrokenReference for a bad file."""
    shelf = _Shelf.read(folder / "questions", language, load_catalogue(language=language, folder=folder))
    forms = [shelf.form(read_toml(folder / "questions" / f"{kind}.toml", _FormFile)) for kind in Kind]
    for form in forms:
        _check(form, asked_anywhere=frozenset(shelf.questions))
    return {form.kind: form for form in forms}


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What forms are made of, and the language to make them in."""

    language: str
    catalogue: Catalogue
    lists: Mapping[str, list[_OptionRow]]
    questions: Mapping[str, _QuestionRow]
    pages: Mapping[str, _PageRow]
    messages: Mapping[str, Text]

    @classmethod
    def read(cls, folder: Path, language: str, catalogue: Catalogue) -> "_Shelf":
        return cls(
            language=language,
            catalogue=catalogue,
            lists=read_toml(folder / "options.toml", _OptionFile).lists,
            questions=read_toml(folder / "questions.toml", _QuestionFile).questions,
            pages=read_toml(folder / "pages.toml", _PageFile).pages,
            messages=read_toml(folder / "errors.toml", _MessageFile).messages,
        )

    def say(self, text: Text | None) -> str:
        return text.said_in(self.language) if text else ""

    def form(self, row: _FormFile) -> Form:
        return Form(
            kind=row.kind,
            version=row.version,
            language=self.language,
            name=self.say(row.name),
            lane=row.lane,
            narrative=row.narrative,
            pages=tuple(self.page(code, skips=row.skips.get(code, [])) for code in row.pages),
            catalogue=self.catalogue,
            messages={key: self.say(text) for key, text in self.messages.items()},
            duty_lines={key: self.say(text) for key, text in row.duty_lines.items()},
        )

    def page(self, code: str, *, skips: Conditions) -> Page:
        row = _named(self.pages, code, "page")
        return Page(
            code=code,
            kind=row.kind,
            title=self.say(row.title),
            questions=tuple(self.question(one) for one in row.questions),
            applies=_applies(row.when, [*row.unless, *skips]),
            body=tuple(self.say(text) for text in row.body),
            steps=tuple(self.say(text) for text in row.steps),
            insets=tuple(Inset(text=self.say(one), applies=_applies(one.when, [])) for one in row.insets),
            carry_on=self.say(row.carry_on),
            leave=self.say(row.leave),
            variants=tuple(self.page_variant(one) for one in row.variants),
            is_unchecked=row.check,
        )

    def page_variant(self, row: _PageVariantRow) -> PageVariant:
        body = tuple(self.say(text) for text in row.body)
        return PageVariant(when=_condition(row.when), title=self.say(row.title), body=body)

    def question(self, code: str) -> Question:
        row = _named(self.questions, code, "question")
        return Question(
            code=code,
            kind=row.kind,
            label=self.say(row.label),
            hint=self.say(row.hint),
            name=self.say(row.name),
            empty=self.say(row.empty),
            source=row.source,
            options=tuple(map(self.option, _named(self.lists, row.options, "list") if row.options else [])),
            limit=row.limit,
            digits=row.digits,
            lane=Lane(row.lane) if row.lane else None,
            applies=_applies(row.when, row.unless),
            under=_condition(row.under) if row.under else None,
            excused_by=row.excused_by,
            of=row.of,
            not_before=row.not_before,
            may_be_future=row.may_be_future,
            since=row.since,
            variants=tuple(map(self.variant, row.variants)),
        )

    def variant(self, row: _VariantRow) -> Variant:
        texts = {"label": row.label, "hint": row.hint, "empty": row.empty}
        said = {name: self.say(text) for name, text in texts.items() if text}
        return Variant(when=_condition(row.when), texts=said)

    def option(self, row: _OptionRow) -> Option:
        return Option(
            value=row.value,
            label=self.say(row),
            hint=self.say(row.hint),
            note=self.say(row.note),
            is_alone=row.is_alone,
            lane=Lane(row.lane) if row.lane else None,
            applies=_applies(row.when, row.unless),
        )


def _named(rows: Mapping[str, Row], name: str, kind: str) -> Row:
    if name not in rows:
        raise BrokenReference(f"there is no {kind} {name!r}")
    return rows[name]


def _condition(row: Mapping[str, Iterable[str]]) -> Condition:
    return Condition(tuple((name, frozenset(allowed)) for name, allowed in row.items()))


def _applies(when: Conditions, unless: Conditions) -> Applies:
    return Applies(when=tuple(map(_condition, when)), unless=tuple(map(_condition, unless)))


def _check(form: Form, *, asked_anywhere: frozenset[str]) -> None:
    """Every condition names something that can be known, and values that it can have."""
    known = {**DERIVED, **_values(form)}
    for condition in _conditions(form):
        for name, allowed in condition.wanted:
            if name not in known and name not in asked_anywhere:
                raise BrokenReference(f"{form.kind}: nobody is asked for {name}")
            # A shared page may name an answer that only another form asks for: here it is never given.
            if name in known and not allowed <= known[name]:
                raise BrokenReference(f"{form.kind}: {name} is never {sorted(allowed - known[name])}")
    _check_shape(form)


def _check_shape(form: Form) -> None:
    codes = [page.code for page in form.pages]
    questions = [question.code for page in form.pages for question in page.questions]
    if form.pages[-1].kind is not PageKind.CHECK or len(set(codes)) < len(codes):
        raise BrokenReference(f"{form.kind}: the pages are not a list that ends with the check")
    if len(set(questions)) < len(questions) or form.narrative not in questions:
        raise BrokenReference(f"{form.kind}: a question is asked twice, or the narrative is not asked")
    for page in form.pages:
        for question in page.questions:
            if not _has_limits(question):
                raise BrokenReference(f"{form.kind}: {question.code} lacks its limit or its name")


def _has_limits(question: Question) -> bool:
    """What somebody types needs a limit and a name to speak of it by."""
    if question.kind in {QuestionKind.TEXT, QuestionKind.TEXTAREA}:
        return bool(question.name and (question.limit or question.digits))
    return bool(question.name) or question.kind not in {QuestionKind.DATE, QuestionKind.TIME}


def _values(form: Form) -> dict[str, frozenset[str]]:
    """The values that each question with a fixed list can have."""
    fixed = {
        question.code: frozenset(option.value for option in question.options)
        for page in form.pages
        for question in page.questions
        if question.options and question.source is None
    }
    catalogue = form.catalogue
    return fixed | {
        "about": frozenset(catalogue.about),
        "detail": frozenset(catalogue.details),
        "platform": frozenset(catalogue.platforms),
    }


def _conditions(form: Form) -> Iterable[Condition]:
    for page in form.pages:
        yield from _both(page.applies)
        yield from (variant.when for variant in page.variants)
        for inset in page.insets:
            yield from _both(inset.applies)
        for question in page.questions:
            yield from _of_question(question)


def _of_question(question: Question) -> Iterable[Condition]:
    yield from _both(question.applies)
    yield from (variant.when for variant in question.variants)
    for option in question.options:
        yield from _both(option.applies)
    if question.under:
        yield question.under


def _both(applies: Applies) -> tuple[Condition, ...]:
    return applies.when + applies.unless
