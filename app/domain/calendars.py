"""Which days and hours an organisation works: its nation's holidays, its own closures, its working window."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Self
from zoneinfo import ZoneInfo

from app.domain.errors import InvalidInput

LONDON: Final = ZoneInfo("Europe/London")
ONE_DAY: Final = timedelta(days=1)
DAY_IN_MINUTES: Final = 24 * 60

_SPAN: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


def instant_of(wall_time: datetime) -> datetime:
    """The UTC instant at which clocks in London first show ``wall_time`` (naive) or later.

    For edges of days and windows, which always exist: in the skipped hour that is the change itself, in the
    repeated hour the first occurrence. What a person typed goes through ``deadlines.from_local`` instead.
    """
    instant = wall_time.replace(tzinfo=LONDON).astimezone(UTC)
    if instant.astimezone(LONDON).replace(tzinfo=None) == wall_time:
        return instant
    # London skips one full hour of the clock, so the change happens where that hour would have begun.
    return instant.replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Calendar:
    """One version of the days on which an organisation does not work, besides Saturdays and Sundays.

    Dates are local. ``holidays`` and ``closures`` map a date to its name; ``days_off`` is both. Nothing is known outside
    ``covers_from`` to ``covers_until``: asking there through ``require`` is ``calendar-short``.
    """

    name: str
    version: int
    holidays: Mapping[date, str] = field(hash=False)
    closures: Mapping[date, str] = field(hash=False)
    covers_until: date
    covers_from: date = date(1970, 1, 1)
    days_off: frozenset[date] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Kept ready, because every deadline that is counted in working days reads it day by day.
        object.__setattr__(self, "days_off", frozenset(self.holidays) | frozenset(self.closures))

    def is_working_day(self, day: date) -> bool:
        """Whether ``day`` is Monday to Friday, no holiday and no closure."""
        return day.weekday() < 5 and day not in self.days_off

    def why_closed(self, day: date) -> str | None:
        """The name of the holiday or closure on ``day``, whatever the day of the week."""
        return self.holidays.get(day, self.closures.get(day))

    def require(self, day: date) -> None:
        """``day`` lies inside the table, or InvalidInput ``calendar-short``."""
        if not self.covers_from <= day <= self.covers_until:
            raise InvalidInput("calendar", "calendar-short")


NO_HOLIDAYS: Final = Calendar(
    name="none",
    version=1,
    holidays=MappingProxyType({}),
    closures=MappingProxyType({}),
    covers_until=date(2199, 12, 31),
)


def with_closures(calendar: Calendar, closures: Mapping[date, str]) -> Calendar:
    """The same calendar with an organisation's own closures (date to name) on top."""
    return replace(calendar, closures=MappingProxyType({**calendar.closures, **closures}))


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Opening hours within one local day, in minutes after midnight; 24:00 is 1440."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if self.opens == self.closes:
            raise InvalidInput("window", "window-empty")
        if not 0 <= self.opens < self.closes <= DAY_IN_MINUTES:
            raise InvalidInput("window", "window-backwards")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The span written ``09:00-17:00``, or InvalidInput ``window-format``."""
        found = _SPAN.fullmatch(text)
        if found is None:
            raise InvalidInput("window", "window-format")
        opening_hour, opening_minute, closing_hour, closing_minute = map(int, found.groups())
        return cls(opening_hour * 60 + opening_minute, closing_hour * 60 + closing_minute)

    def __str__(self) -> str:
        return f"{_clock(self.opens)}-{_clock(self.closes)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


class OpenDays(StrEnum):
    """The days of the week on which a window opens."""

    MONDAY_TO_FRIDAY = "mon-fri"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Window:
    """The hours an organisation works in a normal week: days of the week and spans of local time.

    Spans are in order and do not overlap. A holiday or closure shuts the window for that day; Saturday and
    Sunday are open only in a daily window.
    """

    days: OpenDays
    spans: tuple[Span, ...]

    def __post_init__(self) -> None:
        if not self.spans:
            raise InvalidInput("window", "window-empty")
        if any(earlier.closes > later.opens for earlier, later in pairwise(self.spans)):
            raise InvalidInput("window", "window-overlap")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The window written ``mon-fri`` or ``daily`` and spans: ``mon-fri 09:00-12:30,13:30-17:00``.

        Raises InvalidInput ``window-format``, ``window-empty``, ``window-backwards`` or ``window-overlap``.
        """
        days, _, spans = text.strip().lower().partition(" ")
        if days not in list(OpenDays):
            raise InvalidInput("window", "window-format")
        if not spans.strip():
            raise InvalidInput("window", "window-empty")
        return cls(OpenDays(days), tuple(sorted(Span.parse(span.strip()) for span in spans.split(","))))

    def __str__(self) -> str:
        return f"{self.days} {','.join(map(str, self.spans))}"

    def spans_on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Opening and closing instants (UTC) of the local ``day``, in order; none on a weekend that it keeps."""
        if self.days is OpenDays.DAILY or day.weekday() < 5:
            midnight = datetime.combine(day, time())
            for span in self.spans:
                yield (
                    instant_of(midnight + timedelta(minutes=span.opens)),
                    instant_of(midnight + timedelta(minutes=span.closes)),
                )


DEFAULT_WINDOW: Final = Window(OpenDays.MONDAY_TO_FRIDAY, (Span(9 * 60, 17 * 60),))
