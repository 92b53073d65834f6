"""What tests of the handlers' pages have in common: signing in, reading pages, and looking into the ledger."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from werkzeug.test import TestResponse

from app.database import db, reader
from app.models.ledger import AuditEntry
from app.queries.timeline import Entry, entries_of
from app.services.casting import Employed
from app.services.submitting import Sent
from tests.factories import PASSWORD, World
from tests.infrastructure.markup import Page
from tests.infrastructure.strict_client import StrictClient

TOKEN = re.compile(rb"<input[^>]*csrf_token[^>]*>")


@dataclass(frozen=True)
class Account:
    """How somebody of the cast signs in."""

    email: str
    password: str = PASSWORD


def signed_in(client: StrictClient, who: Employed) -> StrictClient:
    """The client, signed in as one of the cast."""
    client.sign_in(Account(who.email))
    return client


def text_at(client: StrictClient, url: str, *, status: int = 200) -> str:
    """What a person reads at an address, a space between any two elements."""
    return _read(client.page(url, status=status))


def text_of_answer(answer: TestResponse) -> str:
    """What a person reads in an answer."""
    return _read(Page.parse(answer.text))


def _read(page: Page) -> str:
    return " ".join(" ".join(next(page.all("body")).itertext()).split())


def bare(answer: TestResponse) -> bytes:
    """The bytes of an answer but for the one token that is new each second."""
    return TOKEN.sub(b"", answer.data)


def entries(world: World, sent: Sent) -> list[Entry]:
    """The ledger of a case, newest first."""
    with world.app.app_context():
        return list(entries_of(reader(), sent.case_id, organisation_id=sent.organisation_id))


def tags(world: World, sent: Sent) -> list[str]:
    """What happened in a case, oldest first."""
    return [entry.tag for entry in reversed(entries(world, sent))]


def count_of(world: World, tag: str) -> int:
    """How many entries of one tag there are in all logs."""
    with world.app.app_context():
        return reader().query(AuditEntry).filter(AuditEntry.action == tag).count()


def fill(client: StrictClient, url: str, answers: Mapping[str, Any]) -> TestResponse:
    """Opens a page, fills in its form, sends it and goes where it leads."""
    return client.submit(url, answers, follow_redirects=True)


@contextmanager
def queries(world: World) -> Iterator[Callable[[], int]]:
    """Counts the statements that run while the block does."""
    ran: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        ran.append(statement)

    with world.app.app_context():
        engines = list(db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield lambda: len(ran)
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
