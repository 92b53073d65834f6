"""How the database finds rows: by the index that was made for it, and with a number of statements that only falls.

The rows are some thousand raw ones, with statistics, so that a planner has reason to choose.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, insert, select

from app import create_app
from app.database import db, migrate, reader, transaction
from app.domain.actors import Act, Actor, ActorKind
from app.domain.vocabulary import Kind, Role
from app.models.case import Case
from app.models.mail import Mail, MailKind, MailState
from app.models.organisation import Organisation
from app.models.person import Membership, Person
from app.queries import people, worklist
from app.queries.worklist import Wanted
from app.services import deadlines, delivery, disclosure, drafts
from app.services.definitions import store_shipped
from app.services.installing import make_keys
from tests.bench.loading import NOW, PASSWORD, Loader, email_of
from tests.bench.stores import FILE
from tests.bench.writing import DatabaseWriter, FileWriter
from tests.infrastructure.databases import ENGINES, SQLITE
from tests.unit import filling

CASES = 4_000
PEOPLE = 1_000
MAILS = 2_000
# Ratchets: a page or an act may need fewer statements than this, never more.
WORKLIST_STATEMENTS = 12
CASE_PAGE_STATEMENTS = 34
SUBMIT_STATEMENTS = 58


@dataclass
class Watch:
    """The statements that the program sends, with their parameters."""

    app: Flask
    sent: list[tuple[str, Any]] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notes statements while the block runs."""

        def note(_connection, _cursor, statement, parameters, _context, _many):
            if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "EXPLAIN")):
                self.sent.append((statement, parameters))

        self.sent.clear()
        with self.app.app_context():
            engines = list(db.engines.values())
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)

    def plans(self, *, of: str) -> list[str]:
        """How the database carries out the noted statements in which ``of`` stands."""
        with self.app.app_context():
            engine = db.engines["writer"]
            word = "EXPLAIN QUERY PLAN" if engine.dialect.name == SQLITE else "EXPLAIN"
            with engine.connect() as connection:
                return [
                    "\n".join(
                        str(row[-1]) for row in connection.exec_driver_sql(f"{word} {statement}", parameters)
                    )
                    for statement, parameters in self.sent
                    if of in statement
                ]


@pytest.fixture(scope="module", params=ENGINES)
def loaded(request, databases, tmp_path_factory) -> Iterator[Flask]:
    """An installation with some thousand cases, measured by nobody, read by all tests of this module."""
    with databases.fresh(request.param, tmp_path_factory.mktemp("loaded")) as database:
        app = create_app(database.settings(), clock=lambda: NOW)
        with app.app_context():
            migrate(database.settings())
            make_keys()
            store_shipped()
            fill(app, database)
            reader().rollback()
        yield app
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose()


def fill(app, database):
    is_sqlite = database.engine == SQLITE
    writer = FileWriter(database.instance / FILE) if is_sqlite else DatabaseWriter(database.owner_url)
    for engine in db.engines.values():
        engine.dispose()
    Loader(app.extensions["candour"], writer.write, cases=CASES, people=PEOPLE).load()
    writer.finish()
    with transaction() as session:
        session.execute(insert(Mail), [mail(number) for number in range(MAILS)])
    owner = create_engine(database.owner_url or database.url)
    with owner.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    owner.dispose()


def mail(number):
    """One in a hundred waits."""
    state = MailState.SENT if number % 100 else MailState.QUEUED
    return {
        "id": uuid4(),
        "kind": MailKind.SIGN_IN,
        "queued_at": NOW,
        "next_attempt_at": NOW,
        "attempts": 0,
        "state": state,
        "last_error": "",
    }


@pytest.fixture
def watch(loaded) -> Watch:
    """Watches what the loaded installation does."""
    return Watch(loaded)


def actor(app, role, *, number=0):
    with app.app_context():
        row = (
            reader()
            .execute(
                select(Person.id, Membership.gmc_number, Membership.id, Membership.organisation_id)
                .join(Membership, Membership.person_id == Person.id)
                .where(Person.email == email_of(role, number=number))
            )
            .one()
        )
        person_id, gmc_number, membership_id, organisation_id = row
        tokens = people.tokens_of(
            [(person_id, frozenset({str(gmc_number)}))], organisation_id=organisation_id
        )
        reader().rollback()
    return Actor(
        kind=ActorKind.PERSON,
        person_id=person_id,
        membership_id=membership_id,
        organisation_id=organisation_id,
        role=role,
        tokens=tokens,
    )


