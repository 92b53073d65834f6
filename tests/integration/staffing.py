"""Organisations and people for tests of accounts and administration, made by the services themselves."""

import re
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes
from uuid import UUID

from flask import Flask
from sqlalchemy import update

from app.database import transaction
from app.domain.actors import Act, operator
from app.domain.vocabulary import Nation, OrganisationType, Post, Role
from app.models.person import Person
from app.services import accounts, delivery, people
from app.services.organisations import NewOrganisation, add_organisation
from tests.infrastructure.clock import Clock

PASSWORD = "seven brown kettles sing"
SINCE = date(2026, 1, 5)
WRITTEN_CODE = re.compile(r"Your code is ([0-9A-Z-]+)\.")


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person with an account, and the first of their roles."""

    name: str
    email: str
    password: str
    person_id: UUID
    membership_id: UUID


class Staff:
    """Makes organisations and people. Names are plainly invented."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self.app = app
        self.clock = clock
        self._count = 0

    def act(self) -> Act:
        return Act(actor=operator("tests"), now=self.clock())

    def organisation(
        self, code: str = "LARK", *, name: str = "Larkfield Hospitals", type_: OrganisationType | None = None
    ) -> UUID:
        made = NewOrganisation(
            code=code, name=name, type=type_ or OrganisationType.ACUTE_TRUST, nation=Nation.ENGLAND
        )
        with self.app.app_context():
            return add_organisation(made, act=self.act())

    def person(
        self, organisation_id: UUID, role: Role = Role.MEMBER, *, name: str = "", email: str = ""
    ) -> Somebody:
        """A person who has accepted, with a password."""
        self._count += 1
        name = name or f"Dr Example {self._count}"
        email = email or f"doctor{self._count}@example.org"
        added = self.role(organisation_id, role, name=name, email=email)
        with self.app.app_context():
            hashed = accounts.hash_password(PASSWORD)
            with transaction() as session:
                session.execute(
                    update(Person).where(Person.id == added.person_id).values(password_hash=hashed)
                )
        return Somebody(name, email, PASSWORD, added.person_id, added.membership_id)

    def role(self, organisation_id: UUID, role: Role, *, name: str, email: str) -> people.Added:
        """One more role of somebody, known or new."""
        newcomer = people.Newcomer(name=name, email=email, role=role, post=Post.CONSULTANT, starts_on=SINCE)
        with self.app.app_context():
            return people.add_person(newcomer, organisation_id=organisation_id, act=self.act())

    def mailed_code(self, address: str) -> str:
        """Delivers what waits and reads the code in the one mail with a code that went to the address."""
        with self.app.app_context():
            delivery.deliver(now=self.clock())
        folder = self.app.extensions["candour"].settings.instance / "mail"
        letters = [message_from_bytes(file.read_bytes()) for file in folder.glob("*.eml")]
        (code,) = [
            found[1]
            for letter in letters
            if letter["To"] == address and (found := WRITTEN_CODE.search(str(letter.get_payload())))
        ]
        return code
