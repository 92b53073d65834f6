"""Workflow definitions as they were when cases started on them."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class WorkflowDefinition(Base):
    """An immutable definition, known by the SHA-256 of its canonical form."""

    __tablename__ = "workflow_definition"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
