"""What administrators of an organisation can do, and what they can never see."""

import re
import tomllib
from datetime import date
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from app.config import ROOT
from app.database import reader, transaction
from app.domain.vocabulary import OrganisationType, Role
from app.keychain import account_code
from app.models.account import AccountCode
from app.models.invitation import Invitation
from app.models.ledger import AuditEntry
from app.models.mail import Mail, MailKind
from app.models.organisation import Closure, Organisation
from app.models.person import Membership, Person, Relation
from tests.factories import World
from tests.infrastructure.clock import Clock
from tests.infrastructure.strict_client import StrictClient
from tests.integration.staffing import PASSWORD, Somebody, Staff

NEWCOMER = {
    "name": "Dr Wren Example",
    "email": "wren@example.org",
    "gmc_number": "C7999999",
    "role": "supervisor",
    "post": "consultant",
    "title": "Ward 5",
    "starts_on": "7 4 2026",
}


@pytest.fixture
def staff(app: Flask, clock: Clock) -> Staff:
    return Staff(app, clock)


@pytest.fixture
def larkfield(staff: Staff) -> UUID:
    return staff.organisation()


@pytest.fixture
def administrator(staff: Staff, larkfield: UUID, client: StrictClient) -> Somebody:
    made = staff.person(larkfield, Role.ADMINISTRATOR, name="Ada Example")
    client.sign_in(made)
    return made


@pytest.fixture
def doctor(staff: Staff, larkfield: UUID) -> Somebody:
    return staff.person(larkfield, Role.SUPERVISOR, name="Dr Holm Example")


def token_on(client: StrictClient, url: str) -> str:
    forms = client.page(url).forms()
    return next(form.fields["csrf_token"][0] for form in forms if "csrf_token" in form.fields)


def post(client: StrictClient, url: str, **data: str):
    return client.post(url, data={"csrf_token": token_on(client, "/account"), **data})


def invite(client: StrictClient, **changed: str):
    return client.submit("/people/new", {**NEWCOMER, **changed})


def use_code(app: Flask, client: StrictClient, email: str):
    with app.app_context():
        mine = select(AccountCode.id).join(Person).where(Person.email == email)
        newest = reader().scalars(mine.order_by(AccountCode.sent_at.desc()).limit(1)).one()
        code = account_code(reader(), newest)
    return client.submit("/account/code", {"email": email, "code": code, "password": PASSWORD})


def accept(app: Flask, client: StrictClient):
    with app.app_context():
        invitation = reader().scalars(select(Invitation.id)).one()
    return post(client, "/choose-membership/accept", invitation=str(invitation))


def org_tags(app: Flask) -> list[str]:
    with app.app_context():
        written = select(AuditEntry.action).where(AuditEntry.log.startswith("organisation:"))
        return list(reader().scalars(written.order_by(AuditEntry.at)))


def memberships(app: Flask, email: str) -> list[Membership]:
    with app.app_context():
        owner = select(Person.id).where(Person.email == email).scalar_subquery()
        return list(reader().scalars(select(Membership).where(Membership.person_id == owner)))


# ---- searching


def test_a_search_for_people_is_recorded_without_what_was_searched_for(app, client, administrator, doctor):
    client.get("/people")
    client.get(f"/people/{doctor.membership_id}/relations/new")
    assert "search:query:run" not in org_tags(app)
    assert "Dr Holm Example" in client.page("/people?name=Holm").text()
    client.get(f"/people/{doctor.membership_id}/relations/new?name=Ada")
    assert org_tags(app).count("search:query:run") == 2


# ---- inviting


def test_a_new_person_starts_only_when_they_accept(app, client, another_client, administrator):
    assert invite(client).location == "/people"
    assert "Dr Wren Example, Supervisor" in client.page("/people").text()
    assert memberships(app, "wren@example.org") == []
    newcomer = another_client()
    assert use_code(app, newcomer, "wren@example.org").location == "/choose-membership"
    assert "Larkfield Hospitals offers you a role" in newcomer.page("/choose-membership").text()
    accept(app, newcomer)
    (held,) = memberships(app, "wren@example.org")
    assert (held.role, held.title, held.starts_on) == (Role.SUPERVISOR, "Ward 5", date(2026, 4, 7))
    assert newcomer.submit("/choose-membership", {"membership": held.id}).location == "/cases"
    assert "Dr Wren Example" in client.page("/people").text()


