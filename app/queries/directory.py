"""Finding a colleague by name in an organisation's directory. ``on`` is a day in London."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Row, Select, select

from app.database import reader
from app.domain.vocabulary import Post
from app.models.person import Membership
from app.queries.people import DirectoryRow, current_on

LONGEST_LIST = 20
ROLES_OF_A_PERSON = 4


def find(organisation_id: UUID, name: str, *, on: date) -> tuple[Sequence[DirectoryRow], bool]:
    """The first people whose names hold those letters, each once, and whether there are more of them."""
    rows = reader().execute(
        _people(organisation_id, on=on)
        .where(Membership.name.icontains(name, autoescape=True))
        .order_by(Membership.name, Membership.person_id, Membership.id)
        .limit(LONGEST_LIST * ROLES_OF_A_PERSON)
    )
    found = _each_once(rows.all())
    return found[:LONGEST_LIST], len(found) > LONGEST_LIST


def person(organisation_id: UUID, person_id: UUID, *, on: date) -> DirectoryRow | None:
    """One person as colleagues of that organisation know them; None for anybody who is not there."""
    rows = reader().execute(_people(organisation_id, on=on).where(Membership.person_id == person_id).limit(1))
    return next(iter(_each_once(rows.all())), None)


def _people(organisation_id: UUID, *, on: date) -> Select[UUID, str, Post, str]:
    return select(Membership.person_id, Membership.name, Membership.post, Membership.title).where(
        Membership.organisation_id == organisation_id, current_on(on)
    )


def _each_once(rows: Sequence[Row[UUID, str, Post, str]]) -> list[DirectoryRow]:
    found: dict[UUID, DirectoryRow] = {}
    for row in rows:
        found.setdefault(
            row.person_id,
            DirectoryRow(person_id=row.person_id, name=row.name, post=row.post, title=row.title),
        )
    return list(found.values())
