"""How a form reads with the answers so far: which pages apply, in which order, and what is still missing.

Answers are a plain mapping from question code to a text, or to a list of texts for checkboxes, so that a draft
can be kept as JSON. Dates are ISO 8601, times HH:MM local.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from app.domain.form import (
    Choice,
    Context,
    Facts,
    Form,
    Inset,
    Option,
    OptionSource,
    Page,
    PageKind,
    Problem,
    Question,
)
from app.domain.particulars import Answers, classified, implied, only, read, values
from app.domain.severity import suggest
from app.domain.vocabulary import Kind

NO_WORKPLACE = "none"


@dataclass(frozen=True, slots=True)
class _Sitting:
    """A form with one person's answers, and all that follows from them, worked out once."""

    form: Form
    answers: Answers
    context: Context
    facts: Facts
    implied: Mapping[str, str]

    def asked(self, page: Page) -> Iterator[Question]:
        """The questions of a page that apply, without those whose answer follows from an earlier one."""
        here = {question.code for question in page.questions}
        for question in page.questions:
            if not question.applies.holds(self.facts) or question.code in self.implied:
                continue
            if question.under is None:
                yield question
            elif question.under.leader not in here:
                yield replace(question, under=None)
            elif question.under.leader not in self.implied:
                yield question

    def has(self, page: Page) -> bool:
        """True where the page applies and, if it is one of questions, has any to ask."""
        if not page.applies.holds(self.facts):
            return False
        return page.kind is not PageKind.QUESTIONS or any(self.asked(page))

    def pages(self) -> tuple[Page, ...]:
        return tuple(page for page in self.form.pages if self.has(page))

    def offers(self, question: Question) -> tuple[Option, ...]:
        """The options that apply, with names still to be filled in."""
        return tuple(one for one in self._options(question) if one.applies.holds(self.facts))

    def filled(self, option: Option) -> Option:
        """The option with every name in its words filled in."""
        if "{" not in option.label + option.hint + option.note:
            return option
        label, hint, note = map(self.fill, (option.label, option.hint, option.note))
        return replace(option, label=label, hint=hint, note=note)

    def _options(self, question: Question) -> tuple[Option, ...]:
        match question.source:
            case None:
                return question.options
            case OptionSource.WORKPLACES:
                return _choices(self.context.workplaces) + self._elsewhere(question)
            case OptionSource.MDOS:
                return _choices(self.context.mdos)
            case OptionSource.PEOPLE:
                return _choices(self.context.people)
            case _:
                return tuple(_catalogued(question.source, self.form, self.answers))

    def _elsewhere(self, question: Question) -> tuple[Option, ...]:
        """In a doctor's own report "none of these" is offered too: only an MDO can be told then."""
        return question.options if self.form.kind is Kind.SELF_REPORT else ()

    def fill(self, text: str) -> str:
        """The text with every {name} replaced that the context knows; a name in s takes a bare apostrophe."""
        if "{" not in text:
            return text
        for name, word in self.context.words.items():
            owner = f"{word}'" if word.endswith("s") else f"{word}'s"
            text = text.replace(f"{{{name}}}'s", owner).replace(f"{{{name}}}", word)
        return text

    def worded(self, question: Question) -> Question:
        """The question ready for the screen."""
        texts = {"label": question.label, "hint": question.hint, "empty": question.empty}
        for variant in question.variants:
            if variant.when.holds(self.facts):
                texts |= variant.texts
        posted = only(self.answers, question.not_before) if question.not_before else ""
        return replace(
            question,
            label=self.fill(texts["label"]),
            hint=self.fill(texts["hint"]),
            empty=self.fill(texts["empty"]),
            options=tuple(map(self.filled, self.offers(question))),
            earliest=date.fromisoformat(posted) if posted else None,
        )

    def ready(self, page: Page) -> Page:
        """The page ready for the screen."""
        questions = tuple(self.worded(question) for question in self.asked(page))
        title, body = page.title or next((one.label for one in questions), ""), page.body
        for variant in page.variants:
            if variant.when.holds(self.facts):
                title, body = variant.title or title, variant.body or body
        insets = (one for one in page.insets if one.applies.holds(self.facts))
        return replace(
            page,
            questions=questions,
            title=self.fill(title),
            body=tuple(self.fill(text) for text in body),
            steps=tuple(self.fill(text) for text in page.steps),
            insets=tuple(Inset(text=self.fill(one.text)) for one in insets),
            messages=self.form.messages,
        )


