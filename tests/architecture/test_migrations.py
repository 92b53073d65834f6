"""Migrations are one line of numbered steps, each of which can be taken forwards, back and forwards again."""

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from app import models  # noqa: F401  fills the metadata
from app.database import Base, migrate
from tests.infrastructure import rows, schema
from tests.infrastructure.databases import ENGINES
from tests.infrastructure.sources import ROOT

VERSIONS = ROOT / "migrations" / "versions"


def revisions():
    """Every revision, the oldest first."""
    return list(reversed(list(schema.scripts().walk_revisions())))


@pytest.fixture(params=ENGINES)
def empty(request, databases, instance):
    with databases.empty(request.param, instance) as database:
        yield database


def test_there_is_one_head_and_git_sees_who_else_moved_it():
    assert [(ROOT / "migrations" / "HEAD").read_text(encoding="utf-8").strip()] == list(
        schema.scripts().get_heads()
    )


def test_revisions_are_numbered_in_one_line():
    numbers = [int(revision.revision[:4]) for revision in revisions()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(isinstance(revision.down_revision, str) for revision in revisions()[1:])


@pytest.mark.parametrize("revision", revisions(), ids=lambda revision: revision.revision)
def test_a_revision_is_called_as_its_file_says(revision):
    assert (VERSIONS / f"{revision.revision}.py").is_file()
    assert re.fullmatch(r"\d{4}_[a-z0-9_]+", revision.revision)


def test_no_migration_rebuilds_a_table_in_place():
    """Batch mode drops triggers on SQLite and deletes child rows where a key cascades."""
    assert [
        path.name for path in VERSIONS.glob("*.py") if "batch_alter_table" in path.read_text("utf-8")
    ] == []


def test_the_models_are_the_migrated_schema(database):
    with schema.owner_engine(database) as engine, engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_checks_and_partial_indexes_are_those_of_the_models(database, databases, tmp_path):
    """What Alembic's comparison overlooks: both schemas as the database itself describes them."""
    with schema.owner_engine(database) as engine, engine.connect() as connection:
        migrated = schema.described(connection)
    with databases.empty(database.engine, tmp_path / "made") as made, schema.owner_engine(made) as engine:
        Base.metadata.create_all(engine)
        with engine.connect() as connection:
            assert schema.described(connection) == migrated


@pytest.mark.parametrize("revision", revisions(), ids=lambda revision: revision.revision)
def test_a_step_can_be_taken_back_and_again(empty, revision):
    settings = empty.settings()
    below = revision.down_revision or "base"
    if below != "base":
        migrate(settings, revision=below)
    before = inventory(empty)
    migrate(settings, revision=revision.revision)
    after = inventory(empty)
    schema.downgrade(empty, below)
    assert inventory(empty) == before
    migrate(settings, revision=revision.revision)
    assert inventory(empty) == after


def test_every_later_step_keeps_the_rows_that_were_there(empty):
    migrate(empty.settings(), revision=revisions()[0].revision)
    for revision in revisions()[1:]:
        kept = filled(empty)
        migrate(empty.settings(), revision=revision.revision)
        assert {name: count for name, count in counted(empty).items() if name in kept} == kept
        schema.downgrade(empty, revision.down_revision)
        assert counted(empty) == kept
        migrate(empty.settings(), revision=revision.revision)


def test_the_first_schema_can_be_left_with_rows_in_it(empty):
    migrate(empty.settings(), revision=revisions()[0].revision)
    filled(empty)
    schema.downgrade(empty, "base")
    assert counted(empty) == {}


def test_a_failed_migration_leaves_nothing(empty):
    with schema.owner_engine(empty) as engine, engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE pause (id INTEGER)")
    with pytest.raises(DBAPIError, match="pause"):
        migrate(empty.settings())
    assert counted(empty) == {"pause": 0}


def inventory(database):
    with schema.owner_engine(database) as engine, engine.connect() as connection:
        return schema.described(connection), schema.triggers(connection)


def filled(database):
    with schema.owner_engine(database) as engine, engine.begin() as connection:
        rows.fill(connection)
        return rows.counts(connection)


def counted(database):
    with schema.owner_engine(database) as engine, engine.connect() as connection:
        return rows.counts(connection)
