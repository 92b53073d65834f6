"""The one door: loads a case as a snapshot and writes what a plan decided, whole or not at all.

Nothing else in the program writes the state of a case, its owner, its handlers or its clocks.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from app.audit.record import CaseRecord, record_case, record_opening
from app.database import Base, insert_new, table_of
from app.domain.actors import Act
from app.domain.deadlines import Limit
from app.domain.errors import StaleCase
from app.domain.events import Event
from app.domain.permissions import OFFICERS
from app.domain.plan import Assigned, Changes, Text, Wish, case_values
from app.domain.references import new_reference
from app.domain.routing import Routed
from app.domain.vocabulary import Lane, PartyRole, Role
from app.domain.workflow import ClockRow, Definition, PauseRow, Snapshot
from app.encryption.keys import Context, Key, seal
from app.keychain import case_key, new_case_key
from app.models.case import Case, CaseExclusion, CaseHandler, CaseParty, Report
from app.models.deadline import Deadline, Pause
from app.models.message import ActionItem, Message
from app.models.person import Membership
from app.notifications.outbox import needs_you, news_for_reporter
from app.services.routing import explained

REFERENCE_TRIES = 5
Values = dict[str, Any]
# Put together once: building a statement costs more than running it.
OPEN_ITEMS = select(func.count()).where(
    ActionItem.case_id == bindparam("case_id"), ActionItem.completed_at.is_(None)
)
CLOCKS = (
    select(Deadline)
    .where(Deadline.case_id == bindparam("case_id"))
    .order_by(Deadline.due_at, Deadline.clock, Deadline.rung)
    .execution_options(populate_existing=True)
)
PAUSES = select(Pause).where(Pause.case_id == bindparam("case_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Everything that a report becomes when it is sent."""

    definition: Definition
    snapshot: Snapshot
    lane: Lane
    form: str
    form_version: int
    language: str
    answers: str = field(repr=False)
    submission_token: bytes | None
    parties: tuple[tuple[PartyRole, bytes], ...]
    routed: tuple[tuple[Routed, Assigned], ...]
    values: dict[str, Any]
    wish: Wish


def load(session: Session, case_id: UUID) -> Snapshot:
    """The case as a snapshot. Raises NoResultFound for a case that does not exist."""
    case = session.get_one(Case, case_id, populate_existing=True)
    return snapshot_of(session, case)


def snapshot_of(session: Session, case: Case) -> Snapshot:
    """The snapshot of a loaded case."""
    return Snapshot(
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
        is_subject_unresolved=case.is_subject_unresolved,
        is_patient_told=case.is_patient_told,
        open_actions=session.scalar(OPEN_ITEMS, {"case_id": case.id}) or 0,
        opened_at=case.opened_at,
        triaged_at=case.triaged_at,
        closed_at=case.closed_at,
        clocks=_clocks(session, case.id),
        pauses=_pauses(session, case.id),
    )


def _clocks(session: Session, case_id: UUID) -> tuple[ClockRow, ...]:
    rows = session.scalars(CLOCKS, {"case_id": case_id})
    return tuple(
        ClockRow(
            id=row.id,
            clock=row.clock,
            generation=row.generation,
            rung=row.rung,
            state=row.state,
            limit=Limit.parse(row.limit),
            owed_by=row.owed_by,
            started_at=row.started_at,
            due_at=row.due_at,
            fire_at=row.fire_at,
            ended_at=row.ended_at,
        )
        for row in rows
    )


def _pauses(session: Session, case_id: UUID) -> tuple[PauseRow, ...]:
    rows = session.scalars(PAUSES, {"case_id": case_id})
    return tuple(
        PauseRow(id=row.id, clock=row.clock, started_at=row.started_at, ended_at=row.ended_at) for row in rows
    )


