"""The one door: loads a case as a snapshot and writes what a plan decided, whole or not at all.

Nothing else in the program writes the state of a case, its owner, its handlers or its clocks.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import BindParameter, Update, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from app.audit.record import CaseEntries, CaseRecord, record_cases, record_opening
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
from app.keychain import case_context, case_key, new_case_key
from app.models.case import Case, CaseExclusion, CaseHandler, CaseParty, Report
from app.models.deadline import Deadline, Pause
from app.models.message import ActionItem, Message
from app.models.person import Membership
from app.notifications.outbox import needs_you, news_for_reporter
from app.services.routing import explained

REFERENCE_TRIES = 5
Values = dict[str, Any]
T = TypeVar("T")
# Put together once: building a statement costs more than running it.
CASES: BindParameter[list[UUID]] = bindparam("cases", expanding=True)
OPEN_ITEMS = (
    select(ActionItem.case_id, func.count())
    .where(ActionItem.case_id.in_(CASES), ActionItem.completed_at.is_(None))
    .group_by(ActionItem.case_id)
)
CLOCKS = (
    select(
        Deadline.case_id,
        Deadline.id,
        Deadline.clock,
        Deadline.generation,
        Deadline.rung,
        Deadline.state,
        Deadline.limit,
        Deadline.owed_by,
        Deadline.started_at,
        Deadline.due_at,
        Deadline.fire_at,
        Deadline.ended_at,
    )
    .where(Deadline.case_id.in_(CASES))
    .order_by(Deadline.due_at, Deadline.clock, Deadline.rung)
)
PAUSES = select(Pause.case_id, Pause.id, Pause.clock, Pause.started_at, Pause.ended_at).where(
    Pause.case_id.in_(CASES)
)
DEADLINE, HANDLER, CASE = table_of(Deadline), table_of(CaseHandler), table_of(Case)
CLOCK_CHANGES = (
    update(DEADLINE)
    .where(DEADLINE.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in ("state", "started_at", "due_at", "fire_at", "ended_at")})
)
NEXT_DUE = (
    update(HANDLER)
    .where(HANDLER.c.case_id == bindparam("row_id"), HANDLER.c.until_at.is_(None))
    .values(next_due_at=bindparam("due_at"))
)
HANDLING = select(CaseHandler.membership_id, CaseHandler.capacity).where(
    CaseHandler.case_id == bindparam("case_id"), CaseHandler.until_at.is_(None)
)


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
    return snapshots_of(session, [case])[case.id]


def snapshots_of(session: Session, cases: Sequence[Case]) -> Mapping[UUID, Snapshot]:
    """The snapshots of loaded cases, by id, in three queries however many they are."""
    asked = {"cases": [case.id for case in cases]}
    items = dict(session.execute(OPEN_ITEMS, asked).all())
    clocks = _by_case(session.execute(CLOCKS, asked), _clock)
    pauses = _by_case(session.execute(PAUSES, asked), _pause)
    return {
        case.id: _snapshot(case, items.get(case.id, 0), clocks[case.id], pauses[case.id]) for case in cases
    }


def _by_case(rows: Iterable[Any], made: Callable[[Any], T]) -> Mapping[UUID, list[T]]:
    found: dict[UUID, list[T]] = defaultdict(list)
    for row in rows:
        found[row.case_id].append(made(row))
    return found


def _snapshot(
    case: Case, open_actions: int, clocks: Iterable[ClockRow], pauses: Iterable[PauseRow]
) -> Snapshot:
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
        open_actions=open_actions,
        opened_at=case.opened_at,
        triaged_at=case.triaged_at,
        closed_at=case.closed_at,
        clocks=tuple(clocks),
        pauses=tuple(pauses),
    )


def _clock(row: Any) -> ClockRow:
    return ClockRow(
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


def _pause(row: Any) -> PauseRow:
    return PauseRow(id=row.id, clock=row.clock, started_at=row.started_at, ended_at=row.ended_at)


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
    records = _records(opening.wish.events, before=None, after=case.state)
    record_opening(session, _entries(case, opening.definition, records), act=act)
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
    return case_context(case_id, organisation_id=case.organisation_id, table=table, column=column, row=row)


def write(session: Session, changes: Sequence[Changes], *, act: Act) -> None:
    """Carries out what was planned, each of another case. Raises StaleCase if one changed since it was loaded.

    Cases are written together, table by table: many at once cost little more than one.
    """
    _update_cases(session, changes)
    _write_clocks(session, changes, act)
    for one in changes:
        _write_people(session, one, act)
        _write_words(session, one, act)
    _copy_next_due(session, changes)
    record_cases(session, [_entries(one.after, one.definition, _records_of(one)) for one in changes], act=act)
    _queue_mail(session, changes, act)


def _update_cases(session: Session, changes: Iterable[Changes]) -> None:
    """The compare-and-set that lets one of two simultaneous acts through."""
    alike: dict[tuple[str, ...], list[Values]] = defaultdict(list)
    for one in changes:
        seen = {"row_id": one.before.case_id, "seen": one.before.version}
        alike[tuple(sorted(one.values))].append({**seen, **one.values})
    for names, rows in alike.items():
        updated = session.execute(_case_update(names), rows)
        if updated.rowcount != len(rows):  # type: ignore[attr-defined]  # an UPDATE has a cursor
            raise StaleCase("the case changed since it was loaded")


@lru_cache(maxsize=64)
def _case_update(names: tuple[str, ...]) -> Update:
    changed: Values = {name: bindparam(name) for name in names}
    return (
        update(CASE)
        .where(CASE.c.id == bindparam("row_id"), CASE.c.version == bindparam("seen"))
        .values(version=CASE.c.version + 1, **changed)
    )


def _write_clocks(session: Session, changes: Sequence[Changes], act: Act) -> None:
    known = {row.id: row for one in changes for row in one.before.clocks}
    _insert(
        session,
        [
            _new_deadline(one.after, row, one.calendar_version)
            for one in changes
            for row in one.after.clocks
            if row.id not in known
        ],
    )
    rows = [row for one in changes for row in one.after.clocks if row.id in known and row != known[row.id]]
    if rows:
        session.execute(CLOCK_CHANGES, [_clock_values(row) for row in rows])
    for one in changes:
        _write_pauses(session, one, act)


def _clock_values(row: ClockRow) -> Values:
    return {
        "row_id": row.id,
        "state": row.state,
        "started_at": row.started_at,
        "due_at": row.due_at,
        "fire_at": row.fire_at,
        "ended_at": row.ended_at,
    }


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
    if one.before.closed_at and not one.after.closed_at:
        _count(session, _handling(session, one.after.case_id), 1)
    _end_handlers(session, one.after, one.wish.leaving, act)
    _start_handlers(session, one.after, one.wish.joining, act)
    if one.after.closed_at and not one.before.closed_at:
        _count(session, _handling(session, one.after.case_id), -1)
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
    return dict(session.execute(HANDLING, {"case_id": case_id}).all())


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
    if not joining:
        return
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
    needs_you(session, [(case.case_id, one) for one in again], now=act.now)


def _join(session: Session, case: Snapshot, joining: Sequence[Assigned], act: Act) -> None:
    """Handlers who had nothing to do with the case before."""
    _insert(session, [_handler(case, one, act) for one in joining])
    needs_you(session, [(case.case_id, one.membership_id) for one in joining], now=act.now)


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
        next_due_at=min((row.due_at for row in case.clocks if row.is_due_next), default=None),
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


def _copy_next_due(session: Session, changes: Iterable[Changes]) -> None:
    """The date that handlers' lists are ordered by; for a handler who just joined, too."""
    rows = [{"row_id": one.after.case_id, "due_at": one.values["next_due_at"]} for one in changes]
    session.execute(NEXT_DUE, rows)


