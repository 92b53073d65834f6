"""Deadlines and the pauses that stop them. ``due_at`` is the stored result of a pure function."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.domain.vocabulary import Role
from app.domain.workflow import ClockState

ARMED = text("state = 'armed'")


class Deadline(Base):
    """One rung of one clock of a case: rung 0 is the limit itself, higher rungs its ladder."""

    __tablename__ = "deadline"
    __table_args__ = (
        UniqueConstraint("case_id", "clock", "generation", "rung"),
        Index("ix_deadline_armed", "fire_at", "id", sqlite_where=ARMED, postgresql_where=ARMED),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    clock: Mapped[str] = mapped_column(String(20))
    generation: Mapped[int] = mapped_column(default=1)
    rung: Mapped[int] = mapped_column(default=0)
    owed_by: Mapped[Role]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    limit: Mapped[str] = mapped_column(String(40))
    calendar_version: Mapped[int]
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    fire_at: Mapped[datetime]
    state: Mapped[ClockState]
    ended_at: Mapped[datetime | None]


class Pause(Base):
    """A stretch in which a clock of a case waited for somebody, with its reason and how it ends."""

    __tablename__ = "pause"
    __table_args__ = (Index(None, "case_id"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    clock: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40))
    restarts_with: Mapped[str] = mapped_column(String(40))
    paused_by: Mapped[Role]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
