"""A demonstration: invented organisations with a full cast, and fourteen stories sent in the days before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace
from sqlalchemy import select, update

from app.config import ROOT
from app.database import installation_of, reader, transaction
from app.domain.calendars import LONDON
from app.domain.vocabulary import Nation, OrganisationType, Post, RelationKind, Role
from app.models.organisation import Organisation
from app.models.person import Membership, Person
from app.services.aftermath import live_on
from app.services.casting import Stage
from app.services.passwords import passwords_of
from app.services.scenarios import Organised, Scenario, Staged, read_scenarios, send, stage_people

STORIES = ROOT / "app" / "reference" / "demonstration" / "stories.json"
PASSWORD = "say early speak up"  # noqa: S105  printed at each start of a demonstration, of no use elsewhere
NAMES = {
    (OrganisationType.ACUTE_TRUST, Nation.ENGLAND): ("Larkfield Hospitals", "DEMO-LARK"),
    (OrganisationType.HEALTH_BOARD, Nation.SCOTLAND): ("Glenmorven Health Board", "DEMO-GLEN"),
    (OrganisationType.GP_PRACTICE, Nation.ENGLAND): ("Copperwheat Lane Surgery", "DEMO-COPP"),
    (OrganisationType.GP_PRACTICE, Nation.SCOTLAND): ("Rushbrook Medical Practice", "DEMO-RUSH"),
    (OrganisationType.HSC_TRUST, Nation.NORTHERN_IRELAND): ("Lough Fernsby Trust", "DEMO-LOUG"),
    (OrganisationType.HEALTH_BOARD, Nation.WALES): ("Cwm Hazelrigg Health Board", "DEMO-CWMH"),
    (OrganisationType.COMMUNITY_TRUST, Nation.ENGLAND): ("Sallowfield Community Trust", "DEMO-SALL"),
}
HOSPITAL = "DEMO-LARK"
MDO = "DEMO-HARB"
# How many of each are printed: two where cases are shared out among them.
SHOWN = {
    (HOSPITAL, Role.MEMBER): 1,
    (HOSPITAL, Role.CLINICAL_LEAD): 2,
    (HOSPITAL, Role.SUPERVISOR): 1,
    (HOSPITAL, Role.GUARDIAN): 1,
    (HOSPITAL, Role.RESPONSIBLE_OFFICER): 1,
    (HOSPITAL, Role.DATA_PROTECTION_OFFICER): 1,
    (HOSPITAL, Role.ON_CALL_EXECUTIVE): 1,
    (HOSPITAL, Role.ADMINISTRATOR): 1,
    (HOSPITAL, Role.AUDITOR): 1,
    (MDO, Role.ADVISER): 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationSignIn:
    """One printed sign-in; all share the demonstration's password."""

    email: str
    name: str
    role: Role
    place: str


def is_loaded() -> bool:
    """Whether this installation has organisations already."""
    session = reader()
    found = session.scalar(select(Organisation.id).limit(1)) is not None
    session.rollback()
    return found


def load(*, now: datetime) -> None:
    """Casts the organisations and sends the stories, the oldest first. Does nothing where any exist."""
    if is_loaded():
        return
    scenarios = read_scenarios(STORIES)
    hashed = passwords_of(installation_of(reader()).settings).hash(PASSWORD)
    staged = _cast(scenarios, hashed=hashed, now=now)
    for number, (scenario, people) in enumerate(zip(scenarios, staged, strict=True)):
        sent_at = _sent_at(now, number, of=len(scenarios))
        sent = send(_moved(scenario, sent_at), people, now=sent_at)
        live_on(scenario.id, sent[0], sent_at=sent_at, now=now)


def _sent_at(now: datetime, number: int, *, of: int) -> datetime:
    """Some hours apart, the last one an hour ago: so that some dates have passed and some lie ahead."""
    return now - timedelta(hours=1 + 11 * (of - 1 - number), minutes=7 * number)


