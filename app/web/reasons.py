"""Why a date is what it is, in sentences, and the strip of days under them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

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
    Worked,
)
from app.domain.limits import Limit, Roll, Unit
from app.web import moments

ONE_DAY = timedelta(days=1)
LONGEST_STRIP = 42  # six weeks; a strip beyond that says less than its sentences


@dataclass(frozen=True, slots=True)
class StripDay:
    """One cell of the strip. ``kind`` is start, off, end or day; ``note`` says the same in a word."""

    weekday: str
    number: int
    note: str
    kind: str


def limit_in_words(limit: Limit) -> str:
    """20 working days; 72 hours; 3 months."""
    count = limit.amount
    match limit.unit:
        case Unit.MINUTES:
            return ngettext("%(num)s minute", "%(num)s minutes", count)
        case Unit.HOURS:
            return ngettext("%(num)s hour", "%(num)s hours", count)
        case Unit.WORKING_MINUTES:
            return ngettext("%(num)s working minute", "%(num)s working minutes", count)
        case Unit.WORKING_HOURS:
            return ngettext("%(num)s working hour", "%(num)s working hours", count)
        case _:
            return _days_in_words(limit.unit, count)


def _days_in_words(unit: Unit, count: int) -> str:
    match unit:
        case Unit.WORKING_DAYS:
            return moments.working_days(count)
        case Unit.DAYS:
            return ngettext("%(num)s day", "%(num)s days", count)
        case Unit.WEEKS:
            return ngettext("%(num)s week", "%(num)s weeks", count)
        case _:
            return ngettext("%(num)s month", "%(num)s months", count)


def why_lines(explanation: Explanation) -> list[str]:
    """One sentence a step, in the order in which to read them."""
    return [_SENTENCES[type(step)](step) for step in explanation.steps]


def why_days(explanation: Explanation) -> list[StripDay]:
    """The days from the start to the due date where days were counted; empty for hours and for long limits."""
    counted = [step for step in explanation.steps if isinstance(step, Counted)]
    start = next((step.at for step in explanation.steps if isinstance(step, Received)), None)
    if not counted or start is None:
        return []
    first, last = moments.london(start).date(), moments.london(explanation.due).date()
    if (last - first).days >= LONGEST_STRIP:
        return []
    skipped = {
        skip.day: skip for step in explanation.steps if isinstance(step, NotCounted) for skip in step.days
    }
    numbers = _numbers(counted, skipped)
    return [_cell(day, first, last, skipped, numbers) for day in _days(first, last)]


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += ONE_DAY


def _numbers(counted: Sequence[Counted], skipped: Mapping[date, Skipped]) -> dict[date, int]:
    days = [day for step in counted for day in _days(step.first, step.last) if day not in skipped]
    return {day: number for number, day in enumerate(days, start=counted[0].first_number)}


def _cell(
    day: date, first: date, last: date, skipped: Mapping[date, Skipped], numbers: Mapping[date, int]
) -> StripDay:
    if day == first:
        note, kind = _("day 0"), "start"
    elif day in numbers:
        note, kind = _("day %(n)s", n=numbers[day]), "end" if day == last else "day"
    else:
        note, kind = _off(skipped.get(day)), "off"
    return StripDay(moments.short_weekday(day), day.day, note, kind)


def _off(skip: Skipped | None) -> str:
    if skip is None or skip.cause is Cause.WEEKEND:
        return "–"
    return _("holiday") if skip.cause is Cause.HOLIDAY else _("paused")


def _received(step: Received) -> str:
    if not step.is_day_zero:
        return _("It started on %(moment)s.", moment=moments.moment(step.at))
    return _("It started on %(moment)s. That day is day 0, at any hour.", moment=moments.moment(step.at))


def _elapsed(step: ElapsedTime) -> str:
    return _("%(limit)s, and every hour counts, nights and weekends too.", limit=limit_in_words(step.limit))


def _clock_changed(step: ClockChanged) -> str:
    day = moments.long_date(step.on)
    if step.forward:
        return _("The clocks went forward on %(day)s, so the time on the clock is one hour later.", day=day)
    return _("The clocks went back on %(day)s, so the time on the clock is one hour earlier.", day=day)


def _paused(step: PausedBetween) -> str:
    return _("Paused from %(a)s to %(b)s.", a=moments.moment(step.start), b=moments.moment(step.end))


def _not_counted(step: NotCounted) -> str:
    return _("Not counted: %(days)s.", days="; ".join(_skipped(skip) for skip in step.days))


def _skipped(skip: Skipped) -> str:
    day = moments.long_date(skip.day)
    if skip.cause is Cause.PAUSED:
        return _("%(day)s (paused)", day=day)
    return f"{day} ({skip.name})" if skip.name else day


def _counted(step: Counted) -> str:
    first, last = moments.long_date(step.first), moments.long_date(step.last)
    if step.first_number == step.last_number:
        return _("Working day %(n)s is %(day)s.", n=step.first_number, day=first)
    return _(
        "Working days %(n)s to %(m)s are %(first)s to %(last)s.",
        n=step.first_number,
        m=step.last_number,
        first=first,
        last=last,
    )


def _worked(step: Worked) -> str:
    hours, minutes = divmod(int(step.time.total_seconds()) // 60, 60)
    time = _("%(h)s h %(m)s min", h=hours, m=minutes) if minutes else _("%(h)s h", h=hours)
    if step.first == step.last:
        return _("%(day)s: %(time)s of working time.", day=moments.long_date(step.first), time=time)
    first, last = moments.long_date(step.first), moments.long_date(step.last)
    return _("%(first)s to %(last)s: %(time)s of working time.", first=first, last=last, time=time)


def _landed(step: Landed) -> str:
    words, day = limit_in_words(step.limit), moments.long_date(step.day)
    if step.is_month_end:
        return _("%(limit)s later is the end of that month, %(day)s.", limit=words, day=day)
    return _("%(limit)s later is %(day)s.", limit=words, day=day)


def _added(step: PausedDaysAdded) -> str:
    return ngettext(
        "%(num)s paused day moves it to %(day)s.",
        "%(num)s paused days move it to %(day)s.",
        step.days,
        day=moments.long_date(step.day),
    )


def _rolled(step: Rolled) -> str:
    off, day = _skipped(step.skipped), moments.long_date(step.day)
    if step.direction is Roll.BACK and not step.is_past_start:
        return _("%(off)s is no working day, so it moves back to %(day)s.", off=off, day=day)
    return _("%(off)s is no working day, so it moves on to %(day)s.", off=off, day=day)


def _due(step: Due) -> str:
    return _("Due %(moment)s.", moment=moments.moment(step.at))


_SENTENCES: Mapping[type, Callable[[Any], str]] = {
    Received: _received,
    ElapsedTime: _elapsed,
    ClockChanged: _clock_changed,
    PausedBetween: _paused,
    NotCounted: _not_counted,
    Counted: _counted,
    Worked: _worked,
    Landed: _landed,
    PausedDaysAdded: _added,
    Rolled: _rolled,
    Due: _due,
}
