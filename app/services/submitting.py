"""Sending a report: who it concerns, who takes it, which clocks run, written as one case in each room."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.audit.record import record_personal
from app.config import INDEPENDENT
from app.database import installation_of, reader, transaction
from app.domain.actors import Act, Actor, ActorKind
from app.domain.calendars import LONDON
from app.domain.errors import AlreadySubmitted, InvalidInput, NobodyEligible, NotAvailable, NotFound
from app.domain.events import (
    CLOCK,
    REPORTER,
    AdviceRequested,
    DraftChanged,
    Event,
    OfficerTold,
    OwnerAssigned,
    ReportSubmitted,
    RiskRaised,
)
from app.domain.names import MOST_KEPT_AWAY, compared, is_meant, names_in
from app.domain.plan import Assigned, Clockwork, Wish, armed_at_opening, armed_events
from app.domain.report import Holder, Report, Reports, RiskNow
from app.domain.routing import Matter, Parties, Routed, Trait
from app.domain.vocabulary import (
    Kind,
    Lane,
    OrganisationType,
    PartyRole,
    PatientData,
    ReporterIdentity,
    Role,
)
from app.domain.workflow import Clock, Condition, Definition, Snapshot
from app.keychain import gmc_token, person_token, person_tokens, workplace_token
from app.models.case import Case
from app.models.draft import Draft
from app.models.organisation import Appointment, Organisation
from app.models.person import Membership, Person
from app.queries.people import current_on, numbers_of
from app.queries.reports import places_of, reported_by
from app.services.changes import Opening, open_case
from app.services.clockworks import clockwork_for
from app.services.routing import Ground, assign, named_for, route_owner, route_told, who_may_take


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One case that a report became: its reference and the role that has it."""

    kind: Kind
    case_id: UUID
    reference: str
    organisation_id: UUID
    owner_role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """Whom a concern is about, as far as the organisation can tell."""

    standing: str = "none"
    person_id: UUID | None = None
    tokens: tuple[bytes, ...] = ()
    roles: frozenset[str] = frozenset()
    posts: frozenset[str] = frozenset()
    ticks: frozenset[str] = frozenset()
    agency_id: UUID | None = None
    part: PartyRole = PartyRole.SUBJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptAway:
    """Whom the reporter wants to keep from the case: how many were named, who they are, whether all were found."""

    names: int = 0
    people: frozenset[UUID] = frozenset()
    is_somebody_unfound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A report as its organisation meets it, before anybody has taken it."""

    report: Report
    subject: _Subject
    parties: tuple[tuple[PartyRole, bytes], ...]
    exclusions: tuple[tuple[bytes, str], ...]
    matter: Matter
    ground: Ground
    is_somebody_unfound: bool
    signature: Mapping[str, str] | None = field(repr=False)


def submit(reports: Reports, *, draft_id: UUID | None, act: Act) -> tuple[Sent, ...]:
    """Sends a report: one case for the employer, one for the MDO, or one of each with nothing in common.

    A draft becomes at most one case in a room, however often it is sent: raises AlreadySubmitted, and
    ``sent_before`` finds the case. Raises NobodyEligible where no person can take it, and NotFound for a
    draft that is not the actor's.
    """
    with transaction() as session:
        if draft_id is not None:
            _take_draft(session, draft_id, act)
        rooms = (report for report in (reports.employer, reports.advice) if report is not None)
        return tuple(_open(session, report, draft_id=draft_id, act=_as_told(report, act)) for report in rooms)


def _as_told(report: Report, act: Act) -> Act:
    """What a room learns of the instant: the MDO, and whoever hears from nobody in particular, the minute."""
    if report.kind is Kind.ADVICE or report.identity is ReporterIdentity.ANONYMOUS:
        return replace(act, now=act.now.replace(second=0, microsecond=0))
    return act


def _as_recorded(report: Report, act: Act) -> Act:
    """What the trail learns of the actor: of who reports without a name, nothing that leads back to them."""
    if report.identity is ReporterIdentity.ANONYMOUS:
        return replace(act, actor=Actor(kind=ActorKind.PERSON))
    return act


def _take_draft(session: Session, draft_id: UUID, act: Act) -> None:
    """A draft that was sent is gone; its case is found by the blind token it left."""
    own = delete(Draft).where(Draft.id == draft_id, Draft.person_id == act.actor.person_id)
    author = session.scalar(own.returning(Draft.person_id))
    if author is None:
        if session.scalar(select(Draft.id).where(Draft.id == draft_id)):
            raise NotFound("no such draft")
        raise AlreadySubmitted("this draft was sent or deleted before")
    record_personal(session, DraftChanged(by="person", change="sent"), person_id=author, act=act)


def sent_before(draft_id: UUID, *, act: Act) -> tuple[Sent, ...]:
    """The cases that a draft of this person became: the employer's first. Empty if it never was sent."""
    session = reader()
    places = places_of(session, act.actor)
    tokens = [_submission_token(session, place, draft_id) for place in places]
    cases = session.scalars(
        select(Case)
        .where(Case.submission_token.in_(tokens), reported_by(session, act.actor))
        .order_by(Case.kind.desc())
    ).all()
    return tuple(
        Sent(
            kind=case.kind,
            case_id=case.id,
            reference=case.reference,
            organisation_id=case.organisation_id,
            owner_role=case.owner_role,
        )
        for case in cases
    )


