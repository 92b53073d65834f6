"""The words that people read for each closed vocabulary; the stored values never show.

States, deadlines and outcomes as the copy deck has them; roles as people say them.
"""

from collections.abc import Mapping
from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.vocabulary import (
    Basis,
    Duty,
    Harm,
    Identifiability,
    Kind,
    Lane,
    Nation,
    OrganisationType,
    Outcome,
    PartyRole,
    PatientData,
    Post,
    RelationKind,
    ReporterIdentity,
    Role,
    Severity,
    StillLive,
    Unnamed,
    Visibility,
)
from app.domain.workflow import State

ROLES: Mapping[str, object] = {
    Role.MEMBER: _l("Member of staff"),
    Role.SUPERVISOR: _l("Supervisor"),
    Role.CLINICAL_LEAD: _l("Clinical lead"),
    Role.TRAINING_PROGRAMME_DIRECTOR: _l("Training programme director"),
    Role.DEAN: _l("Postgraduate dean"),
    Role.MEDICAL_DIRECTOR: _l("Medical director"),
    Role.RESPONSIBLE_OFFICER: _l("Responsible officer"),
    Role.ON_CALL_EXECUTIVE: _l("Executive on call"),
    Role.CHIEF_EXECUTIVE: _l("Chief executive"),
    Role.CHAIR: _l("Chair"),
    Role.GUARDIAN: _l("Speaking-up guardian"),
    Role.BOARD_LEAD: _l("Board lead for speaking up"),
    Role.DATA_PROTECTION_OFFICER: _l("Data protection officer"),
    Role.SIRO: _l("Senior information risk owner"),
    Role.CALDICOTT_GUARDIAN: _l("Caldicott Guardian"),
    Role.INFORMATION_GOVERNANCE_LEAD: _l("Information governance lead"),
    Role.CUSTODIAN: _l("Custodian"),
    Role.OUTSIDE_REVIEWER: _l("Outside reviewer"),
    Role.ADVISER: _l("Adviser"),
    Role.ADVISER_LEAD: _l("Lead adviser"),
    Role.RECORDS_OFFICER: _l("Records officer"),
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.AUDITOR: _l("Auditor"),
    Role.BOARD_READER: _l("Board reader"),
    Unnamed.IN_CHARGE: _l("Somebody in charge who is no part of it"),
}

# Inside a sentence: "It is now with the clinical lead." A role without the article is listed with its own words.
ROLES_IN_SENTENCES: Mapping[str, object] = {
    Role.MEMBER: _l("a member of staff"),
    Role.SUPERVISOR: _l("the supervisor"),
    Role.CLINICAL_LEAD: _l("the clinical lead"),
    Role.TRAINING_PROGRAMME_DIRECTOR: _l("the training programme director"),
    Role.DEAN: _l("the postgraduate dean"),
    Role.MEDICAL_DIRECTOR: _l("the medical director"),
    Role.RESPONSIBLE_OFFICER: _l("the responsible officer"),
    Role.ON_CALL_EXECUTIVE: _l("the executive on call"),
    Role.CHIEF_EXECUTIVE: _l("the chief executive"),
    Role.CHAIR: _l("the chair"),
    Role.GUARDIAN: _l("the speaking-up guardian"),
    Role.BOARD_LEAD: _l("the board lead for speaking up"),
    Role.DATA_PROTECTION_OFFICER: _l("the data protection officer"),
    Role.SIRO: _l("the senior information risk owner"),
    Role.CALDICOTT_GUARDIAN: _l("the Caldicott Guardian"),
    Role.INFORMATION_GOVERNANCE_LEAD: _l("the information governance lead"),
    Role.CUSTODIAN: _l("a custodian"),
    Role.OUTSIDE_REVIEWER: _l("the outside reviewer"),
    Role.ADVISER: _l("an adviser"),
    Role.ADVISER_LEAD: _l("the lead adviser"),
    Role.RECORDS_OFFICER: _l("the records officer"),
    Role.ADMINISTRATOR: _l("an administrator"),
    Role.AUDITOR: _l("an auditor"),
    Role.BOARD_READER: _l("a board reader"),
    Unnamed.IN_CHARGE: _l("somebody in charge who is no part of it"),
}

