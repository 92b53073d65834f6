"""What became of a person's own reports: reached by being their reporter, in whichever room they went to.

Never by ``visible_to``: a reporter handles nothing. Who has a report is told by role, never by name, and
what only handlers write is not read here at all. Where a GMC number says whom a concern is about, or
names say whom to keep away, not even the role is told: it would say whether they belong to somebody here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.database import installation_of, reader
from app.domain.actors import Actor
from app.domain.errors import NotFound
from app.domain.events import REPORTER
from app.domain.names import MOST_KEPT_AWAY, names_in
from app.domain.particulars import Answers
from app.domain.vocabulary import (
    Kind,
    MessageKind,
    OrganisationType,
    Outcome,
    PartyRole,
    Role,
    Severity,
    StillLive,
    Unnamed,
)
from app.domain.workflow import CONTAIN, Action, Definition, Occurrence, Snapshot, State, Waiting, allowed
from app.encryption.keys import open_sealed
from app.keychain import case_context, case_key, person_token
from app.models.case import Case, CaseParty, Report
from app.models.message import ActionItem, Message
from app.models.organisation import Organisation
from app.models.person import Membership
from app.queries.clocks import ClockView, Defined, clocks_of
from app.queries.timeline import LONGEST, Entry, Stretch, entries_of, stretch_of

T = TypeVar("T")
RECENT = 20
ROLES = frozenset(Role)

FOR_REPORTERS = (
    MessageKind.ACKNOWLEDGEMENT,
    MessageKind.MESSAGE,
    MessageKind.QUESTION,
    MessageKind.ANSWER,
    MessageKind.ADDITION,
    MessageKind.OUTCOME,
    MessageKind.LEARNING,
)


class NoWithdrawal(StrEnum):
    """Why a report cannot be withdrawn."""

    RISK = "risk"
    STARTED = "started"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReport:
    """One report as its reporter may know it. ``severity`` is None until somebody has triaged it.

    ``clocks`` are the dates that were promised to the reporter; ``your_date`` is by when they are asked to
    answer, where it is their turn. ``entries`` is what happened, newest first, without their own looking;
    ``outcome_text`` and ``learning`` are empty while it is open.
    """

    case_id: UUID
    reference: str
    version: int
    kind: Kind
    organisation_name: str
    category: str
    definition: Definition
    state: State
    owner_role: Role | Unnamed
    escalated_to: Role | Unnamed | None
    is_from_outside: bool
    severity: Severity | None
    opened_at: datetime
    acknowledged_at: datetime | None
    triaged_at: datetime | None
    closed_at: datetime | None
    outcome: Outcome | None
    clocks: tuple[ClockView, ...]
    your_date: datetime | None
    can: frozenset[Action]
    no_withdrawal: NoWithdrawal | None
    entries: tuple[Entry, ...]
    outcome_text: str = field(repr=False)
    learning: str = field(repr=False)

    @property
    def is_confidential(self) -> bool:
        """Whether it lies in an MDO's room, of which the reporter's employer knows nothing."""
        return self.kind is Kind.ADVICE

    @property
    def seq(self) -> int:
        """The number of the last thing that happened."""
        return self.entries[0].seq if self.entries else 0

    @property
    def is_your_turn(self) -> bool:
        """Whether it is the reporter who has to act next."""
        return self.state.waits_for is Waiting.REPORTER

    @property
    def next_promise(self) -> ClockView | None:
        """The promise that falls or fell due first and is still to be kept."""
        running = [one for one in self.clocks if one.is_running and one.paused_at is None and one.is_promise]
        return min(running, key=lambda one: one.due_at, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMessage:
    """A text between the reporter and whoever has the case; the other side is known by role."""

    kind: MessageKind
    by: Role | Unnamed
    is_mine: bool
    sent_at: datetime
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAction:
    """Something that was agreed to be done, by when, and whether it was."""

    what: str = field(repr=False)
    due_on: date
    completed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAnswer:
    """One answer as it was sent, with the question as it was asked. ``code`` and ``value`` are what is stored."""

    code: str
    question: str = field(repr=False)
    value: str | list[str] = field(repr=False)
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFile:
    """Everything in one report that its reporter may read."""

    report: OwnReport
    messages: tuple[OwnMessage, ...]
    actions: tuple[OwnAction, ...]
    sent: tuple[SentAnswer, ...]
    contact: str | None = field(repr=False)

    @property
    def question(self) -> OwnMessage | None:
        """The question that waits for an answer."""
        asked = (one for one in reversed(self.messages) if one.kind is MessageKind.QUESTION)
        return next(asked, None) if self.report.is_your_turn else None

    @property
    def seen(self) -> tuple[Entry, ...]:
        """Who opened it and when, newest first."""
        return tuple(one for one in self.report.entries if one.is_view)


def own(actor: Actor, *, defined: Defined) -> tuple[OwnReport, ...]:
    """Every report of a person: what waits for them first, then what is open, then what is closed."""
    session = reader()
    rows = session.execute(
        select(Case, Organisation.name)
        .join(Organisation, Organisation.id == Case.organisation_id)
        .where(reported_by(session, actor))
        .order_by(Case.opened_at.desc(), Case.id)
    )
    found = [_report(session, case, name, defined, longest=RECENT) for case, name in rows]
    return tuple(sorted(found, key=lambda one: (one.closed_at is not None, not one.is_your_turn)))


def own_report(actor: Actor, reference: str, *, defined: Defined) -> OwnFile | None:
    """One report with all that its reporter may read; None for anybody else's and for none at all."""
    session = reader()
    row = session.execute(
        select(Case, Organisation.name)
        .join(Organisation, Organisation.id == Case.organisation_id)
        .where(Case.reference == reference, reported_by(session, actor))
    ).one_or_none()
    if row is None:
        return None
    case, name = row
    return OwnFile(
        report=_report(session, case, name, defined),
        messages=_messages(session, case, is_role_kept=_is_role_kept(session, case)),
        actions=_actions(session, case),
        sent=tuple(_answers(session, case).values()),
        contact=_opened(session, case, case.contact_sealed, "case", "contact", case.id),
    )


