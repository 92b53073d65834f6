"""Who people are, which roles they hold on a day, and who is signed in.

``on`` is a day in London. A membership counts on its first day and on its last.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.database import reader
from app.domain.actors import Actor, ActorKind
from app.domain.deadlines import local
from app.domain.permissions import ADVISERS
from app.domain.vocabulary import OrganisationType, Post, RelationKind, Role
from app.keychain import person_tokens, workplace_token
from app.models.account import SignIn
from app.models.case import CaseHandler
from app.models.invitation import Invitation
from app.models.organisation import Organisation
from app.models.person import Membership, Person, Relation

PAGE = 50
COUNTED = 1000
LONGEST_LIST = 100
INVITATION_DAYS = 30
CLOSE_KINDS = (RelationKind.REPORTS_TO, RelationKind.DEPUTISES_FOR, RelationKind.RELATED_TO)
# A person as party tokens know them: by id, and by every GMC number that they accepted anywhere.
Known = tuple[UUID, frozenset[str]]
Day = date | BindParameter[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that counts now: whose it is and the one membership it acts in, if any."""

    session_id: bytes = field(repr=False)
    person_id: UUID
    name: str = field(repr=False)
    language: str
    proved_at: datetime
    proved_domain: str
    expires_at: datetime
    membership_id: UUID | None
    role: Role | None
    organisation_id: UUID | None
    organisation_name: str | None
    organisation_type: OrganisationType | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipRow:
    """One role of one person in one organisation."""

    id: UUID
    person_id: UUID
    organisation_id: UUID
    organisation_name: str
    organisation_type: OrganisationType
    role: Role
    post: Post
    title: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryRow:
    """Somebody as colleagues know them: name, post and title, nothing else."""

    person_id: UUID
    name: str
    post: Post
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRow:
    """One membership as its organisation's administrators see it: no address, no sign-in, no other body."""

    id: UUID
    person_id: UUID
    name: str
    gmc_number: str | None
    role: Role
    post: Post
    title: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationRow:
    """A role that was offered and waits for its person's answer."""

    id: UUID
    name: str
    gmc_number: str | None
    role: Role
    title: str
    starts_on: date
    invited_at: datetime
    organisation_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRow:
    """How one person stands to another, from a day to a day."""

    id: UUID
    kind: RelationKind
    person_name: str
    other_name: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One of a person's own open sessions."""

    id: bytes = field(repr=False)
    started_at: datetime
    expires_at: datetime
    role: Role | None


def current_on(day: Day, held: type[Membership] = Membership) -> ColumnElement[bool]:
    """Whether a membership counts on a day, its first and last included."""
    return and_(held.starts_on <= day, or_(held.ends_on.is_(None), held.ends_on >= day))


def relation_on(day: Day) -> ColumnElement[bool]:
    """Whether a relation counts on a day, its first and last included."""
    return and_(Relation.starts_on <= day, or_(Relation.ends_on.is_(None), Relation.ends_on >= day))


# What every request asks is put together once: that takes longer than the answer.
SIGNED_IN = (
    select(
        SignIn.id.label("session_id"),
        Person.id.label("person_id"),
        Person.name,
        Person.language,
        SignIn.proved_at,
        Person.proved_domain,
        SignIn.expires_at,
        Membership.id.label("membership_id"),
        Membership.role,
        Organisation.id.label("organisation_id"),
        Organisation.name.label("organisation_name"),
        Organisation.type.label("organisation_type"),
    )
    .join(Person, Person.id == SignIn.person_id)
    .outerjoin(Membership, Membership.id == SignIn.membership_id)
    .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
    .where(
        SignIn.id == bindparam("session_id"),
        SignIn.ended_at.is_(None),
        SignIn.expires_at > bindparam("at"),
        or_(SignIn.membership_id.is_(None), current_on(bindparam("on"))),
    )
)
HELPED = (
    select(CaseHandler.outside_organisation_id)
    .where(
        CaseHandler.membership_id == bindparam("membership_id"),
        CaseHandler.outside_organisation_id.is_not(None),
        CaseHandler.until_at.is_(None),
    )
    .distinct()
)
_ASKED: BindParameter[list[UUID]] = bindparam("people", expanding=True)
_ON: BindParameter[date] = bindparam("on")
NUMBERS = select(Membership.person_id, Membership.gmc_number).where(
    Membership.person_id.in_(_ASKED), Membership.gmc_number.is_not(None)
)
# Asked by the columns of the relation itself, each of which has its index.
KNOWN = union_all(
    select(
        Membership.person_id.label("asked"), Membership.person_id.label("known"), Membership.gmc_number
    ).where(Membership.person_id.in_(_ASKED)),
    select(Relation.person_id, Relation.other_id, Membership.gmc_number)
    .outerjoin(Membership, Membership.person_id == Relation.other_id)
    .where(Relation.person_id.in_(_ASKED), Relation.kind.in_(CLOSE_KINDS), relation_on(_ON)),
    select(Relation.other_id, Relation.person_id, Membership.gmc_number)
    .outerjoin(Membership, Membership.person_id == Relation.person_id)
    .where(Relation.other_id.in_(_ASKED), Relation.kind == RelationKind.RELATED_TO, relation_on(_ON)),
)