def _sit(form: Form, answers: Answers, context: Context) -> _Sitting:
    return _Sitting(
        form=form,
        answers=answers,
        context=context,
        facts=_facts(form, answers, context),
        implied=implied(answers, form.catalogue),
    )


def voice_of(form: Form, answers: Answers) -> str:
    """Whose words the form uses: "concern" about a colleague, otherwise "self"."""
    about_a_colleague = form.kind is Kind.CONCERN or only(answers, "role") == "colleague"
    return "concern" if about_a_colleague else "self"


def _facts(form: Form, answers: Answers, context: Context) -> Facts:
    """What conditions may ask for: every answer, and the facts that follow from all of them."""
    particulars = read(answers, form.catalogue, now=context.now)
    category = form.catalogue.categories[classified(answers, form.catalogue).main]
    derived = {
        "form": form.kind.value,
        "voice": voice_of(form, answers),
        "patient_data": particulars.patient_data.value,
        "severity": suggest(particulars, category=category).severity.value,
        "workplaces": ("none", "one", "several")[min(len(context.workplaces), 2)],
        "workplace_known": "yes" if has_workplace(answers, context) else "no",
    }
    return dict(values(answers)) | {name: frozenset({value}) for name, value in derived.items()}


def has_workplace(answers: Answers, context: Context) -> bool:
    """False for somebody whose workplace is not here, so that only an MDO can be told."""
    return bool(context.workplaces) and only(answers, "workplace") != NO_WORKPLACE


def _choices(choices: Iterable[Choice]) -> tuple[Option, ...]:
    return tuple(Option(value=one.value, label=one.label, hint=one.hint) for one in choices)


def _catalogued(source: OptionSource, form: Form, answers: Answers) -> Iterator[Option]:
    """Options that are reference data: what it is about, its details, platforms."""
    voice, catalogue = voice_of(form, answers), form.catalogue
    if source is OptionSource.ABOUT:
        yield from (Option(value=code, label=one.spoken(voice)) for code, one in catalogue.about.items())
    elif source is OptionSource.PLATFORMS:
        for platform in catalogue.platforms.values():
            yield Option(value=platform.code, label=platform.words.spoken(voice), group=platform.group)
    else:
        about = "patient" if source is OptionSource.PATIENT_WAYS else only(answers, "about")
        for detail in catalogue.details.values():
            if detail.about == about and form.kind in detail.shown:
                yield Option(value=detail.code, label=detail.words.spoken(voice), hint=detail.words.hint)


def route(form: Form, answers: Answers, context: Context) -> tuple[Page, ...]:
    """The pages that apply with these answers, in order, help pages and the check included.

    Pages come as the form has them; ``ask`` makes one ready for the screen.
    """
    return _sit(form, answers, context).pages()


def ask(form: Form, code: str, answers: Answers, context: Context) -> Page:
    """The page ready for the screen: the questions and options that apply, in words that fit the answers.

    KeyError for a page that the form does not have.
    """
    page = form.page(code)
    if page is None:
        raise KeyError(code)
    return _sit(form, answers, context).ready(page)


def ask_all(form: Form, answers: Answers, context: Context) -> tuple[Page, ...]:
    """Every page that applies, ready for the screen: what the check shows, in one go."""
    sitting = _sit(form, answers, context)
    return tuple(sitting.ready(page) for page in sitting.pages())


def with_page(answers: Answers, page: Page, new: Answers) -> dict[str, str | list[str]]:
    """The answers after a page was answered again: what it held before is replaced as a whole."""
    here = {question.code for question in page.questions}
    return {code: value for code, value in answers.items() if code not in here} | dict(new)