def test_an_invitation_brings_its_code_by_mail(client, another_client, staff, administrator):
    invite(client)
    newcomer = another_client()
    typed = {"email": "wren@example.org", "password": PASSWORD}
    answer = newcomer.submit("/account/code", {**typed, "code": staff.mailed_code("wren@example.org")})
    assert answer.location == "/choose-membership"


def test_the_gmc_number_is_kept_as_seven_digits(app, client, another_client, administrator):
    invite(client)
    newcomer = another_client()
    use_code(app, newcomer, "wren@example.org")
    assert "as Dr Wren Example, GMC number 7999999" in newcomer.page("/choose-membership").text()
    accept(app, newcomer)
    (held,) = memberships(app, "wren@example.org")
    assert held.gmc_number == "7999999"


def test_inviting_looks_the_same_whether_or_not_the_address_is_known(app, client, staff, administrator):
    elsewhere = staff.organisation("FELL", name="Fellside Practice")
    known = staff.person(elsewhere, Role.SUPERVISOR, name="Dr Secret Example", email="known@example.org")
    answers = [invite(client), invite(client, email=known.email, gmc_number="")]
    assert answers[0].location == answers[1].location
    listed = client.page("/people").text()
    assert listed.count("Dr Wren Example, Supervisor, from 7 April 2026.") == 2
    assert "Secret" not in listed
    with app.app_context():
        kinds = {mail.kind for mail in reader().scalars(select(Mail))}
    assert kinds == {MailKind.CODE, MailKind.INVITED}


def test_a_known_person_joins_only_by_accepting(app, client, another_client, staff, administrator):
    elsewhere = staff.organisation("FELL", name="Fellside Practice")
    known = staff.person(elsewhere, Role.SUPERVISOR, email="known@example.org")
    invite(client, email=known.email)
    theirs = another_client()
    theirs.sign_in(known)
    assert len(memberships(app, known.email)) == 1
    accept(app, theirs)
    assert len(memberships(app, known.email)) == 2


def test_nobody_accepts_an_invitation_of_somebody_else(app, client, another_client, administrator, doctor):
    invite(client)
    theirs = another_client()
    theirs.sign_in(doctor)
    assert accept(app, theirs).status_code == 404


def test_an_invitation_can_be_withdrawn_and_lapses_after_thirty_days(
    app, client, another_client, administrator, clock
):
    invite(client)
    newcomer = another_client()
    use_code(app, newcomer, "wren@example.org")
    with app.app_context():
        invitation = reader().scalars(select(Invitation.id)).one()
    post(client, f"/people/invitations/{invitation}/withdraw")
    assert accept(app, newcomer).status_code == 404
    invite(client, role="member")
    clock.advance(days=30)
    client.sign_in(administrator)
    assert "Invited" not in client.page("/people").text()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "Enter the name."),
        ({"name": "x" * 1_000_000}, "Use 200 characters or fewer."),
        ({"name": "Dr\x00Wren"}, "on one line"),
        ({"email": "nowhere"}, "Enter an e-mail address, like"),
        ({"gmc_number": "12345678"}, "A GMC number has seven digits"),
        ({"gmc_number": "D1234567"}, "A GMC number has seven digits"),
        ({"gmc_number": "１２３４５６７"}, "A GMC number has seven digits"),
        ({"role": "king"}, "Select one of the options on this page"),
        ({"role": "adviser"}, "Select one of the options on this page"),
        ({"post": ""}, "Choose a post."),
        ({"starts_on": "soon"}, "Enter a real date, like 27 3 2026."),
        ({"starts_on": "31 2 2026"}, "Enter a real date, like 27 3 2026."),
        ({"starts_on": "1 1 1066"}, "Enter a real date, like 27 3 2026."),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_field(app, client, administrator, changed, sentence):
    answer = invite(client, **changed)
    assert answer.status_code == 200
    assert sentence in answer.text
    assert memberships(app, "wren@example.org") == []


def test_markup_in_every_field_stays_text(client, administrator):
    tag = "<script>alert(1)</script>"
    invite(client, name=tag, title=tag)
    assert tag in client.page("/people").text()


