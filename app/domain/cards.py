"""The act-now cards: what to do in the first minutes, chosen by the answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.domain.form import Context, Form
from app.domain.particulars import Answers, chosen, classified, detail_of, only, read
from app.domain.report import Particulars, RiskNow
from app.domain.vocabulary import Harm, PatientData

IN_A_CONCERN = "now-concern"
CALLS_FOR_A_PHONE_CALL = frozenset({"police", "press", "gmc"})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; ``is_strong`` where overlooking it does harm."""

    words: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """At most five steps under a title. ``concern`` are the steps for somebody who raises a concern."""

    code: str
    title: str
    steps: tuple[Step, ...]
    concern: tuple[Step, ...] = ()
    is_unchecked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """All cards, which of them stand first, and the words around them."""

    version: int
    by_code: Mapping[str, Card]
    order: tuple[str, ...]
    heading: str
    others: str
    still_there: str

    def spoken(self, code: str, voice: str) -> Card:
        """The card as ``voice`` ("self" or "concern") reads it; where it says nothing for a concern, another does."""
        card = self.by_code[code]
        if voice != "concern":
            return card
        return self.by_code[IN_A_CONCERN] if not card.concern else card


def act_now(form: Form, answers: Answers, context: Context, *, cards: Cards) -> tuple[str, ...]:
    """The codes of the cards that apply, the one to show first; the others are links under it."""
    facts = read(answers, form.catalogue, now=context.now)
    wanted = dict.fromkeys([*_urgent(facts, answers, context), *_of_the_matter(form, answers, facts)])
    rank = {code: place for place, code in enumerate(cards.order)}
    return tuple(sorted(wanted, key=lambda code: rank.get(code, len(rank))))


def _urgent(facts: Particulars, answers: Answers, context: Context) -> Iterator[str]:
    if facts.risk_now is RiskNow.YES or facts.harm is Harm.H4:
        yield "now-danger"
    if facts.patient_data is not PatientData.NO:
        yield "now-patient"
    if _must_answer_soon(answers, context):
        yield "now-phone-mdo"


def _must_answer_soon(answers: Answers, context: Context) -> bool:
    """True with the police, the press or the GMC, or a date to answer by within two working days."""
    if CALLS_FOR_A_PHONE_CALL & set(chosen(answers, "contacts")):
        return True
    by = only(answers, "answer_by")
    return bool(by and context.soon_until and by <= context.soon_until.isoformat())


def _of_the_matter(form: Form, answers: Answers, facts: Particulars) -> Iterator[str]:
    """The cards of what was chosen; the one whose category is the main one comes first."""
    details = form.catalogue.details
    picked = [details[code] for code in (detail_of(answers), only(answers, "patient_how")) if code]
    main = classified(answers, form.catalogue).main
    yield from (
        one.card for one in sorted(picked, key=lambda one: main not in one.codes_for(facts.identifiability))
    )
