"""Whoever holds no role any more keeps their account, their reports, their drafts and their MDO."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.database import reader, transaction
from app.domain.actors import Act, Actor, ActorKind
from app.domain.errors import InvalidInput
from app.domain.report import Reports
from app.domain.vocabulary import Kind
from app.models.message import Message
from app.models.person import Membership
from app.services.casting import Employed
from app.services.submitting import submit
from tests.factories import World
from tests.infrastructure.strict_client import StrictClient
from tests.integration.handling import signed_in, text_at


@pytest.fixture
def doctor(world: World) -> Employed:
    return world.doctor()


def leave(world: World, who: Employed) -> None:
    """Their only role ended yesterday."""
    yesterday = world.clock().date() - timedelta(days=1)
    with world.app.app_context(), transaction() as session:
        theirs = update(Membership).where(Membership.id == who.membership_id)
        session.execute(theirs.values(ends_on=yesterday))


def test_reports_are_still_there_and_led_to(client: StrictClient, world: World, doctor: Employed) -> None:
    sent, asked = world.self_report(by=doctor), world.advice(by=doctor)
    leave(world, doctor)
    signed_in(client, doctor)
    assert "My reports" in text_at(client, "/choose-membership")
    listed = text_at(client, "/reports")
    assert sent.reference in listed
    assert asked.reference in listed


def test_they_write_to_their_mdo_as_before(client: StrictClient, world: World, doctor: Employed) -> None:
    asked = world.advice(by=doctor)
    leave(world, doctor)
    signed_in(client, doctor)
    page = f"/reports/{asked.reference}/message"
    assert client.submit(page, {"text": "I work elsewhere now."}).status_code == 303
    with world.app.app_context():
        assert reader().query(Message).count() == 1


def test_they_still_begin_a_form(client: StrictClient, world: World, doctor: Employed) -> None:
    leave(world, doctor)
    signed_in(client, doctor)
    assert client.get("/report/advice", follow_redirects=True).status_code == 200
    assert client.get("/cases").location == "/choose-membership"


def without_a_role(world: World, who: Employed) -> Act:
    return Act(actor=Actor(kind=ActorKind.PERSON, person_id=who.person_id), now=world.clock())


def test_they_may_ask_an_mdo_but_tell_no_employer(world: World, doctor: Employed) -> None:
    leave(world, doctor)
    act = without_a_role(world, doctor)
    advice = world.report(Kind.ADVICE, mdo=str(world.mdo_id))
    with world.app.app_context():
        (sent,) = submit(Reports(employer=None, advice=advice), draft_id=None, act=act)
        assert sent.organisation_id == world.mdo_id
        with pytest.raises(InvalidInput):
            submit(Reports(employer=world.report(), advice=None), draft_id=None, act=act)
