"""Writing rows past services and mapper: fast, and true to how the program keeps them."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from app.database import Base
from tests.infrastructure.postgresql import SUPERUSER


class RawWriter(Protocol):
    """Writes many rows of a table at once, past services and mapper, and makes them last at the end."""

    def write(self, model: type[Base], rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows in the order of the table's columns."""

    def finish(self) -> None:
        """Makes what was written last."""


class FileWriter:
    """Writes a SQLite file fast: whatever fails is loaded again from the start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None

    def write(self, model: type[Base], rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows in the order of the table's columns."""
        if self._db is None:
            self._db = self._opened()
        holes = ", ".join("?" * len(model.__table__.columns))
        stored = ([_stored(value) for value in row] for row in rows)
        self._db.executemany(f'INSERT INTO "{model.__tablename__}" VALUES ({holes})', stored)

    def _opened(self) -> sqlite3.Connection:
        opened = sqlite3.connect(self._path, isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-4000000"):
            opened.execute(f"PRAGMA {pragma}")
        opened.execute("BEGIN")
        return opened

    def finish(self) -> None:
        """Commits, and gives the file the journal that the program uses."""
        if self._db is not None:
            with closing(self._db) as opened:
                opened.execute("COMMIT")
                opened.execute("PRAGMA journal_mode=WAL")


def _stored(value: Any) -> Any:
    """A value as SQLAlchemy keeps it in SQLite."""
    match value:
        case UUID():
            return value.hex
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")
        case date():
            return value.isoformat()
        case _:
            return value


class DatabaseWriter:
    """Writes a PostgreSQL database by COPY; foreign keys are not looked up row by row."""

    def __init__(self, url: str) -> None:
        address = make_url(url).set(drivername="postgresql", username=SUPERUSER)
        self._url = address.render_as_string(hide_password=False)
        self._db: psycopg.Connection[Any] | None = None

    def write(self, model: type[Base], rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows in the order of the table's columns."""
        if self._db is None:
            self._db = psycopg.connect(self._url)
            self._db.execute("SET session_replication_role = replica")
        names = sql.SQL(", ").join(map(sql.Identifier, model.__table__.columns.keys()))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(model.__tablename__), names)
        with self._db.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def finish(self) -> None:
        """Commits."""
        if self._db is not None:
            self._db.commit()
            self._db.close()