def listed(watch, role, *, by):
    """The plans of the statements that list a person's cases in the order of what is due."""
    who = actor(watch.app, role)
    with watch.watching(), watch.app.app_context():
        found = worklist.worklist(who, Wanted(kind=Kind.SELF_REPORT), after=None, now=NOW)
        reader().rollback()
    assert len(found.rows) == worklist.PAGE
    return watch.plans(of=f"ORDER BY {by}")


def assert_uses(plans, index, *, table):
    assert plans, "nothing of the kind was asked"
    for plan in plans:
        assert index in plan, plan
        assert not re.search(rf'(SCAN|Seq Scan on) "?{table}"?( |$)', plan, re.MULTILINE), plan


def test_a_handlers_list_walks_the_index_of_their_open_rows(watch):
    plans = listed(watch, Role.CLINICAL_LEAD, by="case_handler.next_due_at")
    assert_uses(plans, "ix_case_handler_open_by_due", table="case_handler")


def test_a_responsible_officers_list_walks_the_index_of_open_cases(watch):
    plans = listed(watch, Role.RESPONSIBLE_OFFICER, by='"case".next_due_at')
    assert_uses(plans, "ix_case_open_by_due", table="case")


def test_an_idle_sweep_looks_at_armed_rows_only(watch):
    with watch.watching(), watch.app.app_context():
        deadlines.sweep(now=NOW)
    assert_uses(watch.plans(of="FROM deadline"), "ix_deadline_armed", table="deadline")


def test_a_sweep_takes_due_rows_along_the_index_of_armed_ones(watch):
    with watch.watching(), watch.app.app_context():
        assert deadlines.sweep(now=NOW + timedelta(hours=4), at_most=1).missed
    assert_uses(watch.plans(of="ORDER BY deadline.fire_at"), "ix_deadline_armed", table="deadline")


def test_mail_is_claimed_along_the_index_of_what_waits(watch):
    with watch.watching(), watch.app.app_context():
        delivery.deliver(now=NOW)
    assert_uses(watch.plans(of="ORDER BY mail.next_attempt_at"), "ix_mail_queued", table="mail")


def test_a_reference_is_looked_up_by_its_unique_index(watch):
    who, reference = actor(watch.app, Role.RESPONSIBLE_OFFICER), references(watch.app)[0]
    with watch.watching(), watch.app.app_context():
        assert disclosure.find(reference, act=Act(actor=who, now=NOW))
    plans = watch.plans(of='"case".reference = ')
    assert plans
    for plan in plans:
        assert re.search(r"uq_case_reference|sqlite_autoindex_case_\d \(reference=\?\)", plan), plan


def references(app):
    """Self-reports of the largest organisation."""
    with app.app_context():
        found = reader().scalars(
            select(Case.reference)
            .join(Organisation, Organisation.id == Case.organisation_id)
            .where(Organisation.code == "M000", Case.kind == Kind.SELF_REPORT)
            .limit(10)
        )
        return found.all()


def signed_in(app, role):
    client = app.test_client()
    fields = {"email": email_of(role), "password": PASSWORD, "csrf_token": token(client, "/sign-in")}
    assert client.post("/sign-in", data=fields).status_code == HTTPStatus.FOUND
    return client


def token(client, address):
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(address).text)
    assert found
    return found[1]


def test_the_worklist_page_needs_few_statements(watch):
    client = signed_in(watch.app, Role.RESPONSIBLE_OFFICER)
    with watch.watching():
        assert client.get("/cases?kind=self_report").status_code == HTTPStatus.OK
    assert len(watch.sent) <= WORKLIST_STATEMENTS


def test_the_case_page_with_its_entry_needs_few_statements(watch):
    client, (first, second, *_) = signed_in(watch.app, Role.RESPONSIBLE_OFFICER), references(watch.app)
    client.get(f"/cases/{first}")
    with watch.watching():
        assert client.get(f"/cases/{second}").status_code == HTTPStatus.OK
    assert len(watch.sent) <= CASE_PAGE_STATEMENTS


def test_sending_a_report_needs_few_statements(watch):
    client, who = signed_in(watch.app, Role.MEMBER), actor(watch.app, Role.MEMBER)
    form = filling.FORMS[Kind.SELF_REPORT]
    answers = filling.fill_in(form, filling.context(now=NOW))
    with watch.app.app_context():
        act = Act(actor=who, now=NOW)
        draft = drafts.start(Kind.SELF_REPORT, form_version=form.version, answers=answers, act=act)
    fields = {"csrf_token": token(client, "/account/password"), "version": "1", "state": ""}
    with watch.watching():
        sent = client.post(f"/drafts/{draft}/check", data=fields)
    assert sent.status_code == HTTPStatus.SEE_OTHER
    assert len(watch.sent) <= SUBMIT_STATEMENTS