def _records(events: Sequence[Event], *, before: str | None, after: str) -> list[CaseRecord]:
    """Only the act itself leads from state to state; what follows from it happens in the new state."""
    return [
        CaseRecord(event=event, previous_state=after if number else before, new_state=after)
        for number, event in enumerate(events)
    ]


def _records_of(one: Changes) -> list[CaseRecord]:
    return _records(one.events, before=one.before.state, after=one.after.state)


def _entries(case: Snapshot, definition: Definition, records: Sequence[CaseRecord]) -> CaseEntries:
    return CaseEntries(
        case_id=case.case_id,
        organisation_id=case.organisation_id,
        definition=definition.hash,
        records=records,
    )


def _queue_mail(session: Session, changes: Iterable[Changes], act: Act) -> None:
    for one in changes:
        if one.wish.tells_reporter:
            news_for_reporter(session, case_id=one.after.case_id, now=act.now)
    needs_you(session, [told for one in changes for told in _told(one)], now=act.now)


def _told(one: Changes) -> list[tuple[UUID, UUID]]:
    """Whom a change tells that the case needs them, each once, the owner in front."""
    owner = [one.after.owner_membership_id] if one.wish.tells_owner else []
    return [(one.after.case_id, told) for told in dict.fromkeys([*owner, *sorted(one.wish.tells)])]


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
