"""What becomes of a report, as its reporter reads it, and what they can still do about it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.database import reader, transaction
from app.domain.errors import ActionNotAllowed, InvalidInput, NotFound, StaleCase
from app.domain.events import CaseViewed, CaseViewedAgain, LookupMissed, LookupMissedAgain
from app.domain.plan import Item
from app.domain.report import RiskNow
from app.domain.vocabulary import MessageKind, Outcome, PatientData, Role, Severity
from app.domain.workflow import Action, ClockState
from app.models.case import Case, CaseParty
from app.models.deadline import Deadline
from app.models.ledger import AuditEntry
from app.models.mail import Mail, MailKind
from app.models.message import Message
from app.models.organisation import Organisation
from app.queries import reports
from app.queries.case_file import file_of
from app.queries.cases import standing_in
from app.queries.reports import NoWithdrawal, OwnFile
from app.services import casework, deadlines, disclosure, reporting
from app.services.casting import Employed
from app.services.definitions import definition_of
from app.services.reporting import AskedToWithdraw
from app.services.submitting import Sent
from tests.factories import PASSWORD, World
from tests.infrastructure.canaries import Canaries
from tests.infrastructure.markup import Page
from tests.infrastructure.strict_client import StrictClient
from tests.integration.reporter import Reporter, links

PAGES = ("", "/message", "/add", "/answer", "/withdraw", "/news")
UNKNOWN = "C-7K3F-9QMX-H"
SCRIPT = "<script>alert('canary-7731')</script>"
CSRF = re.compile(r'name="csrf_token"[^>]*value="[^"]*"|value="[^"]*"[^>]*name="csrf_token"')
Clients = Callable[[], StrictClient]


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody of the cast, as they sign in."""

    email: str
    password: str = PASSWORD


def signed_in(clients: Clients, who: Employed) -> StrictClient:
    client = clients()
    client.sign_in(Account(who.email))
    return client


def act(
    world: World, fn: Callable[..., Any], sent: Sent, *, by: Employed | None = None, **known: Any
) -> None:
    """One act of the owner, or of whoever is named, on the case as it is now."""
    case, who = world.case(sent), by or world.owner(sent)
    with world.app.app_context():
        fn(sent.case_id, case.version, act=world.act(who), **known)


def ask(world: World, sent: Sent, question: str = "Whose phone is it on?") -> None:
    act(world, casework.request_information, sent, question=question, why="")


def close(world: World, sent: Sent, **known: Any) -> None:
    closing = casework.Closing(
        **({"outcome": Outcome.LEARNING, "text": "We agreed what to learn from it.", "learning": ""} | known)
    )
    act(world, casework.close, sent, closing=closing)


def own_file(world: World, who: Employed, sent: Sent) -> OwnFile | None:
    actor = world.actor(who)
    with world.app.app_context():
        return reports.own_report(actor, sent.reference, defined=definition_of)


def rows(world: World, query: Any) -> list[Any]:
    with world.app.app_context():
        return list(reader().scalars(query))


def clock_rows(world: World, sent: Sent, clock: str) -> list[Deadline]:
    return rows(
        world,
        select(Deadline)
        .where(Deadline.case_id == sent.case_id, Deadline.clock == clock, Deadline.rung == 0)
        .order_by(Deadline.generation),
    )


def words(response: Any) -> str:
    """What a person reads in the main part of a page, in one line."""
    text = " ".join(Page.parse(response.text).root.itertext())
    return " ".join(text.split())


# Whose they are


