"""When something falls due. Pure: the start, the limit, the calendar, the window and the pauses say it all.

Instants are aware and answers are UTC. Europe/London decides only where a day or an opening hour begins,
because adding time to a local clock is wrong across a change of the clocks.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice
from typing import Final, TypeAlias

from app.domain.calendars import DEFAULT_WINDOW, LONDON, ONE_DAY, Calendar, Window, instant_of
from app.domain.errors import InvalidInput
from app.domain.explanations import (
    Cause,
    ClockChanged,
    Counted,
    Due,
    ElapsedTime,
    Explanation,
    Landed,
    NotCounted,
    PausedBetween,
    PausedDaysAdded,
    Received,
    Rolled,
    Skipped,
    Step,
    Worked,
)
from app.domain.limits import (
    ELAPSED,
    WORKING_TIME,
    YEARS,
    DayRange,
    Limit,
    Pause,
    Roll,
    Unit,
    merged,
    whole_days,
)

__all__ = [
    "Explanation",
    "Limit",
    "Pause",
    "Roll",
    "Unit",
    "before",
    "due",
    "explain",
    "from_local",
    "local",
    "next_opening",
    "working_time",
]

_CLOSE_OF_DAY: Final = time(17)
_WRITTEN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def local(instant: datetime) -> datetime:
    """The same instant on a clock in London."""
    return instant.astimezone(LONDON)


def from_local(moment: str | datetime, *, field: str = "from") -> datetime:
    """The UTC instant that ``moment`` means: ISO 8601 with date and time, London time where it has no offset.

    In the repeated hour the first occurrence is meant. Raises InvalidInput on ``field``: ``time-format``,
    ``time-skipped`` (that hour did not happen) or ``time-out-of-range`` (before 1970 or after 2100).
    """
    written = _read(moment, field) if isinstance(moment, str) else moment
    if written.year not in YEARS:
        raise InvalidInput(field, "time-out-of-range")
    if written.tzinfo is not None:
        return written.astimezone(UTC)
    instant = written.replace(tzinfo=LONDON, fold=0).astimezone(UTC)
    if local(instant).replace(tzinfo=None) != written:
        raise InvalidInput(field, "time-skipped")
    return instant


def _read(text: str, field: str) -> datetime:
    if _WRITTEN.fullmatch(text.strip()) is None:
        raise InvalidInput(field, "time-format")
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInput(field, "time-format") from error


def due(
    start: datetime,
    limit: Limit,
    *,
    calendar: Calendar,
    window: Window = DEFAULT_WINDOW,
    pauses: Sequence[Pause] = (),
    roll: Roll = Roll.BACK,
) -> datetime:
    """The instant (UTC) at which ``limit`` after ``start`` is used up; always after ``start``.

    Hours and minutes elapse without regard to anything. Working hours and minutes run while ``window`` is
    open. Working days, days, weeks and months fall at 17:00 in London; the day of ``start`` is day 0.
    ``roll`` matters to days, weeks and months only. Raises InvalidInput ``calendar-short`` where the table
    ends before the answer, ``pause-on-elapsed``, ``pause-overlap``, ``time-naive`` or ``time-out-of-range``.
    """
    start, pauses = _checked(start, limit, pauses)
    if limit.unit in ELAPSED:
        return start + limit.time
    if limit.unit in WORKING_TIME:
        return _after_working_time(limit.time, _unpaused(_open_spans(start, calendar, window), pauses))
    day = local(start).date()
    if limit.unit is Unit.WORKING_DAYS:
        return _close_of(_nth_working_day(day, limit.amount, calendar, whole_days(pauses)))
    landed = _pushed(day, _landing(day, limit), whole_days(pauses))
    return _close_of(_rolled(landed, after=day, calendar=calendar, roll=roll))


def _checked(start: datetime, limit: Limit, pauses: Sequence[Pause]) -> tuple[datetime, Sequence[Pause]]:
    if start.tzinfo is None:
        raise InvalidInput("from", "time-naive")
    if start.year not in YEARS:
        raise InvalidInput("from", "time-out-of-range")
    if pauses and limit.unit in ELAPSED:
        raise InvalidInput("pause", "pause-on-elapsed")
    return start.astimezone(UTC), merged(pauses) if pauses else ()


# Working time


def _open_spans(start: datetime, calendar: Calendar, window: Window) -> Iterator[tuple[datetime, datetime]]:
    """Opening and closing instants from ``start`` on, for ever: it ends with ``calendar-short``."""
    day = local(start).date()
    while True:
        for opens, closes in _spans_on(day, calendar, window):
            if closes > start:
                yield max(opens, start), closes
        day += ONE_DAY


def _open_spans_back(
    end: datetime, calendar: Calendar, window: Window
) -> Iterator[tuple[datetime, datetime]]:
    """Opening and closing instants up to ``end``, the latest first."""
    day = local(end).date()
    while True:
        for opens, closes in reversed(tuple(_spans_on(day, calendar, window))):
            if opens < end:
                yield opens, min(closes, end)
        day -= ONE_DAY


def _spans_on(day: date, calendar: Calendar, window: Window) -> Iterable[tuple[datetime, datetime]]:
    calendar.require(day)
    return window.spans_on(day) if calendar.why_closed(day) is None else ()


def _unpaused(
    spans: Iterable[tuple[datetime, datetime]], pauses: Sequence[Pause]
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of ``spans`` outside every pause; both in order."""
    for opens, closes in spans:
        resumes = opens
        for pause in pauses:
            if pause.start < closes and resumes < pause.end:
                if resumes < pause.start:
                    yield resumes, pause.start
                resumes = pause.end
        if resumes < closes:
            yield resumes, closes


