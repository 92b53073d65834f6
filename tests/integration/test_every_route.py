"""Every address, for everybody: who may come near it, and what whoever may not is told.

``ROUTES`` is the reviewer's list. An address that is not in it fails here until somebody has placed it.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.domain.permissions import GRANTS, PERSONAL, Permission
from app.domain.vocabulary import Role
from app.web.access import Open, declared_access
from tests.infrastructure.databases import SQLITE, Databases
from tests.infrastructure.programs import ROOT
from tests.integration.premises import FORMER, NOBODY, Premises, QuickClient, Who, premises, token_of

EVERYBODY = Open.TO_EVERYBODY
ROUTES: dict[str, Permission | Open] = {
    "static": EVERYBODY,
    "public.accessibility": EVERYBODY,
    "public.can_and_cannot": EVERYBODY,
    "public.elsewhere": EVERYBODY,
    "public.guidance_library": EVERYBODY,
    "public.guidance_page": EVERYBODY,
    "public.health": EVERYBODY,
    "public.mdo_phone": EVERYBODY,
    "public.privacy": EVERYBODY,
    "public.start": EVERYBODY,
    "public.support": EVERYBODY,
    "reporting.start": EVERYBODY,
    "account.sign_in": EVERYBODY,
    "account.send_code": EVERYBODY,
    "account.use_code": EVERYBODY,
    "account.accept_invitation": Permission.ACCOUNT_USE,
    "account.add_address": Permission.ACCOUNT_USE,
    "account.prove_address": Permission.ACCOUNT_USE,
    "account.change_password": Permission.ACCOUNT_USE,
    "account.choose_membership": Permission.ACCOUNT_USE,
    "account.end_other_sessions": Permission.ACCOUNT_USE,
    "account.show": Permission.ACCOUNT_USE,
    "account.sign_out": Permission.ACCOUNT_USE,
    "reporting.check": Permission.REPORT_MAKE,
    "reporting.delete_draft": Permission.REPORT_MAKE,
    "reporting.first_question": Permission.REPORT_MAKE,
    "reporting.question": Permission.REPORT_MAKE,
    "reporting.resume": Permission.REPORT_MAKE,
    "reporting.saved": Permission.REPORT_MAKE,
    "reporting.sent": Permission.REPORT_MAKE,
    "reporting.add": Permission.REPORT_READ,
    "reporting.answer": Permission.REPORT_READ,
    "reporting.message": Permission.REPORT_READ,
    "reporting.my_reports": Permission.REPORT_READ,
    "reporting.news": Permission.REPORT_READ,
    "reporting.show": Permission.REPORT_READ,
    "reporting.withdraw": Permission.REPORT_READ,
    "casework.find": Permission.CASE_LIST,
    "casework.worklist": Permission.CASE_LIST,
    "casework.answers": Permission.CASE_READ,
    "casework.dates": Permission.CASE_READ,
    "casework.show": Permission.CASE_READ,
    "casework.whole_timeline": Permission.CASE_READ,
    "casework.why": Permission.CASE_READ,
    "casework.acknowledge": Permission.CASE_ACT,
    "casework.agree_actions": Permission.CASE_ACT,
    "casework.close": Permission.CASE_ACT,
    "casework.complete_action": Permission.CASE_ACT,
    "casework.containment": Permission.CASE_ACT,
    "casework.escalate": Permission.CASE_ACT,
    "casework.message": Permission.CASE_ACT,
    "casework.note": Permission.CASE_ACT,
    "casework.outside_notice": Permission.CASE_ACT,
    "casework.patient_data": Permission.CASE_ACT,
    "casework.recuse": Permission.CASE_ACT,
    "casework.refer": Permission.CASE_ACT,
    "casework.reopen": Permission.CASE_ACT,
    "casework.request_information": Permission.CASE_ACT,
    "casework.resolve_subject": Permission.CASE_ACT,
    "casework.go_on": Permission.CASE_ACT,
    "casework.safety_plan": Permission.CASE_ACT,
    "casework.triage": Permission.CASE_ACT,
    "advice.queue": Permission.ADVICE_LIST,
    "advice.show": Permission.ADVICE_READ,
    "advice.ask": Permission.ADVICE_ACT,
    "advice.close": Permission.ADVICE_ACT,
    "advice.note": Permission.ADVICE_ACT,
    "advice.recuse": Permission.ADVICE_ACT,
    "advice.refer": Permission.ADVICE_ACT,
    "advice.reopen": Permission.ADVICE_ACT,
    "advice.reply": Permission.ADVICE_ACT,
    "administration.change_organisation": Permission.PEOPLE_MANAGE,
    "administration.end_membership": Permission.PEOPLE_MANAGE,
    "administration.end_relation": Permission.PEOPLE_MANAGE,
    "administration.new_person": Permission.PEOPLE_MANAGE,
    "administration.new_relation": Permission.PEOPLE_MANAGE,
    "administration.organisation": Permission.PEOPLE_MANAGE,
    "administration.people": Permission.PEOPLE_MANAGE,
    "administration.person": Permission.PEOPLE_MANAGE,
    "administration.remove_closure": Permission.PEOPLE_MANAGE,
    "administration.start_reset": Permission.PEOPLE_MANAGE,
    "administration.withdraw_invitation": Permission.PEOPLE_MANAGE,
}
# Pages that find out by their own form that they were open for too long, to keep what was typed.
TELL_THEMSELVES = {"reporting.first_question", "reporting.question"}
NAME_A_CASE = {"reference", "draft_id"}
METHODS = ("GET", "POST")
PEOPLE: tuple[Who, ...] = (*Role, FORMER, NOBODY)
REFUSED = "You cannot do that here"
SIGNED_OUT = "You have been signed out"
HIDDEN = "We cannot find that page"
AWAY = "You were away for a while"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="[^"]*"')
HEADING = re.compile(r"<h1[^>]*>([^<]*)</h1>")
NAME = re.compile(r"`(\w+)`")
MATRIX = ROOT / "docs" / "guide" / "permissions.md"


@pytest.fixture(scope="module")
def place(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """An installation that all tests of this module look at. What one of them may see depends on no engine."""
    with premises(databases, SQLITE, tmp_path_factory.mktemp("routes"), client=QuickClient) as made:
        yield made


def rules(place: Premises, endpoint: str) -> Sequence[Rule]:
    return [rule for rule in place.app.url_map.iter_rules() if rule.endpoint == endpoint]


def asked(place: Premises, who: Who, rule: Rule, method: str, **known: object) -> TestResponse:
    """What somebody is answered at an address, with an empty form and its token where it is posted."""
    address = place.address(rule, **known)
    if method == "GET":
        return place.client(who).get(address, buffered=True)
    return place.client(who).post(address, data={"csrf_token": place.token(who)})


def heading(answer: TestResponse) -> str:
    found = HEADING.search(answer.text)
    return found[1] if found else ""


def is_granted(who: Who, access: Permission | Open) -> bool:
    """Whether the list lets somebody near; whoever has no role still has their account and their reports."""
    if access is Open.TO_EVERYBODY:
        return True
    if isinstance(who, Role):
        return who in GRANTS[access]
    return who == FORMER and access in PERSONAL


def expected(who: Who, rule: Rule, access: Permission | Open, method: str) -> tuple[int, str]:
    """How whoever may not come near is refused: the code, and where they are sent or what they read."""
    if who == NOBODY:
        return (403, SIGNED_OUT) if method == "POST" else (302, "/sign-in")
    if NAME_A_CASE & rule.arguments:
        return 404, HIDDEN
    return (302, "/choose-membership") if who == FORMER else (403, REFUSED)


def given(answer: TestResponse) -> tuple[int, str]:
    if answer.location:
        return answer.status_code, answer.location.split("?")[0]
    return answer.status_code, heading(answer)


# The list


def test_the_list_names_every_address(place: Premises) -> None:
    assert {rule.endpoint for rule in place.app.url_map.iter_rules()} == set(ROUTES)


@pytest.mark.parametrize("endpoint", ROUTES)
def test_the_view_declares_what_the_list_says(place: Premises, endpoint: str) -> None:
    assert declared_access(place.app, endpoint) == ROUTES[endpoint]


# Everybody, everywhere


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("endpoint", ROUTES)
def test_nobody_comes_near_without_the_permission(place: Premises, endpoint: str, method: str) -> None:
    access = ROUTES[endpoint]
    wrong = {
        who: given(answer)
        for rule in rules(place, endpoint)
        for who in PEOPLE
        if method in (rule.methods or ()) and not is_granted(who, access)
        if given(answer := asked(place, who, rule, method)) != expected(who, rule, access, method)
    }
    assert wrong == {}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("endpoint", ROUTES)
def test_whoever_has_the_permission_is_not_refused(place: Premises, endpoint: str, method: str) -> None:
    wrong = {}
    for rule in rules(place, endpoint):
        for who in PEOPLE:
            if method in (rule.methods or ()) and is_granted(who, ROUTES[endpoint]):
                answer = asked(place, who, rule, method)
                if answer.status_code in (400, 403, 405) or answer.status_code >= 500:
                    wrong[who] = answer.status_code
                if endpoint == "account.sign_out":
                    place.forget(who)
    assert wrong == {}


def test_a_sign_in_leads_to_where_somebody_wanted_to_go(place: Premises) -> None:
    answer = place.new_client().get("/cases?view=waiting")
    assert answer.location == "/sign-in?next=/cases?view%3Dwaiting"


# Forms without their token


@pytest.mark.parametrize("token", ["none", "of another browser"])
@pytest.mark.parametrize("endpoint", ROUTES)
def test_a_form_without_its_token_changes_nothing(place: Premises, endpoint: str, token: str) -> None:
    who = somebody_with(ROUTES[endpoint])
    posted = [rule for rule in rules(place, endpoint) if "POST" in (rule.methods or ())]
    addresses = [place.address(rule, draft_id=own_draft(place)) for rule in posted]
    data = {} if token == "none" else {"csrf_token": token_of(place.new_client(), "/sign-in")}
    client, before = place.client(who), place.counts()
    for address in addresses:
        answer = client.post(address, data=data)
        assert answer.status_code == 400
        assert AWAY in answer.text
    assert place.counts() == before


def somebody_with(access: Permission | Open) -> Who:
    """One of those who may."""
    if access is Open.TO_EVERYBODY:
        return NOBODY
    return Role.MEMBER if Role.MEMBER in GRANTS[access] else min(GRANTS[access])


def own_draft(place: Premises) -> UUID:
    """A draft of one's own: any other is not found before its form is read."""
    return place.draft(by=place.person(Role.MEMBER))


