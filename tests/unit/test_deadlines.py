"""When something falls due: the worked examples, the shared vectors, and what is refused."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.calendars import DEFAULT_WINDOW, NO_HOLIDAYS, Calendar, Window, with_closures
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
    next_opening,
    working_time,
)
from app.domain.errors import InvalidInput
from app.domain.explanations import (
    Cause,
    ClockChanged,
    Counted,
    Due,
    ElapsedTime,
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
from app.domain.vocabulary import Nation
from app.services.calendars import load_calendars

CALENDARS = load_calendars()
ENGLAND = CALENDARS.latest(Nation.ENGLAND)
SCOTLAND = CALENDARS.latest(Nation.SCOTLAND)
ROUND_THE_CLOCK = Window.parse("daily 00:00-24:00")
VECTORS = json.loads((Path(__file__).parents[1] / "scenarios" / "deadlines.json").read_text())


def calendar_named(name: str) -> Calendar:
    return NO_HOLIDAYS if name == "none" else CALENDARS.latest(Nation(name))


def pause(text: str) -> Pause:
    start, end = text.split("/")
    return Pause(from_local(start), from_local(end))


def due_on_the_clock(
    start: str,
    limit: str,
    calendar: Calendar = ENGLAND,
    *,
    window: Window = DEFAULT_WINDOW,
    pauses: Sequence[str] = (),
    roll: Roll = Roll.BACK,
) -> str:
    """The answer of ``due`` as a clock in London shows it, after ``explain`` has said the same."""
    asked: dict[str, Any] = {
        "calendar": calendar,
        "window": window,
        "pauses": [pause(text) for text in pauses],
        "roll": roll,
    }
    answer = due(from_local(start), Limit.parse(limit), **asked)
    assert explain(from_local(start), Limit.parse(limit), **asked).due == answer
    return local(answer).strftime("%Y-%m-%dT%H:%M")


def code_of(
    start: str, limit: str, calendar: Calendar = ENGLAND, *, pauses: Sequence[str] = ()
) -> tuple[str, str]:
    """Field and code of the complaint, which ``due`` and ``explain`` share."""
    complaints = set()
    for ask in (due, explain):
        with pytest.raises(InvalidInput) as raised:
            ask(
                from_local(start),
                Limit.parse(limit),
                calendar=calendar,
                pauses=[pause(text) for text in pauses],
            )
        complaints.add((raised.value.field, raised.value.code))
    (complaint,) = complaints
    return complaint


# The worked examples of the specification


@pytest.mark.parametrize(
    ("start", "limit", "calendar", "expected"),
    [
        ("2026-03-27T16:00", "120 working minutes", "england", "2026-03-30T10:00"),
        ("2026-04-02T16:30", "60 working minutes", "england", "2026-04-07T09:30"),
        ("2026-04-02T16:30", "60 working minutes", "wales", "2026-04-07T09:30"),
        ("2026-04-02T16:30", "60 working minutes", "scotland", "2026-04-06T09:30"),
        ("2026-12-24T16:00", "480 working minutes", "england", "2026-12-29T16:00"),
        ("2026-03-16T16:30", "60 working minutes", "northern-ireland", "2026-03-18T09:30"),
        ("2026-03-16T16:30", "60 working minutes", "england", "2026-03-17T09:30"),
        ("2026-04-01T10:00", "1 working day", "england", "2026-04-02T17:00"),
        ("2026-04-01T10:00", "3 working days", "england", "2026-04-08T17:00"),
        ("2026-04-01T10:00", "5 working days", "england", "2026-04-10T17:00"),
        ("2026-04-01T10:00", "10 working days", "england", "2026-04-17T17:00"),
        ("2026-04-01T10:00", "20 working days", "england", "2026-05-01T17:00"),
        ("2026-04-01T10:00", "1 working day", "scotland", "2026-04-02T17:00"),
        ("2026-04-01T10:00", "3 working days", "scotland", "2026-04-07T17:00"),
        ("2026-04-01T10:00", "5 working days", "scotland", "2026-04-09T17:00"),
        ("2026-04-01T10:00", "10 working days", "scotland", "2026-04-16T17:00"),
        ("2026-04-01T10:00", "20 working days", "scotland", "2026-04-30T17:00"),
        ("2026-03-28T12:00", "1 working day", "england", "2026-03-30T17:00"),
        ("2026-03-28T12:00", "5 working days", "england", "2026-04-07T17:00"),
        ("2026-03-28T12:00", "10 working days", "england", "2026-04-14T17:00"),
        ("2026-06-05T13:00", "240 working minutes", "england", "2026-06-05T17:00"),
        ("2026-06-01T10:00", "40 working hours", "england", "2026-06-08T10:00"),
        ("2026-06-01T10:00", "8 working hours", "england", "2026-06-02T10:00"),
    ],
)
def test_worked_example(start: str, limit: str, calendar: str, expected: str) -> None:
    assert due_on_the_clock(start, limit, calendar_named(calendar)) == expected


def test_working_minutes_run_through_the_night_of_the_clock_change() -> None:
    answer = due_on_the_clock("2026-03-28T20:00", "480 working minutes", NO_HOLIDAYS, window=ROUND_THE_CLOCK)
    assert answer == "2026-03-29T05:00"


@pytest.mark.parametrize(("day", "minutes"), [("03-29", 1380), ("06-05", 1440), ("10-25", 1500)])
def test_a_day_has_as_many_minutes_as_its_clocks_make_it(day: str, minutes: int) -> None:
    midnight = from_local(f"2026-{day}T00:00")
    next_midnight = from_local(local(midnight).replace(tzinfo=None) + timedelta(days=1))
    worked = working_time(midnight, next_midnight, calendar=NO_HOLIDAYS, window=ROUND_THE_CLOCK)
    assert worked == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("paused", "expected"),
    [
        ("2026-06-05T12:00/2026-06-08T10:00", "2026-06-08T16:00"),
        ("2026-06-05T18:00/2026-06-07T12:00", "2026-06-08T10:00"),
    ],
)
def test_a_pause_earns_working_time_only(paused: str, expected: str) -> None:
    assert due_on_the_clock("2026-06-05T10:00", "480 working minutes", pauses=[paused]) == expected


def test_a_holiday_that_is_proclaimed_later_moves_the_date() -> None:
    before_it, after_it = (CALENDARS.version(Nation.SCOTLAND, number) for number in (1, 2))
    assert due_on_the_clock("2026-06-12T16:30", "60 working minutes", before_it) == "2026-06-15T09:30"
    assert due_on_the_clock("2026-06-12T16:30", "60 working minutes", after_it) == "2026-06-16T09:30"


def test_one_working_hour_before_eleven_is_ten() -> None:
    window = Window.parse("mon-fri 08:00-18:00")
    at = before(
        from_local("2026-06-02T11:00"), Limit.parse("1 working hour"), calendar=ENGLAND, window=window
    )
    assert at == from_local("2026-06-02T10:00")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['from']}+{vector['limit']}")
def test_vector(vector: dict[str, Any]) -> None:
    asked: dict[str, Any] = {
        "calendar": calendar_named(vector["calendar"]),
        "window": Window.parse(vector.get("window", str(DEFAULT_WINDOW))),
        "pauses": [pause(text) for text in vector.get("pause", [])],
        "roll": Roll(vector.get("roll", "back")),
    }
    answer = due(from_local(vector["from"]), Limit.parse(vector["limit"]), **asked)
    assert local(answer).isoformat() == vector["due"]
    assert answer == datetime.fromisoformat(vector["due_utc"])
    assert answer.tzinfo is UTC


# Elapsed time


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-03-28T14:15", "72 hours", "2026-03-31T15:15"),
        ("2026-10-24T14:15", "48 hours", "2026-10-26T13:15"),
        ("2026-12-24T12:00", "4 hours", "2026-12-24T16:00"),
        ("2026-12-25T23:59", "2 minutes", "2026-12-26T00:01"),
    ],
)
def test_elapsed_time_never_moves(start: str, limit: str, expected: str) -> None:
    assert due_on_the_clock(start, limit) == expected


def test_elapsed_time_needs_no_table_of_holidays() -> None:
    assert due_on_the_clock("2031-01-01T12:00", "72 hours") == "2031-01-04T12:00"


@pytest.mark.parametrize("limit", ["72 hours", "30 minutes"])
def test_elapsed_time_cannot_be_paused(limit: str) -> None:
    complaint = code_of("2026-06-01T10:00", limit, pauses=["2026-06-02T10:00/2026-06-02T11:00"])
    assert complaint == ("pause", "pause-on-elapsed")


# Working time


def test_the_exact_close_is_the_end_of_a_day_and_not_the_next_opening() -> None:
    assert due_on_the_clock("2026-06-05T09:00", "8 working hours") == "2026-06-05T17:00"


def test_a_lunch_break_is_not_working_time() -> None:
    window = Window.parse("mon-fri 09:00-12:30,13:30-17:00")
    assert due_on_the_clock("2026-06-01T12:00", "60 working minutes", window=window) == "2026-06-01T14:00"


def test_a_daily_window_is_open_on_a_weekend_but_not_on_a_holiday() -> None:
    assert (
        due_on_the_clock("2026-04-02T23:00", "120 working minutes", window=ROUND_THE_CLOCK)
        == "2026-04-04T01:00"
    )


def test_a_closure_of_the_organisation_is_no_working_time() -> None:
    closed = with_closures(ENGLAND, {date(2026, 6, 2): "Founders' Day"})
    assert due_on_the_clock("2026-06-01T16:30", "60 working minutes", closed) == "2026-06-03T09:30"


def test_a_pause_that_begins_where_the_time_is_used_up_changes_nothing() -> None:
    paused = ["2026-06-05T12:00/2026-06-05T15:00"]
    assert due_on_the_clock("2026-06-05T10:00", "2 working hours", pauses=paused) == "2026-06-05T12:00"


def test_several_pauses_in_one_day_all_count() -> None:
    paused = ["2026-06-05T14:00/2026-06-05T15:00", "2026-06-05T11:00/2026-06-05T12:00"]
    assert due_on_the_clock("2026-06-05T10:00", "4 working hours", pauses=paused) == "2026-06-05T16:00"


def test_a_start_inside_a_pause_waits_for_its_end() -> None:
    paused = ["2026-06-05T09:00/2026-06-05T12:00"]
    assert due_on_the_clock("2026-06-05T10:00", "60 working minutes", pauses=paused) == "2026-06-05T13:00"


# Working days and pauses


@pytest.mark.parametrize(
    ("paused", "expected"),
    [
        ([], "2026-06-08"),
        (["2026-06-02T12:00/2026-06-05T12:00"], "2026-06-10"),
        (["2026-06-02T00:00/2026-06-03T00:00"], "2026-06-09"),
        (["2026-06-02T08:00/2026-06-02T20:00"], "2026-06-08"),
        (["2026-06-02T00:01/2026-06-03T00:00"], "2026-06-08"),
        (["2026-06-02T00:00/2026-06-02T23:59"], "2026-06-08"),
        (["2026-06-06T00:00/2026-06-08T00:00"], "2026-06-08"),
        (["2026-06-08T00:00/2026-06-09T00:00"], "2026-06-09"),
        (["2026-06-09T00:00/2026-06-19T00:00"], "2026-06-08"),
        (["2026-05-20T00:00/2026-06-02T00:00"], "2026-06-08"),
        (["2026-06-02T12:00/2026-06-03T12:00", "2026-06-03T12:00/2026-06-04T12:00"], "2026-06-09"),
    ],
    ids=[
        "none",
        "two whole days and two parts",
        "midnight to midnight",
        "working hours of a day",
        "a minute late",
        "a minute early",
        "a weekend",
        "the last day",
        "after the last day",
        "before the start",
        "two that touch cover a day together",
    ],
)
def test_each_whole_paused_working_day_moves_the_date_by_one(paused: list[str], expected: str) -> None:
    assert due_on_the_clock("2026-06-01T10:00", "5 working days", pauses=paused) == f"{expected}T17:00"


@pytest.mark.parametrize("start", ["2026-06-01T00:00", "2026-06-01T17:01", "2026-06-01T23:59"])
def test_the_hour_of_receipt_does_not_matter(start: str) -> None:
    assert due_on_the_clock(start, "1 working day") == "2026-06-02T17:00"


def test_the_day_of_receipt_is_the_local_one() -> None:
    # 23:30 in Coordinated Universal Time is half past midnight in London, the next day.
    assert due_on_the_clock("2026-06-01T23:30Z", "1 working day") == "2026-06-03T17:00"


# Days, weeks and months


@pytest.mark.parametrize(
    ("start", "limit", "roll", "expected"),
    [
        ("2026-02-26T09:00", "3 months", Roll.BACK, "2026-05-26"),
        ("2025-12-31T16:10", "3 months", Roll.BACK, "2026-03-31"),
        ("2026-11-28T09:00", "3 months", Roll.BACK, "2027-02-26"),
        ("2027-01-31T10:00", "1 month", Roll.BACK, "2027-02-26"),
        ("2027-01-31T10:00", "1 month", Roll.FORWARD, "2027-03-01"),
        ("2026-06-01T10:00", "4 weeks", Roll.BACK, "2026-06-29"),
        ("2026-06-06T10:00", "2 weeks", Roll.BACK, "2026-06-19"),
        ("2026-06-06T10:00", "2 weeks", Roll.FORWARD, "2026-06-22"),
        ("2026-03-04T10:00", "30 days", Roll.BACK, "2026-04-02"),
        ("2026-03-04T10:00", "30 days", Roll.FORWARD, "2026-04-07"),
        ("2026-06-06T10:00", "1 day", Roll.BACK, "2026-06-08"),
        ("2026-06-05T10:00", "1 day", Roll.BACK, "2026-06-08"),
        ("2026-04-02T10:00", "4 days", Roll.BACK, "2026-04-07"),
        ("2026-04-01T10:00", "4 days", Roll.BACK, "2026-04-02"),
    ],
)
def test_days_weeks_and_months_fall_on_a_working_day(
    start: str, limit: str, roll: Roll, expected: str
) -> None:
    assert due_on_the_clock(start, limit, roll=roll) == f"{expected}T17:00"


def test_the_last_day_of_february_in_a_leap_year() -> None:
    assert due_on_the_clock("2028-01-31T10:00", "1 month", NO_HOLIDAYS) == "2028-02-29T17:00"


@pytest.mark.parametrize(
    ("limit", "paused", "expected"),
    [
        ("7 days", "2026-06-02T12:00/2026-06-05T12:00", "2026-06-10"),
        ("1 week", "2026-06-06T00:00/2026-06-08T00:00", "2026-06-10"),
        ("1 month", "2026-06-10T00:00/2026-06-12T00:00", "2026-07-03"),
        ("7 days", "2026-06-08T00:00/2026-06-10T00:00", "2026-06-10"),
        ("7 days", "2026-06-09T00:00/2026-06-10T00:00", "2026-06-08"),
        ("7 days", "2026-05-01T00:00/2026-06-02T00:00", "2026-06-08"),
        ("7 days", "2026-05-01T00:00/2026-06-03T00:00", "2026-06-09"),
    ],
)
def test_whole_paused_calendar_days_are_added(limit: str, paused: str, expected: str) -> None:
    assert due_on_the_clock("2026-06-01T10:00", limit, pauses=[paused]) == f"{expected}T17:00"


def test_a_pause_can_push_the_date_into_the_next_pause() -> None:
    paused = ["2026-06-02T00:00/2026-06-04T00:00", "2026-06-09T00:00/2026-06-10T00:00"]
    assert due_on_the_clock("2026-06-01T10:00", "7 days", pauses=paused) == "2026-06-11T17:00"


# What is refused


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("20 working days", Limit(20, Unit.WORKING_DAYS)),
        ("1 working days", Limit(1, Unit.WORKING_DAYS)),
        ("1 working day", Limit(1, Unit.WORKING_DAYS)),
        ("  3   Months ", Limit(3, Unit.MONTHS)),
        ("72 hours", Limit(72, Unit.HOURS)),
        ("1 minute", Limit(1, Unit.MINUTES)),
        ("90 working minutes", Limit(90, Unit.WORKING_MINUTES)),
        ("8 working hours", Limit(8, Unit.WORKING_HOURS)),
        ("2 weeks", Limit(2, Unit.WEEKS)),
        ("30 days", Limit(30, Unit.DAYS)),
    ],
)
def test_a_limit_is_read_in_singular_and_plural(text: str, limit: Limit) -> None:
    assert Limit.parse(text) == limit


@pytest.mark.parametrize(
    "limit", [Limit(1, Unit.WORKING_DAYS), Limit(20, Unit.WORKING_DAYS), Limit(1, Unit.MONTHS)]
)
def test_a_limit_is_read_as_it_is_written(limit: Limit) -> None:
    assert Limit.parse(str(limit)) == limit


def test_one_of_a_unit_is_written_in_the_singular() -> None:
    assert [str(Limit(1, Unit.WORKING_DAYS)), str(Limit(2, Unit.MONTHS))] == ["1 working day", "2 months"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "limit-format"),
        ("soon", "limit-format"),
        ("20", "limit-format"),
        ("days", "limit-format"),
        ("1.5 hours", "limit-format"),
        ("20 workingdays", "limit-format"),
        ("20 working weeks", "limit-format"),
        ("3 years", "limit-format"),
        ("3 dayss", "limit-format"),
        ("٣ days", "limit-format"),  # a digit, but not ours
        ("0 days", "limit-not-positive"),
        ("-1 hours", "limit-not-positive"),
        ("3654 days", "limit-too-long"),
        ("523 weeks", "limit-too-long"),
        ("121 months", "limit-too-long"),
        ("2611 working days", "limit-too-long"),
        ("87673 hours", "limit-too-long"),
        ("99999999999999999999 minutes", "limit-too-long"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        Limit.parse(text)
    assert (raised.value.field, raised.value.code) == ("limit", code)


@pytest.mark.parametrize(
    "limit", ["120 months", "3653 days", "522 weeks", "2610 working days", "87672 hours"]
)
def test_ten_years_are_allowed(limit: str) -> None:
    assert due(from_local("2026-06-01T10:00"), Limit.parse(limit), calendar=NO_HOLIDAYS).year >= 2035


@pytest.mark.parametrize(
    ("start", "limit"),
    [
        ("2027-12-20T10:00", "20 working days"),
        ("2027-12-31T16:59", "1 working day"),
        ("2027-12-31T16:30", "60 working minutes"),
        ("2027-10-10T10:00", "3 months"),
        ("2027-12-01T10:00", "31 days"),
        ("2026-06-01T10:00", "9 months"),
        ("2023-12-29T10:00", "1 working day"),
        ("2023-12-29T10:00", "60 working minutes"),
    ],
)
def test_an_answer_outside_the_table_of_holidays_is_refused(start: str, limit: str) -> None:
    calendar = replace(ENGLAND, covers_until=date(2026, 12, 31)) if start.startswith("2026") else ENGLAND
    assert code_of(start, limit, calendar) == ("calendar", "calendar-short")


@pytest.mark.parametrize("limit", ["5 working days", "60 working minutes", "7 days"])
def test_a_pause_without_end_in_sight_outlasts_the_table(limit: str) -> None:
    assert (
        code_of("2026-06-01T10:00", limit, pauses=["2026-06-01T00:00/2099-01-01T00:00"])[1]
        == "calendar-short"
    )


def test_an_organisation_that_never_opens_has_no_answer() -> None:
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    never = replace(ENGLAND, closures=dict.fromkeys(days, "Moved away"), covers_until=date(2026, 12, 31))
    assert code_of("2026-06-01T10:00", "1 working minute", never) == ("calendar", "calendar-short")
    assert code_of("2026-06-01T10:00", "1 working day", never) == ("calendar", "calendar-short")


def test_pauses_that_overlap_are_refused() -> None:
    pauses = ["2026-06-02T10:00/2026-06-03T10:00", "2026-06-03T09:59/2026-06-04T10:00"]
    assert code_of("2026-06-01T10:00", "5 working days", pauses=pauses) == ("pause", "pause-overlap")


def test_a_pause_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvalidInput) as raised:
        pause("2026-06-02T10:00/2026-06-02T09:59")
    assert (raised.value.field, raised.value.code) == ("pause", "pause-backwards")


def test_a_pause_needs_time_zones() -> None:
    with pytest.raises(InvalidInput) as raised:
        Pause(datetime(2026, 6, 2), datetime(2026, 6, 3))
    assert raised.value.code == "time-naive"


def test_a_start_needs_a_time_zone() -> None:
    with pytest.raises(InvalidInput) as raised:
        due(datetime(2026, 6, 2), Limit.parse("1 day"), calendar=ENGLAND)
    assert (raised.value.field, raised.value.code) == ("from", "time-naive")


# Local time


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-31T16:30", "2026-12-31T16:30:00+00:00"),
        ("2026-06-01T16:30", "2026-06-01T15:30:00+00:00"),
        ("2026-06-01 16:30:05", "2026-06-01T15:30:05+00:00"),
        ("2026-06-01T16:30Z", "2026-06-01T16:30:00+00:00"),
        ("2026-06-01T16:30+02:00", "2026-06-01T14:30:00+00:00"),
        ("2026-10-25T01:30", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T01:30+00:00", "2026-10-25T01:30:00+00:00"),
        ("2026-03-29T00:59", "2026-03-29T00:59:00+00:00"),
        ("2026-03-29T02:00", "2026-03-29T01:00:00+00:00"),
    ],
)
def test_a_time_without_offset_is_london_time(text: str, instant: str) -> None:
    assert from_local(text).isoformat() == instant


@pytest.mark.parametrize("text", ["2026-03-29T01:00", "2026-03-29T01:30", "2027-03-28T01:59"])
def test_a_time_in_the_skipped_hour_did_not_happen(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        from_local(text, field="posted_at")
    assert (raised.value.field, raised.value.code) == ("posted_at", "time-skipped")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "time-format"),
        ("yesterday", "time-format"),
        ("2026-06-01", "time-format"),
        ("20260601T1630", "time-format"),
        ("2026-W23-1T16:30", "time-format"),
        ("2026-02-30T16:30", "time-format"),
        ("2026-06-01T24:30", "time-format"),
        ("2026-06-01T16:30 BST", "time-format"),
        ("2026-06-01T16:30+99:00", "time-format"),
        ("٢٠٢٦-06-01T16:30", "time-format"),
        ("1969-12-31T23:59", "time-out-of-range"),
        ("0001-01-01T00:00Z", "time-out-of-range"),
        ("9999-12-31T23:59", "time-out-of-range"),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        from_local(text)
    assert (raised.value.field, raised.value.code) == ("from", code)


def test_a_fold_that_came_with_the_value_does_not_choose_the_second_hour() -> None:
    repeated = datetime(2026, 10, 25, 1, 30, fold=1)
    assert from_local(repeated) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


# When somebody will be there


@pytest.mark.parametrize(
    ("now", "calendar", "expected"),
    [
        ("2026-06-05T10:15", "england", "2026-06-05T10:15"),
        ("2026-06-05T08:00", "england", "2026-06-05T09:00"),
        ("2026-06-05T17:00", "england", "2026-06-08T09:00"),
        ("2026-04-02T18:40", "england", "2026-04-07T09:00"),
        ("2026-04-02T18:40", "scotland", "2026-04-06T09:00"),
    ],
)
def test_the_next_opening(now: str, calendar: str, expected: str) -> None:
    assert next_opening(from_local(now), calendar_named(calendar)) == from_local(expected)


# Before a due time


@pytest.mark.parametrize(
    ("at", "limit", "expected"),
    [
        ("2026-06-02T11:00", "30 minutes", "2026-06-02T10:30"),
        ("2026-03-30T00:30", "24 hours", "2026-03-28T23:30"),
        ("2026-06-02T10:00", "1 working hour", "2026-06-02T09:00"),
        ("2026-06-01T09:30", "1 working hour", "2026-05-29T16:30"),
        ("2026-04-07T09:30", "1 working hour", "2026-04-02T16:30"),
        ("2026-04-07T17:00", "1 working day", "2026-04-02T17:00"),
        ("2026-04-08T17:00", "2 working days", "2026-04-02T17:00"),
        ("2026-06-05T17:00", "2 days", "2026-06-03T17:00"),
        ("2026-06-08T17:00", "1 day", "2026-06-05T17:00"),
        ("2026-06-08T17:00", "1 week", "2026-06-01T17:00"),
        ("2026-03-31T17:00", "1 month", "2026-02-27T17:00"),
    ],
)
def test_a_rung_before_a_deadline(at: str, limit: str, expected: str) -> None:
    assert before(from_local(at), Limit.parse(limit), calendar=ENGLAND) == from_local(expected)


def test_nothing_comes_before_the_table() -> None:
    with pytest.raises(InvalidInput) as raised:
        before(from_local("2024-01-02T10:00"), Limit.parse("3 working hours"), calendar=ENGLAND)
    assert raised.value.code == "calendar-short"


# Why this date


def steps_of(
    start: str, limit: str, *, pauses: Sequence[str] = (), roll: Roll = Roll.BACK
) -> tuple[Step, ...]:
    """What stands between receipt and due date."""
    explanation = explain(
        from_local(start),
        Limit.parse(limit),
        calendar=ENGLAND,
        pauses=[pause(text) for text in pauses],
        roll=roll,
    )
    first, *steps, last = explanation.steps
    assert isinstance(first, Received)
    assert first.at == from_local(start)
    assert last == Due(explanation.due)
    return tuple(steps)


EASTER = NotCounted(
    (
        Skipped(date(2026, 4, 3), Cause.HOLIDAY, "Good Friday"),
        Skipped(date(2026, 4, 4), Cause.WEEKEND),
        Skipped(date(2026, 4, 5), Cause.WEEKEND),
        Skipped(date(2026, 4, 6), Cause.HOLIDAY, "Easter Monday"),
    )
)


def test_working_days_are_explained_day_by_day_with_holidays_by_name() -> None:
    assert steps_of("2026-04-01T10:00", "3 working days") == (
        Counted(1, 1, date(2026, 4, 2), date(2026, 4, 2)),
        EASTER,
        Counted(2, 3, date(2026, 4, 7), date(2026, 4, 8)),
    )


def test_working_time_is_explained_day_by_day_with_holidays_by_name() -> None:
    assert steps_of("2026-04-02T16:30", "60 working minutes") == (
        Worked(date(2026, 4, 2), date(2026, 4, 2), timedelta(minutes=30)),
        EASTER,
        Worked(date(2026, 4, 7), date(2026, 4, 7), timedelta(minutes=30)),
    )


def test_a_day_that_had_closed_before_the_start_is_no_day_off() -> None:
    assert steps_of("2026-06-01T18:00", "1 working hour") == (
        Worked(date(2026, 6, 2), date(2026, 6, 2), timedelta(hours=1)),
    )


def test_a_paused_working_day_is_explained() -> None:
    start, end = from_local("2026-06-02T00:00"), from_local("2026-06-03T00:00")
    assert steps_of("2026-06-01T10:00", "1 working day", pauses=["2026-06-02T00:00/2026-06-03T00:00"]) == (
        PausedBetween(start, end),
        NotCounted((Skipped(date(2026, 6, 2), Cause.PAUSED),)),
        Counted(1, 1, date(2026, 6, 3), date(2026, 6, 3)),
    )


def test_a_pause_after_the_due_date_is_not_mentioned() -> None:
    steps = steps_of("2026-06-01T10:00", "1 working day", pauses=["2026-06-03T00:00/2026-06-04T00:00"])
    assert steps == (Counted(1, 1, date(2026, 6, 2), date(2026, 6, 2)),)


def test_a_paused_working_time_is_explained() -> None:
    paused = "2026-06-01T12:00/2026-06-03T10:00"
    assert steps_of("2026-06-01T10:00", "3 working hours", pauses=[paused]) == (
        PausedBetween(from_local("2026-06-01T12:00"), from_local("2026-06-03T10:00")),
        Worked(date(2026, 6, 1), date(2026, 6, 1), timedelta(hours=2)),
        NotCounted((Skipped(date(2026, 6, 2), Cause.PAUSED),)),
        Worked(date(2026, 6, 3), date(2026, 6, 3), timedelta(hours=1)),
    )


@pytest.mark.parametrize(
    ("start", "on", "forward"),
    [("2026-03-28T14:15", date(2026, 3, 29), True), ("2026-10-24T14:15", date(2026, 10, 25), False)],
)
def test_elapsed_time_names_the_change_of_the_clocks(start: str, on: date, forward: bool) -> None:
    limit = Limit.parse("72 hours")
    assert steps_of(start, "72 hours") == (ElapsedTime(limit), ClockChanged(on, forward=forward))


def test_elapsed_time_without_a_change_of_the_clocks_is_one_step() -> None:
    assert steps_of("2026-06-01T14:15", "72 hours") == (ElapsedTime(Limit.parse("72 hours")),)


def test_only_counted_days_have_a_day_zero() -> None:
    def first_of(limit: str) -> Step:
        return explain(from_local("2026-06-01T10:00"), Limit.parse(limit), calendar=ENGLAND).steps[0]

    at = from_local("2026-06-01T10:00")
    assert first_of("3 months") == first_of("2 working days") == Received(at, is_day_zero=True)
    assert first_of("72 hours") == first_of("60 working minutes") == Received(at, is_day_zero=False)


def test_a_short_month_and_a_roll_back_are_explained() -> None:
    assert steps_of("2027-01-31T10:00", "1 month") == (
        Landed(Limit.parse("1 month"), date(2027, 2, 28), is_month_end=True),
        Rolled(Skipped(date(2027, 2, 28), Cause.WEEKEND), date(2027, 2, 26), Roll.BACK),
    )


def test_a_roll_forward_is_explained() -> None:
    assert steps_of("2026-03-04T10:00", "30 days", roll=Roll.FORWARD) == (
        Landed(Limit.parse("30 days"), date(2026, 4, 3)),
        Rolled(Skipped(date(2026, 4, 3), Cause.HOLIDAY, "Good Friday"), date(2026, 4, 7), Roll.FORWARD),
    )


def test_a_roll_past_the_start_is_explained() -> None:
    assert steps_of("2026-06-06T10:00", "1 day") == (
        Landed(Limit.parse("1 day"), date(2026, 6, 7)),
        Rolled(Skipped(date(2026, 6, 7), Cause.WEEKEND), date(2026, 6, 8), Roll.BACK, is_past_start=True),
    )


def test_added_days_of_a_pause_are_explained() -> None:
    steps = steps_of("2026-06-01T10:00", "7 days", pauses=["2026-06-02T12:00/2026-06-05T12:00"])
    assert steps[1:] == (
        Landed(Limit.parse("7 days"), date(2026, 6, 8)),
        PausedDaysAdded(2, date(2026, 6, 10)),
    )
