"""Worlds for tests, in the words of the domain: made by the real services, so that none is impossible."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from threading import Barrier
from typing import TypeVar
from uuid import UUID

from flask import Flask
from sqlalchemy import select, update

from app.database import reader, transaction
from app.domain.actors import Act, Actor
from app.domain.calendars import LONDON
from app.domain.report import Answered, Holder, Particulars, Report, Reports, RiskNow, SubjectChoice
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
    Role,
    Severity,
    StillLive,
    Visibility,
)
from app.models.case import Case, CaseHandler
from app.models.organisation import Organisation
from app.models.person import Membership, Person
from app.queries import people
from app.queries.cases import visible_case
from app.services import casework
from app.services.casting import Employed, Stage
from app.services.installing import prepare
from app.services.passwords import passwords_of
from app.services.submitting import Sent, submit
from tests.infrastructure.clock import Clock

T = TypeVar("T")
PASSWORD = "plain sailing in April"
NARRATIVE = "I posted a thread about a rare rash and a reply guessed the village."


@dataclass
class World:
    """One hospital with a full cast, one MDO, and what happens in them."""

    app: Flask
    clock: Clock
    hospital_id: UUID = field(init=False)
    mdo_id: UUID = field(init=False)
    cast: list[Employed] = field(init=False, default_factory=list)
    _people: int = field(init=False, default=0)
    _hash: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        with self.app.app_context():
            prepare()
            hashed = passwords_of(self.app.extensions["candour"].settings).hash(PASSWORD)
        self._hash = hashed
        self.hospital_id = self.organisation(OrganisationType.ACUTE_TRUST, name="Larkfield Hospitals")
        self.mdo_id = self.organisation(OrganisationType.MDO, name="Harbour Medical Defence")

    def organisation(
        self, kind: OrganisationType, *, nation: Nation = Nation.ENGLAND, name: str, cast: bool = True
    ) -> UUID:
        """A new organisation, with somebody in every role unless told otherwise."""
        with self.app.app_context(), transaction() as session:
            stage = Stage(session=session, now=self.clock(), people=self._people)
            code = f"T{len(self.cast):04}"
            if cast:
                organisation = stage.found(kind, nation, name=name, code=code, on_call="01632 960 001")
            else:
                organisation = Organisation(code=code, name=name, type=kind, nation=nation)
                stage.add(organisation)
            return self._kept(stage, organisation.id)

    def _kept(self, stage: Stage, made: UUID) -> UUID:
        stage.session.execute(
            update(Person).where(Person.password_hash.is_(None)).values(password_hash=self._hash)
        )
        self.cast += stage.employed
        self._people = stage.people
        return made

    def employ(
        self,
        role: Role = Role.MEMBER,
        *,
        post: Post = Post.CONSULTANT,
        at: UUID | None = None,
        title: str = "",
    ) -> Employed:
        """A new person in one role."""
        with self.app.app_context(), transaction() as session:
            stage = Stage(session=session, now=self.clock(), people=self._people)
            organisation = session.get_one(Organisation, at or self.hospital_id)
            employed = stage.employ(organisation, role, post=post, title=title)
            self._kept(stage, organisation.id)
            return employed

    def appoint(
        self, who: Employed, role: Role, *, at: UUID | None = None, post: Post = Post.CONSULTANT
    ) -> Employed:
        """A further role for somebody."""
        with self.app.app_context(), transaction() as session:
            stage = Stage(session=session, now=self.clock(), people=self._people)
            organisation = session.get_one(Organisation, at or self.hospital_id)
            person = session.get_one(Person, who.person_id)
            employed = stage.appoint(person, organisation, role, post=post)
            self._kept(stage, organisation.id)
            return employed

    def lend(self, capacity: Role, outsider: Employed, *, at: UUID | None = None) -> None:
        """Somebody of another body who acts in the hospital in one capacity."""
        with self.app.app_context(), transaction() as session:
            organisation = session.get_one(Organisation, at or self.hospital_id)
            Stage(session=session, now=self.clock()).lend(organisation, capacity, outsider)

    def relate(self, one: Employed, kind: RelationKind, other: Employed) -> None:
        """Records how one person stands to another."""
        with self.app.app_context(), transaction() as session:
            Stage(session=session, now=self.clock()).relate(one, kind, other)

    def holder(self, role: Role, *, at: UUID | None = None, number: int = 0) -> Employed:
        """Somebody who holds a role: of the hospital, unless told otherwise."""
        place = at or self.hospital_id
        return [one for one in self.cast if one.role is role and one.organisation_id == place][number]

    def doctor(self, post: Post = Post.CONSULTANT) -> Employed:
        """A new doctor of the hospital, with no role but their own."""
        return self.employ(Role.MEMBER, post=post)

    def actor(self, who: Employed) -> Actor:
        """Somebody acting in that membership, with the tokens that the web gives them."""
        with self.app.app_context():
            person = reader().get_one(Person, who.person_id)
            signed_in = people.SignedIn(
                session_id=b"",
                person_id=who.person_id,
                name=person.name,
                language="en",
                proved_at=self.clock(),
                proved_domain=person.proved_domain,
                expires_at=self.clock(),
                membership_id=who.membership_id,
                role=who.role,
                organisation_id=who.organisation_id,
                organisation_name=None,
                organisation_type=None,
            )
            return people.actor_of(signed_in, on=self.clock().astimezone(LONDON).date())

    def sees(self, who: Employed, sent: Sent) -> bool:
        """Whether somebody may know of a case now."""
        actor = self.actor(who)
        with self.app.app_context():
            return visible_case(reader(), actor, sent.case_id) is not None

    def do(
        self,
        service: Callable[..., T],
        sent: Sent,
        *,
        by: Employed | None = None,
        version: int | None = None,
        **facts: object,
    ) -> T:
        """An act of casework: by the owner and on the newest page, unless told otherwise."""
        act = self.act(by or self.owner(sent))
        seen = self.case(sent).version if version is None else version
        with self.app.app_context():
            return service(sent.case_id, seen, act=act, **facts)

    def together(self, acts: Sequence[Callable[[], T]]) -> list[T | BaseException]:
        """What becomes of acts that begin at the same moment, each in a thread: its answer, or what it raised."""
        starting = Barrier(len(acts))

        def run(act: Callable[[], T]) -> T | BaseException:
            starting.wait(timeout=30)
            try:
                with self.app.app_context():
                    return act()
            except Exception as error:  # noqa: BLE001  it is the answer
                return error

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(run, acts))

    def open_cases(self, who: Employed) -> int:
        """How many open cases routing believes that somebody has."""
        with self.app.app_context():
            return reader().get_one(Membership, who.membership_id, populate_existing=True).open_cases

    def handlers(self, sent: Sent) -> dict[UUID, Role]:
        """Who works on a case now, by membership, and in which capacity."""
        with self.app.app_context():
            rows = reader().execute(
                select(CaseHandler.membership_id, CaseHandler.capacity).where(
                    CaseHandler.case_id == sent.case_id, CaseHandler.until_at.is_(None)
                )
            )
            return dict(rows.all())

    def act(self, who: Employed) -> Act:
        """An act of somebody, now."""
        return Act(actor=self.actor(who), now=self.clock())

    def report(self, kind: Kind = Kind.SELF_REPORT, **facts: object) -> Report:
        """A report about a public post that shows no patient, but for the facts named."""
        installation = self.app.extensions["candour"]
        given = {
            "platform": "x",
            "posted_on": date(2026, 4, 6),
            "visibility": Visibility.V4,
            "identifiability": Identifiability.I0,
            "patient_data": PatientData.NO,
            "harm": Harm.H1,
            "still_live": StillLive.NO,
            "risk_now": RiskNow.NO,
            "holder": Holder.HERE,
        } | {name: value for name, value in facts.items() if name in Particulars.__dataclass_fields__}
        rest = {name: value for name, value in facts.items() if name not in Particulars.__dataclass_fields__}
        category = str(rest.pop("category", "TRU-TONE"))
        narrative = str(rest.pop("narrative", NARRATIVE))
        suggested = suggest(Particulars(**given), category=installation.categories[category])  # type: ignore[arg-type]
        plain = {
            "kind": kind,
            "form_version": 1,
            "language": "en",
            "category": category,
            "also": (),
            "severity": suggested.severity,
            "severity_reasons": suggested.because,
            "duty": Duty.NONE,
            "narrative": narrative,
            "answers": (self._narrated(kind, narrative),),
        }
        return Report(**given, **(plain | rest))  # type: ignore[arg-type]

    def _narrated(self, kind: Kind, narrative: str) -> Answered:
        lane = Lane.MDO if kind is Kind.ADVICE else Lane.EMPLOYER
        return Answered(
            question="saw" if kind is Kind.CONCERN else "happened",
            page="saw" if kind is Kind.CONCERN else "happened",
            version=1,
            wording="What happened?",
            value=narrative,
            words=narrative,
            lane=lane,
        )

    def send(self, report: Report, *, by: Employed) -> Sent:
        """Sends one report as one case."""
        act = self.act(by)
        is_advice = report.kind is Kind.ADVICE
        reports = Reports(employer=None if is_advice else report, advice=report if is_advice else None)
        with self.app.app_context():
            return submit(reports, draft_id=None, act=act)[0]

    def self_report(self, *, by: Employed | None = None, **facts: object) -> Sent:
        """A doctor's own report."""
        return self.send(self.report(Kind.SELF_REPORT, **facts), by=by or self.doctor())

    def concern(self, *, about: Employed | None = None, by: Employed | None = None, **facts: object) -> Sent:
        """A concern about a colleague, who is known where one is given."""
        subject = (
            SubjectChoice(person_id=str(about.person_id)) if about else SubjectChoice(name="A colleague")
        )
        report = self.report(Kind.CONCERN, **({"subject": subject, "duty": Duty.MAY_DISCUSS} | facts))
        return self.send(report, by=by or self.doctor())

    def advice(self, *, by: Employed | None = None, mdo: UUID | None = None, **facts: object) -> Sent:
        """A member's request for advice."""
        report = self.report(Kind.ADVICE, **({"mdo": str(mdo or self.mdo_id)} | facts))
        return self.send(report, by=by or self.doctor())

    def case(self, sent: Sent) -> Case:
        """The case as it stands now."""
        with self.app.app_context():
            return reader().get_one(Case, sent.case_id, populate_existing=True)

    def owner(self, sent: Sent) -> Employed:
        """Whoever owns the case now."""
        membership_id = self.case(sent).owner_membership_id
        return next(one for one in self.cast if one.membership_id == membership_id)

    def triage(self, sent: Sent, *, severity: Severity | None = None, reason: str = "") -> None:
        """The owner triages, keeping how urgent it is unless told otherwise."""
        case = self.case(sent)
        decision = casework.Triage(severity=severity or case.severity, reason=reason, measures="none")
        with self.app.app_context():
            casework.triage(sent.case_id, case.version, decision=decision, act=self.act(self.owner(sent)))

    def settle(self, sent: Sent) -> None:
        """The officer decides that a patient is recognisable and a risk unlikely; it is noted and taken down."""
        self.do(
            casework.decide_patient_data,
            sent,
            by=self.holder(Role.DATA_PROTECTION_OFFICER),
            patient_data=PatientData.YES,
            is_risk_unlikely=True,
            reason="Few people could know who it is.",
        )
        self.do(casework.record_containment, sent, how="down", text="")
