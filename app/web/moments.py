"""Instants and days in words, always in Europe/London: "Tuesday 6 January 2026 at 5pm".

``now`` is an argument everywhere. A naive instant is a mistake of the caller and raises ValueError.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

LONDON = ZoneInfo("Europe/London")
NOON = 12


def london(instant: datetime) -> datetime:
    """The same instant on a clock in London. Raises ValueError for an instant without a time zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(LONDON)


def iso(value: date) -> str:
    """What stands in a ``datetime`` attribute: a day as it is, an instant in UTC."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()


def clock_time(instant: datetime) -> str:
    """5pm, 6:40pm or midday; midnight says which end of the day it is, so that no limit is read a day late."""
    local = london(instant)
    if local.minute == 0 and local.hour in (0, NOON):
        return _("midday") if local.hour == NOON else _("12am (start of the day)")
    minutes = f":{local.minute:02d}" if local.minute else ""
    half = _("pm") if local.hour >= NOON else _("am")
    return f"{local.hour % NOON or NOON}{minutes}{half}"


def long_date(value: date) -> str:
    """Tuesday 6 January 2026."""
    day, names = _day(value), _names("wide")
    return f"{names.days[day.weekday()]} {day.day} {names.months[day.month]} {day.year}"


def plain_date(value: date) -> str:
    """6 January 2026, where the day of the week says nothing."""
    day = _day(value)
    return f"{day.day} {_names('wide').months[day.month]} {day.year}"


def moment(instant: datetime) -> str:
    """Tuesday 6 January 2026 at 5pm."""
    return _("%(day)s at %(time)s", day=long_date(instant), time=clock_time(instant))


def stamp(instant: datetime, now: datetime | None = None) -> str:
    """When something happened: "Today, 10:04am", "Thursday 2 April, 7:55pm", with the year if it is another."""
    return f"{_relative(instant, now, width='wide')}, {clock_time(instant)}"


def short_moment(instant: datetime, now: datetime) -> str:
    """For rows: "Today, 5pm", "Tomorrow, 5pm", "Thu 9 Apr, 5pm"."""
    return f"{_relative(instant, now, width='abbreviated', tomorrow=True)}, {clock_time(instant)}"


def short_date(value: date, now: datetime) -> str:
    """For rows: "Mon 30 Mar", with the year if it is another."""
    return _short(value, _day(now).year, width="abbreviated")


def short_weekday(value: date) -> str:
    """Mon, Tue …"""
    return _names("abbreviated").days[_day(value).weekday()]


def due_in_words(due: datetime, now: datetime) -> str:
    """Due today at 5pm; Due Tuesday 6 January 2026 at 5pm; Overdue since Monday 5 January 2026 at 5pm."""
    if due < now:
        return _("Overdue since %(moment)s", moment=moment(due))
    if _day(due) == _day(now):
        return _("Due today at %(time)s", time=clock_time(due))
    return _("Due %(moment)s", moment=moment(due))


def due_kind(due: datetime, now: datetime) -> str:
    """late, due (today) or later: the words that rows, pills and groups are marked with."""
    if due < now:
        return "late"
    return "due" if _day(due) == _day(now) else "later"


def time_left(due: datetime, now: datetime) -> str:
    """As "in 6 h 55 min" or "in 45 min"; from a day on, "in 3 days". ``due`` lies ahead of ``now``."""
    left = due - now
    if left >= timedelta(days=1):
        return ngettext("in %(num)s day", "in %(num)s days", left.days)
    hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
    if not hours:
        return _("in %(minutes)s min", minutes=minutes)
    if not minutes:
        return _("in %(hours)s h", hours=hours)
    return _("in %(hours)s h %(minutes)s min", hours=hours, minutes=minutes)


def lateness(due: datetime, now: datetime) -> str:
    """2 days late, 14 hours late, 5 minutes late."""
    late = now - due
    if late >= timedelta(days=1):
        return ngettext("%(num)s day late", "%(num)s days late", late.days)
    if late >= timedelta(hours=1):
        return ngettext("%(num)s hour late", "%(num)s hours late", int(late.total_seconds()) // 3600)
    return ngettext("%(num)s minute late", "%(num)s minutes late", int(late.total_seconds()) // 60)


def working_days(count: int) -> str:
    """1 working day; 6 working days."""
    return ngettext("%(num)s working day", "%(num)s working days", count)


def _day(value: date) -> date:
    return london(value).date() if isinstance(value, datetime) else value


def _relative(instant: datetime, now: datetime | None, *, width: str, tomorrow: bool = False) -> str:
    if now is None:
        return long_date(instant)
    ahead = (_day(instant) - _day(now)).days
    if ahead == 0:
        return _("Today")
    if tomorrow and ahead == 1:
        return _("Tomorrow")
    return _short(instant, _day(now).year, width=width)


def _short(value: date, this_year: int, *, width: str) -> str:
    day, names = _day(value), _names(width)
    year = "" if day.year == this_year else f" {day.year}"
    return f"{names.days[day.weekday()]} {day.day} {names.months[day.month]}{year}"


class _Names:
    """Days (0 is Monday) and months (1 is January) in one language and one width."""

    def __init__(self, width: str, language: str) -> None:
        self.days: dict[int, str] = dict(get_day_names(width, locale=language))  # type: ignore[arg-type]  # Literal upstream
        self.months: dict[int, str] = dict(get_month_names(width, locale=language))  # type: ignore[arg-type]  # Literal upstream


_names_in = lru_cache(maxsize=None)(_Names)


def _names(width: str) -> _Names:
    # British English, whatever the browser speaks of English: "Tue 6 Jan", never "Tue, Jan 6".
    locale = get_locale()
    language = locale.language if locale else "en"
    return _names_in(width, "en_GB" if language == "en" else language)