def test_a_doctor_finds_their_reports_in_both_rooms_side_by_side(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent, asked = world.self_report(by=doctor), world.advice(by=doctor)
    shown = words(signed_in(another_client, doctor).get("/reports"))
    assert sent.reference in shown
    assert asked.reference in shown
    assert "in confidence, only you and your MDO" in shown


def test_nothing_stored_joins_the_two_cases_of_one_person(world: World) -> None:
    doctor = world.doctor()
    sent, asked = world.self_report(by=doctor), world.advice(by=doctor)
    tokens = {
        one.case_id: rows(world, select(CaseParty.token).where(CaseParty.case_id == one.case_id))
        for one in (sent, asked)
    }
    assert not set(tokens[sent.case_id]) & set(tokens[asked.case_id])


def test_a_colleague_has_no_reports_of_others(world: World, another_client: Clients) -> None:
    sent = world.self_report()
    shown = words(signed_in(another_client, world.doctor()).get("/reports"))
    assert "You have not sent a report." in shown
    assert sent.reference not in shown


@pytest.mark.parametrize("page", PAGES)
def test_anothers_report_answers_exactly_like_one_that_does_not_exist(
    page: str, world: World, another_client: Clients
) -> None:
    sent = world.self_report()
    client = signed_in(another_client, world.doctor())
    client.get("/reports")  # the first page of a session sets its cookie
    hidden, unknown = (client.get(f"/reports/{one}{page}") for one in (sent.reference, UNKNOWN))
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert CSRF.sub("", hidden.text) == CSRF.sub("", unknown.text)
    assert dict(hidden.headers) | {"Date": ""} == dict(unknown.headers) | {"Date": ""}


def test_whoever_works_on_a_report_does_not_reach_it_as_its_reporter(
    world: World, another_client: Clients
) -> None:
    sent = world.self_report()
    client = signed_in(another_client, world.owner(sent))
    assert client.get(f"/reports/{sent.reference}").status_code == 404


@pytest.mark.parametrize("write", [reporting.message, reporting.add_more, reporting.provide_information])
def test_a_service_writes_nothing_into_anothers_report(write: Callable[..., None], world: World) -> None:
    sent, stranger = world.self_report(), world.doctor()
    with pytest.raises(NotFound):
        act(world, write, sent, by=stranger, text="I am not who I seem")


def test_whose_it_is_comes_before_whether_the_page_is_old(world: World) -> None:
    sent, stranger = world.self_report(), world.doctor()
    stale = world.act(stranger)
    with world.app.app_context(), pytest.raises(NotFound):
        reporting.message(sent.case_id, 99, text="anything", act=stale)


def test_a_slip_in_the_reference_is_told_before_anything_is_looked_up(
    world: World, another_client: Clients
) -> None:
    client = signed_in(another_client, world.doctor())
    response = client.get("/reports/C-7K3F-9QMX-J")
    assert response.status_code == 404
    assert "There is a slip in that reference" in words(response)
    assert rows(world, select(AuditEntry).where(AuditEntry.action == LookupMissed.tag)) == []


def test_a_reference_may_be_written_carelessly(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    careless = sent.reference.lower().replace("-", "")
    response = signed_in(another_client, doctor).get(f"/reports/{careless}")
    assert response.location == f"/reports/{sent.reference}"


# What is told, and what is not


def test_how_urgent_it_is_shows_only_after_somebody_decided(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    client = signed_in(another_client, doctor)
    assert "How urgent" not in words(client.get(f"/reports/{sent.reference}"))
    world.triage(sent, severity=Severity.HIGH)
    shown = words(client.get(f"/reports/{sent.reference}"))
    assert "How urgent High" in shown
    assert "Not every departure from the guidance is serious." in shown
    assert "everity" not in shown


def test_a_note_never_reaches_the_reporter(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    act(world, casework.note, sent, text="Between handlers: canary-note")
    page = signed_in(another_client, doctor).get(f"/reports/{sent.reference}").text
    assert "canary-note" not in page
    assert "added a note" not in page


def test_who_has_it_is_told_by_role_and_never_by_name(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    owner = world.owner(sent)
    act(world, casework.acknowledge, sent, text="I have read it and will look into it.")
    actor = world.act(owner)
    with world.app.app_context():
        disclosure.open_case(sent.reference, act=actor)
    client = signed_in(another_client, doctor)
    for page in ("/reports", f"/reports/{sent.reference}"):
        response = client.get(page)
        assert "The clinical lead at Larkfield Hospitals" in words(response)
        assert owner.name not in response.text


def test_the_reporter_sees_who_looked_by_role_and_time_and_not_themselves(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    client = signed_in(another_client, doctor)
    client.get(f"/reports/{sent.reference}")
    assert "Nobody has opened it yet." in words(client.get(f"/reports/{sent.reference}"))
    opening = world.act(world.owner(sent))
    with world.app.app_context():
        disclosure.open_case(sent.reference, act=opening)
    assert "Clinical lead, Tuesday 7 April 2026, 9am" not in words(client.get("/reports"))
    assert "Who has seen it Clinical lead, Today, 9am" in words(client.get(f"/reports/{sent.reference}"))


def test_a_reason_for_less_urgency_is_read_by_the_reporter(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor, harm="H3")
    world.triage(sent, severity=Severity.LOW, reason="It was seen by one person only.")
    shown = words(signed_in(another_client, doctor).get(f"/reports/{sent.reference}"))
    said = "How urgent it is was changed from High to Low. Reason given: It was seen by one person only."
    assert said in shown


def test_what_was_sent_reads_as_it_was_checked(world: World, another_client: Clients) -> None:
    reporter = Reporter(another_client(), world, world.doctor())
    draft_id = reporter.draft(removed_on="2026-04-01", removed_time="14:05")
    address = next(one for one in links(reporter.sent(draft_id)) if one.startswith("/reports/C-"))
    shown = reporter.client.page(address).text()
    assert "Wednesday 1 April 2026" in shown
    assert "2:05pm" in shown
    assert "2026-04-01" not in shown


def test_whoever_has_no_draft_is_told_so(world: World, another_client: Clients) -> None:
    assert "You have no saved drafts." in words(signed_in(another_client, world.doctor()).get("/reports"))


def test_every_promise_says_why_it_is_that_date(world: World) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor, patient_data=PatientData.YES, identifiability="I2")
    file = own_file(world, doctor, sent)
    assert file is not None
    assert {one.clock.code for one in file.report.clocks} == {
        "ACK", "TRIAGE", "CONTAIN", "ICO", "FB20", "FB3M",
    }  # fmt: skip
    assert all(one.why and one.why.due == one.due_at for one in file.report.clocks)


def test_a_promise_that_was_broken_is_admitted_with_who_was_told(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.clock.move_to(clock_rows(world, sent, "ACK")[0].due_at + timedelta(minutes=1))
    with world.app.app_context():
        deadlines.sweep(now=world.clock())
    shown = words(signed_in(another_client, doctor).get(f"/reports/{sent.reference}"))
    assert "We said Thursday 9 April 2026 at 5pm. That date has passed." in shown
    assert "The clinical lead has been told." in shown


def test_a_promise_kept_says_so(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    act(world, casework.acknowledge, sent, text="Thank you, I have read it.")
    assert "A person confirms that they have your report. Kept." in words(
        signed_in(another_client, doctor).get(f"/reports/{sent.reference}")
    )


def test_a_closed_report_leads_with_its_outcome_and_what_was_learnt(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.triage(sent)
    close(world, sent, text="You put it right yourself, thank you.", learning="Ask before posting.")
    client = signed_in(another_client, doctor)
    assert "Outcome Learning was agreed What was learnt Ask before posting." in words(client.get("/reports"))
    shown = words(client.get(f"/reports/{sent.reference}"))
    assert "You put it right yourself, thank you." in shown


def test_agreed_actions_are_told_with_their_number_and_without_who_does_them(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.triage(sent)
    due_on = (world.clock() + timedelta(days=9)).date()
    item = Item(what="Read the guidance together", who="Dr Name Unsaid", due_on=due_on)
    act(world, casework.agree_actions, sent, items=[item])
    shown = words(signed_in(another_client, doctor).get(f"/reports/{sent.reference}"))
    assert "1 action was agreed." in shown
    assert "Read the guidance together" in shown
    assert "Name Unsaid" not in shown


def test_what_waits_for_the_reporter_stands_first(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    older = world.self_report(by=doctor)
    world.clock.advance(hours=1)
    newer = world.self_report(by=doctor)
    world.triage(older)
    ask(world, older)
    shown = words(signed_in(another_client, doctor).get("/reports"))
    assert "A question is waiting for you." in shown
    assert "Please answer by Tuesday 21 April 2026." in shown
    assert shown.index("We need something from you") < shown.index(newer.reference)


# Writing


def test_a_message_reaches_the_case_without_any_name_and_the_owner_is_told(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    before = len(rows(world, select(Mail).where(Mail.case_id == sent.case_id)))
    client = signed_in(another_client, doctor)
    client.submit(f"/reports/{sent.reference}/message", {"text": "I have taken it down."})
    message = rows(world, select(Message).where(Message.case_id == sent.case_id))[0]
    assert (message.kind, message.author_role, message.author_membership_id) == (
        MessageKind.MESSAGE,
        Role.MEMBER,
        None,
    )
    mails = rows(world, select(Mail).where(Mail.case_id == sent.case_id, Mail.kind == MailKind.NEEDS_YOU))
    assert len(mails) == before + 1
    assert "I have taken it down." in words(client.get(f"/reports/{sent.reference}"))


def test_the_words_of_a_reporter_are_nowhere_in_clear(
    world: World, another_client: Clients, canaries: Canaries
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor, category="CONF-ID", patient_data=PatientData.NO)
    client = signed_in(another_client, doctor)
    for page, field in (("message", "text"), ("add", "text"), ("withdraw", "why")):
        client.submit(f"/reports/{sent.reference}/{page}", {field: canaries.register(f"canary-{page}-4471")})


def test_more_can_be_added_after_closing(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.triage(sent)
    close(world, sent)
    client = signed_in(another_client, doctor)
    response = client.submit(
        f"/reports/{sent.reference}/add", {"text": "One more thing came up."}, follow_redirects=True
    )
    assert "You have added more." in words(response)


def test_a_reporters_own_message_does_not_count_as_news(world: World) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.triage(sent)
    act(world, reporting.message, sent, by=doctor, text="Is there any news?")
    assert clock_rows(world, sent, "FB20")[0].state is ClockState.ARMED
    act(world, casework.message, sent, text="Yes: we are nearly done.")
    assert clock_rows(world, sent, "FB20")[0].state is ClockState.MET


def test_an_answer_ends_the_wait_and_the_review_goes_on(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.triage(sent)
    ask(world, sent)
    client = signed_in(another_client, doctor)
    client.submit(f"/reports/{sent.reference}", {"text": "It is on my own phone."})
    assert world.case(sent).state == "in_review"
    assert clock_rows(world, sent, "WAIT")[0].state is ClockState.MET
    assert rows(world, select(Message).where(Message.kind == MessageKind.ANSWER)) != []


def test_an_answer_to_the_adviser_starts_the_reply_clock_again(world: World) -> None:
    doctor = world.doctor()
    asked = world.advice(by=doctor)
    act(world, casework.request_information, asked, question="Is it still up?", why="")
    assert [one.state for one in clock_rows(world, asked, "MDO-REPLY")] == [ClockState.MET]
    world.clock.advance(days=1)
    act(world, reporting.provide_information, asked, by=doctor, text="No, I took it down.")
    first, second = clock_rows(world, asked, "MDO-REPLY")
    assert (first.state, second.state) == (ClockState.MET, ClockState.ARMED)
    assert second.due_at.isoformat() == "2026-04-09T16:00:00+00:00"


def test_nothing_can_be_answered_that_was_not_asked(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    assert signed_in(another_client, doctor).get(f"/reports/{sent.reference}/answer").status_code == 409
    with pytest.raises(ActionNotAllowed):
        act(world, reporting.provide_information, sent, by=doctor, text="Nobody asked me")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Write your message"),
        (" \n ", "Write your message"),
        ("x" * 1_000_000, "It must be 5,000 characters or fewer. You have used 1,000,000"),
        ("a bell \x07 rings", "It includes characters we cannot save."),
    ],
    ids=["empty", "blank", "a megabyte", "control character"],
)
def test_a_bad_message_is_told_beside_its_field_and_nothing_is_stored(
    text: str, said: str, world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    response = signed_in(another_client, doctor).submit(f"/reports/{sent.reference}/message", {"text": text})
    assert response.status_code == 200
    assert words(response).count(said) == 2
    assert rows(world, select(Message)) == []


def test_a_text_that_was_refused_is_kept_on_the_page(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    response = signed_in(another_client, doctor).submit(
        f"/reports/{sent.reference}/message", {"text": "kept " * 1001}
    )
    assert "kept kept kept" in response.text


def test_a_script_in_a_message_is_shown_and_never_run(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    client = signed_in(another_client, doctor)
    client.submit(f"/reports/{sent.reference}/message", {"text": SCRIPT})
    response = client.get(f"/reports/{sent.reference}")
    assert SCRIPT not in response.text
    assert "alert(&#39;canary-7731&#39;)" in response.text


def test_a_form_that_is_older_than_the_case_shows_what_changed_and_keeps_the_text(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    client = signed_in(another_client, doctor)
    sheet = Page.parse(client.get(f"/reports/{sent.reference}/message").text).forms()[-1]
    act(world, casework.acknowledge, sent, text="Thank you, I have read it.")
    response = client.post(
        f"/reports/{sent.reference}/message", data=sheet.filled({"text": ["Please keep these words."]})
    )
    assert response.status_code == 409
    assert "The clinical lead confirmed they have it." in words(response)
    assert "Please keep these words." in words(response)
    assert len(rows(world, select(Message).where(Message.kind == MessageKind.MESSAGE))) == 0


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "9" * 40, "１"])
def test_a_version_that_was_tampered_with_is_an_old_one(
    version: str, world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    response = signed_in(another_client, doctor).submit(
        f"/reports/{sent.reference}/message", {"text": "Something to say.", "version": version}
    )
    assert response.status_code == 409


# Withdrawing


def test_a_report_that_nobody_read_can_be_withdrawn(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    client = signed_in(another_client, doctor)
    response = client.submit(f"/reports/{sent.reference}/withdraw", {}, follow_redirects=True)
    assert "You have withdrawn the report." in words(response)
    assert world.case(sent).state == "withdrawn"
    assert all(
        not row.ended_at or row.state is not ClockState.ARMED for row in clock_rows(world, sent, "TRIAGE")
    )


@pytest.mark.parametrize(
    ("facts", "is_triaged", "why"),
    [
        ({"patient_data": PatientData.YES}, False, "Because a patient may be at risk."),
        ({"patient_data": PatientData.UNSURE}, False, "Because a patient may be at risk."),
        ({"risk_now": RiskNow.YES}, False, "Because a patient may be at risk."),
        ({}, True, "Because work on it has started."),
    ],
)
def test_a_report_that_matters_to_others_cannot_be_withdrawn_and_says_why(
    facts: dict[str, Any], is_triaged: bool, why: str, world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor, **facts)
    if is_triaged:
        world.triage(sent)
    shown = words(signed_in(another_client, doctor).get(f"/reports/{sent.reference}/withdraw"))
    assert "You cannot withdraw this report" in shown
    assert why in shown
    with pytest.raises(ActionNotAllowed):
        act(world, reporting.withdraw, sent, by=doctor, asked=AskedToWithdraw.NOT_SAID, why="")


def test_advice_is_not_withdrawn_but_ended_by_a_word_to_the_adviser(world: World) -> None:
    doctor = world.doctor()
    asked = world.advice(by=doctor)
    file = own_file(world, doctor, asked)
    assert file is not None
    assert file.report.no_withdrawal is NoWithdrawal.ADVICE
    assert Action.WITHDRAW not in file.report.can


def test_who_pressed_a_reporter_to_withdraw_is_for_the_guardian_alone(world: World) -> None:
    doctor, subject = world.doctor(), world.doctor()
    sent = world.concern(by=doctor, about=subject)
    act(
        world,
        reporting.withdraw,
        sent,
        by=doctor,
        asked=AskedToWithdraw.YES,
        why="My supervisor told me to.",
    )

    def reads(who: Employed) -> list[str]:
        actor = world.actor(who)
        with world.app.app_context():
            session = reader()
            case = session.get_one(Case, sent.case_id)
            return [text.body for text in file_of(case, standing_in(session, actor, case), actor).texts]

    assert reads(world.owner(sent)) == []
    assert reads(world.holder(Role.GUARDIAN)) == ["yes\nMy supervisor told me to."]
    file = own_file(world, doctor, sent)
    assert file is not None
    assert file.messages == ()


@pytest.mark.parametrize("asked", [AskedToWithdraw.YES, AskedToWithdraw.RATHER_NOT])
def test_a_guardian_is_told_in_private_that_somebody_pressed_a_reporter(
    world: World, another_client: Clients, asked: AskedToWithdraw
) -> None:
    doctor, guardian = world.doctor(), world.holder(Role.GUARDIAN)
    sent = world.self_report(by=doctor)
    owner = world.owner(sent)
    act(world, reporting.withdraw, sent, by=doctor, asked=asked, why="My supervisor told me to.")
    is_told = asked is AskedToWithdraw.YES
    assert (guardian.membership_id in world.handlers(sent)) is is_told
    assert world.sees(guardian, sent) is is_told
    assert (world.open_cases(guardian), world.open_cases(owner)) == (0, 0)
    owners = words(signed_in(another_client, owner).get(f"/cases/{sent.reference}"))
    assert "My supervisor told me to." not in owners
    assert "uardian" not in owners
    if is_told:
        shown = words(signed_in(another_client, guardian).get(f"/cases/{sent.reference}"))
        assert "Somebody asked the reporter to withdraw. My supervisor told me to." in shown


def test_whoever_stands_in_for_a_guardian_reads_it_too(world: World, another_client: Clients) -> None:
    doctor, guardian = world.doctor(), world.holder(Role.GUARDIAN)
    lead = world.holder(Role.BOARD_LEAD)
    sent = world.concern(by=doctor, about=guardian)
    act(world, reporting.withdraw, sent, by=doctor, asked=AskedToWithdraw.YES, why="He shouted.")
    assert not world.sees(guardian, sent)
    shown = words(signed_in(another_client, lead).get(f"/cases/{sent.reference}"))
    assert "Somebody asked the reporter to withdraw. He shouted." in shown


# News by mail


def set_domains(world: World, organisation_id: Any, domains: str) -> None:
    with world.app.app_context(), transaction() as session:
        session.execute(
            update(Organisation).where(Organisation.id == organisation_id).values(mail_domains=domains)
        )


def test_news_goes_only_to_an_address_that_was_given_for_this_report(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)

    def news() -> int:
        with world.app.app_context():
            query = select(func.count()).where(Mail.case_id == sent.case_id, Mail.kind == MailKind.NEWS)
            return reader().scalar(query) or 0

    act(world, casework.acknowledge, sent, text="Thank you, I have read it.")
    assert news() == 0
    client = signed_in(another_client, doctor)
    page = f"/reports/{sent.reference}/news"
    client.submit(page, {"wish": "address", "address": "me@elsewhere.example"})
    world.triage(sent)
    assert news() == 1
    client.submit(page, {"wish": "none"})
    act(world, casework.message, sent, text="There is something to read.")
    assert news() == 1
    assert world.case(sent).contact_sealed is None


@pytest.mark.parametrize(
    ("moves", "known"),
    [
        (casework.refer, {"to": Role.MEDICAL_DIRECTOR, "reason": "line"}),
        (casework.escalate, {"reason": "It is serious.", "knows": "yes"}),
        (casework.recuse, {"kind": "friend", "text": ""}),
    ],
)
def test_whoever_asked_for_news_hears_that_somebody_else_has_it(
    moves: Callable[..., Any], known: dict[str, Any], world: World
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.triage(sent)
    with world.app.app_context():
        reporting.set_contact(sent.case_id, address="me@elsewhere.example", act=world.act(doctor))
    act(world, moves, sent, **known)
    query = select(Mail).where(Mail.case_id == sent.case_id, Mail.kind == MailKind.NEWS)
    assert len(rows(world, query)) == 1


def test_an_address_is_sealed_with_the_case(
    world: World, another_client: Clients, canaries: Canaries
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    address = canaries.register("canary-address-8812@elsewhere.example")
    signed_in(another_client, doctor).submit(
        f"/reports/{sent.reference}/news", {"wish": "address", "address": address}
    )
    file = own_file(world, doctor, sent)
    assert file is not None
    assert file.contact == address


@pytest.mark.parametrize("address", ["me@larkfield.example", "Me@Ward.LARKFIELD.example"])
def test_an_employers_address_is_refused_for_advice_with_the_way_out(
    address: str, world: World, another_client: Clients
) -> None:
    set_domains(world, world.hospital_id, "larkfield.example, trust.example")
    doctor = world.doctor()
    asked = world.advice(by=doctor)
    response = signed_in(another_client, doctor).submit(
        f"/reports/{asked.reference}/news", {"wish": "address", "address": address}
    )
    assert "Use an address that does not belong to your employer." in words(response)
    assert world.case(asked).contact_sealed is None


def test_an_address_that_only_ends_like_the_employers_is_somebody_elses(world: World) -> None:
    set_domains(world, world.hospital_id, "larkfield.example")
    doctor = world.doctor()
    asked, own = world.advice(by=doctor), world.act(doctor)
    with world.app.app_context():
        reporting.set_contact(asked.case_id, address="me@notlarkfield.example", act=own)
    assert world.case(asked).contact_sealed is not None


def test_an_employers_address_will_do_for_a_report_to_the_employer(world: World) -> None:
    set_domains(world, world.hospital_id, "larkfield.example")
    doctor = world.doctor()
    sent, own = world.self_report(by=doctor), world.act(doctor)
    with world.app.app_context():
        reporting.set_contact(sent.case_id, address="me@larkfield.example", act=own)
    assert world.case(sent).contact_sealed is not None


@pytest.mark.parametrize("address", ["", "me", "me@here", "me@@elsewhere.example", "a b@elsewhere.example"])
def test_what_is_no_address_is_told_beside_the_field(
    address: str, world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    response = signed_in(another_client, doctor).submit(
        f"/reports/{sent.reference}/news", {"wish": "address", "address": address}
    )
    assert "Enter an e-mail address like name@example.com" in words(response)


def test_nobody_else_chooses_where_news_goes(world: World) -> None:
    sent, stranger = world.self_report(), world.act(world.doctor())
    with world.app.app_context(), pytest.raises(NotFound):
        reporting.set_contact(sent.case_id, address="me@elsewhere.example", act=stranger)


def test_a_header_cannot_be_smuggled_into_an_address(world: World) -> None:
    doctor = world.doctor()
    sent, own = world.self_report(by=doctor), world.act(doctor)
    with world.app.app_context(), pytest.raises(InvalidInput):
        reporting.set_contact(sent.case_id, address="me@elsewhere.example\nBcc: all@x.example", act=own)


# What is written down


def tags(world: World, sent: Sent) -> list[str]:
    return rows(
        world,
        select(AuditEntry.action).where(AuditEntry.case_id == sent.case_id).order_by(AuditEntry.case_seq),
    )


def test_opening_ones_own_report_is_written_down_once_and_then_counted(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    client = signed_in(another_client, doctor)
    for _ in range(3):
        client.get(f"/reports/{sent.reference}")
    assert tags(world, sent).count(CaseViewed.tag) == 1
    world.clock.advance(minutes=6)
    with world.app.app_context():
        disclosure.close_tallies(world.clock())
    assert tags(world, sent)[-1] == CaseViewedAgain.tag


def test_looking_for_anothers_report_is_written_down_outside_any_case(
    world: World, another_client: Clients
) -> None:
    sent = world.self_report()
    before = tags(world, sent)
    signed_in(another_client, world.doctor()).get(f"/reports/{sent.reference}")
    misses = rows(world, select(AuditEntry).where(AuditEntry.action == LookupMissed.tag))
    assert [entry.case_id for entry in misses] == [None]
    assert tags(world, sent) == before


def test_what_somebody_looks_for_among_their_reports_is_written_to_their_own_log_once(
    world: World, another_client: Clients
) -> None:
    client = signed_in(another_client, world.doctor())
    for reference in (world.self_report().reference, world.advice().reference, "C-0000-0000-0"):
        assert client.get(f"/reports/{reference}").status_code == 404
    world.clock.advance(minutes=6)
    with world.app.app_context():
        disclosure.close_tallies(world.clock())
    looked = select(AuditEntry).where(AuditEntry.action.startswith("case:lookup:")).order_by(AuditEntry.at)
    entries = rows(world, looked)
    assert [entry.action for entry in entries] == [LookupMissed.tag, LookupMissedAgain.tag]
    assert all(entry.log.startswith("person:") for entry in entries)


def test_each_act_of_the_reporter_is_in_the_trail(world: World) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    before = len(tags(world, sent))
    act(world, reporting.message, sent, by=doctor, text="A message.")
    act(world, reporting.add_more, sent, by=doctor, text="An addition.")
    own = world.act(doctor)
    with world.app.app_context():
        reporting.set_contact(sent.case_id, address=None, act=own)
    act(world, reporting.withdraw, sent, by=doctor, asked=AskedToWithdraw.NO, why="")
    assert tags(world, sent)[before:] == [
        "case:message:sent",
        "case:more:added",
        "case:news:chosen",
        "case:withdrawal:made",
    ]


def test_two_answers_at_once_cannot_both_win(world: World) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    version, own = world.case(sent).version, world.act(doctor)
    with world.app.app_context():
        reporting.message(sent.case_id, version, text="The first.", act=own)
        with pytest.raises(StaleCase):
            reporting.message(sent.case_id, version, text="The second.", act=own)


def test_dates_promised_at_one_moment_are_one_line_and_what_was_kept_is_not_told_twice(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    sent = world.self_report(by=doctor)
    world.triage(sent)
    shown = words(signed_in(another_client, doctor).get(f"/reports/{sent.reference}"))
    assert shown.count("4 dates were promised: see Promised dates.") == 1
    assert "A date was" not in shown
    assert "Done on time" not in shown
