"""For somebody who is kept out, a case leaves no trace on any page they can fetch."""

import pytest

from app.domain.vocabulary import RelationKind, Role
from tests.integration.handling import bare, signed_in

PAGES = (
    "/cases",
    "/cases?view=mine",
    "/cases?view=waiting",
    "/cases?view=closed",
    "/cases?group=new",
    "/cases?kind=concern",
    "/cases/find?text=C-0000-0000-0",
)


def seen_by(client, pages=PAGES):
    """The bytes of every page, but for the one token that is new each time."""
    return {page: bare(client.get(page)) for page in pages}


@pytest.mark.parametrize("role", [Role.CLINICAL_LEAD, Role.RESPONSIBLE_OFFICER, Role.GUARDIAN])
def test_a_concern_about_a_handler_changes_nothing_they_can_see(client, world, role):
    subject = world.holder(role)
    signed_in(client, subject)
    before = seen_by(client)
    sent = world.concern(about=subject)
    assert world.owner(sent) != subject
    assert seen_by(client) == before
    assert bare(client.get(f"/cases/{sent.reference}")) == bare(client.get("/cases/C-0000-0000-0"))


def test_a_concern_about_somebody_close_changes_nothing_they_can_see(client, world):
    subject, friend = world.doctor(), world.holder(Role.RESPONSIBLE_OFFICER)
    world.relate(friend, RelationKind.RELATED_TO, subject)
    signed_in(client, friend)
    before = seen_by(client)
    sent = world.concern(about=subject)
    assert seen_by(client) == before
    assert client.get(f"/cases/{sent.reference}").status_code == 404


def test_a_reporter_who_is_a_handler_never_finds_their_own_report_in_the_list(client, world):
    reporter = world.holder(Role.RESPONSIBLE_OFFICER)
    signed_in(client, reporter)
    before = seen_by(client)
    sent = world.self_report(by=reporter)
    assert seen_by(client) == before
    assert client.get(f"/cases/{sent.reference}").status_code == 404


def test_a_request_for_advice_changes_nothing_at_the_employer(client, world):
    signed_in(client, world.holder(Role.RESPONSIBLE_OFFICER))
    before = seen_by(client)
    sent = world.advice()
    assert seen_by(client) == before
    assert bare(client.get(f"/cases/{sent.reference}")) == bare(client.get("/cases/C-0000-0000-0"))


CASE_PAGES = (
    "",
    "/answers",
    "/timeline",
    "/why",
    "/acknowledge",
    "/triage",
    "/request-information",
    "/message",
    "/note",
    "/refer",
    "/escalate",
    "/recuse",
    "/agree-actions",
    "/containment",
    "/safety-plan",
    "/go-on",
    "/patient-data",
    "/outside-notice",
    "/resolve-subject",
    "/close",
    "/reopen",
)


def test_every_page_of_a_hidden_case_answers_as_if_there_were_none(client, world):
    subject = world.holder(Role.CLINICAL_LEAD)
    sent = world.concern(about=subject)
    signed_in(client, subject)
    for page in CASE_PAGES:
        hidden = client.get(f"/cases/{sent.reference}{page}")
        nothing = client.get(f"/cases/C-0000-0000-0{page}")
        assert (hidden.status_code, bare(hidden)) == (404, bare(nothing))


def test_a_concern_about_nobody_known_is_seen_by_the_guardian_alone(client, another_client, world):
    sent = world.concern()
    assert signed_in(client, world.holder(Role.GUARDIAN)).get(f"/cases/{sent.reference}").status_code == 200
    for role in (Role.RESPONSIBLE_OFFICER, Role.CLINICAL_LEAD, Role.DATA_PROTECTION_OFFICER):
        other = signed_in(another_client(), world.holder(role))
        assert other.get(f"/cases/{sent.reference}").status_code == 404
