"""One installation in which many tests look around: somebody in every role, and a case, report and draft to find.

Built once for a module. Tests that write keep to cases of their own.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import create_app
from app.database import Base, db, open_connections, reader, transaction
from app.domain.references import new_reference
from app.domain.vocabulary import Kind, Role
from app.models.ledger import AuditEntry
from app.models.person import Membership
from app.services import drafts
from app.services.casting import Employed
from app.services.submitting import Sent
from tests.factories import World
from tests.infrastructure.clock import Clock
from tests.infrastructure.databases import Databases
from tests.infrastructure.strict_client import StrictClient
from tests.integration.handling import signed_in

ENDED = date(2026, 3, 31)
# Who stands in the table beside the roles.
NOBODY = "not signed in"
FORMER = "signed in, without a role"
Who = Role | str
UNFORESEEN = frozenset({500, 502, 504})


class QuickClient(StrictClient):
    """Asks by the thousand who is let in. The pages themselves are judged wherever they are the matter."""

    def _faults(self, response: TestResponse) -> list[str]:
        return [f"answers {response.status}"] if response.status_code in UNFORESEEN else []


@dataclass
class Premises:
    """An installation with a world, and a browser for everybody who was asked for one."""

    app: Flask
    world: World
    employers: Sent = field(init=False)
    advisers: Sent = field(init=False)
    draft_id: UUID = field(init=False)
    _people: dict[Who, Employed] = field(init=False, default_factory=dict)
    _clients: dict[Who, StrictClient] = field(init=False, default_factory=dict)
    _tokens: dict[Who, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        reporter = self.world.doctor()
        self.employers = self.world.self_report(by=reporter)
        self.advisers = self.world.advice(by=reporter)
        self.draft_id = self.draft(by=reporter)

    def draft(self, *, by: Employed, kind: Kind = Kind.SELF_REPORT) -> UUID:
        """A draft of somebody, with its first answer."""
        with self.app.app_context():
            return drafts.start(kind, form_version=1, answers={"risk_now": "no"}, act=self.world.act(by))

    def client(self, who: Who) -> StrictClient:
        """The browser of somebody in a role; the same one each time."""
        if who not in self._clients:
            self._clients[who] = self.new_client() if who == NOBODY else self._as(who)
        return self._clients[who]

    def forget(self, who: Who) -> None:
        """Closes that browser."""
        self._clients.pop(who, None)
        self._tokens.pop(who, None)

    def new_client(self) -> StrictClient:
        """A browser in which nobody is signed in."""
        made = self.app.test_client()
        assert isinstance(made, StrictClient)
        return made

    def signed_in(self, who: Employed) -> StrictClient:
        """A browser of somebody's own."""
        return signed_in(self.new_client(), who)

    def _as(self, who: Who) -> StrictClient:
        return self.signed_in(self.person(who))

    def person(self, who: Who) -> Employed:
        """Somebody in a role; the same person each time, and never one whom a test made for itself."""
        if who not in self._people:
            self._people[who] = self._found(who)
        return self._people[who]

    def _found(self, who: Who) -> Employed:
        if who == FORMER:
            former = self.world.employ(Role.MEMBER)
            self._end(former)
            return former
        role = Role(who)
        cast = [one for one in self.world.cast if one.role is role and role is not Role.MEMBER]
        return cast[0] if cast else self.world.employ(role)

    def _end(self, who: Employed) -> None:
        ends = update(Membership).where(Membership.id == who.membership_id).values(ends_on=ENDED)
        with self.app.app_context(), transaction() as session:
            session.execute(ends)

    def token(self, who: Who) -> str:
        """The token that belongs to this browser, from a form that everybody is shown."""
        if who not in self._tokens:
            self._tokens[who] = token_of(self.client(who), "/sign-in" if who == NOBODY else "/account")
        return self._tokens[who]

    def address(self, rule: Rule, **known: object) -> str:
        """Where a route leads, with a case, report, draft or person that exists wherever one is named."""
        values = self.names(in_mdo_room=rule.endpoint.startswith("advice.")) | known
        adapter = self.app.url_map.bind("localhost")
        return adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments})

    def names(self, *, in_mdo_room: bool) -> dict[str, Any]:
        """What the arguments of routes stand for."""
        member = self.world.holder(Role.SUPERVISOR)
        return {
            "reference": (self.advisers if in_mdo_room else self.employers).reference,
            "draft_id": self.draft_id,
            "membership_id": member.membership_id,
            "relation_id": uuid4(),
            "invitation_id": uuid4(),
            "closure_id": uuid4(),
            "item": uuid4(),
            "page_id": "first-steps",
            "form": "self-report",
            "page": "risk-now",
            "filename": "favicon.svg",
        }

    def unknown(self) -> str:
        """A reference that is well formed, and that no case has."""
        return new_reference()

    def counts(self) -> Mapping[str, int]:
        """How many rows each table holds."""
        with self.app.app_context():
            session = reader()
            return {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
            }

    def entries(self) -> int:
        """How many entries the logs hold together."""
        return self.counts()[AuditEntry.__tablename__]


@contextmanager
def premises(
    databases: Databases, engine: str, folder: Path, *, client: type[StrictClient] = StrictClient
) -> Iterator[Premises]:
    """The installation while the block runs. Afterwards it holds no connection."""
    with databases.fresh(engine, folder) as database:
        app = create_app(database.settings(), clock=Clock())
        app.testing = True
        app.test_client_class = client
        yield Premises(app, World(app, app.extensions["candour"].clock))
        assert open_connections(app) == 0
        with app.app_context():
            for used in db.engines.values():
                used.dispose()


def token_of(client: StrictClient, address: str) -> str:
    """The token of the first form on a page."""
    forms = [form for form in client.page(address).forms() if "csrf_token" in form.fields]
    return forms[0].fields["csrf_token"][0]
