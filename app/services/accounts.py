"""What people do with their own account: sign in and out, choose a role, use a code, change the password.

Credentials belong to the person. Every refusal of a sign-in or a code reads the same, whatever its cause,
and costs the same. Acts are written to the person's own log, which that person alone can read.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from app.audit.record import personal_log, record_personal
from app.database import installation_of, reader, transaction
from app.domain.actors import Act, Actor, ActorKind
from app.domain.deadlines import local
from app.domain.errors import InvalidInput, NotFound
from app.domain.events import (
    CodeSent,
    MembershipChosen,
    PasswordChanged,
    ProofGiven,
    ProofRefused,
    SessionEnded,
    SessionRefused,
    SessionsEnded,
    SessionStarted,
)
from app.domain.vocabulary import Role
from app.keychain import CODE_LENGTH, account_code, new_personal_key
from app.models.account import AccountCode, CodePurpose, SignIn
from app.models.ledger import AuditEntry
from app.models.mail import MailKind
from app.models.person import Membership, Person
from app.notifications import outbox
from app.queries.people import current_on
from app.services import throttling
from app.services.passwords import Passwords, check_new, passwords_of

CODE_MINUTES = 30
CODES_ALIVE = 5
MISTAKEN_FOR = str.maketrans("OIL", "011")
KEPT_AFTER_END = timedelta(days=30)
SOMEBODY = "person"
# How long a proof of who somebody is counts for the acts that weigh most.
FRESH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A session that has just begun. ``token`` goes to the browser and is kept nowhere else."""

    token: str = field(repr=False)
    device: str = field(repr=False, default="")
    role: Role | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEntry:
    """One line of a person's own log: what happened (its tag) and when."""

    tag: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose account it is and what its password is checked against."""

    person_id: UUID
    address: str = field(repr=False)
    password_hash: str | None = field(repr=False)


def normal_address(text: str) -> str:
    """An e-mail address as it is kept and compared."""
    return text.strip().casefold()


def is_address(text: str) -> bool:
    """Whether a text could be an e-mail address; a database can hold it then."""
    name, _at, domain = text.partition("@")
    labels = domain.split(".")
    # Neither control characters nor those that turn the order of letters round are printable.
    is_plain = text.isprintable() and " " not in text and len(text) <= throttling.LONGEST_ADDRESS
    return bool(name and len(labels) > 1 and all(labels) and "@" not in domain and is_plain)


def domain_of(address: str) -> str:
    """The part of an address behind its at sign."""
    return address.rpartition("@")[2]


def hash_password(password: str) -> str:
    """The hash of a password under this installation's parameters; slow, so never inside a transaction."""
    return _passwords().hash(password)


def sign_in(email: str, password: str, *, device: str = "", act: Act) -> Started:
    """Begins a session for whoever knows the password.

    Raises InvalidInput (not-recognised) for every cause alike, TryAgainLater after many tries.
    """
    address = normal_address(email)
    key = throttling.account_key(reader(), "sign-in", address, device=device)
    passwords = _passwords()
    with passwords.turn():
        throttling.count_try(key, pace=throttling.SIGN_IN, now=act.now)
        account = account_at(address)
        expected = account.password_hash if account else None
        if not passwords.is_right(password, expected=expected) or account is None or expected is None:
            _refuse(account, key=key, act=act)
            raise InvalidInput("password", "not-recognised")
        renewed = passwords.renewed(password, expected=expected)
    with transaction() as session:
        _keep_hash(session, account.person_id, expected=expected, renewed=renewed)
        throttling.forgive(session, key)
        started = _start(
            session, account.person_id, proved_by="password", act=_as_themselves(account.person_id, act)
        )
        return replace(started, device=throttling.new_device(session, account=address))


def account_at(address: str) -> Account | None:
    """Whose address this is, private or not, if anybody's; an impossible address is nobody's."""
    own = or_(Person.email == address, Person.private_email == address)
    return _account(own) if is_address(address) else None


def _account(which: ColumnElement[bool]) -> Account | None:
    """Plain values: what the reader lends must not be touched once a transaction has begun."""
    found = select(Person.id.label("person_id"), Person.email.label("address"), Person.password_hash).where(
        which
    )
    row = reader().execute(found).mappings().one_or_none()
    return Account(**row) if row else None


def _passwords() -> Passwords:
    return passwords_of(installation_of(reader()).settings)


def _refuse(account: Account | None, *, key: bytes, act: Act) -> None:
    """Writes the refusal to the log of whoever has the account, by nobody in particular."""
    nobody, refused = replace(act, actor=Actor(kind=ActorKind.PERSON)), SessionRefused(by=SOMEBODY)

    def write(session: Session, person_id: UUID) -> None:
        record_personal(session, refused, person_id=person_id, act=nobody)

    with transaction() as session:
        throttling.touch(session, key)
        _for_anybody(session, account, write)


