"""Writing the ledger: the only way an entry comes into being, inside the transaction of its act.

An entry's leaf names nobody: its actor is a random alias, its detail a commitment. What was done, by which
role, stands sealed in ``audit_detail`` and goes when its key goes; the leaf stays provable.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.audit.canonical import canonical
from app.database import insert_new, table_of
from app.domain.actors import Act, Actor, ActorKind
from app.domain.errors import CannotRecord
from app.domain.events import Event
from app.encryption.keys import Key
from app.keychain import (
    INSTALLATION_LOG,
    case_key,
    detail_context,
    log_index,
    open_case_keys,
    organisation_log,
    period_key,
    personal_key,
)
from app.models.ledger import AuditAlias, AuditDetail, AuditEntry, AuditSequence

LEAF_VERSION = 1
Row = dict[str, object]
# Put together once: building a statement costs more than running it.
ALIASES = select(AuditAlias.log, AuditAlias.scope, AuditAlias.alias).where(
    AuditAlias.log.in_(bindparam("logs", expanding=True)),
    AuditAlias.scope.in_(bindparam("scopes", expanding=True)),
    AuditAlias.token.in_(bindparam("tokens", expanding=True)),
)
SEQUENCE = table_of(AuditSequence)
ADVANCED = (
    update(SEQUENCE)
    .where(SEQUENCE.c.case_id.in_(bindparam("cases", expanding=True)))
    .values(next=SEQUENCE.c.next + bindparam("count"))
    .returning(SEQUENCE.c.case_id, SEQUENCE.c.next)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """One event of one case, with the states it led from and to."""

    event: Event
    previous_state: str | None = None
    new_state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEntries:
    """What is recorded of one case, in order, under the definition that it runs on."""

    case_id: UUID
    organisation_id: UUID
    definition: str
    records: Sequence[CaseRecord]

    @property
    def log(self) -> str:
        """The log of its organisation."""
        return organisation_log(self.organisation_id)


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


def record_cases(session: Session, cases: Sequence[CaseEntries], *, act: Act) -> None:
    """Writes entries to the logs of the cases' organisations. Numbers in a case have no gaps."""
    cases = [one for one in cases if one.records]
    open_case_keys(session, {one.case_id: one.organisation_id for one in cases})
    aliases = _aliases(session, [(one.log, one.case_id.hex) for one in cases], actor=act.actor)
    numbers = _next_numbers(session, {one.case_id: len(one.records) for one in cases})
    _write(
        session,
        [
            row
            for one in cases
            for row in _rows(session, one, aliases[one.log, one.case_id.hex], numbers[one.case_id], act)
        ],
    )


def _rows(session: Session, one: CaseEntries, alias: UUID, first: int, act: Act) -> Iterator[tuple[Row, Row]]:
    key = case_key(session, one.case_id, organisation_id=one.organisation_id)
    hand = _Hand(
        log=one.log, key=key, alias=alias, at=act.now, case_id=one.case_id, definition=one.definition
    )
    for number, each in enumerate(one.records, start=first):
        yield _written(each, hand, number=number)


def record_opening(session: Session, one: CaseEntries, *, act: Act) -> None:
    """Writes the first entries of a case that nobody else can know of yet: its numbers and aliases begin here."""
    alias, token = uuid4(), _token(session, one.log, act.actor)
    known_as = {"alias": alias, "log": one.log, "scope": one.case_id.hex, "token": token}
    session.execute(insert(table_of(AuditAlias)), known_as)
    session.execute(insert(SEQUENCE), {"case_id": one.case_id, "next": 1 + len(one.records)})
    _write(session, list(_rows(session, one, alias, 1, act)))


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
    alias = _aliases(session, [(log, "")], actor=act.actor)[log, ""]
    hand = _Hand(log=log, key=key, alias=alias, at=act.now)
    _write(session, [_written(CaseRecord(event=event), hand, number=None)])


def _write(session: Session, written: Sequence[tuple[Row, Row]]) -> None:
    if not written:
        return
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


def _next_numbers(session: Session, counts: Mapping[UUID, int]) -> Mapping[UUID, int]:
    """Takes so many numbers of each case and answers the first of them."""
    after = _advanced(session, counts)
    if new := counts.keys() - after.keys():
        for case_id in new:
            insert_new(session, AuditSequence, case_id=case_id, next=1)
        after |= _advanced(session, {case_id: counts[case_id] for case_id in new})
    if counts.keys() - after.keys():
        raise CannotRecord("a case has no sequence")
    return {case_id: after[case_id] - count for case_id, count in counts.items()}


def _advanced(session: Session, counts: Mapping[UUID, int]) -> dict[UUID, int]:
    """The numbers after those taken; whoever takes numbers of the same cases meanwhile waits."""
    after: dict[UUID, int] = {}
    for count in sorted(set(counts.values())):
        cases = [case_id for case_id, wanted in counts.items() if wanted == count]
        after |= dict(session.execute(ADVANCED, {"cases": cases, "count": count}).all())
    return after


def _aliases(
    session: Session, places: Collection[tuple[str, str]], *, actor: Actor
) -> Mapping[tuple[str, str], UUID]:
    """The random alias of an actor in each log and scope, made on first use, once however many come at once."""
    tokens = {log: _token(session, log, actor) for log, _ in places}
    known = _known_aliases(session, places, tokens)
    for log, scope in places:
        if (log, scope) not in known:
            known[log, scope] = _new_alias(session, log, scope, tokens[log])
    return known


def _new_alias(session: Session, log: str, scope: str, token: bytes) -> UUID:
    """A new one, or that of whoever was faster."""
    alias = uuid4()
    if insert_new(session, AuditAlias, alias=alias, log=log, scope=scope, token=token):
        return alias
    return _known_aliases(session, [(log, scope)], {log: token})[log, scope]


def _known_aliases(
    session: Session, places: Collection[tuple[str, str]], tokens: Mapping[str, bytes]
) -> dict[tuple[str, str], UUID]:
    logs, scopes = sorted(tokens), [scope for _, scope in places]
    rows = session.execute(ALIASES, {"logs": logs, "scopes": scopes, "tokens": list(tokens.values())})
    return {(log, scope): alias for log, scope, alias in rows}


def _token(session: Session, log: str, actor: Actor) -> bytes:
    """The blind token by which a log knows somebody: 16 bytes."""
    return log_index(session, log).mac(_who(actor))[:16]


def _who(actor: Actor) -> bytes:
    if actor.kind is ActorKind.PERSON and actor.person_id is not None:
        return b"person:" + actor.person_id.bytes
    return f"{actor.kind}:{actor.account}".encode()