def _after_working_time(remaining: timedelta, spans: Iterable[tuple[datetime, datetime]]) -> datetime:
    """Where ``remaining`` is used up; exactly at a close it is that close, not the next opening."""
    for opens, closes in spans:
        if remaining <= closes - opens:
            return opens + remaining
        remaining -= closes - opens
    raise InvalidInput("calendar", "calendar-short")


def working_time(
    start: datetime,
    end: datetime,
    *,
    calendar: Calendar,
    window: Window = DEFAULT_WINDOW,
    pauses: Sequence[Pause] = (),
) -> timedelta:
    """How long the office was open and nothing paused between two instants; zero if they are reversed."""
    total = timedelta()
    for opens, closes in _unpaused(_open_spans(start, calendar, window), merged(pauses)):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total


def next_opening(now: datetime, calendar: Calendar, window: Window = DEFAULT_WINDOW) -> datetime:
    """The next moment (UTC) when the office is open: ``now`` if it is open now. At closing time it is shut."""
    opens, _ = next(_open_spans(now.astimezone(UTC), calendar, window))
    return opens


# Days


def _close_of(day: date) -> datetime:
    return datetime.combine(day, _CLOSE_OF_DAY, LONDON).astimezone(UTC)


def _nth_working_day(day: date, number: int, calendar: Calendar, paused: Sequence[DayRange]) -> date:
    """The ``number``-th working day after ``day`` that is not wholly paused."""
    off = calendar.days_off.union(*(days.until(calendar.covers_until) for days in paused))
    calendar.require(day + ONE_DAY)
    while number:
        day += ONE_DAY
        if day.weekday() < 5 and day not in off:
            number -= 1
    calendar.require(day)
    return day


def _landing(day: date, limit: Limit) -> date:
    """The date ``limit`` after ``day``: a month goes to the corresponding date or the last of the month."""
    if limit.unit is Unit.MONTHS:
        return _months_on(day, limit.amount)
    return day + limit.amount * (timedelta(weeks=1) if limit.unit is Unit.WEEKS else ONE_DAY)


