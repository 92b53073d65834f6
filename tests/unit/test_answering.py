"""What a page says about what was typed, word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.answering import Validated, validate
from app.domain.form import Form, Question, QuestionKind
from app.domain.questionnaire import ask
from app.domain.vocabulary import Kind
from tests.unit.filling import FORMS, ONE_WORKPLACE, PLAIN, TODAY, fill_in, option, page_of, question, typed

SELF = FORMS[Kind.SELF_REPORT]
CONCERN = FORMS[Kind.CONCERN]
ADVICE = FORMS[Kind.ADVICE]

DAY = question("day", QuestionKind.DATE, name="the date you realised", empty="Enter the date you realised")
WORDS = question("words", QuestionKind.TEXTAREA, name="what happened", limit=20)
PICK = question("pick", QuestionKind.RADIOS, options=(option("a"), option("b")), empty="Select one")
TICK = question(
    "tick", QuestionKind.CHECKBOXES, options=(option("a"), option("b"), option("none", is_alone=True))
)


def check(asked: Question, **sent: str | list[str]) -> Validated:
    """Validate one made-up question. Underscores in names stand for the hyphens of date fields."""
    lists = {
        name.replace("_", "-"): [value] if isinstance(value, str) else value for name, value in sent.items()
    }
    return validate(page_of(asked), lists, today=TODAY)


def says(asked: Question, **sent: str | list[str]) -> list[str]:
    return [problem.message for problem in check(asked, **sent).problems]


def on_page(form: Form, page: str, sent: dict[str, list[str]], **answers: str | list[str]) -> Validated:
    return validate(ask(form, page, fill_in(form, **answers), ONE_WORKPLACE), sent, today=TODAY)


@pytest.mark.parametrize(
    ("form", "page", "messages"),
    [
        (SELF, "risk-now", ["Select yes if somebody is at risk of harm today"]),
        (SELF, "about", ["Select what this is mainly about"]),
        (CONCERN, "about", ["Select what it is mainly about"]),
        (SELF, "detail", ["Select the answer that fits best"]),
        (SELF, "where-when", ["Select where it was", "Enter the date it was posted or sent"]),
        (SELF, "seen", ["Select who could see it", "Select yes if it is still there, or I do not know"]),
        (
            SELF,
            "affected",
            ["Select whether anyone could recognise a patient", "Select what effect it has had"],
        ),
        (SELF, "patient-how", ["Select how the patient was shown"]),
        (
            SELF,
            "patient-more",
            ["Select whose information it is", "Enter the date you realised", "Select how many patients"],
        ),
        (SELF, "happened", ["Tell us what happened, in a few words"]),
        (SELF, "tell", ["Select who you want to tell"]),
        (SELF, "workplace", ["Select the workplace this is about"]),
        (CONCERN, "saw", ["Tell us what you saw or read"]),
        (
            CONCERN,
            "subject",
            [
                "Find the person, enter their GMC number, or select 'They are not in the list, or I am not sure'",
                "Select any that apply, or select 'None of these'",
            ],
        ),
        (
            CONCERN,
            "risk",
            ["Select what could be at risk, or select 'None of these' or 'I am not sure'"],
        ),
        (CONCERN, "know", ["Select how you know about it", "Select whether it has happened before"]),
        (CONCERN, "keep-away", []),
        (ADVICE, "mdo", ["Select your MDO"]),
        (ADVICE, "role", ["Select what you need advice about"]),
        (ADVICE, "contacts", ["Select who already knows, or select 'Nobody yet'"]),
    ],
)
def test_an_empty_page_says_what_is_missing(form: Form, page: str, messages: list[str]) -> None:
    answers = fill_in(form, patient="insiders", about="tone")
    checked = validate(ask(form, page, answers, ONE_WORKPLACE), {}, today=TODAY)
    assert [problem.message for problem in checked.problems] == messages


@pytest.mark.parametrize(
    ("page", "sent", "message"),
    [
        ("where-when", {"platform": ["other"]}, "Enter the name of the site or app"),
        ("patient-more", {"holder": ["other_org"]}, "Enter the name of the organisation"),
        ("tell", {"tell": ["both"]}, "Select your MDO, or choose to tell your supervisor only"),
        ("tell", {"tell": ["mdo"]}, "Select your MDO, or choose to tell your supervisor only"),
    ],
)
def test_a_choice_may_need_more_to_be_said(page: str, sent: dict[str, list[str]], message: str) -> None:
    assert message in [one.message for one in on_page(SELF, page, sent).problems]


@pytest.mark.parametrize("number", ["", "123456", "12345678", "12345a7", "١٢٣٤٥٦٧"])
def test_a_gmc_number_has_seven_numbers(number: str) -> None:
    sent = {"subject": ["gmc_number"], "gmc_number": [number], "relations": ["none"]}
    assert [one.message for one in on_page(CONCERN, "subject", sent).problems] == [
        "GMC number must be 7 numbers"
    ]


def test_spaces_in_a_gmc_number_are_forgiven() -> None:
    sent = {"subject": ["gmc_number"], "gmc_number": [" 701 2345 "], "relations": ["none"]}
    assert on_page(CONCERN, "subject", sent).answers["gmc_number"] == "7012345"


def test_choosing_the_list_needs_a_person() -> None:
    checked = on_page(CONCERN, "subject", {"subject": ["directory"], "relations": ["none"]})
    assert [(one.field, one.message[:15]) for one in checked.problems] == [
        ("subject_person", "Find the person")
    ]


def test_what_hangs_on_another_choice_is_not_read() -> None:
    sent = {"tell": ["supervisor"], "mdo": ["harbour"], "membership_number": ["HM-40417"]}
    assert on_page(SELF, "tell", sent).answers == {"tell": "supervisor"}


# Texts


def test_a_text_of_exactly_the_limit_is_taken() -> None:
    assert check(WORDS, words="x" * 20).answers == {"words": "x" * 20}


def test_a_longer_text_is_told_how_much_too_long_it_is() -> None:
    assert says(WORDS, words="x" * 21) == ["What happened must be 20 characters or fewer. You have used 21"]


def test_large_numbers_are_written_with_commas() -> None:
    long = question("long", QuestionKind.TEXTAREA, name="what happened", limit=10_000)
    assert says(long, long="x" * 1_000_000) == [
        "What happened must be 10,000 characters or fewer. You have used 1,000,000"
    ]


def test_line_ends_count_once() -> None:
    assert check(WORDS, words="one\r\ntwo\rthree").answers == {"words": "one\ntwo\nthree"}


@pytest.mark.parametrize("letter", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"])
def test_characters_that_cannot_be_kept_are_refused(letter: str) -> None:
    assert says(WORDS, words=f"a{letter}b") == [
        "What happened includes characters we cannot save. Delete them and try again"
    ]


def test_a_new_line_in_a_single_line_is_refused() -> None:
    line = question("line", QuestionKind.TEXT, name="name", limit=20)
    assert says(line, line="a\nb") == ["Name includes characters we cannot save. Delete them and try again"]


def test_a_tab_becomes_a_space() -> None:
    assert check(WORDS, words="a\tb").answers == {"words": "a b"}


@pytest.mark.parametrize("text", ["<script>alert(1)</script>"[:20], "👩‍⚕️ naïve ŵ", "' OR 1=1 --"])
def test_odd_but_honest_characters_are_kept_as_they_are(text: str) -> None:
    assert check(WORDS, words=text).answers == {"words": text}


@pytest.mark.parametrize("text", ["", "   ", "\n\r\n"])
def test_an_empty_optional_text_is_no_answer(text: str) -> None:
    checked = check(WORDS, words=text)
    assert (dict(checked.answers), checked.problems) == ({}, ())


def test_only_spaces_are_no_answer_where_one_is_needed() -> None:
    needed = question("words", QuestionKind.TEXTAREA, name="it", limit=20, empty="Tell us")
    assert says(needed, words="  \n ") == ["Tell us"]


# Choices


def test_a_value_that_is_not_on_the_page_is_refused() -> None:
    assert says(PICK, pick="c") == ["Select one of the options on this page"]


def test_two_values_for_one_choice_are_refused() -> None:
    assert says(PICK, pick=["a", "b"]) == ["Select one of the options on this page"]


def test_a_ticked_value_that_is_not_on_the_page_is_refused() -> None:
    assert says(TICK, tick=["a", "c"]) == ["Select one of the options on this page"]


def test_ticks_are_kept_in_the_order_of_the_page() -> None:
    assert check(TICK, tick=["b", "a", "a"]).answers == {"tick": ["a", "b"]}


def test_none_cannot_stand_beside_others() -> None:
    assert says(TICK, tick=["a", "none"]) == ["Select what applies, or select 'None'. You cannot select both"]


@pytest.mark.parametrize("form", [CONCERN])
def test_the_two_lone_answers_about_risk_cannot_stand_together(form: Form) -> None:
    checked = on_page(form, "risk", {"risk": ["none", "unsure"]})
    assert [one.message for one in checked.problems] == [
        "Select what applies, or select 'None of these'. You cannot select both"
    ]


# Dates


@pytest.mark.parametrize(
    ("day", "month", "year", "message", "field"),
    [
        ("", "", "", "Enter the date you realised", "day-day"),
        ("", "4", "2026", "The date you realised must include a day", "day-day"),
        ("1", "", "2026", "The date you realised must include a month", "day-month"),
        ("1", "4", "", "The date you realised must include a year", "day-year"),
        ("", "", "2026", "The date you realised must include a day and month", "day-day"),
        ("31", "4", "2026", "The date you realised must be a real date", "day-day"),
        ("30", "2", "2024", "The date you realised must be a real date", "day-day"),
        ("x", "4", "2026", "The date you realised must be a real date", "day-day"),
        ("-1", "4", "2026", "The date you realised must be a real date", "day-day"),
        ("1", "13", "2026", "The date you realised must be a real date", "day-day"),
        ("1", "4", "0000", "The date you realised must be a real date", "day-day"),
        ("1", "٤", "2026", "The date you realised must be a real date", "day-day"),
        ("1", "4", "26", "Year must have 4 numbers, like 2026", "day-year"),
        ("1", "4", "20266", "Year must have 4 numbers, like 2026", "day-year"),
        ("3", "4", "2026", "The date you realised must be today or in the past", "day-day"),
        ("31", "12", "1989", "The date you realised must be 1 January 1990 or later", "day-day"),
    ],
)
def test_a_date_that_cannot_be_is_told_why(day: str, month: str, year: str, message: str, field: str) -> None:
    checked = check(DAY, day_day=day, day_month=month, day_year=year)
    assert [(one.message, one.field) for one in checked.problems] == [(message, field)]


@pytest.mark.parametrize(
    ("day", "month", "year", "kept"),
    [
        ("2", "4", "2026", "2026-04-02"),
        ("01", "01", "1990", "1990-01-01"),
        (" 29 ", "2", "2024", "2024-02-29"),
    ],
)
def test_a_real_date_is_kept(day: str, month: str, year: str, kept: str) -> None:
    assert check(DAY, day_day=day, day_month=month, day_year=year).answers == {"day": kept}


def test_a_number_of_absurd_length_is_not_a_date() -> None:
    assert says(DAY, day_day="9" * 5000, day_month="1", day_year="2026") == [
        "The date you realised must be a real date"
    ]


def test_an_optional_date_may_stay_empty() -> None:
    optional = question("day", QuestionKind.DATE, name="the date it was taken down")
    assert check(optional).problems == ()


def test_a_date_to_answer_by_may_be_in_the_future() -> None:
    sent = {"contacts": ["nobody"]} | dict(
        zip(("answer_by-day", "answer_by-month", "answer_by-year"), (["1"], ["5"], ["2026"]), strict=True)
    )
    assert on_page(ADVICE, "contacts", sent).answers["answer_by"] == "2026-05-01"


def test_a_date_to_answer_by_must_be_real() -> None:
    sent = {
        "contacts": ["nobody"],
        "answer_by-day": ["31"],
        "answer_by-month": ["2"],
        "answer_by-year": ["2026"],
    }
    assert [one.message for one in on_page(ADVICE, "contacts", sent).problems] == [
        "The date you must answer by must be a real date"
    ]


@pytest.mark.parametrize(
    ("page", "sent", "message"),
    [
        (
            "seen",
            {"visibility": ["V4"], "still_live": ["no"]} | typed(page_of(
                question("removed_on", QuestionKind.DATE)), {"removed_on": "2026-03-31"}),
            "The date it was taken down must be the same as or after the date it was posted",
        ),
        (
            "patient-more",
            {"holder": ["own"], "how_many": ["1"]} | typed(page_of(
                question("realised_on", QuestionKind.DATE)), {"realised_on": "2026-03-31"}),
            "The date you realised must be the same as or after the date it was posted",
        ),
    ],
)  # fmt: skip
def test_nothing_happens_before_it_was_posted(page: str, sent: dict[str, list[str]], message: str) -> None:
    checked = on_page(SELF, page, sent, posted_on="2026-04-01", patient="anyone")
    assert [one.message for one in checked.problems] == [message]


def test_taken_down_on_the_day_it_was_posted_is_possible() -> None:
    sent = {"visibility": ["V4"], "still_live": ["no"], **date_fields("removed_on", "2026-04-01")}
    assert on_page(SELF, "seen", sent, posted_on="2026-04-01").answers["removed_on"] == "2026-04-01"


def date_fields(code: str, day: str) -> dict[str, list[str]]:
    return typed(page_of(question(code, QuestionKind.DATE)), {code: day})


def test_a_date_that_nobody_knows_may_be_left_out() -> None:
    sent = {"platform": ["x"], "date_unknown": ["yes"]}
    assert on_page(CONCERN, "where-when", sent).answers == {"platform": "x", "date_unknown": ["yes"]}


def test_a_date_and_not_knowing_it_contradict_each_other() -> None:
    sent = {"platform": ["x"], "date_unknown": ["yes"], **date_fields("posted_on", "2026-04-01")}
    assert [one.message for one in on_page(CONCERN, "where-when", sent).problems] == [
        "Enter the date it was posted or sent, or select 'I do not know'. You cannot do both"
    ]


# Times


def removed(day: str, clock: str) -> Validated:
    sent = {
        "visibility": ["V4"],
        "still_live": ["no"],
        "removed_time": [clock],
        **date_fields("removed_on", day),
    }
    return on_page(SELF, "seen", sent, posted_on="2026-01-01")


@pytest.mark.parametrize(
    ("typed_in", "kept"),
    [
        ("14:30", "14:30"),
        ("9.05", "09:05"),
        ("2pm", "14:00"),
        ("2:30 PM", "14:30"),
        ("12am", "00:00"),
        ("12pm", "12:00"),
    ],
)
def test_a_time_can_be_written_in_several_ways(typed_in: str, kept: str) -> None:
    assert removed("2026-04-01", typed_in).answers["removed_time"] == kept


@pytest.mark.parametrize("typed_in", ["14", "25:00", "13pm", "0pm", "noon", "12:60", "٢pm"])
def test_a_time_that_cannot_be_is_refused(typed_in: str) -> None:
    assert [one.message for one in removed("2026-04-01", typed_in).problems] == [
        "The time it was taken down must be a real time, like 2:30pm or 14:30"
    ]


def test_an_hour_that_the_clocks_skipped_is_refused() -> None:
    assert [one.field for one in removed("2026-03-29", "1:30am").problems] == ["removed_time"]


def test_a_time_needs_its_date() -> None:
    sent = {"visibility": ["V4"], "still_live": ["no"], "removed_time": ["2pm"]}
    checked = on_page(SELF, "seen", sent)
    assert [(one.field, one.message) for one in checked.problems] == [
        ("removed_on-day", "Enter the date it was taken down")
    ]


def test_a_time_does_not_repeat_the_error_of_its_date() -> None:
    sent = {"visibility": ["V4"], "still_live": ["no"], "removed_time": ["2pm"], "removed_on-day": ["1"]}
    assert len(on_page(SELF, "seen", sent).problems) == 1


# The page as a whole


def test_problems_come_in_the_order_of_the_page() -> None:
    checked = on_page(SELF, "where-when", {"platform": ["nowhere"]})
    assert [one.field for one in checked.problems] == ["platform", "posted_on-day"]


def test_good_answers_survive_beside_bad_ones() -> None:
    assert on_page(SELF, "where-when", {"platform": ["x"]}).answers == {"platform": "x"}


def test_what_was_typed_is_handed_back_untouched() -> None:
    sent = {"words": ["  x\r\n" * 50]}
    assert validate(page_of(WORDS), sent, today=TODAY).submitted == sent


@pytest.mark.parametrize("form", list(FORMS.values()))
def test_fields_of_other_pages_are_not_read(form: Form) -> None:
    first = ask(form, form.pages[0].code, {}, ONE_WORKPLACE)
    sent = {**typed(first, PLAIN), "severity": ["LOW"], "harm": ["H4"], "form_version": ["9"]}
    assert set(validate(first, sent, today=TODAY).answers) <= {one.code for one in first.questions}


junk = st.dictionaries(
    st.sampled_from(["platform", "platform_name", "posted_on-day", "posted_on-month", "posted_on-year", "x"]),
    st.lists(st.text(max_size=12), max_size=3),
)


@given(junk)
def test_whatever_is_sent_there_is_an_answer_or_a_message_and_never_an_error(
    sent: dict[str, list[str]],
) -> None:
    checked = on_page(SELF, "where-when", sent)
    assert {"platform", "posted_on"} <= set(checked.answers) | {one.question for one in checked.problems}