def happened(actor: Actor, case_id: UUID, *, before: int) -> Stretch:
    """A page of what happened to one's own report, without one's own looking. Raises NotFound for anybody else's."""
    session = reader()
    case = own_case(session, actor, case_id)
    if case is None:
        raise NotFound("no such report")
    found = stretch_of(session, case_id, organisation_id=case.organisation_id, before=before)
    told = _told(found.entries, _unsaid(session, case), is_role_kept=_is_role_kept(session, case))
    return replace(found, entries=told)


def own_case(session: Session, actor: Actor, case_id: UUID) -> Case | None:
    """The case, if this person reported it."""
    return session.scalars(select(Case).where(Case.id == case_id, reported_by(session, actor))).one_or_none()


def reported_by(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Cases in which the person is the reporter, in any organisation of theirs and in any MDO.

    None of an MDO where only a workplace's mailbox has shown who they are.
    """
    tokens = [_token(session, actor, place) for place in places_of(session, actor)]
    own = Case.id.in_(
        select(CaseParty.case_id).where(CaseParty.role == PartyRole.REPORTER, CaseParty.token.in_(tokens))
    )
    return and_(own, Case.kind != Kind.ADVICE) if actor.is_proved_at_work else own


def _token(session: Session, actor: Actor, organisation_id: UUID) -> bytes:
    if actor.person_id is None:
        raise ValueError("only a person has reports")
    return person_token(session, actor.person_id, organisation_id=organisation_id)


def places_of(session: Session, actor: Actor) -> Sequence[UUID]:
    """Where a person can have sent a report: wherever they work or worked, and every MDO."""
    own_places = select(Membership.organisation_id).where(Membership.person_id == actor.person_id)
    return session.scalars(
        select(Organisation.id).where(
            or_(Organisation.id.in_(own_places), Organisation.type == OrganisationType.MDO)
        )
    ).all()


def _report(
    session: Session, case: Case, organisation_name: str, defined: Defined, *, longest: int = LONGEST
) -> OwnReport:
    definition = defined(session, case.definition_hash)
    role_kept = _is_role_kept(session, case)
    clocks = clocks_of(session, case, definition)
    unsaid = _unsaid(session, case) if any(one.clock.code == CONTAIN for one in clocks) else frozenset()
    can = _can(case, definition)
    return OwnReport(
        case_id=case.id,
        reference=case.reference,
        version=case.version,
        kind=case.kind,
        organisation_name=organisation_name,
        category=case.category,
        definition=definition,
        state=definition.states[case.state],
        owner_role=Unnamed.IN_CHARGE if role_kept else case.owner_role,
        escalated_to=None if case.closed_at else _role_told(case.escalated_to, is_role_kept=role_kept),
        is_from_outside=_is_from_outside(session, case, is_role_kept=role_kept),
        severity=case.severity if case.triaged_at else None,
        opened_at=case.opened_at,
        acknowledged_at=case.acknowledged_at,
        triaged_at=case.triaged_at,
        closed_at=case.closed_at,
        outcome=case.outcome,
        clocks=tuple(one for one in clocks if _is_promised(one, unsaid)),
        your_date=next((one.due_at for one in clocks if one.is_for_reporter and one.is_running), None),
        can=can,
        no_withdrawal=_no_withdrawal(case, definition, can),
        entries=_entries(session, case, longest, unsaid, is_role_kept=role_kept),
        outcome_text=_last(session, case, MessageKind.OUTCOME),
        learning=_last(session, case, MessageKind.LEARNING),
    )


def _unsaid(session: Session, case: Case) -> frozenset[str]:
    """The clocks that run without being promised: taking down what is down, or is weighed up first."""
    answered = _answers(session, case).get("still_live")
    still_live = StillLive(answered.value) if answered and isinstance(answered.value, str) else None
    is_promised = installation_of(session).categories[case.category].is_takedown_promised(still_live)
    return frozenset() if is_promised else frozenset({CONTAIN})


def _is_promised(one: ClockView, unsaid: frozenset[str]) -> bool:
    return one.clock.is_shown_to_reporter and not one.is_for_reporter and one.clock.code not in unsaid


def _is_role_kept(session: Session, case: Case) -> bool:
    """Whether the role would tell if a number or a name belongs to somebody here; only a concern asks for them."""
    if case.kind is not Kind.CONCERN:
        return False
    written = _written(session, case)
    return bool(written.get("keep_away") or (written.get("subject") or {}).get("gmc_number"))


def _is_from_outside(session: Session, case: Case, *, is_role_kept: bool) -> bool:
    """By the role, or where that is kept, by how many names were written: that tells nothing of whose they are."""
    if not is_role_kept:
        return case.owner_role is Role.OUTSIDE_REVIEWER
    return len(names_in(_written(session, case).get("keep_away") or "")) > MOST_KEPT_AWAY


def _role_told(role: T, *, is_role_kept: bool) -> T | Unnamed:
    """What is said in a role's place where the role would tell something; any other value as it is."""
    return Unnamed.IN_CHARGE if is_role_kept and role in ROLES else role


def _entries(
    session: Session, case: Case, longest: int, unsaid: frozenset[str], *, is_role_kept: bool
) -> tuple[Entry, ...]:
    found = entries_of(session, case.id, organisation_id=case.organisation_id, longest=longest)
    return _told(found, unsaid, is_role_kept=is_role_kept)


def _told(found: Sequence[Entry], unsaid: frozenset[str], *, is_role_kept: bool) -> tuple[Entry, ...]:
    return tuple(_without_roles(one) if is_role_kept else one for one in found if _is_told(one, unsaid))


def _without_roles(entry: Entry) -> Entry:
    told = {name: _role_told(value, is_role_kept=True) for name, value in entry.detail.items()}
    return replace(entry, detail=told)


def _is_told(entry: Entry, unsaid: frozenset[str]) -> bool:
    """Neither their own looking nor what became of a date that they were not promised."""
    if entry.is_view:
        return bool(entry.detail["by"] != REPORTER)
    return entry.detail.get("clock") not in unsaid


def _last(session: Session, case: Case, kind: MessageKind) -> str:
    """What the reporter was told when it was closed last; nothing while it is open."""
    if case.closed_at is None:
        return ""
    row = session.scalars(
        select(Message)
        .where(Message.case_id == case.id, Message.kind == kind, Message.sent_at >= case.closed_at)
        .limit(1)
    ).one_or_none()
    return _opened(session, case, row.body_sealed, "message", "body", row.id) or "" if row else ""


def _can(case: Case, definition: Definition) -> frozenset[Action]:
    """What the workflow lets the reporter do now."""
    snapshot = Snapshot(
        case_id=case.id,
        organisation_id=case.organisation_id,
        kind=case.kind,
        version=case.version,
        state=case.state,
        severity=case.severity,
        category=case.category,
        duty=case.duty,
        patient_data=case.patient_data,
        identity=case.identity,
        owner_role=case.owner_role,
        owner_membership_id=case.owner_membership_id,
        is_risk_now=case.is_risk_now,
        opened_at=case.opened_at,
    )
    as_reporter = Occurrence(action=Action.MESSAGE, is_reporter=True)
    return frozenset(one.action for one in allowed(definition, snapshot, as_reporter))


def _no_withdrawal(case: Case, definition: Definition, can: frozenset[Action]) -> NoWithdrawal | None:
    withdrawal = definition.transitions.get(Action.WITHDRAW)
    if Action.WITHDRAW in can:
        return None
    if withdrawal is None:
        return NoWithdrawal.ADVICE
    return NoWithdrawal.RISK if case.state in withdrawal.from_states else NoWithdrawal.STARTED


def _messages(session: Session, case: Case, *, is_role_kept: bool) -> tuple[OwnMessage, ...]:
    """What was written to and by the reporter. Of the reasons, those that a handler gave them."""
    told_why = and_(Message.kind == MessageKind.REASON, Message.author_membership_id.is_not(None))
    rows = session.scalars(
        select(Message)
        .where(Message.case_id == case.id, or_(Message.kind.in_(FOR_REPORTERS), told_why))
        .order_by(Message.sent_at, Message.id)
    )
    return tuple(
        OwnMessage(
            kind=row.kind,
            by=_role_told(row.author_role, is_role_kept=is_role_kept),
            is_mine=row.author_membership_id is None,
            sent_at=row.sent_at,
            body=_opened(session, case, row.body_sealed, "message", "body", row.id) or "",
        )
        for row in rows
    )


def _actions(session: Session, case: Case) -> tuple[OwnAction, ...]:
    rows = session.scalars(
        select(ActionItem).where(ActionItem.case_id == case.id).order_by(ActionItem.due_on, ActionItem.id)
    )
    return tuple(
        OwnAction(
            what=_opened(session, case, row.what_sealed, "action_item", "what", row.id) or "",
            due_on=row.due_on,
            completed_at=row.completed_at,
        )
        for row in rows
    )


def own_answers(actor: Actor, case_id: UUID) -> Answers:
    """The answers of one's own report as they are stored, for what follows from them. Empty for anybody else's."""
    session = reader()
    case = own_case(session, actor, case_id)
    return {code: one.value for code, one in _answers(session, case).items()} if case else {}


def _answers(session: Session, case: Case) -> Mapping[str, SentAnswer]:
    """What was sent, by question, in its order."""
    return {
        one["question"]: SentAnswer(
            code=one["question"], question=one["wording"], value=one["value"], words=one["words"]
        )
        for one in _written(session, case).get("answers", ())
    }


def _written(session: Session, case: Case) -> Mapping[str, Any]:
    """The report as it was sent; nothing where it is gone."""
    report = session.get(Report, case.id)
    sealed = report.answers_sealed if report else None
    text = _opened(session, case, sealed, "report", "answers", case.id) or "{}"
    written: Mapping[str, Any] = json.loads(text)
    return written


def _opened(
    session: Session, case: Case, sealed: bytes | None, table: str, column: str, row: UUID
) -> str | None:
    """A sealed text of a case, if there is one."""
    if sealed is None:
        return None
    key = case_key(session, case.id, organisation_id=case.organisation_id)
    context = case_context(case.id, organisation_id=case.organisation_id, table=table, column=column, row=row)
    return open_sealed(key, sealed, context=context)
