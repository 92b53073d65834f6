"""An installation in which there is something behind every address: cases in every state, drafts of every form."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from werkzeug.routing import Rule

from app.database import reader
from app.domain.form import PageKind
from app.domain.plan import Item
from app.domain.vocabulary import (
    Identifiability,
    Kind,
    OrganisationType,
    Outcome,
    PatientData,
    RelationKind,
    Role,
    StillLive,
)
from app.models.message import ActionItem
from app.queries.worklist import View
from app.services import casework
from app.services.casting import Employed
from app.services.submitting import Sent
from tests.factories import World
from tests.infrastructure.strict_client import StrictClient
from tests.integration.reporter import Reporter
from tests.unit.filling import FORMS

SLUGS = {"self-report": Kind.SELF_REPORT, "concern": Kind.CONCERN, "advice": Kind.ADVICE}
# Together these lead over every page of each form.
ANSWERED: tuple[dict[str, Any], ...] = (
    {"risk_now": "yes", "about": "tone", "patient": "anyone"},
    {"about": "crime", "detail": "crime.child"},
    {"about": "crime", "detail": "crime.threat"},
)
# What is asked after the address, where that makes another page of it.
QUESTIONS = {
    "casework.find": ["?text=the+night+shift", "?text=C-1234-5678-9"],
    "casework.worklist": [f"?view={view}" for view in View],
}


@dataclass
class Places:
    """Who there is, and what each address may stand for."""

    world: World
    new_client: Callable[[], StrictClient]
    doctor: Employed = field(init=False)
    cases: list[Sent] = field(init=False, default_factory=list)
    advised: list[Sent] = field(init=False, default_factory=list)
    drafts: list[tuple[str, UUID]] = field(init=False, default_factory=list)
    item: UUID = field(init=False)
    sent: UUID = field(init=False)
    commuter: Employed = field(init=False)

    def __post_init__(self) -> None:
        self.doctor = self.world.doctor()
        self.world.relate(self.doctor, RelationKind.SUPERVISED_BY, self.world.holder(Role.SUPERVISOR))
        self._walk_cases()
        self._seek_advice()
        self._begin_drafts()

    def _walk_cases(self) -> None:
        """One case in every state that a handler's page knows."""
        world = self.world
        self._report()
        world.triage(self._about_a_patient())
        world.do(casework.request_information, self._triaged(), question="Which town was it?", why="")
        item = Item(what="Talk it over", who="The reporter", due_on=date(2026, 5, 1))
        world.do(casework.agree_actions, agreed := self._triaged(), items=[item])
        self.item = self._item_of(agreed)
        closing = casework.Closing(outcome=Outcome.PUT_RIGHT, text="It was put right and we talked it over.")
        world.do(casework.close, self._triaged(), closing=closing)
        self.cases.append(world.concern(by=self.doctor))
        self.cases.append(world.concern(by=self.doctor, about=world.doctor()))

    def _report(self, **facts: object) -> Sent:
        self.cases.append(self.world.self_report(by=self.doctor, **facts))
        return self.cases[-1]

    def _triaged(self) -> Sent:
        self.world.triage(sent := self._report())
        return sent

    def _about_a_patient(self) -> Sent:
        return self._report(
            category="CONF-ID",
            patient_data=PatientData.YES,
            identifiability=Identifiability.I3,
            still_live=StillLive.YES,
        )

    def _item_of(self, sent: Sent) -> UUID:
        with self.world.app.app_context():
            return reader().scalars(select(ActionItem.id).where(ActionItem.case_id == sent.case_id)).one()

    def _seek_advice(self) -> None:
        self.advised = [self.world.advice(by=self.doctor) for _ in range(2)]
        closing = casework.Closing(outcome=Outcome.ADVISED, text="You have what you need to answer them.")
        self.world.do(casework.close, self.advised[-1], closing=closing)

    def _begin_drafts(self) -> None:
        """Drafts of every form; one of them was sent, and one is of somebody with two employers."""
        reporter = Reporter(self.new_client(), self.world, self.doctor)
        self.sent = reporter.draft()
        reporter.sent(self.sent)
        self.drafts = [(slug, reporter.draft(slug, **answers)) for slug in SLUGS for answers in ANSWERED]
        self.commuter = self.world.employ(Role.MEMBER)
        second = self.world.organisation(OrganisationType.COMMUNITY_TRUST, name="Brackendale", cast=False)
        self.world.appoint(self.commuter, Role.MEMBER, at=second)
        commuting = Reporter(self.new_client(), self.world, self.commuter)
        here = str(self.world.hospital_id)
        self.drafts += [(slug, commuting.draft(slug, workplace=here)) for slug in ("self-report", "concern")]

    def behind(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """What is shown at every address of a route, and that address.

        A page that is only read may look another way in each case; a form looks alike wherever it is open.
        """
        build = self.world.app.url_map.bind("localhost").build
        if set(rule.arguments) == {"draft_id", "page"}:
            for shown, values in self.questions():
                yield shown, build(rule.endpoint, values)
            return
        for values in self._values(rule):
            address = build(rule.endpoint, values)
            for question in QUESTIONS.get(rule.endpoint, [""]):
                yield (
                    rule.endpoint if "POST" in (rule.methods or ()) else address + question,
                    address + question,
                )

    def questions(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every page of each form, in each draft; the check has a route of its own."""
        for slug, draft_id in self.drafts:
            for page in FORMS[SLUGS[slug]].pages:
                if page.kind is not PageKind.CHECK:
                    yield f"{slug} {page.code}", {"draft_id": draft_id, "page": page.code}

    def owners(self, sent: Iterable[Sent]) -> list[Employed]:
        """Whoever has these cases."""
        return list({one.membership_id: one for one in map(self.world.owner, sent)}.values())

    def _values(self, rule: Rule) -> list[dict[str, Any]]:
        """What the arguments of a route may stand for."""
        references = [one.reference for one in (*self.cases, *self.advised)]
        choices: dict[str, list[dict[str, Any]]] = {
            "": [{}],
            "draft_id": [{"draft_id": one} for one in (self.sent, *(draft for _, draft in self.drafts))],
            "form": [{"form": slug} for slug in SLUGS],
            "form page": [{"form": slug, "page": FORMS[kind].pages[0].code} for slug, kind in SLUGS.items()],
            "item reference": [{"item": self.item, "reference": one} for one in references],
            "membership_id": [{"membership_id": self.doctor.membership_id}],
            "page_id": [{"page_id": one} for one in self.world.app.extensions["candour"].guidance.pages],
            "reference": [{"reference": one} for one in references],
        }
        return choices[" ".join(sorted(rule.arguments))]
