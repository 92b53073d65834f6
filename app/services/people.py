"""People, the roles they hold in an organisation, and how they stand to each other.

Credentials belong to the person: nothing here sets, shows or bypasses a password, and nothing here reads a case.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID, uuid4

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.audit.record import record_organisation
from app.database import reader, transaction
from app.domain.actors import Act
from app.domain.deadlines import local
from app.domain.errors import InvalidInput, NotFound
from app.domain.events import MembershipEnded, MembershipStarted, PersonAdded, RelationDeclared, ResetStarted
from app.domain.permissions import exclude_each_other, roles_in
from app.domain.vocabulary import Post, RelationKind, Role
from app.keychain import new_personal_key
from app.models.account import CodePurpose, SignIn
from app.models.organisation import Organisation
from app.models.person import Membership, Person, Relation
from app.services import handover, throttling
from app.services.accounts import is_address, normal_address, send_code
from app.services.administering import require_administrator, signed

GMC_NUMBER = re.compile(r"C?(\d{7})", re.ASCII)
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody who is to have a role: who they are, and what they will do from which day."""

    name: str
    email: str
    gmc_number: str | None = None
    role: Role
    post: Post = Post.UNKNOWN
    title: str = ""
    starts_on: date
    ends_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A person who was added, and the role they were given."""

    person_id: UUID
    membership_id: UUID


def checked(newcomer: Newcomer) -> Newcomer:
    """The same newcomer, written as it is kept.

    Raises InvalidInput: name (name-missing), email (email-format), gmc_number (gmc-format), ends_on (backwards).
    """
    name = " ".join(newcomer.name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput("name", "name-missing")
    email = normal_address(newcomer.email)
    if not is_address(email):
        raise InvalidInput("email", "email-format")
    if newcomer.ends_on is not None and newcomer.ends_on < newcomer.starts_on:
        raise InvalidInput("ends_on", "backwards")
    return replace(newcomer, name=name, email=email, gmc_number=gmc_digits(newcomer.gmc_number))


def gmc_digits(text: str | None) -> str | None:
    """The seven digits of a GMC number, with or without its C; none for none. Raises InvalidInput."""
    bare = "".join((text or "").split()).upper()
    if not bare:
        return None
    number = GMC_NUMBER.fullmatch(bare)
    if number is None:
        raise InvalidInput("gmc_number", "gmc-format")
    return number[1]


def add_person(newcomer: Newcomer, *, organisation_id: UUID, act: Act) -> Added:
    """Adds a person with a role that starts without being accepted; for the operator and for tests.

    A person who is known already only gets the role. Raises InvalidInput.
    """
    newcomer = checked(newcomer)
    require_administrator(organisation_id, act=act)
    with transaction() as session:
        person = known_person(session, newcomer.email) or new_person(session, newcomer)
        cases = handover.lock_cases_of(session, [person.id])
        require_fit(session, person.id, newcomer.role, organisation_id=organisation_id, newcomer=newcomer)
        membership_id = start_membership(session, newcomer, person.id, organisation_id=organisation_id)
        record_organisation(session, PersonAdded(by=signed(act)), organisation_id=organisation_id, act=act)
        _record_start(session, newcomer, organisation_id=organisation_id, act=act)
        handover.pass_on(session, cases, now=act.now)
        return Added(person_id=person.id, membership_id=membership_id)


def known_person(session: Session, email: str) -> Person | None:
    """Who has this address. A GMC number is what an administrator claims: it never leads to a person."""
    return session.scalars(select(Person).where(Person.email == email)).one_or_none()


def new_person(session: Session, newcomer: Newcomer) -> Person:
    """A person with a key of their own and no password yet."""
    person = Person(id=uuid4(), name=newcomer.name, email=newcomer.email, language="en")
    session.add(person)
    session.flush()
    new_personal_key(session, person.id)
    session.flush()
    return person


def start_membership(session: Session, newcomer: Newcomer, person_id: UUID, *, organisation_id: UUID) -> UUID:
    """Gives a person a role, inside the transaction of an act."""
    membership = Membership(
        id=uuid4(),
        person_id=person_id,
        organisation_id=organisation_id,
        role=newcomer.role,
        post=newcomer.post,
        name=newcomer.name,
        gmc_number=newcomer.gmc_number,
        title=newcomer.title,
        starts_on=newcomer.starts_on,
        ends_on=newcomer.ends_on,
    )
    session.add(membership)
    session.flush()
    return membership.id


def _record_start(session: Session, newcomer: Newcomer, *, organisation_id: UUID, act: Act) -> None:
    started = MembershipStarted(by=signed(act), role=newcomer.role, starts_on=newcomer.starts_on.isoformat())
    record_organisation(session, started, organisation_id=organisation_id, act=act)


def require_fit(
    session: Session, person_id: UUID, role: Role, *, organisation_id: UUID, newcomer: Newcomer
) -> None:
    """Raises InvalidInput on ``role``: held already, excluded by another role, or not of this kind of body."""
    organisation = session.get_one(Organisation, organisation_id)
    if role not in roles_in(organisation.type):
        raise InvalidInput("role", "not-here")
    held = session.scalars(
        select(Membership.role).where(
            Membership.person_id == person_id,
            Membership.organisation_id == organisation_id,
            or_(Membership.ends_on.is_(None), Membership.ends_on >= newcomer.starts_on),
        )
    ).all()
    if role in held:
        raise InvalidInput("role", "held")
    if any(exclude_each_other(one, role) for one in held):
        raise InvalidInput("role", "excluded")


def end_membership(membership_id: UUID, *, last_on: date | None, act: Act) -> None:
    """Ends a role: at once where ``last_on`` is none, else after that day. Its sessions end with it.

    Its open cases go to others, then; the answer is the same with and without any. Never prolongs a role: that
    takes an offer and an acceptance. Raises InvalidInput on ``last_on``: last-administrator, before-start,
    later or past.
    """
    with transaction() as session:
        person_id = _own_staff(session, membership_id, act=act).person_id
        cases = handover.lock_cases_of(session, [person_id])
        membership = session.get_one(Membership, membership_id, populate_existing=True, with_for_update=True)
        today = local(act.now).date()
        _require_endable(session, membership, last_on=last_on, today=today)
        yesterday = today - timedelta(days=1)
        membership.ends_on = last_on or min(yesterday, membership.ends_on or yesterday)
        if last_on is None:
            session.execute(
                update(SignIn)
                .where(SignIn.membership_id == membership_id, SignIn.ended_at.is_(None))
                .values(ended_at=act.now)
            )
        ended = MembershipEnded(by=signed(act), role=membership.role, ends_on=membership.ends_on.isoformat())
        record_organisation(session, ended, organisation_id=membership.organisation_id, act=act)
        handover.pass_on(session, cases, now=act.now)


def _require_endable(session: Session, membership: Membership, *, last_on: date | None, today: date) -> None:
    if last_on is not None and last_on < today:
        raise InvalidInput("last_on", "past")
    if last_on is not None and last_on < membership.starts_on:
        raise InvalidInput("last_on", "before-start")
    if last_on is not None and membership.ends_on is not None and last_on > membership.ends_on:
        raise InvalidInput("last_on", "later")
    if membership.role is Role.ADMINISTRATOR and _is_last(session, membership, today=today):
        raise InvalidInput("last_on", "last-administrator")


def _is_last(session: Session, membership: Membership, *, today: date) -> bool:
    """Whether nobody else administers the organisation without an end in sight."""
    others = select(Membership.id).where(
        Membership.organisation_id == membership.organisation_id,
        Membership.role == Role.ADMINISTRATOR,
        Membership.id != membership.id,
        Membership.starts_on <= today,
        Membership.ends_on.is_(None),
    )
    return session.execute(others.limit(1)).first() is None


def start_reset(membership_id: UUID, *, act: Act) -> None:
    """Has a code sent to the person's own address. Nobody else sees it. Raises TryAgainLater."""
    person_id = _person_of(membership_id, act=act)
    key = throttling.account_key(reader(), "reset", person_id.hex)
    throttling.count_try(key, pace=throttling.SENDING, now=act.now)
    with transaction() as session:
        membership = _own_staff(session, membership_id, act=act)
        send_code(session, membership.person_id, purpose=CodePurpose.RESET, act=act)
        started = ResetStarted(by=signed(act))
        record_organisation(session, started, organisation_id=membership.organisation_id, act=act)


