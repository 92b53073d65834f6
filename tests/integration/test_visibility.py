"""Who may know of which case: by its handlers, by a remit, and never with a part in it."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.database import reader, transaction
from app.domain.errors import NotAvailable
from app.domain.report import SubjectChoice
from app.domain.vocabulary import OrganisationType, PatientData, Post, RelationKind, Role
from app.models.case import CaseExclusion, CaseHandler, CaseParty
from app.models.person import Membership
from app.queries.cases import standing_in, visible_case
from app.services import casework
from app.services.casting import Employed
from app.services.delivery import actor_for
from app.services.submitting import Sent
from tests.factories import World

PATIENT: dict[str, Any] = {"patient_data": PatientData.YES, "identifiability": "I2", "category": "CONF-AGG"}
REMITS = {
    Role.RESPONSIBLE_OFFICER: {"plain", "patient", "concern", "patient concern"},
    Role.GUARDIAN: {"concern", "patient concern", "unresolved"},
    Role.DATA_PROTECTION_OFFICER: {"patient", "patient concern"},
}


@pytest.fixture
def cases(world: World) -> dict[str, Sent]:
    """One case of every kind that differs in who may know of it, from people with nothing else to do."""
    about = world.doctor()
    return {
        "plain": world.self_report(),
        "patient": world.self_report(**PATIENT),
        "concern": world.concern(about=about),
        "patient concern": world.concern(about=about, **PATIENT),
        "unresolved": world.concern(),
        "advice": world.advice(),
    }


def _seen(world: World, who: Employed, cases: dict[str, Sent]) -> set[str]:
    return {name for name, sent in cases.items() if world.sees(who, sent)}


def _lend(world: World, capacity: Role) -> Employed:
    """Somebody of another body who acts in the hospital."""
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    outsider = world.employ(capacity, at=body)
    world.lend(capacity, outsider)
    return outsider


def test_a_role_alone_opens_only_what_its_remit_names(world: World, cases: dict[str, Sent]) -> None:
    """Everybody here is newly employed, so that they handle nothing."""
    seen = {role: _seen(world, world.employ(role), cases) for role in Role}
    assert seen == {role: REMITS.get(role, set()) for role in Role}


def test_a_remit_ends_at_its_organisation(world: World, cases: dict[str, Sent]) -> None:
    elsewhere = world.organisation(OrganisationType.COMMUNITY_TRUST, name="Elsewhere", cast=False)
    for place in (elsewhere, world.mdo_id):
        for role in (*REMITS, Role.ADVISER_LEAD):
            assert _seen(world, world.employ(role, at=place), cases) == set()


def test_a_handler_sees_a_case_in_the_membership_that_handles_it_and_in_no_other(world: World) -> None:
    sent = world.self_report()
    owner = world.owner(sent)
    assert world.sees(owner, sent)
    assert not world.sees(world.appoint(owner, Role.SUPERVISOR), sent)
    assert not world.sees(world.employ(owner.role), sent)


def test_a_reporter_does_not_reach_their_own_case_by_the_handlers_way(world: World) -> None:
    doctor = world.doctor()
    assert not world.sees(doctor, world.self_report(by=doctor))
    assert not world.sees(doctor, world.advice(by=doctor))


@pytest.mark.parametrize("role", [Role.RESPONSIBLE_OFFICER, Role.GUARDIAN])
def test_whoever_plays_a_part_in_a_concern_sees_nothing_of_it(world: World, role: Role) -> None:
    about = world.doctor()
    officers = {
        name: world.employ(role) for name in ("reporter", "subject", *RelationKind, "related back", "boss")
    }
    for kind in RelationKind:
        world.relate(officers[kind], kind, about)
    world.relate(about, RelationKind.RELATED_TO, officers["related back"])
    world.relate(about, RelationKind.REPORTS_TO, officers["boss"])

    theirs = world.concern(about=about, by=officers["reporter"])
    their_own = world.concern(about=officers["subject"])

    seeing = {name for name, officer in officers.items() if world.sees(officer, theirs)}
    assert seeing == {"subject", RelationKind.SUPERVISED_BY, "boss"}
    assert not world.sees(officers["subject"], their_own)


def test_being_close_to_the_reporter_is_no_conflict(world: World) -> None:
    officer, reporter = world.employ(Role.RESPONSIBLE_OFFICER), world.doctor()
    world.relate(officer, RelationKind.RELATED_TO, reporter)
    assert world.sees(officer, world.concern(about=world.doctor(), by=reporter))


def test_being_close_to_whoever_reports_on_themselves_is(world: World) -> None:
    officer, doctor = world.employ(Role.RESPONSIBLE_OFFICER), world.doctor()
    world.relate(officer, RelationKind.REPORTS_TO, doctor)
    assert not world.sees(officer, world.self_report(by=doctor))


def test_a_relation_declared_later_takes_the_case_away_at_once(world: World) -> None:
    about = world.doctor()
    sent = world.concern(about=about)
    owner = world.owner(sent)
    assert world.sees(owner, sent)
    world.relate(owner, RelationKind.RELATED_TO, about)
    assert not world.sees(owner, sent)


def test_whoever_steps_back_is_kept_out_under_every_hat(world: World) -> None:
    sent = world.concern(about=world.doctor(), category="RSP-SEXHAR")
    guardian = world.owner(sent)
    world.do(casework.recuse, sent, by=guardian, kind="friend", text="")
    assert not world.sees(guardian, sent)
    assert not world.sees(world.appoint(guardian, Role.RESPONSIBLE_OFFICER), sent)


def test_a_guardian_who_may_be_the_unknown_person_does_not_see_the_concern(world: World) -> None:
    subject = SubjectChoice(name="Somebody in charge", relations=("guardian",))
    sent = world.concern(subject=subject)
    assert world.owner(sent).role is Role.BOARD_LEAD
    assert not world.sees(world.holder(Role.GUARDIAN), sent)
    assert world.sees(world.holder(Role.BOARD_LEAD), sent)


def test_an_unresolved_concern_opens_to_the_remits_once_it_is_known_whom_it_is_about(world: World) -> None:
    sent = world.concern()
    officer = world.holder(Role.RESPONSIBLE_OFFICER)
    assert not world.sees(officer, sent)
    world.do(casework.resolve_subject, sent, person_id=world.doctor().person_id, reason="by the rota")
    assert world.sees(officer, sent)


# ---- people of other bodies, whom the case's organisation knows by tokens of its own


def test_a_handler_of_another_body_sees_the_case_lent_to_them_and_no_other(world: World) -> None:
    outsider = _lend(world, Role.OUTSIDE_REVIEWER)
    sent = world.concern(harm="H4")
    assert outsider.membership_id in world.handlers(sent)
    assert world.sees(outsider, sent)
    assert not world.sees(outsider, world.self_report())


def test_a_handler_of_another_body_with_a_part_in_the_case_loses_it(world: World) -> None:
    outsider = _lend(world, Role.RESPONSIBLE_OFFICER)
    officer = world.holder(Role.RESPONSIBLE_OFFICER)
    reporter = world.doctor()
    sent = world.concern(about=officer, by=reporter, harm="H4")
    assert outsider.membership_id in world.handlers(sent)
    assert world.sees(outsider, sent)
    world.relate(outsider, RelationKind.RELATED_TO, officer)
    assert not world.sees(outsider, sent)


def test_where_no_token_of_theirs_is_known_nobody_sees_anything(world: World) -> None:
    outsider = _lend(world, Role.OUTSIDE_REVIEWER)
    sent = world.concern(harm="H4")
    actor = world.actor(outsider)
    assert actor.outside == {world.hospital_id}
    with world.app.app_context():
        for blind in (replace(actor, outside=frozenset()), replace(actor, tokens=frozenset())):
            assert visible_case(reader(), blind, sent.case_id) is None


def test_somebody_who_handles_no_case_elsewhere_carries_no_tokens_of_elsewhere(world: World) -> None:
    outsider = _lend(world, Role.OUTSIDE_REVIEWER)
    sent = world.concern(harm="H4")
    with world.app.app_context(), transaction() as session:
        for row in session.query(CaseHandler).filter_by(case_id=sent.case_id):
            row.until_at = world.clock()
    assert world.actor(outsider).outside == frozenset()
    assert not world.sees(outsider, sent)


# ---- in which capacity


def test_an_officer_sees_the_patients_part_and_a_handler_the_whole(world: World) -> None:
    sent = world.self_report(**PATIENT)
    standing = {}
    for who in (world.owner(sent), world.holder(Role.DATA_PROTECTION_OFFICER)):
        actor, case = world.actor(who), world.case(sent)
        with world.app.app_context():
            standing[who.role] = standing_in(reader(), actor, case)
    assert standing[Role.DATA_PROTECTION_OFFICER].sees_patient_part_only
    assert not standing[Role.CLINICAL_LEAD].sees_patient_part_only
    assert standing[Role.CLINICAL_LEAD].is_owner
    assert not standing[Role.DATA_PROTECTION_OFFICER].is_owner


def test_who_stands_in_for_the_officer_sees_no_more_than_the_officer(world: World) -> None:
    officer = world.holder(Role.DATA_PROTECTION_OFFICER)
    sent = world.self_report(by=world.appoint(officer, Role.MEMBER, post=Post.MANAGER), **PATIENT)
    stand_in = world.holder(Role.SIRO)
    assert world.handlers(sent)[stand_in.membership_id] is Role.DATA_PROTECTION_OFFICER
    actor, case = world.actor(stand_in), world.case(sent)
    with world.app.app_context():
        assert standing_in(reader(), actor, case).sees_patient_part_only


# ---- who advises, and who works where the member works


def test_whoever_also_advises_reaches_no_case_of_a_workplace_by_any_way(world: World) -> None:
    officer, sent = world.holder(Role.RESPONSIBLE_OFFICER), world.self_report()
    lead = world.owner(sent)
    assert world.sees(officer, sent)
    for who in (officer, lead):
        adviser = world.appoint(who, Role.ADVISER, at=world.mdo_id)
        assert not world.sees(who, sent)
        assert not world.sees(adviser, sent)


def test_an_adviser_who_comes_to_work_where_the_member_works_loses_the_case(world: World) -> None:
    sent = world.advice()
    adviser = world.owner(sent)
    elsewhere = world.organisation(OrganisationType.GP_PRACTICE, name="A practice", cast=False)
    world.appoint(adviser, Role.MEMBER, at=elsewhere)
    assert world.sees(adviser, sent)
    world.appoint(adviser, Role.MEMBER)
    assert not world.sees(adviser, sent)


def test_a_case_is_not_passed_to_an_adviser_who_came_to_work_where_the_member_works(world: World) -> None:
    sent = world.advice()
    others = [one for one in world.cast if one.role is Role.ADVISER and one != world.owner(sent)]
    for other in others:
        world.appoint(other, Role.MEMBER)
        with pytest.raises(NotAvailable):
            world.do(casework.refer, sent, to=other.membership_id, reason="line")


def test_a_mail_about_a_case_reaches_no_adviser_who_came_to_work_where_the_member_works(world: World) -> None:
    sent = world.advice()
    adviser = world.owner(sent)
    world.appoint(adviser, Role.MEMBER)
    with world.app.app_context():
        membership = reader().get_one(Membership, adviser.membership_id)
        case = world.case(sent)
        actor = actor_for(reader(), membership, case, world.clock())
        assert visible_case(reader(), actor, sent.case_id) is None


def test_nothing_in_an_advice_case_fits_anything_of_the_members_workplace(world: World) -> None:
    doctor = world.doctor()
    here, there = world.self_report(by=doctor), world.advice(by=doctor)
    with world.app.app_context():
        tokens = {
            sent.case_id: set(
                reader().scalars(select(CaseParty.token).where(CaseParty.case_id == sent.case_id))
            )
            | set(reader().scalars(select(CaseExclusion.token).where(CaseExclusion.case_id == sent.case_id)))
            for sent in (here, there)
        }
    assert tokens[here.case_id]
    assert not tokens[here.case_id] & tokens[there.case_id]
