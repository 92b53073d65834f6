"""What sending would do if it were done now: who would have it, which clocks would run. Nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.orm import Session

from app.database import installation_of, reader
from app.domain.actors import Act
from app.domain.calendars import LONDON
from app.domain.deadlines import next_opening
from app.domain.limits import Limit
from app.domain.plan import Assigned, Clockwork
from app.domain.report import Report
from app.domain.routing import Routed
from app.domain.vocabulary import Basis, Role
from app.domain.workflow import Action, Definition, Occurrence, Snapshot, allowed
from app.models.organisation import Organisation
from app.services.clockworks import clockwork_for
from app.services.routing import route_told
from app.services.submitting import lay_out, owner_of, with_clocks

SOON = Limit.parse("2 working days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One date: the limit it follows from, and what that rests on. ``due_at`` is aware UTC."""

    due_at: datetime
    limit: Limit
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What one room would do with a report that was sent now.

    ``asked`` is the role that the matter calls for, ``role`` the one that really takes it; they differ where
    somebody stands in. ``promises`` are the running clocks by code. ``opens_at`` is when somebody is at work
    next: now, if it is working time.
    """

    organisation_name: str
    on_call_phone: str
    public_phone: str
    asked: Role
    role: Role
    told: frozenset[Role]
    promises: Mapping[str, Promise]
    opens_at: datetime
    can_withdraw: bool


def foresee(report: Report, *, act: Act) -> Foreseen:
    """What would become of a report. Raises what sending it would raise, NobodyEligible among it."""
    session = reader()
    laid = lay_out(session, report, act=act)
    routed = owner_of(session, laid)
    told = route_told(session, laid.matter, laid.ground)
    snapshot, clockwork = with_clocks(session, laid, _taking(routed), act=act)
    definition = installation_of(session).workflows[report.kind]
    organisation = session.get_one(Organisation, laid.ground.organisation_id)
    return Foreseen(
        organisation_name=organisation.name,
        on_call_phone=organisation.on_call_phone,
        public_phone=organisation.public_phone,
        asked=routed.asked,
        role=routed.capacity,
        told=frozenset(one.capacity for one in told),
        promises=_promises(definition, snapshot),
        opens_at=next_opening(act.now, clockwork.calendar, clockwork.window),
        can_withdraw=_can_withdraw(definition, snapshot),
    )


def soon_until(organisation_id: UUID, *, now: datetime) -> date:
    """The last local day that counts as within two working days, by the calendar of an organisation."""
    clockwork = _clockwork(reader(), organisation_id, now)
    return clockwork.due(now, SOON).astimezone(LONDON).date()


def _promises(definition: Definition, snapshot: Snapshot) -> Mapping[str, Promise]:
    """Every date; one that took over the earlier date of another clock follows from that clock's limit."""
    rows = {row.clock: row for row in snapshot.clocks if row.rung == 0}
    promises = {}
    for code, row in rows.items():
        clock = definition.clocks[code]
        cap = rows.get(clock.not_later_than)
        limit = cap.limit if cap and cap.due_at == row.due_at else row.limit
        promises[code] = Promise(due_at=row.due_at, limit=limit, basis=clock.basis)
    return MappingProxyType(promises)


def _can_withdraw(definition: Definition, snapshot: Snapshot) -> bool:
    as_reporter = Occurrence(action=Action.WITHDRAW, is_reporter=True)
    return any(one.action is Action.WITHDRAW for one in allowed(definition, snapshot, as_reporter))


def _clockwork(session: Session, organisation_id: UUID, now: datetime) -> Clockwork:
    return clockwork_for(session, organisation_id, on=now.astimezone(LONDON).date())


def _taking(routed: Routed) -> Assigned:
    """The chosen one, as if they had taken it up; nobody counts it to them."""
    chosen = routed.chosen
    return Assigned(
        membership_id=chosen.membership_id,
        person_id=chosen.person_id,
        capacity=routed.capacity,
        is_owner=True,
    )
