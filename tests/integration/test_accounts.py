"""Sign-in, sessions, codes and passwords, through the pages that people use."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from werkzeug.http import parse_cookie

from app.database import db, reader, transaction
from app.domain.actors import Act, Actor, ActorKind
from app.domain.errors import TryAgainLater
from app.domain.permissions import Permission
from app.domain.vocabulary import Role
from app.keychain import account_code
from app.models.account import AccountCode, CodePurpose, SignIn, Throttle
from app.models.ledger import AuditEntry
from app.models.mail import Mail, MailKind
from app.models.person import Membership, Person
from app.services import accounts, delivery, passwords
from app.web.access import declared_access, requires
from tests.infrastructure.canaries import Canaries
from tests.infrastructure.clock import Clock
from tests.infrastructure.strict_client import StrictClient
from tests.integration.staffing import PASSWORD, Somebody, Staff

NEW_PASSWORD = "nine quiet herons wait"
GENERIC = "We do not recognise that e-mail address and password"


@pytest.fixture
def staff(app: Flask, clock: Clock) -> Staff:
    return Staff(app, clock)


@pytest.fixture
def larkfield(staff: Staff) -> UUID:
    return staff.organisation()


@pytest.fixture
def doctor(staff: Staff, larkfield: UUID) -> Somebody:
    return staff.person(larkfield, Role.AUDITOR)


def attempt(client: StrictClient, email: str, password: str):
    return client.submit("/sign-in", {"email": email, "password": password})


def without_token(page: str) -> str:
    """A page but for its token, which counts the seconds."""
    return re.sub(r"<input[^>]*csrf_token[^>]*>", "", page)


def code_for(app: Flask, somebody: Somebody) -> str:
    with app.app_context():
        newest = select(AccountCode.id).where(AccountCode.person_id == somebody.person_id)
        code_id = reader().scalars(newest.order_by(AccountCode.sent_at.desc())).first()
        assert code_id is not None
        return account_code(reader(), code_id)


def tags_of(app: Flask, somebody: Somebody) -> list[str]:
    with app.app_context():
        return [entry.tag for entry in accounts.own_log(somebody.person_id)]


def test_whoever_knows_the_password_comes_in(client, doctor):
    assert attempt(client, doctor.email, PASSWORD).location == "/account"
    assert doctor.name in client.page("/account").text()


def test_the_privacy_page_names_every_cookie_and_how_long_it_stays(client, doctor):
    answer = attempt(client, doctor.email, PASSWORD)
    found = [parse_cookie(line) for line in answer.headers.getlist("Set-Cookie")]
    names = {next(iter(one)).removeprefix("__Secure-").removeprefix("__Host-") for one in found}
    said = client.page("/privacy").text()
    assert set(re.findall(r"“(candour[a-z-]*)”", said)) == names
    lasting = {next(iter(one)): one["Max-Age"] for one in found if "Max-Age" in one}
    assert lasting == {"candour-device": str(365 * 24 * 60 * 60)}
    assert "for a year" in said


def test_whoever_comes_over_a_secure_connection_comes_in_too(app, client, doctor):
    """Browsers send no referrer from our pages; over https that must not count against anybody."""
    page = client.get("/sign-in", base_url="https://localhost").text
    (token,) = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    typed = {"email": doctor.email, "password": PASSWORD, "csrf_token": token}
    assert client.post("/sign-in", base_url="https://localhost", data=typed).status_code == 302


def test_the_address_is_taken_in_any_case_and_with_spaces_around_it(client, doctor):
    assert attempt(client, f" {doctor.email.upper()} ", PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("doctor1@example.org", "not the password"),
        ("nobody@example.org", PASSWORD),
        ("no address at all", PASSWORD),
        ("doctor1@example.org", "x" * 100_000),
        ("doctor1@example.org", "seven\x00brown kettles sing"),
        ("doctor1@example.org", "pässwörd \U0001f511 \u202e"),
        ("x" * 900 + "@example.org", PASSWORD),
        ("doctor1@example.org' OR 1=1 --", PASSWORD),
        ("<script>alert(1)</script>@example.org", PASSWORD),
    ],
)
def test_every_failed_sign_in_reads_the_same(client, doctor, email, password):
    answer = attempt(client, email, password)
    assert answer.status_code == 200
    assert GENERIC in answer.text
    assert password not in answer.text


def test_an_address_with_control_characters_is_refused_at_its_field(client, doctor):
    answer = attempt(client, "doctor1\x00@example.org", PASSWORD)
    assert answer.status_code == 200
    assert "on one line" in answer.text


def test_an_empty_sign_in_says_what_to_enter(client, doctor):
    answer = attempt(client, "", "")
    assert "Enter your e-mail address." in answer.text
    assert "Enter your password." in answer.text


def test_the_cookie_holds_only_a_token_that_the_database_knows_by_its_hash(app, client, doctor):
    client.sign_in(doctor)
    with client.session_transaction("/account") as held:
        assert set(held) <= {"_user_id", "_fresh", "csrf_token"}
        token = held["_user_id"]
    with app.app_context():
        row = reader().scalars(select(SignIn)).one()
    assert row.id == accounts.session_id_of(token)
    assert token.encode() not in row.id


def test_signing_in_replaces_the_session_that_the_browser_held(client, doctor):
    client.get("/sign-in")
    with client.session_transaction("/account") as held:
        held["planted"] = "by somebody else"
        before = held["csrf_token"]
    client.sign_in(doctor)
    client.get("/account")
    with client.session_transaction("/account") as held:
        assert "planted" not in held
        assert held.get("csrf_token") != before


def test_signing_out_ends_the_session_on_the_server(client, another_client, doctor):
    client.sign_in(doctor)
    with client.session_transaction("/account") as held:
        stolen = dict(held)
    client.post("/sign-out", data={"csrf_token": token_on(client, "/account")})
    thief = another_client()
    with thief.session_transaction("/account") as held:
        held.update(stolen)
    assert thief.get("/account").status_code == 302


def token_on(client: StrictClient, url: str) -> str:
    forms = client.page(url).forms()
    return next(form.fields["csrf_token"][0] for form in forms if "csrf_token" in form.fields)


def test_a_session_lasts_its_hours_and_no_longer(client, doctor, clock, settings):
    client.sign_in(doctor)
    clock.advance(hours=settings.session_hours, seconds=-1)
    assert client.get("/account").status_code == 200
    clock.advance(seconds=1)
    assert client.get("/account").status_code == 302


def test_other_sessions_can_be_ended(client, another_client, doctor):
    client.sign_in(doctor)
    other = another_client()
    other.sign_in(doctor)
    client.post("/account/sessions/end", data={"csrf_token": token_on(client, "/account")})
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 302


def test_a_role_that_has_ended_ends_its_sessions_at_once(app, client, doctor, clock):
    client.sign_in(doctor)
    with app.app_context(), transaction() as session:
        session.get_one(Membership, doctor.membership_id).ends_on = clock().date()
    assert client.get("/account").status_code == 200
    clock.advance(hours=15)
    client.sign_in(doctor)
    assert "You have no role at present" in client.page("/choose-membership").text()


def test_a_role_that_has_changed_counts_from_the_next_request(app, client, staff, larkfield):
    administrator = staff.person(larkfield, Role.ADMINISTRATOR)
    client.sign_in(administrator)
    assert client.get("/people").status_code == 200
    with app.app_context(), transaction() as session:
        session.get_one(Membership, administrator.membership_id).role = Role.MEMBER
    assert client.get("/people").status_code == 403


def test_after_signing_in_people_go_on_to_the_page_they_wanted(client, doctor):
    asked = client.get("/account/password")
    assert asked.status_code == 302
    assert client.submit(asked.location, {"email": doctor.email, "password": PASSWORD}).location == (
        "/account/password"
    )


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "%09//x",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(client, doctor, target):
    answer = client.submit(f"/sign-in?next={target}", {"email": doctor.email, "password": PASSWORD})
    assert answer.location == "/account"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/account/code", "/account/sessions/end"])
def test_a_form_without_its_token_is_refused(client, doctor, path):
    client.sign_in(doctor)
    assert client.post(path, data={"email": doctor.email, "password": PASSWORD}).status_code == 400
    assert client.get("/account").status_code == 200


# ---- access: silence means no


def test_a_view_that_declares_nothing_is_refused_to_everybody(app, client, doctor):
    app.add_url_rule("/silent", "silent", lambda: "never shown")
    assert client.get("/silent").status_code == 403
    client.sign_in(doctor)
    assert client.get("/silent").status_code == 403


@pytest.mark.parametrize("rule", ["/silent/<reference>", "/silent/<draft_id>"])
def test_a_role_that_sees_no_cases_finds_nothing_where_an_address_names_one(app, client, doctor, rule):
    app.add_url_rule(rule, "silent", requires(Permission.CASE_READ)(lambda **_: "never shown"))
    assert client.get("/silent/C-7K3F-9QMX-H").location.startswith("/sign-in?next=")
    client.sign_in(doctor)
    hidden, missing = client.get("/silent/C-7K3F-9QMX-H"), client.get("/nothing/C-7K3F-9QMX-H")
    assert hidden.status_code == missing.status_code == 404
    assert without_token(hidden.text) == without_token(missing.text)


def test_every_endpoint_declares_who_may(app):
    assert [name for name in app.view_functions if declared_access(app, name) is None] == []


def test_public_pages_know_nobody_and_touch_no_cookie(client, doctor):
    client.sign_in(doctor)
    answer = client.get("/")
    assert answer.headers.getlist("Set-Cookie") == []
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert doctor.name not in answer.text


def test_a_made_up_or_altered_cookie_is_nobodys(client, doctor):
    client.sign_in(doctor)
    with client.session_transaction("/account") as held:
        held["_user_id"] = "made up"
    assert client.get("/account").location == "/sign-in?next=/account"
    client.set_cookie("candour", "nonsense")
    assert client.get("/account").status_code == 302


# ---- the delay


def fail(client: StrictClient, email: str, times: int):
    return [attempt(client, email, "wrong again and again") for _ in range(times)][-1]


def test_after_five_failures_the_next_try_waits(client, doctor, clock):
    assert fail(client, doctor.email, 5).status_code == 200
    waiting = attempt(client, doctor.email, PASSWORD)
    assert waiting.status_code == 429
    assert "Wait 1 minute and" in waiting.text
    clock.advance(minutes=1)
    assert attempt(client, doctor.email, PASSWORD).status_code == 302


def test_the_wait_doubles_with_each_further_failure(client, doctor, clock):
    fail(client, doctor.email, 5)
    for minutes in (1, 2, 4, 8, 15):
        clock.advance(seconds=60 * minutes - 1)
        assert attempt(client, doctor.email, "wrong").status_code == 429
        clock.advance(seconds=1)
        assert attempt(client, doctor.email, "wrong").status_code == 200


def test_an_address_that_nobody_has_waits_just_the_same(client, doctor):
    assert fail(client, "nobody@example.org", 5).status_code == 200
    assert attempt(client, "nobody@example.org", PASSWORD).status_code == 429


def test_a_stranger_cannot_lock_out_a_browser_that_signed_in_before(client, another_client, doctor):
    client.sign_in(doctor)
    client.post("/sign-out", data={"csrf_token": token_on(client, "/account")})
    stranger = another_client()
    fail(stranger, doctor.email, 5)
    assert attempt(stranger, doctor.email, PASSWORD).status_code == 429
    assert attempt(client, doctor.email, PASSWORD).status_code == 302


def test_the_mark_of_one_account_does_not_pass_for_another(client, doctor, staff, larkfield):
    client.sign_in(doctor)
    client.post("/sign-out", data={"csrf_token": token_on(client, "/account")})
    other = staff.person(larkfield)
    fail(client, other.email, 5)
    assert attempt(client, other.email, PASSWORD).status_code == 429


def test_a_browser_with_a_mark_waits_for_its_own_failures(client, doctor):
    client.sign_in(doctor)
    client.post("/sign-out", data={"csrf_token": token_on(client, "/account")})
    fail(client, doctor.email, 5)
    assert attempt(client, doctor.email, PASSWORD).status_code == 429


def test_a_success_forgets_the_failures(app, client, doctor):
    fail(client, doctor.email, 4)
    client.sign_in(doctor)
    with app.app_context():
        assert reader().scalar(select(func.count()).select_from(Throttle)) == 0


def test_a_try_is_counted_before_anything_is_hashed(app, doctor, clock, monkeypatch):
    hashed: list[str] = []
    right = passwords.Passwords.is_right

    def watched(queue: passwords.Passwords, password: str, *, expected: str | None) -> bool:
        hashed.append(password)
        return right(queue, password, expected=expected)

    monkeypatch.setattr(passwords.Passwords, "is_right", watched)
    nobody = Act(actor=Actor(kind=ActorKind.PERSON), now=clock())
    with app.app_context():
        for _ in range(5):
            with pytest.raises(ValueError, match="not-recognised"):
                accounts.sign_in(doctor.email, "wrong", act=nobody)
        with pytest.raises(TryAgainLater):
            accounts.sign_in(doctor.email, PASSWORD, act=nobody)
    assert len(hashed) == 5


def test_a_full_queue_answers_that_one_should_wait(client, doctor, monkeypatch):
    monkeypatch.setattr(passwords, "LONGEST_QUEUE", 0)
    answer = attempt(client, doctor.email, PASSWORD)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "30"


def test_a_password_is_hashed_again_when_the_parameters_change(app, client, doctor):
    weak = passwords.Passwords(time_cost=2, memory_kib=64).hash(PASSWORD)
    assert "t=2" in weak
    with app.app_context(), transaction() as session:
        session.get_one(Person, doctor.person_id).password_hash = weak
    client.sign_in(doctor)
    with app.app_context():
        renewed = reader().scalar(select(Person.password_hash).where(Person.id == doctor.person_id))
    assert renewed is not None
    assert "t=1" in renewed
    client.sign_in(doctor)


# ---- one membership at a time


def test_with_several_roles_a_person_chooses_one(client, staff, larkfield, doctor):
    other = staff.organisation("FELL", name="Fellside Practice")
    staff.role(other, Role.ADMINISTRATOR, name=doctor.name, email=doctor.email)
    assert attempt(client, doctor.email, PASSWORD).location == "/choose-membership"
    assert client.get("/people").status_code == 302
    page = client.page("/choose-membership")
    assert "Administrator, Fellside Practice" in page.text()
    chosen = next(
        item.get("value")
        for item in page.all("input")
        if item.get("name") == "membership" and item.get("value") != str(doctor.membership_id)
    )
    assert client.submit("/choose-membership", {"membership": chosen}).location == "/people"
    assert client.get("/people").status_code == 200
    assert client.submit("/choose-membership", {"membership": doctor.membership_id}).location == "/account"
    assert client.get("/people").status_code == 403


def test_choosing_replaces_the_session(app, client, staff, larkfield, doctor):
    other = staff.organisation("FELL", name="Fellside Practice")
    staff.role(other, Role.MEMBER, name=doctor.name, email=doctor.email)
    client.sign_in(doctor)
    with client.session_transaction("/account") as held:
        before = held["_user_id"]
    client.submit("/choose-membership", {"membership": doctor.membership_id})
    with app.app_context():
        assert reader().get_one(SignIn, accounts.session_id_of(before)).ended_at is not None


@pytest.mark.parametrize("membership", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_membership_of_nobody_cannot_be_chosen(client, doctor, membership):
    client.sign_in(doctor)
    token = token_on(client, "/choose-membership")
    assert (
        client.post("/choose-membership", data={"csrf_token": token, "membership": membership}).status_code
        == 404
    )


def test_a_membership_of_somebody_else_cannot_be_chosen(client, doctor, staff, larkfield):
    administrator = staff.person(larkfield, Role.ADMINISTRATOR)
    client.sign_in(doctor)
    data = {"csrf_token": token_on(client, "/account"), "membership": str(administrator.membership_id)}
    assert client.post("/choose-membership", data=data).status_code == 404
    assert client.get("/people").status_code == 403


# ---- codes and passwords


def ask(client: StrictClient, email: str):
    return client.submit("/account/code/send", {"email": email})


def use(client: StrictClient, email: str, code: str, password: str = NEW_PASSWORD):
    return client.submit("/account/code", {"email": email, "code": code, "password": password})


def test_a_code_sets_a_password_and_signs_in(app, client, another_client, doctor):
    old = another_client()
    old.sign_in(doctor)
    ask(client, doctor.email)
    assert use(client, doctor.email, code_for(app, doctor)).location == "/account"
    assert old.get("/account").status_code == 302
    assert attempt(another_client(), doctor.email, PASSWORD).status_code == 200
    assert attempt(another_client(), doctor.email, NEW_PASSWORD).status_code == 302


def test_the_code_that_comes_by_mail_sets_a_password_and_proves_the_address(app, client, staff, doctor):
    ask(client, doctor.email)
    assert use(client, doctor.email, staff.mailed_code(doctor.email)).location == "/account"
    with app.app_context():
        assert reader().get_one(Person, doctor.person_id).email_verified_at == staff.clock()


def test_a_code_that_was_used_or_has_run_out_is_not_mailed_any_more(app, client, staff, doctor, clock):
    ask(client, doctor.email)
    use(client, doctor.email, code_for(app, doctor))
    ask(client, doctor.email)
    clock.advance(minutes=30)
    with app.app_context():
        # What is sent tells of the new password; both codes are left out.
        assert delivery.deliver(now=clock()) == delivery.Delivered(sent=1, dropped=2)


def test_a_code_is_read_without_dashes_in_small_letters(app, client, doctor):
    ask(client, doctor.email)
    code = code_for(app, doctor).replace("-", " ").lower().replace("0", "o").replace("1", "l")
    assert use(client, doctor.email, code).status_code == 302


def test_a_code_works_once(app, client, another_client, doctor):
    ask(client, doctor.email)
    code = code_for(app, doctor)
    use(client, doctor.email, code)
    assert "e-mail address and code" in use(another_client(), doctor.email, code).text


def test_a_code_works_for_thirty_minutes(app, client, doctor, clock):
    ask(client, doctor.email)
    code = code_for(app, doctor)
    clock.advance(minutes=30)
    assert "e-mail address and code" in use(client, doctor.email, code).text


def test_a_code_of_one_person_is_no_use_to_another(app, client, doctor, staff, larkfield):
    other = staff.person(larkfield)
    ask(client, doctor.email)
    assert "e-mail address and code" in use(client, other.email, code_for(app, doctor)).text


def test_a_stranger_with_wrong_codes_keeps_nobody_out(app, client, another_client, doctor):
    ask(client, doctor.email)
    stranger = another_client()
    answers = [use(stranger, doctor.email, "ABCD-EFGH-JKMN").status_code for _ in range(12)]
    assert answers == [200] * 10 + [429] * 2
    assert use(client, doctor.email, code_for(app, doctor)).location == "/account"
    assert use(stranger, doctor.email, "ABCD-EFGH-JKMN").status_code == 200


@pytest.mark.parametrize("code", ["", "ABCD-EFGH-JKMN", "x" * 150, "é" * 40, "\u200b"])
def test_a_wrong_code_never_breaks_the_page(client, doctor, code):
    ask(client, doctor.email)
    assert use(client, doctor.email, code).status_code == 200


def test_asking_for_a_code_reads_the_same_for_an_address_that_nobody_has(app, client, doctor):
    known, unknown = ask(client, doctor.email), ask(client, "nobody@example.org")
    assert without_token(known.text) == without_token(unknown.text)
    with app.app_context():
        assert reader().scalar(select(func.count()).select_from(Mail)) == 1


def test_using_a_code_reads_the_same_for_an_address_that_nobody_has(client, doctor):
    wrong = use(client, doctor.email, "ABCD-EFGH-JKMN").text
    assert without_token(use(client, "nobody@example.org", "ABCD-EFGH-JKMN").text) == without_token(
        wrong
    ).replace(doctor.email, "nobody@example.org")


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """What is written while the block runs: the verb and the table of each statement, and each commit."""
    ran: list[str] = []
    with app.app_context():
        writer = db.engines["writer"]

    def note(_connection, _cursor, statement, *_rest):
        ran.append(" ".join(statement.split()[:3]))

    def commit(_connection):
        ran.append("COMMIT")

    event.listen(writer, "before_cursor_execute", note)
    event.listen(writer, "commit", commit)
    yield ran
    event.remove(writer, "before_cursor_execute", note)
    event.remove(writer, "commit", commit)


@pytest.mark.parametrize("way", ["asking for a code", "using a code", "signing in"])
def test_an_address_that_nobody_has_is_given_the_same_work(app, client, doctor, way):
    """How long an answer takes tells nothing: the same tables are written and it is committed as often."""
    ways = {
        "asking for a code": lambda email: ask(client, email),
        "using a code": lambda email: use(client, email, "ABCD-EFGH-JKMN"),
        "signing in": lambda email: attempt(client, email, "wrong"),
    }
    ran = []
    for email in (doctor.email, "nobody@example.org"):
        with statements(app) as written:
            ways[way](email)
        ran.append(written)
    known, unknown = ran
    assert known.count("COMMIT") == unknown.count("COMMIT")
    assert {one for one in known if one.startswith(("INSERT", "UPDATE"))} <= set(unknown)
    with app.app_context():
        assert reader().scalar(select(func.count()).select_from(Person)) == 1


def test_nobody_is_flooded_with_codes(app, client, doctor):
    assert [ask(client, doctor.email).status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("too short", "Use at least 12 characters."),
        ("x" * 201, "Use 200 characters or fewer."),
        ("seven brown\x00 kettles", "Use characters that can be seen"),
        ("doctor1@example.org", "Do not use your e-mail address"),
        ("", "Enter a new password."),
    ],
)
def test_a_password_that_cannot_be_kept_is_refused_and_the_code_stays_good(
    app, client, doctor, password, sentence
):
    ask(client, doctor.email)
    code = code_for(app, doctor)
    assert sentence in use(client, doctor.email, code, password).text
    assert use(client, doctor.email, code).status_code == 302


def test_changing_the_password_needs_the_current_one_and_ends_other_sessions(client, another_client, doctor):
    client.sign_in(doctor)
    other = another_client()
    other.sign_in(doctor)
    wrong = client.submit("/account/password", {"current": "a guess", "password": NEW_PASSWORD})
    assert "This is not your current password." in wrong.text
    assert other.get("/account").status_code == 200
    client.submit("/account/password", {"current": PASSWORD, "password": NEW_PASSWORD})
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 302


def test_the_current_password_cannot_be_guessed_at_leisure(client, doctor):
    client.sign_in(doctor)
    for _ in range(5):
        client.submit("/account/password", {"current": "a guess", "password": NEW_PASSWORD})
    late = client.submit("/account/password", {"current": PASSWORD, "password": NEW_PASSWORD})
    assert late.status_code == 429


def test_a_new_password_is_told_by_mail(app, client, doctor):
    client.sign_in(doctor)
    client.submit("/account/password", {"current": PASSWORD, "password": NEW_PASSWORD})
    with app.app_context():
        mail = reader().scalars(select(Mail)).one()
    assert (mail.kind, mail.person_id) == (MailKind.SIGN_IN, doctor.person_id)


# ---- what is kept, and what is not


def test_sign_ins_stand_in_the_persons_own_log_only(app, client, doctor):
    attempt(client, doctor.email, "wrong")
    client.sign_in(doctor)
    assert sorted(tags_of(app, doctor)) == ["account:session:refused", "account:session:started"]
    assert "A sign-in was refused." in client.page("/account").text()
    with app.app_context():
        logs = set(reader().scalars(select(AuditEntry.log).where(AuditEntry.action.startswith("account:"))))
    assert len(logs) == 1
    assert all(log.startswith("person:") for log in logs)


def test_neither_passwords_nor_codes_are_logged_or_kept(app, client, doctor, canaries: Canaries):
    canaries.register(PASSWORD)
    canaries.register(NEW_PASSWORD)
    attempt(client, doctor.email, f"{PASSWORD}!")
    client.sign_in(doctor)
    ask(client, doctor.email)
    code = canaries.register(code_for(app, doctor))
    use(client, doctor.email, code)


def test_old_sessions_codes_and_counts_are_forgotten(app, client, doctor, clock):
    attempt(client, "nobody@example.org", "wrong")
    ask(client, doctor.email)
    client.sign_in(doctor)
    clock.advance(days=31)
    with app.app_context():
        accounts.forget_expired(now=clock())
        for table in (SignIn, AccountCode, Throttle):
            assert reader().scalar(select(func.count()).select_from(table)) == 0


# ---- the operator's command


def add_by_command(app: Flask, *more: str):
    words = [
        "people",
        "add",
        "--organisation",
        "WEND",
        "--name",
        "Robin Example",
        "--email",
        "robin@example.org",
    ]
    return app.test_cli_runner().invoke(args=[*words, *more])


MADE = ("--organisation-name", "Wendle Practice", "--type", "gp_practice", "--nation", "wales")


def test_the_first_administrator_comes_in_with_the_printed_code(app, client):
    printed = add_by_command(app, *MADE)
    assert printed.exit_code == 0, printed.output
    assert use(client, "robin@example.org", printed.output.strip()).location == "/people"


def test_no_code_is_printed_for_somebody_elses_account(app, client, doctor):
    printed = add_by_command(app, *MADE, "--email", doctor.email)
    assert printed.exit_code == 0
    assert printed.output.startswith("This person has an account already.")
    with app.app_context():
        assert reader().scalars(select(AccountCode)).all() == []
        assert reader().scalars(select(Mail.kind)).all() == [MailKind.INVITED]


def test_a_code_of_an_invitation_opens_no_account_that_has_a_password(app, client, staff, doctor):
    with app.app_context(), transaction() as session:
        sent = accounts.send_code(session, doctor.person_id, purpose=CodePurpose.INVITATION, act=staff.act())
        code = account_code(session, sent.id)
    assert "do not recognise" in use(client, doctor.email, code).text
    client.sign_in(doctor)


def test_what_the_operator_does_stands_in_the_logs(app, clock):
    add_by_command(app, *MADE)
    with app.app_context():
        written = set(reader().scalars(select(AuditEntry.action)))
    assert {"people:organisation:added", "people:person:added", "people:membership:started"} <= written


@pytest.mark.parametrize(
    "more",
    [
        (),
        (*MADE, "--gmc-number", "12"),
        (*MADE, "--email", "nowhere"),
        (*MADE, "--name", " "),
        (*MADE, "--organisation", "small"),
        (*MADE, "--role", "adviser"),
    ],
)
def test_bad_input_to_the_command_exits_2_with_one_line(app, more):
    answer = add_by_command(app, *more)
    assert answer.exit_code == 2
    assert len(answer.stderr.strip().splitlines()) == 1
