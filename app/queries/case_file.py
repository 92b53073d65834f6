"""Everything that a case page shows, opened for one viewer and as plain values.

Whoever works on the patient's information only (officers) gets that part: not the story, not the names, not
what handlers wrote to each other. What they may not read is not in the value, so that no template can show it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, and_, bindparam, select
from sqlalchemy.orm import Session

from app.database import reader
from app.domain.actors import Actor
from app.domain.errors import NotFound
from app.domain.events import REPORTER, CaseViewed
from app.domain.report import RiskNow
from app.domain.routing import Verdict
from app.domain.vocabulary import (
    Duty,
    Kind,
    MessageKind,
    Outcome,
    PatientData,
    Post,
    ReporterIdentity,
    Role,
    Severity,
)
from app.encryption.keys import Key, open_sealed
from app.keychain import case_context, case_key
from app.models.case import Case, CaseHandler, Report, RoutingDecision
from app.models.message import ActionItem, Message
from app.models.organisation import Organisation
from app.models.person import Membership
from app.queries.cases import Standing, visible_case
from app.queries.people import current_on, known_here
from app.queries.timeline import Entry, entries_of, readable

# The answers about the patient's information, by question: all that officers read of a report.
PATIENT_PART = frozenset(
    {
        "platform",
        "platform_name",
        "posted_on",
        "date_unknown",
        "visibility",
        "still_live",
        "removed_on",
        "removed_time",
        "patient",
        "harm",
        "patient_how",
        "holder",
        "holder_name",
        "realised_on",
        "realised_time",
        "how_many",
        "done",
    }
)
# Put together once: building a statement costs more than running it. Each asks for one case by its id.
THIS_CASE: BindParameter[UUID] = bindparam("case_id")
REPORT = select(Report.form_version, Report.language, Report.answers_sealed).where(
    Report.case_id == THIS_CASE
)
TEXTS = (
    select(
        Message.id,
        Message.kind,
        Message.author_role,
        Message.author_membership_id,
        Message.sent_at,
        Message.body_sealed,
        Membership.name,
    )
    .outerjoin(Membership, Membership.id == Message.author_membership_id)
    .where(Message.case_id == THIS_CASE)
    .order_by(Message.sent_at.desc(), Message.id)
)
# Whether anybody asked the reporter to withdraw is for the guardian alone, or for who stands in.
GUARDIANS = frozenset({Role.GUARDIAN, Role.BOARD_LEAD, Role.OUTSIDE_REVIEWER})
HANDLERS_TEXTS = TEXTS.where(
    ~and_(Message.kind == MessageKind.REASON, Message.author_membership_id.is_(None))
)
OFFICERS_TEXTS = HANDLERS_TEXTS.where(Message.is_for_officer.is_(True))
ITEMS = (
    select(
        ActionItem.id,
        ActionItem.what_sealed,
        ActionItem.who_sealed,
        ActionItem.done_sealed,
        ActionItem.due_on,
        ActionItem.completed_at,
    )
    .where(ActionItem.case_id == THIS_CASE)
    .order_by(ActionItem.due_on, ActionItem.id)
)
AT_WORK = (
    select(
        CaseHandler.membership_id,
        CaseHandler.capacity,
        CaseHandler.from_at,
        Membership.name,
        Membership.title,
    )
    .join(Membership, Membership.id == CaseHandler.membership_id)
    .where(CaseHandler.case_id == THIS_CASE, CaseHandler.until_at.is_(None))
    .order_by(CaseHandler.from_at, Membership.name)
)
NAMES = select(Membership.id, Membership.name).where(
    Membership.id.in_(bindparam("memberships", expanding=True))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRead:
    """One answer as it was asked and given. ``value`` holds codes, ``words`` what the person read."""

    question: str
    page: str
    version: int
    wording: str
    value: str | Sequence[str]
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRead:
    """Whom a concern is about, as the reporter said it. ``name`` is empty where nobody was named."""

    name: str = field(default="", repr=False)
    gmc_number: str = field(default="", repr=False)
    job: str = field(default="", repr=False)
    place: str = field(default="", repr=False)
    is_target: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRead:
    """What was sent, as far as this viewer reads it."""

    form_version: int
    language: str
    narrative: str = field(repr=False)
    answers: tuple[AnswerRead, ...] = field(repr=False)
    subject: SubjectRead | None = field(repr=False)
    reporter_name: str = field(repr=False)
    reporter_post: Post | None
    membership_number: str = field(repr=False)
    other_party: str = field(repr=False)
    answer_by: date | None
    is_somebody_unfound: bool = False

    def words(self, question: str) -> str:
        """What was answered to a question, in words; empty where it was not answered."""
        return next((one.words for one in self.answers if one.question == question), "")

    def value(self, question: str) -> str | Sequence[str]:
        """What was answered to a question, as it is stored; empty where it was not answered."""
        return next((one.value for one in self.answers if one.question == question), "")

    @property
    def posted_on(self) -> date | None:
        """The local day of the post, where it is known."""
        given = self.value("posted_on")
        return date.fromisoformat(given) if isinstance(given, str) and given else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRead:
    """One text of the case. ``name`` is the author's; empty for the reporter and for the service."""

    kind: MessageKind
    role: Role
    name: str = field(repr=False)
    is_reporter: bool
    is_mine: bool
    sent_at: datetime
    body: str = field(repr=False)

    @property
    def is_note(self) -> bool:
        """Whether only handlers read it."""
        return self.kind is MessageKind.NOTE


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRead:
    """Something agreed to be done."""

    id: UUID
    what: str = field(repr=False)
    who: str = field(repr=False)
    due_on: date
    completed_at: datetime | None
    done: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """Somebody who works on the case now."""

    membership_id: UUID
    name: str = field(repr=False)
    capacity: Role
    title: str
    is_owner: bool
    is_viewer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBy:
    """Somebody who opened the case: in which role, and when last (UTC)."""

    name: str = field(repr=False)
    role: str
    at: datetime
    is_viewer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """One case as one viewer may read it."""

    id: UUID
    reference: str
    version: int
    seq: int
    kind: Kind
    identity: ReporterIdentity
    organisation_id: UUID
    organisation_name: str
    definition_hash: str
    state: str
    category: str
    also: tuple[str, ...]
    severity: Severity
    severity_reasons: tuple[str, ...]
    duty: Duty
    patient_data: PatientData
    is_risk_now: bool
    is_subject_unresolved: bool
    is_patient_told: bool
    owner_role: Role
    escalated_to: Role | None
    interim_measures: str
    opened_at: datetime
    triaged_at: datetime | None
    closed_at: datetime | None
    outcome: Outcome | None
    standing: Standing
    report: ReportRead
    texts: tuple[TextRead, ...]
    items: tuple[ItemRead, ...]
    people: tuple[AtWork, ...]
    seen_by: tuple[SeenBy, ...]
    entries: tuple[Entry, ...]

    @property
    def is_risk_unsure(self) -> bool:
        """Whether the reporter could not say if somebody is at risk today."""
        return self.report.value("risk_now") == RiskNow.UNSURE

    @property
    def open_items(self) -> tuple[ItemRead, ...]:
        """What is agreed and not done yet."""
        return tuple(item for item in self.items if item.completed_at is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One person who was considered when the case was given to somebody, and what became of them."""

    name: str = field(repr=False)
    role: Role
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens the sealed texts of one case."""

    case: Case
    key: Key

    def text(self, sealed: bytes, *, table: str, column: str, row: UUID) -> str:
        case = self.case
        context = case_context(
            case.id, organisation_id=case.organisation_id, table=table, column=column, row=row
        )
        return open_sealed(self.key, sealed, context=context)


def file_of(case: Case, standing: Standing, actor: Actor) -> CaseFile:
    """The same for a caller who has just proved the viewer's right to the case, and in which capacity."""
    session = reader()
    organisation = session.get_one(Organisation, case.organisation_id)
    opener = _Opener(case, case_key(session, case.id, organisation_id=case.organisation_id))
    entries = tuple(entries_of(session, case.id, organisation_id=case.organisation_id))
    is_part_only = standing.sees_patient_part_only
    people = tuple(_at_work(session, case, actor))
    return CaseFile(
        **_facts(case),
        organisation_name=organisation.name,
        seq=entries[0].seq if entries else 0,
        standing=standing,
        report=_report(session, opener, is_part_only=is_part_only),
        texts=tuple(_texts(session, opener, actor, standing)),
        items=() if is_part_only else tuple(_items(session, opener)),
        people=people,
        seen_by=tuple(_seen_by(session, entries, people, actor)),
        entries=readable(entries, is_part_only=is_part_only),
    )


def _facts(case: Case) -> dict[str, Any]:
    """The columns that stand in clear."""
    same = (
        "id", "reference", "version", "kind", "identity", "organisation_id", "definition_hash", "state",
        "category", "severity", "duty", "patient_data", "is_risk_now", "is_subject_unresolved",
        "is_patient_told", "owner_role", "escalated_to", "interim_measures", "opened_at", "triaged_at",
        "closed_at", "outcome",
    )  # fmt: skip
    facts = {name: getattr(case, name) for name in same}
    return facts | {
        "also": tuple(case.also.split()),
        "severity_reasons": tuple(case.severity_reason.split()),
    }


def _report(session: Session, opener: _Opener, *, is_part_only: bool) -> ReportRead:
    row = session.execute(REPORT, {"case_id": opener.case.id}).one()
    sent = json.loads(opener.text(row.answers_sealed, table="report", column="answers", row=opener.case.id))
    answers = tuple(_answers(sent["answers"], is_part_only=is_part_only))
    told = {} if is_part_only else sent
    signature = told.get("reporter") or {}
    return ReportRead(
        form_version=row.form_version,
        language=row.language,
        narrative=told.get("narrative", ""),
        answers=answers,
        subject=_subject(session, told.get("subject"), opener.case.organisation_id),
        reporter_name=signature.get("name", ""),
        reporter_post=Post(signature["post"]) if signature else None,
        membership_number=told.get("membership_number", ""),
        other_party=told.get("other_party", ""),
        answer_by=date.fromisoformat(told["answer_by"]) if told.get("answer_by") else None,
        is_somebody_unfound=told.get("is_somebody_unfound", False),
    )


def _answers(sent: Sequence[Mapping[str, Any]], *, is_part_only: bool) -> Iterator[AnswerRead]:
    names = AnswerRead.__dataclass_fields__.keys()
    for one in sent:
        if not is_part_only or one["question"] in PATIENT_PART:
            yield AnswerRead(**{name: one[name] for name in names})


def _subject(session: Session, sent: Mapping[str, Any] | None, organisation_id: UUID) -> SubjectRead | None:
    if not sent:
        return None
    name = sent["name"]
    if sent["person_id"]:
        name = session.scalar(select(known_here(UUID(sent["person_id"]), organisation_id))) or name
    return SubjectRead(
        name=name,
        gmc_number=sent["gmc_number"] or "",
        job=sent["job"],
        place=sent["place"],
        is_target=sent["is_target"],
    )


def _texts(session: Session, opener: _Opener, actor: Actor, standing: Standing) -> Iterator[TextRead]:
    """Messages and notes, newest first. Officers read what an officer wrote."""
    others = OFFICERS_TEXTS if standing.sees_patient_part_only else HANDLERS_TEXTS
    statement = TEXTS if standing.capacity in GUARDIANS else others
    for row in session.execute(statement, {"case_id": opener.case.id}):
        yield TextRead(
            kind=row.kind,
            role=row.author_role,
            name=row.name or "",
            is_reporter=row.author_membership_id is None,
            is_mine=row.author_membership_id is not None and row.author_membership_id == actor.membership_id,
            sent_at=row.sent_at,
            body=opener.text(row.body_sealed, table="message", column="body", row=row.id),
        )


def _items(session: Session, opener: _Opener) -> Iterator[ItemRead]:
    rows = session.execute(ITEMS, {"case_id": opener.case.id})
    for row in rows:
        opened = {
            name: opener.text(sealed, table="action_item", column=name, row=row.id) if sealed else ""
            for name, sealed in (
                ("what", row.what_sealed),
                ("who", row.who_sealed),
                ("done", row.done_sealed),
            )
        }
        yield ItemRead(id=row.id, due_on=row.due_on, completed_at=row.completed_at, **opened)


def _at_work(session: Session, case: Case, actor: Actor) -> Iterator[AtWork]:
    rows = session.execute(AT_WORK, {"case_id": case.id}).all()
    for row in sorted(rows, key=lambda row: row.membership_id != case.owner_membership_id):
        if row.membership_id != actor.membership_id and _is_told_in_private(row, case):
            continue
        yield AtWork(
            membership_id=row.membership_id,
            name=row.name,
            capacity=row.capacity,
            title=row.title,
            is_owner=row.membership_id == case.owner_membership_id,
            is_viewer=row.membership_id == actor.membership_id,
        )


def _is_told_in_private(row: Any, case: Case) -> bool:
    """Whether somebody joined as the case was withdrawn: told that the reporter had been asked to do it.

    Whoever asked may work on the case, and must not learn that it was told.
    """
    return row.capacity in GUARDIANS and case.closed_at is not None and row.from_at >= case.closed_at


def _seen_by(
    session: Session, entries: Sequence[Entry], people: Sequence[AtWork], actor: Actor
) -> Iterator[SeenBy]:
    """Everybody but the reporter who opened the case, each once, the latest first."""
    last: dict[UUID, Entry] = {}
    for entry in entries:
        if entry.tag == CaseViewed.tag and entry.detail["by"] != REPORTER:
            last.setdefault(UUID(str(entry.detail["viewer"])), entry)
    known = {one.membership_id: one.name for one in people}
    names = known | _names(session, [one for one in last if one not in known])
    for membership_id, entry in last.items():
        yield SeenBy(
            name=names.get(membership_id, ""),
            role=str(entry.detail["by"]),
            at=entry.at,
            is_viewer=membership_id == actor.membership_id,
        )


def _names(session: Session, memberships: Sequence[UUID]) -> dict[UUID, str]:
    if not memberships:
        return {}
    rows = session.execute(NAMES, {"memberships": memberships})
    return {row.id: row.name for row in rows}


def why_this_owner(actor: Actor, case_id: UUID) -> Sequence[Passed]:
    """Everybody who was considered when the case came in, for its owner alone: it can reveal whom it is about.

    Raises NotFound for everybody else.
    """
    session = reader()
    case = visible_case(session, actor, case_id)
    if case is None or case.owner_membership_id != actor.membership_id:
        raise NotFound("no such page")
    row = session.execute(
        select(RoutingDecision.id, RoutingDecision.explanation_sealed)
        .where(RoutingDecision.case_id == case_id)
        .order_by(RoutingDecision.decided_at)
    ).first()
    if row is None:
        return []
    opener = _Opener(case, case_key(session, case.id, organisation_id=case.organisation_id))
    text = opener.text(row.explanation_sealed, table="routing_decision", column="explanation", row=row.id)
    considered = json.loads(text)["considered"]
    names = _names(session, [UUID(one["membership"]) for one in considered])
    return [
        Passed(
            name=names.get(UUID(one["membership"]), ""),
            role=Role(one["role"]),
            verdict=Verdict(one["verdict"]),
        )
        for one in considered
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who holds a role: no workload, no conflict, no absence shows."""

    membership_id: UUID
    role: Role
    name: str = field(repr=False)
    title: str


def holders_of(organisation_id: UUID, roles: Sequence[Role], *, on: date) -> Sequence[Holder]:
    """Everybody who holds one of these roles in an organisation on a local day, by role and name."""
    rows = reader().execute(
        select(Membership.id, Membership.role, Membership.name, Membership.title)
        .where(
            Membership.organisation_id == organisation_id,
            Membership.role.in_(roles),
            current_on(on),
        )
        .order_by(Membership.role, Membership.name, Membership.id)
    )
    return [Holder(membership_id=row.id, role=row.role, name=row.name, title=row.title) for row in rows]
