"""From stored answers to the facts that rules read. Works on any part of a form, however little is answered."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from zoneinfo import ZoneInfo

from app.domain.classification import Catalogue, Classified, classify
from app.domain.report import Holder, Particulars, RiskNow
from app.domain.vocabulary import Harm, Identifiability, PatientData, StillLive, Visibility

LONDON = ZoneInfo("Europe/London")
UNKNOWN = "unknown"
USUAL = "usual"

Answers = Mapping[str, str | list[str]]

RECOGNISED: Mapping[str, tuple[Identifiability, PatientData]] = MappingProxyType(
    {
        "none": (Identifiability.I0, PatientData.NO),
        "mentioned": (Identifiability.I0, PatientData.NO),
        "pieced": (Identifiability.I1, PatientData.YES),
        "insiders": (Identifiability.I2, PatientData.YES),
        "anyone": (Identifiability.I3, PatientData.YES),
        "unsure": (Identifiability.I1, PatientData.UNSURE),
    }
)


def only(answers: Answers, question: str) -> str:
    """The one value of that answer, empty where there is none."""
    value = answers.get(question, "")
    return value if isinstance(value, str) else next(iter(value), "")


def chosen(answers: Answers, question: str) -> tuple[str, ...]:
    """All values of that answer, in their order; none where it was not answered."""
    value = answers.get(question, [])
    return (value,) if isinstance(value, str) else tuple(value)


def detail_of(answers: Answers) -> str | None:
    """The chosen detail; ``other`` where the matter has no second page; None before either is answered."""
    if detail := only(answers, "detail"):
        return detail
    return "other" if only(answers, "about") == "other" else None


def implied(answers: Answers, catalogue: Catalogue) -> Mapping[str, str]:
    """Answers that follow from the chosen detail, so that nobody is asked for them."""
    detail = detail_of(answers)
    if detail is None:
        return {}
    implies = dict(catalogue.details[detail].implies)
    if implies.get("visibility") == USUAL:
        implies["visibility"] = _usual(answers, catalogue)
    return implies


def _usual(answers: Answers, catalogue: Catalogue) -> str:
    platform = only(answers, "platform")
    return catalogue.platforms[platform].usual.value if platform else ""


def read(answers: Answers, catalogue: Catalogue, *, now: datetime) -> Particulars:
    """The facts of those answers. ``now`` is aware; an instant that somebody gave is never later than it."""
    known = {**answers, **implied(answers, catalogue)}
    identifiability, patient_data = RECOGNISED.get(only(known, "patient"), RECOGNISED["none"])
    visibility, still_live = only(known, "visibility"), only(known, "still_live")
    harm, holder, risk_now = only(known, "harm"), only(known, "holder"), only(known, "risk_now")
    return Particulars(
        platform=only(known, "platform") or None,
        posted_on=_day(only(known, "posted_on")),
        visibility=Visibility(visibility) if visibility else None,
        identifiability=identifiability,
        patient_data=patient_data,
        harm=Harm.H0 if harm in {"", UNKNOWN} else Harm(harm),
        still_live=StillLive(still_live) if still_live else None,
        live_stream=classified(answers, catalogue).is_live,
        risk_now=RiskNow(risk_now) if risk_now else RiskNow.NO,
        repeat=only(known, "before") == "recent",
        holder=Holder(holder) if holder else None,
        realised_at=instant(known, "realised_on", "realised_time", now=now),
    )


def classified(answers: Answers, catalogue: Catalogue) -> Classified:
    """The categories of those answers; "something else" before any is known."""
    known = {**answers, **implied(answers, catalogue)}
    identifiability, _ = RECOGNISED.get(only(known, "patient"), RECOGNISED["none"])
    return classify(
        catalogue,
        detail=detail_of(answers),
        patient_how=only(answers, "patient_how") or None,
        identifiability=identifiability,
    )


def instant(answers: Answers, day: str, clock: str, *, now: datetime) -> datetime | None:
    """The aware UTC instant of a day and an optional local time.

    Without a time the day's first minute is meant, so that a limit counted from it is never too generous; a later
    instant than ``now`` is a slip and means now.
    """
    on = _day(only(answers, day))
    if on is None:
        return None
    at = time.fromisoformat(only(answers, clock) or "00:00")
    return min(datetime.combine(on, at, tzinfo=LONDON).astimezone(UTC), now.astimezone(UTC))


def is_on_the_clock(on: date, at: time) -> bool:
    """False for a local time that was skipped when the clocks went forward."""
    local = datetime.combine(on, at, tzinfo=LONDON)
    return local.astimezone(UTC).astimezone(LONDON).replace(tzinfo=None) == local.replace(tzinfo=None)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def values(answers: Answers) -> Iterator[tuple[str, frozenset[str]]]:
    """Every answered question with the values chosen, as conditions compare them."""
    return ((question, frozenset(chosen(answers, question))) for question in answers)
