"""A question page as its template draws it: each field with its value, its error and what it reveals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from flask_babel import gettext as _

from app.domain.answering import PARTS
from app.domain.form import Option, Page, Problem, Question, QuestionKind
from app.domain.particulars import Answers, chosen, only
from app.web import forms

Values = Mapping[str, list[str]]
CHOSEN_BY_TICKING = frozenset({QuestionKind.RADIOS, QuestionKind.CHECKBOXES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question on the screen. ``reveals`` are the questions that stand under one of its options."""

    question: Question
    values: Values = field(repr=False)
    error: str = ""
    error_field: str = ""
    is_new: bool = False
    is_heading: bool = False
    hint: str = ""
    reveals: Mapping[str, tuple["Field", ...]] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The name of the field, and the id of its first input."""
        return self.question.code

    @property
    def label(self) -> str:
        """The words of the question, with a mark where they are new to this draft."""
        return _("New: %(question)s", question=self.question.label) if self.is_new else self.question.label

    @property
    def value(self) -> str:
        """What a text field holds, without what a page cannot show again."""
        return "".join(letter for letter in self._first(self.code) if forms.is_saveable(letter))

    @property
    def limit(self) -> int:
        """How many characters may be typed, where that is worth counting down."""
        return self.question.limit if self.question.kind is QuestionKind.TEXTAREA else 0

    @property
    def parts(self) -> list[tuple[str, str, bool]]:
        """Day, month and year of a date: name, value, and whether the error is there."""
        return [(part, self._part(part), self._is_wrong(part)) for part in PARTS]

    @property
    def groups(self) -> Mapping[str, list[Option]]:
        """The options of a long list under their headings."""
        grouped: dict[str, list[Option]] = {}
        for option in self.question.options:
            grouped.setdefault(option.group, []).append(option)
        return grouped

    def has(self, option: Option) -> bool:
        """Whether an option is chosen."""
        return option.value in self.values.get(self.code, ())

    def _part(self, part: str) -> str:
        return "".join(letter for letter in self._first(f"{self.code}-{part}") if letter.isprintable())

    def _is_wrong(self, part: str) -> bool:
        return bool(self.error) and self.error_field in {f"{self.code}-{part}", self.question.first_field}

    def _first(self, name: str) -> str:
        return next(iter(self.values.get(name, ())), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page of questions: its fields in their order, and everything that is to be put right."""

    page: Page
    fields: tuple[Field, ...]
    problems: tuple[forms.Problem, ...] = ()

    @property
    def has_heading(self) -> bool:
        """Whether one of the questions is the heading of the page."""
        return any(one.is_heading for one in self.fields)


def sheet(page: Page, values: Values, *, problems: Sequence[Problem] = (), since: int = 0) -> Sheet:
    """The page with what it holds. ``since`` is the version of the form that the draft was begun with."""
    asked = (one for one in page.questions if _can_apply(one, page))
    drawn = [_field(one, page, values, problems=problems, since=since) for one in asked]
    return Sheet(
        page=page,
        fields=tuple(_headed(_nested(drawn, page), page)),
        problems=tuple(forms.Problem(one.message, f"#{one.field}") for one in problems),
    )


def stored(page: Page, answers: Answers) -> Values:
    """The kept answers of a page, as its form would submit them."""
    values: dict[str, list[str]] = {}
    for question in page.questions:
        if question.kind is QuestionKind.DATE:
            values |= _date_parts(question, answers)
        else:
            values[question.code] = list(chosen(answers, question.code))
    return values


def _date_parts(question: Question, answers: Answers) -> dict[str, list[str]]:
    kept = only(answers, question.code)
    if not kept:
        return {}
    on = date.fromisoformat(kept)
    return {f"{question.code}-{part}": [str(getattr(on, part))] for part in PARTS}


def _field(
    question: Question, page: Page, values: Values, *, problems: Sequence[Problem], since: int
) -> Field:
    problem = next((one for one in problems if one.question == question.code), None)
    return Field(
        question=question,
        values=values,
        error=problem.message if problem else "",
        error_field=problem.field if problem else "",
        is_new=bool(since) and question.since > since,
        hint=_hint(question, page),
    )


def _can_apply(question: Question, page: Page) -> bool:
    """False for a question that hangs on options of which none is offered here."""
    leader = _leader(question, page)
    return leader is None or any(option.value in _wanted(question) for option in leader.options)


def _hint(question: Question, page: Page) -> str:
    """The hint, and of a question that cannot stand under the one option it hangs on, when to answer it."""
    leader = _leader(question, page)
    if leader is None or _option_over(question, leader):
        return question.hint
    labels = [option.label for option in leader.options if option.value in _wanted(question)]
    only_if = _("Only if you select “%(options)s”.", options=_("” or “").join(labels))
    return f"{only_if} {question.hint}".strip()


def _leader(question: Question, page: Page) -> Question | None:
    """The question of the same page that this one hangs on."""
    if question.under is None:
        return None
    return next((one for one in page.questions if one.code == question.under.leader), None)


def _wanted(question: Question) -> frozenset[str]:
    return question.under.wanted[0][1] if question.under else frozenset()


def _option_over(question: Question, leader: Question | None) -> str:
    """The option that a question stands under: one of radios or tick boxes, and no other."""
    wanted = _wanted(question)
    if leader is None or leader.kind not in CHOSEN_BY_TICKING or len(wanted) != 1:
        return ""
    return next((option.value for option in leader.options if option.value in wanted), "")


def _nested(drawn: Sequence[Field], page: Page) -> Iterator[Field]:
    """The fields at the left edge, each with those that stand under its options."""
    leaders = {one.code: _leader(one.question, page) for one in drawn}
    over = {one.code: _option_over(one.question, leaders[one.code]) for one in drawn}
    for one in drawn:
        if not over[one.code]:
            under = [other for other in drawn if over[other.code] and leaders[other.code] == one.question]
            yield replace(one, reveals=_by_option(under, over))


def _by_option(under: Iterable[Field], over: Mapping[str, str]) -> Mapping[str, tuple[Field, ...]]:
    grouped: dict[str, tuple[Field, ...]] = {}
    for one in under:
        grouped[over[one.code]] = (*grouped.get(over[one.code], ()), one)
    return grouped


def _headed(fields: Iterable[Field], page: Page) -> Iterator[Field]:
    """The question whose words are the title of the page is its heading."""
    for number, one in enumerate(fields):
        yield replace(one, is_heading=number == 0 and one.question.label == page.title)
