"""What holds of every deadline, whatever the numbers."""

import os
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.calendars import NO_HOLIDAYS, Calendar, Window, with_closures
from app.domain.deadlines import (
    Limit,
    Pause,
    Roll,
    Unit,
    before,
    due,
    explain,
    from_local,
    local,
    working_time,
)
from app.domain.limits import ELAPSED, WORKING_TIME
from app.domain.vocabulary import Nation
from app.services.calendars import load_calendars

CALENDARS = load_calendars()
MINUTE = timedelta(minutes=1)
UNITS_OF_DAYS = sorted(set(Unit) - ELAPSED - WORKING_TIME)
# Amounts that keep the answer of any start inside the tables, which end with 2027.
AMOUNTS = {
    Unit.MINUTES: 200_000,
    Unit.HOURS: 3_000,
    Unit.WORKING_MINUTES: 9_000,
    Unit.WORKING_HOURS: 150,
    Unit.WORKING_DAYS: 60,
    Unit.DAYS: 120,
    Unit.WEEKS: 17,
    Unit.MONTHS: 4,
}

instants = st.integers(0, 2 * 365 * 24 * 60).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + n * MINUTE)
windows = st.sampled_from(
    [
        Window.parse("mon-fri 09:00-17:00"),
        Window.parse("mon-fri 09:00-12:30,13:30-17:00"),
        Window.parse("daily 00:00-24:00"),
        Window.parse("daily 01:15-01:45,06:00-22:00"),
    ]
)
rolls = st.sampled_from(Roll)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """A nation's calendar, or none, with up to three closures."""
    calendar = draw(st.sampled_from([*map(CALENDARS.latest, Nation), NO_HOLIDAYS]))
    days = draw(st.lists(instants.map(lambda instant: instant.date()), max_size=3))
    return with_closures(calendar, dict.fromkeys(days, "Founders' Day"))


@st.composite
def limits(draw: st.DrawFn, units: list[Unit] | None = None) -> Limit:
    unit = draw(st.sampled_from(units or list(Unit)))
    return Limit(draw(st.integers(1, AMOUNTS[unit])), unit)


@st.composite
def pauses_after(draw: st.DrawFn, start: datetime) -> tuple[Pause, ...]:
    """Up to three pauses around ``start``, in any order; some touch."""
    at, pauses = start - timedelta(days=2), []
    for _ in range(draw(st.integers(0, 3))):
        begins = at + draw(st.integers(0, 10_000)) * MINUTE
        at = begins + draw(st.integers(0, 15_000)) * MINUTE
        pauses.append(Pause(begins, at))
    return tuple(draw(st.permutations(pauses)))


def draw_pauses(data: st.DataObject, start: datetime, limit: Limit) -> tuple[Pause, ...]:
    return () if limit.unit in ELAPSED else data.draw(pauses_after(start))


@given(st.data(), instants, limits(), calendars(), windows, rolls)
def test_an_explanation_agrees_with_the_answer(
    data: st.DataObject, start: datetime, limit: Limit, calendar: Calendar, window: Window, roll: Roll
) -> None:
    pauses = draw_pauses(data, start, limit)
    answer = due(start, limit, calendar=calendar, window=window, pauses=pauses, roll=roll)
    assert explain(start, limit, calendar=calendar, window=window, pauses=pauses, roll=roll).due == answer


@given(st.data(), instants, limits(), calendars(), windows, rolls)
def test_nothing_falls_due_before_it_starts(
    data: st.DataObject, start: datetime, limit: Limit, calendar: Calendar, window: Window, roll: Roll
) -> None:
    pauses = draw_pauses(data, start, limit)
    answer = due(start, limit, calendar=calendar, window=window, pauses=pauses, roll=roll)
    assert answer > start
    assert answer.tzinfo is UTC


@given(st.data(), instants, limits(), calendars(), windows, rolls)
def test_a_later_start_never_falls_due_earlier(
    data: st.DataObject, start: datetime, limit: Limit, calendar: Calendar, window: Window, roll: Roll
) -> None:
    pauses, later = draw_pauses(data, start, limit), start + data.draw(st.integers(0, 50_000)) * MINUTE
    first, second = (
        due(at, limit, calendar=calendar, window=window, pauses=pauses, roll=roll) for at in (start, later)
    )
    assert first <= second


