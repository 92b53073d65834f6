"""The closed vocabularies of casework: one enumeration per question that has a fixed list of answers.

The stored values never change. Words for people live in templates, or beside the data in ``app/reference``.
"""

from enum import StrEnum


class Nation(StrEnum):
    """The four nations of the United Kingdom; each has its own calendar."""

    ENGLAND = "england"
    WALES = "wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"


class OrganisationType(StrEnum):
    """What kind of body an organisation is. Only an MDO holds advice cases."""

    ACUTE_TRUST = "acute_trust"
    COMMUNITY_TRUST = "community_trust"
    HEALTH_BOARD = "health_board"
    HSC_TRUST = "hsc_trust"
    GP_PRACTICE = "gp_practice"
    AGENCY = "agency"
    MDO = "mdo"


class Kind(StrEnum):
    """The kinds of report that open a case."""

    SELF_REPORT = "self_report"
    CONCERN = "concern"
    ADVICE = "advice"


class Lane(StrEnum):
    """Who may read an answer: the employer's people, the MDO, or each in a copy of their own."""

    EMPLOYER = "employer"
    MDO = "mdo"
    SHARED_BY_COPY = "shared-by-copy"


class Role(StrEnum):
    """A role that a membership gives in one organisation."""

    MEMBER = "member"
    SUPERVISOR = "supervisor"
    CLINICAL_LEAD = "clinical_lead"
    TRAINING_PROGRAMME_DIRECTOR = "training_programme_director"
    DEAN = "dean"
    MEDICAL_DIRECTOR = "medical_director"
    RESPONSIBLE_OFFICER = "responsible_officer"
    ON_CALL_EXECUTIVE = "on_call_executive"
    CHIEF_EXECUTIVE = "chief_executive"
    CHAIR = "chair"
    GUARDIAN = "guardian"
    BOARD_LEAD = "board_lead"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    SIRO = "siro"
    CALDICOTT_GUARDIAN = "caldicott_guardian"
    INFORMATION_GOVERNANCE_LEAD = "information_governance_lead"
    CUSTODIAN = "custodian"
    OUTSIDE_REVIEWER = "outside_reviewer"
    ADVISER = "adviser"
    ADVISER_LEAD = "adviser_lead"
    RECORDS_OFFICER = "records_officer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    BOARD_READER = "board_reader"


class Post(StrEnum):
    """What a person works as; routing reads it."""

    CONSULTANT = "consultant"
    SPECIALTY_DOCTOR = "specialty_doctor"
    RESIDENT_DOCTOR = "resident_doctor"
    GP_PARTNER = "gp_partner"
    GP_SALARIED = "gp_salaried"
    GP_TRAINEE = "gp_trainee"
    LOCUM = "locum"
    PHYSICIAN_ASSOCIATE = "physician_associate"
    ANAESTHESIA_ASSOCIATE = "anaesthesia_associate"
    NURSE = "nurse"
    MANAGER = "manager"
    OTHER = "other"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How urgent a case is."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """0 for LOW to 3 for CRITICAL."""
        return list(Severity).index(self)


class Duty(StrEnum):
    """How far a reporter was bound to act on a concern."""

    MUST_ACT = "MUST_ACT"
    SHOULD_ACT = "SHOULD_ACT"
    MAY_DISCUSS = "MAY_DISCUSS"
    NONE = "NONE"


class Visibility(StrEnum):
    """Who could see it, from one person to public and spread by the media."""

    V0 = "V0"
    V1 = "V1"
    V2 = "V2"
    V3 = "V3"
    V4 = "V4"
    V5 = "V5"


class Identifiability(StrEnum):
    """Whether a patient could be recognised: by nobody, jigsaw, insiders, anyone."""

    I0 = "I0"
    I1 = "I1"
    I2 = "I2"
    I3 = "I3"


class Harm(StrEnum):
    """The effect so far, from none to serious harm or a crime."""

    H0 = "H0"
    H1 = "H1"
    H2 = "H2"
    H3 = "H3"
    H4 = "H4"


class StillLive(StrEnum):
    """Whether it can still be seen. Unknown counts as yes until somebody checks."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class PatientData(StrEnum):
    """Whether information about a patient may have got out."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class ReporterIdentity(StrEnum):
    """How the reporter is known to the people who work on the case."""

    OPEN = "open"
    CONFIDENTIAL = "confidential"
    ANONYMOUS = "anonymous"


class Unnamed(StrEnum):
    """Who has a case, for a reporter to whom the role would tell whether a number or a name is somebody's."""

    IN_CHARGE = "in_charge"


class PartyRole(StrEnum):
    """The part that somebody plays in a case; a blind token stands for the person."""

    SUBJECT = "subject"
    REPORTER = "reporter"
    WITNESS = "witness"
    OTHER_PARTY = "other_party"


class Outcome(StrEnum):
    """How a case ended. "Malicious" is never one of them."""

    PUT_RIGHT = "put_right"
    ADVICE = "advice"
    LEARNING = "learning"
    OTHER_PROCESS = "other_process"
    NO_CASE = "no_case"
    NOT_PURSUED = "not_pursued"
    ADVISED = "advised"
    PHONE = "phone"
    SOLICITOR = "solicitor"
    NO_LONGER_NEEDED = "no_longer_needed"


class Basis(StrEnum):
    """What a limit rests on: the law, published guidance, or this product's own rule."""

    LAW = "law"
    GUIDANCE = "guidance"
    PRODUCT = "product"


class RelationKind(StrEnum):
    """How one person stands to another; read as "person KIND other"."""

    SUPERVISED_BY = "supervised_by"
    REPORTS_TO = "reports_to"
    DEPUTISES_FOR = "deputises_for"
    RELATED_TO = "related_to"


class MessageKind(StrEnum):
    """What a text is for; a note is never shown to the reporter."""

    ACKNOWLEDGEMENT = "acknowledgement"
    MESSAGE = "message"
    QUESTION = "question"
    ANSWER = "answer"
    ADDITION = "addition"
    NOTE = "note"
    OUTCOME = "outcome"
    LEARNING = "learning"
    REASON = "reason"
