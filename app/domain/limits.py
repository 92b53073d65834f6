"""How long somebody has: a number of units, what may pause it, and which way it rolls off a day of rest."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, Self

from app.domain.calendars import LONDON, ONE_DAY
from app.domain.errors import InvalidInput


class Unit(StrEnum):
    """What a limit is counted in. Plain minutes and hours are elapsed time; working ones need open hours."""

    MINUTES = "minutes"
    HOURS = "hours"
    WORKING_MINUTES = "working minutes"
    WORKING_HOURS = "working hours"
    WORKING_DAYS = "working days"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


class Roll(StrEnum):
    """Which way a limit in days, weeks or months leaves a non-working day."""

    BACK = "back"
    FORWARD = "forward"


_MINUTES_IN: Final = {Unit.MINUTES: 1, Unit.HOURS: 60, Unit.WORKING_MINUTES: 1, Unit.WORKING_HOURS: 60}
ELAPSED: Final = frozenset({Unit.MINUTES, Unit.HOURS})
WORKING_TIME: Final = frozenset({Unit.WORKING_MINUTES, Unit.WORKING_HOURS})

# Ten years in each unit; a year has at most 261 working days. More is a slip of the keyboard.
_LONGEST: Final = {
    Unit.MINUTES: 3653 * 24 * 60,
    Unit.HOURS: 3653 * 24,
    Unit.WORKING_MINUTES: 3653 * 24 * 60,
    Unit.WORKING_HOURS: 3653 * 24,
    Unit.WORKING_DAYS: 2610,
    Unit.DAYS: 3653,
    Unit.WEEKS: 522,
    Unit.MONTHS: 120,
}
YEARS: Final = range(1970, 2101)  # beyond, a date is a slip, and arithmetic could leave the range of datetime
_LIMIT: Final = re.compile(r"([+-]?[0-9]{1,40}) ((?:working )?[a-z]+)")


@dataclass(frozen=True, slots=True)
class Limit:
    """A positive number of units, at most ten years; InvalidInput on ``limit`` otherwise."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise InvalidInput("limit", "limit-not-positive")
        if self.amount > _LONGEST[self.unit]:
            raise InvalidInput("limit", "limit-too-long")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The limit written ``20 working days`` or ``1 month``: plural and singular mean the same.

        Raises InvalidInput ``limit-format``, ``limit-not-positive`` or ``limit-too-long``.
        """
        found = _LIMIT.fullmatch(" ".join(text.lower().split()))
        unit = found[2].removesuffix("s") + "s" if found else ""
        if found is None or unit not in list(Unit):
            raise InvalidInput("limit", "limit-format")
        return cls(int(found[1]), Unit(unit))

    @property
    def time(self) -> timedelta:
        """The length of a limit in minutes or hours, elapsed or working; other units have none (KeyError)."""
        return timedelta(minutes=self.amount * _MINUTES_IN[self.unit])

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.removesuffix('s') if self.amount == 1 else self.unit}"


@dataclass(frozen=True, slots=True, order=True)
class Pause:
    """A clock stood still from ``start`` to ``end``, both aware.

    Raises InvalidInput on ``pause``: ``pause-backwards``, ``time-naive`` or ``time-out-of-range``.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise InvalidInput("pause", "time-naive")
        if self.start.year not in YEARS or self.end.year not in YEARS:
            raise InvalidInput("pause", "time-out-of-range")
        if self.end < self.start:
            raise InvalidInput("pause", "pause-backwards")


def merged(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """The pauses in order, those that touch made one; InvalidInput ``pause-overlap`` if two share time."""
    ordered = sorted(pauses)
    if any(later.start < earlier.end for earlier, later in pairwise(ordered)):
        raise InvalidInput("pause", "pause-overlap")
    joined: list[Pause] = []
    for pause in ordered:
        follows = bool(joined) and joined[-1].end == pause.start
        joined.append(Pause(joined.pop().start, pause.end) if follows else pause)
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class DayRange:
    """Local dates from ``first`` to ``last``, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def until(self, end: date) -> Iterator[date]:
        """Each date in turn, but none after ``end``."""
        for number in range(self.first.toordinal(), min(self.last, end).toordinal() + 1):
            yield date.fromordinal(number)


def whole_days(pauses: Sequence[Pause]) -> tuple[DayRange, ...]:
    """The local dates that lie inside a pause from midnight to midnight; a day partly paused still counts."""
    ranges = (DayRange(_first_midnight(pause.start), _last_midnight(pause.end) - ONE_DAY) for pause in pauses)
    return tuple(days for days in ranges if days.first <= days.last)


def _first_midnight(instant: datetime) -> date:
    at = instant.astimezone(LONDON)
    return at.date() if at.time() == time() else at.date() + ONE_DAY


def _last_midnight(instant: datetime) -> date:
    return instant.astimezone(LONDON).date()
