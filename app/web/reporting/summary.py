"""The answers as they stand before sending: what each room will read, line by line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.form import Page, PageKind, Question, QuestionKind
from app.domain.particulars import LONDON, chosen, classified, values
from app.domain.questionnaire import ask_all
from app.domain.submission import copied, rooms
from app.domain.vocabulary import Kind, Lane
from app.queries.reports import SentAnswer
from app.web import moments
from app.web.access import installation
from app.web.reporting.circumstances import possessive
from app.web.reporting.desk import CHECK, Desk

# A time of day needs a day to be said; which one makes no difference.
ANY_DAY = date(2026, 1, 1)
# Who is told stands in a part of its own.
TOLD = frozenset({"tell", "mdo", "membership_number"})
HEADINGS: Mapping[Kind, object] = {
    Kind.SELF_REPORT: _l("Your report"),
    Kind.CONCERN: _l("Your concern"),
    Kind.ADVICE: _l("Your question"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question and its answer. An optional one may be empty, and can be added."""

    question: str
    answer: str = field(repr=False)
    address: str
    is_long: bool = False
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What the people of one room will read, page by page."""

    heading: str
    lane: Lane | None
    pages: Sequence[Sequence[Row]]


def parts(desk: Desk) -> Sequence[Part]:
    """One part for each room; one without a room while it is not said who is told."""
    told = sorted(rooms(desk.form, desk.answers))
    pages = ask_all(desk.form, desk.answers, desk.context)
    if not told:
        return [Part(heading=str(HEADINGS[desk.form.kind]), lane=None, pages=_pages(desk, pages, None))]
    return [
        Part(heading=_heading(desk, room, is_only=len(told) == 1), lane=room, pages=_pages(desk, pages, room))
        for room in told
    ]


def _heading(desk: Desk, room: Lane, *, is_only: bool) -> str:
    if room is Lane.MDO and desk.form.kind is Kind.SELF_REPORT:
        return _("Your MDO will see")
    if is_only:
        return str(HEADINGS[desk.form.kind])
    return _("%(org)s people will see", org=possessive(desk.context.words["org"]))


def filed_under(desk: Desk) -> tuple[str, Sequence[str]]:
    """The category in words, and the further ones."""
    found = classified(desk.answers, desk.form.catalogue)
    categories = desk.form.catalogue.categories
    return categories[found.main].words, [categories[code].words for code in found.also]


def _pages(desk: Desk, pages: Sequence[Page], room: Lane | None) -> Sequence[Sequence[Row]]:
    listed = [list(_rows(desk, page, room)) for page in pages if page.kind is PageKind.QUESTIONS]
    return [rows for rows in listed if rows]


def _rows(desk: Desk, page: Page, room: Lane | None) -> Iterator[Row]:
    excuses = {one.excused_by for one in page.questions}
    for question in page.questions:
        if question.code not in excuses and _is_listed(desk, question, room):
            yield Row(
                question=question.label,
                answer=_excused(desk, question, page) or _answer(desk, question, room),
                address=desk.address(page.code, back=CHECK),
                is_long=question.kind is QuestionKind.TEXTAREA,
                is_new=bool(desk.reworded) and question.since > desk.reworded,
            )


def _is_listed(desk: Desk, question: Question, room: Lane | None) -> bool:
    """What was or could be answered, where that room may read it."""
    lane = question.lane or desk.form.lane
    is_for_room = room is None or lane in {room, Lane.SHARED_BY_COPY}
    if question.code in TOLD or not is_for_room:
        return False
    return question.is_open(dict(values(desk.answers)))


def _excused(desk: Desk, question: Question, page: Page) -> str:
    """What somebody ticked instead of an answer; empty where they did not."""
    ticked = chosen(desk.answers, question.excused_by)
    options = (option for one in page.questions if one.code == question.excused_by for option in one.options)
    return next((option.label for option in options if option.value in ticked), "")


def _answer(desk: Desk, question: Question, room: Lane | None) -> str:
    """The words that were chosen or written; empty where there are none for this room."""
    seen = [room] if room else [Lane.EMPLOYER, Lane.MDO]
    copies = [copied(question, desk.answers, room=one, form=desk.form) for one in seen]
    text = next((copy.words for copy in copies if copy), "")
    return _in_words(question.kind, text)


def answer_in_words(sent: SentAnswer) -> str:
    """An answer that was sent, as its check showed it."""
    pages = (page for form in installation().forms.values() for page in form.pages)
    kinds = (one.kind for page in pages for one in page.questions if one.code == sent.code)
    return _in_words(next(kinds, QuestionKind.TEXT), sent.words)


def _in_words(kind: QuestionKind, text: str) -> str:
    """Days and times are stored as they are counted with."""
    match kind:
        case QuestionKind.DATE if text:
            return moments.long_date(date.fromisoformat(text))
        case QuestionKind.TIME if text:
            return moments.clock_time(datetime.combine(ANY_DAY, time.fromisoformat(text), LONDON))
        case _:
            return text
