"""Who people are, which roles they hold on a day, and who is signed in.

``on`` is a day in London. A membership counts on its first day and on its last.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from app.database import reader
from app.domain.actors import Actor, ActorKind
from app.domain.deadlines import local
from app.domain.permissions import ADVISERS
from app.domain.vocabulary import OrganisationType, Post, Role
from app.keychain import person_tokens, workplace_token
from app.models.account import SignIn
from app.models.case import CaseHandler
from app.models.invitation import Invitation
from app.models.organisation import Organisation
from app.models.person import Membership, Person, Relation, RelationKind

PAGE = 50
COUNTED = 1000
LONGEST_LIST = 100
INVITATION_DAYS = 30
CLOSE_KINDS = (RelationKind.REPORTS_TO, RelationKind.DEPUTISES_FOR, RelationKind.RELATED_TO)
# A person as party tokens know them: by id, and by GMC number where there is one.
Known = tuple[UUID, str | None]
Day = date | BindParameter[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that counts now: whose it is and the one membership it acts in, if any."""

    session_id: bytes = field(repr=False)
    person_id: UUID
    name: str = field(repr=False)
    gmc_number: str | None = field(repr=False)
    language: str
    proved_at: datetime
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
        Person.gmc_number,
        Person.language,
        SignIn.proved_at,
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
_ONE, _OTHER = aliased(Person), aliased(Person)
_ASKED: BindParameter[list[UUID]] = bindparam("people", expanding=True)
# Asked by the columns of the relation itself, each of which has its index.
CLOSE = (
    select(Relation.kind, _ONE.id, _ONE.gmc_number, _OTHER.id, _OTHER.gmc_number)
    .join(_ONE, _ONE.id == Relation.person_id)
    .join(_OTHER, _OTHER.id == Relation.other_id)
    .where(
        or_(Relation.person_id.in_(_ASKED), Relation.other_id.in_(_ASKED)),
        Relation.kind.in_(CLOSE_KINDS),
        relation_on(bindparam("on")),
    )
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
    if who.organisation_id is None or who.membership_id is None:
        return Actor(kind=ActorKind.PERSON, person_id=who.person_id)
    outside = organisations_helped_by(who.membership_id)
    places = outside | {who.organisation_id}
    close = people_close_to(who.person_id, on=on)
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
        tokens=_tokens_in(places, [(who.person_id, who.gmc_number)]) | work,
        close_tokens=_tokens_in(places, close),
        also_advises=also_advises(who.role, held),
    )


def organisations_helped_by(membership_id: UUID) -> frozenset[UUID]:
    """The other bodies on whose cases this membership works now."""
    rows = reader().scalars(HELPED, {"membership_id": membership_id})
    return frozenset(one for one in rows if one is not None)


def _tokens_in(places: frozenset[UUID], people: Sequence[Known]) -> frozenset[bytes]:
    return frozenset().union(*(tokens_of(people, organisation_id=place) for place in places))


def tokens_of(people: Sequence[Known], *, organisation_id: UUID) -> frozenset[bytes]:
    """The blind tokens by which one organisation's cases know these people (id and GMC number)."""
    return frozenset().union(
        *(
            person_tokens(reader(), person_id, gmc_number, organisation_id=organisation_id)
            for person_id, gmc_number in people
        )
    )


def people_close_to(person_id: UUID, *, on: date) -> Sequence[Known]:
    """Whom a person reports to, deputises for or is related to on a day: ids and GMC numbers."""
    return sorted(close_to(reader(), [person_id], on=on)[person_id], key=str)


def close_to(session: Session, people: Collection[UUID], *, on: date) -> Mapping[UUID, frozenset[Known]]:
    """For each of these people, whom they report to, deputise for or are related to on a day. One query."""
    close: dict[UUID, set[Known]] = {person: set() for person in people}
    rows = session.execute(CLOSE, {"people": list(close), "on": on})
    for kind, from_id, from_number, to_id, to_number in rows:
        if from_id in close:
            close[from_id].add((to_id, to_number))
        if to_id in close and kind is RelationKind.RELATED_TO:
            close[to_id].add((from_id, from_number))
    return {person: frozenset(found) for person, found in close.items()}


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
    session: Session, people: Mapping[UUID, str | None], *, organisation_id: UUID, on: date
) -> Mapping[UUID, tuple[frozenset[bytes], frozenset[bytes]]]:
    """For each person, with their GMC number, their own blind tokens in an organisation and those close to them."""

    def blind(known: Iterable[Known]) -> frozenset[bytes]:
        tokens = (person_tokens(session, *one, organisation_id=organisation_id) for one in known)
        return frozenset().union(*tokens)

    return {
        person: (blind([(person, people[person])]), blind(near))
        for person, near in close_to(session, people.keys(), on=on).items()
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


def email_of(person_id: UUID) -> str:
    """A person's own address, for that person alone."""
    return reader().execute(select(Person.email).where(Person.id == person_id)).scalar_one()


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
    query = _staff(organisation_id, on=on, name=name).order_by(Person.name, Membership.id).limit(PAGE + 1)
    last = staff_member(organisation_id, after) if after else None
    if last is not None:
        query = query.where(tuple_(Person.name, Membership.id) > tuple_(last.name, last.id))
    return [StaffRow(**row) for row in reader().execute(query).mappings()]


def count_people(organisation_id: UUID, *, on: date, name: str = "") -> int:
    """How many people such a list has; counting stops beyond 1,000."""
    found = _staff(organisation_id, on=on, name=name).limit(COUNTED + 1).subquery()
    return reader().execute(select(func.count()).select_from(found)).scalar_one()


def _staff(organisation_id: UUID, *, on: date, name: str) -> Select[*tuple[Any, ...]]:
    query = _staff_rows(organisation_id).where(or_(Membership.ends_on.is_(None), Membership.ends_on >= on))
    return query.where(Person.name.icontains(name, autoescape=True)) if name else query


def _staff_rows(organisation_id: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Membership.id,
            Membership.person_id,
            Person.name,
            Person.gmc_number,
            Membership.role,
            Membership.post,
            Membership.title,
            Membership.starts_on,
            Membership.ends_on,
        )
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organisation_id == organisation_id)
    )


def staff_member(organisation_id: UUID, membership_id: UUID) -> StaffRow | None:
    """One membership of this organisation, also one that has ended; none for any other."""
    own = _staff_rows(organisation_id).where(Membership.id == membership_id)
    row = reader().execute(own).mappings().one_or_none()
    return StaffRow(**row) if row else None


def relations_of(organisation_id: UUID, person_id: UUID, *, on: date) -> Sequence[RelationRow]:
    """How a person stands to other people of the same organisation, now or later."""
    here = select(Membership.person_id).where(Membership.organisation_id == organisation_id)
    first, second = aliased(Person), aliased(Person)
    rows = reader().execute(
        select(
            Relation.id,
            Relation.kind,
            first.name.label("person_name"),
            second.name.label("other_name"),
            Relation.starts_on,
            Relation.ends_on,
        )
        .join(first, first.id == Relation.person_id)
        .join(second, second.id == Relation.other_id)
        .where(or_(Relation.person_id == person_id, Relation.other_id == person_id))
        .where(Relation.person_id.in_(here), Relation.other_id.in_(here))
        .where(or_(Relation.ends_on.is_(None), Relation.ends_on >= on))
        .order_by(Relation.starts_on, Relation.id)
        .limit(LONGEST_LIST)
    )
    return [RelationRow(**row) for row in rows.mappings()]
