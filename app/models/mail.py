"""Mail that waits to be sent: ids only, never content."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base

QUEUED = text("state = 'queued'")
DEAD = text("state = 'dead'")


class MailKind(StrEnum):
    """Which of the constant texts a mail carries."""

    NEEDS_YOU = "needs_you"
    NEWS = "news"
    DRAFT = "draft"
    SIGN_IN = "sign_in"
    CODE = "code"
    INVITED = "invited"


class MailState(StrEnum):
    """What became of a mail. Dropped: its reader may no longer be told, or wants no mail."""

    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped"
    DEAD = "dead"


class Mail(Base):
    """One mail to a handler (membership and case), to a case's reporter (case only) or to a person.

    ``is_private``: to the person's private address, not to the one that organisations know.
    """

    __tablename__ = "mail"
    __table_args__ = (
        Index("ix_mail_queued", "next_attempt_at", sqlite_where=QUEUED, postgresql_where=QUEUED),
        Index("ix_mail_dead", "ended_at", sqlite_where=DEAD, postgresql_where=DEAD),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[MailKind]
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("case.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    is_private: Mapped[bool] = mapped_column(default=False)
    queued_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    state: Mapped[MailState]
    last_error: Mapped[str] = mapped_column(String(60), default="")
    ended_at: Mapped[datetime | None]