def _person_of(membership_id: UUID, *, act: Act) -> UUID:
    return _own_staff(reader(), membership_id, act=act).person_id


def _own_staff(session: Session, membership_id: UUID, *, act: Act) -> Membership:
    """A membership of the organisation that the actor administers. Raises NotFound for any other."""
    membership = session.get(Membership, membership_id)
    organisation_id = act.actor.organisation_id
    if membership is None or membership.organisation_id != organisation_id:
        raise NotFound("no such membership here")
    require_administrator(membership.organisation_id, act=act)
    return membership


def declare_relation(
    membership_id: UUID,
    other_id: UUID,
    *,
    kind: RelationKind,
    starts_on: date,
    ends_on: date | None = None,
    act: Act,
) -> None:
    """Records how a person stands to another of the same organisation (both by membership).

    Cases that one of them may not go on with now, go to others.

    Raises InvalidInput: other (same), kind (declared already) or ends_on (backwards).
    """
    if ends_on is not None and ends_on < starts_on:
        raise InvalidInput("ends_on", "backwards")
    with transaction() as session:
        one = _own_staff(session, membership_id, act=act)
        other = _own_staff(session, other_id, act=act)
        cases = handover.lock_cases_of(session, [one.person_id, other.person_id])
        if one.person_id == other.person_id:
            raise InvalidInput("other", "same")
        relation = Relation(
            organisation_id=one.organisation_id,
            person_id=one.person_id,
            other_id=other.person_id,
            kind=kind,
            starts_on=starts_on,
            ends_on=ends_on,
        )
        _require_new(session, relation)
        session.add(relation)
        declared = RelationDeclared(by=signed(act), kind=kind)
        record_organisation(session, declared, organisation_id=one.organisation_id, act=act)
        handover.pass_on(session, cases, now=act.now)


def _require_new(session: Session, relation: Relation) -> None:
    same = select(Relation.id).where(
        Relation.organisation_id == relation.organisation_id,
        Relation.person_id == relation.person_id,
        Relation.other_id == relation.other_id,
        Relation.kind == relation.kind,
        or_(Relation.ends_on.is_(None), Relation.ends_on >= relation.starts_on),
    )
    if session.execute(same.limit(1)).first() is not None:
        raise InvalidInput("kind", "declared")


def end_relation(relation_id: UUID, *, act: Act) -> None:
    """Ends a relation that the actor's organisation declared, from today. Raises NotFound."""
    organisation_id = act.actor.organisation_id
    if organisation_id is None:
        raise NotFound("nobody's organisation")
    require_administrator(organisation_id, act=act)
    with transaction() as session:
        relation = session.get(Relation, relation_id)
        if relation is None or relation.organisation_id != organisation_id:
            raise NotFound("no such relation here")
        relation.ends_on = local(act.now).date() - timedelta(days=1)
        ended = RelationDeclared(by=signed(act), kind=relation.kind)
        record_organisation(session, ended, organisation_id=organisation_id, act=act)
