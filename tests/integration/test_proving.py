"""The password once more, before the acts that weigh most; and forms of other sites, which are refused."""

import re

import pytest
from werkzeug.test import TestResponse

from app.domain.vocabulary import PatientData, Role
from app.services import accounts
from app.services.submitting import Sent
from tests.factories import PASSWORD, World
from tests.infrastructure.markup import Page
from tests.infrastructure.strict_client import StrictClient
from tests.integration.handling import fill, signed_in, text_of_answer

ASKED = "Enter your password again"
REASON = 'Nobody could be\nrecognised, "at" <all>.'
DECISION = {"patient_data": "no", "reason": REASON}


@pytest.fixture
def sent(world: World) -> Sent:
    return world.self_report(patient_data=PatientData.YES, identifiability="I2", category="CONF-AGG")


@pytest.fixture
def officer(client: StrictClient, world: World) -> StrictClient:
    return signed_in(client, world.holder(Role.DATA_PROTECTION_OFFICER))


def page_of(sent: Sent, name: str = "patient-data") -> str:
    return f"/cases/{sent.reference}/{name}"


def filled(client: StrictClient, url: str, answers: dict[str, str]) -> dict[str, list[object]]:
    """The fields of a form that somebody has filled in and not sent yet."""
    (form,) = (one for one in client.page(url).forms() if one.asks_for(answers))
    return form.filled({name: [text] for name, text in answers.items()})


def answered(client: StrictClient, asked: TestResponse, password: str) -> TestResponse:
    """What the page that asks for the password leads to."""
    (form,) = (one for one in Page.parse(asked.text).forms() if one.asks_for({"proof": ""}))
    assert form.action == ""
    return client.post(asked.request.path, data=form.filled({"proof": [password]}))


def log_of(world: World, role: Role) -> list[str]:
    with world.app.app_context():
        return [entry.tag for entry in accounts.own_log(world.holder(role).person_id)]


def test_right_after_signing_in_nobody_is_asked(officer: StrictClient, world: World, sent: Sent) -> None:
    world.clock.advance(minutes=5)
    fill(officer, page_of(sent), DECISION)
    assert world.case(sent).patient_data is PatientData.NO


@pytest.mark.parametrize("name", ["patient-data", "outside-notice"])
def test_later_the_password_is_asked_before_the_page_is_shown(
    officer: StrictClient, world: World, sent: Sent, name: str
) -> None:
    world.clock.advance(minutes=5, seconds=1)
    asked = officer.get(page_of(sent, name))
    assert ASKED in asked.text
    assert sent.reference not in text_of_answer(asked)
    proved = answered(officer, asked, PASSWORD)
    assert proved.location == page_of(sent, name)
    assert ASKED not in officer.get(proved.location).text
    assert log_of(world, Role.DATA_PROTECTION_OFFICER)[0] == "account:proof:given"


def test_what_was_typed_goes_along_and_is_carried_out_once_the_password_is_right(
    officer: StrictClient, world: World, sent: Sent
) -> None:
    typed = filled(officer, page_of(sent), DECISION)
    world.clock.advance(minutes=6)
    asked = officer.post(page_of(sent), data=typed)
    assert "What you sent has not been carried out yet" in text_of_answer(asked)
    assert world.case(sent).patient_data is PatientData.YES
    refused = answered(officer, asked, "a guess of mine")
    assert "This is not your password." in text_of_answer(refused)
    assert "a guess of mine" not in refused.text
    done = answered(officer, refused, PASSWORD)
    assert done.location == f"/cases/{sent.reference}"
    assert world.case(sent).patient_data is PatientData.NO
    assert 'Nobody could be recognised, "at" <all>.' in text_of_answer(officer.get(done.location))
    assert {"account:proof:refused", "account:proof:given"} <= set(
        log_of(world, Role.DATA_PROTECTION_OFFICER)
    )


def test_an_empty_password_says_what_to_enter(officer: StrictClient, world: World, sent: Sent) -> None:
    world.clock.advance(minutes=6)
    assert "Enter your password." in answered(officer, officer.get(page_of(sent)), "").text


def test_guessing_waits_like_a_sign_in_and_loses_nothing(
    officer: StrictClient, world: World, sent: Sent
) -> None:
    typed = filled(officer, page_of(sent), DECISION)
    world.clock.advance(minutes=6)
    asked = officer.post(page_of(sent), data=typed)
    for _ in range(5):
        asked = answered(officer, asked, "a guess of mine")
    asked = answered(officer, asked, PASSWORD)
    assert "Wait 1 minute and try again." in text_of_answer(asked)
    world.clock.advance(minutes=1)
    answered(officer, asked, PASSWORD)
    assert world.case(sent).patient_data is PatientData.NO


def test_whoever_is_asked_learns_nothing_about_what_exists(
    client: StrictClient, world: World, sent: Sent
) -> None:
    """The page that asks is the same for a case, for one that is hidden and for none."""
    hidden = world.concern(about=world.holder(Role.DATA_PROTECTION_OFFICER))
    signed_in(client, world.holder(Role.DATA_PROTECTION_OFFICER))
    world.clock.advance(minutes=6)
    addresses = (page_of(sent), page_of(hidden), "/cases/C-0000-0000-0/patient-data")
    pages = {re.sub(r"<input[^>]*csrf_token[^>]*>", "", client.get(one).text) for one in addresses}
    assert len(pages) == 1


def test_a_role_that_may_not_is_refused_without_being_asked(
    client: StrictClient, world: World, sent: Sent
) -> None:
    signed_in(client, world.holder(Role.ADMINISTRATOR))
    world.clock.advance(minutes=6)
    assert client.get(page_of(sent)).status_code == 404


def test_ending_other_sessions_asks_too(officer: StrictClient, another_client, world: World) -> None:
    other = signed_in(another_client(), world.holder(Role.DATA_PROTECTION_OFFICER))
    world.clock.advance(minutes=6)
    (form,) = (one for one in officer.page("/account").forms() if one.action == "/account/sessions/end")
    asked = officer.post(form.action, data=form.filled({}))
    assert ASKED in asked.text
    assert other.get("/account").status_code == 200
    assert answered(officer, asked, PASSWORD).location == "/account"
    assert other.get("/account").status_code == 302


def test_a_new_password_is_a_proof(officer: StrictClient, world: World, sent: Sent) -> None:
    world.clock.advance(minutes=6)
    officer.submit("/account/password", {"current": PASSWORD, "password": "nine quiet herons wait"})
    assert ASKED not in officer.get(page_of(sent)).text


# ---- other sites


@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd"])
@pytest.mark.parametrize("path", ["/sign-out", "/account/sessions/end"])
def test_a_form_of_another_site_is_refused(officer: StrictClient, site: str, path: str) -> None:
    """Even one with the right token."""
    (form,) = (one for one in officer.page("/account").forms() if one.action == path)
    said = {"Sec-Fetch-Site": site}
    assert officer.post(path, data=form.filled({}), headers=said).status_code == 403
    assert officer.get("/account", headers=said).status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_form_of_our_own_is_taken(officer: StrictClient, site: str) -> None:
    (form,) = (one for one in officer.page("/account").forms() if one.action == "/sign-out")
    answer = officer.post(form.action, data=form.filled({}), headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 302