def _submission_token(session: Session, organisation_id: UUID, draft_id: UUID) -> bytes:
    return person_token(session, draft_id, organisation_id=organisation_id)


def lay_out(session: Session, report: Report, *, act: Act) -> Laid:
    """Who would be part of a case and where somebody is sought to take it. Reads only.

    Raises InvalidInput for a workplace or an MDO that is not the reporter's to choose, and NotAvailable where
    the MDO's room is closed.
    """
    reporter = _reporter(session, report, act)
    organisation_id = _receiver(session, report, reporter, act.actor)
    subject = _subject_of(session, report, organisation_id, act)
    named = named_for(session, reporter.person_id, on=_day(act.now))
    subject = _with_known_ticks(subject, named)
    parties = _parties(session, report, reporter.person_id, subject, organisation_id)
    kept_away = _kept_away(session, report, organisation_id, act)
    exclusions = (
        *_declared(session, kept_away.people - {reporter.person_id}, organisation_id),
        *_advisers_at_work(session, report, reporter.person_id, organisation_id, act),
        *_may_be_subject(session, subject, organisation_id, act),
    )
    tokens = frozenset(token for _, token in parties) | frozenset(token for token, _ in exclusions)
    about = frozenset(token for role, token in parties if role is PartyRole.SUBJECT)
    ground = Ground(
        organisation_id=organisation_id,
        on=_day(act.now),
        parties=Parties(tokens, about),
        only=who_may_take(report.kind, is_unresolved=subject.standing == "unresolved"),
        named=named,
        agency_id=subject.agency_id,
    )
    return Laid(
        report=report,
        subject=subject,
        parties=parties,
        exclusions=exclusions,
        matter=_matter(report, reporter, subject, kept_away),
        ground=ground,
        is_somebody_unfound=kept_away.is_somebody_unfound,
        signature=_signature(session, report, reporter, organisation_id),
    )


def with_clocks(session: Session, laid: Laid, owner: Assigned, *, act: Act) -> tuple[Snapshot, Clockwork]:
    """The case as it would open with that owner, its clocks running, and whose days they count. Reads only."""
    report = laid.report
    definition = installation_of(session).workflows[report.kind]
    snapshot = _snapshot(report, definition, laid.ground.organisation_id, owner, laid.subject, act)
    clockwork = clockwork_for(session, laid.ground.organisation_id, on=laid.ground.on)
    clocks = armed_at_opening(
        definition,
        snapshot,
        clockwork=clockwork,
        realised_at=report.realised_at if report.holder is Holder.OWN else None,
        wanted=lambda clock: _is_wanted(clock, report),
    )
    return replace(snapshot, clocks=clocks), clockwork


