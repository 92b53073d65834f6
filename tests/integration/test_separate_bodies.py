"""What one organisation writes about a person leads nowhere else, shows nowhere else and changes nothing else."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.database import reader, transaction
from app.domain.report import SubjectChoice
from app.domain.vocabulary import OrganisationType, Post, RelationKind, Role
from app.models.invitation import Invitation
from app.models.person import Membership, Person, Relation
from app.services import invitations
from app.services.casting import Employed
from app.services.people import Newcomer
from tests.factories import World
from tests.infrastructure.strict_client import StrictClient
from tests.integration.handling import Account, signed_in, text_at

NUMBER = "7654321"


@pytest.fixture
def mdo(world: World) -> UUID:
    return world.mdo_id


def invited(world: World, place: UUID, email: str, *, name: str = "Dr Kestrel Example", number: str = NUMBER):
    """An invitation as the administrator of a place sends it."""
    newcomer = Newcomer(
        name=name,
        email=email,
        gmc_number=number,
        role=Role.MEMBER,
        post=Post.CONSULTANT,
        starts_on=world.clock().date(),
    )
    with world.app.app_context():
        by = world.act(world.holder(Role.ADMINISTRATOR, at=place))
        return invitations.invite(newcomer, organisation_id=place, act=by)


def person_at(app: Flask, email: str) -> UUID:
    with app.app_context():
        return reader().scalars(select(Person.id).where(Person.email == email)).one()


def numbered(world: World, who: Employed, number: str) -> Employed:
    """Somebody whose organisation knows them by that number."""
    with world.app.app_context(), transaction() as session:
        mine = update(Membership).where(Membership.id == who.membership_id)
        session.execute(mine.values(gmc_number=number))
    return who


def test_a_number_never_leads_to_whoever_claimed_it_first(world: World, mdo: UUID) -> None:
    invited(world, world.hospital_id, "evil@attacker.example")
    invited(world, mdo, "real.doctor@home.example")
    evil, real = (person_at(world.app, one) for one in ("evil@attacker.example", "real.doctor@home.example"))
    assert evil != real
    with world.app.app_context():
        waiting = select(Invitation.person_id).where(Invitation.organisation_id == mdo)
        assert reader().scalars(waiting).all() == [real]


def test_a_number_is_nobodys_before_they_accept_it(world: World) -> None:
    invited(world, world.hospital_id, "evil@attacker.example")
    sent = world.concern(subject=SubjectChoice(gmc_number=NUMBER))
    assert world.case(sent).is_subject_unresolved


def test_a_number_that_another_organisation_wrote_means_nobody_here(world: World) -> None:
    elsewhere = world.organisation(OrganisationType.GP_PRACTICE, name="Fellside Practice")
    both = world.doctor()
    numbered(world, world.appoint(both, Role.MEMBER, at=elsewhere), NUMBER)
    sent = world.concern(subject=SubjectChoice(gmc_number=NUMBER))
    assert world.case(sent).is_subject_unresolved


def test_a_number_that_two_people_have_here_means_neither(world: World) -> None:
    for _ in range(2):
        numbered(world, world.doctor(), NUMBER)
    assert world.case(world.concern(subject=SubjectChoice(gmc_number=NUMBER))).is_subject_unresolved


def test_whoever_accepted_a_number_elsewhere_is_still_kept_from_a_concern_about_it(world: World) -> None:
    elsewhere = world.organisation(OrganisationType.GP_PRACTICE, name="Fellside Practice")
    guardian = world.holder(Role.GUARDIAN)
    numbered(world, world.appoint(guardian, Role.MEMBER, at=elsewhere), NUMBER)
    sent = world.concern(subject=SubjectChoice(gmc_number=NUMBER))
    assert not world.sees(guardian, sent)
    assert world.owner(sent) != guardian


def test_an_employers_pages_stay_as_they_were_when_an_mdo_invites_the_same_person(
    world: World, client: StrictClient, another_client: Callable[[], StrictClient], mdo: UUID
) -> None:
    doctor = world.doctor()
    signed_in(client, world.holder(Role.ADMINISTRATOR))
    before = text_at(client, f"/people/{doctor.membership_id}")
    invited(world, mdo, doctor.email, name="Dr Kestrel Othername", number="7111111")
    theirs = another_client()
    theirs.sign_in(Account(doctor.email))
    offer = "/choose-membership"
    (form,) = [one for one in theirs.page(offer).forms() if one.action.endswith("/accept")]
    assert theirs.post(form.action, data=form.fields).status_code == 302
    assert text_at(client, f"/people/{doctor.membership_id}") == before
    signed_in(client, world.holder(Role.ADMINISTRATOR, at=mdo))
    listed = text_at(client, "/people?name=Othername")
    assert "Dr Kestrel Othername" in listed
    assert doctor.name not in listed


def related_elsewhere(world: World, mdo: UUID) -> tuple[Employed, Employed]:
    """Two people of the hospital whose relation an MDO declared, both being there too."""
    pair = (world.holder(Role.CLINICAL_LEAD), world.doctor())
    there = [world.appoint(one, Role.MEMBER, at=mdo) for one in pair]
    world.relate(there[0], RelationKind.RELATED_TO, there[1])
    return pair


def test_a_relation_shows_and_ends_only_where_it_was_declared(
    world: World, client: StrictClient, mdo: UUID
) -> None:
    one, other = related_elsewhere(world, mdo)
    signed_in(client, world.holder(Role.ADMINISTRATOR))
    page = f"/people/{one.membership_id}"
    assert other.name not in text_at(client, page)
    with world.app.app_context():
        relation_id = reader().scalars(select(Relation.id)).one()
    token = next(form.fields["csrf_token"] for form in client.page(page).forms())
    ended = client.post(f"{page}/relations/{relation_id}/end", data={"csrf_token": token})
    assert ended.status_code == 404


def test_a_relation_keeps_people_out_everywhere(world: World, mdo: UUID) -> None:
    one, other = related_elsewhere(world, mdo)
    sent = world.concern(about=other)
    assert world.owner(sent) != one
    assert not world.sees(one, sent)