def open_case(session: Session, opening: Opening, *, act: Act, calendar_version: int) -> str:
    """Writes a new case with everything that belongs to it, and answers its reference."""
    reference = _insert_case(session, opening)
    case = opening.snapshot
    key, key_row = new_case_key(session, case.case_id, organisation_id=case.organisation_id)
    _insert(session, [key_row])
    _insert(session, _report_and_parties(opening, key))
    _insert(session, [_new_deadline(case, row, calendar_version) for row in case.clocks])
    _join(session, case, [assigned for _, assigned in opening.routed], act)
    _insert(
        session,
        [
            explained(session, case.case_id, routed, organisation_id=case.organisation_id, now=act.now)
            for routed, _ in opening.routed
        ],
    )
    _insert(session, _exclusions(case, opening.wish))
    record_opening(
        session,
        _records(opening.wish.events, before=None, after=case.state),
        case_id=case.case_id,
        organisation_id=case.organisation_id,
        definition=opening.definition.hash,
        act=act,
    )
    return reference


def _insert_case(session: Session, opening: Opening) -> str:
    """References are random; one that is taken is drawn again."""
    case = opening.snapshot
    values = {
        "id": case.case_id,
        "organisation_id": case.organisation_id,
        "kind": case.kind,
        "identity": case.identity,
        "duty": case.duty,
        "is_risk_now": case.is_risk_now,
        "opened_at": case.opened_at,
        "submission_token": opening.submission_token,
        **case_values(opening.definition, case),
        **opening.values,
    }
    for _ in range(REFERENCE_TRIES):
        reference = new_reference()
        if insert_new(session, Case, same=("reference",), reference=reference, **values):
            return reference
    raise RuntimeError("no free reference was drawn")


def _report_and_parties(opening: Opening, key: Key) -> list[Base]:
    case = opening.snapshot
    context = sealed_at(case, table="report", column="answers", row=case.case_id)
    report = Report(
        case_id=case.case_id,
        lane=opening.lane,
        form=opening.form,
        form_version=opening.form_version,
        language=opening.language,
        answers_sealed=seal(key, opening.answers, context=context),
    )
    parties = [_party(case, role, token) for role, token in opening.parties]
    return [report, *parties]


def _party(case: Snapshot, role: PartyRole, token: bytes) -> CaseParty:
    return CaseParty(
        id=uuid4(), case_id=case.case_id, organisation_id=case.organisation_id, role=role, token=token
    )


def sealed_at(case: Snapshot | Case, *, table: str, column: str, row: UUID) -> Context:
    """Where a sealed text of a case belongs."""
    case_id = case.case_id if isinstance(case, Snapshot) else case.id
    return Context(owner=case.organisation_id.hex, case=case_id.hex, table=table, column=column, row=row.hex)


def write(session: Session, changes: Sequence[Changes], *, act: Act, calendar_version: int) -> None:
    """Carries out what was planned, for each case. Raises StaleCase if one changed since it was loaded."""
    for one in changes:
        _update_case(session, one)
        _write_clocks(session, one, act=act, calendar_version=calendar_version)
        _write_people(session, one, act)
        _write_words(session, one, act)
        _copy_next_due(session, one)
        records = _records(one.events, before=one.before.state, after=one.after.state)
        _record(session, records, case=one.after, definition=one.definition, act=act)
        _queue_mail(session, one, act)


def _update_case(session: Session, one: Changes) -> None:
    """The compare-and-set that lets one of two simultaneous acts through."""
    updated = session.execute(
        update(Case)
        .where(Case.id == one.before.case_id, Case.version == one.before.version)
        .values(version=Case.version + 1, **one.values)
    )
    if not updated.rowcount:  # type: ignore[attr-defined]  # an UPDATE has a cursor
        raise StaleCase("the case changed since it was loaded")


def _write_clocks(session: Session, one: Changes, *, act: Act, calendar_version: int) -> None:
    known = {row.id: row for row in one.before.clocks}
    _insert(
        session,
        [_new_deadline(one.after, row, calendar_version) for row in one.after.clocks if row.id not in known],
    )
    for row in one.after.clocks:
        if row.id in known and row != known[row.id]:
            values = {
                "state": row.state,
                "started_at": row.started_at,
                "due_at": row.due_at,
                "fire_at": row.fire_at,
                "ended_at": row.ended_at,
            }
            session.execute(update(Deadline).where(Deadline.id == row.id).values(**values))
    _write_pauses(session, one, act)


def _new_deadline(case: Snapshot, row: ClockRow, calendar_version: int) -> Deadline:
    return Deadline(
        id=row.id,
        case_id=case.case_id,
        clock=row.clock,
        generation=row.generation,
        rung=row.rung,
        owed_by=row.owed_by,
        organisation_id=case.organisation_id,
        limit=str(row.limit),
        calendar_version=calendar_version,
        started_at=row.started_at,
        due_at=row.due_at,
        fire_at=row.fire_at,
        state=row.state,
        ended_at=row.ended_at,
    )


