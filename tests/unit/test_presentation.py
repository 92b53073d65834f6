"""How instants, reasons and vocabularies read."""

from datetime import UTC, date, datetime
from enum import StrEnum

import pytest
from flask import Flask
from jinja2 import UndefinedError

from app.domain import vocabulary
from app.domain.deadlines import explain
from app.domain.limits import Limit
from app.domain.vocabulary import Kind, Nation, Outcome, Role
from app.queries.case_file import AnswerRead
from app.services.calendars import load_calendars
from app.services.definitions import definition_from, shipped_sources
from app.web import moments, presentation, prose, reasons, words
from app.web.casework import wording

TUESDAY_MORNING = datetime(2026, 4, 7, 9, 5, tzinfo=UTC)  # 10:05am in London
FIVE_THAT_DAY = datetime(2026, 4, 7, 16, tzinfo=UTC)
# What a text is for is said by the page on which it stands.
UNSPOKEN = {vocabulary.MessageKind}
VOCABULARY = [
    member
    for kind in vars(vocabulary).values()
    if isinstance(kind, type) and issubclass(kind, StrEnum) and kind not in UNSPOKEN
    for member in kind
]


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (datetime(2026, 1, 6, 17, tzinfo=UTC), "Tuesday 6 January 2026 at 5pm"),
        (datetime(2026, 7, 6, 17, tzinfo=UTC), "Monday 6 July 2026 at 6pm"),
        (datetime(2026, 1, 6, 9, 5, tzinfo=UTC), "Tuesday 6 January 2026 at 9:05am"),
        (datetime(2026, 1, 6, 12, tzinfo=UTC), "Tuesday 6 January 2026 at midday"),
        (datetime(2026, 1, 6, 0, tzinfo=UTC), "Tuesday 6 January 2026 at 12am (start of the day)"),
        (datetime(2026, 1, 6, 12, 30, tzinfo=UTC), "Tuesday 6 January 2026 at 12:30pm"),
        (datetime(2026, 1, 6, 0, 30, tzinfo=UTC), "Tuesday 6 January 2026 at 12:30am"),
        (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), "Wednesday 1 July 2026 at 12:30am"),
    ],
)
def test_a_moment_is_written_as_people_in_london_say_it(instant, written):
    assert moments.moment(instant) == written


def test_an_instant_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        moments.moment(datetime(2026, 1, 6, 17))


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (FIVE_THAT_DAY, "Today, 5pm"),
        (datetime(2026, 4, 8, 16, tzinfo=UTC), "Tomorrow, 5pm"),
        (datetime(2026, 4, 9, 16, tzinfo=UTC), "Thu 9 Apr, 5pm"),
        (datetime(2027, 4, 9, 16, tzinfo=UTC), "Fri 9 Apr 2027, 5pm"),
        (datetime(2026, 4, 7, 22, 59, tzinfo=UTC), "Today, 11:59pm"),
        (datetime(2026, 4, 7, 23, 0, tzinfo=UTC), "Tomorrow, 12am (start of the day)"),
    ],
)
def test_rows_say_when_in_a_few_words(instant, written):
    assert moments.short_moment(instant, TUESDAY_MORNING) == written


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (datetime(2026, 4, 7, 9, 4, tzinfo=UTC), "Today, 10:04am"),
        (datetime(2026, 4, 2, 18, 55, tzinfo=UTC), "Thursday 2 April, 7:55pm"),
        (datetime(2025, 11, 14, 9, tzinfo=UTC), "Friday 14 November 2025, 9am"),
    ],
)
def test_messages_say_when_they_came(instant, written):
    assert moments.stamp(instant, TUESDAY_MORNING) == written


