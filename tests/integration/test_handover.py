"""Whoever may not go on with a case loses it to somebody else, in the same act, and nobody else learns why."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest

from app.database import reader
from app.domain.report import SubjectChoice
from app.domain.vocabulary import OrganisationType, PatientData, Post, RelationKind, Role
from app.jobs.tick import hand_over
from app.models.mail import Mail, MailKind
from app.queries.people import invitations_for
from app.services import invitations, people
from app.services.casting import Employed
from app.services.people import Newcomer
from app.services.submitting import Sent
from tests.factories import World
from tests.infrastructure.strict_client import StrictClient
from tests.integration.handling import bare, signed_in, tags

NUMBER = "7654321"


def declare(world: World, one: Employed, other: Employed, *, in_days: int = 0) -> None:
    """The administrator records that two people are close."""
    starts_on = world.clock().date() + timedelta(days=in_days)
    act = world.act(world.holder(Role.ADMINISTRATOR))
    kind = RelationKind.RELATED_TO
    with world.app.app_context():
        people.declare_relation(
            one.membership_id, other.membership_id, kind=kind, starts_on=starts_on, act=act
        )


def end(world: World, who: Employed, *, in_days: int | None = None) -> None:
    """The administrator ends a role: at once, or after so many days."""
    last_on = None if in_days is None else world.clock().date() + timedelta(days=in_days)
    act = world.act(world.holder(Role.ADMINISTRATOR, at=who.organisation_id))
    with world.app.app_context():
        people.end_membership(who.membership_id, last_on=last_on, act=act)


def a_day_later(world: World) -> None:
    """The clock comes round the next day."""
    world.clock.advance(days=1)
    with world.app.app_context():
        hand_over(now=world.clock())


def asked(world: World, who: Employed) -> int:
    """How many mails say that something needs somebody."""
    with world.app.app_context():
        mine = reader().query(Mail).filter_by(kind=MailKind.NEEDS_YOU, membership_id=who.membership_id)
        return mine.count()


@pytest.fixture
def subject(world: World) -> Employed:
    return world.doctor()


@pytest.fixture
def sent(world: World, subject: Employed) -> Sent:
    return world.concern(about=subject)


def test_declaring_a_relation_gives_the_case_to_somebody_else_at_once(
    world: World, subject: Employed, sent: Sent
) -> None:
    before = world.owner(sent)
    declare(world, before, subject)
    after = world.owner(sent)
    assert after != before
    assert after.role is before.role
    assert world.sees(after, sent)
    assert before.membership_id not in world.handlers(sent)
    assert (world.open_cases(before), world.open_cases(after)) == (0, 1)
    assert tags(world, sent)[-2:] == ["case:conflict:found", "case:owner:changed"]
    assert asked(world, after) == 1


def test_a_relation_that_begins_later_parts_them_when_it_does(
    world: World, subject: Employed, sent: Sent
) -> None:
    before = world.owner(sent)
    declare(world, before, subject, in_days=1)
    assert world.owner(sent) == before
    a_day_later(world)
    assert world.owner(sent) != before


def test_a_relation_to_somebody_else_moves_nothing(world: World, sent: Sent) -> None:
    before, version = world.owner(sent), world.case(sent).version
    declare(world, before, world.doctor())
    assert (world.owner(sent), world.case(sent).version) == (before, version)


def test_a_role_that_ends_now_leaves_no_case_behind(world: World) -> None:
    sent = world.self_report()
    before = world.owner(sent)
    end(world, before)
    after = world.owner(sent)
    assert after != before
    assert before.membership_id not in world.handlers(sent)
    assert tags(world, sent)[-1] == "case:owner:changed"
    assert "case:conflict:found" not in tags(world, sent)
    assert asked(world, after) == 1


def test_a_role_that_ends_after_a_day_keeps_its_cases_until_then(world: World) -> None:
    sent = world.self_report()
    before = world.owner(sent)
    end(world, before, in_days=0)
    with world.app.app_context():
        hand_over(now=world.clock())
    assert world.owner(sent) == before
    a_day_later(world)
    assert world.owner(sent) != before


def test_an_officer_whose_role_ends_is_followed_by_another(world: World) -> None:
    sent = world.self_report(patient_data=PatientData.YES)
    first = world.holder(Role.DATA_PROTECTION_OFFICER)
    owner, second = world.owner(sent), world.employ(Role.DATA_PROTECTION_OFFICER, post=Post.MANAGER)
    assert world.handlers(sent)[first.membership_id] is Role.DATA_PROTECTION_OFFICER
    end(world, first)
    assert world.handlers(sent) == {
        owner.membership_id: owner.role,
        second.membership_id: Role.DATA_PROTECTION_OFFICER,
    }
    assert world.owner(sent) == owner


def test_a_role_ends_though_nobody_can_take_its_case_until_somebody_can(world: World) -> None:
    sent = world.concern()
    for role in (Role.BOARD_LEAD, Role.GUARDIAN):
        end(world, world.holder(role))
    assert world.owner(sent) == world.holder(Role.GUARDIAN)
    newcomer = world.employ(Role.GUARDIAN)
    a_day_later(world)
    assert world.owner(sent) == newcomer


def test_a_role_accepted_elsewhere_can_part_somebody_from_a_case(world: World) -> None:
    sent = world.concern(subject=SubjectChoice(gmc_number=NUMBER))
    guardian = world.owner(sent)
    practice = world.organisation(OrganisationType.GP_PRACTICE, name="Fellside Practice")
    offered = Newcomer(
        name=guardian.name,
        email=guardian.email,
        gmc_number=NUMBER,
        role=Role.MEMBER,
        starts_on=world.clock().date(),
    )
    by = world.act(world.holder(Role.ADMINISTRATOR, at=practice))
    with world.app.app_context():
        invitations.invite(offered, organisation_id=practice, act=by)
        (waiting,) = invitations_for(guardian.person_id, at=world.clock())
        invitations.accept(waiting.id, act=world.act(guardian))
    assert world.owner(sent) == world.holder(Role.BOARD_LEAD)


def ended_by_page(world: World, client: StrictClient, who: Employed, last_on: str) -> bytes:
    """What an administrator is shown after ending a role, but for the name."""
    signed_in(client, world.holder(Role.ADMINISTRATOR))
    answer = client.submit(f"/people/{who.membership_id}/end", {"last_on": last_on}, follow_redirects=True)
    assert answer.status_code == HTTPStatus.OK
    return bare(answer)


@pytest.mark.parametrize("last_on", ["", "30 4 2026", "1 1 2026"])
def test_ending_a_role_says_nothing_about_open_cases(
    world: World, another_client: Callable[[], StrictClient], last_on: str
) -> None:
    busy = world.owner(world.self_report())
    idle = next(one for one in (world.holder(busy.role, number=number) for number in (0, 1)) if one != busy)
    pages = [ended_by_page(world, another_client(), who, last_on) for who in (busy, idle)]
    shown = [
        page.replace(who.name.encode(), b"NAME").replace(str(who.membership_id).encode(), b"ID")
        for page, who in zip(pages, (busy, idle), strict=True)
    ]
    if last_on == "1 1 2026":
        assert shown[0] == shown[1]
    assert [b"The end of the role is recorded" in page for page in pages] == [last_on != "1 1 2026"] * 2
