"""The shipped tables of bank holidays, against a hand list and against an independent source."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest

from app.domain.errors import InvalidInput, NotFound
from app.domain.vocabulary import Nation
from app.services.calendars import TABLES, load_calendars
from app.services.reference import BrokenReference

CALENDARS = load_calendars()
SUBDIVISIONS = {
    Nation.ENGLAND: "ENG",
    Nation.WALES: "WLS",
    Nation.SCOTLAND: "SCT",
    Nation.NORTHERN_IRELAND: "NIR",
}
EVERYWHERE = """
2024: 1 1, 3 29, 5 6, 5 27, 12 25, 12 26
2025: 1 1, 4 18, 5 5, 5 26, 12 25, 12 26
2026: 1 1, 4 3, 5 4, 5 25, 12 25, 12 28
2027: 1 1, 3 26, 5 3, 5 31, 12 27, 12 28
"""
NOT_IN_SCOTLAND = """
2024: 4 1, 8 26
2025: 4 21, 8 25
2026: 4 6, 8 31
2027: 3 29, 8 30
"""
IN_SCOTLAND = """
2024: 1 2, 8 5, 12 2
2025: 1 2, 8 4, 12 1
2026: 1 2, 6 15, 8 3, 11 30
2027: 1 4, 8 2, 11 30
"""
IN_NORTHERN_IRELAND = """
2024: 3 18, 7 12
2025: 3 17, 7 14
2026: 3 17, 7 13
2027: 3 17, 7 12
"""
BY_HAND = {
    Nation.ENGLAND: EVERYWHERE + NOT_IN_SCOTLAND,
    Nation.WALES: EVERYWHERE + NOT_IN_SCOTLAND,
    Nation.SCOTLAND: EVERYWHERE + IN_SCOTLAND,
    Nation.NORTHERN_IRELAND: EVERYWHERE + NOT_IN_SCOTLAND + IN_NORTHERN_IRELAND,
}


def dates_in(text: str) -> Iterator[date]:
    for line in text.split("\n"):
        year, _, days = line.partition(":")
        for day in filter(None, days.split(",")):
            yield date(int(year), *map(int, day.split()))


@pytest.mark.parametrize("nation", Nation)
def test_the_table_is_the_hand_list(nation: Nation) -> None:
    assert sorted(CALENDARS.latest(nation).holidays) == sorted(dates_in(BY_HAND[nation]))


@pytest.mark.parametrize("nation", Nation)
def test_an_independent_source_knows_the_same_weekdays(nation: Nation) -> None:
    source = holidays.country_holidays("GB", subdiv=SUBDIVISIONS[nation], years=range(2024, 2028))
    assert set(CALENDARS.latest(nation).holidays) == {day for day in source if day.weekday() < 5}


@pytest.mark.parametrize("nation", Nation)
def test_the_table_reaches_from_2024_to_the_end_of_2027(nation: Nation) -> None:
    calendar = CALENDARS.latest(nation)
    assert (calendar.covers_from, calendar.covers_until) == (date(2024, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize("nation", Nation)
def test_every_holiday_has_a_name(nation: Nation) -> None:
    assert all(name.strip() for name in CALENDARS.latest(nation).holidays.values())


def test_scotland_keeps_its_own_days() -> None:
    scotland, england = CALENDARS.latest(Nation.SCOTLAND), CALENDARS.latest(Nation.ENGLAND)
    assert scotland.is_working_day(date(2026, 4, 6))
    assert england.why_closed(date(2026, 4, 6)) == "Easter Monday"


def test_the_holiday_of_15_june_2026_was_not_known_before_it_was_proclaimed() -> None:
    before = CALENDARS.current(Nation.SCOTLAND, on=date(2026, 2, 4))
    after = CALENDARS.current(Nation.SCOTLAND, on=date(2026, 2, 5))
    assert (before.version, after.version) == (1, 2)
    assert before.is_working_day(date(2026, 6, 15))
    assert not after.is_working_day(date(2026, 6, 15))
    assert set(after.holidays) - set(before.holidays) == {date(2026, 6, 15)}


def test_a_deadline_finds_the_version_that_it_was_counted_with() -> None:
    assert CALENDARS.version(Nation.SCOTLAND, 1).is_working_day(date(2026, 6, 15))


def test_a_version_that_never_was_is_not_found() -> None:
    with pytest.raises(NotFound):
        CALENDARS.version(Nation.ENGLAND, 99)


def test_no_version_was_known_before_the_first() -> None:
    with pytest.raises(InvalidInput) as raised:
        CALENDARS.current(Nation.ENGLAND, on=date(2023, 12, 31))
    assert raised.value.code == "calendar-short"


def test_the_calendar_without_holidays_still_has_weekends() -> None:
    assert CALENDARS.none.is_working_day(date(2026, 12, 25))
    assert not CALENDARS.none.is_working_day(date(2026, 12, 26))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """A copy of the reference files that a test may spoil."""
    for path in TABLES.glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('nation = "scotland"', 'nation = "scotland"\ncolour = "blue"', "colour"),
        ('nation = "scotland"', 'nation = "england"', "another nation"),
        ('nation = "scotland"', 'nation = "atlantis"', "atlantis"),
        ("covers_from = 2024-01-01", "covers_from = yesterday", ""),
        ("covers_until = 2027-12-31", "covers_until = 2023-12-31", "ends before"),
        ("covers_until = 2027-12-31", "covers_until = 2026-12-31", "is misplaced"),
        ("number = 2", "number = 3", "not in order"),
        ("known_from = 2026-02-05", "known_from = 2023-02-05", "not in order"),
        ("on = 2026-06-15", "on = 2026-12-25", "is misplaced"),
        ("on = 2024-01-02", "on = 2024-01-01", "is misplaced"),
        ("number = 2", "number = 2\nremoves = [2026-06-16]", "is misplaced"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(reference: Path, old: str, new: str, complaint: str) -> None:
    spoil(reference / "scotland.toml", old, new)
    with pytest.raises(BrokenReference, match=rf"scotland\.toml: .*{complaint}"):
        load_calendars(reference)


def test_a_missing_table_is_refused(reference: Path) -> None:
    (reference / "wales.toml").unlink()
    with pytest.raises(BrokenReference, match=r"wales\.toml"):
        load_calendars(reference)


def test_a_later_version_can_take_a_holiday_away(reference: Path) -> None:
    spoil(reference / "scotland.toml", "number = 2", "number = 2\nremoves = [2026-01-02]")
    calendars = load_calendars(reference)
    assert not calendars.version(Nation.SCOTLAND, 1).is_working_day(date(2026, 1, 2))
    assert calendars.version(Nation.SCOTLAND, 2).is_working_day(date(2026, 1, 2))


def test_weekends_need_no_row() -> None:
    weekend = date(2026, 1, 3) + timedelta(days=1)
    assert not CALENDARS.latest(Nation.ENGLAND).is_working_day(weekend)
    assert weekend not in CALENDARS.latest(Nation.ENGLAND).holidays
