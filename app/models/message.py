"""What is written in a case after it was sent, and what was agreed to be done."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.domain.vocabulary import MessageKind, Role


class Message(Base):
    """One text of one author. The author is a handler's membership, or the reporter (no membership)."""

    __tablename__ = "message"
    __table_args__ = (Index(None, "case_id", "sent_at"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    kind: Mapped[MessageKind]
    author_role: Mapped[Role]
    author_membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))
    is_for_officer: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[datetime]
    body_sealed: Mapped[bytes]


class ActionItem(Base):
    """Something agreed to be done, by whom and by when."""

    __tablename__ = "action_item"
    __table_args__ = (Index(None, "case_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    what_sealed: Mapped[bytes]
    who_sealed: Mapped[bytes]
    due_on: Mapped[date]
    agreed_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    done_sealed: Mapped[bytes | None]