def next_page(form: Form, answers: Answers, after: str, *, context: Context) -> str:
    """The code of the page that follows ``after``, which need not apply any more. After the check: the check."""
    codes = [page.code for page in form.pages]
    passed = set(codes[: codes.index(after) + 1])
    return next((p.code for p in route(form, answers, context) if p.code not in passed), codes[-1])


def previous_page(form: Form, answers: Answers, before: str, *, context: Context) -> str | None:
    """The code of the page before ``before``; None where it is the first."""
    codes = [page.code for page in form.pages]
    earlier = set(codes[: codes.index(before)])
    return next((p.code for p in reversed(route(form, answers, context)) if p.code in earlier), None)


def page_number(form: Form, answers: Answers, page: str, *, context: Context) -> int:
    """Where the page stands among those that apply, from 1. A help page counts on the paths that have it.

    ValueError for a page that does not apply.
    """
    return [one.code for one in route(form, answers, context)].index(page) + 1


def about_how_many(form: Form, answers: Answers, context: Context) -> int:
    """How many pages there are with the answers so far, the check included."""
    return len(route(form, answers, context))


def how_many_answers(form: Form, answers: Answers, context: Context) -> int:
    """How many questions must be answered to send, with the answers so far."""
    sitting = _sit(form, answers, context)
    asked = (question for page in sitting.pages() for question in sitting.asked(page))
    return sum(question.required and question.is_open(sitting.facts) for question in asked)


def missing(form: Form, answers: Answers, context: Context) -> tuple[Problem, ...]:
    """What must still be answered before sending, page by page, in the words of the page."""
    sitting = _sit(form, answers, context)
    asked = ((page, question) for page in sitting.pages() for question in sitting.asked(page))
    return tuple(
        _lacks(page, sitting.worded(question), message)
        for page, question in asked
        if (message := _why_missing(sitting, question)) is not None
    )


def _why_missing(sitting: _Sitting, question: Question) -> str | None:
    """What to say of an answer that is not there, or no longer fits another; None where it is good."""
    if not question.is_open(sitting.facts):
        return None
    if _is_too_early(question, sitting.answers):
        return question.filled(sitting.form.messages["date_before_posted"])
    is_missing = question.required and not _is_answered(question, sitting.answers)
    return "" if is_missing else None


def _is_too_early(question: Question, answers: Answers) -> bool:
    """Whether a day lies before another that may have been changed since. ISO days compare as texts."""
    on, earliest = only(answers, question.code), only(answers, question.not_before)
    return bool(on and earliest) and on < earliest


def _is_answered(question: Question, answers: Answers) -> bool:
    """True where there is an answer, or the person ticked that they do not know."""
    return question.code in answers or bool(question.excused_by and answers.get(question.excused_by))


def _lacks(page: Page, question: Question, message: str) -> Problem:
    words = message or question.empty
    return Problem(page=page.code, question=question.code, field=question.first_field, message=words)


def prune(form: Form, answers: Answers, context: Context) -> tuple[dict[str, str | list[str]], int]:
    """The answers that still apply, and how many were dropped because what led to them was undone.

    Dropping one may undo another, so it repeats until nothing changes.
    """
    before, after = dict(answers), _still_asked(_sit(form, answers, context))
    while after != before:
        before, after = after, _still_asked(_sit(form, after, context))
    return after, sum(after.get(code) != value for code, value in answers.items())


def _still_asked(sitting: _Sitting) -> dict[str, str | list[str]]:
    kept: dict[str, str | list[str]] = {}
    for page in sitting.pages():
        for question in sitting.asked(page):
            if question.code in sitting.answers and question.is_open(sitting.facts):
                kept |= _still_offered(sitting, question)
    return kept


def _still_offered(sitting: _Sitting, question: Question) -> dict[str, str | list[str]]:
    """The answer, without options that are no longer offered. People are not compared: the list is a search."""
    value = sitting.answers[question.code]
    if question.source is OptionSource.PEOPLE or (question.source is None and not question.options):
        return {question.code: value}
    allowed = {option.value for option in sitting.offers(question)}
    if isinstance(value, str):
        return {question.code: value} if value in allowed else {}
    fewer = [one for one in value if one in allowed]
    return {question.code: fewer} if fewer else {}