# ---- roles that exclude each other


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (Role.SUPERVISOR, "administrator"),
        (Role.SUPERVISOR, "auditor"),
        (Role.GUARDIAN, "custodian"),
        (Role.AUDITOR, "responsible_officer"),
        (Role.CUSTODIAN, "administrator"),
        (Role.RECORDS_OFFICER, "supervisor"),
    ],
)
def test_roles_that_exclude_each_other_are_refused_with_words(
    client, staff, larkfield, administrator, held, wanted
):
    somebody = staff.person(larkfield, held)
    answer = invite(client, email=somebody.email, role=wanted, gmc_number="")
    assert "excludes this one" in answer.text


def test_the_same_person_may_hold_them_in_two_organisations(client, staff, administrator):
    somebody = staff.person(staff.organisation("FELL"), Role.SUPERVISOR)
    assert invite(client, email=somebody.email, role="auditor", gmc_number="").status_code == 302


def test_an_exclusion_that_came_up_since_stops_the_acceptance(app, client, another_client, administrator):
    invite(client, role="auditor")
    invite(client, role="supervisor")
    newcomer = another_client()
    use_code(app, newcomer, "wren@example.org")
    with app.app_context():
        offered = list(reader().scalars(select(Invitation.id)))
    answers = [
        post(newcomer, "/choose-membership/accept", invitation=str(one)).status_code for one in offered
    ]
    assert answers == [302, 302]
    assert "You hold a role there that excludes this one" in newcomer.page("/choose-membership").text()
    assert len(memberships(app, "wren@example.org")) == 1


def test_a_role_that_is_held_already_is_refused(client, administrator, doctor):
    assert "holds this role here already" in invite(client, email=doctor.email, gmc_number="").text


# ---- ending a role


def test_a_role_that_ends_now_ends_its_sessions(client, another_client, administrator, doctor):
    theirs = another_client()
    theirs.sign_in(doctor)
    assert client.submit(f"/people/{doctor.membership_id}/end", {"when": "now"}).status_code == 302
    assert theirs.get("/account").status_code == 302
    assert f"The end of the role of {doctor.name} is recorded." in client.page("/people").text()
    assert doctor.name not in client.page("/people").text()


def test_a_role_can_end_after_a_day_to_come(app, client, administrator, doctor, clock):
    client.submit(f"/people/{doctor.membership_id}/end", {"when": "later", "last_on": "30 4 2026"})
    (held,) = memberships(app, doctor.email)
    assert held.ends_on == date(2026, 4, 30)
    assert "Thursday 30 April 2026" in client.page(f"/people/{doctor.membership_id}").text()


def test_a_role_never_ends_without_a_choice(app, client, administrator, doctor):
    end = f"/people/{doctor.membership_id}/end"
    assert "Select when the role ends" in client.submit(end, {}).text
    (held,) = memberships(app, doctor.email)
    assert held.ends_on is None


@pytest.mark.parametrize(
    ("last_on", "sentence"),
    [
        ("6 4 2026", "Enter today or a day to come"),
        ("never", "Enter a real date"),
        ("", "Enter the last day"),
    ],
)
def test_a_role_cannot_end_in_the_past(client, administrator, doctor, last_on, sentence):
    assert (
        sentence
        in client.submit(f"/people/{doctor.membership_id}/end", {"when": "later", "last_on": last_on}).text
    )


def test_a_role_can_be_shortened_but_not_prolonged(app, client, administrator, doctor):
    end = f"/people/{doctor.membership_id}/end"
    for last_on in ("30 4 2026", "20 4 2026"):
        assert client.submit(end, {"when": "later", "last_on": last_on}).status_code == 302
    later = client.submit(end, {"when": "later", "last_on": "21 4 2026"})
    assert "needs a new invitation" in " ".join(later.text.split())
    (held,) = memberships(app, doctor.email)
    assert held.ends_on == date(2026, 4, 20)


def test_a_role_that_has_ended_is_not_prolonged_by_ending_it_again(app, client, administrator, doctor, clock):
    end = f"/people/{doctor.membership_id}/end"
    client.submit(end, {"when": "now"})
    clock.advance(days=5)
    client.sign_in(administrator)
    client.submit(end, {"when": "now"})
    (held,) = memberships(app, doctor.email)
    assert held.ends_on == date(2026, 4, 6)