@pytest.mark.parametrize(
    ("due", "written"),
    [
        (FIVE_THAT_DAY, "Due today at 5pm"),
        (datetime(2026, 5, 5, 16, tzinfo=UTC), "Due Tuesday 5 May 2026 at 5pm"),
        (datetime(2026, 4, 6, 16, tzinfo=UTC), "Overdue since Monday 6 April 2026 at 5pm"),
        (datetime(2026, 4, 7, 9, 4, tzinfo=UTC), "Overdue since Tuesday 7 April 2026 at 10:04am"),
    ],
)
def test_a_deadline_says_due_or_overdue(due, written):
    assert moments.due_in_words(due, TUESDAY_MORNING) == written


@pytest.mark.parametrize(
    ("due", "kind"),
    [
        (datetime(2026, 4, 7, 9, 4, tzinfo=UTC), "late"),
        (TUESDAY_MORNING, "due"),
        (datetime(2026, 4, 7, 22, 59, tzinfo=UTC), "due"),
        (datetime(2026, 4, 7, 23, 0, tzinfo=UTC), "later"),
    ],
)
def test_only_what_is_due_today_by_londons_day_is_amber(due, kind):
    assert moments.due_kind(due, TUESDAY_MORNING) == kind


@pytest.mark.parametrize(
    ("due", "written"),
    [
        (FIVE_THAT_DAY, "in 6 h 55 min"),
        (datetime(2026, 4, 7, 11, 5, tzinfo=UTC), "in 2 h"),
        (datetime(2026, 4, 7, 9, 50, tzinfo=UTC), "in 45 min"),
        (datetime(2026, 4, 8, 9, 5, tzinfo=UTC), "in 1 day"),
        (datetime(2026, 4, 10, 16, tzinfo=UTC), "in 3 days"),
    ],
)
def test_time_left_is_exact_until_a_day_remains(due, written):
    assert moments.time_left(due, TUESDAY_MORNING) == written


@pytest.mark.parametrize(
    ("due", "written"),
    [
        (datetime(2026, 4, 6, 19, tzinfo=UTC), "14 hours late"),
        (datetime(2026, 4, 1, 16, tzinfo=UTC), "5 days late"),
        (datetime(2026, 4, 7, 9, 4, tzinfo=UTC), "1 minute late"),
    ],
)
def test_lateness_says_the_largest_unit(due, written):
    assert moments.lateness(due, TUESDAY_MORNING) == written


@pytest.mark.parametrize("value", VOCABULARY)
def test_every_word_of_every_vocabulary_can_be_read(value):
    assert words.words(value).strip()


def test_members_that_share_a_stored_value_keep_their_own_words():
    assert words.words(vocabulary.Kind.ADVICE) == "Advice"
    assert words.words(Outcome.ADVICE) == "Advice was given"


@pytest.mark.parametrize("role", Role)
def test_every_role_fits_into_a_sentence(role):
    assert words.role_in_sentence(role).split()[0] in {"the", "a", "an"}


def test_a_sentence_begins_with_a_capital_and_keeps_the_others():
    assert words.sentence("the Caldicott Guardian") == "The Caldicott Guardian"


def test_malicious_is_no_word_of_ours():
    shown = [words.words(outcome) for outcome in Outcome]
    assert not [text for text in shown if "malicious" in text.lower()]


def shipped_definitions():
    return {one.kind: one for one in map(definition_from, shipped_sources())}


def test_staff_read_how_a_case_closed_and_what_is_still_open():
    states = shipped_definitions()[Kind.SELF_REPORT].states
    assert words.state_words(states["closed"], outcome=Outcome.LEARNING) == "Closed: Learning was agreed"
    assert words.state_words(states["actions_agreed"], open_actions=2) == "Actions agreed, 2 open"
    assert words.state_words(states["in_review"]) == "In review"


def test_every_state_has_a_mark_and_none_has_a_colour_of_time():
    defined = {name for one in shipped_definitions().values() for name in one.states}
    assert set(words.STATES) == defined
    assert set(words.STATES.values()) == {"new", "go", "wait", "done"}


@pytest.mark.parametrize(
    ("count", "written"), [(0, "0"), (999, "999"), (1000, "1,000"), (1001, "1,000+"), (10**6, "1,000+")]
)
def test_counts_stop_at_a_thousand(count, written):
    assert words.capped(count) == written


