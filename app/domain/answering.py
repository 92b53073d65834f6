"""Checking what was submitted for a page: each answer in its stored form, or the words to put it right.

Nothing is lost: the page is shown again with what was typed.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from app.domain.form import Facts, Option, Page, Problem, Question, QuestionKind
from app.domain.particulars import is_on_the_clock

Submitted = Mapping[str, list[str]]
PARTS = ("day", "month", "year")
FIRST_DAY = date(1990, 1, 1)
YEAR_LENGTH = 4
# Control characters and halves of a surrogate pair.
UNSAVEABLE = frozenset({"Cc", "Cs"})
NONCHARACTERS = range(0xFDD0, 0xFDF0)
CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?", re.IGNORECASE | re.ASCII)


class _Refused(Exception):
    """This answer cannot be taken; the message says what to do, ``field`` where."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """The good answers of a page, what to put right, and what was submitted, untouched."""

    answers: Mapping[str, str | list[str]]
    problems: tuple[Problem, ...]
    submitted: Submitted


def validate(page: Page, submitted: Submitted, *, today: date) -> Validated:
    """Check a page that ``questionnaire.ask`` made ready. ``today`` is the local date.

    Only the questions of the page are read; a question that hangs on an answer not given is passed over.
    """
    answers: dict[str, str | list[str]] = {}
    problems: list[Problem] = []
    for question in sorted(page.questions, key=lambda one: bool(one.excused_by)):
        if question.under and not question.under.holds(_facts(answers)):
            continue
        try:
            answers |= _checked(question, page, submitted, today=today, answers=answers)
        except _Refused as refused:
            problems.append(_problem(page, question, refused))
    return Validated(answers=answers, problems=_in_order(page, problems), submitted=submitted)


def _facts(answers: Mapping[str, str | list[str]]) -> Facts:
    return {code: frozenset([v] if isinstance(v, str) else v) for code, v in answers.items()}


def _problem(page: Page, question: Question, refused: _Refused) -> Problem:
    where = refused.field or question.first_field
    return Problem(page=page.code, question=question.code, field=where, message=refused.message)


def _in_order(page: Page, problems: list[Problem]) -> tuple[Problem, ...]:
    """In the order of the page, so that the summary reads from top to bottom."""
    order = [question.code for question in page.questions]
    return tuple(sorted(problems, key=lambda problem: order.index(problem.question)))


def _checked(
    question: Question,
    page: Page,
    submitted: Submitted,
    *,
    today: date,
    answers: Mapping[str, str | list[str]],
) -> dict[str, str | list[str]]:
    """The answer under its code, or nothing where an optional question was left empty."""
    match question.kind:
        case QuestionKind.DATE:
            value = _date(question, page, submitted, today=today, answers=answers)
        case QuestionKind.TIME:
            value = _time(question, page, submitted, answers=answers)
        case QuestionKind.TEXT | QuestionKind.TEXTAREA:
            value = _text(question, page, submitted)
        case QuestionKind.CHECKBOXES:
            return _several(question, page, submitted)
        case _:
            value = _one(question, page, submitted)
    return {question.code: value} if value else {}


def _message(page: Page, key: str, question: Question, **words: str) -> str:
    return question.filled(page.messages[key], **words)


def _one(question: Question, page: Page, submitted: Submitted) -> str:
    given = set(submitted.get(question.code, [])) - {""}
    if not given and question.empty:
        raise _Refused(question.empty)
    if len(given) > 1 or given - _values(question):
        raise _Refused(page.messages["not_offered"])
    return next(iter(given), "")


def _values(question: Question) -> set[str]:
    return {option.value for option in question.options}


def _several(question: Question, page: Page, submitted: Submitted) -> dict[str, str | list[str]]:
    given = set(submitted.get(question.code, [])) - {""}
    if not given and question.empty:
        raise _Refused(question.empty)
    if given - _values(question):
        raise _Refused(page.messages["not_offered"])
    ticked = [option for option in question.options if option.value in given]
    if alone := _not_alone(ticked):
        raise _Refused(_message(page, "alone", question, option=alone.label))
    return {question.code: [option.value for option in ticked]} if ticked else {}


def _not_alone(ticked: list[Option]) -> Option | None:
    """The option that may only stand alone and does not."""
    return next((one for one in ticked if one.is_alone), None) if len(ticked) > 1 else None


def _text(question: Question, page: Page, submitted: Submitted) -> str:
    text = "".join(submitted.get(question.code, [])[:1])
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").strip()
    if question.digits:
        return _number(question, text)
    if not text and question.empty:
        raise _Refused(question.empty)
    if any(not _is_saveable(letter, question.kind) for letter in text):
        raise _Refused(_message(page, "unsaveable", question))
    if len(text) > question.limit:
        counts = {"limit": f"{question.limit:,}", "used": f"{len(text):,}"}
        raise _Refused(_message(page, "too_long", question, **counts))
    return text


def _is_saveable(letter: str, kind: QuestionKind) -> bool:
    return kind is QuestionKind.TEXTAREA if letter == "\n" else is_letter(letter)


def is_letter(letter: str) -> bool:
    """Whether a page can show this again: no control character, half of a surrogate pair or noncharacter."""
    code = ord(letter)
    is_noncharacter = code in NONCHARACTERS or code & 0xFFFE == 0xFFFE
    return not is_noncharacter and unicodedata.category(letter) not in UNSAVEABLE


def _number(question: Question, text: str) -> str:
    """A number of a fixed length, spaces forgiven. Anything else gets the question's own message."""
    number = text.replace(" ", "")
    if len(number) != question.digits or not (number.isascii() and number.isdigit()):
        raise _Refused(question.empty)
    return number


