"""Forms: text turned into values, with what is wrong beside the field. They check shape; services check sense.

The one place that knows Flask-WTF and WTForms; every page takes its fields from here.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from flask import Blueprint, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm  # type: ignore[import-untyped]  # it ships no types
from wtforms import (  # type: ignore[import-untyped]  # as above
    Field,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice as Choice  # type: ignore[import-untyped]  # as above
from wtforms.validators import Optional, ValidationError  # type: ignore[import-untyped]  # as above

from app.domain.answering import is_letter
from app.domain.errors import InvalidInput
from app.web.words import words

__all__ = [
    "Choice",
    "DayField",
    "Form",
    "HiddenField",
    "Problem",
    "ValidationError",
    "area",
    "checks_its_own_token",
    "choice_of",
    "choices_from",
    "is_saveable",
    "kept_texts",
    "line",
    "list_of",
    "password",
]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WRITTEN_DAY = re.compile(r"(\d{1,2})[\s/.-]+(\d{1,2}|[a-z]{3,9})[\s/.,-]+(\d{4})")
LONGEST_KEPT = 20_000
# Every field that is never given back, in whatever form.
SECRET = frozenset({"csrf_token", "version", "password", "proof", "current", "code"})
YEARS = range(1990, 2101)


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of the summary at the top of a page, with the way to its field."""

    text: str
    href: str = ""


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types, so its class is Any
    """A form with its token, a summary of what is wrong, and room for what a service refused.

    The one that was sent is known to the request, so that a page about an error can give back what was typed.
    """

    def validate(self, extra_validators: Any = None) -> bool:
        """Says what to choose where nothing was chosen, and refuses values that were not on the page."""
        g.sent_form = self
        super().validate(extra_validators)
        for field in self:
            if field.errors and getattr(field, "choices", None) is not None:
                field.errors = _about_choice(field)
        return not any(field.errors for field in self)

    def problems(self) -> list[Problem]:
        """Every error, in the order of the fields."""
        fields: Sequence[Field] = [field for field in self if field.errors]
        return [Problem(text, f"#{_first_id(field)}") for field in fields for text in _flat(field.errors)]

    @contextmanager
    def refusals(self, sentences: Mapping[str, object]) -> Iterator[None]:
        """Puts what a service refuses beside its field. A code without a sentence is raised again."""
        try:
            yield
        except InvalidInput as error:
            if error.code not in sentences or error.field not in self:
                raise
            self[error.field].errors = [*self[error.field].errors, str(sentences[error.code])]


def kept_texts() -> list[str]:
    """What was typed into the form that was sent, so that it can be copied: never a password, nor a choice."""
    if "sent_form" not in g:
        return _kept_unread()
    typed = (field for field in g.sent_form if _is_typed(field) and field.data)
    return [str(field.data)[:LONGEST_KEPT] for field in typed]


def _kept_unread() -> list[str]:
    """The same of a form that was refused before anybody looked at its fields: whatever reads like a text."""
    values = (value for name, value in request.form.items() if name not in SECRET)
    return [value[:LONGEST_KEPT] for value in values if " " in value.strip()]


def _is_typed(field: Any) -> bool:
    return isinstance(field, StringField) and not isinstance(field, HiddenField | PasswordField)


def checks_its_own_token(bp: Blueprint, view: Callable[..., object]) -> None:
    """Lets a view find out by its form that a page was open for too long, so that it can keep what was typed.

    The view has to refuse whatever comes without the right token: its form must validate before anything else.
    """
    bp.record(lambda state: state.app.extensions["csrf"].exempt(f"{view.__module__}.{view.__name__}"))


def _about_choice(field: Any) -> list[str]:
    """A list knows two errors: nothing was chosen where something must be, or something not on the page."""
    if field.data:
        return [_("Select one of the options on this page")]
    return [str(one.message) for one in field.validators if hasattr(one, "message")]


def _first_id(field: Field) -> str:
    """Where a link from the summary leads: the field, or the first of several to choose from."""
    return str(field.id)


def _flat(errors: Any) -> Iterator[str]:
    """The messages of a field, also of a form inside a form, whose errors are a mapping."""
    for error in errors.values() if isinstance(errors, Mapping) else errors:
        if isinstance(error, Mapping | list | tuple):
            yield from _flat(error)
        else:
            yield str(error)


class Needed:
    """Something must be there; ``message`` says what to enter or choose."""

    def __init__(self, message: object) -> None:
        self.message = message

    def __call__(self, _form: Form, field: Field) -> None:
        """Raises ValidationError for an empty field."""
        if not field.data:
            raise ValidationError(str(self.message))


class OneLine:
    """At most so many characters, all of which a person can see."""

    def __init__(self, longest: int) -> None:
        self.longest = longest

    def __call__(self, _form: Form, field: Field) -> None:
        """Raises ValidationError for more, and for control characters, which a page cannot show again."""
        text = field.data or ""
        field.data = "".join(sign for sign in text if sign.isprintable())
        if len(text) > self.longest:
            raise ValidationError(_("Use %(n)s characters or fewer.", n=self.longest))
        if not text.isprintable():
            raise ValidationError(_("Use letters, numbers and punctuation only, on one line."))


