"""Sending what waits in the outbox: claimed, checked again, sent, marked; at least once, to nobody too many."""

import logging
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.audit.record import record_installation
from app.database import installation_of, reader, transaction
from app.domain.actors import Act, Actor, ActorKind
from app.domain.calendars import LONDON
from app.domain.errors import SealBroken
from app.domain.events import MailDelivered
from app.domain.permissions import ADVISERS
from app.encryption.keys import open_sealed
from app.keychain import account_code, case_key
from app.models.account import AccountCode
from app.models.case import Case
from app.models.draft import Draft
from app.models.mail import Mail, MailKind, MailState
from app.models.person import Membership, Person
from app.notifications.channels import CannotSend, Channel, channel_for
from app.notifications.letters import Stamp, letter
from app.queries.cases import visible_case
from app.queries.people import (
    also_advises,
    current_on,
    roles_held,
    tokens_by_person,
    workplace_tokens,
)
from app.services.changes import sealed_at

BATCH = 100
ATTEMPTS = 8
LEASE = timedelta(minutes=5)
SHOWN_FOR = timedelta(days=1)
LONGEST_ERROR = 60
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A mail that may be sent: to whom, and the two facts that a text can carry."""

    mail_id: UUID
    kind: MailKind
    address: str
    date: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one delivery did, in counts."""

    sent: int = 0
    dropped: int = 0
    failed: int = 0


def deliver(*, now: datetime) -> Delivered:
    """Sends what is waiting. Several mails of one kind to one address become one.

    Where the mail server cannot be reached at all, the rest waits for the next time.
    """
    channel = channel_for(installation_of(reader()).settings)
    counts: Counter[str] = Counter()
    for claimed in iter(lambda: _claim(now), []):
        envelopes, gone = _opened(claimed, now)
        _mark(gone, MailState.DROPPED, now)
        counts["dropped"] += len(gone)
        reached = _send_all(_together(envelopes), channel, now, counts)
        if not reached:
            break
    return Delivered(**counts)


def _send_all(
    letters: Sequence[Sequence[Envelope]], channel: Channel, now: datetime, counts: Counter[str]
) -> bool:
    """Sends each letter and marks the mails it stands for. Answers whether there was a server to send by."""
    for number, same in enumerate(letters):
        try:
            _send(same[0], channel, now)
        except CannotSend as error:
            log.warning("mail.failed", extra={"mail_id": str(same[0].mail_id), "error": error.code})
            left = letters[number:] if error.is_outage else [same]
            _put_back([one.mail_id for waiting in left for one in waiting], error.code, now)
            counts["failed"] += sum(map(len, left))
            if error.is_outage:
                return False
        else:
            _mark([one.mail_id for one in same], MailState.SENT, now)
            counts["sent"] += 1
    return True


