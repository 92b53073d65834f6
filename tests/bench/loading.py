"""A large installation written raw, for services would take days: twenty organisations, 5,000 people, N cases.

One organisation holds half of the cases and half of the people. Every second case is open and has two armed
deadlines, so that a million cases have a million of them; none is due at ``NOW``. Keys, seals, parties and
handlers are real: pages open these cases like any other.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.audit.canonical import Value, canonical
from app.audit.record import LEAF_VERSION, leaf_time
from app.database import Base
from app.domain import references
from app.domain.events import Event, OwnerAssigned, ReportSubmitted
from app.domain.form import Form, Question
from app.domain.report import Answered
from app.domain.routing import Verdict
from app.domain.vocabulary import (
    Duty,
    Kind,
    Lane,
    Nation,
    OrganisationType,
    Outcome,
    PartyRole,
    PatientData,
    Post,
    RelationKind,
    ReporterIdentity,
    Role,
    Severity,
)
from app.domain.workflow import ClockState
from app.encryption.keyring import Keyring
from app.encryption.keys import Context, Key, seal
from app.installation import Installation
from app.keychain import detail_context, organisation_log
from app.models.case import Case, CaseHandler, CaseParty, Report, RoutingDecision
from app.models.deadline import Deadline
from app.models.key import CaseKey, KeyCheck, PersonalKey
from app.models.ledger import AuditAlias, AuditDetail, AuditEntry, AuditSequence
from app.models.organisation import Organisation
from app.models.person import Membership, Person, Relation
from app.services.casting import CAST, FAMILY, GIVEN, LONG_AGO, MDO_CAST
from app.services.passwords import passwords_of

Write = Callable[[type[Base], list[tuple[Any, ...]]], None]

NOW = datetime(2026, 4, 7, 8, 0, tzinfo=UTC)
ORGANISATIONS = 20
PEOPLE = 5_000
CHUNK = 5_000
PASSWORD = "measured twice, cut once"
# So that the ordinary handler's page is full in a small installation, too.
HANDLERS_OWN = 90
TAKE_CASES = frozenset({Role.CLINICAL_LEAD, Role.SUPERVISOR, Role.ADVISER})
SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.MEDIUM, Severity.HIGH)
CLOCKS = {
    Kind.ADVICE: (("MDO-REPLY", "2 working days"), ("UPDATE", "10 working days")),
    Kind.CONCERN: (("TRIAGE", "3 working days"), ("FB20", "20 working days")),
    Kind.SELF_REPORT: (("TRIAGE", "3 working days"), ("FB20", "20 working days")),
}
FIRST_STATE = {Kind.ADVICE: "awaiting_adviser"}
WORKING_STATE = {Kind.ADVICE: "advising"}
STORY = (
    "After a night shift I wrote a long thread about how the week had gone, and one of the posts described a "
    "conversation on the ward closely enough that a colleague recognised it. "
) * 2


def email_of(role: Role, *, place: int = 0, number: int = 0) -> str:
    """The address of the holder with that number of a role in the organisation with that number."""
    return f"{role}.{number}.of.{place}@example.org"


@dataclass(slots=True)
class Rows:
    """Rows of several tables that are not written yet, each in the order of its table's columns."""

    write: Write
    _waiting: dict[type[Base], list[tuple[Any, ...]]] = field(default_factory=dict)
    _names: dict[type[Base], list[str]] = field(default_factory=dict)

    def add(self, model: type[Base], **values: Any) -> None:
        """One row; what is not named is null."""
        if model not in self._names:
            self._names[model] = model.__table__.columns.keys()
        self._waiting.setdefault(model, []).append(tuple(map(values.get, self._names[model])))

    def flush(self) -> None:
        """Writes what there is, tables in the order in which they were first used."""
        for model, rows in self._waiting.items():
            self.write(model, rows)
        self._waiting.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A person in one role, with the blind token of their organisation."""

    person_id: UUID
    membership_id: UUID
    role: Role
    token: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An organisation with its people, and the ring that its cases are sealed with."""

    number: int
    id: UUID
    ring: Keyring
    people: dict[Role, list[Somebody]] = field(default_factory=dict)

    @property
    def is_mdo(self) -> bool:
        """The last one defends doctors, the others employ them."""
        return self.number == ORGANISATIONS - 1

    @property
    def doctors(self) -> list[Somebody]:
        """Those who report and are reported."""
        return self.people[Role.MEMBER]

    @property
    def handlers(self) -> list[Somebody]:
        """Those whom routing gives cases to."""
        return [one for role in self.people if role in TAKE_CASES for one in self.people[role]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What chance decided about one case."""

    id: UUID
    place: Place
    kind: Kind
    is_open: bool
    is_triaged: bool
    opened_at: datetime
    due_at: datetime
    owner: Somebody
    reporter: Somebody
    subject: Somebody
    key: Key

    def context(self, table: str, column: str, row: UUID) -> Context:
        """Where a sealed text of the case belongs."""
        owner, case = self.place.id.hex, self.id.hex
        return Context(owner=owner, case=case, table=table, column=column, row=row.hex)


class Loader:
    """Draws the same rows each time for one number of cases, but for keys and seals."""

    def __init__(self, installation: Installation, write: Write, *, cases: int, people: int = PEOPLE) -> None:
        self._installation = installation
        self._cases = cases
        self._rows = Rows(write)
        self._draw = random.Random(cases)
        self._taken: set[int] = set()
        self._people = people
        self._persons = 0
        self._answers = {kind: answers_to(form) for kind, form in installation.forms.items()}
        self._handlers: dict[UUID, list[Somebody]] = {}
        self._opening = {role: _opening(role) for role in TAKE_CASES}
        self._own = HANDLERS_OWN
        self._hash = passwords_of(installation.settings).hash(PASSWORD)

    def load(self) -> None:
        """Organisations, people and cases: half of the cases in the first organisation."""
        places = [self._place(number) for number in range(ORGANISATIONS)]
        self._rows.flush()
        for number in range(self._cases):
            pair = number // 2
            self._case(pair, places[1 + pair % (ORGANISATIONS - 1)] if number % 2 else places[0])
            if number % CHUNK == CHUNK - 1:
                self._rows.flush()
        self._rows.flush()

    def _uuid(self) -> UUID:
        return UUID(int=self._draw.getrandbits(128), version=4)

    def _place(self, number: int) -> Place:
        place_id = self._uuid()
        place = Place(number=number, id=place_id, ring=self._installation.keys.make(place_id.hex))
        self._rows.add(KeyCheck, owner=place.ring.owner, value=place.ring.check)
        self._rows.add(
            Organisation,
            id=place.id,
            code=f"M{number:03}",
            name=f"Measured body {number}",
            type=OrganisationType.MDO if place.is_mdo else OrganisationType.ACUTE_TRUST,
            nation=Nation.ENGLAND,
            window="mon-fri 09:00-17:00",
            on_call_phone="01632 960 001",
            **dict.fromkeys(("public_phone", "phone_hours", "mail_domains", "subscription_note"), ""),
        )
        half = self._people // 2
        self._staff(place, half if number == 0 else half // (ORGANISATIONS - 1))
        self._handlers[place.id] = place.handlers
        return place

    def _staff(self, place: Place, people: int) -> None:
        """Two holders in fifty of each role that takes cases, one of the others, and doctors with a supervisor."""
        for role, post, title, number in MDO_CAST if place.is_mdo else CAST:
            for _ in range(number * max(1, people // 50) if role in TAKE_CASES else number):
                self._employ(place, role, post, title)
        handlers = place.handlers
        for _ in range(people - sum(map(len, place.people.values()))):
            doctor = self._employ(place, Role.MEMBER, Post.CONSULTANT, "")
            self._rows.add(
                Relation,
                id=self._uuid(),
                organisation_id=place.id,
                person_id=doctor.person_id,
                other_id=self._draw.choice(handlers).person_id,
                kind=RelationKind.SUPERVISED_BY,
                starts_on=LONG_AGO,
            )

    def _employ(self, place: Place, role: Role, post: Post, title: str) -> Somebody:
        holders = place.people.setdefault(role, [])
        name, number = self._next()
        person_id = self._person(email_of(role, place=place.number, number=len(holders)), name=name)
        somebody = Somebody(
            person_id=person_id,
            membership_id=self._uuid(),
            role=role,
            token=place.ring.index.token(person_id),
        )
        self._rows.add(
            Membership,
            id=somebody.membership_id,
            person_id=person_id,
            organisation_id=place.id,
            role=role,
            post=post,
            name=name,
            gmc_number=number,
            title=title,
            starts_on=LONG_AGO,
            open_cases=0,
            load_version=0,
        )
        holders.append(somebody)
        return somebody

    def _next(self) -> tuple[str, str]:
        """Another person's name and GMC number."""
        number, self._persons = self._persons, self._persons + 1
        name = f"Dr {GIVEN[number % len(GIVEN)]} {FAMILY[number // 7 % len(FAMILY)]}"
        return name, f"{9_000_000 + number}"

    def _person(self, email: str, *, name: str) -> UUID:
        person_id = self._uuid()
        self._rows.add(
            Person,
            id=person_id,
            name=name,
            email=email,
            proved_domain="",
            email_verified_at=NOW,
            password_hash=self._hash,
            language="en",
        )
        ring = self._installation.keys.installation()
        version, wrapped = ring.wrap(Key.new(), name=f"person:{person_id.hex}")
        self._rows.add(PersonalKey, person_id=person_id, master_version=version, wrapped=wrapped)
        return person_id

    def _case(self, pair: int, place: Place) -> None:
        drawn = self._drawn(place, is_open=pair % 2 == 0)
        self._add_case(drawn)
        self._add_sealed(drawn)
        self._add_people(drawn)
        self._add_clocks(drawn)
        self._add_ledger(drawn)

    def _drawn(self, place: Place, *, is_open: bool) -> Drawn:
        draw = self._draw
        kind = Kind.CONCERN if draw.random() < 0.25 else Kind.SELF_REPORT
        if place.is_mdo:
            kind = Kind.ADVICE
        reporter = draw.choice(place.doctors)
        age = timedelta(minutes=draw.randrange(60, 30 * 1440)) if is_open else timedelta(days=91)
        return Drawn(
            id=self._uuid(),
            place=place,
            kind=kind,
            is_open=is_open,
            is_triaged=not is_open or draw.random() < 0.5,
            opened_at=NOW - age - timedelta(days=0 if is_open else draw.randrange(900)),
            due_at=NOW + timedelta(minutes=draw.randrange(60, 30 * 1440)),
            owner=self._owner(place, is_open=is_open),
            reporter=reporter,
            subject=reporter if kind is Kind.SELF_REPORT else draw.choice(place.doctors),
            key=Key.new(),
        )

    def _owner(self, place: Place, *, is_open: bool) -> Somebody:
        handlers = self._handlers[place.id]
        if place.number == 0 and is_open and self._own:
            self._own -= 1
            return handlers[0]
        return self._draw.choice(handlers)

    def _reference(self) -> str:
        while True:
            drawn = self._draw.randrange(len(references.ALPHABET) ** references.LENGTH)
            fits = drawn % references.CHECK_MODULUS < len(references.ALPHABET)
            if fits and drawn not in self._taken:
                self._taken.add(drawn)
                return references._written(drawn)

    def _add_case(self, drawn: Drawn) -> None:
        first, then = CLOCKS[drawn.kind]
        closed_at = None if drawn.is_open else drawn.opened_at + timedelta(days=60)
        state = WORKING_STATE.get(drawn.kind, "in_review")
        if not drawn.is_triaged:
            state = FIRST_STATE.get(drawn.kind, "awaiting_triage")
        self._rows.add(
            Case,
            id=drawn.id,
            organisation_id=drawn.place.id,
            reference=self._reference(),
            kind=drawn.kind,
            identity=ReporterIdentity.OPEN,
            definition_hash=self._installation.workflows[drawn.kind].hash,
            state=state if drawn.is_open else "closed",
            category="TRU-TONE",
            also="",
            severity=self._draw.choice(SEVERITIES),
            severity_reason="",
            duty=Duty.MAY_DISCUSS if drawn.kind is Kind.CONCERN else Duty.NONE,
            patient_data=PatientData.NO,
            **dict.fromkeys(("is_risk_now", "is_subject_unresolved", "is_patient_told"), False),
            owner_role=drawn.owner.role,
            owner_membership_id=drawn.owner.membership_id,
            interim_measures="",
            opened_at=drawn.opened_at,
            acknowledged_at=drawn.opened_at if drawn.is_triaged else None,
            triaged_at=drawn.opened_at if drawn.is_triaged else None,
            closed_at=closed_at,
            outcome=None if drawn.is_open else Outcome.LEARNING,
            next_due_at=drawn.due_at if drawn.is_open else None,
            next_clock=(then if drawn.is_triaged else first)[0] if drawn.is_open else "",
            version=1 if drawn.is_open else 4,
            submission_token=self._draw.randbytes(16),
        )

    def _add_sealed(self, drawn: Drawn) -> None:
        """The case's key, the report as it was sent, and why it was routed as it was."""
        version, wrapped = drawn.place.ring.wrap(drawn.key, name=f"case:{drawn.id.hex}")
        self._rows.add(CaseKey, case_id=drawn.id, master_version=version, wrapped=wrapped)
        context = drawn.context("report", "answers", drawn.id)
        self._rows.add(
            Report,
            case_id=drawn.id,
            lane=_lane(drawn.kind),
            form=drawn.kind,
            form_version=1,
            language="en",
            answers_sealed=seal(drawn.key, self._answers[drawn.kind], context=context),
        )
        decision_id = self._uuid()
        context = drawn.context("routing_decision", "explanation", decision_id)
        chosen: dict[str, object] = {"chosen": drawn.owner.membership_id.hex, "considered": []}
        words = {"asked": drawn.owner.role, "row": "everybody-else", "because": Verdict.LOWEST_WORKLOAD}
        self._rows.add(
            RoutingDecision,
            id=decision_id,
            case_id=drawn.id,
            decided_at=drawn.opened_at,
            explanation_sealed=seal(drawn.key, json.dumps(words | chosen), context=context),
        )

    def _add_people(self, drawn: Drawn) -> None:
        """A closed case keeps its handler, as the one door leaves it: only its date is gone."""
        for role, somebody in ((PartyRole.REPORTER, drawn.reporter), (PartyRole.SUBJECT, drawn.subject)):
            self._rows.add(
                CaseParty,
                id=self._uuid(),
                case_id=drawn.id,
                organisation_id=drawn.place.id,
                role=role,
                token=somebody.token,
            )
        self._rows.add(
            CaseHandler,
            id=self._uuid(),
            case_id=drawn.id,
            person_id=drawn.owner.person_id,
            membership_id=drawn.owner.membership_id,
            capacity=drawn.owner.role,
            from_at=drawn.opened_at,
            next_due_at=drawn.due_at if drawn.is_open else None,
        )

    def _add_clocks(self, drawn: Drawn) -> None:
        """Two armed ones for an open case; of a closed one the last that was met."""
        for number, (clock, limit) in enumerate(CLOCKS[drawn.kind]):
            due_at = drawn.due_at + timedelta(days=20 * (number != drawn.is_triaged))
            if drawn.is_open or number:
                self._rows.add(
                    Deadline,
                    id=self._uuid(),
                    case_id=drawn.id,
                    clock=clock,
                    generation=1,
                    rung=0,
                    owed_by=drawn.owner.role,
                    organisation_id=drawn.place.id,
                    limit=limit,
                    calendar_version=1,
                    started_at=drawn.opened_at,
                    due_at=due_at if drawn.is_open else drawn.opened_at,
                    fire_at=due_at if drawn.is_open else drawn.opened_at,
                    state=ClockState.ARMED if drawn.is_open else ClockState.MET,
                    ended_at=None if drawn.is_open else drawn.opened_at,
                )

    def _add_ledger(self, drawn: Drawn) -> None:
        """The two entries that every case begins with. Their commitments are drawn: nobody proves these cases."""
        log, alias = organisation_log(drawn.place.id), self._uuid()
        token = drawn.place.ring.index.mac(b"person:" + drawn.reporter.person_id.bytes)[:16]
        self._rows.add(AuditAlias, alias=alias, log=log, scope=drawn.id.hex, token=token)
        self._rows.add(AuditSequence, case_id=drawn.id, next=3)
        at = leaf_time(drawn.opened_at)
        definition = self._installation.workflows[drawn.kind].hash
        for number, event in enumerate(self._opening[drawn.owner.role], start=1):
            entry_id = self._uuid()
            leaf: dict[str, Value] = {
                "id": entry_id.hex,
                "actor": alias.hex,
                "case": drawn.id.hex,
                "case_seq": number,
                "at": at,
            }
            leaf |= {
                "action": event.tag,
                "definition": definition,
                "commitment": self._draw.randbytes(32).hex(),
            }
            leaf |= {"version": LEAF_VERSION, "previous_state": None, "new_state": "awaiting_triage"}
            self._rows.add(
                AuditEntry,
                id=entry_id,
                log=log,
                case_id=drawn.id,
                case_seq=number,
                action=event.tag,
                at=drawn.opened_at,
                leaf=canonical(leaf),
            )
            sealed = drawn.key.seal(canonical(event.detail()), context=detail_context(log, entry_id))
            self._rows.add(AuditDetail, entry_id=entry_id, detail_sealed=sealed)


def _opening(role: Role) -> tuple[Event, ...]:
    assigned = OwnerAssigned(by="clock", to=role, reason=Verdict.LOWEST_WORKLOAD)
    return ReportSubmitted(by="reporter"), assigned


def answers_to(form: Form) -> str:
    """What somebody sends who chooses the first answer everywhere, sealed text as the services keep it."""
    rest = ("subject", "works_together", "answer_by")
    return json.dumps(
        {
            "narrative": STORY,
            "answers": [asdict(one) for one in _answered(form)],
            **dict.fromkeys(("keep_away", "membership_number", "other_party"), ""),
            **dict.fromkeys(rest),
        }
    )


def _answered(form: Form) -> Iterator[Answered]:
    for page in form.pages:
        for question in page.questions:
            if question.options or question.code == form.narrative:
                value, words = _first(question) if question.options else (STORY, STORY)
                yield Answered(
                    question=question.code,
                    page=page.code,
                    version=form.version,
                    wording=question.label,
                    value=value,
                    words=words,
                    lane=_lane(form.kind),
                )


def _first(question: Question) -> tuple[str, str]:
    return question.options[0].value, question.options[0].label


def _lane(kind: Kind) -> Lane:
    return Lane.MDO if kind is Kind.ADVICE else Lane.EMPLOYER
