"""What a confirmation needs of a report beside its dates: facts that are kept in clear, so that nothing is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.database import reader
from app.domain.actors import Actor
from app.domain.vocabulary import Kind, PatientData
from app.models.case import Case
from app.queries.reports import reported_by


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFacts:
    """The categories of one's own report, the main one first, and what makes it pressing."""

    case_id: UUID
    organisation_id: UUID
    kind: Kind
    categories: tuple[str, ...]
    patient_data: PatientData
    is_risk_now: bool


def facts_of(actor: Actor, case_ids: Sequence[UUID]) -> tuple[SentFacts, ...]:
    """The facts of those of the reports that are the person's own, in the order of the ids."""
    session = reader()
    rows = session.scalars(select(Case).where(Case.id.in_(case_ids), reported_by(session, actor))).all()
    found = {
        case.id: SentFacts(
            case_id=case.id,
            organisation_id=case.organisation_id,
            kind=case.kind,
            categories=(case.category, *case.also.split()),
            patient_data=case.patient_data,
            is_risk_now=case.is_risk_now,
        )
        for case in rows
    }
    return tuple(found[case_id] for case_id in case_ids if case_id in found)
