"""What is logged leads from the code on a page to the place in the program, and to nobody's words."""

import json
import logging
from http import HTTPStatus
from uuid import UUID

import pytest

from app.domain.errors import CannotRecord
from tests.infrastructure.markup import Page

pytestmark = pytest.mark.engines("sqlite")  # nothing here asks a database
SAID = "Mrs Llewellyn of ward nine"


def lines(capsys):
    """What was written to standard error, line by line."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def provoke(app, error, *, path="/privacy", endpoint="public.privacy"):
    """The answer to a request in which something fails that holds somebody's words."""

    def view(**_known):
        raise error

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.view_functions[endpoint] = view
    app.test_client_class = None
    return app.test_client().get(path)


def test_the_code_on_the_page_stands_in_the_log(app, capsys):
    answer = provoke(app, RuntimeError(SAID))
    (line,) = lines(capsys)
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert line["event"] == "request.failed"
    assert line["request_id"] in " ".join(next(Page.parse(answer.text).all("main")).itertext())
    assert line["exceptions"] == ["builtins.RuntimeError"]
    assert line["frames"][-1].startswith("tests.integration.test_logs:view:")


def test_a_line_holds_neither_words_nor_addresses_nor_seconds(app, capsys):
    error = RuntimeError(f"could not read {SAID}")
    error.__cause__ = ValueError(SAID)
    provoke(app, error, path="/guidance/llewellyn?text=ward", endpoint="public.guidance_page")
    written = capsys.readouterr().err
    assert "llewellyn" not in written.lower()
    assert "ward" not in written
    line = json.loads(written)
    assert line["exceptions"] == ["builtins.RuntimeError", "builtins.ValueError"]
    assert line["route"] == "/guidance/<page_id>"
    assert len(line["at"]) == len("2026-04-07T08:00Z")


def test_what_could_not_be_recorded_is_logged_too(app, capsys):
    assert provoke(app, CannotRecord(SAID)).status_code == HTTPStatus.SERVICE_UNAVAILABLE
    (line,) = lines(capsys)
    assert line["exceptions"] == ["app.domain.errors.CannotRecord"]


def test_ids_stand_beside_an_event_and_nothing_else_does(app, capsys):
    del app
    known = {"mail_id": UUID(int=7), "error": "refused", "person_id": SAID, "text": SAID}
    logging.getLogger("app.services").warning("mail.failed", extra=known)
    (line,) = lines(capsys)
    assert {name: line.get(name) for name in known} == {
        "mail_id": "00000000-0000-0000-0000-000000000007",
        "error": "refused",
        "person_id": None,
        "text": None,
    }


def test_of_a_librarys_message_only_its_logger_is_told(app, capsys):
    del app
    logging.getLogger("engine").error("could not run %s", SAID)
    (line,) = lines(capsys)
    assert line["event"] == "library.engine"


def test_exceptions_that_lead_back_to_each_other_are_told_once(app, capsys):
    one, other = RuntimeError(SAID), ValueError(SAID)
    one.__cause__, other.__context__ = other, one
    provoke(app, one)
    (line,) = lines(capsys)
    assert line["exceptions"] == ["builtins.RuntimeError", "builtins.ValueError"]