def _for_anybody(session: Session, account: Account | None, write: Callable[[Session, UUID], object]) -> None:
    """Writes for whoever has the account; where nobody has, for a made-up person, and that is undone.

    The made-up one is there either way, so that an unknown address takes as long as a known one. The caller
    has written something that stays.
    """
    undone = session.begin_nested()
    nobody = Person(id=uuid4(), name="", email=uuid4().hex)
    session.add(nobody)
    session.flush()
    new_personal_key(session, nobody.id)
    session.flush()
    if account is None:
        write(session, nobody.id)
    undone.rollback()
    if account is not None:
        write(session, account.person_id)


def _as_themselves(person_id: UUID, act: Act) -> Act:
    """The same act, by the person who has just proved who they are."""
    return replace(act, actor=Actor(kind=ActorKind.PERSON, person_id=person_id))


def _keep_hash(session: Session, person_id: UUID, *, expected: str, renewed: str) -> None:
    """Refuses where the password was changed since it was checked."""
    changed = session.execute(
        update(Person)
        .where(Person.id == person_id, Person.password_hash == expected)
        .values(password_hash=renewed)
        .returning(Person.id)
    ).one_or_none()
    if changed is None:
        raise InvalidInput("password", "not-recognised")


def _start(session: Session, person_id: UUID, *, proved_by: str, act: Act) -> Started:
    """A new session; it acts in the person's only membership, or in none until they choose."""
    held = session.execute(
        select(Membership.id, Membership.role).where(
            Membership.person_id == person_id, current_on(local(act.now).date())
        )
    ).all()
    only = held[0] if len(held) == 1 else None
    hours = installation_of(session).settings.session_hours
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            id=session_id_of(token),
            person_id=person_id,
            membership_id=only.id if only else None,
            proved_by=proved_by,
            started_at=act.now,
            proved_at=act.now,
            expires_at=act.now + timedelta(hours=hours),
        )
    )
    record_personal(session, SessionStarted(by=SOMEBODY), person_id=person_id, act=act)
    return Started(token=token, role=only.role if only else None)


def session_id_of(token: str) -> bytes:
    """The id under which the database knows the session of a token: 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


def choose_membership(session_id: bytes, membership_id: UUID, *, act: Act) -> Started:
    """Goes on in another of the person's current memberships, under a new token. Raises NotFound."""
    with transaction() as session:
        old = _own_session(session, session_id, act=act)
        role = session.execute(
            select(Membership.role).where(
                Membership.id == membership_id,
                Membership.person_id == old.person_id,
                current_on(local(act.now).date()),
            )
        ).scalar_one_or_none()
        if role is None:
            raise NotFound("no such membership of this person")
        token = secrets.token_urlsafe(32)
        session.add(
            SignIn(
                id=session_id_of(token),
                person_id=old.person_id,
                membership_id=membership_id,
                proved_by=old.proved_by,
                started_at=old.started_at,
                proved_at=old.proved_at,
                expires_at=old.expires_at,
            )
        )
        old.ended_at = act.now
        record_personal(session, MembershipChosen(by=role), person_id=old.person_id, act=act)
        return Started(token=token, role=role)


def end_session(session_id: bytes, *, act: Act) -> None:
    """Signs out."""
    with transaction() as session:
        own = _own_session(session, session_id, act=act)
        own.ended_at = act.now
        record_personal(session, SessionEnded(by=SOMEBODY), person_id=own.person_id, act=act)


def end_other_sessions(session_id: bytes, *, act: Act) -> None:
    """Ends every session of the person but this one."""
    with transaction() as session:
        own = _own_session(session, session_id, act=act)
        _end_sessions(session, own.person_id, besides=session_id, act=act)


def _own_session(session: Session, session_id: bytes, *, act: Act) -> SignIn:
    own = session.get(SignIn, session_id)
    if own is None or own.ended_at is not None or own.person_id != act.actor.person_id:
        raise NotFound("no such session")
    return own


def _end_sessions(session: Session, person_id: UUID, *, besides: bytes = b"", act: Act) -> None:
    session.execute(
        update(SignIn)
        .where(SignIn.person_id == person_id, SignIn.id != besides, SignIn.ended_at.is_(None))
        .values(ended_at=act.now)
    )
    record_personal(session, SessionsEnded(by=SOMEBODY), person_id=person_id, act=act)