def _claim(now: datetime) -> list[UUID]:
    """Takes a batch and leases it, so that a worker that dies leaves it to the next one."""
    if not _anything_waiting(now):
        return []
    with transaction() as session:
        ids = session.scalars(
            select(Mail.id)
            .where(Mail.state == MailState.QUEUED, Mail.next_attempt_at <= now)
            .order_by(Mail.next_attempt_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        session.execute(
            update(Mail)
            .where(Mail.id.in_(ids))
            .values(attempts=Mail.attempts + 1, next_attempt_at=now + LEASE)
        )
        return list(ids)


def _anything_waiting(now: datetime) -> bool:
    # In order, so that PostgreSQL walks the index of what waits even where nothing does.
    session = reader()
    waiting = session.scalar(
        select(Mail.id)
        .where(Mail.state == MailState.QUEUED, Mail.next_attempt_at <= now)
        .order_by(Mail.next_attempt_at)
        .limit(1)
    )
    session.rollback()
    return waiting is not None


def _opened(ids: Sequence[UUID], now: datetime) -> tuple[list[Envelope], list[UUID]]:
    """Each mail with its address, and those whose reader may no longer be told or wants none."""
    session = reader()
    envelopes, gone = [], []
    for mail in session.scalars(select(Mail).where(Mail.id.in_(ids)).order_by(Mail.queued_at)):
        envelope = _addressed(session, mail, now)
        if envelope is None:
            gone.append(mail.id)
        else:
            envelopes.append(envelope)
    session.rollback()
    return envelopes, gone


def _addressed(session: Session, mail: Mail, now: datetime) -> Envelope | None:
    """The mail with its address and its date, or None where nobody may be told any more."""
    address = _address(session, mail, now)
    day = _day_in(session, mail)
    if address is None or day is None:
        return None
    code = ""
    if mail.kind is MailKind.CODE:
        if not _lives(session, mail, now):
            return None
        code = account_code(session, mail.id)
    local = day.astimezone(LONDON)
    date = f"{local.day} {local:%B %Y}"
    return Envelope(mail_id=mail.id, kind=mail.kind, address=address, date=date, code=code)


def _address(session: Session, mail: Mail, now: datetime) -> str | None:
    if mail.kind is MailKind.NEEDS_YOU:
        return _handler_address(session, mail, now)
    if mail.kind is MailKind.NEWS:
        return _reporter_address(session, mail)
    if mail.kind is MailKind.CODE:
        return session.scalar(select(AccountCode.address).where(AccountCode.id == mail.id))
    column = Person.private_email if mail.is_private else Person.email
    return session.scalar(select(column).where(Person.id == mail.person_id))


def _day_in(session: Session, mail: Mail) -> datetime | None:
    """The day that the mail speaks of: when the first draft goes, if one is left; else when it was queued."""
    if mail.kind is MailKind.DRAFT:
        first = select(func.min(Draft.expires_at)).where(Draft.person_id == mail.person_id)
        return session.scalar(first)
    return mail.queued_at


def _lives(session: Session, mail: Mail, now: datetime) -> bool:
    code = session.get(AccountCode, mail.id)
    return code is not None and code.used_at is None and code.expires_at > now


def _handler_address(session: Session, mail: Mail, now: datetime) -> str | None:
    """Only to somebody whose membership still counts and who may still know of the case."""
    row = session.execute(
        select(Membership, Person.email)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.id == mail.membership_id, current_on(now.astimezone(LONDON).date()))
    ).one_or_none()
    case = session.get(Case, mail.case_id) if mail.case_id else None
    if row is None or case is None:
        return None
    actor = actor_for(session, row.Membership, case, now)
    return row.email if visible_case(session, actor, case.id) else None


def actor_for(session: Session, membership: Membership, case: Case, now: datetime) -> Actor:
    """That membership, with the tokens that the case's organisation knows its holder by."""
    person_id = membership.person_id
    today = now.astimezone(LONDON).date()
    tokens = tokens_by_person(session, [person_id], organisation_id=case.organisation_id, on=today)
    held = roles_held(session, [person_id], on=today)[person_id]
    work = frozenset[bytes]()
    if membership.role in ADVISERS:
        work = workplace_tokens(session, held, organisation_id=case.organisation_id)
    return Actor(
        kind=ActorKind.PERSON,
        person_id=person_id,
        membership_id=membership.id,
        organisation_id=membership.organisation_id,
        outside=frozenset({case.organisation_id}),
        role=membership.role,
        tokens=tokens[person_id][0] | work,
        close_tokens=tokens[person_id][1],
        also_advises=also_advises(membership.role, held),
    )


def _reporter_address(session: Session, mail: Mail) -> str | None:
    """Only to the address that was given for this case, while it still stands."""
    case = session.get(Case, mail.case_id) if mail.case_id else None
    if case is None or case.contact_sealed is None:
        return None
    context = sealed_at(case, table="case", column="contact", row=case.id)
    try:
        key = case_key(session, case.id, organisation_id=case.organisation_id)
        return open_sealed(key, case.contact_sealed, context=context)
    except SealBroken:
        log.warning("mail.address.lost", extra={"mail_id": str(mail.id)})
        return None


def _together(envelopes: Sequence[Envelope]) -> list[list[Envelope]]:
    """Mails that say the same to the same address, side by side; a code is never joined to another."""
    groups: dict[tuple[str, str, str], list[Envelope]] = {}
    for one in envelopes:
        groups.setdefault((one.kind, one.address, one.code), []).append(one)
    return list(groups.values())


def _send(envelope: Envelope, channel: Channel, now: datetime) -> None:
    """Hands one letter over. Raises CannotSend."""
    installation = installation_of(reader())
    opaque = installation.keys.installation().index.derive(b"outbox").mac(envelope.mail_id.bytes).hex()[:32]
    domain = installation.settings.mail_from.rpartition("@")[2]
    try:
        message = letter(
            installation.letters,
            envelope.kind,
            Stamp(
                to=envelope.address,
                sender=installation.settings.mail_from,
                at=now,
                message_id=f"<{opaque}@{domain}>",
            ),
            link=installation.settings.public_url,
            date=envelope.date,
            code=envelope.code,
        )
        channel.send(message)
    except ValueError as error:
        raise CannotSend("BadAddress", is_outage=False) from error


def _mark(ids: Sequence[UUID], state: MailState, now: datetime) -> None:
    if ids:
        with transaction() as session:
            session.execute(update(Mail).where(Mail.id.in_(ids)).values(state=state, ended_at=now))


def _put_back(ids: Sequence[UUID], why: str, now: datetime) -> None:
    """Tried again later and later, with some jitter; after eight times it is dead and shows in the health for a day."""
    with transaction() as session:
        for mail in session.scalars(select(Mail).where(Mail.id.in_(ids))):
            wait = timedelta(seconds=30 * 2**mail.attempts * random.uniform(0.8, 1.2))  # noqa: S311  jitter, no secret
            mail.next_attempt_at = now + wait
            mail.last_error = why[:LONGEST_ERROR]
            if mail.attempts >= ATTEMPTS:
                mail.state, mail.ended_at = MailState.DEAD, now


def gave_up_lately(*, now: datetime) -> bool:
    """Whether a mail died in the last day: somebody was not told, and the health of the service says so."""
    dead = select(Mail.id).where(Mail.state == MailState.DEAD, Mail.ended_at > now - SHOWN_FOR)
    return reader().scalar(dead.limit(1)) is not None


def note_delivery(delivered: Delivered, *, act: Act) -> None:
    """Records that the operator delivered mail by hand."""
    with transaction() as session:
        record_installation(session, MailDelivered(by="operator", sent=delivered.sent), act=act)
