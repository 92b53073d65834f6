"""One row for every table of a schema, whatever its tables are: for tests of migrations and triggers."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Inspector, MetaData, Table, func, insert, inspect, select
from sqlalchemy.types import Boolean, Date, DateTime, Integer, LargeBinary, String, TypeEngine, Uuid

BEGUN = datetime(2026, 4, 7, 8, 0, tzinfo=UTC)
SAMPLES: tuple[tuple[type[TypeEngine[Any]], Any], ...] = (
    (Boolean, True),
    (Integer, 1),
    (DateTime, BEGUN),
    (Date, date(2026, 4, 7)),
    (LargeBinary, b"sixteen bytes ok"),
    (Uuid, UUID(int=7)),
    (String, "x"),
)


def reflected(connection: Connection) -> MetaData:
    """The schema as the database has it now, without Alembic's own table."""
    metadata = MetaData()
    metadata.reflect(connection)
    version = metadata.tables.get("alembic_version")
    if version is not None:
        metadata.remove(version)
    return metadata


def fill(connection: Connection) -> None:
    """Adds a row to every empty table, with its foreign keys pointing at the rows that are there."""
    keys: dict[str, Any] = {}
    inspector = inspect(connection)
    for table in reflected(connection).sorted_tables:
        there = connection.execute(select(table).limit(1)).mappings().first()
        row = dict(there or {})
        if not row:
            row = {column.name: _value(inspector, table, column, keys) for column in table.columns}
            connection.execute(insert(table).values(row))
        keys |= {f"{table.name}.{name}": value for name, value in row.items()}


def counts(connection: Connection) -> dict[str, int]:
    """How many rows each table holds."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in reflected(connection).sorted_tables
    }


def _value(inspector: Inspector, table: Table, column: Column[Any], keys: dict[str, Any]) -> Any:
    for key in column.foreign_keys:
        if key.target_fullname in keys:
            return keys[key.target_fullname]
    allowed = next(_vocabulary(inspector, table.name, column.name), None)
    return allowed or next(value for kind, value in SAMPLES if isinstance(column.type, kind))


def _vocabulary(inspector: Inspector, table: str, column: str) -> Iterator[str]:
    """The words that a closed vocabulary allows, read from its CHECK."""
    for check in inspector.get_check_constraints(table):
        text = str(check["sqltext"])
        if re.match(rf"\W*{column}\b", text):
            yield from re.findall(r"'([^']+)'", text)
