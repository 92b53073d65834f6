"""One loaded installation under measurement: its server, and the program in this process to prepare and count."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import func, select

from app import create_app
from app.database import db, reader
from app.domain.actors import Actor, ActorKind
from app.domain.vocabulary import Kind, Role
from app.models.case import Case
from app.models.organisation import Organisation
from app.models.person import Membership, Person
from tests.bench.client import Client
from tests.bench.loading import NOW, PASSWORD, email_of
from tests.bench.serving import CANDOUR, served
from tests.bench.stores import Store
from tests.infrastructure.databases import environment


@dataclass(frozen=True, slots=True)
class Site:
    """A store with its server. ``app`` is the program in this process, standing still at ``NOW``."""

    store: Store
    app: Flask
    port: int

    def signed_in(self, role: Role, *, number: int = 0) -> Client:
        """A visitor signed in as a holder of that role in the organisation with half of the cases."""
        client = Client(self.port)
        client.sign_in(email_of(role, number=number), PASSWORD)
        return client

    def actor(self, role: Role, *, number: int = 0) -> Actor:
        """The same person as services know them."""
        with self.app.app_context():
            row = reader().execute(
                select(Membership.id, Membership.person_id, Membership.organisation_id)
                .join(Person, Person.id == Membership.person_id)
                .where(Person.email == email_of(role, number=number))
            )
            membership_id, person_id, organisation_id = row.one()
        return Actor(
            kind=ActorKind.PERSON,
            person_id=person_id,
            membership_id=membership_id,
            organisation_id=organisation_id,
            role=role,
        )

    def references(self, number: int) -> list[str]:
        """Cases that the responsible officer of the first organisation reaches, at most so many."""
        with self.app.app_context():
            return list(
                reader().scalars(
                    select(Case.reference)
                    .join(Organisation, Organisation.id == Case.organisation_id)
                    .where(Organisation.code == "M000", Case.kind == Kind.SELF_REPORT)
                    .limit(number)
                )
            )

    def count_cases(self) -> int:
        """How many cases there are."""
        with self.app.app_context():
            return reader().scalar(select(func.count()).select_from(Case)) or 0


@contextmanager
def opened(store: Store) -> Iterator[Site]:
    """The store, served while the block runs."""
    app = create_app(store.settings, clock=lambda: NOW)
    log = store.settings.instance / "server.log"
    with served(CANDOUR, environment(store.settings), log=log) as port:
        yield Site(store, app, port)
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
