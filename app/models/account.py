"""Sign-ins, the delay after failed ones, and codes by which a person proves an address."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class CodePurpose(StrEnum):
    """What a code lets its holder do, once."""

    INVITATION = "invitation"
    RESET = "reset"
    ADDRESS = "address"


class SignIn(Base):
    """A session on the server: it acts in one membership and can be ended at once."""

    __tablename__ = "sign_in"
    __table_args__ = (Index(None, "person_id"),)
    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    proved_by: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime]
    proved_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Throttle(Base):
    """How many times in a row a sign-in to one account failed, and until when the next one waits."""

    __tablename__ = "throttle"
    account: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failures: Mapped[int]
    until_at: Mapped[datetime]


class AccountCode(Base):
    """A code sent to an address, which it proves. The code itself is derived from the id, never stored."""

    __tablename__ = "account_code"
    __table_args__ = (Index(None, "person_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[CodePurpose]
    address: Mapped[str] = mapped_column(String(254))
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
