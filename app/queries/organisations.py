"""Organisations as everybody, and as their own administrators, may know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from app.database import reader
from app.domain.vocabulary import Nation, OrganisationType
from app.models.organisation import Closure, Organisation

LONGEST_LIST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationRow:
    """One body whose people work on cases."""

    id: UUID
    code: str
    name: str
    type: OrganisationType
    nation: Nation
    window: str
    on_call_phone: str
    public_phone: str
    phone_hours: str
    mail_domains: str
    subscription_note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRow:
    """A day on which an organisation is closed beside its nation's holidays."""

    id: UUID
    day: date
    name: str


def by_id(organisation_id: UUID) -> OrganisationRow | None:
    """The organisation with this id, if there is one."""
    return _row(reader().get(Organisation, organisation_id))


def by_code(code: str) -> OrganisationRow | None:
    """The organisation with this code, if there is one."""
    found = select(Organisation).where(Organisation.code == code)
    return _row(reader().scalars(found).one_or_none())


def mdos() -> Sequence[OrganisationRow]:
    """Every medical defence organisation, by name."""
    found = select(Organisation).where(Organisation.type == OrganisationType.MDO).order_by(Organisation.name)
    return [row for row in map(_row, reader().scalars(found.limit(LONGEST_LIST))) if row]


def closures_of(organisation_id: UUID, *, after: date) -> Sequence[ClosureRow]:
    """The closures of an organisation after a day, the next one first."""
    found = (
        select(Closure.id, Closure.day, Closure.name)
        .where(Closure.organisation_id == organisation_id, Closure.day > after)
        .order_by(Closure.day)
        .limit(LONGEST_LIST)
    )
    return [ClosureRow(**row) for row in reader().execute(found).mappings()]


def _row(found: Organisation | None) -> OrganisationRow | None:
    if found is None:
        return None
    return OrganisationRow(
        id=found.id,
        code=found.code,
        name=found.name,
        type=found.type,
        nation=found.nation,
        window=found.window,
        on_call_phone=found.on_call_phone,
        public_phone=found.public_phone,
        phone_hours=found.phone_hours,
        mail_domains=found.mail_domains,
        subscription_note=found.subscription_note,
    )
