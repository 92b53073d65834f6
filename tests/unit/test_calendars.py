"""Days and hours on which an organisation works."""

from datetime import UTC, date, datetime

import pytest

from app.domain.calendars import (
    DEFAULT_WINDOW,
    NO_HOLIDAYS,
    Calendar,
    OpenDays,
    Span,
    Window,
    instant_of,
    with_closures,
)
from app.domain.errors import InvalidInput

FRIDAY = date(2026, 6, 5)
SATURDAY = date(2026, 6, 6)
CALENDAR = Calendar("invented", 1, {FRIDAY: "Founders' Day"}, {}, date(2026, 12, 31), date(2026, 1, 1))


def test_a_plain_weekday_is_a_working_day() -> None:
    assert CALENDAR.is_working_day(date(2026, 6, 4))


def test_a_holiday_is_no_working_day_and_has_its_name() -> None:
    assert not CALENDAR.is_working_day(FRIDAY)
    assert CALENDAR.why_closed(FRIDAY) == "Founders' Day"


@pytest.mark.parametrize("calendar", [CALENDAR, NO_HOLIDAYS])
def test_a_weekend_is_never_a_working_day(calendar: Calendar) -> None:
    assert not calendar.is_working_day(SATURDAY)


def test_a_closure_shuts_one_organisation_only() -> None:
    closed = with_closures(CALENDAR, {date(2026, 6, 4): "Stocktaking"})
    assert closed.why_closed(date(2026, 6, 4)) == "Stocktaking"
    assert closed.why_closed(FRIDAY) == "Founders' Day"
    assert CALENDAR.is_working_day(date(2026, 6, 4))


def test_closures_add_up() -> None:
    once = with_closures(CALENDAR, {date(2026, 6, 3): "Flood"})
    twice = with_closures(once, {date(2026, 6, 4): "Stocktaking"})
    assert not twice.is_working_day(date(2026, 6, 3))
    assert not twice.is_working_day(date(2026, 6, 4))


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2027, 1, 1)])
def test_nothing_is_known_outside_the_table(day: date) -> None:
    with pytest.raises(InvalidInput) as raised:
        CALENDAR.require(day)
    assert raised.value.code == "calendar-short"


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 12, 31)])
def test_the_first_and_the_last_day_of_the_table_are_known(day: date) -> None:
    CALENDAR.require(day)


def test_a_calendar_can_be_a_key() -> None:
    assert {CALENDAR: 1}[CALENDAR] == 1


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("mon-fri 09:00-17:00", DEFAULT_WINDOW),
        ("daily 00:00-24:00", Window(OpenDays.DAILY, (Span(0, 1440),))),
        (
            "mon-fri 09:00-12:30,13:30-17:00",
            Window(OpenDays.MONDAY_TO_FRIDAY, (Span(540, 750), Span(810, 1020))),
        ),
        (
            "  MON-FRI  13:30-17:00, 09:00-13:30 ",
            Window(OpenDays.MONDAY_TO_FRIDAY, (Span(540, 810), Span(810, 1020))),
        ),
    ],
)
def test_a_window_is_read(text: str, window: Window) -> None:
    assert Window.parse(text) == window


@pytest.mark.parametrize(
    "text", ["mon-fri 09:00-17:00", "daily 00:00-24:00", "mon-fri 09:00-12:30,13:30-17:00"]
)
def test_a_window_is_written_as_it_is_read(text: str) -> None:
    assert str(Window.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "window-format"),
        ("mon-sat 09:00-17:00", "window-format"),
        ("mon-fri nine-five", "window-format"),
        ("mon-fri 9:00-17:00", "window-format"),
        ("mon-fri 09:00-25:00", "window-format"),
        ("mon-fri 09:00-17:60", "window-format"),
        ("mon-fri 09:00-17:00,", "window-format"),
        ("mon-fri ٠٩:٠٠-17:00", "window-format"),  # digits, but not ours
        ("mon-fri", "window-empty"),
        ("daily 09:00-09:00", "window-empty"),
        ("mon-fri 17:00-09:00", "window-backwards"),
        ("mon-fri 09:00-24:01", "window-backwards"),
        ("mon-fri 09:00-13:00,12:59-17:00", "window-overlap"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        Window.parse(text)
    assert (raised.value.field, raised.value.code) == ("window", code)


def test_a_window_needs_spans() -> None:
    with pytest.raises(InvalidInput):
        Window(OpenDays.DAILY, ())


def test_a_window_keeps_local_time_in_summer_and_winter() -> None:
    (summer,) = DEFAULT_WINDOW.spans_on(FRIDAY)
    (winter,) = DEFAULT_WINDOW.spans_on(date(2026, 12, 4))
    assert summer == (datetime(2026, 6, 5, 8, tzinfo=UTC), datetime(2026, 6, 5, 16, tzinfo=UTC))
    assert winter == (datetime(2026, 12, 4, 9, tzinfo=UTC), datetime(2026, 12, 4, 17, tzinfo=UTC))


def test_only_a_daily_window_opens_on_a_weekend() -> None:
    assert not list(DEFAULT_WINDOW.spans_on(SATURDAY))
    assert list(Window.parse("daily 09:00-17:00").spans_on(SATURDAY))


def test_an_opening_in_the_skipped_hour_is_the_change_itself() -> None:
    assert instant_of(datetime(2026, 3, 29, 1, 30)) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_an_opening_in_the_repeated_hour_is_the_first_of_the_two() -> None:
    assert instant_of(datetime(2026, 10, 25, 1, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