HELD = select(Membership.person_id, Membership.role, Membership.organisation_id).where(
    Membership.person_id.in_(_ASKED), current_on(bindparam("on"))
)


def signed_in(session_id: bytes, *, at: datetime) -> SignedIn | None:
    """The session with this id, if it counts at that instant: not ended, not expired, its role still held."""
    asked = {"session_id": session_id, "at": at, "on": local(at).date()}
    row = reader().execute(SIGNED_IN, asked).mappings().one_or_none()
    return SignedIn(**row) if row else None


def actor_of(who: SignedIn, *, on: date) -> Actor:
    """The actor of a session, with the tokens of that person and of people close to them. Three queries.

    Somebody who works on cases of other bodies has tokens there too: each organisation blinds with its own key.
    """
    is_proved_at_work = is_at_workplace(reader(), who.person_id, who.proved_domain)
    if who.organisation_id is None or who.membership_id is None:
        return Actor(kind=ActorKind.PERSON, person_id=who.person_id, is_proved_at_work=is_proved_at_work)
    outside = organisations_helped_by(who.membership_id)
    places = outside | {who.organisation_id}
    own, close = circles_of(reader(), [who.person_id], on=on)[who.person_id]
    held = roles_held(reader(), [who.person_id], on=on)[who.person_id]
    work = frozenset[bytes]()
    if who.role in ADVISERS:
        work = workplace_tokens(reader(), held, organisation_id=who.organisation_id)
    return Actor(
        kind=ActorKind.PERSON,
        person_id=who.person_id,
        membership_id=who.membership_id,
        organisation_id=who.organisation_id,
        outside=outside,
        role=who.role,
        tokens=_tokens_in(places, [own]) | work,
        close_tokens=_tokens_in(places, close),
        is_proved_at_work=is_proved_at_work,
        also_advises=also_advises(who.role, held),
    )


def is_at_workplace(session: Session, person_id: UUID, domain: str) -> bool:
    """Whether a mail domain belongs to anybody the person works or worked for; an MDO is nobody's employer here."""
    if not domain:
        return False
    written = session.scalars(
        select(Organisation.mail_domains)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.person_id == person_id, Organisation.type != OrganisationType.MDO)
    )
    theirs = {one for text in written for one in re.split(r"[\s,;]+", text.lower()) if one}
    return any(domain.lower() == one or domain.lower().endswith(f".{one}") for one in theirs)


def organisations_helped_by(membership_id: UUID) -> frozenset[UUID]:
    """The other bodies on whose cases this membership works now."""
    rows = reader().scalars(HELPED, {"membership_id": membership_id})
    return frozenset(one for one in rows if one is not None)


def _tokens_in(places: frozenset[UUID], people: Collection[Known]) -> frozenset[bytes]:
    return frozenset().union(*(tokens_of(people, organisation_id=place) for place in places))


def tokens_of(people: Collection[Known], *, organisation_id: UUID) -> frozenset[bytes]:
    """The blind tokens by which one organisation's cases know these people (id and GMC number)."""
    return frozenset().union(
        *(
            person_tokens(reader(), person_id, gmc_number, organisation_id=organisation_id)
            for person_id, gmc_number in people
        )
    )


def circles_of(
    session: Session, people: Collection[UUID], *, on: date
) -> Mapping[UUID, tuple[Known, frozenset[Known]]]:
    """For each of these people, themselves and whom they report to, deputise for or are related to on a day.

    One query. Every number counts that somebody accepted, whoever wrote it: a concern may name any of them.
    """
    found: dict[UUID, dict[UUID, set[str]]] = {one: {one: set()} for one in people}
    for asked, known, number in session.execute(KNOWN, {"people": list(found), "on": on}):
        found[asked].setdefault(known, set()).update([number] if number else [])
    return {
        asked: (
            (asked, frozenset(circle[asked])),
            frozenset((one, frozenset(numbers)) for one, numbers in circle.items() if one != asked),
        )
        for asked, circle in found.items()
    }


