"""What watches the tests has to bark: the strict client and the canaries, tried on an application with faults."""

import logging

import pytest
from flask import Response
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from app.database import db, reader
from app.models.person import Person
from app.web.access import public
from tests.infrastructure import rows, schema

GOOD = "<!DOCTYPE html><html lang=en><title>T</title><h1>H</h1>"
WORD = "saxifrage-canary"


@pytest.fixture
def answering(app):
    """``answering(view)``: the address of one more page, which anybody may read."""

    def add(view):
        app.add_url_rule("/trial", "trial", public(view))
        return "/trial"

    return add


@pytest.mark.engines("sqlite")  # nothing here depends on the engine
def test_a_good_page_passes(client, answering):
    assert client.get(answering(lambda: GOOD)).status_code == 200


@pytest.mark.engines("sqlite")
def test_a_bad_page_is_refused(client, answering):
    with pytest.raises(AssertionError, match="2 h1 headings"):
        client.get(answering(lambda: GOOD + "<h1>Another</h1>"))


@pytest.mark.engines("sqlite")
def test_an_answer_of_500_is_refused(client, answering):
    with pytest.raises(AssertionError, match="answers 500"):
        client.get(answering(lambda: Response(GOOD, 500)))


@pytest.mark.engines("sqlite")
def test_another_policy_is_refused(app, client, answering):
    address = answering(lambda: GOOD)
    policy = {"Content-Security-Policy": "default-src *"}
    app.after_request_funcs[None].insert(0, lambda response: response.headers.update(policy) or response)
    with pytest.raises(AssertionError, match="not the content security policy"):
        client.get(address)


def test_a_connection_that_stays_in_use_is_noticed(client, answering):
    kept = []

    def leave_open():
        kept.append(db.engines["default"].connect())
        return GOOD

    with pytest.raises(AssertionError, match="still in use"):
        client.get(answering(leave_open))
    kept.pop().close()


@pytest.mark.engines("sqlite")
def test_a_word_in_the_log_is_noticed(client, canaries, answering):
    def tell():
        logging.getLogger("app.trial").info("somebody wrote %s", WORD)
        return GOOD

    canaries.register(WORD)
    with pytest.raises(AssertionError, match="logged"):
        client.get(answering(tell))
    canaries.forget()


def test_a_word_in_a_mail_is_noticed(database, canaries):
    mail = database.instance / "mail"
    mail.mkdir()
    (mail / "1.eml").write_text(f"Subject: {WORD}", encoding="utf-8")
    canaries.register(WORD)
    assert canaries.in_mail() == ["1.eml"]
    canaries.forget()


def test_a_word_in_an_unsealed_column_is_noticed(database, canaries):
    canaries.register(WORD)
    with schema.owner_engine(database) as engine, engine.begin() as connection:
        rows.fill(connection)
        assert canaries.in_clear() == []
        connection.execute(update(Person).values(name=f"Dr {WORD}"))
    assert canaries.in_clear() == ["person.name"]
    canaries.forget()


def test_the_reader_cannot_write(app):
    with app.app_context():
        session = reader()
        with pytest.raises(DBAPIError, match=r"read-?only"):
            session.execute(delete(Person))
