"""People, the roles they hold in organisations from one day to another, and how they relate."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.domain.vocabulary import Post, RelationKind, Role


class Person(Base):
    """Somebody who can sign in. Credentials belong to the person, never to an organisation.

    ``proved_domain`` is where the code went by which the password was set last: whoever reads mail there could
    have set it.

    ``name`` is for the person's own pages; each organisation knows them by what stands in the membership.
    """

    __tablename__ = "person"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    private_email: Mapped[str | None] = mapped_column(String(254), unique=True)
    proved_domain: Mapped[str] = mapped_column(String(254), default="")
    email_verified_at: Mapped[datetime | None]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(5), default="en")


class Membership(Base):
    """One role of one person in one organisation, from a day to a day. A session acts in one membership.

    Name and GMC number stand as that organisation offered them and the person accepted them: what another
    organisation writes changes nothing here.
    """

    __tablename__ = "membership"
    __table_args__ = (
        Index(None, "organisation_id", "role"),
        Index(None, "person_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    role: Mapped[Role]
    post: Mapped[Post]
    name: Mapped[str]
    gmc_number: Mapped[str | None] = mapped_column(String(7))
    title: Mapped[str] = mapped_column(default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    open_cases: Mapped[int] = mapped_column(default=0)
    last_assigned_at: Mapped[datetime | None]
    load_version: Mapped[int] = mapped_column(default=0)


class Relation(Base):
    """What makes a conflict, or a named supervisor: declared, with dates.

    A conflict counts everywhere; only the organisation that declared it sees it or ends it.
    """

    __tablename__ = "relation"
    __table_args__ = (Index(None, "person_id"), Index(None, "other_id"))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    other_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[RelationKind]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
