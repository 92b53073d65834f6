"""Two rooms that know nothing of each other: whatever happens in one, the other's pages keep their bytes."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.database import reader
from app.domain.report import Reports
from app.domain.vocabulary import Kind, Role
from app.keychain import organisation_log
from app.models.case import Case, Report
from app.models.ledger import AuditEntry
from app.models.mail import Mail
from app.models.person import Membership
from app.services import casework, reporting
from app.services.casting import Employed
from app.services.submitting import Sent, submit
from tests.factories import World
from tests.infrastructure.strict_client import StrictClient
from tests.integration.test_my_reports import CSRF, act, signed_in

Clients = Callable[[], StrictClient]
# These know nobody, so they cannot differ: a test of theirs shows that they touch no session.
SAME_FOR_ALL = ("static", "public.")


def addresses(app: Flask) -> Iterator[str]:
    """Every page that can be asked for without naming anything."""
    for rule in app.url_map.iter_rules():
        is_page = "GET" in (rule.methods or ()) and not rule.arguments
        if is_page and not rule.endpoint.startswith(SAME_FOR_ALL):
            yield rule.rule


def bytes_of(client: StrictClient, app: Flask, cases: list[Sent]) -> dict[str, str]:
    """Each page as this person is shown it, but for the token that is drawn anew."""
    asked = [*addresses(app), "/cases?view=mine", "/cases?view=waiting", "/cases?view=closed"]
    asked += [f"/cases/{one.reference}" for one in cases]
    asked += [f"/cases/{one.reference}/timeline" for one in cases]
    answers = {address: client.get(address) for address in asked}
    return {
        address: f"{answer.status_code} {answer.location} {CSRF.sub('', answer.text)}"
        for address, answer in answers.items()
    }


def people_of(world: World, organisation_id: object) -> list[Employed]:
    """One person for each role of an organisation."""
    by_role = {one.role: one for one in world.cast if one.organisation_id == organisation_id}
    return list(by_role.values())


def ask_and_be_answered(world: World, doctor: Employed) -> Sent:
    """A whole exchange in the MDO's room."""
    asked = world.advice(by=doctor)
    act(world, casework.request_information, asked, question="Is it still up?", why="")
    act(world, reporting.provide_information, asked, by=doctor, text="No.")
    act(world, casework.reply, asked, text="Then tell your supervisor this week.")
    return asked


def test_no_page_of_any_employers_role_changes_by_a_byte_when_a_doctor_asks_their_mdo(
    world: World, another_client: Clients
) -> None:
    doctor, colleague = world.doctor(), world.doctor()
    cases = [world.self_report(by=doctor), world.concern(by=colleague, about=doctor)]
    staff = [*people_of(world, world.hospital_id), colleague]
    clients = {one.membership_id: signed_in(another_client, one) for one in staff}
    for client in clients.values():
        bytes_of(client, world.app, cases)  # opening a case shows in it: so everybody opens it first
    before = {who: bytes_of(client, world.app, cases) for who, client in clients.items()}
    asked = ask_and_be_answered(world, doctor)
    after = {who: bytes_of(client, world.app, cases) for who, client in clients.items()}
    assert after == before
    assert not [who for who, pages in after.items() if asked.reference in "".join(pages.values())]


def test_no_page_of_the_mdo_changes_when_its_member_reports_to_the_employer(
    world: World, another_client: Clients
) -> None:
    doctor = world.doctor()
    asked = ask_and_be_answered(world, doctor)
    clients = [signed_in(another_client, one) for one in people_of(world, world.mdo_id)]
    for client in clients:
        client.get(f"/advice/{asked.reference}")
    before = [bytes_of(client, world.app, [asked]) for client in clients]
    sent = world.self_report(by=doctor, patient_data="yes")
    world.triage(sent)
    assert [bytes_of(client, world.app, [asked]) for client in clients] == before


@pytest.mark.parametrize("role", [Role.CLINICAL_LEAD, Role.RESPONSIBLE_OFFICER, Role.DATA_PROTECTION_OFFICER])
def test_advice_answers_an_employers_handler_like_a_case_that_does_not_exist(
    role: Role, world: World, another_client: Clients
) -> None:
    asked = world.advice()
    client = signed_in(another_client, world.holder(role))
    hidden, unknown = (client.get(f"/cases/{one}") for one in (asked.reference, "C-7K3F-9QMX-H"))
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert CSRF.sub("", hidden.text) == CSRF.sub("", unknown.text)


def counted(world: World) -> dict[str, object]:
    """What an employer could count: entries of its log, mails to its people, their loads."""
    with world.app.app_context():
        session = reader()
        here = select(Membership.id).where(Membership.organisation_id == world.hospital_id)
        log = organisation_log(world.hospital_id)
        return {
            "entries": session.scalar(select(func.count()).where(AuditEntry.log == log)),
            "mails": session.scalar(select(func.count()).where(Mail.membership_id.in_(here))),
            "loads": session.execute(
                select(Membership.id, Membership.open_cases, Membership.load_version)
                .where(Membership.organisation_id == world.hospital_id)
                .order_by(Membership.id)
            ).all(),
        }


def test_nothing_an_employer_could_count_moves(world: World) -> None:
    doctor = world.doctor()
    world.self_report(by=doctor)
    before = counted(world)
    ask_and_be_answered(world, doctor)
    assert counted(world) == before


def test_both_cases_of_one_form_share_no_value_that_could_join_them(world: World) -> None:
    doctor = world.doctor()
    world.clock.advance(seconds=17)
    both = Reports(
        employer=world.report(Kind.SELF_REPORT),
        advice=world.report(Kind.ADVICE, mdo=str(world.mdo_id)),
    )
    own = world.act(doctor)
    with world.app.app_context():
        sent, asked = submit(both, draft_id=None, act=own)
        session = reader()
        one, other = session.get_one(Case, sent.case_id), session.get_one(Case, asked.case_id)
        reports = [session.get_one(Report, case.id) for case in (one, other)]
    joining = ("id", "reference", "organisation_id", "opened_at", "owner_membership_id")
    assert not [name for name in joining if getattr(one, name) == getattr(other, name)]
    assert reports[0].answers_sealed != reports[1].answers_sealed


def test_references_say_nothing_of_how_many_there_are(world: World) -> None:
    references = [world.self_report().reference for _ in range(3)] + [world.advice().reference]
    assert len(set(references)) == 4
    assert all(re.fullmatch(r"C-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]", one) for one in references)
    assert references != sorted(references) or references[0][:6] != references[1][:6]
