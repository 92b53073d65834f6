"""What stands around a question: what to do now, what the guidance said, and where else one might go."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.domain.cards import act_now
from app.domain.form import Context, Form
from app.domain.guidance import GuidancePage
from app.domain.particulars import Answers, classified, detail_of, only
from app.domain.questionnaire import voice_of
from app.domain.submission import duty_of
from app.domain.vocabulary import Kind, StillLive
from app.queries.reports import OwnReport
from app.web.access import installation
from app.web.reporting.circumstances import context_of
from app.web.reporting.desk import Desk

DUTY_PAGE = "know"


@dataclass(frozen=True, slots=True, kw_only=True)
class NowCard:
    """What to do now: steps with their emphasis, and further cards under links."""

    title: str
    steps: tuple[str, ...]
    lead: str = ""
    others: tuple["NowCard", ...] = ()
    also: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guided:
    """What the guidance said on a day; no page where there was none, and no day where it is not known."""

    page: GuidancePage | None
    day: date | None


def now_card(desk: Desk) -> NowCard | None:
    """The card to show first, with the others; None before anything calls for one."""
    return card_for(desk.form, desk.answers, desk.context)


def card_for(form: Form, answers: Answers, context: Context) -> NowCard | None:
    """The act-now cards of these answers."""
    codes = act_now(form, answers, context, cards=installation().cards)
    card = _stacked(codes, voice_of(form, answers), context.words)
    return replace(card, lead=_lead(form, answers, context)) if card else None


def card_afterwards(report: OwnReport, answers: Answers) -> NowCard | None:
    """The act-now cards of a report that was sent: the same that its check showed."""
    return card_for(form_of(report, answers), answers, context_of(answers))


def form_of(report: OwnReport, answers: Answers) -> Form:
    """The form that was filled in: an MDO may have been told by somebody's own report."""
    is_own_report = report.kind is Kind.ADVICE and "risk_now" in answers
    return installation().forms[Kind.SELF_REPORT if is_own_report else report.kind]


def _stacked(codes: Sequence[str], voice: str, words: Mapping[str, str]) -> NowCard | None:
    """The first card, with the others under it."""
    if not codes:
        return None
    first, *others = [_card(code, voice, words) for code in codes]
    return replace(first, others=tuple(_unlike(first, others)))


def _card(code: str, voice: str, words: Mapping[str, str]) -> NowCard:
    cards = installation().cards
    card = cards.spoken(code, voice)
    steps = card.concern if voice == "concern" and card.concern else card.steps
    title = filled(card.title, words)
    return NowCard(
        title=title,
        steps=tuple(_step(filled(step.words, words), is_strong=step.is_strong) for step in steps),
        also=cards.others.replace("{title}", title),
    )


def _step(words: str, *, is_strong: bool) -> str:
    return f"**{words}**" if is_strong else words


def _unlike(first: NowCard, others: Sequence[NowCard]) -> Iterator[NowCard]:
    """Several codes may read the same in a concern."""
    seen = {first.title}
    for card in others:
        if card.title not in seen:
            seen.add(card.title)
            yield card


def _lead(form: Form, answers: Answers, context: Context) -> str:
    if form.kind is Kind.SELF_REPORT and only(answers, "still_live") == StillLive.YES:
        return filled(installation().cards.still_there, context.words)
    return ""


def filled(text: str, words: Mapping[str, str]) -> str:
    """The text with every {name} replaced that is known."""
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text


def guided(desk: Desk) -> Sequence[Guided]:
    """What the guidance said of such a matter on the day of the post, topic by topic; nothing before it is known."""
    if detail_of(desk.answers) is None:
        return ()
    catalogue = desk.form.catalogue
    found = classified(desk.answers, catalogue)
    topics = (catalogue.categories[code].topic for code in (found.main, *found.also))
    posted = only(desk.answers, "posted_on")
    day = date.fromisoformat(posted) if posted else None
    pages = dict.fromkeys(installation().guidance.for_day(topic, day) for topic in topics if topic)
    return [Guided(page=page, day=day) for page in pages]


def duty_line(desk: Desk, page: str) -> str:
    """How far the reporter of a concern was bound to act, on the one page that says so."""
    if page != DUTY_PAGE or desk.form.kind is not Kind.CONCERN:
        return ""
    decided = duty_of(desk.form, desk.answers, desk.context)
    return filled(desk.form.duty_lines.get(decided.because, ""), desk.context.words)
