"""What a handler does in a case: one function an act, each through the one door."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import installation_of, transaction
from app.domain.actors import Act
from app.domain.calendars import LONDON
from app.domain.errors import InvalidInput, NobodyEligible, NotAvailable, NotFound, StaleCase
from app.domain.events import (
    CLOCK,
    CODE,
    ActionCompleted,
    ActionsAgreed,
    AdviceGiven,
    CaseClosed,
    CaseEscalated,
    CaseReferred,
    CaseReopened,
    CategoryChanged,
    ConflictFound,
    ContainmentRecorded,
    DutyDecided,
    Event,
    GuardianTold,
    InformationRequested,
    InterimDecided,
    MessageSent,
    NoteAdded,
    NoticeRecorded,
    OfficerTold,
    OwnerChanged,
    PatientDataDecided,
    PatientDecided,
    RecusalMade,
    ReportAcknowledged,
    SafetyPlanned,
    SeverityLowered,
    SeveritySet,
    SubjectResolved,
    TriageDecided,
    WaitEnded,
)
from app.domain.permissions import OFFICERS
from app.domain.plan import Assigned, Clockwork, Done, Item, Text, Wish, plan
from app.domain.routing import Parties, Routed
from app.domain.vocabulary import Duty, MessageKind, Outcome, PatientData, Role, Severity
from app.domain.workflow import Action, Definition, Occurrence, Snapshot
from app.keychain import person_token, person_tokens
from app.models.case import Case
from app.models.message import ActionItem
from app.models.person import Membership
from app.queries.cases import Standing, standing_in, visible_case
from app.queries.people import current_on, numbers_of
from app.services.changes import load, write
from app.services.clockworks import clockwork_for
from app.services.definitions import definition_of
from app.services.routing import (
    UNRESOLVED,
    Ground,
    assign,
    conflicted_handlers,
    deputies_of,
    find_holder,
    find_person,
    known_matter,
    parties_of,
    route_told,
    who_may_take,
)

LONGEST_CODE = 20
REGULATOR = "regulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A case in the hands of one actor, inside the transaction of one act."""

    session: Session
    case: Case
    snapshot: Snapshot
    standing: Standing
    definition: Definition
    clockwork: Clockwork
    act: Act

    @property
    def today(self) -> date:
        """The local day of the act."""
        return self.act.now.astimezone(LONDON).date()

    @property
    def by(self) -> Role:
        """The capacity in which the actor acts."""
        return self.standing.capacity

    def text(self, kind: MessageKind, body: str) -> tuple[Text, ...]:
        """Words of the actor to be sealed into the case; none where nothing was written."""
        if not body:
            return ()
        return (
            Text(
                kind=kind,
                body=body,
                author_role=self.by,
                author_membership_id=self.act.actor.membership_id,
                is_for_officer=self.by in OFFICERS,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What a handler decided on reading a report."""

    severity: Severity
    reason: str = ""
    category: str | None = None
    repeat: str = ""
    measures: str
    duty: Duty | None = None
    duty_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How a case ends: what the reporter reads, what was learnt, and what is settled before."""

    outcome: Outcome
    text: str
    learning: str = ""
    are_actions_kept: bool = False
    is_patient_told: bool | None = None
    patient_note: str = ""


Build = Callable[[Scene], tuple[Occurrence, Wish]]


def _enter(case_id: UUID, version: int, act: Act, build: Build) -> None:
    """The private door: reload, check who may know of it and that nobody was faster, plan, write.

    Raises NotFound before StaleCase: somebody who lost access is told nothing of what changed.
    """
    with transaction() as session:
        lock(session, case_id)
        case = visible_case(session, act.actor, case_id)
        if case is None:
            raise NotFound("no such case")
        if case.version != version:
            raise StaleCase("the page is older than the case")
        enter_unseen(session, case, act, build, standing=standing_in(session, act.actor, case))


def lock(session: Session, case_id: UUID) -> None:
    """Whoever else wants to change this case waits until we are done. Cases are locked before people."""
    session.execute(select(Case.id).where(Case.id == case_id).with_for_update())


def enter_unseen(session: Session, case: Case, act: Act, build: Build, *, standing: Standing) -> None:
    """The rest of the door, for acts whose right to the case is proved elsewhere: reporters and the clock."""
    scene = scene_of(session, case, act, standing=standing)
    occurrence, wish = build(scene)
    changes = plan(
        scene.definition, scene.snapshot, occurrence, now=act.now, clockwork=scene.clockwork, wish=wish
    )
    write(session, [changes], act=act)


def scene_of(session: Session, case: Case, act: Act, *, standing: Standing) -> Scene:
    """A case as it stands now, in the hands of an actor."""
    return Scene(
        session=session,
        case=case,
        snapshot=load(session, case.id),
        standing=standing,
        definition=definition_of(session, case.definition_hash),
        clockwork=clockwork_for(session, case.organisation_id, on=act.now.astimezone(LONDON).date()),
        act=act,
    )


def acknowledge(case_id: UUID, version: int, *, text: str, act: Act) -> None:
    """Tells the reporter that a person has their report."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        wish = Wish(
            events=(ReportAcknowledged(by=scene.by),),
            texts=scene.text(MessageKind.ACKNOWLEDGEMENT, text),
            values={"acknowledged_at": act.now},
            tells_reporter=True,
        )
        return Occurrence(action=Action.ACKNOWLEDGE, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def triage(case_id: UUID, version: int, *, decision: Triage, act: Act) -> None:
    """Records how urgent it is, what it is about and what keeps people safe meanwhile.

    Lowering needs a reason, which the reporter can read; one given without lowering is kept as a note.
    """

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        _known_category(scene, decision.category)
        before = scene.snapshot
        is_lower = decision.severity.rank < before.severity.rank
        texts = scene.text(MessageKind.REASON if is_lower else MessageKind.NOTE, decision.reason)
        duty_texts = scene.text(MessageKind.NOTE, decision.duty_reason)
        values = {
            "interim_measures": _code("measures", decision.measures),
            "acknowledged_at": _acknowledged(scene.case, act.now),
        }
        if decision.duty is not None:
            values["duty"] = decision.duty
        wish = Wish(
            events=tuple(_triage_events(scene, decision)),
            texts=(*texts, *duty_texts),
            values=values,
            tells_reporter=True,
        )
        occurrence = Occurrence(
            action=Action.TRIAGE,
            capacity=scene.by,
            severity=decision.severity,
            category=decision.category,
            reason=decision.reason,
        )
        return occurrence, wish

    _enter(case_id, version, act, build)


def _known_category(scene: Scene, code: str | None) -> None:
    if code is not None and code not in installation_of(scene.session).categories.by_code:
        raise InvalidInput("category", "unknown")


def _code(field: str, value: str) -> str:
    """One of the short codes that a form offers; never prose."""
    if not CODE.fullmatch(value) or len(value) > LONGEST_CODE:
        raise InvalidInput(field, "unknown")
    return value


def _said(field: str, text: str) -> str:
    """Words that an act cannot be without. Raises InvalidInput where there are none."""
    if not text.strip():
        raise InvalidInput(field, "missing")
    return text


def _acknowledged(case: Case, now: datetime) -> datetime:
    """When the report was acknowledged: triage says so too, if nobody did before."""
    return case.acknowledged_at or now


def _triage_events(scene: Scene, decision: Triage) -> list[Event]:
    before = scene.snapshot
    events: list[Event] = [TriageDecided(by=scene.by, repeat=decision.repeat)]
    if decision.severity.rank < before.severity.rank:
        events.append(SeverityLowered(by=scene.by, from_severity=before.severity, severity=decision.severity))
    else:
        events.append(SeveritySet(by=scene.by, severity=decision.severity))
    if decision.category and decision.category != before.category:
        events.append(CategoryChanged(by=scene.by, from_category=before.category, category=decision.category))
    if decision.duty is not None:
        events.append(DutyDecided(by=scene.by, level=decision.duty))
    return [*events, InterimDecided(by=scene.by, measures=decision.measures)]


def request_information(case_id: UUID, version: int, *, question: str, why: str, act: Act) -> None:
    """Asks the reporter something; the review waits for the answer, ten working days at most."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        body = f"{_said('question', question)}\n\n{why}" if why else _said("question", question)
        wish = Wish(
            events=(InformationRequested(by=scene.by),),
            texts=scene.text(MessageKind.QUESTION, body),
            tells_reporter=True,
        )
        return Occurrence(action=Action.REQUEST_INFORMATION, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def go_on(case_id: UUID, version: int, *, act: Act) -> None:
    """Takes the review up again without the reporter's answer, before the wait for it is over."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        wish = Wish(events=(WaitEnded(by=scene.by),), tells_reporter=True)
        return Occurrence(action=Action.WAIT_OVER, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def message(case_id: UUID, version: int, *, text: str, act: Act) -> None:
    """Writes to the reporter."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        wish = Wish(
            events=(MessageSent(by=scene.by),),
            texts=scene.text(MessageKind.MESSAGE, _said("text", text)),
            tells_reporter=True,
        )
        return Occurrence(action=Action.MESSAGE, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def reply(case_id: UUID, version: int, *, text: str, act: Act) -> None:
    """The adviser answers the member."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        wish = Wish(
            events=(AdviceGiven(by=scene.by),),
            texts=scene.text(MessageKind.MESSAGE, _said("text", text)),
            tells_reporter=True,
        )
        return Occurrence(action=Action.REPLY, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def note(case_id: UUID, version: int, *, text: str, act: Act) -> None:
    """Writes a note that handlers read, and nobody else."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        wish = Wish(events=(NoteAdded(by=scene.by),), texts=scene.text(MessageKind.NOTE, _said("text", text)))
        return Occurrence(action=Action.NOTE, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def refer(
    case_id: UUID,
    version: int,
    *,
    to: Role | UUID,
    reason: str,
    text: str = "",
    act: Act,
) -> Role:
    """Passes the case to a role, where the service picks the person, or to one membership that holds it.

    Answers the role that has it now. Raises NotAvailable where the chosen person cannot take it, for
    whatever cause, and NobodyEligible where nobody can.
    """
    found: list[Role] = []

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        routed, new = _next_owner(scene, to)
        found.append(new.capacity)
        event = CaseReferred(by=scene.by, to=new.capacity, reason=reason)
        wish = Wish(
            events=(event,),
            texts=scene.text(MessageKind.NOTE, text),
            joining=(new,),
            leaving=(scene.snapshot.owner_membership_id,),
            routed=(routed,),
            values={"escalated_to": None},
            tells_reporter=True,
        )
        return Occurrence(action=Action.REFER, capacity=scene.by), wish

    _enter(case_id, version, act, build)
    return found[0]


def _next_owner(scene: Scene, to: Role | UUID) -> tuple[Routed, Assigned]:
    """Never officers, who know a part only, nor anybody who is no handler at all."""
    ground = _ground(scene, frozenset({scene.snapshot.owner_membership_id}))
    ground = replace(ground, only=ground.only - OFFICERS)
    if isinstance(to, UUID):
        return _given(scene, lambda: find_person(scene.session, to, ground))
    if to not in ground.only:
        raise NotAvailable("not available")
    return _given(scene, lambda: find_holder(scene.session, to, ground, row="referral"))


def _ground(
    scene: Scene, not_again: frozenset[UUID] = frozenset(), *, is_unresolved: bool | None = None
) -> Ground:
    """Where somebody is sought for a case that is open already."""
    if is_unresolved is None:
        is_unresolved = scene.snapshot.is_subject_unresolved
    return Ground(
        organisation_id=scene.case.organisation_id,
        on=scene.today,
        parties=parties_of(scene.session, scene.case.id),
        not_again=not_again,
        only=who_may_take(scene.snapshot.kind, is_unresolved=is_unresolved),
    )


def _given(scene: Scene, find: Callable[[], Routed]) -> tuple[Routed, Assigned]:
    """Whoever is found, with the case counted to them as its owner."""
    return assign(
        scene.session,
        lambda: [find()],
        organisation_id=scene.case.organisation_id,
        now=scene.act.now,
    )[0]


def _owner_in(scene: Scene, role: Role, ground: Ground) -> tuple[Routed, Assigned]:
    """Somebody in that role, or standing in for it, with the case counted to them."""
    return _given(scene, lambda: find_holder(scene.session, role, ground, row="referral"))


def escalate(case_id: UUID, version: int, *, reason: str, knows: str, act: Act) -> Role:
    """Asks the responsible officer, or whoever stands in for them, to take the case; the handler stays."""
    found: list[Role] = []

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        routed, new = senior(scene)
        found.append(new.capacity)
        wish = Wish(
            events=(CaseEscalated(by=scene.by, to=new.capacity, reason=knows),),
            texts=scene.text(MessageKind.NOTE, reason),
            joining=(new,),
            routed=(routed,),
            values={"escalated_to": new.capacity},
            tells_reporter=True,
        )
        return Occurrence(action=Action.ESCALATE, capacity=scene.by), wish

    _enter(case_id, version, act, build)
    return found[0]


def senior(scene: Scene, role: Role = Role.RESPONSIBLE_OFFICER) -> tuple[Routed, Assigned]:
    """Who a case is escalated to. While nobody knows whom it is about, that is the outside reviewer."""
    asked = Role.OUTSIDE_REVIEWER if scene.snapshot.is_subject_unresolved else role
    return _owner_in(scene, asked, _ground(scene, frozenset({scene.snapshot.owner_membership_id})))


def deputy(scene: Scene) -> tuple[Routed, Assigned]:
    """Who stands in for the owner: whoever deputises for them, else another in the same role, or the next one."""
    owner = scene.session.get_one(Membership, scene.snapshot.owner_membership_id)
    ground = _ground(scene, frozenset({owner.id}))
    named = deputies_of(scene.session, owner.person_id, on=scene.today)
    return _owner_in(scene, scene.snapshot.owner_role, replace(ground, named=named))


def recuse(case_id: UUID, version: int, *, kind: str, text: str, act: Act) -> None:
    """Steps back at once; if the case was theirs, somebody else is found in the same role or above."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        taking = _taking_over(scene)
        events: list[Event] = [RecusalMade(by=scene.by)]
        joining = tuple(assigned for _, assigned in taking)
        if scene.standing.is_owner:
            events.append(
                OwnerChanged(by=CLOCK, from_role=scene.by, to=joining[0].capacity, reason="recusal")
            )
        wish = Wish(
            events=tuple(events),
            texts=scene.text(MessageKind.NOTE, text),
            joining=joining,
            leaving=(_membership(scene),),
            exclusions=((_own_token(scene), f"recusal:{_code('kind', kind)}"),),
            routed=tuple(routed for routed, _ in taking),
            values=_still_escalated(scene, joining),
            tells_reporter=True,
        )
        return Occurrence(action=Action.RECUSE, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def _still_escalated(scene: Scene, joining: Iterable[Assigned]) -> Mapping[str, Role]:
    """An escalated case stays one when it gets another owner: with whoever that is."""
    owner = next((one for one in joining if one.is_owner), None)
    return {"escalated_to": owner.capacity} if owner and scene.case.escalated_to else {}


def _membership(scene: Scene) -> UUID:
    membership_id = scene.act.actor.membership_id
    if membership_id is None:
        raise NotFound("nobody acts without a membership")
    return membership_id


def _own_token(scene: Scene) -> bytes:
    person_id = scene.act.actor.person_id
    if person_id is None:
        raise NotFound("nobody recuses without being a person")
    return person_token(scene.session, person_id, organisation_id=scene.case.organisation_id)


def _all_memberships(scene: Scene) -> frozenset[UUID]:
    """Every membership of the one who steps back: they do not get the case again under another hat."""
    return frozenset(
        scene.session.scalars(select(Membership.id).where(Membership.person_id == scene.act.actor.person_id))
    )


def _taking_over(scene: Scene) -> tuple[tuple[Routed, Assigned], ...]:
    """Who goes on in place of the one who steps back: another owner, or another officer; nobody else is missed."""
    ground = _ground(scene, _all_memberships(scene))
    if scene.standing.is_owner:
        return (_owner_in(scene, scene.snapshot.owner_role, ground),)
    if scene.by not in OFFICERS:
        return ()
    routed, taken = _owner_in(scene, scene.by, ground)
    return ((routed, replace(taken, is_owner=False)),)


def with_guardian(scene: Scene, wish: Wish) -> Wish:
    """The same, and a guardian without a conflict is told, or whoever stands in; nothing more where nobody can be."""
    ground = replace(_ground(scene, is_unresolved=False), only=UNRESOLVED)
    try:
        routed, told = _given(
            scene, lambda: find_holder(scene.session, Role.GUARDIAN, ground, row="withdrawal")
        )
    except NobodyEligible:
        return wish
    return replace(
        wish,
        events=(*wish.events, GuardianTold(by="clock", to=told.capacity)),
        joining=(replace(told, is_owner=False),),
        routed=(routed,),
    )


def agree_actions(case_id: UUID, version: int, *, items: Sequence[Item], act: Act) -> None:
    """Records what will be done, by whom and by when."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        if not items:
            raise InvalidInput("items", "missing")
        if any(item.due_on <= scene.today for item in items):
            raise InvalidInput("due_on", "past")
        wish = Wish(
            events=(ActionsAgreed(by=scene.by, count=len(items)),), items=tuple(items), tells_reporter=True
        )
        return Occurrence(action=Action.AGREE_ACTIONS, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def complete_action(case_id: UUID, version: int, *, item_id: UUID, done: str, act: Act) -> None:
    """Marks one agreed action as done."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        _check_open(scene, item_id)
        wish = Wish(
            events=(ActionCompleted(by=scene.by),),
            done=(Done(item_id=item_id, note=done),),
            tells_reporter=True,
        )
        return Occurrence(action=Action.COMPLETE_ACTION, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def _check_open(scene: Scene, item_id: UUID) -> None:
    """Only an action of this case that nobody marked as done before."""
    still_open = select(ActionItem.id).where(
        ActionItem.id == item_id, ActionItem.case_id == scene.case.id, ActionItem.completed_at.is_(None)
    )
    if scene.session.scalar(still_open) is None:
        raise NotFound("no such action is open")


def record_containment(case_id: UUID, version: int, *, how: str, text: str, act: Act) -> None:
    """Records that it was noted and taken down, that the site was asked to, or that nothing was up."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        wish = Wish(
            events=(ContainmentRecorded(by=scene.by, how=how),), texts=scene.text(MessageKind.NOTE, text)
        )
        return Occurrence(action=Action.RECORD_CONTAINMENT, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def record_safety_plan(case_id: UUID, version: int, *, text: str, act: Act) -> None:
    """Records what was agreed with a reporter who works with the person, for handlers to read."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        wish = Wish(
            events=(SafetyPlanned(by=scene.by),),
            texts=scene.text(MessageKind.NOTE, _said("text", text)),
            tells_reporter=True,
        )
        return Occurrence(action=Action.RECORD_SAFETY_PLAN, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def decide_patient_data(
    case_id: UUID, version: int, *, patient_data: PatientData, is_risk_unlikely: bool, reason: str, act: Act
) -> None:
    """The data protection officer decides whether a patient could be recognised, and whether that is a risk."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        wish = Wish(
            events=(PatientDataDecided(by=scene.by, patient_data=patient_data),),
            texts=scene.text(MessageKind.NOTE, _said("reason", reason)),
            tells_reporter=True,
        )
        occurrence = Occurrence(
            action=Action.DECIDE_PATIENT_DATA,
            capacity=scene.by,
            patient_data=patient_data,
            is_risk_unlikely=is_risk_unlikely,
            reason=reason,
        )
        return occurrence, wish

    _enter(case_id, version, act, build)


def record_external_notice(case_id: UUID, version: int, *, body: str, text: str, act: Act) -> None:
    """Records that a named person told an outside body; the service itself tells nobody."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        if body != REGULATOR and scene.by in OFFICERS:
            raise InvalidInput("body", "unknown")
        wish = Wish(
            events=(NoticeRecorded(by=scene.by, body=body),),
            texts=scene.text(MessageKind.NOTE, _said("text", text)),
            tells_reporter=True,
        )
        occurrence = Occurrence(
            action=Action.RECORD_EXTERNAL_NOTICE, capacity=scene.by, is_regulator=body == REGULATOR
        )
        return occurrence, wish

    _enter(case_id, version, act, build)


def resolve_subject(case_id: UUID, version: int, *, person_id: UUID | None, reason: str, act: Act) -> None:
    """Records whom a concern is about, or that it is nobody here (None); then others may be given it."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        tokens = _subject_tokens(scene, person_id)
        parties = _parties_with(scene, frozenset(tokens))
        gone, taking = _without_the_conflicted(scene, parties)
        told = _told_at_last(scene, person_id, parties, gone | {new.membership_id for _, new in taking})
        joining = tuple(new for _, new in (*taking, *told))
        events: list[Event] = [SubjectResolved(by=scene.by, is_member=person_id is not None)]
        events += [ConflictFound(by=CLOCK)] if gone else []
        events += [
            OwnerChanged(by=CLOCK, from_role=scene.snapshot.owner_role, to=new.capacity, reason="conflict")
            for _, new in taking
        ]
        events += [OfficerTold(by="clock", to=new.capacity) for _, new in told]
        wish = Wish(
            events=tuple(events),
            texts=scene.text(MessageKind.NOTE, _said("reason", reason)),
            subject_tokens=tokens,
            joining=joining,
            leaving=tuple(gone),
            routed=tuple(routed for routed, _ in (*taking, *told)),
            values=_still_escalated(scene, joining),
        )
        return Occurrence(action=Action.RESOLVE_SUBJECT, capacity=scene.by), wish

    _enter(case_id, version, act, build)


def _parties_with(scene: Scene, about: frozenset[bytes]) -> Parties:
    """The parties as they are from now on."""
    known = parties_of(scene.session, scene.case.id)
    return Parties(known.everybody | about, known.subjects | about)


def _told_at_last(
    scene: Scene, person_id: UUID | None, parties: Parties, not_again: frozenset[UUID]
) -> tuple[tuple[Routed, Assigned], ...]:
    """Whom the table tells of such a concern: nobody heard while nobody knew whom it was about."""
    matter, agency_id = known_matter(scene.session, scene.case, person_id, on=scene.today)
    ground = replace(
        _ground(scene, not_again | {scene.snapshot.owner_membership_id}, is_unresolved=False),
        parties=parties,
        agency_id=agency_id,
    )

    def find() -> list[Routed]:
        told = route_told(scene.session, matter, ground)
        return list({one.chosen.membership_id: one for one in told}.values())

    taken = assign(scene.session, find, organisation_id=scene.case.organisation_id, now=scene.act.now)
    return tuple((routed, replace(new, is_owner=False)) for routed, new in taken)


def _without_the_conflicted(
    scene: Scene, parties: Parties
) -> tuple[frozenset[UUID], tuple[tuple[Routed, Assigned], ...]]:
    """Who must leave the case now that it is known whom it is about, and who takes it if its owner must."""
    gone = conflicted_handlers(
        scene.session,
        scene.case.id,
        parties,
        organisation_id=scene.case.organisation_id,
        on=scene.today,
    )
    if scene.snapshot.owner_membership_id not in gone:
        return gone, ()
    ground = replace(_ground(scene, gone, is_unresolved=False), parties=parties)
    return gone, (_owner_in(scene, scene.snapshot.owner_role, ground),)


def _subject_tokens(scene: Scene, person_id: UUID | None) -> tuple[bytes, ...]:
    """The chosen person's tokens. The one who decides cannot be the person, nor can somebody from elsewhere."""
    if person_id is None:
        return ()
    here = select(Membership.id).where(
        Membership.person_id == person_id,
        Membership.organisation_id == scene.case.organisation_id,
        current_on(scene.today),
    )
    if scene.session.scalars(here).first() is None or person_id == scene.act.actor.person_id:
        raise InvalidInput("person", "unknown")
    numbers = numbers_of(scene.session, [person_id])[person_id]
    tokens = person_tokens(scene.session, person_id, numbers, organisation_id=scene.case.organisation_id)
    return tuple(sorted(tokens))


def close(case_id: UUID, version: int, *, closing: Closing, act: Act) -> None:
    """Ends the case with an outcome and a text for the reporter.

    Raises InvalidInput where actions are open or it is not said whether a patient was told.
    """

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        events: list[Event] = [CaseClosed(by=scene.by, outcome=closing.outcome)]
        if closing.is_patient_told is not None:
            events.append(PatientDecided(by=scene.by, is_told=closing.is_patient_told))
        wish = Wish(
            events=tuple(events),
            texts=(
                *scene.text(MessageKind.OUTCOME, _said("text", closing.text)),
                *scene.text(MessageKind.LEARNING, closing.learning),
                *scene.text(MessageKind.NOTE, closing.patient_note),
            ),
            values={"outcome": closing.outcome},
            tells_reporter=True,
        )
        occurrence = Occurrence(
            action=Action.CLOSE,
            capacity=scene.by,
            outcome=closing.outcome,
            are_actions_kept=closing.are_actions_kept,
            is_patient_told=closing.is_patient_told,
        )
        return occurrence, wish

    _enter(case_id, version, act, build)


def reopen(case_id: UUID, version: int, *, reason: str, act: Act) -> None:
    """Opens a closed case again, with fresh dates for news and outcome; what was missed stays missed."""

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        wish = Wish(
            events=(CaseReopened(by=scene.by),),
            texts=scene.text(MessageKind.REASON, _said("reason", reason)),
            values={"outcome": None},
            tells_reporter=True,
            tells_owner=not scene.standing.is_owner,
        )
        return Occurrence(action=Action.REOPEN, capacity=scene.by), wish

    _enter(case_id, version, act, build)