def change_password(session_id: bytes, *, current: str, password: str, act: Act) -> None:
    """Sets a new password, ends all other sessions and tells the person by mail.

    Raises InvalidInput on ``current`` or ``password``, TryAgainLater after many tries.
    """
    account = _own_account(act)
    check_new(password, address=account.address)
    passwords = _passwords()
    with passwords.turn():
        key = _require_own_password(account, current, name="current", act=act)
        hashed = passwords.hash(password)
    with transaction() as session:
        _own_session(session, session_id, act=act).proved_at = act.now
        _keep_hash(session, account.person_id, expected=account.password_hash or "", renewed=hashed)
        throttling.forgive(session, key)
        _end_sessions(session, account.person_id, besides=session_id, act=act)
        _tell_of_new_password(session, account.person_id, act=act)


def is_fresh(proved_at: datetime, *, now: datetime) -> bool:
    """Whether a proof still counts for the acts that weigh most."""
    return now - proved_at <= FRESH


def prove_again(session_id: bytes, password: str, *, act: Act) -> None:
    """Notes that whoever acts has just shown that they know their password.

    Raises InvalidInput on ``proof`` (not-recognised), TryAgainLater after many tries.
    """
    account = _own_account(act)
    with _passwords().turn():
        key = _require_own_password(account, password, name="proof", act=act)
    with transaction() as session:
        _own_session(session, session_id, act=act).proved_at = act.now
        throttling.forgive(session, key)
        record_personal(session, ProofGiven(by=SOMEBODY), person_id=account.person_id, act=act)


def _own_account(act: Act) -> Account:
    account = _account(Person.id == act.actor.person_id)
    if account is None:
        raise NotFound("nobody is signed in")
    return account


def _require_own_password(account: Account, password: str, *, name: str, act: Act) -> bytes:
    """Answers under which count the try stands, to be forgiven. Raises InvalidInput on ``name``."""
    key = throttling.account_key(reader(), "own", account.person_id.hex)
    throttling.count_try(key, pace=throttling.SIGN_IN, now=act.now)
    if not _passwords().is_right(password, expected=account.password_hash):
        with transaction() as session:
            record_personal(session, ProofRefused(by=SOMEBODY), person_id=account.person_id, act=act)
        raise InvalidInput(name, "not-recognised")
    return key


def _tell_of_new_password(session: Session, person_id: UUID, *, act: Act) -> None:
    record_personal(session, PasswordChanged(by=SOMEBODY), person_id=person_id, act=act)
    tell_of_change(session, person_id, act=act)


def tell_of_change(session: Session, person_id: UUID, *, act: Act) -> None:
    """Queues a mail to every address of a person, that their account was changed."""
    outbox.queue(session, MailKind.SIGN_IN, person_id=person_id, now=act.now)
    if session.get_one(Person, person_id).private_email:
        outbox.queue_private(session, MailKind.SIGN_IN, person_id=person_id, now=act.now)


def send_code(
    session: Session, person_id: UUID, *, purpose: CodePurpose, address: str = "", act: Act
) -> AccountCode:
    """Queues a code to an address: to the person's own, the private one if they have one, unless told another."""
    if not address:
        person = session.get_one(Person, person_id)
        address = person.private_email or person.email
    code = AccountCode(
        person_id=person_id,
        purpose=purpose,
        address=address,
        sent_at=act.now,
        expires_at=act.now + timedelta(minutes=CODE_MINUTES),
    )
    session.add(code)
    session.flush()
    outbox.queue_code(session, code.id, person_id=person_id, now=act.now)
    record_personal(
        session, CodeSent(by=act.actor.role or SOMEBODY, purpose=purpose), person_id=person_id, act=act
    )
    return code


def code_text(code_id: UUID) -> str:
    """The text of a code, for the operator who adds the first administrator; on every other way it is mailed."""
    return account_code(reader(), code_id)


def ask_for_code(email: str, *, device: str = "", act: Act) -> None:
    """Sends a code to an address that is known; says nothing about one that is not. Raises TryAgainLater."""
    address = normal_address(email)
    key = throttling.account_key(reader(), "send", address, device=device)
    throttling.count_try(key, pace=throttling.SENDING, now=act.now)
    account = account_at(address)
    with transaction() as session:
        throttling.touch(session, key)
        sending = partial(send_code, purpose=CodePurpose.RESET, address=address, act=act)
        _for_anybody(session, account, sending)


