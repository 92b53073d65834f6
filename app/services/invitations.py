"""Offering a role and accepting it. It looks the same whether or not the person was known here before."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.record import record_organisation
from app.database import reader, transaction
from app.domain.actors import Act
from app.domain.deadlines import local
from app.domain.errors import InvalidInput, NotFound
from app.domain.events import InvitationWithdrawn, MembershipStarted, PersonAdded
from app.models.account import CodePurpose
from app.models.invitation import Invitation
from app.models.mail import MailKind
from app.notifications import outbox
from app.queries.people import open_invitation
from app.services import handover
from app.services.accounts import send_code
from app.services.administering import require_administrator, signed
from app.services.people import (
    Newcomer,
    add_person,
    checked,
    known_person,
    new_person,
    require_fit,
    start_membership,
)


def invite(newcomer: Newcomer, *, organisation_id: UUID, act: Act) -> None:
    """Offers a role and says so to the person's own address: with a code where they have no password yet.

    The role starts when the person accepts it. Raises InvalidInput: name, email, gmc_number, ends_on, or
    role (held, excluded, invited, not-here).
    """
    newcomer = checked(newcomer)
    require_administrator(organisation_id, act=act)
    with transaction() as session:
        person = known_person(session, newcomer.email) or new_person(session, newcomer)
        require_fit(session, person.id, newcomer.role, organisation_id=organisation_id, newcomer=newcomer)
        _require_not_invited(session, person.id, newcomer, organisation_id=organisation_id, act=act)
        session.add(_invitation(newcomer, person.id, organisation_id=organisation_id, act=act))
        if person.password_hash is None:
            send_code(session, person.id, purpose=CodePurpose.INVITATION, address=newcomer.email, act=act)
        else:
            outbox.queue(session, MailKind.INVITED, person_id=person.id, now=act.now)
        added = PersonAdded(by=signed(act))
        record_organisation(session, added, organisation_id=organisation_id, act=act)


def enrol(newcomer: Newcomer, *, organisation_id: UUID, act: Act) -> UUID | None:
    """Gives a new person a role at once, on the operator's word, and answers the id of their code.

    Somebody who is known already is only invited, and nobody but they gets a code: None. Raises InvalidInput
    as ``invite`` does.
    """
    newcomer = checked(newcomer)
    if known_person(reader(), newcomer.email) is not None:
        invite(newcomer, organisation_id=organisation_id, act=act)
        return None
    added = add_person(newcomer, organisation_id=organisation_id, act=act)
    with transaction() as session:
        return send_code(session, added.person_id, purpose=CodePurpose.INVITATION, act=act).id


def _invitation(newcomer: Newcomer, person_id: UUID, *, organisation_id: UUID, act: Act) -> Invitation:
    return Invitation(
        organisation_id=organisation_id,
        person_id=person_id,
        name=newcomer.name,
        email=newcomer.email,
        gmc_number=newcomer.gmc_number,
        role=newcomer.role,
        post=newcomer.post,
        title=newcomer.title,
        starts_on=newcomer.starts_on,
        ends_on=newcomer.ends_on,
        invited_at=act.now,
    )


def _require_not_invited(
    session: Session, person_id: UUID, newcomer: Newcomer, *, organisation_id: UUID, act: Act
) -> None:
    waiting = select(Invitation.id).where(
        Invitation.person_id == person_id,
        Invitation.organisation_id == organisation_id,
        Invitation.role == newcomer.role,
        open_invitation(act.now),
    )
    if session.execute(waiting.limit(1)).first() is not None:
        raise InvalidInput("role", "invited")


def accept(invitation_id: UUID, *, act: Act) -> UUID:
    """Starts the role that was offered, from its first day or from today; answers the membership.

    Cases elsewhere that the new role parts them from go to others.

    Raises NotFound for an invitation of somebody else, InvalidInput where a role held now excludes it.
    """
    with transaction() as session:
        invitation = _waiting(session, invitation_id, act=act)
        if invitation is None or invitation.person_id != act.actor.person_id:
            raise NotFound("no such invitation")
        cases = handover.lock_cases_of(session, [invitation.person_id])
        newcomer = _newcomer(invitation, act=act)
        organisation_id = invitation.organisation_id
        require_fit(
            session, invitation.person_id, invitation.role, organisation_id=organisation_id, newcomer=newcomer
        )
        invitation.ended_at = act.now
        membership_id = start_membership(
            session, newcomer, invitation.person_id, organisation_id=organisation_id
        )
        started = MembershipStarted(
            by=newcomer.role, role=newcomer.role, starts_on=newcomer.starts_on.isoformat()
        )
        record_organisation(session, started, organisation_id=organisation_id, act=act)
        handover.pass_on(session, cases, now=act.now)
        return membership_id


def withdraw(invitation_id: UUID, *, act: Act) -> None:
    """Takes back an offer that nobody has accepted. Raises NotFound for another organisation's."""
    with transaction() as session:
        invitation = _waiting(session, invitation_id, act=act)
        if invitation is None or invitation.organisation_id != act.actor.organisation_id:
            raise NotFound("no such invitation here")
        require_administrator(invitation.organisation_id, act=act)
        invitation.ended_at = act.now
        withdrawn = InvitationWithdrawn(by=signed(act), role=invitation.role)
        record_organisation(session, withdrawn, organisation_id=invitation.organisation_id, act=act)


def _waiting(session: Session, invitation_id: UUID, *, act: Act) -> Invitation | None:
    waiting = select(Invitation).where(Invitation.id == invitation_id, open_invitation(act.now))
    return session.scalars(waiting.with_for_update()).one_or_none()


def _newcomer(invitation: Invitation, *, act: Act) -> Newcomer:
    return Newcomer(
        name=invitation.name,
        email=invitation.email,
        gmc_number=invitation.gmc_number,
        role=invitation.role,
        post=invitation.post,
        title=invitation.title,
        starts_on=max(invitation.starts_on, local(act.now).date()),
        ends_on=invitation.ends_on,
    )
