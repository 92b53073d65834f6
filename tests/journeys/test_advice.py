"""A member asks their defence organisation, in confidence; at work there is no trace of it."""

from collections.abc import Callable

import pytest

from app.domain.vocabulary import Role
from tests.factories import World
from tests.infrastructure.browser import PHONE
from tests.infrastructure.canaries import Canaries
from tests.journeys.forms import tells_of_a_tone, who_owns
from tests.journeys.walker import Walker

TOLD = "My practice manager wants a written account by Friday."
ADVICE = "Do not write anything yet. Send us the letter first."
QUESTION = "Which day does the letter name?"
ANSWER = "It names the seventeenth of April."
ENDED = "You wrote the account with us and sent it in time."
JOKE = "I made a joke about a queue that I would not make again."
MDO = "Harbour Medical Defence"


@pytest.mark.engines("sqlite")
def test_a_member_is_advised_and_nobody_at_work_can_tell(
    world: World, canaries: Canaries, walk: Callable[..., Walker]
) -> None:
    for words in (TOLD, ADVICE, QUESTION, ANSWER, ENDED):
        canaries.register(words)
    member = walk(width=PHONE)
    reference = asks_for_advice(world, member)
    owner = who_owns(world, reference)
    adviser = walk()
    adviser.signs_in(owner)
    assert adviser.heading == "Members"
    adviser.follows(reference)
    advises(adviser)
    member.goes_to(f"/reports/{reference}")
    assert ADVICE in member.text
    member.writes("Your answer", ANSWER)
    member.presses("Send my answer")
    ends(adviser, reference)
    member.goes_to(f"/reports/{reference}")
    assert ENDED in member.text
    for role in (Role.CLINICAL_LEAD, Role.RESPONSIBLE_OFFICER, Role.DATA_PROTECTION_OFFICER):
        sees_no_trace(walk(), world, role, reference)


@pytest.mark.engines("sqlite")
def test_two_rooms_hear_of_one_post_apart_from_each_other_without_scripts(
    world: World, canaries: Canaries, walk: Callable[..., Walker]
) -> None:
    canaries.register(JOKE)
    doctor = walk(scripts=False)
    employers, advisers = tells_both(world, doctor)
    lead, adviser = walk(scripts=False), walk(scripts=False, width=PHONE)
    lead.signs_in(who_owns(world, employers))
    lead.follows("Tone")
    assert JOKE in lead.text
    lead.follows("All answers")
    assert MDO not in lead.text
    adviser.signs_in(who_owns(world, advisers))
    adviser.follows(advisers)
    assert JOKE in adviser.text
    is_unknown_to(lead, f"/cases/{advisers}")
    is_unknown_to(lead, f"/advice/{advisers}")
    is_unknown_to(adviser, f"/advice/{employers}")
    is_unknown_to(adviser, f"/cases/{employers}")
    adviser.goes_to("/advice")
    assert employers not in adviser.text


def asks_for_advice(world: World, member: Walker) -> str:
    """About a letter, which needs no account of a post."""
    member.goes_to("/")
    member.follows("Ask my defence organisation")
    assert "Your employer’s people cannot see in this service that you asked" in member.text.replace("'", "’")
    member.follows("Start now")
    member.proves(world.doctor())
    member.presses()
    member.is_told("Select your MDO")
    member.chooses(MDO)
    member.writes("Membership number (optional)", "HM 4471")
    member.presses()
    member.answers("A letter or call from my employer, the GMC, the police or the press")
    member.writes("What happened?", TOLD)
    member.presses()
    member.answers("My employer")
    assert "This does not tell your employer." in member.text
    member.presses("Send to my MDO")
    assert member.heading == "Your MDO has your question"
    return member.page.locator(".app-sent .app-ref").inner_text()


def advises(adviser: Walker) -> None:
    """Answers, and asks for one thing more."""
    assert TOLD in adviser.text
    adviser.presses("Send reply")
    adviser.is_told("Write your reply")
    adviser.writes("Your reply", ADVICE)
    adviser.presses("Send reply")
    assert "Your reply has been sent." in adviser.text
    adviser.follows("Ask the member something")
    adviser.presses("Send question")
    adviser.is_told("Write your question")
    adviser.writes("Your question", QUESTION)
    adviser.presses("Send question")
    assert "Your question has been sent." in adviser.text


def ends(adviser: Walker, reference: str) -> None:
    """Reads the answer, keeps a note, closes."""
    adviser.goes_to(f"/advice/{reference}")
    assert ANSWER in adviser.text
    adviser.follows("Add a note")
    adviser.writes("Your note", "A second opinion was not needed.")
    adviser.presses("Save note")
    adviser.follows("Close")
    adviser.presses("Close advice case")
    adviser.is_told("Select the outcome", "Write what you will tell the member")
    adviser.page.get_by_role("radio").first.check()
    adviser.writes("What you tell the member", ENDED)
    adviser.presses("Close advice case")
    assert "You have closed the case." in adviser.text


def sees_no_trace(somebody: Walker, world: World, role: Role, reference: str) -> None:
    """Whoever handles cases at work finds neither the case nor a gap where it would be."""
    somebody.signs_in(world.holder(role))
    assert "Nothing needs you today." in somebody.text
    assert MDO not in somebody.text
    is_unknown_to(somebody, f"/cases/{reference}")
    is_unknown_to(somebody, f"/advice/{reference}")


def is_unknown_to(somebody: Walker, address: str) -> None:
    """The address names nothing for this person."""
    somebody.goes_to(address)
    assert somebody.heading == "We cannot find that page"
    assert somebody.status == 404


def tells_both(world: World, doctor: Walker) -> tuple[str, str]:
    """One report for the employer and one for the MDO; answers the two references."""
    doctor.goes_to("/")
    doctor.follows("Report something I did online")
    doctor.follows("Start now")
    doctor.proves(world.doctor())
    tells_of_a_tone(doctor, JOKE)
    doctor.chooses("Both")
    doctor.presses()
    doctor.is_told("Select your MDO, or choose to tell your supervisor only")
    doctor.chooses(MDO)
    doctor.presses()
    assert "Larkfield Hospitals’ people will see" in doctor.text
    assert "Your MDO will see" in doctor.text
    doctor.presses("Send both")
    assert doctor.heading == "Your report has been sent"
    employers, advisers = dict.fromkeys(doctor.page.locator(".app-ref").all_inner_texts())
    return employers, advisers