def _open(session: Session, report: Report, *, draft_id: UUID | None, act: Act) -> Sent:
    """One report becomes one case: who is part of it, who takes it, which clocks run, all in one write."""
    laid = lay_out(session, report, act=act)
    organisation_id = laid.ground.organisation_id
    routed = _route(session, laid, act)
    snapshot, clockwork = with_clocks(session, laid, routed[0][1], act=act)
    opening = Opening(
        definition=installation_of(session).workflows[report.kind],
        snapshot=snapshot,
        lane=Lane.MDO if report.kind is Kind.ADVICE else Lane.EMPLOYER,
        form=report.kind,
        form_version=report.form_version,
        language=report.language,
        answers=_answers(report, laid),
        submission_token=_submission_token(session, organisation_id, draft_id) if draft_id else None,
        parties=laid.parties,
        routed=routed,
        values={"also": " ".join(report.also), "severity_reason": " ".join(report.severity_reasons)},
        wish=Wish(events=_opening_events(report, routed, snapshot), exclusions=laid.exclusions),
    )
    recorded = _as_recorded(report, act)
    reference = open_case(session, opening, act=recorded, calendar_version=clockwork.calendar.version)
    return Sent(
        kind=report.kind,
        case_id=snapshot.case_id,
        reference=reference,
        organisation_id=organisation_id,
        owner_role=snapshot.owner_role,
    )


def _reporter(session: Session, report: Report, act: Act) -> Membership:
    """The membership in which somebody reports: the chosen workplace's, else the one they act in.

    Whoever has no role any more may still ask their MDO: as whom they were last.
    """
    if act.actor.membership_id is None and report.kind is Kind.ADVICE:
        return _last_membership(session, act.actor)
    if report.kind is Kind.ADVICE or report.workplace is None:
        if act.actor.membership_id is None:
            raise InvalidInput("workplace", "missing")
        return session.get_one(Membership, act.actor.membership_id)
    mine = session.scalars(
        select(Membership)
        .where(
            Membership.person_id == act.actor.person_id,
            Membership.organisation_id == _id("workplace", report.workplace),
            current_on(_day(act.now)),
        )
        .order_by(Membership.id != act.actor.membership_id, Membership.id)
    ).first()
    if mine is None:
        raise InvalidInput("workplace", "unknown")
    return mine


def _last_membership(session: Session, actor: Actor) -> Membership:
    own = select(Membership).where(Membership.person_id == actor.person_id)
    last = session.scalars(own.order_by(Membership.ends_on.desc(), Membership.id).limit(1)).one_or_none()
    if last is None:
        raise InvalidInput("workplace", "unknown")
    return last


def _receiver(session: Session, report: Report, reporter: Membership, actor: Actor) -> UUID:
    """The organisation that a case is opened in. Raises NotAvailable where the MDO's room is closed."""
    if report.kind is not Kind.ADVICE:
        return reporter.organisation_id
    settings = installation_of(session).settings
    mdo = session.get(Organisation, _id("mdo", report.mdo)) if report.mdo else None
    if mdo is None or mdo.type is not OrganisationType.MDO:
        raise InvalidInput("mdo", "unknown")
    if actor.is_proved_at_work:
        raise NotAvailable("only a workplace's mailbox has shown who this is")
    if settings.operator not in {INDEPENDENT, mdo.code}:
        raise NotAvailable("whoever runs this installation could see that somebody asked their MDO")
    return mdo.id


