"""Queueing mail, inside the transaction whose news it carries. Nothing is sent before commit."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.database import table_of
from app.models.case import Case
from app.models.mail import Mail, MailKind, MailState


def queue(
    session: Session,
    kind: MailKind,
    *,
    now: datetime,
    membership_id: UUID | None = None,
    case_id: UUID | None = None,
    person_id: UUID | None = None,
) -> None:
    """Puts one mail in the outbox: ids only. Who may still be told is asked again when it is sent."""
    about = {"membership_id": membership_id, "case_id": case_id, "person_id": person_id}
    _add(session, uuid4(), kind, now=now, **about)


def queue_private(session: Session, kind: MailKind, *, person_id: UUID, now: datetime) -> None:
    """Puts one mail to a person's private address in the outbox."""
    _add(session, uuid4(), kind, now=now, person_id=person_id, is_private=True)


def queue_code(session: Session, code_id: UUID, *, person_id: UUID, now: datetime) -> None:
    """Puts the mail with a code in the outbox. It has the id of the code, by which that is found when it is sent."""
    _add(session, code_id, MailKind.CODE, now=now, person_id=person_id)


def _add(
    session: Session, mail_id: UUID, kind: MailKind, *, now: datetime, **about: UUID | bool | None
) -> None:
    waiting = {"queued_at": now, "next_attempt_at": now, "state": MailState.QUEUED}
    session.execute(insert(Mail).values(id=mail_id, kind=kind, **waiting, **about))


def needs_you(session: Session, handlers: Sequence[tuple[UUID, UUID]], *, now: datetime) -> None:
    """Queues "A case needs you" to each of these: a case and the membership that has it."""
    if handlers:
        row: dict[str, object] = {"kind": MailKind.NEEDS_YOU, "state": MailState.QUEUED}
        row |= {"queued_at": now, "next_attempt_at": now}
        session.execute(
            insert(table_of(Mail)),
            [{"id": uuid4(), "case_id": case_id, "membership_id": one, **row} for case_id, one in handlers],
        )


def news_for_reporter(session: Session, *, case_id: UUID, now: datetime) -> None:
    """Queues "There is news for you" to the address that the reporter gave for this case, if any."""
    contact = session.scalar(select(Case.contact_sealed).where(Case.id == case_id))
    if contact is not None:
        queue(session, MailKind.NEWS, case_id=case_id, now=now)
