"""A report that is not sent yet: sealed under its author's own key."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class Draft(Base):
    """Answers so far. No organisation can open them; they are forgotten after some days without a change."""

    __tablename__ = "draft"
    __table_args__ = (Index(None, "person_id"), Index(None, "expires_at"))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    form: Mapped[str] = mapped_column(String(40))
    form_version: Mapped[int]
    answers_sealed: Mapped[bytes]
    started_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