def _subject_of(session: Session, report: Report, organisation_id: UUID, act: Act) -> _Subject:
    """Somebody known here, or nobody yet: then nobody but the guardian may see the concern."""
    choice = report.subject
    if choice is None:
        return _Subject()
    ticks = frozenset(choice.relations)
    part = PartyRole.OTHER_PARTY if choice.is_target else PartyRole.SUBJECT
    person_id = _chosen_person(session, choice.person_id, choice.gmc_number, organisation_id, act)
    if person_id is None:
        numbers = [choice.gmc_number] if choice.gmc_number else []
        tokens = tuple(gmc_token(session, one, organisation_id=organisation_id) for one in numbers)
        standing = "none" if choice.is_target else "unresolved"
        return _Subject(standing=standing, tokens=tokens, ticks=ticks, part=part)
    return _known_subject(session, person_id, organisation_id, act, ticks=ticks, part=part)


def _chosen_person(
    session: Session, person_id: str | None, gmc_number: str | None, organisation_id: UUID, act: Act
) -> UUID | None:
    """Only somebody who holds a membership here counts; the reporter is never told whether a number fits.

    A number means whoever has it in this organisation's own list, and nobody if two have it.
    """
    if person_id is not None:
        is_meant = Membership.person_id == _id("subject", person_id)
    elif gmc_number is not None:
        is_meant = Membership.gmc_number == gmc_number
    else:
        return None
    here = select(Membership.person_id).where(
        Membership.organisation_id == organisation_id, current_on(_day(act.now)), is_meant
    )
    found = session.scalars(here.distinct()).all()
    return found[0] if len(found) == 1 else None


def _known_subject(
    session: Session,
    person_id: UUID,
    organisation_id: UUID,
    act: Act,
    *,
    ticks: frozenset[str],
    part: PartyRole,
) -> _Subject:
    rows = session.execute(
        select(Membership.role, Membership.post, Organisation.id, Organisation.type)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.person_id == person_id, current_on(_day(act.now)))
    ).all()
    agencies = [row.id for row in rows if row.type is OrganisationType.AGENCY]
    here = [row for row in rows if row.id == organisation_id]
    return _Subject(
        standing="none" if part is PartyRole.OTHER_PARTY else "known",
        person_id=person_id,
        tokens=_tokens(session, person_id, organisation_id),
        roles=frozenset(row.role for row in here),
        posts=frozenset(row.post for row in here),
        ticks=ticks,
        agency_id=agencies[0] if agencies else None,
        part=part,
    )


def _tokens(session: Session, person_id: UUID, organisation_id: UUID) -> tuple[bytes, ...]:
    numbers = numbers_of(session, [person_id])[person_id]
    return tuple(sorted(person_tokens(session, person_id, numbers, organisation_id=organisation_id)))


def _with_known_ticks(subject: _Subject, named: frozenset[UUID]) -> _Subject:
    """A named supervisor counts as "my supervisor", ticked or not."""
    if subject.person_id not in named:
        return subject
    return replace(subject, ticks=subject.ticks | {"my_supervisor"})


def _parties(
    session: Session, report: Report, person_id: UUID, subject: _Subject, organisation_id: UUID
) -> tuple[tuple[PartyRole, bytes], ...]:
    """Who is part of the case. In a self-report, reporter and subject are one person.

    Who reports without a name leaves no token: nobody can be kept from a report that nobody knows is theirs.
    """
    if report.identity is ReporterIdentity.ANONYMOUS:
        return tuple((subject.part, token) for token in subject.tokens)
    own = _tokens(session, person_id, organisation_id)
    parties = [(PartyRole.REPORTER, token) for token in own]
    if report.kind is Kind.SELF_REPORT:
        parties += [(PartyRole.SUBJECT, token) for token in own]
    return (*parties, *((subject.part, token) for token in subject.tokens))


def _advisers_at_work(
    session: Session, report: Report, person_id: UUID, mdo_id: UUID, act: Act
) -> tuple[tuple[bytes, str], ...]:
    """Whoever works where the member works, now or later, may not advise on their case: their workplaces, blind."""
    if report.kind is not Kind.ADVICE:
        return ()
    workplaces = session.scalars(
        select(Membership.organisation_id)
        .where(
            Membership.person_id == person_id,
            Membership.organisation_id != mdo_id,
            current_on(_day(act.now)),
        )
        .distinct()
    )
    return tuple(
        (workplace_token(session, one, organisation_id=mdo_id), "same_employer") for one in workplaces
    )


