"""The ledger cannot be rewritten: tried by every statement, in both roles, on both databases."""

from uuid import UUID

import pytest
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import DBAPIError

from tests.infrastructure import rows

EVERYWHERE = (
    "UPDATE audit_entry SET action = 'another'",
    "UPDATE audit_entry SET id = id",
    "DELETE FROM audit_entry",
    "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE true ON CONFLICT (id) DO UPDATE SET action = 'x'",
)
# Without recursive_triggers a row that is replaced is not deleted, to a trigger.
OVER_A_ROW = (
    "REPLACE INTO audit_entry (rowid, id, log, action, at, leaf) "
    "SELECT rowid, 'another', log, action, at, leaf FROM audit_entry"
)
ATTEMPTS = {
    "sqlite": (
        *EVERYWHERE,
        "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry",
        "REPLACE INTO audit_entry SELECT * FROM audit_entry",
        OVER_A_ROW,
        "UPDATE OR REPLACE audit_entry SET action = 'another'",
    ),
    "postgresql": (
        *EVERYWHERE,
        "TRUNCATE audit_entry",
        "MERGE INTO audit_entry USING audit_detail ON true WHEN MATCHED THEN DELETE",
    ),
}
CASES = [(name, role) for name in ATTEMPTS for role in ("application", "owner")]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def engine(request, databases, tmp_path_factory):
    """One database for all attempts: each of them must leave it as it was."""
    name, role = request.param
    with databases.fresh(name, tmp_path_factory.mktemp("ledger")) as database:
        owner = create_engine(database.owner_url or database.url)
        with owner.begin() as connection:
            rows.fill(connection)
        application = create_engine(database.url)
        yield owner if role == "owner" else application
        owner.dispose()
        application.dispose()


def test_an_entry_stays_as_it_was_written(engine):
    before = entries(engine)
    for attempt in ATTEMPTS[engine.dialect.name]:
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"), engine.begin() as connection:
            connection.execute(text(attempt))
        assert entries(engine) == before, attempt


def test_an_entry_can_be_added(engine):
    before = len(entries(engine))
    with engine.begin() as connection:
        table = rows.reflected(connection).tables["audit_entry"]
        entry = dict(connection.execute(select(table)).mappings().first())
        connection.execute(insert(table).values(entry | {"id": another(entry["id"])}))
    assert len(entries(engine)) == before + 1


def another(known):
    """A new id, as this database hands ids back."""
    return UUID(int=8).hex if isinstance(known, str) else UUID(int=8)


def entries(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT * FROM audit_entry ORDER BY id")).all()