def test_the_last_administrator_cannot_leave(client, staff, larkfield, administrator):
    end = f"/people/{administrator.membership_id}/end"
    assert "the last administrator here" in client.submit(end, {"when": "now"}).text
    staff.person(larkfield, Role.ADMINISTRATOR)
    assert client.submit(end, {"when": "now"}).status_code == 302
    assert client.get("/people").status_code == 302


# ---- what an administrator never sees or does


def test_an_administrator_sees_no_address_no_sign_in_and_no_other_body(
    client, staff, another_client, administrator, doctor
):
    elsewhere = staff.organisation("FELL", name="Fellside Practice")
    staff.role(elsewhere, Role.MEMBER, name=doctor.name, email=doctor.email)
    another_client().sign_in(doctor)
    page = client.page(f"/people/{doctor.membership_id}").text()
    assert "Dr Holm Example" in page
    assert doctor.email not in page
    assert "Fellside" not in page
    assert "signed in" not in page


def test_a_reset_sends_a_code_to_the_persons_own_address_only(app, client, administrator, doctor):
    answer = post(client, f"/people/{doctor.membership_id}/code")
    assert answer.location == f"/people/{doctor.membership_id}"
    with app.app_context():
        mail = reader().scalars(select(Mail)).one()
        code = account_code(reader(), reader().scalars(select(AccountCode.id)).one())
        hashed = reader().scalar(select(Person.password_hash).where(Person.id == doctor.person_id))
    assert (mail.kind, mail.person_id, mail.membership_id) == (MailKind.CODE, doctor.person_id, None)
    assert hashed is not None
    assert code not in client.page(answer.location).text()


def test_a_reset_by_itself_changes_nothing(client, another_client, administrator, doctor):
    post(client, f"/people/{doctor.membership_id}/code")
    another_client().sign_in(doctor)


def test_nobody_is_flooded_with_resets(client, administrator, doctor):
    codes = [post(client, f"/people/{doctor.membership_id}/code").status_code for _ in range(4)]
    assert codes == [302, 302, 302, 429]


@pytest.mark.parametrize("page", ["", "/end", "/relations/new"])
def test_people_of_another_organisation_are_not_there(client, staff, administrator, page):
    stranger = staff.person(staff.organisation("FELL"), Role.SUPERVISOR)
    assert client.get(f"/people/{stranger.membership_id}{page}").status_code == 404
    assert client.get(f"/people/{uuid4()}{page}").status_code == 404


def test_acts_on_people_of_another_organisation_find_nothing(app, client, staff, administrator):
    stranger = staff.person(staff.organisation("FELL"), Role.SUPERVISOR)
    for act in ("code", "end"):
        assert post(client, f"/people/{stranger.membership_id}/{act}").status_code == 404
    with app.app_context():
        assert reader().scalars(select(Mail)).all() == []


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RESPONSIBLE_OFFICER, Role.AUDITOR, Role.CUSTODIAN])
def test_nobody_else_comes_near_the_pages_of_administrators(client, staff, larkfield, role):
    client.sign_in(staff.person(larkfield, role))
    for path in ("/people", "/people/new", "/organisation"):
        assert client.get(path).status_code == 403


def test_an_administrators_pages_name_no_case(client, administrator, doctor):
    for path in ("/people", f"/people/{doctor.membership_id}", "/organisation", "/account"):
        text = client.page(path).text().lower()
        assert "open cases" not in text
        assert "worklist" not in text


# ---- relations


def relate(client: StrictClient, somebody: Somebody, other: Somebody, **changed: str):
    answers = {
        "kind": "reports_to",
        "other": str(other.membership_id),
        "starts_on": "7 4 2026",
        "ends_on": "",
    }
    return client.submit(
        f"/people/{somebody.membership_id}/relations/new?name=Example", {**answers, **changed}
    )


