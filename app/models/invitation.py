"""Roles that were offered and not yet accepted: an invitation becomes a membership by the person's own act."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.domain.vocabulary import Post, Role


class Invitation(Base):
    """One role offered to one person. Name and address stand as the administrator wrote them.

    So an invitation looks the same whether or not the person was known here before.
    """

    __tablename__ = "invitation"
    __table_args__ = (Index(None, "person_id"), Index(None, "organisation_id"))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    email: Mapped[str] = mapped_column(String(254))
    gmc_number: Mapped[str | None] = mapped_column(String(7))
    role: Mapped[Role]
    post: Mapped[Post]
    title: Mapped[str] = mapped_column(default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    invited_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
