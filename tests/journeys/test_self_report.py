"""A doctor tells of a post they regret, and reads in the end what came of it."""

from collections.abc import Callable

import pytest

from app.domain.vocabulary import Role
from app.services.casting import Employed
from tests.factories import World
from tests.infrastructure.browser import PHONE
from tests.infrastructure.canaries import Canaries
from tests.infrastructure.clock import Clock
from tests.journeys.forms import tells_of_a_tone, who_owns
from tests.journeys.keyboard import KeyboardWalker
from tests.journeys.walker import Walker

TOLD = "I mocked a queue in a waiting room and people I work with saw it."
ASKED = "Was anybody in the queue named in the post?"
ANSWERED = "Nobody was named, and no face was shown."
DONE = "We talked it through for an hour."
OUTCOME = "We looked at the post together and agreed what you will do differently."
LEARNT = "A joke about a place of work reaches the people who wait there."


@pytest.fixture
def doctor(walk: Callable[..., Walker]) -> Walker:
    """The person whose report it is."""
    return walk()


@pytest.fixture
def lead(walk: Callable[..., Walker]) -> Walker:
    """The clinical lead who takes it, on a telephone."""
    return walk(width=PHONE)


@pytest.mark.engines("sqlite")
def test_a_post_is_told_looked_into_put_right_and_closed(
    world: World, clock: Clock, canaries: Canaries, doctor: Walker, lead: Walker
) -> None:
    for words in (TOLD, ASKED, ANSWERED, DONE, OUTCOME, LEARNT):
        canaries.register(words)
    who = world.doctor()
    reference = sends(doctor, who)
    owner = who_owns(world, reference)
    lead.signs_in(owner)
    lead.follows("Tone")
    assert TOLD in lead.text
    acknowledges(lead)
    decides(lead)
    clock.advance(hours=1)
    asks(lead)
    clock.advance(days=1)
    answers(doctor, who, reference)
    agrees(lead, owner)
    clock.advance(hours=1)
    closes(lead)
    reads_the_outcome(doctor, reference)
    reopens(lead)
    doctor.goes_to(f"/reports/{reference}")
    assert "It was opened again." in doctor.text
    assert "Being looked into" in doctor.text


@pytest.mark.engines("sqlite")
def test_a_report_is_made_by_keyboard_alone_at_320_pixels(world: World, walk: Callable[..., Walker]) -> None:
    doctor = walk(width=PHONE, by=KeyboardWalker)
    reference = sends(doctor, world.doctor())
    assert who_owns(world, reference).role is Role.CLINICAL_LEAD


def sends(doctor: Walker, who: Employed) -> str:
    """From the start page to a reference; the draft is put away and found again on the way."""
    doctor.goes_to("/")
    doctor.follows("Report something I did online")
    doctor.follows("Start now")
    doctor.proves(who)
    assert doctor.heading == "Is somebody at risk of harm today?"
    doctor.presses()
    doctor.is_told("Select yes if somebody is at risk of harm today")
    tells_of_a_tone(doctor, TOLD)
    doctor.presses("Save and come back later")
    assert doctor.heading == "We have saved your answers"
    doctor.goes_to("/reports")
    doctor.follows("Report something I did online")
    assert doctor.heading == "Who do you want to tell?"
    doctor.answers("My supervisor")
    assert "Nobody will open this before" in doctor.text or "somebody can open this as soon as" in doctor.text
    doctor.presses("Send my report")
    assert doctor.heading == "Your report has been sent"
    assert "Clinical lead, Larkfield Hospitals" in doctor.text
    assert "Thursday 9 April 2026 at 5pm" in doctor.text
    reference = doctor.page.locator(".app-sent .app-ref").inner_text()
    doctor.chooses("No e-mail, I will look")
    doctor.presses("Save")
    return reference


def acknowledges(lead: Walker) -> None:
    lead.follows("Acknowledge")
    lead.writes("What you tell the reporter", "")
    lead.presses("Send")
    lead.is_told("Write a few words to the reporter")
    lead.writes("What you tell the reporter", "Thank you for telling us so soon.")
    lead.presses("Send")
    assert "The reporter knows that you have it." in lead.text


def decides(lead: Walker) -> None:
    lead.follows("Decide what this needs")
    lead.presses("Save decision")
    lead.is_told(
        "Select whether you have a link with anyone in this case",
        "Select how urgent this is",
        "Select whether something like it happened before",
        "Select what keeps people safe meanwhile",
        "Select what should happen next",
    )
    lead.chooses("I have no link with anyone in it", "Low: a talk and some learning may settle it")
    lead.chooses("No", of="Did something like it happen in the last 24 months?")
    lead.chooses("Thought about, not needed", "I keep working on it")
    lead.presses("Save decision")
    lead.is_told("Give a reason for making it less urgent")
    lead.writes("Reason, if you make it less urgent", "It was up for an hour and named nobody.")
    lead.presses("Save decision")
    assert "Your decision was saved." in lead.text


def asks(lead: Walker) -> None:
    lead.follows("Ask the reporter for something")
    lead.writes("Your question", ASKED)
    lead.presses("Send question")
    assert "Waiting for the reporter, paused" in lead.text


def answers(doctor: Walker, who: Employed, reference: str) -> None:
    """On the next day their session has ended; after signing in they are where they wanted to go."""
    doctor.goes_to("/reports")
    doctor.proves(who)
    doctor.follows("Read and answer")
    assert ASKED in doctor.text
    doctor.writes("Your answer", "")
    doctor.presses("Send my answer")
    doctor.is_told("Write your answer")
    doctor.writes("Your answer", ANSWERED)
    doctor.presses("Send my answer")
    assert doctor.page.url.endswith(f"/reports/{reference}")


def agrees(lead: Walker, owner: Employed) -> None:
    lead.goes_to("/cases")
    lead.proves(owner)
    lead.follows("Tone")
    assert ANSWERED in lead.text
    lead.follows("Agree actions")
    lead.presses("Save actions")
    lead.is_told("Add at least 1 action")
    lead.writes("What will be done", "Talk through what a joke can do.")
    lead.picks("By whom", "The reporter")
    lead.writes("By when", "30 April 2026")
    lead.presses("Save actions")
    assert "The actions were saved." in lead.text


def closes(lead: Walker) -> None:
    lead.goes_to("/cases")
    lead.follows("Tone")
    lead.follows("Mark as done")
    lead.writes("What was done", DONE)
    lead.presses("Mark as done")
    lead.follows("Close with an outcome")
    lead.chooses("It was put right")
    lead.writes("What you tell the reporter", "Done.")
    lead.presses("Close and tell the reporter")
    lead.is_told("The text for the reporter must be 20 characters or more")
    lead.writes("What you tell the reporter", OUTCOME)
    lead.writes("What was learnt (optional)", LEARNT)
    lead.presses("Close and tell the reporter")
    assert "The case is closed and the reporter was told." in lead.text


def reads_the_outcome(doctor: Walker, reference: str) -> None:
    doctor.goes_to(f"/reports/{reference}")
    assert "It was put right" in doctor.text
    assert OUTCOME in doctor.text
    assert LEARNT in doctor.text


def reopens(lead: Walker) -> None:
    lead.follows("Open this case again")
    lead.presses("Reopen")
    lead.is_told("Give a reason for reopening", "Select who should work on it")
    lead.writes("Reason", "The reporter thought of something that we missed.")
    lead.chooses("The same person as before")
    lead.presses("Reopen")
    assert "The case is open again." in lead.text
