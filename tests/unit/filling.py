"""Filled-in forms for tests of the domain: one plain answer to every question, and a person to give them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from app.domain.answering import validate
from app.domain.form import Choice, Context, Form, Option, Page, PageKind, Question, QuestionKind
from app.domain.questionnaire import ask, next_page, prune, with_page
from app.services.questionnaires import load_forms

FORMS = load_forms()
TODAY = date(2026, 4, 2)
NOW = datetime(2026, 4, 2, 17, 40, tzinfo=UTC)
WORDS = {
    "org": "Larkfield Hospitals",
    "regulator": "the Information Commission",
    "operator": "Fernhill Hosting",
    "profession": "doctor",
    "a_profession": "a doctor",
    "supervisor_role": "Clinical lead",
    "on_call": "Larkfield Hospitals’ on-call number: 01632 960001.",
    "mental_health_line": "111",
}
LARKFIELD = Choice(value="larkfield", label="Larkfield Hospitals")
BRACKENDALE = Choice(value="brackendale", label="Brackendale Surgery")
HARBOUR = Choice(value="harbour", label="Harbour Medical Defence")
PERSON = Choice(value="person-1", label="Dr Ravel Oakmere, consultant")

Answers = dict[str, str | list[str]]


def context(**changes: object) -> Context:
    """A person at one workplace, in an installation where MDOs may be told."""
    usual: dict[str, object] = {
        "now": NOW,
        "workplaces": (LARKFIELD,),
        "mdos": (HARBOUR,),
        "people": (PERSON,),
        "words": WORDS,
    }
    return Context(**{**usual, **changes})  # type: ignore[arg-type]  # a test names what it changes


ONE_WORKPLACE = context()

PLAIN: Mapping[str, str | list[str]] = {
    "risk_now": "no",
    "about": "tone",
    "detail": "tone.tone",
    "platform": "x",
    "posted_on": "2026-04-01",
    "visibility": "V4",
    "still_live": "no",
    "patient": "none",
    "harm": "H1",
    "patient_how": "patient.words",
    "holder": "here",
    "realised_on": "2026-04-02",
    "how_many": "1",
    "happened": "I posted a joke in poor taste.",
    "tell": "supervisor",
    "mdo": "harbour",
    "saw": "I read a post.",
    "subject": "not_sure",
    "relations": ["none"],
    "risk": ["none"],
    "know": "saw_it",
    "before": "no",
    "role": "mine",
    "contacts": ["nobody"],
    "workplace": "larkfield",
    "platform_name": "A small site",
    "holder_name": "Elsewhere",
    "subject_person": "person-1",
    "gmc_number": "7012345",
}


def fill_in(form: Form, given: Context = ONE_WORKPLACE, /, **answers: str | list[str]) -> Answers:
    """All answers that the form asks for, the plain one where the test names none."""
    wanted = {**PLAIN, **answers}
    if "about" in answers and "detail" not in answers:
        wanted["detail"] = first_detail(form, answers["about"])
    filled, _ = prune(form, wanted, given)
    return filled


def first_detail(form: Form, about: str | list[str]) -> str:
    return next(code for code, one in form.catalogue.details.items() if one.about == about)


def journey(form: Form, given: Context = ONE_WORKPLACE, /, **answers: str | list[str]) -> list[str]:
    """The codes of the pages somebody sees who answers page by page and always selects Continue."""
    wanted = {**PLAIN, **answers}
    so_far: Answers = {}
    page = form.pages[0].code
    seen = [page]
    while page != "check":
        ready = ask(form, page, so_far, given)
        so_far = with_page(so_far, ready, _answers_to(ready, wanted))
        page = next_page(form, so_far, page, context=given)
        seen.append(page)
    return seen


def _answers_to(page: Page, wanted: Mapping[str, str | list[str]]) -> Answers:
    if page.kind is not PageKind.QUESTIONS:
        return {}
    checked = validate(page, typed(page, wanted), today=TODAY)
    assert not checked.problems, checked.problems
    return dict(checked.answers)


def typed(page: Page, wanted: Mapping[str, str | list[str]]) -> dict[str, list[str]]:
    """The answers as a browser sends them: lists of texts, dates in three fields."""
    sent: dict[str, list[str]] = {}
    for question in page.questions:
        value = wanted.get(question.code)
        if value is None:
            continue
        if question.kind is QuestionKind.DATE and isinstance(value, str):
            year, month, day = value.split("-")
            sent |= {f"{question.code}-day": [day], f"{question.code}-month": [month]}
            sent[f"{question.code}-year"] = [year]
        else:
            sent[question.code] = [value] if isinstance(value, str) else list(value)
    return sent


def question(code: str, kind: QuestionKind, **changes: object) -> Question:
    """A question that no form asks, for tests of one rule."""
    return Question(code=code, kind=kind, label="A question", **changes)  # type: ignore[arg-type]  # as above


def page_of(*questions: Question) -> Page:
    """A page with these questions and the messages that every page uses."""
    messages = next(iter(FORMS.values())).messages
    return Page(code="a-page", kind=PageKind.QUESTIONS, title="", questions=questions, messages=messages)


def option(value: str, *, is_alone: bool = False) -> Option:
    return Option(value=value, label=value.capitalize(), is_alone=is_alone)