@given(st.data(), instants, limits(), calendars(), windows, rolls)
def test_a_longer_limit_never_falls_due_earlier(
    data: st.DataObject, start: datetime, limit: Limit, calendar: Calendar, window: Window, roll: Roll
) -> None:
    longer = Limit(data.draw(st.integers(limit.amount, AMOUNTS[limit.unit])), limit.unit)
    pauses = draw_pauses(data, start, limit)
    first, second = (
        due(start, one, calendar=calendar, window=window, pauses=pauses, roll=roll) for one in (limit, longer)
    )
    assert first <= second


@given(st.data(), instants, calendars(), windows)
def test_two_limits_one_after_the_other_are_their_sum(
    data: st.DataObject, start: datetime, calendar: Calendar, window: Window
) -> None:
    unit = data.draw(st.sampled_from([Unit.MINUTES, Unit.HOURS, Unit.WORKING_MINUTES, Unit.WORKING_DAYS]))
    first, second = (data.draw(st.integers(1, AMOUNTS[unit] // 2)) for _ in range(2))
    halfway = due(start, Limit(first, unit), calendar=calendar, window=window)
    whole = due(start, Limit(first + second, unit), calendar=calendar, window=window)
    assert due(halfway, Limit(second, unit), calendar=calendar, window=window) == whole


@given(st.data(), instants, limits(sorted(WORKING_TIME)), calendars(), windows)
def test_the_working_time_up_to_the_due_time_is_the_limit(
    data: st.DataObject, start: datetime, limit: Limit, calendar: Calendar, window: Window
) -> None:
    pauses = draw_pauses(data, start, limit)
    end = due(start, limit, calendar=calendar, window=window, pauses=pauses)
    assert working_time(start, end, calendar=calendar, window=window, pauses=pauses) == limit.time


@given(instants, limits(sorted(WORKING_TIME)), calendars(), windows)
def test_counting_working_time_back_returns_to_a_start_in_open_hours(
    start: datetime, limit: Limit, calendar: Calendar, window: Window
) -> None:
    assume(working_time(start, start + MINUTE, calendar=calendar, window=window) == MINUTE)
    end = due(start, limit, calendar=calendar, window=window)
    assert before(end, limit, calendar=calendar, window=window) == start


@given(st.data(), instants, limits(sorted(set(Unit) - ELAPSED)), calendars(), windows)
def test_a_pause_never_brings_a_deadline_forward(
    data: st.DataObject, start: datetime, limit: Limit, calendar: Calendar, window: Window
) -> None:
    pauses = draw_pauses(data, start, limit)
    without = due(start, limit, calendar=calendar, window=window)
    assert due(start, limit, calendar=calendar, window=window, pauses=pauses) >= without


@given(st.data(), instants, limits(UNITS_OF_DAYS), calendars(), rolls)
def test_a_limit_in_days_falls_at_five_on_a_working_day(
    data: st.DataObject, start: datetime, limit: Limit, calendar: Calendar, roll: Roll
) -> None:
    pauses = draw_pauses(data, start, limit)
    at = local(due(start, limit, calendar=calendar, pauses=pauses, roll=roll))
    assert (at.hour, at.minute, at.second) == (17, 0, 0)
    assert calendar.is_working_day(at.date())
    assert at.date() > local(start).date()


@contextmanager
def server_in(zone: str) -> Iterator[None]:
    """The process believes that it stands in ``zone``."""
    kept = os.environ.get("TZ")
    os.environ["TZ"] = zone
    clock.tzset()
    try:
        yield
    finally:
        if kept is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = kept
        clock.tzset()


@given(
    st.data(),
    instants,
    limits(),
    calendars(),
    windows,
    st.sampled_from(["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu"]),
)
def test_the_time_zone_of_the_server_does_not_matter(
    data: st.DataObject, start: datetime, limit: Limit, calendar: Calendar, window: Window, zone: str
) -> None:
    pauses = draw_pauses(data, start, limit)
    here = due(start, limit, calendar=calendar, window=window, pauses=pauses)
    with server_in(zone):
        assert due(start, limit, calendar=calendar, window=window, pauses=pauses) == here
        assert from_local(local(start)) == start


@given(instants)
def test_a_local_time_means_the_first_instant_that_shows_it(instant: datetime) -> None:
    shown = local(instant).replace(tzinfo=None)
    meant = from_local(shown)
    assert local(meant).replace(tzinfo=None) == shown
    assert meant <= instant