def _date(
    question: Question,
    page: Page,
    submitted: Submitted,
    *,
    today: date,
    answers: Mapping[str, str | list[str]],
) -> str:
    parts = {part: "".join(submitted.get(f"{question.code}-{part}", [])[:1]).strip() for part in PARTS}
    if question.excused_by in answers:
        return _excused(question, page, parts)
    if not any(parts.values()):
        if question.empty:
            raise _Refused(question.empty)
        return ""
    on = _real_date(question, page, parts)
    _check_range(question, page, on, today=today)
    return on.isoformat()


def _excused(question: Question, page: Page, parts: Mapping[str, str]) -> str:
    """Nothing is kept where somebody ticked that they do not know; a date beside that is a contradiction."""
    if any(parts.values()):
        other = next(one for one in page.questions if one.code == question.excused_by)
        raise _Refused(_message(page, "excused", question, option=other.options[0].label))
    return ""


def _real_date(question: Question, page: Page, parts: Mapping[str, str]) -> date:
    lacking = [part for part in PARTS if not parts[part]]
    if lacking:
        names = f" {page.messages['and']} ".join(page.messages[part] for part in lacking)
        raise _Refused(_message(page, "date_part", question, parts=names), f"{question.code}-{lacking[0]}")
    if not all(text.isascii() and text.isdigit() for text in parts.values()):
        raise _Refused(_message(page, "date_unreal", question))
    if len(parts["year"]) != YEAR_LENGTH:
        raise _Refused(page.messages["year_digits"], f"{question.code}-year")
    try:
        return date(*(int(parts[part][:YEAR_LENGTH]) for part in reversed(PARTS)))
    except ValueError as error:
        raise _Refused(_message(page, "date_unreal", question)) from error


def _check_range(question: Question, page: Page, on: date, *, today: date) -> None:
    if on > today and not question.may_be_future:
        raise _Refused(_message(page, "date_future", question))
    if on < FIRST_DAY:
        raise _Refused(_message(page, "date_early", question))
    if question.earliest and on < question.earliest:
        raise _Refused(_message(page, "date_before_posted", question))


def _time(
    question: Question, page: Page, submitted: Submitted, *, answers: Mapping[str, str | list[str]]
) -> str:
    text = "".join(submitted.get(question.code, [])[:1]).strip()
    if not text:
        return ""
    on = answers.get(question.of)
    if not isinstance(on, str):
        return _dateless(question, page, submitted)
    at = _clock_time(text)
    if at is None or not is_on_the_clock(date.fromisoformat(on), at):
        raise _Refused(_message(page, "time_unreal", question))
    return at.isoformat("minutes")


def _dateless(question: Question, page: Page, submitted: Submitted) -> str:
    """A time without its date: the date is asked for, unless it already has an error of its own."""
    if any("".join(submitted.get(f"{question.of}-{part}", [])).strip() for part in PARTS):
        return ""
    day = next(one for one in page.questions if one.code == question.of)
    if day.empty:
        return ""
    raise _Refused(_message(page, "date_empty", day), day.first_field)


def _clock_time(text: str) -> time | None:
    """14:30, 14.30, 2:30pm or 2pm; None for anything else, a bare number included."""
    match = CLOCK.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return None
    return _of_day(int(match[1]), int(match[2] or 0), half=(match[3] or "").lower())


def _of_day(hour: int, minute: int, *, half: str) -> time | None:
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        return None
