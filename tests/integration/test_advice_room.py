"""The MDO adviser's room: who waits for an answer, the private thread, and what an adviser may do in it."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.database import reader
from app.domain.errors import NotFound
from app.domain.report import Answered
from app.domain.vocabulary import Kind, Lane, MessageKind, Outcome, Role
from app.domain.workflow import ClockState
from app.models.case import Case
from app.models.deadline import Deadline
from app.models.message import Message
from app.services import casework
from app.services.casting import Employed
from app.services.submitting import Sent
from tests.factories import World
from tests.infrastructure.markup import Page
from tests.infrastructure.strict_client import StrictClient
from tests.integration.test_my_reports import CSRF, UNKNOWN, act, signed_in, words

ACTS = ("", "/reply", "/ask", "/note", "/refer", "/recuse", "/close", "/reopen")
SCRIPT = "<script>alert('canary-2290')</script>"
BANNER = "Confidential medico-legal advice. The member’s employer’s people cannot see this here."
Clients = Callable[[], StrictClient]


def other_adviser(world: World, sent: Sent) -> Employed:
    """Somebody of the MDO who does not have the case."""
    owner = world.owner(sent)
    advisers = [world.holder(Role.ADVISER, at=world.mdo_id, number=one) for one in range(2)]
    return next(one for one in advisers if one.membership_id != owner.membership_id)


def clocks(world: World, sent: Sent, clock: str) -> list[Deadline]:
    with world.app.app_context():
        return list(
            reader().scalars(
                select(Deadline)
                .where(Deadline.case_id == sent.case_id, Deadline.clock == clock)
                .order_by(Deadline.generation)
            )
        )


def texts(world: World, sent: Sent, kind: MessageKind) -> int:
    with world.app.app_context():
        query = select(Message.id).where(Message.case_id == sent.case_id, Message.kind == kind)
        return len(reader().scalars(query).all())


def answered(question: str, said: str) -> Answered:
    return Answered(
        question=question, page="contacts", version=1, wording=question, value=said, words=said, lane=Lane.MDO
    )


# The queue


def test_the_queue_opens_on_the_answer_that_is_due_first(world: World, another_client: Clients) -> None:
    first = world.advice(category="TRU-TONE")
    owner = world.owner(first)
    world.clock.advance(days=1)
    later = [world.advice() for _ in range(4)]
    mine = [one for one in later if world.owner(one).membership_id == owner.membership_id]
    shown = words(signed_in(another_client, owner).get("/advice"))
    assert mine
    assert shown.index(first.reference) < min(shown.index(one.reference) for one in mine)
    assert "Tone" in shown
    assert "Answer the member Due today at 5pm" in shown


def test_an_adviser_sees_only_their_own_members(world: World, another_client: Clients) -> None:
    sent = world.advice()
    shown = words(signed_in(another_client, other_adviser(world, sent)).get("/advice"))
    assert sent.reference not in shown
    assert "No member is waiting for an answer." in shown


@pytest.mark.parametrize("page", ACTS)
def test_a_colleagues_member_answers_exactly_like_one_that_does_not_exist(
    page: str, world: World, another_client: Clients
) -> None:
    sent = world.advice()
    client = signed_in(another_client, other_adviser(world, sent))
    hidden, unknown = (client.get(f"/advice/{one}{page}") for one in (sent.reference, UNKNOWN))
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert CSRF.sub("", hidden.text) == CSRF.sub("", unknown.text)


@pytest.mark.parametrize("role", [Role.CLINICAL_LEAD, Role.RESPONSIBLE_OFFICER, Role.GUARDIAN, Role.AUDITOR])
def test_no_employers_role_reaches_the_room(role: Role, world: World, another_client: Clients) -> None:
    sent = world.advice()
    client = signed_in(another_client, world.holder(role))
    assert client.get("/advice").status_code == 403
    assert client.get(f"/advice/{sent.reference}").status_code == 404


def test_an_adviser_reaches_no_employers_case(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent, asked = world.self_report(by=doctor), world.advice(by=doctor)
    client = signed_in(another_client, world.owner(asked))
    hidden, unknown = (client.get(f"/advice/{one}") for one in (sent.reference, UNKNOWN))
    assert CSRF.sub("", hidden.text) == CSRF.sub("", unknown.text)
    shown = client.get(f"/advice/{asked.reference}").text
    assert sent.reference not in shown
    assert "Larkfield" not in shown


# One member's case


def test_the_page_says_whose_room_it_is_and_what_the_wall_hides(
    world: World, another_client: Clients
) -> None:
    sent = world.advice()
    shown = words(signed_in(another_client, world.owner(sent)).get(f"/advice/{sent.reference}"))
    assert BANNER in shown
    assert "The employer’s people cannot see this thread" in shown
    assert "You cannot see anything of the employer’s case" in shown


def test_what_an_adviser_would_ask_first_stands_together(world: World, another_client: Clients) -> None:
    sent = world.advice(
        membership_number="HA-20931",
        answer_by=date(2026, 4, 20),
        answers=(
            answered("contacts", "Nobody yet"),
            answered("still_live", "Yes"),
            answered("posted_on", "2026-04-01"),
            answered("already_said", "I said sorry to nobody"),
            answered("wellbeing", "Sleeping badly"),
        ),
    )
    shown = words(signed_in(another_client, world.owner(sent)).get(f"/advice/{sent.reference}"))
    assert "Membership number HA-20931" in shown
    assert "Posted Wednesday 1 April 2026" in shown
    assert "Still up Yes" in shown
    assert "Who knows Nobody yet" in shown
    assert "Must answer by Monday 20 April 2026" in shown
    assert "Said, sent or deleted so far I said sorry to nobody" in shown
    assert "Support Sleeping badly" in shown
    assert re.search(r"Not answered: [^.]*Patient recognisable", shown)


def test_the_thread_begins_with_what_the_member_wrote(world: World, another_client: Clients) -> None:
    sent = world.advice(narrative="A nurse on the ward knew who it was.")
    act(world, casework.reply, sent, text="Thank you for asking so early.")
    shown = words(signed_in(another_client, world.owner(sent)).get(f"/advice/{sent.reference}"))
    assert shown.index("A nurse on the ward") < shown.index("Thank you for asking so early.")


def test_a_script_in_the_members_words_is_shown_and_never_run(world: World, another_client: Clients) -> None:
    sent = world.advice(narrative=SCRIPT, answers=(answered("wellbeing", SCRIPT),))
    response = signed_in(another_client, world.owner(sent)).get(f"/advice/{sent.reference}")
    assert SCRIPT not in response.text
    assert response.text.count("alert(&#39;canary-2290&#39;)") == 2


# Acts


def test_a_reply_keeps_the_promise_and_reaches_the_member(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.advice(by=doctor)
    client = signed_in(another_client, world.owner(sent))
    response = client.submit(
        f"/advice/{sent.reference}", {"text": "Take it down first."}, follow_redirects=True
    )
    assert "Your reply has been sent." in words(response)
    assert clocks(world, sent, "MDO-REPLY")[0].state is ClockState.MET
    member = signed_in(another_client, doctor)
    assert "Take it down first." in words(member.get(f"/reports/{sent.reference}"))


def test_a_question_waits_for_the_member_and_shows_until_when(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.advice(by=doctor)
    client = signed_in(another_client, world.owner(sent))
    client.submit(f"/advice/{sent.reference}/ask", {"question": "Who else has seen it?", "why": ""})
    assert world.case(sent).state == "awaiting_member"
    assert clocks(world, sent, "WAIT")[0].state is ClockState.ARMED
    assert sent.reference in words(client.get("/advice?view=waiting"))
    member = words(signed_in(another_client, doctor).get(f"/reports/{sent.reference}"))
    assert "Your adviser asked for this by Tuesday 21 April 2026." in member


def test_a_note_stays_with_the_advisers(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.advice(by=doctor)
    client = signed_in(another_client, world.owner(sent))
    client.submit(f"/advice/{sent.reference}/note", {"text": "canary: ask our solicitor"})
    assert "canary: ask our solicitor" in words(client.get(f"/advice/{sent.reference}"))
    member = signed_in(another_client, doctor)
    assert "canary" not in member.get(f"/reports/{sent.reference}").text


def test_passing_it_on_leaves_no_trace_for_whoever_had_it(world: World, another_client: Clients) -> None:
    sent = world.advice()
    before, after = world.owner(sent), other_adviser(world, sent)
    client = signed_in(another_client, before)
    response = client.submit(
        f"/advice/{sent.reference}/refer",
        {"to": after.membership_id.hex, "reason": "expertise"},
        follow_redirects=True,
    )
    assert "A case you worked on has moved to somebody else." in words(response)
    assert sent.reference not in response.text
    assert client.get(f"/advice/{sent.reference}").status_code == 404
    assert world.owner(sent).membership_id == after.membership_id


def test_a_stale_form_of_somebody_who_lost_the_case_is_not_found(
    world: World, another_client: Clients
) -> None:
    sent = world.advice()
    client = signed_in(another_client, world.owner(sent))
    sheet = Page.parse(client.get(f"/advice/{sent.reference}/reply").text).forms()[-1]
    act(world, casework.refer, sent, to=Role.ADVISER, reason="absence")
    response = client.post(f"/advice/{sent.reference}/reply", data=sheet.filled({"text": ["Too late now."]}))
    unknown = client.get(f"/advice/{UNKNOWN}")
    assert response.status_code == 404
    assert CSRF.sub("", response.text) == CSRF.sub("", unknown.text)


def test_stepping_back_gives_it_to_somebody_else_for_good(world: World, another_client: Clients) -> None:
    sent = world.advice()
    before = world.owner(sent)
    signed_in(another_client, before).submit(f"/advice/{sent.reference}/recuse", {})
    assert world.owner(sent).membership_id != before.membership_id
    client = signed_in(another_client, world.owner(sent))
    response = client.submit(
        f"/advice/{sent.reference}/refer", {"to": before.membership_id.hex, "reason": "absence"}
    )
    assert "That person is not available. Choose a role or someone else" in words(response)
    assert world.owner(sent).membership_id != before.membership_id


def test_the_list_of_advisers_shows_everybody_but_the_reader(world: World, another_client: Clients) -> None:
    sent = world.advice()
    owner = world.owner(sent)
    page = Page.parse(signed_in(another_client, owner).get(f"/advice/{sent.reference}/refer").text)
    offered = {option.get("value") for option in page.root.iter("option")}
    advisers = {
        one.membership_id.hex
        for one in world.cast
        if one.organisation_id == world.mdo_id and one.role in {Role.ADVISER, Role.ADVISER_LEAD}
    }
    assert offered == (advisers - {owner.membership_id.hex}) | {"service"}


@pytest.mark.parametrize("chosen", ["", "f" * 32, "nobody"])
def test_a_person_who_is_not_in_the_list_is_refused(
    chosen: str, world: World, another_client: Clients
) -> None:
    sent = world.advice()
    owner = world.owner(sent)
    response = signed_in(another_client, owner).submit(
        f"/advice/{sent.reference}/refer", {"to": chosen, "reason": "absence"}
    )
    assert response.status_code == 200
    assert world.owner(sent).membership_id == owner.membership_id


def test_closing_tells_the_member_the_outcome_in_words(world: World, another_client: Clients) -> None:
    doctor = world.doctor()
    sent = world.advice(by=doctor)
    client = signed_in(another_client, world.owner(sent))
    text = "We have talked it through; nothing more to do."
    client.submit(f"/advice/{sent.reference}/close", {"outcome": "phone", "text": text})
    assert world.case(sent).outcome is Outcome.PHONE
    shown = words(signed_in(another_client, doctor).get(f"/reports/{sent.reference}"))
    assert "Outcome Settled by phone" in shown
    assert text in shown
    assert sent.reference in words(client.get("/advice?view=closed"))


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ({"outcome": "advised", "text": ""}, "Write what you will tell the member"),
        (
            {"outcome": "advised", "text": "Too short."},
            "The text for the member must be 20 characters or more",
        ),
        ({"outcome": None, "text": "A text that is long enough."}, "Select the outcome"),
        ({"outcome": "advised", "text": "x" * 1_000_000}, "It must be 5,000 characters or fewer."),
    ],
)
def test_a_case_does_not_close_without_its_words(
    entered: dict[str, Any], said: str, world: World, another_client: Clients
) -> None:
    sent = world.advice()
    response = signed_in(another_client, world.owner(sent)).submit(f"/advice/{sent.reference}/close", entered)
    assert said in words(response)
    assert world.case(sent).closed_at is None


def test_an_employers_outcome_cannot_be_smuggled_in(world: World, another_client: Clients) -> None:
    sent = world.advice()
    signed_in(another_client, world.owner(sent)).submit(
        f"/advice/{sent.reference}/close", {"outcome": "no_case", "text": "A text that is long enough."}
    )
    assert world.case(sent).closed_at is None


def test_reopening_promises_an_answer_afresh(world: World, another_client: Clients) -> None:
    sent = world.advice()
    closing = casework.Closing(outcome=Outcome.ADVISED, text="That is all for now, I think.")
    act(world, casework.close, sent, closing=closing)
    world.clock.advance(days=1)
    client = signed_in(another_client, world.owner(sent))
    client.submit(f"/advice/{sent.reference}/reopen", {"reason": "The member has heard from the GMC."})
    assert world.case(sent).state == "awaiting_adviser"
    assert [one.state for one in clocks(world, sent, "MDO-REPLY")] == [ClockState.MET, ClockState.ARMED]


def test_only_what_the_case_allows_can_be_opened(world: World, another_client: Clients) -> None:
    sent = world.advice()
    client = signed_in(another_client, world.owner(sent))
    assert client.get(f"/advice/{sent.reference}/reopen").status_code == 409
    closing = casework.Closing(outcome=Outcome.ADVISED, text="That is all for now, I think.")
    act(world, casework.close, sent, closing=closing)
    assert client.get(f"/advice/{sent.reference}/reply").status_code == 409


def test_a_form_that_is_older_than_the_case_shows_what_the_member_did(
    world: World, another_client: Clients
) -> None:
    from app.services import reporting

    doctor = world.doctor()
    sent = world.advice(by=doctor)
    client = signed_in(another_client, world.owner(sent))
    sheet = Page.parse(client.get(f"/advice/{sent.reference}").text).forms()[-1]
    act(world, reporting.message, sent, by=doctor, text="I took it down meanwhile.")
    response = client.post(
        f"/advice/{sent.reference}/reply", data=sheet.filled({"text": ["Take it down today."]})
    )
    assert response.status_code == 409
    assert "The member sent a message." in words(response)
    assert "Take it down today." in words(response)
    assert texts(world, sent, MessageKind.MESSAGE) == 1


def test_a_lost_adviser_cannot_act_through_the_service_either(world: World) -> None:
    sent = world.advice()
    stranger = other_adviser(world, sent)
    with pytest.raises(NotFound):
        act(world, casework.reply, sent, by=stranger, text="Not mine to answer.")


def test_an_adviser_who_works_for_the_members_employer_is_never_chosen(world: World) -> None:
    conflicted = world.holder(Role.ADVISER, at=world.mdo_id)
    world.appoint(conflicted, Role.MEMBER, at=world.hospital_id)
    owners = {world.owner(world.advice()).person_id for _ in range(4)}
    assert conflicted.person_id not in owners


def test_the_dates_of_a_case_say_why(world: World, another_client: Clients) -> None:
    sent = world.advice()
    shown = words(signed_in(another_client, world.owner(sent)).get(f"/advice/{sent.reference}"))
    assert "Why this date" in shown
    assert "Working day 1 is Wednesday 8 April 2026." in shown


def test_every_case_in_the_room_is_the_mdos_own(world: World) -> None:
    world.clock.advance(minutes=7)
    sent = world.advice()
    with world.app.app_context():
        case = reader().get_one(Case, sent.case_id)
    assert (case.kind, case.organisation_id) == (Kind.ADVICE, world.mdo_id)
    assert case.opened_at == world.clock() - timedelta(0)
