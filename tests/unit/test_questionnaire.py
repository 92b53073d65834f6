"""Which pages a form shows, in which order, and how many."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.form import Form, Page, PageKind, Question, QuestionKind
from app.domain.questionnaire import (
    about_how_many,
    ask,
    how_many_answers,
    missing,
    next_page,
    page_number,
    previous_page,
    prune,
    route,
    with_page,
)
from app.domain.vocabulary import Kind
from app.services.categories import load_cards
from tests.unit.filling import (
    BRACKENDALE,
    FORMS,
    LARKFIELD,
    ONE_WORKPLACE,
    PLAIN,
    WORDS,
    Answers,
    context,
    fill_in,
    journey,
)

SELF = FORMS[Kind.SELF_REPORT]
CONCERN = FORMS[Kind.CONCERN]
ADVICE = FORMS[Kind.ADVICE]
TWO_WORKPLACES = context(workplaces=(LARKFIELD, BRACKENDALE))

POST = {"about": "tone", "patient": "none"}
PATIENT = {"about": "patient", "patient": "pieced"}
ELSE_WITH_PATIENT = {"about": "tone", "patient": "insiders"}


@pytest.mark.parametrize(
    ("form", "answers", "pages", "must_answer"),
    [
        (SELF, {**POST, "tell": "supervisor"}, 9, 11),
        (SELF, {**POST, "tell": "both"}, 9, 12),
        (SELF, {**POST, "tell": "mdo"}, 9, 12),
        (SELF, {**PATIENT, "tell": "supervisor"}, 10, 14),
        (SELF, {**PATIENT, "tell": "mdo"}, 10, 15),
        (SELF, {**ELSE_WITH_PATIENT, "tell": "supervisor"}, 11, 15),
        (SELF, {**ELSE_WITH_PATIENT, "tell": "both"}, 11, 16),
        (CONCERN, POST, 12, 15),
        (CONCERN, PATIENT, 13, 17),
        (CONCERN, ELSE_WITH_PATIENT, 14, 18),
        (ADVICE, POST, 10, 11),
        (ADVICE, {"role": "letter"}, 5, 4),
        (ADVICE, {"role": "other"}, 5, 4),
        (ADVICE, PATIENT, 11, 13),
        (ADVICE, ELSE_WITH_PATIENT, 12, 14),
    ],
)
def test_a_journey_has_as_many_pages_and_answers_as_promised(
    form: Form, answers: dict[str, Any], pages: int, must_answer: int
) -> None:
    filled = fill_in(form, **answers)
    counted = (about_how_many(form, filled, ONE_WORKPLACE), how_many_answers(form, filled, ONE_WORKPLACE))
    assert counted == (pages, must_answer)
    assert len(journey(form, **{**answers, "detail": filled.get("detail", "")})) == pages


@pytest.mark.parametrize(
    ("answers", "difference"),
    [
        ({"about": "other"}, -1),
        ({"about": "contact", "detail": "contact.request"}, 0),
        ({"about": "contact", "detail": "contact.lookup_online"}, -1),
        ({"about": "contact", "detail": "contact.lookup_record"}, 0),
        ({"about": "crime", "detail": "crime.child"}, -1),
        ({"about": "crime", "detail": "crime.extreme"}, -1),
        ({"about": "crime", "detail": "crime.intimate"}, -1),
        ({"about": "crime", "detail": "crime.threat"}, +1),
        ({"about": "victim", "detail": "victim.threat"}, +1),
        ({"risk_now": "yes"}, +1),
        ({"risk_now": "unsure"}, +1),
    ],
)
def test_some_answers_make_the_way_longer_or_shorter(answers: dict[str, Any], difference: int) -> None:
    assert about_how_many(SELF, fill_in(SELF, **answers), ONE_WORKPLACE) == 9 + difference


def test_contact_with_a_patient_needs_one_answer_less() -> None:
    usual = how_many_answers(SELF, fill_in(SELF), ONE_WORKPLACE)
    assert how_many_answers(SELF, fill_in(SELF, about="contact"), ONE_WORKPLACE) == usual - 1


@pytest.mark.parametrize("form", [SELF, CONCERN])
def test_several_workplaces_give_one_more_page(form: Form) -> None:
    assert journey(form, TWO_WORKPLACES) == [*journey(form)[:1], "workplace", *journey(form)[1:]]


def test_a_self_report_is_about_nine_pages_before_anything_is_answered() -> None:
    assert about_how_many(SELF, {}, ONE_WORKPLACE) == 9


def test_the_first_question_of_both_forms_is_whether_somebody_is_at_risk() -> None:
    assert [route(form, {}, ONE_WORKPLACE)[0].code for form in (SELF, CONCERN)] == ["risk-now"] * 2


def test_the_plain_self_report_goes_through_its_pages_in_order() -> None:
    assert journey(SELF) == [
        "risk-now", "about", "detail", "where-when", "seen", "affected", "happened", "tell", "check",
    ]  # fmt: skip


def test_the_plain_concern_goes_through_its_pages_in_order() -> None:
    assert journey(CONCERN) == [
        "risk-now", "saw", "about", "detail", "subject", "where-when", "seen", "affected", "risk", "know",
        "keep-away", "check",
    ]  # fmt: skip


def test_a_question_about_a_letter_skips_what_happened_online() -> None:
    assert journey(ADVICE, role="letter") == ["mdo", "role", "happened", "contacts", "check"]


@pytest.mark.parametrize("answer", ["yes", "unsure"])
def test_help_comes_before_anything_else_when_somebody_may_be_at_risk(answer: str) -> None:
    assert journey(SELF, risk_now=answer)[:2] == ["risk-now", "risk-help"]


@pytest.mark.parametrize("detail", ["crime.child", "crime.extreme", "crime.intimate"])
@pytest.mark.parametrize("form", [SELF, CONCERN, ADVICE])
def test_a_picture_that_may_be_illegal_stops_and_then_asks_neither_who_saw_it_nor_who_was_hurt(
    form: Form, detail: str
) -> None:
    pages = journey(form, about="crime", detail=detail)
    assert "stop-image" in pages
    assert not {"seen", "affected", "patient-how", "patient-more"} & set(pages)


@pytest.mark.parametrize("detail", ["crime.threat", "crime.selfharm", "victim.threat"])
def test_danger_stops_first(detail: str) -> None:
    pages = journey(SELF, about=detail.partition(".")[0], detail=detail)
    assert pages[2:4] == ["detail", "stop-danger"]


def test_opening_a_record_asks_about_the_information_but_not_how_the_patient_was_shown() -> None:
    pages = journey(SELF, about="contact", detail="contact.lookup_record")
    assert "patient-more" in pages
    assert not {"seen", "patient-how"} & set(pages)


def test_searching_online_asks_neither() -> None:
    pages = journey(SELF, about="contact", detail="contact.lookup_online")
    assert not {"seen", "patient-how", "patient-more"} & set(pages)


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({"about": "patient", "detail": "patient.words"}, False),
        ({"about": "group", "detail": "group.clinical"}, False),
        ({"about": "group", "detail": "group.wrote"}, True),
        ({"about": "other"}, True),
    ],
)
def test_how_the_patient_was_shown_is_asked_only_where_it_is_not_known(
    answers: dict[str, str], *, asked: bool
) -> None:
    assert ("patient-how" in journey(SELF, **answers, patient="unsure")) is asked


@pytest.mark.parametrize("answer", ["none", "mentioned"])
def test_without_a_recognisable_patient_nothing_more_is_asked_about_one(answer: str) -> None:
    assert not {"patient-how", "patient-more"} & set(journey(SELF, patient=answer))


@pytest.mark.parametrize(
    ("form", "answers", "page", "questions"),
    [
        (SELF, {"about": "contact"}, "affected", ["harm"]),
        (ADVICE, POST, "affected", ["patient"]),
        (
            SELF,
            PATIENT,
            "patient-more",
            ["holder", "holder_name", "realised_on", "realised_time", "how_many"],
        ),
        (CONCERN, PATIENT, "patient-more", ["holder", "holder_name", "how_many"]),
        (ADVICE, PATIENT, "patient-more", ["holder", "holder_name", "realised_on", "realised_time"]),
        (SELF, POST, "where-when", ["platform", "platform_name", "posted_on"]),
        (CONCERN, POST, "where-when", ["platform", "platform_name", "posted_on", "date_unknown"]),
    ],
)
def test_a_page_asks_what_its_form_needs(
    form: Form, answers: dict[str, Any], page: str, questions: list[str]
) -> None:
    asked = ask(form, page, fill_in(form, **answers), ONE_WORKPLACE).questions
    assert [question.code for question in asked] == questions


def test_advice_about_contact_with_a_patient_skips_the_empty_page() -> None:
    assert "affected" not in journey(ADVICE, about="contact", detail="contact.request")


def options(form: Form, page: str, question: str, answers: Answers, **changes: object) -> dict[str, str]:
    asked = ask(form, page, answers, context(**changes))
    found = next(one for one in asked.questions if one.code == question)
    return {option.value: option.label for option in found.options}


def test_detail_offers_only_what_belongs_to_the_matter() -> None:
    offered = options(SELF, "detail", "detail", {"about": "victim"})
    assert list(offered) == ["victim.abuse", "victim.threat"]


def test_having_been_in_a_group_is_offered_to_oneself_only() -> None:
    assert "group.present" in options(SELF, "detail", "detail", {"about": "group"})
    assert "group.present" in options(ADVICE, "detail", "detail", {"about": "group", "role": "mine"})
    assert "group.present" not in options(CONCERN, "detail", "detail", {"about": "group"})


def test_the_patient_can_have_been_shown_in_seven_ways() -> None:
    assert len(options(SELF, "patient-how", "patient_how", {})) == 7


@pytest.mark.parametrize(
    ("form", "role", "words"),
    [
        (SELF, "", "My tone, a joke or an opinion"),
        (CONCERN, "", "Their tone, a joke or an opinion"),
        (ADVICE, "mine", "My tone, a joke or an opinion"),
        (ADVICE, "aboutme", "My tone, a joke or an opinion"),
        (ADVICE, "colleague", "Their tone, a joke or an opinion"),
    ],
)
def test_words_fit_whose_doing_it_was(form: Form, role: str, words: str) -> None:
    assert options(form, "about", "about", {"role": role} if role else {})["tone"] == words


def test_the_patient_is_only_told_where_there_is_one() -> None:
    with_patient = options(SELF, "happened", "done", fill_in(SELF, **PATIENT))
    without = options(SELF, "happened", "done", fill_in(SELF, **POST))
    assert set(with_patient) - set(without) == {"told_patient", "told_dpo"}


def test_securing_a_device_is_only_offered_where_one_was_lost_or_entered() -> None:
    assert "secured" in options(SELF, "happened", "done", fill_in(SELF, about="account"))
    assert "secured" not in options(SELF, "happened", "done", fill_in(SELF))


def test_owning_the_practice_is_not_offered_in_a_concern() -> None:
    assert "own" in options(SELF, "patient-more", "holder", fill_in(SELF, **PATIENT))
    assert "own" not in options(CONCERN, "patient-more", "holder", fill_in(CONCERN, **PATIENT))


def test_none_of_these_workplaces_is_offered_in_a_self_report_only() -> None:
    two = (LARKFIELD, BRACKENDALE)
    offered = options(SELF, "workplace", "workplace", {}, workplaces=two)
    assert list(offered) == ["larkfield", "brackendale", "none"]
    assert list(options(CONCERN, "workplace", "workplace", {}, workplaces=two)) == [
        "larkfield",
        "brackendale",
    ]


def test_from_another_workplace_only_the_mdo_can_be_told() -> None:
    offered = options(SELF, "tell", "tell", {"workplace": "none"}, workplaces=(LARKFIELD, BRACKENDALE))
    assert list(offered) == ["mdo"]


@pytest.mark.parametrize(
    ("form", "answers", "page", "title"),
    [
        (SELF, {"about": "patient"}, "detail", "What happened with the patient's information?"),
        (SELF, {"about": "person"}, "detail", "Which is closest?"),
        (SELF, {"about": "tone"}, "detail", "Was it the tone or the opinion?"),
        (SELF, {"about": "health"}, "detail", "What kind of health content was it?"),
        (SELF, {"about": "contact"}, "detail", "What kind of contact?"),
        (SELF, {"about": "money"}, "detail", "What was it for?"),
        (SELF, {"about": "group"}, "detail", "What was your part?"),
        (CONCERN, {"about": "group"}, "detail", "What happened in the group?"),
        (SELF, {"about": "account"}, "detail", "What happened?"),
        (SELF, {"about": "victim"}, "detail", "What is happening?"),
        (SELF, {"about": "crime"}, "detail", "What is it?"),
        (CONCERN, {"about": "tone"}, "subject", "Who are you concerned about?"),
        (CONCERN, {"about": "victim"}, "subject", "Who is being targeted?"),
        (SELF, {}, "about", "What is this mainly about?"),
        (CONCERN, {}, "about", "What is it mainly about?"),
        (SELF, {}, "happened", "What happened, and what have you done so far?"),
        (ADVICE, {}, "happened", "What happened?"),
    ],
)
def test_a_page_is_named_by_what_was_answered(form: Form, answers: Answers, page: str, title: str) -> None:
    assert ask(form, page, answers, ONE_WORKPLACE).title == title


@pytest.mark.parametrize(
    ("answers", "question", "label"),
    [
        ({"about": "tone"}, "posted_on", "When was it posted or sent?"),
        ({"about": "contact"}, "posted_on", "When did it happen?"),
        ({"about": "account"}, "visibility", "Who could see it, or get at it?"),
        ({"about": "account", "detail": "account.lost"}, "still_live", "Is it still lost or open to others?"),
        ({"about": "account", "detail": "account.fake"}, "still_live", "Is it still there?"),
    ],
)
def test_a_question_is_worded_by_what_was_answered(answers: Answers, question: str, label: str) -> None:
    page = next(page.code for page in SELF.pages if question in [one.code for one in page.questions])
    asked = ask(SELF, page, answers, ONE_WORKPLACE).questions
    assert next(one.label for one in asked if one.code == question) == label


def test_an_illegal_picture_is_never_to_be_described() -> None:
    page = ask(SELF, "happened", {"about": "crime", "detail": "crime.child"}, ONE_WORKPLACE)
    assert page.questions[0].hint == "Say where and when you saw it. Do not describe the picture"


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ({}, False),
        ({"harm": "H3"}, True),
        ({"about": "group", "detail": "group.present"}, True),
        ({"done": ["police"]}, True),
        ({"platform": "press"}, True),
    ],
)
def test_speaking_to_the_mdo_is_suggested_where_it_matters(answers: dict[str, Any], *, shown: bool) -> None:
    page = ask(SELF, "tell", fill_in(SELF, **answers), ONE_WORKPLACE)
    assert bool(page.insets) is shown


def test_a_private_picture_of_an_adult_has_words_of_its_own() -> None:
    page = ask(SELF, "stop-image", {"detail": "crime.intimate"}, ONE_WORKPLACE)
    assert page.body[0].startswith("Sharing a private picture of an adult")


def test_the_organisation_is_named_on_the_page() -> None:
    page = ask(SELF, "risk-help", {"risk_now": "yes"}, ONE_WORKPLACE)
    assert "Larkfield Hospitals’ on-call number: 01632 960001." in page.body[0]


def test_every_name_to_fill_in_is_one_that_is_filled() -> None:
    """Errors fill in names of their own, so they are left out."""
    everything = [repr(replace(form, messages={})) for form in FORMS.values()]
    named = set(re.findall(r"{(\w+)}", "".join([*everything, repr(load_cards().by_code)])))
    assert named == set(WORDS) - {"profession"}


def test_after_a_page_that_no_longer_applies_comes_the_next_that_does() -> None:
    assert next_page(SELF, {"risk_now": "no"}, "risk-help", context=ONE_WORKPLACE) == "about"


def test_after_the_check_comes_the_check() -> None:
    assert next_page(SELF, fill_in(SELF), "check", context=ONE_WORKPLACE) == "check"


def test_back_leads_past_pages_that_do_not_apply() -> None:
    assert previous_page(SELF, fill_in(SELF), "about", context=ONE_WORKPLACE) == "risk-now"


def test_nothing_comes_before_the_first_page() -> None:
    assert previous_page(SELF, {}, "risk-now", context=ONE_WORKPLACE) is None


def test_pages_are_numbered_along_the_way() -> None:
    filled = fill_in(SELF)
    assert page_number(SELF, filled, "detail", context=ONE_WORKPLACE) == 3
    assert page_number(SELF, filled, "check", context=ONE_WORKPLACE) == 9


def test_a_page_that_the_form_lacks_cannot_be_asked() -> None:
    with pytest.raises(KeyError):
        ask(SELF, "role", {}, ONE_WORKPLACE)


# What is dropped when an answer changes, and what is missing


def pruned(form: Form, answers: Answers) -> tuple[set[str], int]:
    kept, removed = prune(form, answers, ONE_WORKPLACE)
    return set(answers) - set(kept), removed


def test_answers_that_still_apply_are_kept() -> None:
    filled = fill_in(SELF, **PATIENT, tell="both")
    assert prune(SELF, filled, ONE_WORKPLACE) == (filled, 0)


def test_changing_what_it_is_about_clears_the_detail() -> None:
    filled = fill_in(SELF, about="person", detail="person.abuse")
    assert pruned(SELF, {**filled, "about": "victim"}) == ({"detail"}, 1)


def test_without_a_patient_all_that_was_said_of_one_is_dropped() -> None:
    filled = fill_in(SELF, **ELSE_WITH_PATIENT, done=["told_patient", "sorry"])
    dropped, removed = pruned(SELF, {**filled, "patient": "none"})
    assert dropped == {"patient_how", "holder", "realised_on", "how_many"}
    assert removed == 5


def test_an_option_that_is_no_longer_offered_leaves_the_others() -> None:
    filled = fill_in(SELF, **PATIENT, done=["told_patient", "sorry"])
    kept, _ = prune(SELF, {**filled, "patient": "none"}, ONE_WORKPLACE)
    assert kept["done"] == ["sorry"]


def test_telling_the_supervisor_alone_drops_the_mdo() -> None:
    filled = fill_in(SELF, tell="both", membership_number="HM-40417")
    assert pruned(SELF, {**filled, "tell": "supervisor"}) == ({"mdo", "membership_number"}, 2)


def test_a_letter_drops_everything_about_a_post() -> None:
    filled = fill_in(ADVICE, **ELSE_WITH_PATIENT)
    kept, _ = prune(ADVICE, {**filled, "role": "letter"}, ONE_WORKPLACE)
    assert set(kept) == {"mdo", "role", "happened", "contacts"}


def test_what_follows_from_the_detail_is_not_kept_as_an_answer() -> None:
    filled = fill_in(SELF)
    dropped, _ = pruned(SELF, {**filled, "about": "crime", "detail": "crime.child"})
    assert dropped == {"visibility", "still_live", "patient", "harm"}


def test_answering_a_page_again_replaces_all_of_it() -> None:
    page = ask(SELF, "seen", fill_in(SELF), ONE_WORKPLACE)
    before: Answers = {"still_live": "no", "removed_on": "2026-04-01", "about": "tone"}
    assert with_page(before, page, {"still_live": "yes"}) == {"about": "tone", "still_live": "yes"}


@pytest.mark.parametrize("form", list(FORMS.values()))
def test_nothing_is_missing_from_a_finished_form(form: Form) -> None:
    assert missing(form, fill_in(form), ONE_WORKPLACE) == ()


def test_missing_answers_are_named_in_the_order_of_the_pages() -> None:
    filled = fill_in(SELF)
    del filled["posted_on"], filled["happened"]
    assert [(p.page, p.field, p.message) for p in missing(SELF, filled, ONE_WORKPLACE)] == [
        ("where-when", "posted_on-day", "Enter the date it was posted or sent"),
        ("happened", "happened", "Tell us what happened, in a few words"),
    ]


def test_a_date_that_nobody_knows_is_not_missing() -> None:
    filled = fill_in(CONCERN)
    del filled["posted_on"]
    assert missing(CONCERN, {**filled, "date_unknown": ["yes"]}, ONE_WORKPLACE) == ()


def test_choosing_another_site_makes_its_name_missing() -> None:
    filled = fill_in(SELF, platform="other")
    del filled["platform_name"]
    assert [p.message for p in missing(SELF, filled, ONE_WORKPLACE)] == ["Enter the name of the site or app"]


# Whatever anybody answers


def anything_for(page: Page) -> st.SearchStrategy[Answers]:
    return st.fixed_dictionaries({}, optional={one.code: _anything(one) for one in page.questions})


def _anything(question: Question) -> st.SearchStrategy[str | list[str]]:
    values = [option.value for option in question.options]
    if question.kind is QuestionKind.CHECKBOXES:
        return st.lists(st.sampled_from(values), unique=True, min_size=1)
    if values:
        return st.sampled_from(values)
    return st.just(PLAIN.get(question.code, ""))


@given(st.data(), st.sampled_from(list(FORMS.values())), st.sampled_from([ONE_WORKPLACE, TWO_WORKPLACES]))
def test_any_answers_lead_to_the_check_and_never_to_a_page_twice(
    data: st.DataObject, form: Form, given_context: Any
) -> None:
    answers: Answers = {}
    seen = [form.pages[0].code]
    while seen[-1] != "check":
        page = ask(form, seen[-1], answers, given_context)
        drawn = with_page(answers, page, data.draw(anything_for(page)))
        answers, _ = prune(form, drawn, given_context)
        seen.append(next_page(form, answers, seen[-1], context=given_context))
    assert len(set(seen)) == len(seen)


@given(st.data(), st.sampled_from(list(FORMS.values())))
def test_pruning_twice_changes_nothing_more(data: st.DataObject, form: Form) -> None:
    everything: Answers = {}
    for page in form.pages:
        everything |= data.draw(anything_for(ask(form, page.code, everything, ONE_WORKPLACE)))
    once, _ = prune(form, everything, ONE_WORKPLACE)
    assert prune(form, once, ONE_WORKPLACE) == (once, 0)


def test_the_check_comes_last_in_every_form() -> None:
    assert {form.pages[-1].kind for form in FORMS.values()} == {PageKind.CHECK}
