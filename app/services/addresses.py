"""A private address of one's own, beside the one that an organisation knows: proved by a code, used to sign in.

Whoever reads a workplace's mail can set a password with a code that went there. So such a password opens no MDO's
room, until its owner has shown that they read a mailbox of their own.
"""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.audit.record import record_personal
from app.database import installation_of, reader, transaction
from app.domain.actors import Act
from app.domain.errors import InvalidInput, NotFound
from app.domain.events import AddressAdded
from app.models.account import CodePurpose
from app.models.person import Person
from app.queries.people import is_at_workplace
from app.services import throttling
from app.services.accounts import (
    SOMEBODY,
    domain_of,
    is_address,
    normal_address,
    send_code,
    spend_code,
    tell_of_change,
)
from app.services.passwords import passwords_of


def ask_to_add(email: str, *, act: Act) -> None:
    """Sends a code to an address that is to become one's own; to one that somebody has, nothing, and says so nowhere.

    Raises InvalidInput on ``email``: email-format, employers or has-one. Raises TryAgainLater.
    """
    address = normal_address(email)
    person_id = _require_addable(reader(), address, act=act)
    key = throttling.account_key(reader(), "add", person_id.hex)
    throttling.count_try(key, pace=throttling.SENDING, now=act.now)
    with transaction() as session:
        if not _is_taken(session, address):
            send_code(session, person_id, purpose=CodePurpose.ADDRESS, address=address, act=act)


def add(code: str, *, password: str, act: Act) -> None:
    """Keeps the address that the code went to, and tells the old one. The room of an MDO opens with it.

    Raises InvalidInput on ``code`` or ``password`` (not-recognised), TryAgainLater after many tries.
    """
    _require_password(password, act=act)
    with transaction() as session:
        person = _person(session, act)
        address = spend_code(session, person.id, code, purposes=(CodePurpose.ADDRESS,), now=act.now)
        if person.private_email or _is_taken(session, address):
            raise InvalidInput("code", "not-recognised")
        tell_of_change(session, person.id, act=act)
        person.private_email = address
        person.proved_domain = domain_of(address)
        record_personal(session, AddressAdded(by=SOMEBODY), person_id=person.id, act=act)


def _person(session: Session, act: Act) -> Person:
    person = session.get(Person, act.actor.person_id) if act.actor.person_id else None
    if person is None:
        raise NotFound("nobody is signed in")
    return person


def _require_addable(session: Session, address: str, *, act: Act) -> UUID:
    """Whose address it is to be: a plain value, since what a reader lends ends with the next transaction."""
    person = _person(session, act)
    if not is_address(address):
        raise InvalidInput("email", "email-format")
    if person.private_email:
        raise InvalidInput("email", "has-one")
    if is_at_workplace(session, person.id, domain_of(address)):
        raise InvalidInput("email", "employers")
    return person.id


def _is_taken(session: Session, address: str) -> bool:
    same = select(Person.id).where(or_(Person.email == address, Person.private_email == address))
    return session.execute(same.limit(1)).first() is not None


def _require_password(password: str, *, act: Act) -> None:
    person = _person(reader(), act)
    key, expected = throttling.account_key(reader(), "change", person.id.hex), person.password_hash
    passwords = passwords_of(installation_of(reader()).settings)
    with passwords.turn():
        throttling.count_try(key, pace=throttling.SIGN_IN, now=act.now)
        if not passwords.is_right(password, expected=expected):
            raise InvalidInput("password", "not-recognised")
