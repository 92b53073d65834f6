"""Organisations and the days on which they are closed."""

import re
from dataclasses import asdict, dataclass, replace
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import Select, select, update

from app.audit.record import record_installation, record_organisation
from app.database import transaction
from app.domain.actors import Act, ActorKind
from app.domain.calendars import Window
from app.domain.deadlines import local
from app.domain.errors import InvalidInput, NotAllowed, NotFound
from app.domain.events import CalendarChanged, OrganisationAdded, OrganisationChanged, OutsiderAppointed
from app.domain.permissions import HANDLERS
from app.domain.vocabulary import Nation, OrganisationType, Role
from app.keychain import new_organisation_ring
from app.models.organisation import Appointment, Closure, Organisation
from app.models.person import Membership, Person
from app.queries.people import current_on
from app.services.accounts import normal_address
from app.services.administering import require_administrator, signed

# The demonstration's organisations have such codes; a real installation has none and takes none.
DEMONSTRATION_CODES = "DEMO-"
CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,19}", re.ASCII)
LONGEST_NAME = 200
DOMAIN = re.compile(r"([a-z0-9-]+\.)+[a-z]{2,}", re.ASCII)
# What somebody of another body can be here: a second officer where the first has a conflict, and the last resort.
OUTSIDERS = frozenset({Role.OUTSIDE_REVIEWER, Role.RESPONSIBLE_OFFICER, Role.DEAN})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How an organisation is reached, and when it works: what its administrators keep themselves."""

    window: str
    on_call_phone: str
    public_phone: str
    phone_hours: str
    mail_domains: str


def change(organisation_id: UUID, reached: Reached, *, act: Act) -> None:
    """Keeps how the organisation is reached. Dates that were promised stay as they were.

    Raises InvalidInput: window (as ``Window.parse`` does), mail_domains (domain-format).
    """
    require_administrator(organisation_id, act=act)
    window = str(Window.parse(reached.window))
    domains = reached.mail_domains.lower().replace(",", " ").replace(";", " ").split()
    if not all(DOMAIN.fullmatch(one) for one in domains):
        raise InvalidInput("mail_domains", "domain-format")
    with transaction() as session:
        kept = replace(reached, window=window, mail_domains=" ".join(domains))
        here = update(Organisation).where(Organisation.id == organisation_id)
        session.execute(here.values(**asdict(kept)))
        changed = OrganisationChanged(by=signed(act))
        record_organisation(session, changed, organisation_id=organisation_id, act=act)


def appoint(organisation_id: UUID, capacity: Role, *, email: str, act: Act) -> None:
    """Appoints somebody of another body to act here in one capacity, from today; only the operator may.

    Raises InvalidInput: capacity (not-outside, appointed), email (nobody): nobody of another body who handles cases.
    """
    if act.actor.kind is not ActorKind.OPERATOR:
        raise NotAllowed("only the operator appoints somebody of another body")
    if capacity not in OUTSIDERS:
        raise InvalidInput("capacity", "not-outside")
    today = local(act.now).date()
    with transaction() as session:
        membership_id = session.scalars(_handling_elsewhere(organisation_id, email, today)).first()
        if membership_id is None:
            raise InvalidInput("email", "nobody")
        same = select(Appointment.id).where(
            Appointment.organisation_id == organisation_id,
            Appointment.capacity == capacity,
            Appointment.membership_id == membership_id,
        )
        if session.execute(same).first() is not None:
            raise InvalidInput("capacity", "appointed")
        session.add(
            Appointment(
                organisation_id=organisation_id,
                capacity=capacity,
                membership_id=membership_id,
                starts_on=today,
            )
        )
        appointed = OutsiderAppointed(by=signed(act), capacity=capacity)
        record_organisation(session, appointed, organisation_id=organisation_id, act=act)


def _handling_elsewhere(organisation_id: UUID, email: str, today: date) -> Select[UUID]:
    """The membership, of another body, in which a person with that address handles cases."""
    return (
        select(Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Person.email == normal_address(email),
            Membership.organisation_id != organisation_id,
            Membership.role.in_(HANDLERS),
            current_on(today),
        )
        .order_by(Membership.role != Role.OUTSIDE_REVIEWER, Membership.id)
    )


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
