"""Which cases a viewer may see: the only scope there is, with conflicts of interest taken out.

A case is reached by an open handler row of the acting membership, or by a role with an organisation-wide
remit. Both lose every case in which the viewer, or somebody close to them, plays a part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, false, or_, select
from sqlalchemy.orm import Session

from app.database import NotAmong
from app.domain.actors import Actor
from app.domain.permissions import OFFICERS
from app.domain.vocabulary import Kind, PartyRole, Role
from app.models.case import Case, CaseExclusion, CaseHandler, CaseParty
from app.models.deadline import Deadline

ORGANISATION_WIDE = frozenset({Role.RESPONSIBLE_OFFICER, Role.GUARDIAN, Role.DATA_PROTECTION_OFFICER})

KEPT_STATEMENTS = 256
# Put together once: building a statement costs more than running it.
CAPACITIES = select(CaseHandler.capacity).where(
    CaseHandler.case_id == bindparam("case_id"),
    CaseHandler.membership_id == bindparam("membership_id"),
    CaseHandler.until_at.is_(None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """In which capacity somebody reaches a case, and whether it is theirs."""

    capacity: Role
    is_owner: bool

    @property
    def sees_patient_part_only(self) -> bool:
        """Whether they read the part about the patient's information, and not the story or the names."""
        return self.capacity in OFFICERS


def handled_by(actor: Actor) -> ColumnElement[bool]:
    """Cases with an open handler row of this membership."""
    return Case.id.in_(
        select(CaseHandler.case_id).where(
            CaseHandler.membership_id == actor.membership_id, CaseHandler.until_at.is_(None)
        )
    )


def in_remit_of(actor: Actor) -> ColumnElement[bool]:
    """Cases that the role reaches across its organisation.

    Nobody reaches advice this way, nor, but for the guardian, a concern about a person not yet known.
    """
    here = Case.organisation_id == actor.organisation_id
    if actor.role is Role.RESPONSIBLE_OFFICER:
        return and_(here, Case.kind != Kind.ADVICE, Case.is_subject_unresolved.is_(False))
    if actor.role is Role.GUARDIAN:
        return and_(here, Case.kind == Kind.CONCERN)
    if actor.role is Role.DATA_PROTECTION_OFFICER:
        clocked = exists().where(Deadline.case_id == Case.id, Deadline.clock == "DPO")
        return and_(here, clocked, Case.is_subject_unresolved.is_(False))
    return false()


def free_of_conflict(actor: Actor) -> ColumnElement[bool]:
    """Cases in which neither the viewer nor, as the subject, somebody close to them plays a part.

    Whoever also advises at an MDO has none at a workplace: its doctors may be members of theirs.
    """
    if actor.also_advises:
        return false()
    # Whoever looks plays a part in few cases: these are listed once, not looked for in case after case.
    party = select(CaseParty.case_id)
    excluded = select(CaseExclusion.case_id).where(CaseExclusion.token.in_(actor.tokens))
    parts = [party.where(CaseParty.token.in_(actor.tokens)), excluded]
    if actor.close_tokens:
        about = CaseParty.role == PartyRole.SUBJECT
        parts.append(party.where(about, CaseParty.token.in_(actor.close_tokens)))
    return and_(*(NotAmong(Case.id, one.scalar_subquery()) for one in parts))


def visible_to(actor: Actor) -> Select[Case]:
    """The cases that this viewer may know of. For one case; lists query each scope by itself.

    Only of organisations in which their tokens are known: elsewhere no conflict could be found.
    """
    if not actor.is_person or not actor.tokens:
        return select(Case).where(false())
    known = Case.organisation_id.in_({actor.organisation_id, *actor.outside})
    return select(Case).where(or_(handled_by(actor), in_remit_of(actor)), known, free_of_conflict(actor))


def standing_in(session: Session, actor: Actor, case: Case) -> Standing:
    """The capacity in which a viewer reaches a case that is visible to them."""
    capacities = session.scalars(CAPACITIES, {"case_id": case.id, "membership_id": actor.membership_id}).all()
    is_owner = case.owner_membership_id == actor.membership_id
    return Standing(capacity=_leading(capacities, actor), is_owner=is_owner)


def _leading(capacities: Sequence[Role], actor: Actor) -> Role:
    """A handler who is also an officer of the case acts as handler."""
    for capacity in sorted(capacities, key=lambda one: one in OFFICERS):
        return capacity
    if actor.role is None:
        raise ValueError("nobody acts without a role")
    return actor.role


def visible_case(session: Session, actor: Actor, case_id: UUID) -> Case | None:
    """The case, if this viewer may know of it."""
    return session.scalars(_by_id(actor), {"case_id": case_id}).one_or_none()


def visible_reference(session: Session, actor: Actor, reference: str) -> Case | None:
    """The case of that canonical reference, if this viewer may know of it."""
    return session.scalars(_by_reference(actor), {"reference": reference}).one_or_none()


@lru_cache(maxsize=KEPT_STATEMENTS)
def _by_id(actor: Actor) -> Select[Case]:
    return visible_to(actor).where(Case.id == bindparam("case_id"))


@lru_cache(maxsize=KEPT_STATEMENTS)
def _by_reference(actor: Actor) -> Select[Case]:
    return visible_to(actor).where(Case.reference == bindparam("reference"))
