"""Writing the ledger: the only way an entry comes into being, inside the transaction of its act.

An entry's leaf names nobody: its actor is a random alias, its detail a commitment. What was done, by which
role, stands sealed in ``audit_detail`` and goes when its key goes; the leaf stays provable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.audit.canonical import canonical
from app.database import insert_new, table_of
from app.domain.actors import Act, Actor, ActorKind
from app.domain.errors import CannotRecord
from app.domain.events import Event
from app.encryption.keys import Context, Key
from app.keychain import (
    INSTALLATION_LOG,
    case_key,
    log_index,
    organisation_log,
    period_key,
    personal_key,
)
from app.models.ledger import AuditAlias, AuditDetail, AuditEntry, AuditSequence

LEAF_VERSION = 1
Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """One event of one case, with the states it led from and to."""

    event: Event
    previous_state: str | None = None
    new_state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hand:
    """Who writes where, and when: what all entries of one act share."""

    log: str
    key: Key
    alias: UUID
    at: datetime
    case_id: UUID | None = None
    definition: str | None = None


def leaf_time(at: datetime) -> str:
    """An instant as leaves carry it: UTC, exactly six decimals."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record_case(
    session: Session,
    records: Sequence[CaseRecord],
    *,
    case_id: UUID,
    organisation_id: UUID,
    definition: str,
    act: Act,
) -> None:
    """Writes entries of one case, in order, to its organisation's log. Numbers in a case have no gaps."""
    if not records:
        return
    log = organisation_log(organisation_id)
    key = case_key(session, case_id, organisation_id=organisation_id)
    alias = _alias(session, log, scope=case_id.hex, actor=act.actor)
    first = _next_numbers(session, case_id, count=len(records))
    hand = _Hand(log=log, key=key, alias=alias, at=act.now, case_id=case_id, definition=definition)
    _write(session, [_written(one, hand, number=number) for number, one in enumerate(records, start=first)])


def record_opening(
    session: Session,
    records: Sequence[CaseRecord],
    *,
    case_id: UUID,
    organisation_id: UUID,
    definition: str,
    act: Act,
) -> None:
    """Writes the first entries of a case that nobody else can know of yet: its numbers and aliases begin here."""
    log, alias = organisation_log(organisation_id), uuid4()
    key = case_key(session, case_id, organisation_id=organisation_id)
    token = log_index(session, log).mac(_who(act.actor))[:16]
    session.execute(insert(table_of(AuditAlias)).values(alias=alias, log=log, scope=case_id.hex, token=token))
    session.execute(insert(table_of(AuditSequence)).values(case_id=case_id, next=1 + len(records)))
    hand = _Hand(log=log, key=key, alias=alias, at=act.now, case_id=case_id, definition=definition)
    _write(session, [_written(one, hand, number=number) for number, one in enumerate(records, start=1)])


def record_organisation(session: Session, event: Event, *, organisation_id: UUID, act: Act) -> None:
    """Writes an event without a case to an organisation's log."""
    _record_plain(session, event, log=organisation_log(organisation_id), act=act)


def record_installation(session: Session, event: Event, *, act: Act) -> None:
    """Writes an event that belongs to no organisation to the installation's log."""
    _record_plain(session, event, log=INSTALLATION_LOG, act=act)


def record_personal(session: Session, event: Event, *, person_id: UUID, act: Act) -> None:
    """Writes an event to a person's own log, which that person alone can read."""
    log = personal_log(session, person_id)
    _record(session, event, key=personal_key(session, person_id), log=log, act=act)


def personal_log(session: Session, person_id: UUID) -> str:
    """The name of a person's own log; it does not show whose it is."""
    return f"person:{log_index(session, INSTALLATION_LOG).token(person_id).hex()}"


def _record_plain(session: Session, event: Event, *, log: str, act: Act) -> None:
    _record(session, event, key=period_key(session, log, at=act.now), log=log, act=act)


def _record(session: Session, event: Event, *, key: Key, log: str, act: Act) -> None:
    alias = _alias(session, log, scope="", actor=act.actor)
    hand = _Hand(log=log, key=key, alias=alias, at=act.now)
    _write(session, [_written(CaseRecord(event=event), hand, number=None)])


def _write(session: Session, written: Sequence[tuple[Row, Row]]) -> None:
    session.execute(insert(table_of(AuditEntry)), [entry for entry, _ in written])
    session.execute(insert(table_of(AuditDetail)), [detail for _, detail in written])


def _written(one: CaseRecord, hand: _Hand, *, number: int | None) -> tuple[Row, Row]:
    """The rows of one entry: its leaf bytes and its sealed detail."""
    entry_id = uuid4()
    detail = canonical(one.event.detail())
    leaf = canonical(
        {
            "version": LEAF_VERSION,
            "id": entry_id.hex,
            "at": leaf_time(hand.at),
            "actor": hand.alias.hex,
            "action": one.event.tag,
            "case": hand.case_id.hex if hand.case_id else None,
            "case_seq": number,
            "previous_state": one.previous_state,
            "new_state": one.new_state,
            "definition": hand.definition,
            "commitment": commitment(hand.key, entry_id, detail).hex(),
        }
    )
    entry: Row = {
        "id": entry_id,
        "log": hand.log,
        "case_id": hand.case_id,
        "case_seq": number,
        "action": one.event.tag,
        "at": hand.at,
        "leaf": leaf,
    }
    sealed = hand.key.seal(detail, context=detail_context(hand.log, entry_id))
    return entry, {"entry_id": entry_id, "detail_sealed": sealed}


def commitment(key: Key, entry_id: UUID, detail: bytes) -> bytes:
    """HMAC-SHA256 of the canonical detail under HKDF(key, entry id): 32 bytes."""
    return key.derive(b"audit:" + entry_id.bytes).mac(detail)


def detail_context(log: str, entry_id: UUID) -> Context:
    """Where a detail belongs."""
    return Context(owner=log, table="audit_detail", column="detail", row=entry_id.hex)


def _next_numbers(session: Session, case_id: UUID, *, count: int) -> int:
    """Takes the next numbers of a case and answers the first of them."""
    after = _advanced(session, case_id, count)
    if after is None:
        insert_new(session, AuditSequence, case_id=case_id, next=1)
        after = _advanced(session, case_id, count)
    if after is None:
        raise CannotRecord("a case has no sequence")
    return after - count


def _advanced(session: Session, case_id: UUID, count: int) -> int | None:
    """The number after those taken; whoever takes numbers of the same case meanwhile waits."""
    return session.execute(
        update(AuditSequence)
        .where(AuditSequence.case_id == case_id)
        .values(next=AuditSequence.next + count)
        .returning(AuditSequence.next)
    ).scalar_one_or_none()


def _alias(session: Session, log: str, *, scope: str, actor: Actor) -> UUID:
    """The random alias of an actor in one log and scope, made on first use, once however many come at once."""
    token = log_index(session, log).mac(_who(actor))[:16]
    own = select(AuditAlias.alias).where(
        AuditAlias.log == log, AuditAlias.scope == scope, AuditAlias.token == token
    )
    known = session.execute(own).scalar_one_or_none()
    if known is None:
        insert_new(session, AuditAlias, alias=uuid4(), log=log, scope=scope, token=token)
        known = session.execute(own).scalar_one()
    return known


def _who(actor: Actor) -> bytes:
    if actor.kind is ActorKind.PERSON and actor.person_id is not None:
        return b"person:" + actor.person_id.bytes
    return f"{actor.kind}:{actor.account}".encode()
