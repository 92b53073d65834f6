"""Whose days count: the calendar, closures and working window of an organisation."""

from collections.abc import Sequence
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.database import installation_of
from app.domain.calendars import Window, with_closures
from app.domain.plan import Clockwork
from app.models.organisation import Closure, Organisation

# Put together once: building a statement costs more than running it.
PLACE = (
    select(Organisation.nation, Organisation.window, Closure.day, Closure.name)
    .outerjoin(Closure, Closure.organisation_id == Organisation.id)
    .where(Organisation.id == bindparam("organisation_id"))
)


def clockwork_for(session: Session, organisation_id: UUID, *, on: date) -> Clockwork:
    """The calendar as it was known on a day, with the organisation's own closures and its window.

    Raises LookupError for an organisation that does not exist.
    """
    # An organisation without closures has one row without a day.
    rows: Sequence[Any] = session.execute(PLACE, {"organisation_id": organisation_id}).all()
    nation, window = rows[0][:2]
    calendar = installation_of(session).calendars.current(nation, on=on)
    if closures := {day: name for _, _, day, name in rows if day}:
        calendar = with_closures(calendar, MappingProxyType(closures))
    return Clockwork(calendar=calendar, window=Window.parse(window))