def use_code(email: str, code: str, *, password: str, device: str = "", act: Act) -> Started:
    """Sets a password for whoever has the code that was sent to the address, and begins a session.

    All other sessions end and the person is told by mail. A code of an invitation is for a first password only:
    it opens no account that has one. Raises InvalidInput on ``password``, or on
    ``code`` (not-recognised) for every other cause alike; TryAgainLater after many wrong ones.
    """
    address = normal_address(email)
    check_new(password, address=address)
    key = throttling.account_key(reader(), "code", address, device=device)
    account = account_at(address)
    # Nobody's id has no code, so an unknown address is looked into just as long.
    person_id = account.person_id if account else uuid4()
    is_new = account is None or account.password_hash is None
    purposes = (CodePurpose.RESET, *((CodePurpose.INVITATION,) if is_new else ()))
    passwords = _passwords()
    with passwords.turn():
        # Only a wrong code is counted: however often a stranger tries, whoever has the right one comes in.
        if _sent_to(reader(), person_id, code, purposes=purposes, now=act.now) != address:
            throttling.count_try(key, pace=throttling.CODE, now=act.now)
        hashed = passwords.hash(password)
    with transaction() as session:
        if spend_code(session, person_id, code, purposes=purposes, now=act.now) != address:
            raise InvalidInput("code", "not-recognised")
        throttling.forgive(session, key, throttling.account_key(session, "sign-in", address))
        own = _as_themselves(person_id, act)
        _set_password(session, person_id, hashed, proved_domain=domain_of(address), act=own)
        started = _start(session, person_id, proved_by="code", act=own)
        return replace(started, device=throttling.new_device(session, account=address))


def spend_code(
    session: Session, person_id: UUID, text: str, *, purposes: Collection[CodePurpose], now: datetime
) -> str:
    """Marks every open code of a purpose as used, if one is the text; answers where that went. Raises InvalidInput."""
    open_codes = _open_codes(person_id, purposes, now=now)
    session.execute(select(AccountCode.id).where(*open_codes).with_for_update())
    sent_to = _sent_to(session, person_id, text, purposes=purposes, now=now)
    if sent_to is None:
        raise InvalidInput("code", "not-recognised")
    session.execute(update(AccountCode).where(*open_codes).values(used_at=now))
    return sent_to


def _open_codes(
    person_id: UUID, purposes: Collection[CodePurpose], *, now: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (
        AccountCode.person_id == person_id,
        AccountCode.purpose.in_(purposes),
        AccountCode.used_at.is_(None),
        AccountCode.expires_at > now,
    )


def _sent_to(
    session: Session, person_id: UUID, text: str, *, purposes: Collection[CodePurpose], now: datetime
) -> str | None:
    """Where the open code went that is the text, if one is."""
    open_codes = _open_codes(person_id, purposes, now=now)
    newest = (
        select(AccountCode.id, AccountCode.address)
        .where(*open_codes)
        .order_by(AccountCode.sent_at.desc())
        .limit(CODES_ALIVE)
    )
    codes = session.execute(newest).all()
    given = _bare(text[: 4 * CODE_LENGTH].upper().translate(MISTAKEN_FOR))
    # As many are compared where fewer are open: the time does not tell how many there are.
    compared = [*(one.id for one in codes), *(uuid4() for _ in range(CODES_ALIVE - len(codes)))]
    same = [_is_same(_bare(account_code(session, one)), given) for one in compared]
    return next((one.address for one, is_same in zip(codes, same, strict=False) if is_same), None)


def _bare(code: str) -> str:
    return "".join(sign for sign in code if sign.isalnum())


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _set_password(session: Session, person_id: UUID, hashed: str, *, proved_domain: str, act: Act) -> None:
    person = session.get_one(Person, person_id)
    person.proved_domain = proved_domain
    person.password_hash = hashed
    person.email_verified_at = act.now
    _end_sessions(session, person_id, act=act)
    _tell_of_new_password(session, person_id, act=act)


def own_log(person_id: UUID, *, limit: int = 20) -> Sequence[OwnEntry]:
    """The newest lines of a person's own log about their account, newest first."""
    session = reader()
    newest = (
        select(AuditEntry.action, AuditEntry.at)
        .where(AuditEntry.log == personal_log(session, person_id), AuditEntry.action.startswith("account:"))
        .order_by(AuditEntry.at.desc())
        .limit(limit)
    )
    return [OwnEntry(tag=row.action, at=row.at) for row in session.execute(newest)]


def forget_expired(*, now: datetime) -> None:
    """Drops sessions and codes that ended a month ago, and counts of tries that no longer matter."""
    before = now - KEPT_AFTER_END
    with transaction() as session:
        session.execute(delete(SignIn).where(or_(SignIn.expires_at < before, SignIn.ended_at < before)))
        session.execute(delete(AccountCode).where(AccountCode.expires_at < before))
        throttling.forget_old_tries(session, now=now)
