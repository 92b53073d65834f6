"""The case, who works on it, who is part of it, and what was reported. Only ``services.changes`` writes state."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.domain.vocabulary import (
    Duty,
    Kind,
    Lane,
    Outcome,
    PartyRole,
    PatientData,
    ReporterIdentity,
    Role,
    Severity,
)

OPEN = text("closed_at IS NULL")
HANDLING = text("until_at IS NULL")
ENDED = text("until_at IS NOT NULL")
OUTSIDE = text("outside_organisation_id IS NOT NULL")


class Case(Base):
    """The unit of work. In clear is what queues and figures need; everything that identifies is sealed."""

    __tablename__ = "case"
    __table_args__ = (
        UniqueConstraint("organisation_id", "submission_token", name="uq_case_submission_token"),
        Index(
            "ix_case_open_by_due",
            "organisation_id",
            "next_due_at",
            "id",
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    reference: Mapped[str] = mapped_column(String(13), unique=True)
    kind: Mapped[Kind]
    identity: Mapped[ReporterIdentity]
    definition_hash: Mapped[str] = mapped_column(ForeignKey("workflow_definition.hash"))
    state: Mapped[str] = mapped_column(String(40))
    category: Mapped[str] = mapped_column(String(20))
    also: Mapped[str] = mapped_column(String(200), default="")
    severity: Mapped[Severity]
    severity_reason: Mapped[str] = mapped_column(String(200), default="")
    duty: Mapped[Duty]
    patient_data: Mapped[PatientData]
    is_risk_now: Mapped[bool] = mapped_column(default=False)
    is_subject_unresolved: Mapped[bool] = mapped_column(default=False)
    is_patient_told: Mapped[bool] = mapped_column(default=False)
    owner_role: Mapped[Role]
    owner_membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    escalated_to: Mapped[Role | None]
    interim_measures: Mapped[str] = mapped_column(String(20), default="")
    opened_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    triaged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None]
    next_due_at: Mapped[datetime | None]
    next_clock: Mapped[str] = mapped_column(String(20), default="")
    version: Mapped[int] = mapped_column(default=1)
    submission_token: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    contact_sealed: Mapped[bytes | None]


class Report(Base):
    """What the reporter sent: every answer with the wording and version of its question, sealed."""

    __tablename__ = "report"
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), primary_key=True)
    lane: Mapped[Lane]
    form: Mapped[str] = mapped_column(String(40))
    form_version: Mapped[int]
    language: Mapped[str] = mapped_column(String(5))
    answers_sealed: Mapped[bytes]


class CaseParty(Base):
    """A blind token for somebody who is part of a case: no person, no name, nothing to join on."""

    __tablename__ = "case_party"
    __table_args__ = (Index(None, "case_id", "token", "role"), Index(None, "token", "role"))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    role: Mapped[PartyRole]
    token: Mapped[bytes] = mapped_column(LargeBinary(16))


class CaseExclusion(Base):
    """Somebody who declared or was found to have a conflict in one case."""

    __tablename__ = "case_exclusion"
    __table_args__ = (UniqueConstraint("case_id", "token"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    token: Mapped[bytes] = mapped_column(LargeBinary(16))
    cause: Mapped[str] = mapped_column(String(40))


class CaseHandler(Base):
    """Somebody who works on a case, in one capacity, from an instant to an instant.

    ``outside_organisation_id`` is the case's organisation where the handler belongs to another one.
    """

    __tablename__ = "case_handler"
    __table_args__ = (
        Index(
            "ix_case_handler_open_by_due",
            "membership_id",
            "next_due_at",
            "case_id",
            sqlite_where=HANDLING,
            postgresql_where=HANDLING,
        ),
        Index(
            "ix_case_handler_ended",
            "membership_id",
            "until_at",
            sqlite_where=ENDED,
            postgresql_where=ENDED,
        ),
        Index(
            "ix_case_handler_outside",
            "membership_id",
            "outside_organisation_id",
            sqlite_where=OUTSIDE,
            postgresql_where=OUTSIDE,
        ),
        Index(None, "case_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    capacity: Mapped[Role]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    outside_organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    next_due_at: Mapped[datetime | None]


class RoutingDecision(Base):
    """Why somebody was given a case, with everybody passed over: sealed, for those who may know."""

    __tablename__ = "routing_decision"
    __table_args__ = (Index(None, "case_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    decided_at: Mapped[datetime]
    explanation_sealed: Mapped[bytes]