def test_a_relation_is_recorded_and_ended(app, client, staff, larkfield, administrator, doctor):
    boss = staff.person(larkfield, Role.CLINICAL_LEAD, name="Dr Beck Example")
    assert relate(client, doctor, boss).status_code == 302
    page = f"/people/{doctor.membership_id}"
    assert "Dr Holm Example reports to Dr Beck Example" in client.page(page).text()
    with app.app_context():
        relation = reader().scalars(select(Relation.id)).one()
    post(client, f"{page}/relations/{relation}/end")
    assert "reports to Dr Beck" not in client.page(page).text()


def test_a_relation_needs_somebody_from_the_search(client, staff, administrator, doctor):
    stranger = staff.person(staff.organisation("FELL"), Role.SUPERVISOR)
    assert "Select one of the options on this page" in relate(client, doctor, stranger).text


def test_a_relation_is_recorded_once_and_not_backwards(client, staff, larkfield, administrator, doctor):
    boss = staff.person(larkfield, Role.CLINICAL_LEAD)
    assert "must not be before" in relate(client, doctor, boss, ends_on="6 4 2026").text
    relate(client, doctor, boss)
    assert "recorded already" in relate(client, doctor, boss).text


def test_relations_of_another_organisation_cannot_be_ended(app, client, staff, administrator):
    elsewhere = staff.organisation("FELL")
    one, other = (staff.person(elsewhere, Role.SUPERVISOR) for _ in range(2))
    relation_id = uuid4()
    with app.app_context(), transaction() as session:
        session.add(
            Relation(
                id=relation_id,
                organisation_id=elsewhere,
                person_id=one.person_id,
                other_id=other.person_id,
                kind="reports_to",
                starts_on=date(2026, 1, 1),
            )
        )
    url = f"/people/{administrator.membership_id}/relations/{relation_id}/end"
    assert post(client, url).status_code == 404


# ---- the organisation


def test_closures_to_come_are_added_and_removed(app, client, administrator):
    client.submit("/organisation", {"day": "1 5 2026", "name": "Founder's day"})
    assert "Friday 1 May 2026: Founder's day" in client.page("/organisation").text()
    with app.app_context():
        closure = reader().scalars(select(Closure.id)).one()
    post(client, f"/organisation/closures/{closure}/remove")
    assert "Founder's day" not in client.page("/organisation").text()
    assert org_tags(app).count("calendar:version:changed") == 2


@pytest.mark.parametrize("day", ["6 4 2026", "7 4 2026"])
def test_a_closure_never_changes_a_day_that_has_begun(client, administrator, day):
    assert "Enter a day to come" in client.submit("/organisation", {"day": day, "name": "Too late"}).text


def test_what_is_not_verified_is_listed_for_administrators(client, administrator):
    text = client.page("/organisation").text()
    assert "Check before you rely on this" in text
    assert "Category:" in text
    assert "Guidance:" in text
    assert text.count("the anchor is stage 2 of the Scottish whistleblowing standards") == 1
    assert "Date: Outcome at the latest" in text


def test_every_mark_of_the_reference_data_is_listed(client, administrator):
    reference = ROOT / "app" / "reference"
    cards = tomllib.loads((reference / "cards.toml").read_text(encoding="utf-8"))["cards"]
    pages = tomllib.loads((reference / "questions" / "pages.toml").read_text(encoding="utf-8"))["pages"]
    marked = [one["title"]["en"] for one in (*cards.values(), *pages.values()) if one.get("check")]
    assert len(marked) >= 3
    categories = (reference / "categories.toml").read_text(encoding="utf-8")
    statements = re.findall(r'\{ en = "([^"]+)", check = true \}', categories)
    assert len(statements) == categories.count("check = true }")
    text = client.page("/organisation").text()
    assert [one for one in (*marked, *statements) if one not in text] == []


REACHED = {
    "on_call_phone": "01632 960 002",
    "public_phone": "01632 960 003",
    "phone_hours": "day and night",
    "window": "Mon-Fri 08:00-12:00, 13:00-17:00",
    "mail_domains": "Larkfield.example, lark.example",
}