def _write_pauses(session: Session, one: Changes, act: Act) -> None:
    known = {pause.id: pause for pause in one.before.pauses}
    for pause in one.after.pauses:
        if pause.id not in known:
            _insert(session, [_new_pause(one, pause, act)])
        elif pause != known[pause.id]:
            session.execute(update(Pause).where(Pause.id == pause.id).values(ended_at=pause.ended_at))


def _new_pause(one: Changes, pause: PauseRow, act: Act) -> Pause:
    return Pause(
        id=pause.id,
        case_id=one.after.case_id,
        clock=pause.clock,
        reason="waiting_for_reporter",
        restarts_with="answer",
        paused_by=act.actor.role or one.after.owner_role,
        started_at=pause.started_at,
        ended_at=pause.ended_at,
    )


def _write_people(session: Session, one: Changes, act: Act) -> None:
    if one.after.closed_at and not one.before.closed_at:
        _count(session, _handling(session, one.after.case_id), -1)
    elif one.before.closed_at and not one.after.closed_at:
        _count(session, _handling(session, one.after.case_id), 1)
    _end_handlers(session, one.after, one.wish.leaving, act)
    _start_handlers(session, one.after, one.wish.joining, act)
    _insert(session, _exclusions(one.after, one.wish))
    _insert(session, [_party(one.after, PartyRole.SUBJECT, token) for token in one.wish.subject_tokens])
    _insert(
        session,
        [
            explained(
                session, one.after.case_id, routed, organisation_id=one.after.organisation_id, now=act.now
            )
            for routed in one.wish.routed
        ],
    )


def _handling(session: Session, case_id: UUID) -> dict[UUID, Role]:
    """Who works on the case now, and in which capacity."""
    rows = session.execute(
        select(CaseHandler.membership_id, CaseHandler.capacity).where(
            CaseHandler.case_id == case_id, CaseHandler.until_at.is_(None)
        )
    )
    return dict(rows.all())


def _count(session: Session, memberships: Iterable[UUID], counted: int) -> None:
    """Keeps the number of open cases that routing balances by; in one order, so that none waits for another."""
    for membership_id in sorted(memberships):
        session.execute(
            update(Membership)
            .where(Membership.id == membership_id)
            .values(open_cases=Membership.open_cases + counted, load_version=Membership.load_version + 1)
        )


def _end_handlers(session: Session, case: Snapshot, leaving: Collection[UUID], act: Act) -> None:
    """Only who had a row of their own had the case counted to them."""
    _count(session, _end_rows(session, case, leaving, act), -1)


def _end_rows(session: Session, case: Snapshot, memberships: Collection[UUID], act: Act) -> Sequence[UUID]:
    if not memberships:
        return ()
    return session.scalars(
        update(CaseHandler)
        .where(
            CaseHandler.case_id == case.case_id,
            CaseHandler.membership_id.in_(memberships),
            CaseHandler.until_at.is_(None),
        )
        .values(until_at=act.now)
        .returning(CaseHandler.membership_id)
    ).all()


def _start_handlers(session: Session, case: Snapshot, joining: Sequence[Assigned], act: Act) -> None:
    """Nobody works on a case twice: who has it already is not counted again, and keeps their part in it.

    But for an officer who now takes the whole case: they go on as handler.
    """
    here = _handling(session, case.case_id)
    _count(session, [one.membership_id for one in joining if one.membership_id in here], -1)
    new = [one for one in joining if one.membership_id not in here]
    raised = [
        one for one in joining if one.capacity not in OFFICERS and here.get(one.membership_id) in OFFICERS
    ]
    _end_rows(session, case, [one.membership_id for one in raised], act)
    _insert(session, [_handler(case, one, act) for one in raised])
    _join(session, case, new, act)
    again = [one.membership_id for one in joining if one.is_owner and one not in new]
    needs_you(session, again, case_id=case.case_id, now=act.now)


