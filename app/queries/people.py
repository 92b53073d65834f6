"""Who people are, which roles they hold on a day, and who is signed in.

``on`` is a day in London. A membership counts on its first day and on its last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from app.database import reader
from app.domain.actors import Actor, ActorKind
from app.domain.deadlines import local
from app.domain.vocabulary import OrganisationType, Post, Role
from app.keychain import gmc_token, person_token
from app.models.account import SignIn
from app.models.organisation import Organisation
from app.models.person import Membership, Person, Relation, RelationKind

CLOSE_KINDS = (RelationKind.REPORTS_TO, RelationKind.DEPUTISES_FOR, RelationKind.RELATED_TO)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that counts now: whose it is and the one membership it acts in, if any."""

    session_id: bytes = field(repr=False)
    person_id: UUID
    name: str = field(repr=False)
    gmc_number: str | None = field(repr=False)
    language: str
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


def current_on(day: date) -> ColumnElement[bool]:
    """Whether a membership counts on a day, its first and last included."""
    return and_(Membership.starts_on <= day, or_(Membership.ends_on.is_(None), Membership.ends_on >= day))


def relation_on(day: date) -> ColumnElement[bool]:
    """Whether a relation counts on a day, its first and last included."""
    return and_(Relation.starts_on <= day, or_(Relation.ends_on.is_(None), Relation.ends_on >= day))


def signed_in(session_id: bytes, *, at: datetime) -> SignedIn | None:
    """The session with this id, if it counts at that instant: not ended, not expired, its role still held."""
    row = (
        reader()
        .execute(
            select(
                SignIn.id.label("session_id"),
                Person.id.label("person_id"),
                Person.name,
                Person.gmc_number,
                Person.language,
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
                SignIn.id == session_id,
                SignIn.ended_at.is_(None),
                SignIn.expires_at > at,
                or_(SignIn.membership_id.is_(None), current_on(local(at).date())),
            )
        )
        .mappings()
        .one_or_none()
    )
    return SignedIn(**row) if row else None


def actor_of(who: SignedIn, *, on: date) -> Actor:
    """The actor of a session, with the tokens of that person and of people close to them. One query."""
    if who.organisation_id is None:
        return Actor(kind=ActorKind.PERSON, person_id=who.person_id)
    return Actor(
        kind=ActorKind.PERSON,
        person_id=who.person_id,
        membership_id=who.membership_id,
        organisation_id=who.organisation_id,
        role=who.role,
        tokens=tokens_of([(who.person_id, who.gmc_number)], organisation_id=who.organisation_id),
        close_tokens=tokens_of(people_close_to(who.person_id, on=on), organisation_id=who.organisation_id),
    )


def tokens_of(people: Sequence[tuple[UUID, str | None]], *, organisation_id: UUID) -> frozenset[bytes]:
    """The blind tokens by which one organisation's cases know these people (id and GMC number)."""
    session = reader()
    named = {person_token(session, person_id, organisation_id=organisation_id) for person_id, _ in people}
    numbered = {gmc_token(session, gmc, organisation_id=organisation_id) for _, gmc in people if gmc}
    return frozenset(named | numbered)


def people_close_to(person_id: UUID, *, on: date) -> Sequence[tuple[UUID, str | None]]:
    """Whom a person reports to, deputises for or is related to on a day: ids and GMC numbers."""
    from_me = and_(Relation.person_id == person_id, Relation.kind.in_(CLOSE_KINDS))
    to_me = and_(Relation.other_id == person_id, Relation.kind == RelationKind.RELATED_TO)
    rows = reader().execute(
        select(Person.id, Person.gmc_number)
        .join(
            Relation,
            or_(
                and_(from_me, Person.id == Relation.other_id),
                and_(to_me, Person.id == Relation.person_id),
            ),
        )
        .where(relation_on(on))
    )
    return [(row.id, row.gmc_number) for row in rows]
