"""Mail: it says nothing, goes to nobody who lost the right to it, and is neither lost nor sent twice."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage, Message
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select, update

from app.config import Settings
from app.database import reader, transaction
from app.domain.vocabulary import Kind, OrganisationType, PatientData, RelationKind, Role
from app.encryption.keys import seal
from app.keychain import case_key
from app.models.case import Case
from app.models.draft import Draft
from app.models.key import CaseKey
from app.models.mail import Mail, MailKind, MailState
from app.models.person import Membership
from app.notifications.channels import channel_for
from app.notifications.outbox import queue
from app.services import casework, delivery, drafts
from app.services.casting import Employed
from app.services.changes import sealed_at
from app.services.delivery import ATTEMPTS, LEASE, Delivered
from app.services.submitting import Sent
from tests.factories import World
from tests.infrastructure.databases import Database
from tests.infrastructure.strict_client import StrictClient
from tests.integration.staffing import WRITTEN_CODE

ADDRESS = "a.private.address@example.net"


class PostOffice(MessageHandler):
    """A real mail server that keeps what it takes, and refuses whom it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Message] = []
        self.refused: set[str] = set()
        self.is_full = False

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return "452 no room" if self.is_full else await super().handle_DATA(server, session, envelope)

    def handle_message(self, message: Message) -> None:
        self.letters.append(message)

    def to(self, who: Employed | str) -> list[Message]:
        """What arrived for somebody."""
        address = who if isinstance(who, str) else who.email
        return [letter for letter in self.letters if letter["To"] == address]


@dataclass
class Counter:
    """A post office on a port of its own, that can close."""

    office: PostOffice = field(default_factory=PostOffice)
    controller: Controller = field(init=False)

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.controller = Controller(self.office, hostname="127.0.0.1", port=port)


@pytest.fixture
def counter() -> Iterator[Counter]:
    """A mail server that is open; a test may close it."""
    counter = Counter()
    counter.controller.start()
    yield counter
    if counter.controller.loop.is_running():
        counter.controller.stop()


@pytest.fixture
def office(counter: Counter) -> PostOffice:
    """What the mail server keeps."""
    return counter.office


@pytest.fixture
def settings(database: Database, counter: Counter) -> Settings:
    """Settings by which mail leaves over that server."""
    return replace(database.settings(), smtp_host="127.0.0.1", smtp_port=counter.controller.port)


def _deliver(world: World) -> Delivered:
    with world.app.app_context():
        return delivery.deliver(now=world.clock())


def _mails(world: World) -> list[Mail]:
    with world.app.app_context():
        return list(reader().scalars(select(Mail).order_by(Mail.queued_at)))


def _states(world: World) -> set[MailState]:
    return {mail.state for mail in _mails(world)}


def _give_address(world: World, sent: Sent, address: str = ADDRESS) -> None:
    with world.app.app_context(), transaction() as session:
        case = session.get_one(Case, sent.case_id)
        key = case_key(session, case.id, organisation_id=case.organisation_id)
        context = sealed_at(case, table="case", column="contact", row=case.id)
        case.contact_sealed = seal(key, address, context=context)


# ---- what it says


def test_a_mail_says_that_something_waits_and_nothing_else(world: World, office: PostOffice) -> None:
    sent = world.self_report(patient_data=PatientData.YES, identifiability="I2", category="CONF-AGG")
    owner = world.owner(sent)
    assert _deliver(world).sent == 2
    (letter,) = office.to(owner)
    expected = (
        "A case needs you. Sign in to see it: http://127.0.0.1:5000/\n\n"
        "If someone could be harmed, do not wait for this service: call 999.\n"
        "Please do not reply to this e-mail.\n"
    )
    assert letter.get_payload(decode=True).decode().replace("\r\n", "\n") == expected  # type: ignore[union-attr]
    assert letter["Subject"] == "A case needs you"
    assert letter["From"] == "candour@example.org"
    names = {name.lower() for name in letter} - {"x-peer", "x-mailfrom", "x-rcptto"}
    assert names == {
        "from",
        "to",
        "date",
        "subject",
        "message-id",
        "content-type",
        "content-transfer-encoding",
        "mime-version",
    }
    everything = letter.as_string()
    for hidden in (sent.reference, sent.case_id.hex, owner.name, "CONF", "clinical_lead", "Larkfield"):
        assert hidden not in everything


def test_a_message_id_tells_nothing_and_stays_the_same_when_it_is_sent_again(
    world: World, office: PostOffice
) -> None:
    world.self_report()
    (mail,) = _mails(world)
    _deliver(world)
    with world.app.app_context(), transaction() as session:
        session.execute(update(Mail).values(state=MailState.QUEUED, next_attempt_at=world.clock()))
    _deliver(world)
    first, again = (letter["Message-ID"] for letter in office.letters)
    assert first == again
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", first)
    assert mail.id.hex not in first


