"""Sending: whatever is sent becomes one case in each room, reaches nobody it concerns, and nothing is lost."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import inspect, select, update

from app.database import db, reader, transaction
from app.domain.actors import Act
from app.domain.errors import AlreadySubmitted, InvalidInput, NobodyEligible, NotAvailable, NotFound
from app.domain.report import Reports, SubjectChoice
from app.domain.vocabulary import (
    Kind,
    OrganisationType,
    PatientData,
    Post,
    RelationKind,
    ReporterIdentity,
    Role,
)
from app.encryption.keys import open_sealed
from app.keychain import case_key
from app.models.case import Case, CaseParty, Report
from app.models.draft import Draft
from app.models.ledger import AuditAlias
from app.models.mail import Mail
from app.models.organisation import Organisation
from app.models.person import Membership, Person
from app.services import casework, drafts
from app.services.casting import Employed
from app.services.changes import sealed_at
from app.services.submitting import Sent, sent_before, submit
from tests.factories import World

PATIENT: dict[str, Any] = {"patient_data": PatientData.YES, "identifiability": "I2", "category": "CONF-AGG"}
CRITICAL: dict[str, Any] = {"harm": "H4"}


def _draft(world: World, who: Employed) -> UUID:
    with world.app.app_context():
        return drafts.start(Kind.SELF_REPORT, form_version=1, answers={"risk_now": "no"}, act=world.act(who))


def _send(world: World, reports: Reports, who: Employed, *, draft_id: UUID | None = None) -> tuple[Sent, ...]:
    act = world.act(who)
    with world.app.app_context():
        return submit(reports, draft_id=draft_id, act=act)


def _number_of(world: World, who: Employed) -> str:
    with world.app.app_context():
        return str(reader().get_one(Membership, who.membership_id).gmc_number)


def _roles(world: World, sent: Sent) -> set[Role]:
    return set(world.handlers(sent).values())


def _both(world: World) -> Reports:
    return Reports(
        employer=world.report(Kind.SELF_REPORT, **PATIENT),
        advice=world.report(Kind.ADVICE, mdo=str(world.mdo_id)),
    )


# ---- once


def test_a_reference_that_is_taken_is_drawn_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = world.self_report().reference
    drawn = iter([taken, taken, "C-7K3F-9QMX-H"])
    monkeypatch.setattr("app.services.changes.new_reference", lambda: next(drawn))
    assert world.self_report().reference == "C-7K3F-9QMX-H"


def test_a_draft_becomes_one_case_however_often_it_is_sent(world: World) -> None:
    doctor = world.doctor()
    draft_id = _draft(world, doctor)
    reports = Reports(employer=world.report(), advice=None)
    (first,) = _send(world, reports, doctor, draft_id=draft_id)
    with pytest.raises(AlreadySubmitted):
        _send(world, reports, doctor, draft_id=draft_id)
    with world.app.app_context():
        assert sent_before(draft_id, act=world.act(doctor)) == (first,)
        assert len(reader().scalars(select(Case)).all()) == 1
        assert reader().get(Draft, draft_id) is None


def test_a_draft_that_is_sent_twice_at_the_same_moment_becomes_one_case(world: World) -> None:
    doctor = world.doctor()
    draft_id, act = _draft(world, doctor), world.act(doctor)
    send = partial(submit, _both(world), draft_id=draft_id, act=act)
    answers = world.together([send] * 6)
    sent = [answer for answer in answers if isinstance(answer, tuple)]
    assert len(sent) == 1
    assert sum(isinstance(answer, AlreadySubmitted) for answer in answers) == 5
    with world.app.app_context():
        assert len(reader().scalars(select(Case)).all()) == 2
        assert sent_before(draft_id, act=act) == sent[0]


def test_nobody_sends_or_finds_another_persons_draft(world: World) -> None:
    doctor, thief = world.doctor(), world.doctor()
    draft_id = _draft(world, doctor)
    reports = Reports(employer=world.report(), advice=None)
    with pytest.raises(NotFound):
        _send(world, reports, thief, draft_id=draft_id)
    _send(world, reports, doctor, draft_id=draft_id)
    with world.app.app_context():
        assert sent_before(draft_id, act=world.act(thief)) == ()


def test_sixteen_reports_at_once_are_all_kept_and_all_counted(world: World) -> None:
    """More than two leads can take without waiting for each other: on both databases nobody is turned away."""
    sends: list[Callable[[], tuple[Sent, ...]]] = []
    for _ in range(16):
        act = world.act(world.doctor())
        sends.append(partial(submit, _both(world), draft_id=None, act=act))
    answers = world.together(sends)
    assert [answer for answer in answers if not isinstance(answer, tuple)] == []
    references = {sent.reference for answer in answers if isinstance(answer, tuple) for sent in answer}
    assert len(references) == 32
    officer = world.holder(Role.DATA_PROTECTION_OFFICER)
    leads = [world.holder(Role.CLINICAL_LEAD, number=number) for number in (0, 1)]
    advisers = [world.holder(Role.ADVISER, at=world.mdo_id, number=number) for number in (0, 1)]
    assert world.open_cases(officer) == 16
    assert sum(map(world.open_cases, leads)) == sum(map(world.open_cases, advisers)) == 16
    assert max(map(world.open_cases, leads)) <= 12


def test_what_fails_leaves_nothing(world: World) -> None:
    doctor = world.doctor()
    draft_id = _draft(world, doctor)
    impossible = Reports(
        employer=world.report(), advice=world.report(Kind.ADVICE, mdo=str(world.hospital_id))
    )
    with pytest.raises(InvalidInput):
        _send(world, impossible, doctor, draft_id=draft_id)
    with world.app.app_context():
        assert reader().scalars(select(Case)).all() == []
        assert reader().get(Draft, draft_id) is not None
    assert world.open_cases(world.holder(Role.CLINICAL_LEAD)) == 0


# ---- two rooms


def _values(app: Flask, sent: Sent) -> set[object]:
    """Every id, instant, token and byte string that belongs to a case, in whatever table."""
    with app.app_context():
        found: set[object] = set()
        session = reader()
        for mapper in Case.registry.mappers:
            columns = inspect(mapper.class_).columns
            own = {"case_id", "id"} if mapper.class_ is Case else {"case_id"}
            for key in own & set(columns.keys()):
                rows = session.execute(select(*columns).where(columns[key] == sent.case_id)).all()
                found |= {value for row in rows for value in row}
        return {value for value in found if not isinstance(value, bool | int | str | None)}


def test_two_rooms_share_no_id_no_instant_no_token_and_no_key(world: World) -> None:
    world.clock.advance(seconds=17)
    doctor = world.doctor()
    draft_id = _draft(world, doctor)
    world.clock.advance(seconds=3)
    employer, advice = _send(world, _both(world), doctor, draft_id=draft_id)
    one, other = _values(world.app, employer), _values(world.app, advice)
    with world.app.app_context():
        hashes = {one.definition_hash for one in reader().scalars(select(Case))}
    assert len(hashes) == 2
    assert employer.reference != advice.reference
    # The day's end of a working-day clock is the same for everybody who sends that day.
    shared = {
        value for value in one & other if not isinstance(value, datetime) or value.microsecond or value.second
    }
    assert shared == set()
    assert len(one) > 20
    assert len(other) > 10


def test_the_mdos_room_knows_the_minute_only(world: World) -> None:
    world.clock.advance(seconds=42)
    employer, advice = _send(world, _both(world), world.doctor())
    assert world.case(employer).opened_at == world.clock()
    assert world.case(advice).opened_at == world.clock() - timedelta(seconds=42)


def test_the_employers_people_do_not_hear_of_the_mdos_room(world: World) -> None:
    employer, advice = _send(world, _both(world), world.doctor())
    with world.app.app_context():
        session = reader()
        own = set(
            session.scalars(select(Membership.id).where(Membership.organisation_id == world.hospital_id))
        )
        mails = session.execute(select(Mail.case_id, Mail.membership_id)).all()
    assert {membership in own for case, membership in mails if case == advice.case_id} == {False}
    assert {membership in own for case, membership in mails if case == employer.case_id} == {True}
    assert not set(world.handlers(advice)) & own


@pytest.mark.parametrize("kind", [OrganisationType.ACUTE_TRUST, OrganisationType.GP_PRACTICE])
def test_a_room_that_is_no_mdos_takes_no_request_for_advice(world: World, kind: OrganisationType) -> None:
    place = world.organisation(kind, name="No MDO", cast=False)
    for wrong in (str(place), str(uuid4()), "no id at all", ""):
        with pytest.raises(InvalidInput):
            world.send(world.report(Kind.ADVICE, mdo=wrong), by=world.doctor())


def test_advice_is_closed_where_an_employer_runs_the_installation(world: World) -> None:
    installation = world.app.extensions["candour"]
    with world.app.app_context():
        code = reader().get_one(Organisation, world.mdo_id).code
    for operator, is_open in (("T-SOME-EMPLOYER", False), (code, True)):
        run_by = replace(installation, settings=replace(installation.settings, operator=operator))
        with world.app.app_context():
            db.sessionmaker.configure(info={"installation": run_by})
        try:
            if is_open:
                assert world.advice().reference
            else:
                with pytest.raises(NotAvailable):
                    world.advice()
        finally:
            with world.app.app_context():
                db.sessionmaker.configure(info={"installation": installation})


def test_an_adviser_who_works_for_the_members_employer_does_not_advise(world: World) -> None:
    first, second = (world.holder(Role.ADVISER, at=world.mdo_id, number=number) for number in (0, 1))
    world.appoint(first, Role.MEMBER, at=world.hospital_id)
    for _ in range(2):
        sent = world.advice()
        assert world.owner(sent) == second
        assert not world.sees(first, sent)


def test_an_adviser_takes_no_case_of_an_employer(world: World) -> None:
    first, second = (world.holder(Role.CLINICAL_LEAD, number=number) for number in (0, 1))
    world.appoint(first, Role.ADVISER, at=world.mdo_id)
    for _ in range(2):
        assert world.owner(world.self_report()) == second


# ---- whom it is about


def test_somebody_chosen_from_the_list_is_kept_out_of_it(world: World) -> None:
    first, second = (world.holder(Role.CLINICAL_LEAD, number=number) for number in (0, 1))
    for _ in range(2):
        sent = world.concern(about=first)
        assert world.owner(sent) == second
        assert not world.sees(first, sent)


def test_somebody_named_by_their_number_is_kept_out_of_it(world: World) -> None:
    first, second = (world.holder(Role.CLINICAL_LEAD, number=number) for number in (0, 1))
    subject = SubjectChoice(gmc_number=_number_of(world, first))
    sent = world.concern(subject=subject)
    assert not world.case(sent).is_subject_unresolved
    assert world.owner(sent) == second


@pytest.mark.parametrize(
    "subject",
    [
        SubjectChoice(name="Somebody on nights"),
        SubjectChoice(gmc_number="7654321"),
        SubjectChoice(person_id=str(UUID(int=77))),
    ],
)
def test_a_concern_about_nobody_known_goes_to_the_guardian_alone(
    world: World, subject: SubjectChoice
) -> None:
    sent = world.concern(subject=subject, **PATIENT)
    assert world.case(sent).is_subject_unresolved
    assert _roles(world, sent) == {Role.GUARDIAN}


def test_an_unknown_person_who_may_endanger_somebody_is_told_to_the_outside_reviewer_too(
    world: World,
) -> None:
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    reviewer = world.employ(Role.OUTSIDE_REVIEWER, at=body)
    world.lend(Role.OUTSIDE_REVIEWER, reviewer)
    sent = world.concern(**CRITICAL)
    assert _roles(world, sent) == {Role.GUARDIAN, Role.OUTSIDE_REVIEWER}


def test_a_number_named_before_anybody_held_it_keeps_its_later_holder_out(world: World) -> None:
    sent = world.concern(subject=SubjectChoice(gmc_number="7654321"))
    newcomer = world.employ(Role.GUARDIAN)
    assert world.sees(newcomer, sent)
    with world.app.app_context(), transaction() as session:
        mine = update(Membership).where(Membership.id == newcomer.membership_id)
        session.execute(mine.values(gmc_number="7654321"))
    assert not world.sees(newcomer, sent)
    relative = world.employ(Role.GUARDIAN)
    world.relate(relative, RelationKind.RELATED_TO, newcomer)
    assert not world.sees(relative, sent)


@pytest.mark.parametrize(
    ("role", "owner", "told"),
    [
        (Role.SUPERVISOR, Role.CLINICAL_LEAD, set()),
        (Role.MEDICAL_DIRECTOR, Role.CHIEF_EXECUTIVE, set()),
        (Role.RESPONSIBLE_OFFICER, Role.CHIEF_EXECUTIVE, {Role.RESPONSIBLE_OFFICER}),
        (Role.CLINICAL_LEAD, Role.CLINICAL_LEAD, set()),
        (Role.DATA_PROTECTION_OFFICER, Role.CLINICAL_LEAD, set()),
        (Role.ADMINISTRATOR, Role.CLINICAL_LEAD, set()),
    ],
)
def test_a_concern_goes_round_the_person_it_is_about(
    world: World, role: Role, owner: Role, told: set[Role]
) -> None:
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    alternative = world.employ(Role.RESPONSIBLE_OFFICER, at=body)
    world.lend(Role.RESPONSIBLE_OFFICER, alternative)
    about = world.holder(role)
    sent = world.concern(about=about)
    assert world.owner(sent).role is owner
    assert _roles(world, sent) - {owner} == told
    assert not told or alternative.membership_id in world.handlers(sent)
    assert about.membership_id not in world.handlers(sent)


def test_an_officer_of_another_body_is_not_told_where_our_own_can_be(world: World) -> None:
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    alternative = world.employ(Role.RESPONSIBLE_OFFICER, at=body)
    world.lend(Role.RESPONSIBLE_OFFICER, alternative)
    for _ in range(2):
        sent = world.concern(about=world.doctor(), **CRITICAL)
        assert world.holder(Role.RESPONSIBLE_OFFICER).membership_id in world.handlers(sent)
        assert alternative.membership_id not in world.handlers(sent)


def test_a_concern_about_the_officer_is_read_by_whoever_stands_in(world: World) -> None:
    officer = world.holder(Role.DATA_PROTECTION_OFFICER)
    sent = world.concern(about=officer, **PATIENT)
    assert world.handlers(sent)[world.holder(Role.SIRO).membership_id] is Role.DATA_PROTECTION_OFFICER


def test_a_concern_about_a_locum_is_told_to_the_agencys_officer(world: World) -> None:
    agency = world.organisation(OrganisationType.AGENCY, name="Wayfarer Locums")
    locum = world.doctor(post=Post.LOCUM)
    world.appoint(locum, Role.MEMBER, at=agency, post=Post.LOCUM)
    sent = world.concern(about=locum)
    assert world.holder(Role.RESPONSIBLE_OFFICER, at=agency).membership_id in world.handlers(sent)


def test_a_conflict_by_relation_passes_over_even_the_named_supervisor(world: World) -> None:
    about, trainee = world.doctor(), world.doctor(post=Post.RESIDENT_DOCTOR)
    first, second = (world.holder(Role.SUPERVISOR, number=number) for number in (0, 1))
    world.relate(trainee, RelationKind.SUPERVISED_BY, first)
    assert world.owner(world.concern(about=about, by=trainee)) == first
    world.relate(first, RelationKind.REPORTS_TO, about)
    assert world.owner(world.concern(about=about, by=trainee)) == second


def test_a_trainees_report_goes_to_their_own_supervisor_however_busy(world: World) -> None:
    trainee = world.doctor(post=Post.RESIDENT_DOCTOR)
    named = world.holder(Role.SUPERVISOR, number=1)
    world.relate(trainee, RelationKind.SUPERVISED_BY, named)
    for _ in range(3):
        assert world.owner(world.self_report(by=trainee)) == named


def test_who_does_not_want_their_supervisor_is_not_asked_why_and_not_given_them(world: World) -> None:
    trainee = world.doctor(post=Post.RESIDENT_DOCTOR)
    named = world.holder(Role.SUPERVISOR)
    world.relate(trainee, RelationKind.SUPERVISED_BY, named)
    sent = world.self_report(by=trainee, wish_not_supervisor=True)
    assert world.owner(sent).role is Role.TRAINING_PROGRAMME_DIRECTOR
    assert named.membership_id not in world.handlers(sent)


def test_a_wish_passes_over_the_person_and_keeps_the_role(world: World) -> None:
    usual = world.owner(world.self_report())
    sent = world.self_report(wish_not_supervisor=True)
    assert world.owner(sent).role is Role.CLINICAL_LEAD
    first, second = (world.holder(Role.CLINICAL_LEAD, number=one) for one in range(2))
    for lead, other in ((first, second), (second, first)):
        doctor = world.doctor()
        world.relate(doctor, RelationKind.REPORTS_TO, lead)
        assert world.owner(world.self_report(by=doctor)) == lead
        assert world.owner(world.self_report(by=doctor, wish_not_supervisor=True)) == other
    assert usual in (first, second)


def test_a_wish_that_leaves_no_holder_of_the_role_is_met_by_whoever_stands_in(world: World) -> None:
    doctor = world.doctor()
    for number in range(2):
        world.relate(doctor, RelationKind.REPORTS_TO, world.holder(Role.CLINICAL_LEAD, number=number))
    sent = world.self_report(by=doctor, wish_not_supervisor=True)
    assert world.owner(sent).role is Role.MEDICAL_DIRECTOR


def test_where_nobody_is_left_nothing_is_sent_and_nobody_is_counted(world: World) -> None:
    practice = world.organisation(OrganisationType.GP_PRACTICE, name="A small practice", cast=False)
    alone = world.employ(Role.CLINICAL_LEAD, at=practice, post=Post.GP_PARTNER)
    with pytest.raises(NobodyEligible):
        world.self_report(by=alone, workplace=str(practice))
    assert world.open_cases(alone) == 0
    with world.app.app_context():
        assert reader().scalars(select(Case)).all() == []


@pytest.mark.parametrize("workplace", [str(UUID(int=5)), "nowhere"])
def test_a_workplace_that_is_not_theirs_is_refused(world: World, workplace: str) -> None:
    with pytest.raises(InvalidInput):
        world.self_report(workplace=workplace)


# ---- what is kept


def test_what_was_written_is_sealed_and_opens_in_its_own_case_only(world: World) -> None:
    sent, other = world.self_report(narrative="A story that nobody else reads"), world.self_report()
    with world.app.app_context():
        session = reader()
        sealed = session.get_one(Report, sent.case_id).answers_sealed
        key = case_key(session, sent.case_id, organisation_id=sent.organisation_id)
        context = sealed_at(world.case(sent), table="report", column="answers", row=sent.case_id)
        assert json.loads(open_sealed(key, sealed, context=context))["narrative"].startswith("A story")
        assert case_key(session, other.case_id, organisation_id=sent.organisation_id).export() != key.export()


def test_whoever_reports_without_a_name_leaves_nothing_that_leads_back(world: World) -> None:
    world.clock.advance(seconds=31)
    reporter = world.doctor()
    sent = world.concern(about=world.doctor(), by=reporter, identity=ReporterIdentity.ANONYMOUS)
    again = world.concern(about=world.doctor(), by=reporter)
    with world.app.app_context():
        session = reader()
        parties = session.scalars(select(CaseParty.role).where(CaseParty.case_id == sent.case_id)).all()
        tokens = {
            scope: set(session.scalars(select(AuditAlias.token).where(AuditAlias.scope == scope)))
            for scope in (sent.case_id.hex, again.case_id.hex)
        }
    assert "reporter" not in parties
    assert tokens[sent.case_id.hex]
    assert not tokens[sent.case_id.hex] & tokens[again.case_id.hex]
    assert world.case(sent).opened_at.second == 0


def test_an_act_says_nothing_of_the_request_it_came_in(world: World) -> None:
    doctor = world.doctor()
    act = replace(world.act(doctor), request_id="c0ffee-request")
    assert isinstance(act, Act)
    with world.app.app_context():
        (sent,) = submit(Reports(employer=world.report(), advice=None), draft_id=None, act=act)
    assert "c0ffee-request" not in str(_values(world.app, sent))


# ---- whom the reporter wants to keep away


def _named(world: World, who: Employed) -> str:
    with world.app.app_context():
        return reader().get_one(Person, who.person_id).name


def test_somebody_named_to_be_kept_away_is_not_given_the_case_and_cannot_see_it(world: World) -> None:
    lead = world.owner(world.concern(about=world.doctor()))
    named = f"a friend of theirs, {_named(world, lead).upper()} and nobody else"
    sent = world.concern(about=world.doctor(), keep_away=named)
    assert lead.membership_id not in world.handlers(sent)
    assert not world.sees(lead, sent)
    with pytest.raises(NotAvailable):
        world.do(casework.refer, sent, to=lead.membership_id, reason="line")


def test_everybody_of_a_name_is_kept_away(world: World) -> None:
    leads = [world.owner(world.concern(about=world.doctor())) for _ in range(2)]
    with world.app.app_context(), transaction() as session:
        same = update(Membership).where(Membership.id.in_([one.membership_id for one in leads]))
        session.execute(same.values(name="Dr Sam Twin"))
    sent = world.concern(about=world.doctor(), keep_away="sam twin")
    assert not any(world.sees(one, sent) for one in leads)


def test_more_than_three_names_go_to_somebody_from_outside(world: World) -> None:
    world.lend(Role.OUTSIDE_REVIEWER, world.holder(Role.MEDICAL_DIRECTOR, at=_elsewhere(world)))
    three = world.concern(about=world.doctor(), keep_away="Ann One, Bo Two and Cy Three")
    four = world.concern(about=world.doctor(), keep_away="Ann One, Bo Two, Cy Three\nDi Four")
    assert world.case(three).owner_role is Role.CLINICAL_LEAD
    assert world.case(four).owner_role is Role.OUTSIDE_REVIEWER


def _elsewhere(world: World) -> UUID:
    return world.organisation(OrganisationType.ACUTE_TRUST, name="Moorfoot Hospitals")


def test_four_names_keep_nobody_from_sending_where_nobody_is_from_outside(world: World) -> None:
    sent = world.concern(about=world.doctor(), keep_away="Ann One, Bo Two, Cy Three, Di Four")
    assert world.case(sent).owner_role is Role.CLINICAL_LEAD
