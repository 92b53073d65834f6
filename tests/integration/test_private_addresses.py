"""A workplace's mailbox opens no MDO's room; an address of one's own does."""

from collections.abc import Callable
from http import HTTPStatus

import pytest
from sqlalchemy import select, update

from app.database import reader, transaction
from app.domain.errors import NotAvailable
from app.domain.vocabulary import Role
from app.keychain import account_code
from app.models.account import AccountCode
from app.models.mail import Mail, MailKind
from app.models.organisation import Organisation
from app.models.person import Person
from app.services.casting import Employed
from tests.factories import PASSWORD, World
from tests.infrastructure.strict_client import StrictClient
from tests.integration.handling import Account, signed_in, text_at, text_of_answer

NEW_PASSWORD = "nine quiet harbours wait"
PRIVATE = "kestrel@home.example"
CLOSED = "Your MDO’s room is closed for now"


@pytest.fixture
def doctor(world: World) -> Employed:
    """A doctor of the hospital who signs in with their address there."""
    made = world.doctor()
    with world.app.app_context(), transaction() as session:
        session.execute(
            update(Organisation)
            .where(Organisation.id == world.hospital_id)
            .values(mail_domains="example.org")
        )
    return made


def last_code(world: World, address: str) -> str:
    """What the mailbox of an address holds."""
    with world.app.app_context():
        sent = select(AccountCode.id).where(AccountCode.address == address, AccountCode.used_at.is_(None))
        return account_code(reader(), reader().scalars(sent).one())


def came_in_by_code(world: World, client: StrictClient, address: str) -> StrictClient:
    """Whoever reads that mailbox sets a password."""
    client.submit("/account/code/send", {"email": address})
    typed = {"email": address, "code": last_code(world, address), "password": NEW_PASSWORD}
    assert client.submit("/account/code", typed).status_code == HTTPStatus.FOUND
    return client


def add_private(world: World, client: StrictClient, address: str = PRIVATE, *, password: str = NEW_PASSWORD):
    """Adds an address and proves it."""
    client.submit("/account/address", {"email": address})
    typed = {"code": last_code(world, address), "password": password}
    return client.submit("/account/address/code", typed)


def test_the_workplaces_mailbox_opens_no_thread_with_an_mdo(
    world: World, client: StrictClient, doctor: Employed
) -> None:
    asked, told = world.advice(by=doctor), world.self_report(by=doctor)
    signed_in(client, doctor)
    assert client.get(f"/reports/{asked.reference}").status_code == HTTPStatus.OK
    came_in_by_code(world, client, doctor.email)
    assert client.get(f"/reports/{asked.reference}").status_code == HTTPStatus.NOT_FOUND
    listed = text_at(client, "/reports")
    assert asked.reference not in listed
    assert told.reference in listed
    assert CLOSED in text_at(client, "/account")


def test_nor_does_the_password_that_was_set_that_way(
    world: World, client: StrictClient, another_client: Callable[[], StrictClient], doctor: Employed
) -> None:
    asked = world.advice(by=doctor)
    came_in_by_code(world, client, doctor.email)
    later = another_client()
    later.sign_in(Account(doctor.email, NEW_PASSWORD))
    changed = {"current": NEW_PASSWORD, "password": PASSWORD}
    assert later.submit("/account/password", changed).status_code == HTTPStatus.FOUND
    assert later.get(f"/reports/{asked.reference}").status_code == HTTPStatus.NOT_FOUND


def test_nobody_asks_an_mdo_with_it(world: World, client: StrictClient, doctor: Employed) -> None:
    came_in_by_code(world, client, doctor.email)
    assert client.get("/report/advice").location == "/mdo-phone"
    with pytest.raises(NotAvailable):
        world.advice(by=doctor)


def test_nor_works_as_an_adviser(world: World, client: StrictClient, doctor: Employed) -> None:
    world.appoint(doctor, Role.ADVISER, at=world.mdo_id)
    came_in_by_code(world, client, doctor.email)
    assert client.get("/advice").status_code == HTTPStatus.NOT_FOUND


def test_a_private_address_opens_the_room_and_signs_in(
    world: World, client: StrictClient, another_client: Callable[[], StrictClient], doctor: Employed
) -> None:
    came_in_by_code(world, client, doctor.email)
    assert add_private(world, client).location == "/account"
    shown = text_at(client, "/account")
    assert PRIVATE in shown
    assert CLOSED not in shown
    assert client.get("/report/advice").status_code == HTTPStatus.OK
    another_client().sign_in(Account(PRIVATE, NEW_PASSWORD))
    with world.app.app_context():
        told = reader().scalars(select(Mail).where(Mail.kind == MailKind.SIGN_IN, ~Mail.is_private)).all()
    assert [one.person_id for one in told] == [doctor.person_id] * 2


def test_the_workplaces_mailbox_closes_it_again_and_changes_no_private_address(
    world: World, client: StrictClient, doctor: Employed
) -> None:
    came_in_by_code(world, client, doctor.email)
    add_private(world, client)
    came_in_by_code(world, client, doctor.email)
    assert CLOSED in text_at(client, "/account")
    refused = client.submit("/account/address", {"email": "evil@attacker.example"})
    assert "You have a private address already." in text_of_answer(refused)
    came_in_by_code(world, client, PRIVATE)
    assert CLOSED not in text_at(client, "/account")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("kestrel@mail.example.org", "This address is at your workplace"),
        ("nowhere", "Enter an e-mail address, like name@example.org."),
    ],
)
def test_an_address_that_cannot_be_private_says_why(
    world: World, client: StrictClient, doctor: Employed, address: str, sentence: str
) -> None:
    signed_in(client, doctor)
    assert sentence in text_of_answer(client.submit("/account/address", {"email": address}))


def test_an_address_that_somebody_has_answers_the_same_and_is_sent_nothing(
    world: World, client: StrictClient, doctor: Employed
) -> None:
    somebody = world.doctor()
    with world.app.app_context(), transaction() as session:
        session.execute(
            update(Person).where(Person.id == somebody.person_id).values(email="taken@home.example")
        )
    signed_in(client, doctor)
    answers = [
        client.submit("/account/address", {"email": one}).location for one in ("taken@home.example", PRIVATE)
    ]
    assert answers == ["/account/address/code"] * 2
    with world.app.app_context():
        assert reader().scalars(select(AccountCode.address)).all() == [PRIVATE]


def test_an_address_is_added_only_with_the_password_and_by_its_own_code(
    world: World, client: StrictClient, doctor: Employed
) -> None:
    signed_in(client, doctor)
    assert "do not recognise" in text_of_answer(add_private(world, client, password="a guess"))
    client.submit("/account/code/send", {"email": doctor.email})
    typed = {"code": last_code(world, doctor.email), "password": PASSWORD}
    assert "do not recognise" in text_of_answer(client.submit("/account/address/code", typed))
    with world.app.app_context():
        assert reader().scalars(select(Person.private_email).where(Person.id == doctor.person_id)).all() == [
            None
        ]
