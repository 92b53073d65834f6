"""A concern about a colleague reaches somebody who may look into it, and never the colleague."""

from collections.abc import Callable

import pytest

from app.domain.vocabulary import Post, Role
from app.services.casting import Employed
from tests.factories import World
from tests.infrastructure.browser import PHONE
from tests.infrastructure.canaries import Canaries
from tests.journeys.forms import tells_the_rest, tells_what_was_read, who_owns
from tests.journeys.walker import Walker

SAW = "In the ward group they called a night nurse a word that I will not repeat."
WHY = "It was aimed at one person and it was not the first time."
NOWHERE = "C-0000-0000-0"


@pytest.fixture
def trainee(world: World) -> Employed:
    """A resident doctor of the hospital."""
    return world.employ(Role.MEMBER, post=Post.RESIDENT_DOCTOR)


@pytest.fixture
def colleague(world: World) -> Employed:
    """A clinical lead, who would handle cases like this one."""
    return world.holder(Role.CLINICAL_LEAD)


@pytest.mark.engines("postgresql")
def test_a_trainee_speaks_up_and_the_colleague_finds_nothing(
    world: World, canaries: Canaries, walk: Callable[..., Walker], trainee: Employed, colleague: Employed
) -> None:
    canaries.register(SAW)
    canaries.register(WHY)
    reporter = walk(width=PHONE)
    begins(reporter, trainee)
    finds(reporter, colleague)
    tells_the_rest(reporter)
    reporter.chooses("My supervisor")
    reporter.presses()
    reference = sends(reporter)
    owner = who_owns(world, reference)
    assert owner.role is Role.TRAINING_PROGRAMME_DIRECTOR
    assert colleague.name not in reporter.text

    finds_nothing(walk(), colleague, reference)

    director = walk()
    director.signs_in(owner)
    escalates(director)
    officer = walk()
    officer.signs_in(world.holder(Role.RESPONSIBLE_OFFICER))
    officer.goes_to(f"/cases/{reference}")
    assert SAW in officer.text
    assert "Escalated to the responsible officer" in officer.text

    steps_back(director, reference)
    assert who_owns(world, reference).role is Role.RESPONSIBLE_OFFICER
    reporter.goes_to(f"/reports/{reference}")
    assert "Someone else is now working on it." in reporter.text
    finds_nothing(walk(), colleague, reference)


@pytest.mark.engines("sqlite")
def test_a_concern_about_somebody_unknown_waits_with_the_guardian(
    world: World, walk: Callable[..., Walker], trainee: Employed, colleague: Employed
) -> None:
    reporter = walk()
    begins(reporter, trainee)
    reporter.chooses("They are not in the list, or I am not sure", "None of these, or I do not know")
    reporter.writes("Name (optional)", "Somebody on the night shift")
    reporter.presses()
    tells_the_rest(reporter)
    reporter.presses()
    reference = sends(reporter)
    assert who_owns(world, reference).role is Role.GUARDIAN
    for other in (world.holder(Role.RESPONSIBLE_OFFICER), colleague):
        finds_nothing(walk(), other, reference)

    guardian = walk(width=PHONE)
    guardian.signs_in(world.holder(Role.GUARDIAN))
    guardian.follows("Rude or abusive words")
    guardian.follows("Record who this is about")
    guardian.presses("Record it")
    guardian.is_told("Select who this is about", "Say how you know")
    guardian.writes("Find the person by name", colleague.name)
    guardian.presses("Search")
    guardian.chooses(f"{colleague.name}, Consultant")
    guardian.writes("How do you know?", "The ward manager knows who had the night shift.")
    guardian.presses("Record it")
    guardian.goes_to(f"/cases/{reference}")
    passes_it_on(guardian)
    assert who_owns(world, reference) == world.holder(Role.CLINICAL_LEAD, number=1)
    finds_nothing(walk(), colleague, reference)


def begins(reporter: Walker, who: Employed) -> None:
    """From the start page to the question whom it is about."""
    reporter.goes_to("/")
    reporter.follows("Raise a concern about a colleague")
    reporter.follows("Start now")
    reporter.proves(who)
    tells_what_was_read(reporter, SAW)
    assert reporter.heading == "Who are you concerned about?"
    reporter.presses()
    reporter.is_told(
        "Find the person, enter their GMC number, or select 'They are not in the list, or I am not sure'",
        "Select any that apply, or select 'None of these'",
    )


def finds(reporter: Walker, colleague: Employed) -> None:
    """Looks a name up in the directory."""
    reporter.chooses("Find them in the list", "A clinical or medical director")
    reporter.writes("Part of their name", "Nobody Of That Name")
    reporter.presses("Find")
    assert "Nobody in the list has" in reporter.text
    reporter.writes("Part of their name", colleague.name.split()[-1])
    reporter.presses("Find")
    reporter.page.get_by_role("radio", name=colleague.name).check()
    reporter.presses()


def sends(reporter: Walker) -> str:
    """Sends it; answers the reference."""
    assert reporter.heading == "Check your answers before you send"
    reporter.presses("Send my concern")
    assert reporter.heading == "Your concern has been sent"
    return reporter.page.locator(".app-sent .app-ref").inner_text()


def finds_nothing(somebody: Walker, who: Employed, reference: str) -> None:
    """Signs in and looks everywhere: the case is nowhere, and its address is like any that names nothing."""
    somebody.signs_in(who)
    somebody.goes_to("/cases")
    assert "Nothing needs you today." in somebody.text
    somebody.page.get_by_label("Search by reference").fill(reference)
    somebody.presses("Search")
    assert SAW not in somebody.text
    for address in ("/cases/{}", "/cases/{}/triage", "/reports/{}"):
        somebody.goes_to(address.format(reference))
        assert somebody.heading == "We cannot find that page"
        assert somebody.status == 404
    somebody.goes_to("/reports")
    assert reference not in somebody.text


def escalates(director: Walker) -> None:
    director.follows("Rude or abusive words")
    director.follows("Escalate to the responsible officer")
    director.presses("Escalate")
    director.is_told("Give a reason for escalating", "Select whether the person knows")
    director.writes("Reason", WHY)
    director.chooses("No", of="Does the person know about this?")
    director.presses("Escalate")
    assert "The case was escalated." in director.text


def steps_back(director: Walker, reference: str) -> None:
    """From then on the case is as if it had never been there."""
    director.follows("I should not work on this: recuse me")
    director.presses("Step back")
    director.is_told("Select why you are stepping back")
    director.chooses("I saw what happened")
    director.presses("Step back")
    assert "A case you worked on has moved to somebody else." in director.text
    assert reference not in director.text
    director.goes_to(f"/cases/{reference}")
    assert director.heading == "We cannot find that page"


def passes_it_on(guardian: Walker) -> None:
    guardian.follows("Pass it to someone else")
    guardian.presses("Pass it on")
    guardian.is_told("Select who should take it", "Select why")
    guardian.picks("Who should take it?", "Clinical lead")
    guardian.chooses("They are responsible for the person")
    guardian.presses("Pass it on")
    assert "The case was passed on." in guardian.text
