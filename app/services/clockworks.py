"""Whose days count: the calendar, closures and working window of an organisation."""

from datetime import date
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.database import installation_of
from app.domain.calendars import Window, with_closures
from app.domain.plan import Clockwork
from app.models.organisation import Closure, Organisation

# Put together once: building a statement costs more than running it.
CLOSURES = select(Closure.day, Closure.name).where(Closure.organisation_id == bindparam("organisation_id"))


def clockwork_for(session: Session, organisation_id: UUID, *, on: date) -> Clockwork:
    """The calendar as it was known on a day, with the organisation's own closures and its window."""
    organisation = session.get_one(Organisation, organisation_id)
    calendar = installation_of(session).calendars.current(organisation.nation, on=on)
    closures = dict(session.execute(CLOSURES, {"organisation_id": organisation_id}).all())
    if closures:
        calendar = with_closures(calendar, MappingProxyType(closures))
    return Clockwork(calendar=calendar, window=Window.parse(organisation.window))