def _may_be_subject(
    session: Session, subject: _Subject, organisation_id: UUID, act: Act
) -> tuple[tuple[bytes, str], ...]:
    """While nobody knows whom a concern is about, a guardian who may be that person does not see it either."""
    if subject.standing != "unresolved" or "guardian" not in subject.ticks:
        return ()
    guardians = session.scalars(
        select(Membership.person_id)
        .where(
            Membership.organisation_id == organisation_id,
            Membership.role == Role.GUARDIAN,
            current_on(_day(act.now)),
        )
        .distinct()
    )
    return tuple(
        (person_token(session, one, organisation_id=organisation_id), "may_be_subject") for one in guardians
    )


def _kept_away(session: Session, report: Report, organisation_id: UUID, act: Act) -> _KeptAway:
    """Whom the names mean: all who have such a name here, or act here for another body."""
    typed = names_in(report.keep_away)
    if not typed:
        return _KeptAway()
    known = _names_here(session, organisation_id, _day(act.now))
    meant = {name: {person_id for person_id, words in known if is_meant(name, words)} for name in typed}
    return _KeptAway(
        names=len(typed),
        people=frozenset().union(*meant.values()),
        is_somebody_unfound=not all(meant.values()),
    )


def _names_here(session: Session, organisation_id: UUID, today: date) -> Sequence[tuple[UUID, Sequence[str]]]:
    appointed = select(Appointment.membership_id).where(Appointment.organisation_id == organisation_id)
    here = or_(Membership.organisation_id == organisation_id, Membership.id.in_(appointed))
    rows = session.execute(
        select(Membership.person_id, Membership.name).where(here, current_on(today)).distinct()
    )
    return [(row.person_id, compared(row.name).split()) for row in rows]


def _declared(
    session: Session, people: Iterable[UUID], organisation_id: UUID
) -> tuple[tuple[bytes, str], ...]:
    return tuple((person_token(session, one, organisation_id=organisation_id), "declared") for one in people)


def _matter(report: Report, reporter: Membership, subject: _Subject, kept_away: _KeptAway) -> Matter:
    return Matter(
        {
            Trait.KIND: frozenset({report.kind}),
            Trait.SEVERITY: frozenset({report.severity}),
            Trait.CATEGORY: frozenset({report.category, *report.also}),
            Trait.IDENTITY: frozenset({report.identity}),
            Trait.PATIENT_DATA: frozenset({report.patient_data}),
            Trait.REPORTER_POST: frozenset({reporter.post}),
            Trait.SUBJECT: frozenset({subject.standing}),
            Trait.SUBJECT_POST: subject.posts,
            Trait.SUBJECT_ROLE: subject.roles,
            Trait.SUBJECT_TICK: subject.ticks,
            Trait.KEPT_AWAY: frozenset({"many"} if kept_away.names > MOST_KEPT_AWAY else ()),
            Trait.WISH: frozenset({"not_my_supervisor"} if report.wish_not_supervisor else ()),
        }
    )


def _route(session: Session, laid: Laid, act: Act) -> tuple[tuple[Routed, Assigned], ...]:
    """The owner first, then those who are told; nobody is counted twice."""

    def find() -> list[Routed]:
        owner = owner_of(session, laid)
        found = {owner.chosen.membership_id: owner}
        for one in route_told(session, laid.matter, laid.ground):
            found.setdefault(one.chosen.membership_id, one)
        return list(found.values())

    return assign(session, find, organisation_id=laid.ground.organisation_id, now=act.now)


