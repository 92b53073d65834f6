"""Which key opens what: case keys, personal keys and period keys, made and found through their tables."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.database import insert_new, installation_of, reader
from app.domain.errors import SealBroken
from app.encryption.keyring import INSTALLATION, Keyring
from app.encryption.keys import Context, Key
from app.models.key import CaseKey, KeyCheck, PeriodKey, PersonalKey

INSTALLATION_LOG = "installation"
MONTHS_IN_QUARTER = 3
# Crockford's base 32: no letter that looks like a digit.
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12
# Put together once: building a statement costs more than running it.
CASE_KEYS = select(CaseKey.case_id, CaseKey.master_version, CaseKey.wrapped).where(
    CaseKey.case_id.in_(bindparam("cases", expanding=True))
)


def organisation_log(organisation_id: UUID) -> str:
    """The name of an organisation's log."""
    return f"organisation:{organisation_id.hex}"


def new_installation_ring(session: Session) -> None:
    """Makes the keyring of the installation itself, once for all. Only inside a transaction."""
    if session.get(KeyCheck, INSTALLATION) is None:
        _make_ring(session, INSTALLATION)


def new_organisation_ring(session: Session, organisation_id: UUID) -> None:
    """Gives a new organisation a keyring of its own. Only inside the transaction that adds it."""
    _make_ring(session, organisation_id.hex)


def _make_ring(session: Session, owner: str) -> None:
    ring = installation_of(session).keys.make(owner)
    insert_new(session, KeyCheck, owner=owner, value=ring.check)


def check_of(owner: str) -> bytes | None:
    """What the database knows of a keyring; read apart, so that no session's reading is disturbed."""
    with Session(reader().get_bind()) as session:
        return session.scalar(select(KeyCheck.value).where(KeyCheck.owner == owner))


def require_rings(session: Session) -> None:
    """Opens every keyring that was ever made. Raises KeysMissing for the first that is not as it was."""
    for owner in session.scalars(select(KeyCheck.owner)).all():
        installation_of(session).keys.ring(owner)


def person_token(session: Session, person_id: UUID, *, organisation_id: UUID) -> bytes:
    """The blind token that stands for a person in one organisation: 16 bytes."""
    return _organisation_ring(session, organisation_id).index.token(person_id)


def workplace_token(session: Session, workplace_id: UUID, *, organisation_id: UUID) -> bytes:
    """The blind token that stands for somebody's workplace in an MDO's cases: 16 bytes. It fits no other lane's."""
    return _organisation_ring(session, organisation_id).index.token(workplace_id)


def gmc_token(session: Session, gmc_number: str, *, organisation_id: UUID) -> bytes:
    """The blind token of a GMC number that was named before anybody was known to hold it: 16 bytes."""
    return _number_token(_organisation_ring(session, organisation_id).index, gmc_number)


def person_tokens(
    session: Session, person_id: UUID, numbers: Collection[str], *, organisation_id: UUID
) -> frozenset[bytes]:
    """The blind tokens under which a person may be part of a case: by id, and by each of their GMC numbers."""
    return _tokens(_organisation_ring(session, organisation_id).index, person_id, frozenset(numbers))


# Remembered: routing asks for those of every candidate, each time.
@lru_cache(maxsize=16_384)
def _tokens(index: Key, person_id: UUID, numbers: frozenset[str]) -> frozenset[bytes]:
    return frozenset({index.token(person_id), *(_number_token(index, one) for one in numbers)})


def _number_token(index: Key, gmc_number: str) -> bytes:
    return _number_index(index).mac(gmc_number.encode())[:16]


@lru_cache(maxsize=1024)
def _number_index(index: Key) -> Key:
    return index.derive(b"gmc number")


def new_case_key(session: Session, case_id: UUID, *, organisation_id: UUID) -> tuple[Key, CaseKey]:
    """A fresh data key for a case, and the row that keeps it wrapped."""
    key = Key.new()
    version, wrapped = _organisation_ring(session, organisation_id).wrap(key, name=_case_name(case_id))
    _known(session)[_case_name(case_id)] = key
    return key, CaseKey(case_id=case_id, master_version=version, wrapped=wrapped)


def case_key(session: Session, case_id: UUID, *, organisation_id: UUID) -> Key:
    """The data key of a case. Raises SealBroken once the case was disposed of."""
    open_case_keys(session, {case_id: organisation_id})
    return _known(session)[_case_name(case_id)]