class Between:
    """A text of at least ``shortest`` and at most ``longest`` characters, of kinds that can be saved."""

    def __init__(self, shortest: int, longest: int, too_short: object) -> None:
        self.shortest = shortest
        self.longest = longest
        self.too_short = too_short

    def __call__(self, _form: Form, field: Field) -> None:
        """Raises ValidationError for less, for more, and for characters that cannot be saved."""
        text = field.data or ""
        # A page cannot show again what cannot be saved.
        field.data = "".join(letter for letter in text if is_saveable(letter))
        if len(text) > self.longest:
            raise ValidationError(_too_long(longest=self.longest, used=len(text)))
        if text and len(text) < self.shortest:
            raise ValidationError(str(self.too_short))
        if field.data != text:
            raise ValidationError(_("It includes characters we cannot save. Delete them and try again"))


def is_saveable(letter: str) -> bool:
    """Whether a page of several lines can show this again."""
    return letter == "\n" or is_letter(letter)


def _too_long(*, longest: int, used: int) -> str:
    return _(
        "It must be %(limit)s characters or fewer. You have used %(used)s",
        limit=f"{longest:,}",
        used=f"{used:,}",
    )


def _stripped(text: str | None) -> str:
    return (text or "").strip()


def _plain_lines(text: str | None) -> str:
    return _stripped(text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")


def line(label: object, *, missing: object = None, longest: int = 200, hint: object = "") -> Any:
    """One line of text, needed where ``missing`` says what to enter."""
    needed = [Needed(missing)] if missing else []
    return StringField(
        label, description=hint, filters=[_stripped], validators=[*needed, OneLine(longest)], default=""
    )


def area(
    label: object,
    *,
    longest: int,
    missing: object = None,
    shortest: int = 0,
    too_short: object = None,
    hint: object = "",
) -> Any:
    """Several lines of text, needed where ``missing`` says what to write. Lines end with a line feed."""
    needed = [Needed(missing)] if missing else []
    return TextAreaField(
        label,
        description=hint,
        filters=[_plain_lines],
        validators=[*needed, Between(shortest, longest, too_short)],
        default="",
    )


def password(label: object, *, missing: object, hint: object = "") -> Any:
    """A password, taken as it is typed or pasted."""
    return PasswordField(label, description=hint, validators=[Needed(missing)])


def choice_of(
    label: object, *, choices: Sequence[Choice] = (), missing: object = None, hint: object = ""
) -> Any:
    """One of a few, as radio buttons, needed where ``missing`` says what to select."""
    needed = [Needed(missing)] if missing else [Optional()]
    return RadioField(label, description=hint, choices=choices, validators=needed)


def list_of(label: object, *, choices: Sequence[Choice] = (), missing: object, hint: object = "") -> Any:
    """One of many, as a native list."""
    needed = [Needed(missing)] if missing else []
    return SelectField(label, description=hint, choices=choices, validators=needed)


def choices_from(values: Sequence[StrEnum], *, first: object = None) -> list[Choice]:
    """Members of a closed vocabulary with their words; ``first`` stands for "nothing chosen yet"."""
    start = [Choice(value="", label=str(first))] if first else []
    return [*start, *(Choice(value=value.value, label=words(value)) for value in values)]


class DayField(StringField):  # type: ignore[misc]  # WTForms ships no types
    """A day as people write it: 27 3 2026, 27/3/2026 or 27 March 2026. ``day`` holds what was meant.

    ``missing`` says what to enter; without it the field may stay empty and ``day`` is none.
    """

    def __init__(self, label: object, *, missing: object = None, hint: object = "", **known: Any) -> None:
        example = hint or _l("For example, 27 3 2026")
        super().__init__(label, description=example, filters=[_stripped], default="", **known)
        self.day: date | None = None
        self._missing = missing

    @property
    def needed_day(self) -> date:
        """The day, once the form has made sure that there is one. Raises ValueError before."""
        if self.day is None:
            raise ValueError("no day was entered")
        return self.day

    def pre_validate(self, _form: Form) -> None:
        """Raises ValidationError for what is no day between 1990 and 2100."""
        if not self.data:
            if self._missing:
                raise ValidationError(str(self._missing))
            return
        self.day = parsed_day(self.data)
        if self.day is None:
            raise ValidationError(_("Enter a real date, like 27 3 2026."))


def parsed_day(text: str) -> date | None:
    """The day that a text means, or none."""
    written = WRITTEN_DAY.fullmatch(text.strip().lower())
    if written is None:
        return None
    day, month, year = written.groups()
    number = int(month) if month.isdigit() else _month(month)
    try:
        meant = date(int(year), number, int(day))
    except ValueError:
        return None
    return meant if meant.year in YEARS else None


def _month(name: str) -> int:
    return MONTHS.index(name[:3]) + 1 if name[:3] in MONTHS else 0