def owner_of(session: Session, laid: Laid) -> Routed:
    """Who takes it. Where an outside reviewer should and there is none, whoever would take it otherwise."""
    try:
        return route_owner(session, laid.matter, laid.ground)
    except NobodyEligible:
        if not laid.matter.traits[Trait.KEPT_AWAY]:
            raise
        rest = Matter({**laid.matter.traits, Trait.KEPT_AWAY: frozenset()})
        return route_owner(session, rest, laid.ground)


def _snapshot(
    report: Report,
    definition: Definition,
    organisation_id: UUID,
    owner: Assigned,
    subject: _Subject,
    act: Act,
) -> Snapshot:
    return Snapshot(
        case_id=uuid4(),
        organisation_id=organisation_id,
        kind=report.kind,
        version=1,
        state=definition.start,
        severity=report.severity,
        category=report.category,
        duty=report.duty,
        patient_data=report.patient_data,
        identity=report.identity,
        owner_role=owner.capacity,
        owner_membership_id=owner.membership_id,
        is_risk_now=report.risk_now is RiskNow.YES,
        is_subject_unresolved=subject.standing == "unresolved",
        opened_at=act.now,
    )


def _is_wanted(clock: Clock, report: Report) -> bool:
    exposed = report.patient_data is not PatientData.NO
    holds: Mapping[Condition, bool] = {
        Condition.ALWAYS: True,
        Condition.PATIENT_DATA: exposed,
        Condition.PATIENT_DATA_HELD_HERE: exposed and report.holder is not Holder.OTHER_ORGANISATION,
        Condition.PATIENT_DATA_KEPT_FROM_EMPLOYER: exposed and not report.tells_employer,
        Condition.WORKS_TOGETHER: report.works_together == "yes",
        Condition.NEVER_AT_OPENING: False,
    }
    return holds[clock.armed_when]


def _opening_events(
    report: Report, routed: Sequence[tuple[Routed, Assigned]], snapshot: Snapshot
) -> tuple[Event, ...]:
    owner, owned = routed[0]
    opened: Event = (
        AdviceRequested(by=REPORTER) if report.kind is Kind.ADVICE else ReportSubmitted(by=REPORTER)
    )
    # An MDO's adviser is nobody on call: there, nobody was told but who has the request.
    is_raised = snapshot.is_risk_now and report.kind is not Kind.ADVICE
    risk = [RiskRaised(by=REPORTER, to=owned.capacity)] if is_raised else []
    told = [OfficerTold(by=CLOCK, to=assigned.capacity) for _, assigned in routed[1:]]
    assigned = OwnerAssigned(by=CLOCK, to=owned.capacity, reason=owner.because)
    return (opened, assigned, *risk, *told, *armed_events(snapshot.clocks))


def _signature(
    session: Session, report: Report, reporter: Membership, organisation_id: UUID
) -> Mapping[str, str] | None:
    """The name and post that a report in the open carries, as they were when it was sent.

    An organisation reads the name by which it knows them; an MDO that is not theirs, the one they go by.
    """
    if report.identity is not ReporterIdentity.OPEN:
        return None
    name = reporter.name
    if reporter.organisation_id != organisation_id:
        name = session.get_one(Person, reporter.person_id).name
    return {"name": name, "post": reporter.post, "title": reporter.title}


def _answers(report: Report, laid: Laid) -> str:
    """What is sealed: every answer as it was asked, who gave it, and what only people read."""
    return json.dumps(
        {
            "reporter": laid.signature,
            "narrative": report.narrative,
            "answers": [asdict(answer) for answer in report.answers],
            "subject": asdict(report.subject) if report.subject else None,
            "keep_away": report.keep_away,
            "is_somebody_unfound": laid.is_somebody_unfound,
            "works_together": report.works_together,
            "membership_number": report.membership_number,
            "other_party": report.other_party,
            "answer_by": report.answer_by.isoformat() if report.answer_by else None,
        },
        ensure_ascii=False,
    )


def _id(field: str, text: str) -> UUID:
    """An id that came from a form. Raises InvalidInput for anything else."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(field, "unknown") from error


def _day(now: datetime) -> date:
    return now.astimezone(LONDON).date()
