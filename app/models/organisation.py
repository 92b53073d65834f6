"""Organisations, their closures, and the people of other bodies who stand in for their own."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.domain.vocabulary import Nation, OrganisationType, Role


class Organisation(Base):
    """A body whose people work on cases. Every case belongs to exactly one."""

    __tablename__ = "organisation"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str]
    type: Mapped[OrganisationType]
    nation: Mapped[Nation]
    window: Mapped[str] = mapped_column(String(80), default="mon-fri 09:00-17:00")
    on_call_phone: Mapped[str] = mapped_column(String(40), default="")
    public_phone: Mapped[str] = mapped_column(String(40), default="")
    phone_hours: Mapped[str] = mapped_column(default="")
    mail_domains: Mapped[str] = mapped_column(default="")
    subscription_note: Mapped[str] = mapped_column(default="")


class Closure(Base):
    """A day on which one organisation is closed beside its nation's holidays."""

    __tablename__ = "closure"
    __table_args__ = (UniqueConstraint("organisation_id", "day"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    day: Mapped[date]
    name: Mapped[str]


class Appointment(Base):
    """Somebody of another body who acts here in one capacity: alternative responsible officer, reviewer, dean."""

    __tablename__ = "appointment"
    __table_args__ = (Index(None, "organisation_id", "capacity"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    capacity: Mapped[Role]
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
