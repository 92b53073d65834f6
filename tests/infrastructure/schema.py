"""A schema in words that can be compared, and steps from one revision to another."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from tests.infrastructure.databases import Database
from tests.infrastructure.sources import ROOT

TRIGGERS = {
    "sqlite": "SELECT name || ': ' || sql FROM sqlite_master WHERE type = 'trigger' ORDER BY 1",
    "postgresql": """
        SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public'
        ORDER BY 1
    """,
}


def configuration() -> Config:
    """Alembic's configuration, on our migrations."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def scripts() -> ScriptDirectory:
    """The revisions, as Alembic reads them."""
    return ScriptDirectory.from_config(configuration())


@contextmanager
def owner_engine(database: Database) -> Iterator[Engine]:
    """An engine of the role that may change the schema."""
    engine = create_engine(database.owner_url or database.url)
    try:
        yield engine
    finally:
        engine.dispose()


def downgrade(database: Database, revision: str) -> None:
    """Steps back to a revision, as an operator would with Alembic."""
    with owner_engine(database) as engine, engine.connect() as connection:
        config = configuration()
        config.attributes.update(connection=connection, settings=database.settings())
        command.downgrade(config, revision)
        connection.commit()


def triggers(connection: Connection) -> list[str]:
    """Every trigger and function with its full text."""
    return list(connection.execute(text(TRIGGERS[connection.dialect.name])).scalars())


def described(connection: Connection) -> dict[str, Any]:
    """Every table with its columns, keys, checks and indexes, as the database itself tells them."""
    inspector = inspect(connection)
    names = sorted(set(inspector.get_table_names()) - {"alembic_version"})
    return {
        name: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            },
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": _ordered(inspector.get_foreign_keys(name)),
            "unique": _ordered(inspector.get_unique_constraints(name)),
            "checks": _ordered(inspector.get_check_constraints(name)),
            "indexes": _ordered(inspector.get_indexes(name)),
        }
        for name in names
    }


def _ordered(found: list[Any]) -> list[str]:
    return sorted(_plain(one) for one in found)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return str(sorted((key, _plain(inner)) for key, inner in value.items()))
    return str(value)
