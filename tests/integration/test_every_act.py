"""Whatever a page changes leaves an entry in a log, in the same step. Each address that takes a form is driven once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.database import reader
from app.domain.plan import Item
from app.domain.vocabulary import Identifiability, Outcome, PatientData, Post, RelationKind, Role, StillLive
from app.keychain import account_code
from app.models.account import AccountCode
from app.models.invitation import Invitation
from app.models.ledger import AuditEntry
from app.models.message import ActionItem
from app.models.organisation import Closure
from app.models.person import Relation
from app.services import accounts, addresses, casework, invitations, organisations, people
from app.services.casting import Employed
from app.services.submitting import Sent
from tests.factories import PASSWORD
from tests.infrastructure.databases import ENGINES, Databases
from tests.infrastructure.markup import Page
from tests.infrastructure.strict_client import StrictClient, form_for
from tests.integration.premises import Premises, QuickClient, premises
from tests.integration.reporter import Reporter

# What keeps an answer in a draft of one's own is no act on anything: starting and deleting the draft are.
KEEPS_A_DRAFT = {"reporting.question"}
NEW_PASSWORD = "seven brown kettles sing in May"
REASON = "The ward manager told us so on the day."


@pytest.fixture(scope="module", params=ENGINES)
def place(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Premises]:
    """An installation in which each test has a case, a person or a draft of its own."""
    with premises(databases, request.param, tmp_path_factory.mktemp("acts"), client=QuickClient) as made:
        yield made


@dataclass(frozen=True)
class Deed:
    """Who sends which form, at which address, filled in how."""

    who: Employed | None
    address: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    form_at: str = ""


def sends(place: Premises, deed: Deed) -> tuple[TestResponse, list[str]]:
    """Opens the page, then sends its form: the answer, and what was written into the logs by sending."""
    client = place.new_client() if deed.who is None else place.signed_in(deed.who)
    shown = client.get(deed.form_at or deed.address)
    assert shown.status_code == 200, shown.text
    form = form_for(Page.parse(shown.text), deed.answers)
    sent = form.filled({name: [value] for name, value in deed.answers.items()})
    before = written(place)
    target = deed.address if deed.form_at else urljoin(shown.request.url, form.action)
    answer = client.post(target, data=sent)
    return answer, written(place, after=before)


def written(place: Premises, *, after: list[str] | None = None) -> list[str]:
    """The tags of all entries, but for openings; or of those that came since."""
    with place.app.app_context():
        counted = reader().execute(
            select(AuditEntry.action, func.count()).group_by(AuditEntry.action).order_by(AuditEntry.action)
        )
        now = [tag for tag, count in counted for _ in range(count) if not tag.startswith("case:view:")]
    for tag in after or ():
        now.remove(tag)
    return now


# Cases, as each act needs them


def new(place: Premises) -> Sent:
    return place.world.self_report()


def triaged(place: Premises) -> Sent:
    sent = new(place)
    place.world.triage(sent)
    return sent


def closed(place: Premises) -> Sent:
    sent = triaged(place)
    closing = casework.Closing(outcome=Outcome.PUT_RIGHT, text="It was put right and we talked it over.")
    place.world.do(casework.close, sent, closing=closing)
    return sent


def about_a_patient(place: Premises) -> Sent:
    return place.world.self_report(
        category="CONF-ID",
        patient_data=PatientData.YES,
        identifiability=Identifiability.I3,
        still_live=StillLive.YES,
    )


def asked(place: Premises) -> Sent:
    sent = triaged(place)
    place.world.do(casework.request_information, sent, question="Which town was it?", why="")
    return sent


def agreed(place: Premises) -> tuple[Sent, UUID]:
    sent = triaged(place)
    item = Item(what="Talk it over", who="The reporter", due_on=date(2026, 5, 1))
    place.world.do(casework.agree_actions, sent, items=[item])
    with place.app.app_context():
        found = reader().scalars(select(ActionItem.id).where(ActionItem.case_id == sent.case_id)).one()
    return sent, found


def advised(place: Premises) -> Sent:
    sent = place.world.advice()
    closing = casework.Closing(outcome=Outcome.ADVISED, text="You have what you need to answer them.")
    place.world.do(casework.close, sent, closing=closing)
    return sent


def at_work(place: Premises, sent: Sent, page: str, **answers: object) -> Deed:
    return Deed(place.world.owner(sent), f"/cases/{sent.reference}/{page}", answers)


def in_the_room(place: Premises, page: str, *, sent: Sent | None = None, **answers: object) -> Deed:
    sent = sent or place.world.advice()
    return Deed(place.world.owner(sent), f"/advice/{sent.reference}/{page}", answers)


def ones_own(place: Premises, page: str, *, asks: bool = False, **answers: object) -> Deed:
    who = place.world.doctor()
    sent = place.world.self_report(by=who)
    if asks:
        place.world.triage(sent)
        place.world.do(casework.request_information, sent, question="Which town was it?", why="")
    return Deed(who, f"/reports/{sent.reference}/{page}", answers)


def completes(place: Premises) -> Deed:
    sent, item = agreed(place)
    return at_work(place, sent, f"complete-action/{item}", done="We talked for an hour.")


def decides_on_the_patient(place: Premises) -> Deed:
    sent = about_a_patient(place)
    officer = place.world.holder(Role.DATA_PROTECTION_OFFICER)
    answers = {"patient_data": "yes", "risk": "likely", "reason": REASON}
    return Deed(officer, f"/cases/{sent.reference}/patient-data", answers)


def tells_the_gmc(place: Premises) -> Deed:
    somebody = "Somebody else, named in the reason"
    told = {"body": "gmc", "told_by": somebody, "told_on": "7 4 2026", "reason": REASON}
    return at_work(place, triaged(place), "outside-notice", **told)


def checks(place: Premises) -> Deed:
    who = place.world.doctor()
    filled = Reporter(place.new_client(), place.world, who).fill("self-report")
    return Deed(who, filled, {})


def deletes(place: Premises) -> Deed:
    who = place.world.doctor()
    return Deed(who, f"/drafts/{place.draft(by=who)}/delete")


# Accounts and organisations


def with_another_role(place: Premises) -> Deed:
    who = place.world.doctor()
    second = place.world.appoint(who, Role.SUPERVISOR)
    return Deed(who, "/choose-membership", {"membership": str(second.membership_id)})


def changes_the_password(place: Premises) -> Deed:
    return Deed(place.world.doctor(), "/account/password", {"current": PASSWORD, "password": NEW_PASSWORD})


def uses_a_code(place: Premises) -> Deed:
    who = place.world.doctor()
    with place.app.app_context():
        accounts.ask_for_code(who.email, act=place.world.act(who))
        newest = reader().scalars(select(AccountCode.id).where(AccountCode.person_id == who.person_id)).one()
        code = account_code(reader(), newest)
    return Deed(None, "/account/code", {"email": who.email, "code": code, "password": NEW_PASSWORD})


def proves_an_address(place: Premises) -> Deed:
    who = place.world.doctor()
    act = place.world.act(who)
    with place.app.app_context():
        addresses.ask_to_add("mine@home.example", act=act)
        newest = reader().scalars(select(AccountCode.id).where(AccountCode.person_id == who.person_id)).one()
        code = account_code(reader(), newest)
    return Deed(who, "/account/address/code", {"code": code, "password": PASSWORD})


def administrator(place: Premises) -> Employed:
    return place.world.holder(Role.ADMINISTRATOR)


def invited(place: Premises) -> tuple[Employed, UUID]:
    """Somebody of another organisation, who was offered a role here."""
    who = place.world.doctor()
    newcomer = people.Newcomer(
        name=who.name, email=who.email, role=Role.SUPERVISOR, post=Post.CONSULTANT, starts_on=date(2026, 4, 7)
    )
    act = place.world.act(administrator(place))
    with place.app.app_context():
        invitations.invite(newcomer, organisation_id=place.world.hospital_id, act=act)
        found = select(Invitation.id).where(Invitation.person_id == who.person_id)
        return who, reader().scalars(found).one()


def accepts(place: Premises) -> Deed:
    who, invitation = invited(place)
    return Deed(who, "/choose-membership/accept", {"invitation": str(invitation)}, "/choose-membership")


def takes_back_an_offer(place: Premises) -> Deed:
    _, invitation = invited(place)
    return Deed(administrator(place), f"/people/invitations/{invitation}/withdraw", form_at="/people")


def invites(place: Premises) -> Deed:
    newcomer = {
        "name": "Dr Wren Example",
        "email": "wren@example.org",
        "role": "supervisor",
        "post": "consultant",
        "starts_on": "8 4 2026",
    }
    return Deed(administrator(place), "/people/new", newcomer)


def ends_a_role(place: Premises) -> Deed:
    return Deed(administrator(place), f"/people/{place.world.doctor().membership_id}/end", {"when": "now"})


def related(place: Premises) -> tuple[Employed, UUID]:
    one, other = place.world.doctor(), place.world.doctor()
    place.world.relate(one, RelationKind.REPORTS_TO, other)
    with place.app.app_context():
        found = select(Relation.id).where(Relation.person_id == one.person_id)
        return one, reader().scalars(found).one()


def relates(place: Premises) -> Deed:
    one, other = place.world.doctor(), place.world.doctor()
    answers = {"kind": "reports_to", "other": str(other.membership_id), "starts_on": "7 4 2026"}
    found = f"/people/{one.membership_id}/relations/new?name={other.name.split()[-1]}"
    return Deed(administrator(place), found, answers)


def ends_a_relation(place: Premises) -> Deed:
    one, relation = related(place)
    person = f"/people/{one.membership_id}"
    return Deed(administrator(place), f"{person}/relations/{relation}/end", form_at=person)


def opens_again(place: Premises) -> Deed:
    day = place.world.clock().date() + timedelta(days=40)
    act = place.world.act(administrator(place))
    with place.app.app_context():
        organisations.add_closure(place.world.hospital_id, day, name="Founder’s day", act=act)
        closure = reader().scalars(select(Closure.id).where(Closure.day == day)).one()
    return Deed(administrator(place), f"/organisation/closures/{closure}/remove", form_at="/organisation")


def sends_a_code(place: Premises) -> Deed:
    person = f"/people/{place.world.doctor().membership_id}"
    return Deed(administrator(place), f"{person}/code", form_at=person)


TRIAGE = {"conflict": "none", "severity": "HIGH", "repeat": "no", "measures": "none", "route": "keep"}
AGREED = {"what_1": "Talk it over", "who_1": "The reporter", "due_1": "1 5 2026"}
CLOSING = {"outcome": "put_right", "text": "It was put right and we talked it over."}
ENDED = "You have what you need to answer them."

DEEDS: dict[str, Callable[[Premises], Deed]] = {
    "casework.acknowledge": lambda place: at_work(place, new(place), "acknowledge"),
    "casework.triage": lambda place: at_work(place, new(place), "triage", **TRIAGE),
    "casework.request_information": lambda place: at_work(
        place, triaged(place), "request-information", question="Which town?"
    ),
    "casework.go_on": lambda place: at_work(place, asked(place), "go-on"),
    "casework.message": lambda place: at_work(place, new(place), "message", text="We look at it."),
    "casework.note": lambda place: at_work(place, new(place), "note", text="Ask the ward."),
    "casework.refer": lambda place: at_work(
        place, new(place), "refer", to="role:medical_director", reason="line"
    ),
    "casework.escalate": lambda place: at_work(place, new(place), "escalate", reason=REASON, knows="no"),
    "casework.recuse": lambda place: at_work(place, new(place), "recuse", kind="know"),
    "casework.agree_actions": lambda place: at_work(place, triaged(place), "agree-actions", **AGREED),
    "casework.complete_action": completes,
    "casework.containment": lambda place: at_work(place, about_a_patient(place), "containment", how="down"),
    "casework.safety_plan": lambda place: at_work(
        place,
        place.world.concern(about=place.world.doctor(), works_together="yes"),
        "safety-plan",
        text="She calls the ward manager.",
    ),
    "casework.patient_data": decides_on_the_patient,
    "casework.outside_notice": tells_the_gmc,
    "casework.resolve_subject": lambda place: at_work(
        place, place.world.concern(), "resolve-subject", person="nobody", reason=REASON, save="1"
    ),
    "casework.close": lambda place: at_work(place, triaged(place), "close", **CLOSING),
    "casework.reopen": lambda place: at_work(place, closed(place), "reopen", reason=REASON, who="same"),
    "advice.reply": lambda place: in_the_room(place, "reply", text="Write nothing yet."),
    "advice.ask": lambda place: in_the_room(place, "ask", question="Which day is it?"),
    "advice.note": lambda place: in_the_room(place, "note", text="No second opinion needed."),
    "advice.refer": lambda place: in_the_room(place, "refer", to="service", reason="absence"),
    "advice.recuse": lambda place: in_the_room(place, "recuse", kind="knows_member"),
    "advice.close": lambda place: in_the_room(place, "close", outcome="advised", text=ENDED),
    "advice.reopen": lambda place: in_the_room(place, "reopen", sent=advised(place), reason=REASON),
    "reporting.first_question": lambda place: Deed(
        place.world.doctor(), "/report/self-report/risk-now", {"risk_now": "no"}
    ),
    "reporting.delete_draft": deletes,
    "reporting.check": checks,
    "reporting.message": lambda place: ones_own(place, "message", text="Is there news?"),
    "reporting.add": lambda place: ones_own(place, "add", text="It was at noon."),
    "reporting.answer": lambda place: ones_own(place, "answer", asks=True, text="In the small town."),
    "reporting.withdraw": lambda place: ones_own(place, "withdraw"),
    "reporting.news": lambda place: ones_own(place, "news", wish="address", address="me@example.net"),
    "account.sign_in": lambda place: Deed(
        None, "/sign-in", {"email": place.world.doctor().email, "password": PASSWORD}
    ),
    "account.sign_out": lambda place: Deed(place.world.doctor(), "/sign-out", form_at="/account"),
    "account.choose_membership": with_another_role,
    "account.accept_invitation": accepts,
    "account.end_other_sessions": lambda place: Deed(
        place.world.doctor(), "/account/sessions/end", form_at="/account"
    ),
    "account.change_password": changes_the_password,
    "account.add_address": lambda place: Deed(
        place.world.doctor(), "/account/address", {"email": "mine@home.example"}
    ),
    "account.prove_address": proves_an_address,
    "account.send_code": lambda place: Deed(
        None, "/account/code/send", {"email": place.world.doctor().email}
    ),
    "account.use_code": uses_a_code,
    "administration.new_person": invites,
    "administration.end_membership": ends_a_role,
    "administration.new_relation": relates,
    "administration.end_relation": ends_a_relation,
    "administration.organisation": lambda place: Deed(
        administrator(place), "/organisation", {"day": "1 6 2026", "name": "Founder’s day"}
    ),
    "administration.change_organisation": lambda place: Deed(
        administrator(place), "/organisation/change", {"on_call_phone": "01632 960 002"}
    ),
    "administration.remove_closure": opens_again,
    "administration.start_reset": sends_a_code,
    "administration.withdraw_invitation": takes_back_an_offer,
}


# What each of them leaves, whatever follows from it.
LEAVES = {
    "casework.acknowledge": "case:report:acknowledged",
    "casework.triage": "case:triage:decided",
    "casework.request_information": "case:information:requested",
    "casework.go_on": "case:wait:ended",
    "casework.message": "case:message:sent",
    "casework.note": "case:note:added",
    "casework.refer": "case:referral:made",
    "casework.escalate": "case:escalation:made",
    "casework.recuse": "case:recusal:made",
    "casework.agree_actions": "case:action:agreed",
    "casework.complete_action": "case:action:completed",
    "casework.containment": "case:containment:recorded",
    "casework.safety_plan": "case:safety:planned",
    "casework.patient_data": "case:patientdata:decided",
    "casework.outside_notice": "case:notice:recorded",
    "casework.resolve_subject": "case:subject:resolved",
    "casework.close": "case:closure:made",
    "casework.reopen": "case:closure:undone",
    "advice.reply": "advice:reply:sent",
    "advice.ask": "case:information:requested",
    "advice.note": "case:note:added",
    "advice.refer": "case:referral:made",
    "advice.recuse": "case:recusal:made",
    "advice.close": "case:closure:made",
    "advice.reopen": "case:closure:undone",
    "reporting.first_question": "account:draft:changed",
    "reporting.delete_draft": "account:draft:changed",
    "reporting.check": "case:report:submitted",
    "reporting.message": "case:message:sent",
    "reporting.add": "case:more:added",
    "reporting.answer": "case:information:provided",
    "reporting.withdraw": "case:withdrawal:made",
    "reporting.news": "case:news:chosen",
    "account.sign_in": "account:session:started",
    "account.sign_out": "account:session:ended",
    "account.choose_membership": "account:membership:chosen",
    "account.accept_invitation": "people:membership:started",
    "account.end_other_sessions": "account:sessions:ended",
    "account.change_password": "account:password:changed",
    "account.send_code": "account:code:sent",
    "account.use_code": "account:password:changed",
    "administration.new_person": "people:person:added",
    "administration.end_membership": "people:membership:ended",
    "administration.new_relation": "people:relation:declared",
    "administration.end_relation": "people:relation:declared",
    "administration.organisation": "calendar:version:changed",
    "administration.change_organisation": "people:organisation:changed",
    "administration.remove_closure": "calendar:version:changed",
    "administration.start_reset": "people:reset:started",
    "administration.withdraw_invitation": "people:invitation:withdrawn",
}


def test_every_address_that_takes_a_form_is_driven(place: Premises) -> None:
    posted = {rule.endpoint for rule in place.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert posted == set(DEEDS) | KEEPS_A_DRAFT
    assert set(LEAVES) == set(DEEDS)


@pytest.mark.parametrize("endpoint", DEEDS)
def test_an_act_leaves_its_entry(place: Premises, endpoint: str) -> None:
    deed = DEEDS[endpoint](place)
    answer, tags = sends(place, deed)
    assert answer.status_code in (200, 302, 303)
    assert "There is a problem" not in answer.text
    assert LEAVES[endpoint] in tags


def test_keeping_an_answer_in_a_draft_tells_no_log(place: Premises) -> None:
    who = place.world.doctor()
    deed = Deed(who, f"/drafts/{place.draft(by=who)}/about", {"about": "tone"})
    answer, tags = sends(place, deed)
    assert answer.status_code == 303
    assert tags == []


def test_looking_for_a_case_that_is_not_there_leaves_an_entry(place: Premises) -> None:
    client: StrictClient = place.client(Role.MEDICAL_DIRECTOR)
    before = written(place)
    assert client.get(f"/cases/{place.unknown()}").status_code == 404
    assert written(place, after=before) == ["case:lookup:missed"]
