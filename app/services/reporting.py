"""What reporters do after sending: one function an act, each through a door that opens to them alone."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import transaction
from app.domain.actors import Act
from app.domain.errors import InvalidInput, NotFound, StaleCase
from app.domain.events import (
    REPORTER,
    Event,
    InformationProvided,
    MessageSent,
    MoreAdded,
    NewsChosen,
    ReportWithdrawn,
)
from app.domain.plan import Changes, Text, Wish, case_values
from app.domain.vocabulary import Kind, MessageKind, ReporterIdentity, Role
from app.domain.workflow import Action, Occurrence
from app.encryption.keys import seal
from app.keychain import case_key
from app.models.case import Case
from app.models.message import Message
from app.queries.cases import Standing
from app.queries.people import is_at_workplace
from app.queries.reports import own_case
from app.services.accounts import is_address
from app.services.casework import Build, Scene, enter_unseen, with_guardian
from app.services.changes import load, sealed_at, write
from app.services.definitions import definition_of

AS_REPORTER = Standing(capacity=Role.MEMBER, is_owner=False)
# What can answer somebody who wrote to the reporter.
ANSWERING = frozenset({Action.MESSAGE, Action.PROVIDE_INFORMATION})


class AskedToWithdraw(StrEnum):
    """What a reporter says, in private, on whether anybody asked them to withdraw."""

    NO = "no"
    YES = "yes"
    RATHER_NOT = "rather_not"
    NOT_SAID = ""


def message(case_id: UUID, version: int, *, text: str, act: Act) -> None:
    """Writes to whoever has the case, at any time, after closing too."""
    _write(case_id, version, Action.MESSAGE, MessageSent(by=REPORTER), (MessageKind.MESSAGE, text), act)


def add_more(case_id: UUID, version: int, *, text: str, act: Act) -> None:
    """Adds something to the report, at any time, after closing too."""
    _write(case_id, version, Action.ADD_MORE, MoreAdded(by=REPORTER), (MessageKind.ADDITION, text), act)


def provide_information(case_id: UUID, version: int, *, text: str, act: Act) -> None:
    """Answers what was asked; whatever waited for the answer goes on."""
    event = InformationProvided(by=REPORTER)
    _write(case_id, version, Action.PROVIDE_INFORMATION, event, (MessageKind.ANSWER, text), act)


def withdraw(case_id: UUID, version: int, *, asked: AskedToWithdraw, why: str, act: Act) -> None:
    """Takes a report back that nobody has triaged.

    What is said about the reasons is sealed as a reason of the reporter's, for the guardian alone: a code of
    ``AskedToWithdraw`` on the first line, then the words. If somebody asked for it, a guardian is told. Raises ActionNotAllowed once work has begun, or
    where a patient may be at risk.
    """
    text = f"{asked}\n{why}" if asked or why else ""
    wish = Wish(
        events=(ReportWithdrawn(by=REPORTER),),
        texts=_text(MessageKind.REASON, text, is_for_officer=False),
        tells_owner=True,
    )

    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        told = with_guardian(scene, wish) if asked is AskedToWithdraw.YES else wish
        return Occurrence(action=Action.WITHDRAW, is_reporter=True), told

    _enter(case_id, version, act, build)


def set_contact(case_id: UUID, *, address: str | None, act: Act) -> None:
    """Keeps the address for news of this case, or none. It is sealed with the case and used for nothing else.

    Raises InvalidInput for what is no address, and in the MDO's lane for one at an employer's domain.
    """
    with transaction() as session:
        case = _own(session, case_id, act)
        if address is not None:
            _check_address(session, case, address, act)
        changes = _with_contact(session, case, address)
        write(session, [changes], act=act)


def _write(
    case_id: UUID, version: int, action: Action, event: Event, text: tuple[MessageKind, str], act: Act
) -> None:
    def build(scene: Scene) -> tuple[Occurrence, Wish]:
        officer = _officer_asking(scene.session, scene.case) if action in ANSWERING else None
        wish = Wish(
            events=(event,),
            texts=_text(*text, is_for_officer=officer is not None),
            tells=frozenset({officer} if officer else ()),
            tells_owner=True,
        )
        return Occurrence(action=action, is_reporter=True), wish

    _enter(case_id, version, act, build)


def _enter(case_id: UUID, version: int, act: Act, build: Build) -> None:
    """The reporters' door: whose report it is comes before whether the page is old."""
    with transaction() as session:
        case = _own(session, case_id, act)
        if case.version != version:
            raise StaleCase("the page is older than the case")
        enter_unseen(session, case, act, build, standing=AS_REPORTER)


def _own(session: Session, case_id: UUID, act: Act) -> Case:
    """The case, if the actor reported it; to everybody else there is none."""
    case = own_case(session, act.actor, case_id)
    if case is None:
        raise NotFound("no such report")
    return case


def _officer_asking(session: Session, case: Case) -> UUID | None:
    """The officer who wrote to the reporter last, where nobody else did since: then they are who is answered."""
    last = session.execute(
        select(Message.author_membership_id, Message.is_for_officer)
        .where(
            Message.case_id == case.id,
            Message.kind.in_((MessageKind.MESSAGE, MessageKind.QUESTION)),
            Message.author_membership_id.is_not(None),
        )
        .order_by(Message.sent_at.desc(), Message.id)
        .limit(1)
    ).one_or_none()
    return last.author_membership_id if last is not None and last.is_for_officer else None


def _text(kind: MessageKind, body: str, *, is_for_officer: bool) -> tuple[Text, ...]:
    """Words of the reporter, without any membership: a case never says who that is."""
    if not body:
        return ()
    return (Text(kind=kind, body=body, author_role=Role.MEMBER, is_for_officer=is_for_officer),)


def _check_address(session: Session, case: Case, address: str, act: Act) -> None:
    if not is_address(address):
        raise InvalidInput("address", "no_address")
    is_private = case.kind is Kind.ADVICE or case.identity is not ReporterIdentity.OPEN
    person_id, domain = act.actor.person_id, address.rpartition("@")[2]
    if is_private and person_id and is_at_workplace(session, person_id, domain):
        raise InvalidInput("address", "employers")


def _with_contact(session: Session, case: Case, address: str | None) -> Changes:
    """A change of the address and of nothing else."""
    snapshot = load(session, case.id)
    definition = definition_of(session, case.definition_hash)
    key = case_key(session, case.id, organisation_id=case.organisation_id)
    context = sealed_at(case, table="case", column="contact", row=case.id)
    sealed = seal(key, address, context=context) if address else None
    wish = Wish(events=(NewsChosen(by=REPORTER, is_wanted=sealed is not None),))
    return Changes(
        definition=definition,
        before=snapshot,
        after=snapshot,
        values={**case_values(definition, snapshot), "contact_sealed": sealed},
        events=wish.events,
        wish=wish,
    )
