"""The pages that anybody may read: they answer, they promise nothing that is not there, they leave no trace."""

import re
from http import HTTPStatus

import pytest
from flask import abort

from app.domain import errors as rules
from app.web import errors, forms

pytestmark = pytest.mark.engines("sqlite")  # these pages read no database

ADDRESSES = (
    "/",
    "/guidance",
    "/support",
    "/can-and-cannot",
    "/privacy",
    "/accessibility",
    "/elsewhere",
    "/mdo-phone",
)
WAYS_IN = {
    "Report something I did online": "/report/self-report",
    "Raise a concern about a colleague": "/report/concern",
    "Ask my defence organisation": "/report/advice",
    "Sign in": "/sign-in",
}


def every_page(app):
    return [*ADDRESSES, *(f"/guidance/{page_id}" for page_id in app.extensions["candour"].guidance.pages)]


def test_every_public_page_answers(app, client):
    for address in every_page(app):
        client.page(address)


def test_no_public_page_depends_on_a_cookie_or_sets_one(app, client):
    for address in [*every_page(app), "/health"]:
        answer = client.get(address)
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert not answer.headers.getlist("Set-Cookie")


@pytest.mark.parametrize(("words", "address"), WAYS_IN.items())
def test_the_start_page_leads_in(client, words, address):
    assert f'<a href="{address}">{words}</a></h2>' in client.get("/").text


def test_the_start_page_says_what_candour_is_not(client):
    shown = client.get("/").text
    assert "It is not the legal duty of candour." in shown
    assert "Candour is not an NHS service." in shown


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_says_whom_to_call(client, address):
    shown = client.get(address).text
    assert all(number in shown for number in ("<b>999</b>", "<b>111</b>", "<b>116 123</b>"))


@pytest.mark.parametrize("promise", ["signed receipt", "seven words", "anonymously", "In confidence, or"])
def test_nothing_is_promised_that_does_not_exist_yet(app, client, promise):
    assert not [address for address in every_page(app) if promise in client.get(address).text]


def test_no_page_shows_a_mark_of_ours(app, client):
    shown = "".join(client.get(address).text for address in every_page(app))
    assert not [
        mark for mark in ("[check", "[GK]", "[proposal]", "{operator}", "{regulator}") if mark in shown
    ]


def test_a_page_of_2013_says_what_it_was_and_leads_to_its_successor(client):
    shown = client.get("/guidance/respect-2013").text
    assert "This was the guidance on the day of the post. It was replaced on 30 January 2024." in shown
    assert 'href="/guidance/respect-2024"' in shown
    assert "Not every departure from the guidance is serious." in shown


def test_the_promises_name_who_runs_the_server(app, client):
    assert app.extensions["candour"].settings.operator_name in client.get("/can-and-cannot").text


def test_a_page_that_is_not_there_says_the_same_everywhere(client):
    answers = [client.get(address) for address in ("/guidance/nothing", "/nothing", "/nothing/at/all")]
    assert {answer.status_code for answer in answers} == {HTTPStatus.NOT_FOUND}
    assert all("We cannot find that page" in answer.text for answer in answers)


def test_the_service_says_that_it_is_well(client):
    assert client.get("/health").json == {"status": "ok"}


def test_the_service_says_when_its_clock_is_late(client, world):
    world.self_report()
    world.clock.advance(days=30)
    answer = client.get("/health")
    assert (answer.status_code, answer.json) == (HTTPStatus.SERVICE_UNAVAILABLE, {"status": "failing"})


def test_built_files_may_be_kept_for_ever_and_public_pages_are_asked_for_again(client):
    shown = client.get("/")
    stylesheet = shown.text.split('<link rel="stylesheet" href="')[1].split('"')[0]
    assert shown.headers["Cache-Control"] == "no-cache"
    with client.get(stylesheet) as kept:
        assert kept.headers["Cache-Control"] == "max-age=315360000, public, immutable"


def test_only_a_secure_connection_asks_to_stay_secure(client):
    assert "Strict-Transport-Security" not in client.get("/").headers
    assert "max-age" in client.get("/", base_url="https://localhost").headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (rules.NotFound(), 404, "We cannot find that page"),
        (rules.NotAllowed(), 403, "You cannot do that here"),
        (rules.StaleCase(), 409, "Someone else changed this first"),
        (rules.ActionNotAllowed(), 409, "That cannot be done now"),
        (rules.CannotRecord(), 503, "We cannot show this now"),
        (rules.KeysMissing(), 503, "We cannot show this now"),
        (rules.TryAgainLater(61), 429, "Please wait a moment"),
        (rules.InvalidInput("field", "code"), 400, "We could not read that"),
    ],
)
def test_a_broken_rule_has_its_page_and_no_detail(app, client, error, status, heading):
    app.view_functions["public.privacy"] = raising(error)
    answer = client.get("/privacy")
    assert answer.status_code == status
    assert f'<h1 class="nhsuk-heading-l">{heading}</h1>' in answer.text.replace("</h1>\n", "</h1>")
    assert type(error).__name__ not in answer.text


def test_a_long_wait_is_told_in_minutes(app, client):
    app.view_functions["public.privacy"] = raising(rules.TryAgainLater(61))
    answer = client.get("/privacy")
    assert "Wait 2 minutes and try again." in answer.text
    assert answer.headers["Retry-After"] == "61"


def test_too_much_is_refused_with_a_way_back(app, client):
    app.view_functions["public.privacy"] = lambda: abort(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    answer = client.get("/privacy")
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "That is too big to send" in answer.text


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("address", "body", "size"),
    [
        ("/sign-in", "a&" * 1000, "64 KB"),
        ("/sign-in", "email=" + "x" * 65_536, "64 KB"),
        ("/account/password", "a&" * 1000, "4 MB"),
        ("/account/password", "a=" + "x" * 4 * 2**20, "4 MB"),
    ],
)
def test_a_form_of_too_many_or_too_long_parts_is_refused_before_it_is_read(client, address, body, size):
    answer = client.post(address, data=body, content_type=FORM)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert f"up to {size} together" in answer.text


def test_a_form_of_many_parts_and_a_long_text_is_read(client, app):
    for address, body in (("/sign-in", "a&" * 999), ("/account/password", "a=" + "x" * 2**20)):
        answer = client.post(address, data=body, content_type=FORM)
        assert answer.status_code == HTTPStatus.BAD_REQUEST, address
        assert "You were away for a while" in answer.text


class Typed(forms.Form):
    text = forms.area("Your text", longest=100)
    word = forms.line("One word")
    secret = forms.password("Password", missing="Enter it")
    version = forms.HiddenField()
    how = forms.choice_of("How?", choices=[forms.Choice(value="by post", label="By post")])


def test_a_stale_form_keeps_every_text_and_neither_password_nor_choice(app):
    sent = {"text": "Dear <b>all</b>,", "word": "Aberystwyth", "secret": "correct horse", "how": "by post"}
    with app.test_request_context("/sign-in", method="POST", data=sent | {"version": "twelve"}):
        Typed().validate()
        shown = errors.on_domain_error(rules.StaleCase()).get_data(as_text=True)
    kept = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", shown)
    assert kept == ["Dear &lt;b&gt;all&lt;/b&gt;,", "Aberystwyth"]


def test_what_nobody_foresaw_names_the_request_and_nothing_else(app):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.view_functions["public.privacy"] = raising(RuntimeError("the secret of the case"))
    app.test_client_class = None
    answer = app.test_client().get("/privacy")
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "Sorry, something went wrong" in answer.text
    assert "secret" not in answer.text


def raising(error):
    def view():
        raise error

    return view