# By vocabulary first: members of two vocabularies may hold the same stored value.
WORDS: Mapping[type[StrEnum], Mapping[str, object]] = {
    Role: ROLES,
    Unnamed: ROLES,
    Nation: {
        Nation.ENGLAND: _l("England"),
        Nation.WALES: _l("Wales"),
        Nation.SCOTLAND: _l("Scotland"),
        Nation.NORTHERN_IRELAND: _l("Northern Ireland"),
    },
    OrganisationType: {
        OrganisationType.ACUTE_TRUST: _l("Acute trust"),
        OrganisationType.COMMUNITY_TRUST: _l("Community trust"),
        OrganisationType.HEALTH_BOARD: _l("Health board"),
        OrganisationType.HSC_TRUST: _l("Health and social care trust"),
        OrganisationType.GP_PRACTICE: _l("GP practice"),
        OrganisationType.AGENCY: _l("Agency"),
        OrganisationType.MDO: _l("Medical defence organisation"),
    },
    Kind: {
        Kind.SELF_REPORT: _l("Self-report"),
        Kind.CONCERN: _l("Concern"),
        Kind.ADVICE: _l("Advice"),
    },
    Lane: {
        Lane.EMPLOYER: _l("Your employer"),
        Lane.MDO: _l("Your MDO, in confidence"),
        Lane.SHARED_BY_COPY: _l("Your employer and your MDO, a copy each"),
    },
    Post: {
        Post.CONSULTANT: _l("Consultant"),
        Post.SPECIALTY_DOCTOR: _l("Specialty doctor"),
        Post.RESIDENT_DOCTOR: _l("Resident doctor"),
        Post.GP_PARTNER: _l("GP partner"),
        Post.GP_SALARIED: _l("Salaried GP"),
        Post.GP_TRAINEE: _l("GP trainee"),
        Post.LOCUM: _l("Locum doctor"),
        Post.PHYSICIAN_ASSOCIATE: _l("Physician associate"),
        Post.ANAESTHESIA_ASSOCIATE: _l("Anaesthesia associate"),
        Post.NURSE: _l("Nurse"),
        Post.MANAGER: _l("Manager"),
        Post.OTHER: _l("Something else"),
        Post.UNKNOWN: _l("Not known"),
    },
    Severity: {
        Severity.LOW: _l("Low"),
        Severity.MEDIUM: _l("Medium"),
        Severity.HIGH: _l("High"),
        Severity.CRITICAL: _l("Critical"),
    },
    Duty: {
        Duty.MUST_ACT: _l("Must act"),
        Duty.SHOULD_ACT: _l("Should act"),
        Duty.MAY_DISCUSS: _l("May talk it over"),
        Duty.NONE: _l("No duty"),
    },
    Visibility: {
        Visibility.V0: _l("One person"),
        Visibility.V1: _l("A few people who know each other (10 or fewer)"),
        Visibility.V2: _l("A closed group (more than 10 people)"),
        Visibility.V3: _l("A large closed or professional group (250 or more)"),
        Visibility.V4: _l("Anyone (it was public)"),
        Visibility.V5: _l("Anyone, and it spread widely or was in the news"),
    },
    Identifiability: {
        Identifiability.I0: _l("Nobody could tell who a patient is"),
        Identifiability.I1: _l("Someone could work it out by putting details together"),
        Identifiability.I2: _l("The patient, or people who know them or work here, could tell"),
        Identifiability.I3: _l("Anyone could tell: a name, face, number or record was shown"),
    },
    Harm: {
        Harm.H0: _l("Nobody has been affected, as far as is known"),
        Harm.H1: _l("Someone may feel embarrassed"),
        Harm.H2: _l("Someone is upset, or was not treated with dignity"),
        Harm.H3: _l("Someone was harmed, or treated unfairly because of who they are"),
        Harm.H4: _l("Someone is in danger or badly harmed, or a crime may have happened"),
    },
    StillLive: {
        StillLive.YES: _l("Yes"),
        StillLive.NO: _l("No"),
        StillLive.UNKNOWN: _l("I do not know"),
    },
    PatientData: {
        PatientData.YES: _l("Yes"),
        PatientData.NO: _l("No"),
        PatientData.UNSURE: _l("Not sure"),
    },
    ReporterIdentity: {
        ReporterIdentity.OPEN: _l("With their name"),
        ReporterIdentity.CONFIDENTIAL: _l("In confidence"),
        ReporterIdentity.ANONYMOUS: _l("Without their name"),
    },
    PartyRole: {
        PartyRole.SUBJECT: _l("The person concerned"),
        PartyRole.REPORTER: _l("Reporter"),
        PartyRole.WITNESS: _l("Witness"),
        PartyRole.OTHER_PARTY: _l("Another person"),
    },
    Outcome: {
        Outcome.PUT_RIGHT: _l("It was put right"),
        Outcome.ADVICE: _l("Advice was given"),
        Outcome.LEARNING: _l("Learning was agreed"),
        Outcome.OTHER_PROCESS: _l("Passed to another process"),
        Outcome.NO_CASE: _l("No case to answer"),
        Outcome.NOT_PURSUED: _l("It could not be taken further"),
        Outcome.ADVISED: _l("Advice was given"),
        Outcome.PHONE: _l("Settled by phone"),
        Outcome.SOLICITOR: _l("Passed to a solicitor"),
        Outcome.NO_LONGER_NEEDED: _l("No longer needed"),
    },
    RelationKind: {
        RelationKind.SUPERVISED_BY: _l("is supervised by"),
        RelationKind.REPORTS_TO: _l("reports to"),
        RelationKind.DEPUTISES_FOR: _l("deputises for"),
        RelationKind.RELATED_TO: _l("is a relative, partner or close friend of"),
    },
    Basis: {
        Basis.LAW: _l("The law"),
        Basis.GUIDANCE: _l("National guidance"),
        Basis.PRODUCT: _l("Our rule"),
    },
}