def _moved(scenario: Scenario, sent_at: datetime) -> Scenario:
    """The same story as long after its post as it was written."""
    later = sent_at.astimezone(LONDON).date() - scenario.submitted_at.astimezone(LONDON).date()
    answers = scenario.answers
    realised = answers.realised_at and answers.realised_at + (sent_at - scenario.submitted_at)
    return replace(
        scenario, answers=replace(answers, posted_on=answers.posted_on + later, realised_at=realised)
    )


def _cast(scenarios: Sequence[Scenario], *, hashed: str, now: datetime) -> list[Staged]:
    with transaction() as session:
        stage = Stage(session=session, now=now)
        mdos = [
            stage.found(
                OrganisationType.MDO, Nation.SCOTLAND, name="Harbour Medical Defence", code="DEMO-HARB"
            ),
            stage.found(
                OrganisationType.MDO, Nation.ENGLAND, name="Beacon Doctors' Defence", code="DEMO-BEAC"
            ),
        ]
        for mdo, phone in zip(mdos, ("01632 960 142", "01632 960 177"), strict=True):
            mdo.public_phone, mdo.phone_hours = phone, "day and night for letters with a date, police, press"
        agency = stage.found(
            OrganisationType.AGENCY, Nation.SCOTLAND, name="Wayfarer Locums", code="DEMO-WAYF"
        )
        employers = _employers(stage, scenarios)
        staged = [
            stage_people(stage, one, employer=employers[one.organisation], mdo=mdos[0], agency=agency)
            for one in scenarios
        ]
        _name_supervisors(stage, scenarios, staged)
        _give_password(stage, hashed)
        return staged


def _employers(stage: Stage, scenarios: Sequence[Scenario]) -> dict[Organised, Organisation]:
    """One organisation of each kind and nation that the stories need, each with somebody of another body."""
    body = stage.found(
        OrganisationType.AGENCY, Nation.ENGLAND, name="Thornbury Review Body", code="DEMO-THOR"
    )
    reviewer = stage.employ(body, Role.OUTSIDE_REVIEWER, post=Post.CONSULTANT, title="Outside reviewer")
    officer = stage.holders(body, Role.RESPONSIBLE_OFFICER)[0]
    employers: dict[Organised, Organisation] = {}
    for scenario in scenarios:
        where = scenario.organisation
        if where not in employers:
            name, code = NAMES[where.type, where.nation]
            employer = stage.found(where.type, where.nation, name=name, code=code, on_call="01632 960 100")
            employer.mail_domains = f"{code.lower()}.example"
            stage.lend(employer, Role.OUTSIDE_REVIEWER, reviewer)
            stage.lend(employer, Role.RESPONSIBLE_OFFICER, officer)
            employers[where] = employer
    return employers


def _name_supervisors(stage: Stage, scenarios: Sequence[Scenario], staged: Sequence[Staged]) -> None:
    """Doctors in training have a named supervisor, unless the concern is about that very person."""
    for scenario, people in zip(scenarios, staged, strict=True):
        supervised = scenario.reporter.post in {Post.RESIDENT_DOCTOR, Post.GP_TRAINEE}
        own = scenario.subject is not None and scenario.subject.relation_to_reporter == "own_supervisor"
        if supervised and not own:
            first = stage.holders(people.organisation, Role.SUPERVISOR)[0]
            stage.relate(people.reporter, RelationKind.SUPERVISED_BY, first)


def _give_password(stage: Stage, hashed: str) -> None:
    stage.session.execute(update(Person).values(password_hash=hashed))


def sign_ins() -> list[DemonstrationSignIn]:
    """The people to try first: a doctor with a report, the roles of one hospital, and an adviser."""
    session = reader()
    rows = session.execute(
        select(Person.email, Person.name, Membership.role, Organisation.code, Organisation.name)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Organisation.code.in_((HOSPITAL, MDO)))
        .order_by(Membership.gmc_number)
    ).all()
    session.rollback()
    found: dict[tuple[str, Role], list[DemonstrationSignIn]] = {}
    for email, name, role, code, place in rows:
        people = found.setdefault((code, role), [])
        if len(people) < SHOWN.get((code, role), 0):
            people.append(DemonstrationSignIn(email=email, name=name, role=role, place=place))
    return [one for key in SHOWN for one in found.get(key, ())]
