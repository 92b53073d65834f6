"""Whole cases in a file: read strictly, cast with invented people, and sent through the ordinary services."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import installation_of, reader, transaction
from app.domain.actors import Act, Actor, ActorKind
from app.domain.calendars import LONDON
from app.domain.classification import Classified
from app.domain.duty import level
from app.domain.errors import DomainError
from app.domain.form import Form, Question
from app.domain.limits import YEARS
from app.domain.permissions import LEADING
from app.domain.report import (
    Answered,
    Holder,
    Particulars,
    Report,
    Reports,
    RiskNow,
    SubjectChoice,
)
from app.domain.severity import suggest
from app.domain.vocabulary import (
    Duty,
    Harm,
    Identifiability,
    Kind,
    Lane,
    Nation,
    OrganisationType,
    PatientData,
    Post,
    RelationKind,
    ReporterIdentity,
    Role,
    Severity,
    StillLive,
    Visibility,
)
from app.domain.workflow import ClockState
from app.installation import Installation
from app.models.case import Case, CaseHandler
from app.models.deadline import Deadline
from app.models.organisation import Organisation
from app.models.person import Person
from app.services.casting import Employed, Stage
from app.services.clockworks import clockwork_for
from app.services.definitions import definition_of
from app.services.submitting import Sent, submit

IDENTITIES = {
    "named": ReporterIdentity.OPEN,
    "confidential": ReporterIdentity.CONFIDENTIAL,
    "anonymous": ReporterIdentity.ANONYMOUS,
}
PLATFORMS = {
    "instagram": "instagram_post",
    "instagram_direct": "instagram_dm",
    "whatsapp_direct": "whatsapp_one",
    "clinical_app": "message_group",
}
ESCALATION = "E2"
# Names for clocks, of this program or of procedures that a story may tell.
CLOCK_CODES = frozenset(
    {
        "ACK", "TRIAGE", "E1", "E2", "CONTAIN", "DPO", "SIRO", "ICO", "ART34", "DSPT", "BREACHLOG", "MDO-REPLY",
        "FB20", "FB3M", "UPDATE", "WAIT", "SAFETY", "INWO-1", "INWO-2", "INWO-ACK", "INWO-EXT", "COMP-ENG",
        "COMP-SCT", "COMP-NI", "COMP-WLS", "MHPS-INVEST", "MHPS-REPORT", "MHPS-COMMENT", "MHPS-HEARING",
        "EXCL-IMM", "EXCL-FORMAL", "EXCL-PPA", "EXCL-6M", "GMC-TELL", "GMC-5Y", "CANDOUR", "DSAR", "DPCOMP",
        "FTSU-Q", "DETRIMENT", "TRIBUNAL",
    }
)  # fmt: skip
KNOWN: Mapping[str, frozenset[str]] = {
    "also_told": frozenset({*Role, "alternative_responsible_officer"}),
    "never": frozenset(
        {*Role, "subject", "reporter", "line_report_of_subject", "adviser_of_subject", "employer"}
    ),
    "clocks": CLOCK_CODES,
    "no_clocks": CLOCK_CODES,
}


class ScenarioError(ValueError):
    """The file is not of the shape; the message says where."""


class Organised(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which kind of employer, in which nation."""

    type: OrganisationType
    nation: Nation


