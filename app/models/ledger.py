"""The audit tables: entries that never change, and the erasable tables beside them."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class AuditEntry(Base):
    """One act or disclosure: its leaf bytes as they were signed for. Insert-only, by trigger."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "case_id", "case_seq"),
        Index(None, "log", "at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    log: Mapped[str] = mapped_column(String(60))
    case_id: Mapped[UUID | None]
    case_seq: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    leaf: Mapped[bytes]


class AuditDetail(Base):
    """The detail that an entry commits to, sealed; it goes when its key goes."""

    __tablename__ = "audit_detail"
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    detail_sealed: Mapped[bytes]


class AuditSequence(Base):
    """The next number in a case, without gaps."""

    __tablename__ = "audit_sequence"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    next: Mapped[int]


class AuditAlias(Base):
    """Which random alias stands for whom in one log and one case; the who is a blind token."""

    __tablename__ = "audit_alias"
    __table_args__ = (UniqueConstraint("log", "scope", "token"),)
    alias: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    log: Mapped[str] = mapped_column(String(60))
    scope: Mapped[str] = mapped_column(String(40))
    token: Mapped[bytes] = mapped_column(LargeBinary(16))


class ViewTally(Base):
    """Repeated openings of a case within five minutes of the first, until a tick writes them down.

    Of somebody's own reports that are not there: with no case, and the person for a viewer.
    """

    __tablename__ = "view_tally"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    viewer: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    membership_id: Mapped[UUID | None]
    role: Mapped[str] = mapped_column(String(40))
    first_at: Mapped[datetime] = mapped_column(index=True)
    repeats: Mapped[int] = mapped_column(default=0)
