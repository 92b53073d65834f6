"""Wrapped keys: of a case, of a person, and of a log's quarter; and by what each keyring is recognised."""

from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class CaseKey(Base):
    """The data key of a case, wrapped by its organisation. Destroying it disposes of the case."""

    __tablename__ = "case_key"
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), primary_key=True)
    master_version: Mapped[int]
    wrapped: Mapped[bytes]


class PersonalKey(Base):
    """The key of one person's drafts and personal log, wrapped by the installation, by no organisation."""

    __tablename__ = "personal_key"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    master_version: Mapped[int]
    wrapped: Mapped[bytes]


class PeriodKey(Base):
    """The key of one log's entries without a case, for one quarter."""

    __tablename__ = "period_key"
    log: Mapped[str] = mapped_column(String(60), primary_key=True)
    period: Mapped[str] = mapped_column(String(10), primary_key=True)
    master_version: Mapped[int]
    wrapped: Mapped[bytes]


class KeyCheck(Base):
    """By what the keyring of an owner is recognised, noted when it was made. No other ring opens anything."""

    __tablename__ = "key_check"
    owner: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary(32))