class Reporter(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who reports."""

    post: Post
    roles: tuple[Role, ...]
    identity: Literal["named", "confidential", "anonymous"]


class Subject(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Whom a concern is about."""

    post: Post
    roles: tuple[Role, ...]
    relation_to_reporter: Literal["none", "own_supervisor", "peer", "line_manager"]


class Answers(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the reporter answered."""

    risk_now: bool
    posted_on: date
    visibility: Visibility
    identifiability: Identifiability
    harm: Harm
    still_live: bool
    live_stream: bool
    patient_data: PatientData
    repeat_within_24_months: bool
    realised_at: datetime | None
    owner_of_practice: bool


class Expected(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What should become of an entry: for tests, playing does not compare it."""

    severity: Severity
    duty: Duty
    route: Role
    also_told: tuple[str, ...]
    never: tuple[str, ...]
    clocks: dict[str, datetime]
    no_clocks: tuple[str, ...]


class Scenario(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One entry of a file."""

    id: str
    title: str
    kind: Kind
    submitted_at: datetime
    organisation: Organised
    reporter: Reporter
    subject: Subject | None
    rooms: tuple[Literal["employer", "mdo"], ...]
    wish: tuple[Literal["not_my_supervisor"], ...]
    platform: str
    category: str
    answers: Answers
    story: str
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What became of one entry, in the names that the command line prints."""

    id: str
    reference: str
    kind: str
    category: str
    severity: str
    duty: str
    route: str
    also_told: tuple[str, ...]
    clocks: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """The invented people of one entry."""

    organisation: Organisation
    mdo: Organisation
    reporter: Employed
    subject: Employed | None


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """The entries of a file. Raises ScenarioError for an unknown or missing key, or an unknown code."""
    try:
        scenarios = msgspec.json.decode(path.read_bytes(), type=tuple[Scenario, ...])
    except (msgspec.DecodeError, OSError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    for scenario in scenarios:
        _check(scenario, path)
    return scenarios


def _check(scenario: Scenario, path: Path) -> None:
    for fault in _faults(scenario):
        raise ScenarioError(f"{path.name}: {scenario.id}: {fault}")


def _faults(scenario: Scenario) -> Iterator[str]:
    """What is wrong with an entry, beyond its shape."""
    if (scenario.subject is not None) != (scenario.kind is Kind.CONCERN):
        yield "a concern has a subject, nothing else has"
    if scenario.organisation.type is OrganisationType.MDO:
        yield "the organisation is the reporter's employer, which is no MDO"
    yield from _faults_of_rooms(scenario)
    yield from _faults_of_times(scenario)
    for name, known in KNOWN.items():
        strange = [code for code in getattr(scenario.expected, name) if code not in known]
        yield from (f"expected.{name}: unknown code {code}" for code in strange)


def _faults_of_rooms(scenario: Scenario) -> Iterator[str]:
    rooms = scenario.rooms
    if not rooms:
        yield "no room"
    if len(set(rooms)) < len(rooms):
        yield "a room stands twice"
    if scenario.kind is Kind.ADVICE and "employer" in rooms:
        yield "advice has no employer's room"


def _faults_of_times(scenario: Scenario) -> Iterator[str]:
    answers = scenario.answers
    times = {"submitted_at": scenario.submitted_at, "realised_at": answers.realised_at}
    times |= {f"expected.clocks.{code}": due for code, due in scenario.expected.clocks.items()}
    for name, at in times.items():
        if at is not None and at.tzinfo is None:
            yield f"{name} needs an offset"
        if at is not None and at.year not in YEARS:
            yield f"{name} is out of range"
    if answers.posted_on.year not in YEARS:
        yield "answers.posted_on is out of range"


def stage_employer(stage: Stage, scenario: Scenario, *, number: int) -> Organisation:
    """An employer with its cast, and somebody of another body for what its own people may not do."""
    where = scenario.organisation
    name = f"{where.nation.replace('-', ' ').title()} {where.type.replace('_', ' ')} {number}"
    employer = stage.found(where.type, where.nation, name=name, code=f"E{number:04}", on_call="01632 960 001")
    body = Organisation(
        code=f"B{number:04}", name=f"Review body {number}", type=OrganisationType.AGENCY, nation=where.nation
    )
    stage.add(body)
    reviewer = stage.employ(body, Role.OUTSIDE_REVIEWER, post=Post.CONSULTANT, title="Outside reviewer")
    officer = stage.employ(body, Role.RESPONSIBLE_OFFICER, post=Post.CONSULTANT, title="Responsible officer")
    stage.lend(employer, Role.OUTSIDE_REVIEWER, reviewer)
    stage.lend(employer, Role.RESPONSIBLE_OFFICER, officer)
    return employer


def stage_people(
    stage: Stage, scenario: Scenario, *, employer: Organisation, mdo: Organisation, agency: Organisation
) -> Staged:
    """The reporter and the subject of an entry, with the roles and relations it names."""
    reporter = _somebody(stage, employer, scenario.reporter.post, scenario.reporter.roles)
    subject = None
    if scenario.subject is not None:
        subject = _somebody(stage, employer, scenario.subject.post, scenario.subject.roles)
        if scenario.subject.post is Post.LOCUM:
            stage.appoint(
                stage.session.get_one(Person, subject.person_id), agency, Role.MEMBER, post=Post.LOCUM
            )
        _relate(stage, scenario.subject, reporter, subject)
    return Staged(organisation=employer, mdo=mdo, reporter=reporter, subject=subject)


def _somebody(stage: Stage, employer: Organisation, post: Post, roles: Sequence[Role]) -> Employed:
    """A member of the organisation who also holds these roles."""
    employed = stage.employ(employer, Role.MEMBER, post=post)
    person = stage.session.get_one(Person, employed.person_id)
    for role in roles:
        stage.appoint(person, employer, role, post=post)
    return employed


def _relate(stage: Stage, subject: Subject, reporter: Employed, about: Employed) -> None:
    match subject.relation_to_reporter:
        case "own_supervisor":
            stage.relate(reporter, RelationKind.SUPERVISED_BY, about)
        case "line_manager":
            stage.relate(reporter, RelationKind.REPORTS_TO, about)
        case _:
            pass


def reports_of(scenario: Scenario, staged: Staged, *, session: Session) -> Reports:
    """What the entry says, as the reports that the forms would make of it."""
    employer = advice = None
    if "employer" in scenario.rooms:
        employer = _report(scenario, staged, scenario.kind, session=session)
    if "mdo" in scenario.rooms:
        advice = _report(scenario, staged, Kind.ADVICE, session=session)
    return Reports(employer=employer, advice=advice)


def _report(scenario: Scenario, staged: Staged, kind: Kind, *, session: Session) -> Report:
    installation = installation_of(session)
    facts = _particulars(scenario)
    suggested = suggest(facts, category=installation.categories[scenario.category])
    report = Report(
        **{name: getattr(facts, name) for name in Particulars.__dataclass_fields__},
        kind=kind,
        form_version=installation.forms[kind].version,
        language="en",
        category=scenario.category,
        also=(),
        severity=suggested.severity,
        severity_reasons=suggested.because,
        duty=Duty.NONE,
        narrative=scenario.story,
        answers=tuple(_answered(scenario, installation.forms[kind])),
    )
    if kind is Kind.ADVICE:
        return replace(report, mdo=str(staged.mdo.id))
    return _for_employer(report, scenario, staged, facts)


def _for_employer(report: Report, scenario: Scenario, staged: Staged, facts: Particulars) -> Report:
    duty = Duty.NONE
    if report.kind is Kind.CONCERN:
        found = Classified(main=report.category, also=(), is_live=facts.live_stream)
        leads = bool(LEADING & set(scenario.reporter.roles))
        duty = level(facts, found, risks=None, leads_people=leads).duty
    subject = SubjectChoice(person_id=str(staged.subject.person_id)) if staged.subject else None
    return replace(
        report,
        duty=duty,
        identity=IDENTITIES[scenario.reporter.identity],
        workplace=str(staged.organisation.id),
        subject=subject,
        wish_not_supervisor="not_my_supervisor" in scenario.wish,
    )


def _particulars(scenario: Scenario) -> Particulars:
    answers = scenario.answers
    return Particulars(
        platform=platform_of(scenario),
        posted_on=answers.posted_on,
        visibility=answers.visibility,
        identifiability=answers.identifiability,
        patient_data=answers.patient_data,
        harm=answers.harm,
        still_live=StillLive.YES if answers.still_live else StillLive.NO,
        live_stream=answers.live_stream,
        risk_now=RiskNow.YES if answers.risk_now else RiskNow.NO,
        repeat=answers.repeat_within_24_months,
        holder=Holder.OWN if answers.owner_of_practice else Holder.HERE,
        realised_at=answers.realised_at,
    )


def platform_of(scenario: Scenario) -> str:
    """The form's platform for the coarser one of the file."""
    if scenario.platform == "facebook":
        closed = scenario.answers.visibility is Visibility.V3
        return "facebook_group" if closed else "facebook_profile"
    return PLATFORMS.get(scenario.platform, scenario.platform)


def _answered(scenario: Scenario, form: Form) -> Iterator[Answered]:
    """The answers as the form would have kept them, for people to read on the case page."""
    answers = scenario.answers
    given = {
        "risk_now": "yes" if answers.risk_now else "no",
        "platform": platform_of(scenario),
        "posted_on": answers.posted_on.isoformat(),
        "visibility": str(answers.visibility),
        "still_live": "yes" if answers.still_live else "no",
        "patient": _patient_answer(answers),
        "harm": str(answers.harm),
        form.narrative: scenario.story,
    }
    lane = Lane.MDO if form.kind is Kind.ADVICE else Lane.EMPLOYER
    for page in form.pages:
        for question in page.questions:
            value = given.pop(question.code, None)
            if value is not None:
                words = _words(form, question, value)
                yield Answered(
                    question=question.code,
                    page=page.code,
                    version=form.version,
                    wording=question.label,
                    value=value,
                    words=words,
                    lane=lane,
                )


def _words(form: Form, question: Question, value: str) -> str:
    """What the person would have read and chosen."""
    if question.code == "platform" and value in form.catalogue.platforms:
        voice = "concern" if form.kind is Kind.CONCERN else "self"
        return form.catalogue.platforms[value].words.spoken(voice)
    return next((one.label for one in question.options if one.value == value), value)


def _patient_answer(answers: Answers) -> str:
    if answers.patient_data is PatientData.UNSURE:
        return "unsure"
    by_level = {"I0": "none", "I1": "pieced", "I2": "insiders", "I3": "anyone"}
    return by_level[answers.identifiability]


def send(scenario: Scenario, staged: Staged, *, now: datetime) -> tuple[Sent, ...]:
    """Sends the entry as its reporter, at that instant, through the service that the forms use."""
    reports = reports_of(scenario, staged, session=reader())
    actor = Actor(
        kind=ActorKind.PERSON,
        person_id=staged.reporter.person_id,
        membership_id=staged.reporter.membership_id,
        organisation_id=staged.reporter.organisation_id,
        role=Role.MEMBER,
    )
    return submit(reports, draft_id=None, act=Act(actor=actor, now=now))


def play(scenarios: Sequence[Scenario], *, now: datetime) -> Iterator[Played]:
    """Plays each entry in organisations of its own, at its own ``submitted_at``. For a throw-away database.

    Raises ScenarioError before the first one for a category or platform that nobody knows, and for an entry that cannot be
    sent, with its name.
    """
    _check_codes(scenarios, installation_of(reader()))
    people = 0
    for number, scenario in enumerate(scenarios, start=1):
        staged, people = stage_entry(scenario, number=number, people=people, now=now)
        try:
            sent = send(scenario, staged, now=scenario.submitted_at)
        except DomainError as error:
            raise ScenarioError(f"{scenario.id}: {error}") from error
        yield played(scenario, sent)


def stage_entry(scenario: Scenario, *, number: int, people: int, now: datetime) -> tuple[Staged, int]:
    """Organisations of an entry's own with everybody in them, and how many people there are now."""
    with transaction() as session:
        stage = Stage(session=session, now=now, people=people)
        employer = stage_employer(stage, scenario, number=number)
        mdo = stage.found(OrganisationType.MDO, Nation.SCOTLAND, name=f"MDO {number}", code=f"M{number:04}")
        agency = stage.found(
            OrganisationType.AGENCY, Nation.SCOTLAND, name=f"Agency {number}", code=f"A{number:04}"
        )
        staged = stage_people(stage, scenario, employer=employer, mdo=mdo, agency=agency)
        return staged, stage.people


def _check_codes(scenarios: Sequence[Scenario], installation: Installation) -> None:
    for scenario in scenarios:
        if platform_of(scenario) not in installation.forms[scenario.kind].catalogue.platforms:
            raise ScenarioError(f"{scenario.id}: unknown platform {scenario.platform}")
        if scenario.category not in installation.categories.by_code:
            raise ScenarioError(f"{scenario.id}: unknown category {scenario.category}")


def played(scenario: Scenario, sent: Sequence[Sent]) -> Played:
    """What the entry became, read back from the database."""
    first = reader().get_one(Case, sent[0].case_id)
    clocks: dict[str, str] = {}
    for one in sent:
        clocks |= _clocks_of(reader().get_one(Case, one.case_id))
    return Played(
        id=scenario.id,
        reference=first.reference,
        kind=first.kind,
        category=first.category,
        severity=first.severity,
        duty=first.duty,
        route=first.owner_role,
        also_told=_told_in(first, scenario),
        clocks=clocks,
    )


def _clocks_of(case: Case) -> dict[str, str]:
    """Every armed clock by its code, and of a ladder the rung of the responsible officer."""
    rows = reader().scalars(
        select(Deadline).where(
            Deadline.case_id == case.id, Deadline.state == ClockState.ARMED, Deadline.rung == 0
        )
    )
    definition = definition_of(reader(), case.definition_hash)
    day = case.opened_at.astimezone(LONDON).date()
    clockwork = clockwork_for(reader(), case.organisation_id, on=day)
    found = {}
    for row in rows:
        found[row.clock] = row.due_at
        for rung in definition.clocks[row.clock].ladder:
            if rung.code == ESCALATION:
                found[ESCALATION] = clockwork.rung_at(rung, row.due_at, case.severity)
    return {code: at.astimezone(LONDON).isoformat() for code, at in found.items()}


def _told_in(case: Case, scenario: Scenario) -> tuple[str, ...]:
    """Who else was told, by role; another body's officer who stands in is the alternative one."""
    rows = reader().scalars(
        select(CaseHandler.capacity).where(
            CaseHandler.case_id == case.id, CaseHandler.membership_id != case.owner_membership_id
        )
    )
    return tuple(sorted(_told_as(capacity, scenario) for capacity in rows))


def _told_as(capacity: Role, scenario: Scenario) -> str:
    about_officer = scenario.subject is not None and Role.RESPONSIBLE_OFFICER in scenario.subject.roles
    if capacity is Role.RESPONSIBLE_OFFICER and about_officer:
        return "alternative_responsible_officer"
    return capacity
