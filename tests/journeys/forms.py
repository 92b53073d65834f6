"""The forms, page by page, as somebody fills them in who reads the questions."""

from datetime import date

from sqlalchemy import select

from app.database import reader
from app.models.case import Case
from app.services.casting import Employed
from tests.factories import World
from tests.journeys.walker import Walker

POSTED = date(2026, 4, 6)


def tells_of_a_tone(walker: Walker, words: str) -> None:
    """A public joke without a patient: from the first question of a self-report to the one about whom to tell."""
    walker.answers("No")
    walker.answers("My tone, a joke or an opinion")
    walker.answers("The tone: sarcasm, swearing, mocking, a bad joke")
    walker.picks("Where was it?", "X (Twitter)")
    walker.dates("When was it posted or sent?", POSTED)
    walker.presses()
    walker.chooses("Anyone (it was public)")
    walker.chooses("No", of="Is it still there?")
    walker.presses()
    walker.chooses("No patient was mentioned or shown", "Someone is upset, or was not treated with dignity")
    walker.presses()
    walker.writes("What happened?", words)
    walker.chooses("Taken it down or hidden it")
    walker.presses()


def tells_what_was_read(walker: Walker, words: str) -> None:
    """The first pages of a concern, up to the question whom it is about."""
    walker.answers("No")
    walker.writes("What did you see or read?", words)
    walker.presses()
    walker.answers("Something said to or about a person, or an employer")
    walker.answers("It was rude, insulting or abusive")


def tells_the_rest(walker: Walker) -> None:
    """The pages of a concern from where it happened to how it is known."""
    walker.picks("Where was it?", "WhatsApp: a group")
    walker.dates("When was it posted or sent?", POSTED)
    walker.presses()
    walker.chooses("A closed group (more than 10 people)")
    walker.chooses("Yes", of="Is it still there?")
    walker.presses()
    walker.chooses("No patient was mentioned or shown", "Someone is upset, or was not treated with dignity")
    walker.presses()
    walker.answers("A colleague's dignity or wellbeing")
    walker.chooses("I was in the group or chat")
    walker.chooses("No", of="Has it happened before?")
    walker.presses()


def who_owns(world: World, reference: str) -> Employed:
    """Whoever of the cast has this case now."""
    with world.app.app_context():
        owner = reader().scalar(select(Case.owner_membership_id).where(Case.reference == reference))
    return next(one for one in world.cast if one.membership_id == owner)