def numbers_of(session: Session, people: Collection[UUID]) -> Mapping[UUID, frozenset[str]]:
    """The GMC numbers that these people accepted, wherever that was. One query."""
    found: dict[UUID, set[str]] = {one: set() for one in people}
    for person_id, number in session.execute(NUMBERS, {"people": list(found)}):
        found[person_id].update([number] if number else [])
    return {person_id: frozenset(numbers) for person_id, numbers in found.items()}


def numbers_accepted(person_id: UUID) -> frozenset[str]:
    """The GMC numbers that a person accepted, for that person alone."""
    return numbers_of(reader(), [person_id])[person_id]


def roles_held(
    session: Session, people: Collection[UUID], *, on: date
) -> Mapping[UUID, frozenset[tuple[Role, UUID]]]:
    """For each of these people, the roles that they hold on a day and where. One query."""
    held: dict[UUID, set[tuple[Role, UUID]]] = {person: set() for person in people}
    for person, role, organisation_id in session.execute(HELD, {"people": list(held), "on": on}):
        held[person].add((role, organisation_id))
    return {person: frozenset(found) for person, found in held.items()}


def also_advises(role: Role | None, held: Collection[tuple[Role, UUID]]) -> bool:
    """Whether somebody acting in that role for a workplace advises at an MDO as well."""
    return role not in ADVISERS and any(one in ADVISERS for one, _ in held)


def workplace_tokens(
    session: Session, held: Collection[tuple[Role, UUID]], *, organisation_id: UUID
) -> frozenset[bytes]:
    """The blind tokens by which an MDO's cases know the workplaces of an adviser."""
    places = {place for role, place in held if role not in ADVISERS and place != organisation_id}
    return frozenset(workplace_token(session, one, organisation_id=organisation_id) for one in places)


def tokens_by_person(
    session: Session, people: Collection[UUID], *, organisation_id: UUID, on: date
) -> Mapping[UUID, tuple[frozenset[bytes], frozenset[bytes]]]:
    """For each person, their own blind tokens in an organisation and those of people close to them."""

    def blind(known: Iterable[Known]) -> frozenset[bytes]:
        tokens = (person_tokens(session, *one, organisation_id=organisation_id) for one in known)
        return frozenset().union(*tokens)

    return {
        person: (blind([own]), blind(close))
        for person, (own, close) in circles_of(session, people, on=on).items()
    }


def memberships_of(person_id: UUID, *, on: date) -> Sequence[MembershipRow]:
    """The roles that a person holds on a day, in a fixed order."""
    rows = reader().execute(
        _membership_rows()
        .where(Membership.person_id == person_id, current_on(on))
        .order_by(Organisation.name, Membership.role, Membership.id)
    )
    return [MembershipRow(**row) for row in rows.mappings()]


def _membership_rows() -> Select[*tuple[Any, ...]]:
    return select(
        Membership.id,
        Membership.person_id,
        Membership.organisation_id,
        Organisation.name.label("organisation_name"),
        Organisation.type.label("organisation_type"),
        Membership.role,
        Membership.post,
        Membership.title,
        Membership.starts_on,
        Membership.ends_on,
    ).join(Organisation, Organisation.id == Membership.organisation_id)


def sessions_of(person_id: UUID, *, at: datetime) -> Sequence[SessionRow]:
    """A person's own open sessions, newest first."""
    rows = reader().execute(
        select(SignIn.id, SignIn.started_at, SignIn.expires_at, Membership.role)
        .outerjoin(Membership, Membership.id == SignIn.membership_id)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None), SignIn.expires_at > at)
        .order_by(SignIn.started_at.desc())
        .limit(LONGEST_LIST)
    )
    return [SessionRow(**row) for row in rows.mappings()]


def addresses_of(person_id: UUID) -> tuple[str, str | None]:
    """A person's address and their private one, for that person alone."""
    own = select(Person.email, Person.private_email).where(Person.id == person_id)
    email, private_email = reader().execute(own).one()
    return email, private_email


def invitations_for(person_id: UUID, *, at: datetime) -> Sequence[InvitationRow]:
    """The roles that were offered to a person and wait for their answer."""
    return _invitations(Invitation.person_id == person_id, at=at)