def test_two_mails_have_nothing_in_common_by_which_they_could_be_put_together(
    world: World, office: PostOffice
) -> None:
    world.self_report()
    _deliver(world)
    world.self_report()
    _deliver(world)
    first, second = (letter["Message-ID"] for letter in office.letters)
    assert first != second


def test_a_reporter_hears_at_the_address_they_gave_for_this_case(world: World, office: PostOffice) -> None:
    sent, silent = world.self_report(), world.self_report()
    _give_address(world, sent)
    for one in (sent, silent):
        world.do(casework.acknowledge, one, text="I have read it")
    _deliver(world)
    (letter,) = office.to(ADDRESS)
    assert letter["Subject"] == "There is news for you"
    news = [mail for mail in _mails(world) if mail.kind is MailKind.NEWS]
    assert len(news) == 1


def test_a_reminder_names_the_day_on_which_the_draft_goes(world: World, office: PostOffice) -> None:
    doctor = world.doctor()
    with world.app.app_context():
        drafts.start(Kind.SELF_REPORT, form_version=1, answers={"risk_now": "no"}, act=world.act(doctor))
        world.clock.advance(days=23, hours=12)
        drafts.forget_expired(now=world.clock())
    _deliver(world)
    (letter,) = office.to(doctor)
    assert "will be deleted on 7 May 2026" in letter.as_string()


def test_no_reminder_of_a_draft_that_is_gone(world: World, office: PostOffice) -> None:
    doctor = world.doctor()
    with world.app.app_context():
        drafts.start(Kind.SELF_REPORT, form_version=1, answers={"risk_now": "no"}, act=world.act(doctor))
        world.clock.advance(days=23, hours=12)
        drafts.forget_expired(now=world.clock())
        with transaction() as session:
            session.query(Draft).delete()
    assert _deliver(world) == Delivered(dropped=1)
    assert office.letters == []


def test_a_code_leaves_over_the_mail_server_and_signs_its_reader_in(
    world: World, office: PostOffice, client: StrictClient
) -> None:
    doctor = world.doctor()
    client.submit("/account/code/send", {"email": doctor.email})
    assert _deliver(world) == Delivered(sent=1)
    (letter,) = office.to(doctor)
    found = WRITTEN_CODE.search(str(letter.get_payload()))
    assert found is not None
    typed = {"email": doctor.email, "code": found[1], "password": "nine quiet herons wait"}
    assert client.submit("/account/code", typed).status_code == 302


# ---- to whom, asked again when it is sent


def _has_left(world: World, owner: Employed) -> None:
    yesterday = (world.clock() - timedelta(days=1)).date()
    with world.app.app_context(), transaction() as session:
        session.execute(
            update(Membership).where(Membership.id == owner.membership_id).values(ends_on=yesterday)
        )


@pytest.mark.parametrize("cause", ["left", "replaced", "recused", "became close"])
def test_who_may_no_longer_know_of_a_case_gets_no_mail_about_it(
    world: World, office: PostOffice, cause: str
) -> None:
    about = world.doctor()
    sent = world.concern(about=about)
    owner = world.owner(sent)
    match cause:
        case "left":
            _has_left(world, owner)
        case "replaced":
            world.do(casework.refer, sent, to=Role.MEDICAL_DIRECTOR, reason="line")
        case "recused":
            world.do(casework.recuse, sent, kind="friend", text="")
        case _:
            world.relate(owner, RelationKind.RELATED_TO, about)
    assert _deliver(world).dropped == 1
    assert office.to(owner) == []
    assert MailState.DROPPED in _states(world)


def test_a_handler_of_another_body_is_asked_by_the_tokens_of_the_cases_organisation(
    world: World, office: PostOffice
) -> None:
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    outsider = world.employ(Role.RESPONSIBLE_OFFICER, at=body)
    world.lend(Role.RESPONSIBLE_OFFICER, outsider)
    officer = world.holder(Role.RESPONSIBLE_OFFICER)
    world.concern(about=officer)
    _deliver(world)
    assert len(office.to(outsider)) == 1
    world.relate(outsider, RelationKind.REPORTS_TO, officer)
    world.concern(about=world.doctor())
    with world.app.app_context(), transaction() as session:
        session.execute(
            update(Mail)
            .where(Mail.membership_id == outsider.membership_id)
            .values(state=MailState.QUEUED, next_attempt_at=world.clock())
        )
    _deliver(world)
    assert len(office.to(outsider)) == 1


def test_news_for_a_case_that_was_disposed_of_stops_nothing_else(world: World, office: PostOffice) -> None:
    gone = world.self_report()
    _give_address(world, gone)
    with world.app.app_context(), transaction() as session:
        queue(session, MailKind.NEWS, case_id=gone.case_id, now=world.clock())
        session.delete(session.get_one(CaseKey, gone.case_id))
    assert _deliver(world) == Delivered(sent=1, dropped=1)
    assert office.to(ADDRESS) == []


# ---- several become one