def test_the_reasons_for_a_date_read_as_sentences_and_as_days():
    answer = explain(
        datetime(2026, 4, 2, 17, 40, tzinfo=UTC),
        Limit.parse("1 working day"),
        calendar=load_calendars().latest(Nation.ENGLAND),
    )
    lines, days = reasons.why_lines(answer), reasons.why_days(answer)
    assert lines[0] == "It started on Thursday 2 April 2026 at 6:40pm. That day is day 0, at any hour."
    assert lines[-1] == "Due Tuesday 7 April 2026 at 5pm."
    assert [(day.number, day.kind) for day in days] == [
        (2, "start"),
        (3, "off"),
        (4, "off"),
        (5, "off"),
        (6, "off"),
        (7, "end"),
    ]
    assert [day.note for day in days] == ["day 0", "holiday", "–", "–", "holiday", "day 1"]


@pytest.mark.parametrize(
    "text", ["72 hours", "30 minutes", "4 working hours", "20 working days", "3 months", "2 weeks"]
)
def test_every_unit_has_reasons_that_end_with_the_date(text):
    answer = explain(
        datetime(2026, 3, 27, 17, 40, tzinfo=UTC),
        Limit.parse(text),
        calendar=load_calendars().latest(Nation.SCOTLAND),
    )
    assert reasons.why_lines(answer)[-1].startswith("Due ")


def test_hours_have_no_strip_of_days():
    answer = explain(TUESDAY_MORNING, Limit.parse("72 hours"), calendar=load_calendars().latest(Nation.WALES))
    assert reasons.why_days(answer) == []


def test_peoples_text_is_never_markup():
    assert "<script" not in presentation.paragraphs("<script>alert(1)</script>")


def test_peoples_text_keeps_its_lines_and_paragraphs():
    assert presentation.paragraphs("one\r\ntwo\n\n\nthree") == "<p>one<br>two</p><p>three</p>"


def test_our_own_text_may_hold_no_html():
    assert "<img" not in prose.markdown("<img src=x onerror=alert(1)>")


def test_a_wide_table_can_be_scrolled_by_keyboard():
    html = prose.markdown("| A | B |\n|---|---|\n| 1 | 2 |", "Duties & rights")
    assert (
        '<div class="app-scroll" tabindex="0" role="region" aria-label="Duties &amp; rights"><table' in html
    )
    assert '<th scope="col">A</th>' in html


def test_the_first_error_of_a_nested_form_is_found():
    assert presentation.first_error({"day": ["Enter a day"], "year": ["Enter a year"]}) == "Enter a day"


@pytest.mark.parametrize("nothing", [[], {}, "", None])
def test_no_error_is_no_words(nothing):
    assert presentation.first_error(nothing) == ""


def test_a_template_that_prints_what_is_not_there_fails():
    app = Flask(__name__)
    app.jinja_env.undefined = presentation.StrictUndefined
    with pytest.raises(UndefinedError):
        app.jinja_env.from_string("{{ case.owner.name }}").render(case={})


def test_a_template_may_ask_whether_something_is_there():
    app = Flask(__name__)
    app.jinja_env.undefined = presentation.StrictUndefined
    assert (
        app.jinja_env.from_string("{% if case.owner.name %}yes{% else %}no{% endif %}").render(case={})
        == "no"
    )


def test_a_day_is_a_day_whatever_the_hour():
    assert moments.long_date(date(2026, 1, 6)) == "Tuesday 6 January 2026"


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("2026-11-20", "Friday 20 November 2026"),
        ("18:30", "6:30pm"),
        ("In 2026, in a bar", "In 2026, in a bar"),
    ],
)
def test_an_answer_says_days_and_times_as_people_do(stored, said):
    one = AnswerRead(question="q", page="p", version=1, wording="When?", value=stored, words=stored)
    assert wording.answer_words(one) == said
