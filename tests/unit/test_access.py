"""Addresses to go on to, waits, passwords and days: the small rules around coming in."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.serve import THREADS
from app.domain.errors import InvalidInput, TryAgainLater
from app.services import passwords
from app.services.accounts import is_address, normal_address, session_id_of
from app.services.passwords import Passwords, check_new
from app.services.people import gmc_digits
from app.services.throttling import CODE, SENDING, SIGN_IN, Pace
from app.web.access import local_path
from app.web.forms import parsed_day


@pytest.fixture(scope="module")
def cheap() -> Passwords:
    return Passwords(time_cost=1, memory_kib=8)


@pytest.mark.parametrize("address", ["/", "/cases", "/cases?view=due&after=3", "/reports/C-7K3F-9QMX-H"])
def test_an_address_of_this_site_is_gone_on_to(address):
    assert local_path(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "cases",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "\\/elsewhere.example",
        "https://elsewhere.example/",
        "javascript:alert(1)",
        "/\t/elsewhere.example",
        "/cases\r\nSet-Cookie: x=y",
        "/a\\..\\b",
        " /cases",
    ],
)
def test_any_other_address_is_not(address):
    assert local_path(address) is None


@pytest.mark.parametrize("address", ["a@b.org", "a.b+c@d-e.nhs.uk"])
def test_an_address_that_could_be_written_to_is_one(address):
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@b",
        "@b.org",
        "a@",
        "a@b..org",
        "a@.b.org",
        "a@b.org.",
        "a@b@c.org",
        "a b@c.org",
        "a\u202eb@c.org",
        "a\x07@c.org",
        "a\n@c.org",
        "a\u00a0@c.org",
        f"{'a' * 250}@b.org",
    ],
)
def test_what_nobody_could_write_to_is_no_address(address):
    assert not is_address(address)


@given(st.text())
def test_nothing_that_is_gone_on_to_leads_to_another_host(text):
    kept = local_path(text)
    assert kept is None or (kept[0] == "/" and kept[1:2] not in {"/", "\\"} and kept.isprintable())


@given(st.sampled_from([SIGN_IN, CODE, SENDING]), st.integers(1, 10_000))
def test_a_wait_never_shrinks_and_never_passes_its_longest(pace, tries):
    wait, following = pace.wait_after(tries), pace.wait_after(tries + 1)
    assert timedelta(0) <= wait <= following <= timedelta(seconds=pace.longest)


def test_mistyping_a_few_times_costs_nothing():
    assert [SIGN_IN.wait_after(tries).total_seconds() for tries in range(1, 8)] == [0, 0, 0, 0, 60, 120, 240]
    assert Pace(free=1, first=5, longest=5).wait_after(9) == timedelta(seconds=5)


def test_a_session_is_known_by_the_hash_of_its_token():
    assert session_id_of("token").hex().startswith("3c469e9d6c5875d37a43f353d4f88e61")
    assert len(session_id_of("")) == 32


@pytest.mark.parametrize("text", ["a@b.example", "A.B+c@example.org", "ünï@example.org"])
def test_these_could_be_addresses(text):
    assert is_address(normal_address(f"  {text} "))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a@",
        "@example.org",
        "a@b",
        "a b@example.org",
        "a\x00@example.org",
        f"{'x' * 250}@example.org",
        "a@.",
    ],
)
def test_these_could_not(text):
    assert not is_address(text)


@given(st.text(), st.text())
def test_only_the_password_that_was_hashed_is_right(given_password, other):
    queue = Passwords(time_cost=1, memory_kib=8)
    hashed = queue.hash(given_password[:200])
    assert queue.is_right(given_password[:200], expected=hashed)
    assert queue.is_right(other, expected=hashed) == (other == given_password[:200])


def test_nobody_has_no_password_not_even_an_empty_one(cheap):
    assert not cheap.is_right("", expected=None)
    assert not cheap.is_right("", expected="")


def test_a_password_beyond_any_length_is_wrong_and_not_hashed_whole(cheap):
    hashed = cheap.hash("")
    assert not cheap.is_right("x" * 10_000_000, expected=hashed)


def test_a_hash_is_renewed_only_when_its_parameters_changed(cheap):
    old = Passwords(time_cost=2, memory_kib=8).hash("seven brown kettles")
    renewed = cheap.renewed("seven brown kettles", expected=old)
    assert renewed != old
    assert cheap.renewed("seven brown kettles", expected=renewed) == renewed


def test_whoever_waits_for_a_password_leaves_half_of_the_threads_to_others():
    assert passwords.AT_ONCE < passwords.LONGEST_QUEUE <= THREADS // 2


def test_the_queue_turns_people_away_rather_than_growing(cheap, monkeypatch):
    monkeypatch.setattr(passwords, "LONGEST_QUEUE", 1)
    with cheap.turn(), pytest.raises(TryAgainLater), cheap.turn():
        pass
    with cheap.turn():
        assert True


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "too-short"),
        ("x" * 201, "too-long"),
        ("twelve\x00characters", "odd"),
        ("two lines\nof words", "odd"),
        ("Wren@Example.org", "is-address"),
    ],
)
def test_a_password_that_cannot_be_kept_says_why(password, code):
    with pytest.raises(InvalidInput) as refused:
        check_new(password, address="wren@example.org")
    assert (refused.value.field, refused.value.code) == ("password", code)


@pytest.mark.parametrize(
    ("text", "digits"),
    [("7999999", "7999999"), ("C7999999", "7999999"), (" c799 9999 ", "7999999"), ("", None), (None, None)],
)
def test_a_gmc_number_is_kept_as_seven_digits(text, digits):
    assert gmc_digits(text) == digits


@pytest.mark.parametrize("text", ["799999", "79999999", "D7999999", "٧٩٩٩٩٩٩", "C", "7999999x"])
def test_anything_else_is_no_gmc_number(text):
    with pytest.raises(InvalidInput):
        gmc_digits(text)


@pytest.mark.parametrize(
    "text", ["27 3 2026", "27/3/2026", "27/03/2026", "27.3.2026", "27 March 2026", " 27 mar 2026 "]
)
def test_a_day_is_read_as_people_write_it(text):
    assert parsed_day(text) == date(2026, 3, 27)


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 12, 31)))
def test_every_day_is_read_back(day):
    assert parsed_day(f"{day.day} {day.month} {day.year}") == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "31 2 2026",
        "29 2 2026",
        "0 1 2026",
        "1 13 2026",
        "1 1 1066",
        "1 1 99999",
        "1 foo 2026",
        "1\x00 1 2026",
        "١ ١ ٢٠٢٦x",
    ],
)
def test_anything_else_is_no_day(text):
    assert parsed_day(text) is None