def test_several_mails_that_say_the_same_become_one(world: World, office: PostOffice) -> None:
    doctor = world.doctor()
    for _ in range(4):
        world.concern(about=doctor, category="RSP-SEXHAR")
    guardian = world.holder(Role.GUARDIAN)
    assert _deliver(world) == Delivered(sent=1)
    assert len(office.to(guardian)) == 1
    assert _states(world) == {MailState.SENT}


# ---- when it cannot be sent


def test_a_mail_that_cannot_be_sent_is_tried_later_and_later_and_then_given_up(
    world: World, office: PostOffice
) -> None:
    world.self_report()
    (mail,) = _mails(world)
    office.is_full = True
    waits = []
    for _ in range(ATTEMPTS):
        assert _deliver(world) == Delivered(failed=1)
        assert _deliver(world) == Delivered()
        (mail,) = _mails(world)
        waits.append(mail.next_attempt_at - world.clock())
        world.clock.move_to(max(mail.next_attempt_at, world.clock()))
    assert mail.state is MailState.DEAD
    assert mail.attempts == ATTEMPTS
    assert mail.last_error == "SMTPDataError"
    assert all(later > sooner for sooner, later in pairwise(waits[:-1]))
    office.is_full = False
    assert _deliver(world) == Delivered()


def test_a_mail_that_was_given_up_shows_in_the_health_for_a_day(world: World, client: StrictClient) -> None:
    doctor = world.doctor()
    with world.app.app_context(), transaction() as session:
        queue(session, MailKind.SIGN_IN, person_id=doctor.person_id, now=world.clock())
        session.execute(update(Mail).values(state=MailState.DEAD, ended_at=world.clock()))
    assert client.get("/health").status_code == 503
    world.clock.advance(days=1)
    assert client.get("/health").status_code == 200


def test_one_address_that_is_refused_does_not_stop_the_others(world: World, office: PostOffice) -> None:
    first, second = world.self_report(), world.self_report()
    refused, fine = world.owner(first), world.owner(second)
    office.refused.add(refused.email)
    assert _deliver(world) == Delivered(sent=1, failed=1)
    assert len(office.to(fine)) == 1


@pytest.mark.parametrize("address", ["two\r\nBcc: x@example.org", "ü@example.org", "\x00@example.org"])
def test_an_address_that_makes_no_sense_does_not_stop_the_others(
    world: World, office: PostOffice, address: str
) -> None:
    sent = world.self_report()
    _give_address(world, sent, address)
    world.do(casework.acknowledge, sent, text="I have read it")
    delivered = _deliver(world)
    assert delivered.sent + delivered.failed == 2
    assert len(office.to(world.owner(sent))) == 1
    assert not any("x@example.org" in str(letter.items()) for letter in office.letters)


def test_where_the_server_cannot_be_reached_nothing_more_is_tried_and_nothing_is_lost(
    world: World, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.self_report(), world.self_report()
    counter.controller.stop()
    tried: list[EmailMessage] = []
    send = channel_for

    def counting(settings: Settings) -> Any:
        channel = send(settings)
        plain = channel.send

        def counted(message: EmailMessage) -> None:
            tried.append(message)
            plain(message)

        monkeypatch.setattr(channel, "send", counted)
        return channel

    monkeypatch.setattr(delivery, "channel_for", counting)
    assert _deliver(world) == Delivered(failed=2)
    assert len(tried) == 1
    assert world.owner(first) != world.owner(second)
    assert _states(world) == {MailState.QUEUED}


def test_a_worker_that_dies_leaves_its_mails_to_the_next_one(
    world: World, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.self_report()

    def die(*_args: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(delivery, "_send", die)
        with pytest.raises(SystemExit):
            _deliver(world)
    assert _deliver(world) == Delivered()
    world.clock.move_to(world.clock() + LEASE)
    assert _deliver(world) == Delivered(sent=1)
    assert len(office.letters) == 1


def test_two_deliveries_at_once_send_every_mail_once(world: World, office: PostOffice) -> None:
    for _ in range(5):
        world.self_report()
        world.concern(about=world.doctor(), harm="H4")
    answers = world.together([partial(delivery.deliver, now=world.clock())] * 3)
    assert all(isinstance(answer, Delivered) for answer in answers)
    assert _states(world) == {MailState.SENT}
    addresses = [letter["To"] for letter in office.letters]
    assert len(addresses) == len(set(addresses))


# ---- into files, in a demonstration


class TestFiles:
    """Where no mail server is set, each mail is a file."""

    @pytest.fixture
    def settings(self, database: Database) -> Settings:
        """Settings of a plain demonstration."""
        return database.settings()

    def test_a_demonstration_keeps_its_mail_in_files(self, world: World, settings: Settings) -> None:
        sent = world.self_report()
        assert _deliver(world) == Delivered(sent=1)
        (file,) = (settings.instance / "mail").glob("*.eml")
        letter = file.read_text()
        assert world.owner(sent).email in letter
        assert sent.reference not in letter
