"""Organisations and the days on which they are closed."""

import re
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import select

from app.audit.record import record_installation, record_organisation
from app.database import transaction
from app.domain.actors import Act, ActorKind
from app.domain.deadlines import local
from app.domain.errors import InvalidInput, NotAllowed, NotFound
from app.domain.events import CalendarChanged, OrganisationAdded
from app.domain.vocabulary import Nation, OrganisationType
from app.keychain import new_organisation_ring
from app.models.organisation import Closure, Organisation
from app.services.administering import require_administrator, signed

# The demonstration's organisations have such codes; a real installation has none and takes none.
DEMONSTRATION_CODES = "DEMO-"
CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,19}", re.ASCII)
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganisation:
    """A body whose people are to work on cases. ``window`` is written like "mon-fri 09:00-17:00"."""

    code: str
    name: str
    type: OrganisationType
    nation: Nation
    window: str = "mon-fri 09:00-17:00"
    on_call_phone: str = ""
    public_phone: str = ""
    phone_hours: str = ""
    mail_domains: str = ""
    subscription_note: str = ""


def add_organisation(organisation: NewOrganisation, *, act: Act) -> UUID:
    """Adds an organisation; only the operator may.

    Raises InvalidInput: code (format, taken, demonstration), name (missing).
    """
    if act.actor.kind is not ActorKind.OPERATOR:
        raise NotAllowed("only the operator adds organisations")
    if CODE.fullmatch(organisation.code) is None:
        raise InvalidInput("code", "code-format")
    if organisation.code.startswith(DEMONSTRATION_CODES):
        raise InvalidInput("code", "code-demonstration")
    if not 0 < len(organisation.name.strip()) <= LONGEST_NAME or not organisation.name.isprintable():
        raise InvalidInput("name", "name-missing")
    with transaction() as session:
        taken = select(Organisation.id).where(Organisation.code == organisation.code)
        if session.execute(taken).first() is not None:
            raise InvalidInput("code", "code-taken")
        row = Organisation(id=uuid4(), **asdict(organisation))
        session.add(row)
        session.flush()
        new_organisation_ring(session, row.id)
        record_installation(session, OrganisationAdded(by=signed(act)), act=act)
        return row.id


def add_closure(organisation_id: UUID, day: date, *, name: str, act: Act) -> None:
    """Closes the organisation on a day to come. Raises InvalidInput on ``day``: past or closed-already."""
    require_administrator(organisation_id, act=act)
    if day <= local(act.now).date():
        raise InvalidInput("day", "past")
    with transaction() as session:
        same = select(Closure.id).where(Closure.organisation_id == organisation_id, Closure.day == day)
        if session.execute(same).first() is not None:
            raise InvalidInput("day", "closed-already")
        session.add(Closure(organisation_id=organisation_id, day=day, name=name))
        changed = CalendarChanged(by=signed(act), change="closed", day=day.isoformat())
        record_organisation(session, changed, organisation_id=organisation_id, act=act)


def remove_closure(closure_id: UUID, *, act: Act) -> None:
    """Opens the organisation again on a day to come. Raises NotFound for another's, or one that is over."""
    with transaction() as session:
        closure = session.get(Closure, closure_id)
        if closure is None or closure.organisation_id != act.actor.organisation_id:
            raise NotFound("no such closure here")
        require_administrator(closure.organisation_id, act=act)
        if closure.day <= local(act.now).date():
            raise NotFound("this day is over or has begun")
        session.delete(closure)
        changed = CalendarChanged(by=signed(act), change="opened", day=closure.day.isoformat())
        record_organisation(session, changed, organisation_id=closure.organisation_id, act=act)
