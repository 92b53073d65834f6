"""What the invented people of the demonstration did after the stories were sent, through the ordinary services."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import select

from app.database import reader
from app.domain.actors import Act
from app.domain.calendars import LONDON
from app.domain.plan import Item
from app.domain.vocabulary import Outcome, PatientData, Role
from app.models.case import Case, CaseHandler
from app.models.person import Membership
from app.services import casework, disclosure
from app.services.delivery import actor_for
from app.services.submitting import Sent

THANKS = "Thank you. I have read your report and will look into it. You will hear from me soon."
TALKED = "We talked it over. You have put it right, and there is nothing more that you need to do."


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act, so many hours after sending; ``by`` is the officer who takes it, None is the owner."""

    hours: int
    does: Callable[[Case, Act], None]
    by: Role | None = None


def _acknowledge(case: Case, act: Act) -> None:
    casework.acknowledge(case.id, case.version, text=THANKS, act=act)


def _triage(case: Case, act: Act) -> None:
    decision = casework.Triage(severity=case.severity, measures="none")
    casework.triage(case.id, case.version, decision=decision, act=act)


def _ask(case: Case, act: Act) -> None:
    question = "Is the screenshot still on your own phone? Please do not delete it yet."
    casework.request_information(case.id, case.version, question=question, why="", act=act)


def _agree(case: Case, act: Act) -> None:
    day = act.now.astimezone(LONDON).date() + timedelta(days=21)
    item = Item(what="Talk it through at the next teaching session", who="The reporter", due_on=day)
    casework.agree_actions(case.id, case.version, items=(item,), act=act)


def _close(case: Case, act: Act) -> None:
    closing = casework.Closing(outcome=Outcome.ADVICE, text=TALKED)
    casework.close(case.id, case.version, closing=closing, act=act)


def _contain(case: Case, act: Act) -> None:
    casework.record_containment(case.id, case.version, how="down", text="", act=act)


def _open(case: Case, act: Act) -> None:
    disclosure.open_case(case.reference, act=act)


def _decide(case: Case, act: Act) -> None:
    casework.decide_patient_data(
        case.id,
        case.version,
        patient_data=PatientData.YES,
        is_risk_unlikely=True,
        reason="Nobody outside the ward is likely to know who it is.",
        act=act,
    )


OFFICER = Role.DATA_PROTECTION_OFFICER
READ = Step(hours=1, does=_open, by=OFFICER)
STEPS: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        "SR-01": (
            READ,
            Step(hours=3, does=_acknowledge),
            Step(hours=5, does=_triage),
            Step(hours=8, does=_contain),
            Step(hours=30, does=_decide, by=OFFICER),
        ),
        "SR-02": (Step(hours=9, does=_acknowledge), Step(hours=20, does=_triage), Step(hours=21, does=_ask)),
        "SR-03": (READ, Step(hours=2, does=_acknowledge), Step(hours=12, does=_triage)),
        "SR-05": (Step(hours=4, does=_triage), Step(hours=20, does=_close)),
        "SR-08": (
            READ,
            Step(hours=1, does=_acknowledge),
            Step(hours=2, does=_triage),
            Step(hours=3, does=_contain),
            Step(hours=40, does=_decide, by=OFFICER),
        ),
        "SR-09": (Step(hours=2, does=_triage), Step(hours=26, does=_agree)),
        "CC-01": (READ, Step(hours=7, does=_acknowledge), Step(hours=9, does=_contain)),
        "CC-04": (READ,),
        "CC-05": (READ, Step(hours=6, does=_contain)),
        "CC-08": (Step(hours=1, does=_acknowledge), Step(hours=3, does=_triage)),
    }
)


def live_on(story: str, sent: Sent, *, sent_at: datetime, now: datetime) -> None:
    """Takes the steps of a story that lie in the past."""
    for step in STEPS.get(story, ()):
        at = sent_at + timedelta(hours=step.hours)
        if at < now:
            _take(step, sent.case_id, at)


def _take(step: Step, case_id: UUID, at: datetime) -> None:
    session = reader()
    case = session.get_one(Case, case_id, populate_existing=True)
    membership = session.get_one(Membership, case.owner_membership_id)
    if step.by is not None:
        membership = session.scalars(
            select(Membership)
            .join(CaseHandler, CaseHandler.membership_id == Membership.id)
            .where(CaseHandler.case_id == case_id, CaseHandler.capacity == step.by)
        ).one()
    step.does(case, Act(actor=actor_for(session, membership, case, at), now=at))