def invitations_from(organisation_id: UUID, *, at: datetime) -> Sequence[InvitationRow]:
    """The roles that an organisation offered and nobody has accepted yet, newest first."""
    return _invitations(Invitation.organisation_id == organisation_id, at=at)


def open_invitation(at: datetime) -> ColumnElement[bool]:
    """Whether an invitation can still be accepted."""
    return and_(Invitation.ended_at.is_(None), Invitation.invited_at > at - timedelta(days=INVITATION_DAYS))


def _invitations(whose: ColumnElement[bool], *, at: datetime) -> Sequence[InvitationRow]:
    rows = reader().execute(
        select(
            Invitation.id,
            Invitation.name,
            Invitation.gmc_number,
            Invitation.role,
            Invitation.title,
            Invitation.starts_on,
            Invitation.invited_at,
            Organisation.name.label("organisation_name"),
        )
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .where(whose, open_invitation(at))
        .order_by(Invitation.invited_at.desc(), Invitation.id)
        .limit(LONGEST_LIST)
    )
    return [InvitationRow(**row) for row in rows.mappings()]


def people_of(
    organisation_id: UUID, *, on: date, name: str = "", after: UUID | None = None
) -> Sequence[StaffRow]:
    """A page of an organisation's people by name, one more than a page holds where there is another.

    ``name`` is a part of the name; ``after`` is the membership at which the page before ended.
    """
    query = _staff(organisation_id, on=on, name=name).order_by(Membership.name, Membership.id).limit(PAGE + 1)
    last = staff_member(organisation_id, after) if after else None
    if last is not None:
        query = query.where(tuple_(Membership.name, Membership.id) > tuple_(last.name, last.id))
    return [StaffRow(**row) for row in reader().execute(query).mappings()]


def count_people(organisation_id: UUID, *, on: date, name: str = "") -> int:
    """How many people such a list has; counting stops beyond 1,000."""
    found = _staff(organisation_id, on=on, name=name).limit(COUNTED + 1).subquery()
    return reader().execute(select(func.count()).select_from(found)).scalar_one()


def _staff(organisation_id: UUID, *, on: date, name: str) -> Select[*tuple[Any, ...]]:
    query = _staff_rows(organisation_id).where(or_(Membership.ends_on.is_(None), Membership.ends_on >= on))
    return query.where(Membership.name.icontains(name, autoescape=True)) if name else query


def _staff_rows(organisation_id: UUID) -> Select[*tuple[Any, ...]]:
    return select(
        Membership.id,
        Membership.person_id,
        Membership.name,
        Membership.gmc_number,
        Membership.role,
        Membership.post,
        Membership.title,
        Membership.starts_on,
        Membership.ends_on,
    ).where(Membership.organisation_id == organisation_id)


def staff_member(organisation_id: UUID, membership_id: UUID) -> StaffRow | None:
    """One membership of this organisation, also one that has ended; none for any other."""
    own = _staff_rows(organisation_id).where(Membership.id == membership_id)
    row = reader().execute(own).mappings().one_or_none()
    return StaffRow(**row) if row else None


def relations_of(organisation_id: UUID, person_id: UUID, *, on: date) -> Sequence[RelationRow]:
    """How a person stands to others as this organisation declared it, now or later, by the names it knows."""
    rows = reader().execute(
        select(
            Relation.id,
            Relation.kind,
            known_here(Relation.person_id, organisation_id).label("person_name"),
            known_here(Relation.other_id, organisation_id).label("other_name"),
            Relation.starts_on,
            Relation.ends_on,
        )
        .where(or_(Relation.person_id == person_id, Relation.other_id == person_id))
        .where(Relation.organisation_id == organisation_id)
        .where(or_(Relation.ends_on.is_(None), Relation.ends_on >= on))
        .order_by(Relation.starts_on, Relation.id)
        .limit(LONGEST_LIST)
    )
    return [RelationRow(**row) for row in rows.mappings()]


def known_here(person_id: InstrumentedAttribute[UUID] | UUID, organisation_id: UUID) -> ScalarSelect[str]:
    """By which name an organisation knows somebody: that of their latest role there."""
    latest = (Membership.starts_on.desc(), Membership.id)
    here = select(Membership.name).where(
        Membership.person_id == person_id, Membership.organisation_id == organisation_id
    )
    return here.order_by(*latest).limit(1).scalar_subquery()