def open_case_keys(session: Session, cases: Mapping[UUID, UUID]) -> None:
    """Fetches the keys of cases (each with its organisation) that were not used in this session, in one query.

    Raises SealBroken once one of them was disposed of.
    """
    known = _known(session)
    new = [case_id for case_id in cases if _case_name(case_id) not in known]
    if not new:
        return
    for row in session.execute(CASE_KEYS, {"cases": new}):
        ring = _organisation_ring(session, cases[row.case_id])
        name = _case_name(row.case_id)
        known[name] = ring.unwrap(row.wrapped, name=name, version=row.master_version)
    if not all(_case_name(case_id) in known for case_id in new):
        raise SealBroken("the key of this case was destroyed")


def _case_name(case_id: UUID) -> str:
    return f"case:{case_id.hex}"


def case_context(case_id: UUID, *, organisation_id: UUID, table: str, column: str, row: UUID) -> Context:
    """Where a sealed text of a case belongs."""
    return Context(owner=organisation_id.hex, case=case_id.hex, table=table, column=column, row=row.hex)


def detail_context(log: str, entry_id: UUID) -> Context:
    """Where the detail of an entry belongs."""
    return Context(owner=log, table="audit_detail", column="detail", row=entry_id.hex)


def personal_key(session: Session, person_id: UUID) -> Key:
    """The key of one person's drafts and log. Raises SealBroken for a person who has none yet."""
    name = f"person:{person_id.hex}"
    if name not in _known(session):
        row = session.get(PersonalKey, person_id)
        if row is None:
            raise SealBroken("this person has no key yet")
        ring = _installation_ring(session)
        _known(session)[name] = ring.unwrap(row.wrapped, name=name, version=row.master_version)
    return _known(session)[name]


def new_personal_key(session: Session, person_id: UUID) -> None:
    """Gives a new person a key of their own. Only inside a transaction."""
    key = Key.new()
    name = f"person:{person_id.hex}"
    version, wrapped = _installation_ring(session).wrap(key, name=name)
    session.add(PersonalKey(person_id=person_id, master_version=version, wrapped=wrapped))
    _known(session)[name] = key


def account_code(session: Session, code_id: UUID) -> str:
    """The code that a person types to prove their address: three times four signs, 60 bits, stored nowhere."""
    digest = _installation_ring(session).index.derive(b"account code").mac(code_id.bytes)
    signs = "".join(CODE_LETTERS[byte % len(CODE_LETTERS)] for byte in digest[:CODE_LENGTH])
    return "-".join(signs[start : start + 4] for start in range(0, CODE_LENGTH, 4))


def period_key(session: Session, log: str, *, at: datetime) -> Key:
    """The key of a log's entries without a case in one quarter, made on first use. Only inside a transaction."""
    period = f"{at.year}Q{(at.month - 1) // MONTHS_IN_QUARTER + 1}"
    name = f"period:{log}:{period}"
    if name not in _known(session):
        row = session.get(PeriodKey, (log, period)) or _new_period_key(session, log=log, period=period)
        ring = _ring_of_log(session, log)
        _known(session)[name] = ring.unwrap(row.wrapped, name=name, version=row.master_version)
    return _known(session)[name]


def _new_period_key(session: Session, *, log: str, period: str) -> PeriodKey:
    """A quarter's first entry makes its key; of two first entries at once, the second takes the first one's."""
    version, wrapped = _ring_of_log(session, log).wrap(Key.new(), name=f"period:{log}:{period}")
    insert_new(session, PeriodKey, log=log, period=period, master_version=version, wrapped=wrapped)
    return session.get_one(PeriodKey, (log, period))


def log_index(session: Session, log: str) -> Key:
    """The key that makes blind tokens in a log."""
    return _ring_of_log(session, log).index


def _ring_of_log(session: Session, log: str) -> Keyring:
    if log.startswith("organisation:"):
        return _organisation_ring(session, UUID(log.removeprefix("organisation:")))
    return _installation_ring(session)


def _organisation_ring(session: Session, organisation_id: UUID) -> Keyring:
    return installation_of(session).keys.organisation(organisation_id)


def _installation_ring(session: Session) -> Keyring:
    return installation_of(session).keys.installation()


def _known(session: Session) -> dict[str, Key]:
    """Keys opened in this session; they go with it."""
    known: dict[str, Key] = session.info.setdefault("known_keys", {})
    return known