def _join(session: Session, case: Snapshot, joining: Sequence[Assigned], act: Act) -> None:
    """Handlers who had nothing to do with the case before."""
    _insert(session, [_handler(case, one, act) for one in joining])
    needs_you(session, [one.membership_id for one in joining], case_id=case.case_id, now=act.now)


def _handler(case: Snapshot, one: Assigned, act: Act) -> CaseHandler:
    return CaseHandler(
        id=uuid4(),
        case_id=case.case_id,
        person_id=one.person_id,
        membership_id=one.membership_id,
        capacity=one.capacity,
        from_at=act.now,
        until_at=None,
        outside_organisation_id=case.organisation_id if one.is_outside else None,
        next_due_at=min((row.due_at for row in case.clocks if row.is_running), default=None),
    )


def _exclusions(case: Snapshot, wish: Wish) -> list[Base]:
    return [
        CaseExclusion(id=uuid4(), case_id=case.case_id, token=token, cause=cause)
        for token, cause in wish.exclusions
    ]


def _write_words(session: Session, one: Changes, act: Act) -> None:
    if not (one.wish.texts or one.wish.items or one.wish.done):
        return
    key = case_key(session, one.after.case_id, organisation_id=one.after.organisation_id)
    _insert(session, [_message(one.after, text, key, act) for text in one.wish.texts])
    for item in one.wish.items:
        item_id = uuid4()
        row = {"id": item_id, "case_id": one.after.case_id, "due_on": item.due_on, "agreed_at": act.now}
        what, who = (
            sealed_at(one.after, table="action_item", column=name, row=item_id) for name in ("what", "who")
        )
        row |= {
            "what_sealed": seal(key, item.what, context=what),
            "who_sealed": seal(key, item.who, context=who),
        }
        session.execute(insert(ActionItem).values(**row))
    for done in one.wish.done:
        context = sealed_at(one.after, table="action_item", column="done", row=done.item_id)
        session.execute(
            update(ActionItem)
            .where(ActionItem.id == done.item_id, ActionItem.case_id == one.after.case_id)
            .values(completed_at=act.now, done_sealed=seal(key, done.note, context=context))
        )


def _message(case: Snapshot, text: Text, key: Key, act: Act) -> Message:
    message_id = uuid4()
    context = sealed_at(case, table="message", column="body", row=message_id)
    return Message(
        id=message_id,
        case_id=case.case_id,
        kind=text.kind,
        author_role=text.author_role,
        author_membership_id=text.author_membership_id,
        is_for_officer=text.is_for_officer,
        sent_at=act.now,
        body_sealed=seal(key, text.body, context=context),
    )


def _copy_next_due(session: Session, one: Changes) -> None:
    """The date that handlers' lists are ordered by; for a handler who just joined, too."""
    session.execute(
        update(CaseHandler)
        .where(CaseHandler.case_id == one.after.case_id, CaseHandler.until_at.is_(None))
        .values(next_due_at=one.values["next_due_at"])
    )


def _records(events: Sequence[Event], *, before: str | None, after: str) -> list[CaseRecord]:
    """Only the act itself leads from state to state; what follows from it happens in the new state."""
    return [
        CaseRecord(event=event, previous_state=after if number else before, new_state=after)
        for number, event in enumerate(events)
    ]


def _record(
    session: Session, records: Sequence[CaseRecord], *, case: Snapshot, definition: Definition, act: Act
) -> None:
    record_case(
        session,
        records,
        case_id=case.case_id,
        organisation_id=case.organisation_id,
        definition=definition.hash,
        act=act,
    )


def _queue_mail(session: Session, one: Changes, act: Act) -> None:
    if one.wish.tells_reporter:
        news_for_reporter(session, case_id=one.after.case_id, now=act.now)
    if one.wish.tells_owner:
        owner = [one.after.owner_membership_id]
        needs_you(session, owner, case_id=one.after.case_id, now=act.now)


def _insert(session: Session, rows: Sequence[Base]) -> None:
    """Many rows of each kind in one statement."""
    by_kind: dict[type[Base], list[Values]] = {}
    for row in rows:
        by_kind.setdefault(type(row), []).append(_values(row))
    for kind, values in by_kind.items():
        session.execute(insert(table_of(kind)), values)


def _values(row: Base) -> Values:
    names = type(row).__table__.columns.keys()
    return {name: getattr(row, name) for name in names if name in row.__dict__}