def test_an_administrator_says_how_the_organisation_is_reached(app, client, larkfield, administrator):
    client.submit("/organisation/change", REACHED)
    text = client.page("/organisation").text()
    for shown in ("01632 960 002", "01632 960 003", "day and night", "mon-fri 08:00-12:00,13:00-17:00"):
        assert shown in text
    with app.app_context():
        assert reader().get_one(Organisation, larkfield).mail_domains == "larkfield.example lark.example"
    assert "people:organisation:changed" in org_tags(app)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"window": "weekdays"}, "Write the working hours like"),
        ({"window": "mon-fri 17:00-09:00"}, "hours"),
        ({"window": ""}, "Enter the working hours."),
        ({"mail_domains": "me@example.org"}, "Write each domain like"),
        ({"on_call_phone": "1" * 41}, "Use 40 characters or fewer"),
    ],
)
def test_hours_and_domains_that_make_no_sense_are_refused_beside_their_field(
    app, client, larkfield, administrator, wrong, sentence
):
    answer = client.submit("/organisation/change", REACHED | wrong)
    assert sentence in answer.text
    assert "There is a problem" in answer.text
    with app.app_context():
        assert reader().get_one(Organisation, larkfield).window == "mon-fri 09:00-17:00"


def test_the_operator_appoints_an_outside_reviewer_who_can_then_take_a_case(app, clock):
    world = World(app, clock)
    body = world.organisation(OrganisationType.AGENCY, name="Review body", cast=False)
    reviewer = world.employ(Role.OUTSIDE_REVIEWER, at=body)
    with app.app_context():
        code = reader().get_one(Organisation, world.hospital_id).code
    given = ["people", "appoint", "--organisation", code, "--capacity", "outside_reviewer", "--email"]
    runner = app.test_cli_runner()
    assert runner.invoke(args=[*given, reviewer.email.upper()]).exit_code == 0
    again = runner.invoke(args=[*given, reviewer.email])
    own = runner.invoke(args=[*given, world.holder(Role.SUPERVISOR).email])
    assert (again.exit_code, own.exit_code) == (2, 2)
    assert "appointed there already" in again.output
    assert "nobody with this address" in own.output
    assert "people:appointment:made" in org_tags(app)
    sent = world.concern(about=world.doctor(), keep_away="Ann One, Bo Two, Cy Three, Di Four")
    assert world.owner(sent) == reviewer


@pytest.mark.parametrize("role", ["supervisor", "guardian"])
def test_an_mdo_has_no_supervisors_at_the_command_line_either(app, clock, role):
    world = World(app, clock)
    with app.app_context():
        code = reader().get_one(Organisation, world.mdo_id).code
    given = ["people", "add", "--organisation", code, "--role", role, "--name", "Robin Example"]
    answer = app.test_cli_runner().invoke(args=[*given, "--email", "robin@example.org"])
    assert answer.exit_code == 2
    assert "an organisation of this kind has no such role" in answer.output


# ---- long lists


def test_a_long_list_is_paged_and_searched(client, staff, larkfield, administrator):
    for number in range(55):
        staff.role(larkfield, Role.MEMBER, name=f"Dr Row {number:02}", email=f"row{number}@example.org")
    first = client.get("/people")
    assert "56 in the list" in first.text
    assert "Dr Row 54" not in first.text
    following = next(
        link.get("href") for link in client.page("/people").all("a") if link.get("rel") == "next"
    )
    assert following is not None
    assert "Dr Row 54" in client.get(following).text
    assert "10 in the list" in client.get("/people?name=ROW 1&after=nonsense").text
    assert "We found nothing" in client.get("/people?name=row%25").text
    assert client.get("/people?name=%00&after=%00").status_code == 200


@pytest.mark.usefixtures("administrator")
def test_each_act_stands_in_the_organisations_log(app, client, another_client, staff, larkfield, doctor):
    boss = staff.person(larkfield, Role.CLINICAL_LEAD)
    before = len(org_tags(app))
    invite(client)
    post(client, f"/people/{doctor.membership_id}/code")
    relate(client, doctor, boss)
    client.submit(f"/people/{doctor.membership_id}/end", {"when": "now"})
    newcomer = another_client()
    use_code(app, newcomer, "wren@example.org")
    accept(app, newcomer)
    assert sorted(org_tags(app)[before:]) == sorted(
        [
            "people:person:added",
            "people:reset:started",
            "people:relation:declared",
            "people:membership:ended",
            "people:membership:started",
        ]
    )