# What is not there, what is hidden, what is in the other room


def bare(answer: TestResponse) -> tuple[int, list[tuple[str, str]], str]:
    """What an answer shows to whoever compares: all but the token, the cookie and the reference asked for."""
    address = answer.request.path
    headers = [(name, value) for name, value in answer.headers if name != "Set-Cookie"]
    return answer.status_code, headers, TOKEN.sub("", answer.text).replace(address, "")


CASES = [name for name in ROUTES if name.startswith(("casework.", "advice.", "reporting."))]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "who", [Role.MEDICAL_DIRECTOR, Role.DATA_PROTECTION_OFFICER, Role.ADVISER_LEAD, Role.MEMBER]
)
@pytest.mark.parametrize("endpoint", CASES)
def test_unknown_hidden_and_elsewhere_answer_alike(
    place: Premises, endpoint: str, who: Role, method: str
) -> None:
    for rule in rules(place, endpoint):
        if "reference" in rule.arguments and method in (rule.methods or ()):
            references = (place.unknown(), place.employers.reference, place.advisers.reference)
            answers = [bare(asked(place, who, rule, method, reference=one)) for one in references]
            assert answers[0][0] == 404
            assert answers[1:] == answers[:1] * 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("endpoint", CASES)
def test_somebody_elses_draft_answers_like_none(place: Premises, endpoint: str, method: str) -> None:
    for rule in rules(place, endpoint):
        if "draft_id" in rule.arguments and method in (rule.methods or ()):
            theirs = bare(asked(place, Role.CLINICAL_LEAD, rule, method))
            none = bare(asked(place, Role.CLINICAL_LEAD, rule, method, draft_id=uuid4()))
            assert theirs[0] == 404
            assert theirs == none


# The matrix that people read


def test_the_published_matrix_is_what_the_program_grants() -> None:
    assert published(MATRIX) == {permission: GRANTS[permission] for permission in Permission}


def test_the_published_acts_are_those_of_the_definitions(place: Premises) -> None:
    acts = MATRIX.read_text(encoding="utf-8").partition("## Permissions")[0]
    written = {name for line in acts.splitlines() if line.startswith("|") for name in NAME.findall(line)}
    defined = place.app.extensions["candour"].workflows.values()
    assert written == {str(action) for definition in defined for action in definition.transitions}


def published(path: Path) -> dict[Permission, frozenset[Role]]:
    """The table of permissions: a line for each role, a column for each permission."""
    lines = path.read_text(encoding="utf-8").partition("## Permissions")[2].splitlines()
    lines = [line for line in lines if line.startswith("| `")]
    columns = [Permission(cell.strip("` ")) for cell in lines[0].split("|")[2:-1]]
    rows = {Role(line.split("|")[1].strip("` ")): line.split("|")[2:-1] for line in lines[1:]}
    assert set(rows) == set(Role)
    return {
        permission: frozenset(role for role, cells in rows.items() if cells[number].strip() == "yes")
        for number, permission in enumerate(columns)
    }
