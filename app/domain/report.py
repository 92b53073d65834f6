"""What somebody reports, as plain frozen values: the facts that rules read, and the copy each room is given."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.vocabulary import (
    Duty,
    Harm,
    Identifiability,
    Kind,
    Lane,
    PatientData,
    ReporterIdentity,
    Severity,
    StillLive,
    Visibility,
)


class RiskNow(StrEnum):
    """Whether somebody is at risk of harm today, in the reporter's words. A form that does not ask says no."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Holder(StrEnum):
    """Whose patient information it is; it decides whether and from when the 72 hours run."""

    HERE = "here"
    OTHER_ORGANISATION = "other_org"
    OWN = "own"
    UNSURE = "unsure"


class SeverityReason(StrEnum):
    """Why a severity is suggested; ``presentation`` words it after "Suggested: x because"."""

    CATEGORY = "category"
    LIVE_STREAM = "live_stream"
    HARM = "harm"
    RECOGNISED_WIDELY = "recognised_widely"
    STILL_PUBLIC = "still_public"
    SPREAD = "spread"
    REPEAT = "repeat"
    RISK_NOW = "risk_now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """The facts of a report that rules read. What was not asked is None, or the mildest value.

    ``realised_at`` is an aware UTC instant, or None where nobody was asked or no owner of a practice answered;
    clocks then count from sending. A day without a time is its first minute.
    """

    platform: str | None = None
    posted_on: date | None = None
    visibility: Visibility | None = None
    identifiability: Identifiability = Identifiability.I0
    patient_data: PatientData = PatientData.NO
    harm: Harm = Harm.H0
    still_live: StillLive | None = None
    live_stream: bool = False
    risk_now: RiskNow = RiskNow.NO
    repeat: bool = False
    holder: Holder | None = None
    realised_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer as it was given, with the wording and the version of the question that was asked.

    ``value`` is what is stored (several values of checkboxes as a tuple, dates and times in ISO 8601), ``words``
    what the person read and chose. ``lane`` is the room of the copy that holds it, so that the two copies of
    one answer do not tell of each other.
    """

    question: str
    page: str
    version: int
    wording: str
    value: str | tuple[str, ...]
    words: str
    lane: Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectChoice:
    """Whom a concern is about, as far as the reporter could say: at most one of the two identifiers.

    ``is_target`` is true where the person is the one who is abused or threatened: a third party, no subject.
    ``relations`` are the reporter's ticks, in the words of the form's list.
    """

    person_id: str | None = None
    gmc_number: str | None = None
    name: str = ""
    job: str = ""
    place: str = ""
    relations: tuple[str, ...] = ()
    is_target: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Particulars):
    """What one room is sent. The employer's copy never holds a trace of the MDO's, nor the other way round.

    ``workplace`` is the chosen organisation, None where there was only one to choose. The last block belongs to
    advice: it is empty in every employer's copy. ``tells_employer`` is the choice of rooms, which is the MDO's to know.
    """

    kind: Kind
    form_version: int
    language: str
    category: str
    also: tuple[str, ...]
    severity: Severity
    severity_reasons: tuple[SeverityReason, ...]
    duty: Duty
    narrative: str
    answers: tuple[Answered, ...]
    identity: ReporterIdentity = ReporterIdentity.OPEN
    workplace: str | None = None
    subject: SubjectChoice | None = None
    wish_not_supervisor: bool = False
    keep_away: str = ""
    works_together: str | None = None

    mdo: str | None = None
    tells_employer: bool = False
    membership_number: str = ""
    other_party: str = ""
    answer_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What sending a form makes: a copy for the employer, one for the MDO, or both. They share no object."""

    employer: Report | None
    advice: Report | None
