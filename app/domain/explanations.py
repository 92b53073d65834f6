"""Why a deadline falls when it does, step by step: codes with arguments, which the edge puts into words."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, TypeAlias

from app.domain.limits import Limit, Roll


class Cause(StrEnum):
    """Why a day did not count."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A local date that did not count; ``name`` is that of the holiday or closure, else empty."""

    day: date
    cause: Cause
    name: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """The clock started at ``at`` (UTC); where days are counted, its local date is day 0."""

    code: ClassVar[str] = "received"
    at: datetime
    is_day_zero: bool = True


@dataclass(frozen=True, slots=True)
class ElapsedTime:
    """Every minute counts, day and night."""

    code: ClassVar[str] = "elapsed-time"
    limit: Limit


@dataclass(frozen=True, slots=True)
class ClockChanged:
    """The clocks went ``forward`` or back on the local date ``on`` while elapsed time was counted."""

    code: ClassVar[str] = "clock-changed"
    on: date
    forward: bool


@dataclass(frozen=True, slots=True)
class PausedBetween:
    """Nothing was counted from ``start`` to ``end`` (UTC)."""

    code: ClassVar[str] = "paused-between"
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class NotCounted:
    """Consecutive local dates that did not count."""

    code: ClassVar[str] = "not-counted"
    days: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """Consecutive working days: ``first`` was number ``first_number``, ``last`` was number ``last_number``."""

    code: ClassVar[str] = "counted"
    first_number: int
    last_number: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Worked:
    """``time`` was counted inside working hours on the consecutive local dates ``first`` to ``last``."""

    code: ClassVar[str] = "worked"
    first: date
    last: date
    time: timedelta


@dataclass(frozen=True, slots=True)
class Landed:
    """``limit`` after the start is the local date ``day``; ``is_month_end`` where that month is too short."""

    code: ClassVar[str] = "landed"
    limit: Limit
    day: date
    is_month_end: bool = False


@dataclass(frozen=True, slots=True)
class PausedDaysAdded:
    """``days`` whole paused days moved the date to ``day``."""

    code: ClassVar[str] = "paused-days-added"
    days: int
    day: date


@dataclass(frozen=True, slots=True)
class Rolled:
    """``skipped`` is no working day, so the date rolled to ``day``.

    ``direction`` is the one asked for; ``is_past_start`` says that rolling back would have reached the start,
    so that it went forward instead.
    """

    code: ClassVar[str] = "rolled"
    skipped: Skipped
    day: date
    direction: Roll
    is_past_start: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """The deadline falls at ``at`` (UTC)."""

    code: ClassVar[str] = "due"
    at: datetime


Step: TypeAlias = (
    Received
    | ElapsedTime
    | ClockChanged
    | PausedBetween
    | NotCounted
    | Counted
    | Worked
    | Landed
    | PausedDaysAdded
    | Rolled
    | Due
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """When a deadline falls (UTC) and the steps that lead there, in the order in which to read them."""

    due: datetime
    steps: tuple[Step, ...]