# The mark beside each state: new, go, wait or done. What a state is called stands in its definition.
STATES: Mapping[str, str] = {
    "awaiting_triage": "new",
    "in_review": "go",
    "awaiting_reporter": "wait",
    "actions_agreed": "go",
    "withdrawn": "done",
    "closed": "done",
    "no_case": "done",
    "awaiting_adviser": "new",
    "advising": "go",
    "awaiting_member": "wait",
}


def words(value: StrEnum) -> str:
    """What people read for a member of a closed vocabulary. Raises KeyError for a word nobody has written."""
    return str(WORDS[type(value)][value])


def role_in_sentence(role: Role | Unnamed) -> str:
    """The role as it stands inside a sentence: "the clinical lead", "an adviser"."""
    return str(ROLES_IN_SENTENCES[role])


def sentence(text: object) -> str:
    """The same text with a capital at the start and nothing else changed."""
    plain = str(text)
    return plain[:1].upper() + plain[1:]


def state_words(state: State, *, outcome: Outcome | None = None, open_actions: int | None = None) -> str:
    """The state of a case for staff, with the outcome or with what is open."""
    if state.name == "closed" and outcome:
        return _("Closed: %(outcome)s", outcome=words(outcome))
    if state.name == "actions_agreed" and open_actions is not None:
        return _("Actions agreed, %(n)s open", n=open_actions)
    return state.label


def state_kind(state: str) -> str:
    """The mark beside a state: new, go, wait or done. Red and amber are for dates, never for states."""
    return STATES[state]


def capped(count: int, cap: int = 1000) -> str:
    """The number with thousands parted, or "1,000+" from the cap on, where counting further would cost too much."""
    return f"{cap:,}+" if count > cap else f"{count:,}"


def bare_role(role: Role) -> str:
    """The role as it follows a name: "Dr Tarn, clinical lead". Titles keep their capitals."""
    text = str(ROLES[role])
    return text if role is Role.CALDICOTT_GUARDIAN else text[:1].lower() + text[1:]