def _months_on(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _pushed(start: date, landed: date, paused: Sequence[DayRange]) -> date:
    """``landed``, later by each whole paused day on the way there, those met while being moved included."""
    for days in paused:
        if days.first <= landed:
            landed += max((days.last - max(days.first, start + ONE_DAY)) + ONE_DAY, timedelta())
    return landed


def _rolled(day: date, *, after: date, calendar: Calendar, roll: Roll) -> date:
    """``day``, or the working day that ``roll`` finds; forward if rolling back would reach ``after``."""
    calendar.require(day)
    found = _nearest_working_day(day, -ONE_DAY if roll is Roll.BACK else ONE_DAY, calendar)
    return found if found > after else _nearest_working_day(day, ONE_DAY, calendar)


def _nearest_working_day(day: date, step: timedelta, calendar: Calendar) -> date:
    while not calendar.is_working_day(day):
        day += step
        calendar.require(day)
    return day


# Before a due time


def before(due: datetime, limit: Limit, *, calendar: Calendar, window: Window = DEFAULT_WINDOW) -> datetime:
    """The instant (UTC) that lies ``limit`` before ``due``, for a rung that comes ahead of a deadline.

    Working time is counted back through open hours; days, weeks and months keep the time on the clock and,
    from a non-working day, go back further. Raises InvalidInput ``calendar-short``.
    """
    due, _ = _checked(due, limit, ())
    if limit.unit in ELAPSED:
        return due - limit.time
    if limit.unit in WORKING_TIME:
        return _before_working_time(limit.time, _open_spans_back(due, calendar, window))
    at = local(due)
    return instant_of(datetime.combine(_day_before(at.date(), limit, calendar), at.time()))


def _before_working_time(remaining: timedelta, spans: Iterable[tuple[datetime, datetime]]) -> datetime:
    """Where ``remaining`` began, ``spans`` being the latest first; exactly at an opening it is that opening."""
    for opens, closes in spans:
        if remaining <= closes - opens:
            return closes - remaining
        remaining -= closes - opens
    raise InvalidInput("calendar", "calendar-short")


def _day_before(day: date, limit: Limit, calendar: Calendar) -> date:
    if limit.unit is Unit.MONTHS:
        return _nearest_working_day(_months_on(day, -limit.amount), -ONE_DAY, calendar)
    if limit.unit is Unit.WEEKS or limit.unit is Unit.DAYS:
        days = limit.amount * (7 if limit.unit is Unit.WEEKS else 1)
        return _nearest_working_day(day - timedelta(days=days), -ONE_DAY, calendar)
    for _ in range(limit.amount):
        day = _nearest_working_day(day - ONE_DAY, -ONE_DAY, calendar)
    return day


# Why this date


def explain(
    start: datetime,
    limit: Limit,
    *,
    calendar: Calendar,
    window: Window = DEFAULT_WINDOW,
    pauses: Sequence[Pause] = (),
    roll: Roll = Roll.BACK,
) -> Explanation:
    """The instant that ``due`` gives for the same arguments, or its error, and every step towards it."""
    start, pauses = _checked(start, limit, pauses)
    day, paused = local(start).date(), whole_days(pauses)
    if limit.unit in ELAPSED:
        at, steps = _elapsed_steps(start, limit)
    elif limit.unit in WORKING_TIME:
        at, steps = _working_time_steps(start, limit, calendar, window, pauses)
    elif limit.unit is Unit.WORKING_DAYS:
        at, steps = _working_day_steps(day, limit, calendar, paused)
    else:
        at, steps = _landing_steps(day, limit, calendar, paused, roll)
    met = (
        PausedBetween(pause.start, pause.end) for pause in pauses if pause.start < at and start < pause.end
    )
    received = Received(start, is_day_zero=limit.unit not in ELAPSED | WORKING_TIME)
    return Explanation(at, (received, *met, *steps, Due(at)))


_Trace: TypeAlias = tuple[datetime, list[Step]]


def _elapsed_steps(start: datetime, limit: Limit) -> _Trace:
    at = start + limit.time
    steps: list[Step] = [ElapsedTime(limit)]
    before_it, after_it = local(start).utcoffset(), local(at).utcoffset()
    if before_it is not None and after_it is not None and before_it != after_it:
        steps.append(ClockChanged(_last_change(local(at).date()), forward=before_it < after_it))
    return at, steps


def _last_change(day: date) -> date:
    """The latest local date, up to ``day``, in whose course the clocks changed."""
    while _midnight_offset(day) == _midnight_offset(day + ONE_DAY):
        day -= ONE_DAY
    return day


def _midnight_offset(day: date) -> timedelta | None:
    return datetime.combine(day, time(), LONDON).utcoffset()


def _working_time_steps(
    start: datetime, limit: Limit, calendar: Calendar, window: Window, pauses: Sequence[Pause]
) -> _Trace:
    """Counted day by day, not span by span as ``due`` does it."""
    day, left = local(start).date(), limit.time
    days: list[tuple[date, timedelta]] = []
    while True:
        spans = [
            (max(opens, start), closes)
            for opens, closes in _spans_on(day, calendar, window)
            if closes > start
        ]
        unpaused = tuple(_unpaused(spans, pauses))
        worked = sum((closes - opens for opens, closes in unpaused), timedelta())
        days.append((day, min(worked, left)))
        if worked >= left:
            return _after_working_time(left, unpaused), _worked_steps(days, start, calendar, window)
        day, left = day + ONE_DAY, left - worked


def _worked_steps(
    days: Iterable[tuple[date, timedelta]], start: datetime, calendar: Calendar, window: Window
) -> list[Step]:
    steps: list[Step] = []
    for is_worked, run in groupby(days, key=lambda day_worked: bool(day_worked[1])):
        group = list(run)
        if is_worked:
            steps.append(Worked(group[0][0], group[-1][0], sum((worked for _, worked in group), timedelta())))
        else:
            steps.extend(_not_counted(_why_idle(day, start, calendar, window) for day, _ in group))
    return steps


def _why_idle(day: date, start: datetime, calendar: Calendar, window: Window) -> Skipped | None:
    """Why nothing was counted on ``day``; None where it had merely closed before the clock started."""
    spans = tuple(_spans_on(day, calendar, window))
    if not spans:
        return _skipped(day, calendar)
    return Skipped(day, Cause.PAUSED) if any(closes > start for _, closes in spans) else None


def _not_counted(days: Iterable[Skipped | None]) -> Iterator[NotCounted]:
    skipped = tuple(day for day in days if day is not None)
    if skipped:
        yield NotCounted(skipped)


def _skipped(day: date, calendar: Calendar) -> Skipped:
    """Why ``day`` did not count: closed by name, at a weekend, or else paused."""
    name = calendar.why_closed(day)
    if name is not None:
        return Skipped(day, Cause.HOLIDAY, name)
    return Skipped(day, Cause.PAUSED if calendar.is_working_day(day) else Cause.WEEKEND)


def _working_day_steps(day: date, limit: Limit, calendar: Calendar, paused: Sequence[DayRange]) -> _Trace:
    steps: list[Step] = []
    number = 0
    for is_counted, run in groupby(_days_after(day, calendar), key=_counts(calendar, paused)):
        if not is_counted:
            steps.append(NotCounted(tuple(_skipped(day, calendar) for day in run)))
            continue
        days = list(islice(run, limit.amount - number))
        steps.append(Counted(number + 1, number + len(days), days[0], days[-1]))
        number += len(days)
        if number == limit.amount:
            return _close_of(days[-1]), steps
    raise InvalidInput("calendar", "calendar-short")


def _counts(calendar: Calendar, paused: Sequence[DayRange]) -> Callable[[date], bool]:
    return lambda day: calendar.is_working_day(day) and not any(day in days for days in paused)


def _days_after(day: date, calendar: Calendar) -> Iterator[date]:
    """Every date after ``day``; it ends with ``calendar-short``."""
    while True:
        day += ONE_DAY
        calendar.require(day)
        yield day


def _landing_steps(
    start: date, limit: Limit, calendar: Calendar, paused: Sequence[DayRange], roll: Roll
) -> _Trace:
    landed = _landing(start, limit)
    pushed = _pushed(start, landed, paused)
    day = _rolled(pushed, after=start, calendar=calendar, roll=roll)
    steps: list[Step] = [Landed(limit, landed, limit.unit is Unit.MONTHS and landed.day != start.day)]
    if pushed != landed:
        steps.append(PausedDaysAdded((pushed - landed).days, pushed))
    if day != pushed:
        skipped, is_past_start = _skipped(pushed, calendar), roll is Roll.BACK and day > pushed
        steps.append(Rolled(skipped, day, roll, is_past_start))
    return _close_of(day), steps
