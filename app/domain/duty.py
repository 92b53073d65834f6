"""How far somebody was bound to act on a concern about a colleague. It never stops anybody from sending."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from app.domain.classification import Classified
from app.domain.report import Particulars, RiskNow
from app.domain.vocabulary import Duty, Harm, Identifiability, PatientData

NEVER_WAITS = frozenset({"BND-SEX", "CRM-IMG", "CRM-INTIMATE", "CRM-THREAT"})
RESPECT = frozenset({"RSP-ABUSE", "RSP-BULLY", "RSP-DISCRIM", "RSP-SEXHAR", "GRP-OFFENSIVE"})
SLIGHT = frozenset({"TRU-TONE", "TRU-OPINION", "IDN-ANON", "PRV-SETTINGS"})
PATIENT_RISKS = frozenset({"care", "safety", "dignity", "crime"})


class DutyReason(StrEnum):
    """The rule that gave the level, and the name of the line that the reporter reads."""

    PATIENT = "patient"
    LEADER = "leader"
    RESPECT = "respect"
    INSIDE = "inside"
    BELOW = "below"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The level of the duty and the rule it follows from."""

    duty: Duty
    because: DutyReason


MUST_FOR_PATIENT = Decided(duty=Duty.MUST_ACT, because=DutyReason.PATIENT)
MUST_AS_LEADER = Decided(duty=Duty.MUST_ACT, because=DutyReason.LEADER)
SHOULD_FOR_RESPECT = Decided(duty=Duty.SHOULD_ACT, because=DutyReason.RESPECT)
SHOULD_INSIDE = Decided(duty=Duty.SHOULD_ACT, because=DutyReason.INSIDE)
NO_DUTY = Decided(duty=Duty.NONE, because=DutyReason.BELOW)
MAY_DISCUSS = Decided(duty=Duty.MAY_DISCUSS, because=DutyReason.OTHER)


def level(
    facts: Particulars, found: Classified, *, risks: AbstractSet[str] | None, leads_people: bool
) -> Decided:
    """The first rule that fits. ``risks`` are the answers to "what could be at risk?", None if never asked."""
    codes = frozenset(found.codes)
    if codes & NEVER_WAITS or facts.risk_now is RiskNow.YES or facts.patient_data is not PatientData.NO:
        return MUST_FOR_PATIENT
    if risks is None:
        return _unasked(facts, found, leads_people=leads_people)
    return _asked(risks, found, leads_people=leads_people)


def _asked(risks: AbstractSet[str], found: Classified, *, leads_people: bool) -> Decided:
    if risks & PATIENT_RISKS:
        return MUST_FOR_PATIENT
    if RESPECT & frozenset(found.codes):
        return MUST_AS_LEADER if leads_people else SHOULD_FOR_RESPECT
    if "colleague" in risks:
        return SHOULD_FOR_RESPECT
    return NO_DUTY if risks == {"none"} and found.main in SLIGHT else MAY_DISCUSS


def _unasked(facts: Particulars, found: Classified, *, leads_people: bool) -> Decided:
    """Without that question harm stands in for it.

    A patient recognised only among people entitled to it, so that nothing got out, asks for something to be done.
    """
    if facts.harm in {Harm.H3, Harm.H4}:
        return MUST_FOR_PATIENT
    if RESPECT & frozenset(found.codes):
        return MUST_AS_LEADER if leads_people else SHOULD_FOR_RESPECT
    if facts.identifiability is not Identifiability.I0:
        return SHOULD_INSIDE
    return NO_DUTY if found.main in SLIGHT and facts.harm in {Harm.H0, Harm.H1} else MAY_DISCUSS
