"""Two engines, one writer: how rows are read, and the only place in the program that commits."""

import fcntl
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum as PythonEnum
from enum import StrEnum
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, ClassVar, cast
from uuid import UUID

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import (
    Boolean,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    Uuid,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.config import ROOT, Settings
from app.domain.errors import AlreadySubmitted, StaleCase, TryAgainLater
from app.installation import Installation

BUSY_MILLISECONDS = 5000
CONNECTIONS = 24
SUBMISSION_CONSTRAINT = "submission_token"
# Nothing reads a loaded row again after changing it by a statement; looking for such rows takes a third of a sweep.
WRITES = {"synchronize_session": False}
# PostgreSQL's lock_not_available and deadlock_detected.
LOCK_STATES = frozenset({"55P03", "40P01"})

# What is bound to a statement never stands in an error, so that no log can hold it.
db = SQLAlchemy(engine_options={"pool_size": CONNECTIONS, "max_overflow": 8, "hide_parameters": True})


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. Binding a naive one raises ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant in UTC; without its zone on SQLite, which has none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant, aware and in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _values(kind: type[PythonEnum]) -> list[str]:
    return [str(member.value) for member in kind]


def _checked_column(constraint: Any, _table: Any) -> str:
    return str(next(iter(constraint.columns)).name)


class Base(DeclarativeBase):
    """What all tables share: names for constraints, and a column type for each kind of value."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            # With "constraint_name" in the token SQLAlchemy names the CHECK of an Enum by it as well;
            # otherwise two columns of one Enum give a table two constraints of one name.
            "column_of_constraint_name": _checked_column,
            "ck": "ck_%(table_name)s_%(column_of_constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        UUID: Uuid(),
        bytes: LargeBinary(),
        str: String(200),
        StrEnum: Enum(StrEnum, native_enum=False, create_constraint=True, length=40, values_callable=_values),
    }


class Turn:
    """A first-come first-served lock: threads of this process in order, other processes by a lock file.

    SQLite's own waiting is a lottery in which some writers starve; with turns the longest wait of
    sixteen writers is a few commits. A thread that waits for itself raises RuntimeError.
    """

    def __init__(self, lock_file: Path) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[tuple[int, threading.Event]] = deque()
        self._lock_file = lock_file

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Holds the turn for as long as the block runs."""
        mine = (threading.get_ident(), threading.Event())
        self._line_up(mine)
        try:
            mine[1].wait()
            with self._lock_file.open("wb") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
        finally:
            self._step_out(mine)

    def _line_up(self, mine: tuple[int, threading.Event]) -> None:
        with self._guard:
            if any(thread == mine[0] for thread, _ in self._waiting):
                raise RuntimeError("a transaction is open already")
            self._waiting.append(mine)
            self._waiting[0][1].set()

    def _step_out(self, mine: tuple[int, threading.Event]) -> None:
        """Also for somebody who was interrupted while waiting: the others do not wait for them."""
        with self._guard:
            self._waiting.remove(mine)
            if self._waiting:
                self._waiting[0][1].set()


@contextmanager
def _no_turn() -> Iterator[None]:
    yield


def init_app(app: Flask, installation: Installation) -> None:
    """Opens both engines of an application. Nothing is read or written yet."""
    settings = installation.settings
    app.config["SQLALCHEMY_ENGINES"] = _engine_options(settings)
    db.init_app(app)
    _forget_async(app)
    with app.app_context():
        db.sessionmaker.configure(info={"installation": installation}, expire_on_commit=False)
        if settings.is_sqlite:
            _listen(db.engines["default"], "BEGIN")
            _listen(db.engines["writer"], "BEGIN IMMEDIATE")
            lock = Path(str(db.engines["writer"].url.database) + ".lock")
            app.extensions["candour_turn"] = Turn(lock)


def _forget_async(app: Flask) -> None:
    """We hold no asynchronous session: to close none of them costs an event loop, 2 ms a request."""
    ours = app.teardown_appcontext_funcs
    ours[:] = [function for function in ours if not iscoroutinefunction(function)]


def _engine_options(settings: Settings) -> dict[str, Any]:
    if settings.is_sqlite:
        return {"default": settings.writer_url, "writer": settings.writer_url}
    shared = f"-c timezone=UTC -c lock_timeout={BUSY_MILLISECONDS}"
    return {
        "default": {
            "url": settings.writer_url,
            "connect_args": {"options": f"{shared} -c default_transaction_read_only=on"},
        },
        "writer": {"url": settings.writer_url, "connect_args": {"options": shared}},
    }


def _listen(engine: Engine, begin: str) -> None:
    """SQLite begins its transactions as we say, not as Python's driver guesses."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        _set_pragmas(connection)
        if begin == "BEGIN":
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _set_pragmas(connection: Any) -> None:
    for pragma in (
        f"busy_timeout={BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "trusted_schema=OFF",
        "secure_delete=ON",
        "cache_size=-32000",
        "mmap_size=268435456",
    ):
        connection.execute(f"PRAGMA {pragma}")


def reader() -> Session:
    """The read-only session of this request or command. Writing through it fails in the database."""
    return db.session


def installation_of(session: Session) -> Installation:
    """The installation that a session belongs to."""
    installation: Installation = session.info["installation"]
    return installation


@contextmanager
def transaction() -> Iterator[Session]:
    """A write session: committed when the block ends, rolled back when it raises.

    On SQLite it waits for its turn first. A transaction inside a transaction raises RuntimeError.
    Raises StaleCase, AlreadySubmitted or TryAgainLater for what the database refuses.
    """
    with _one_at_a_time(), _turn():
        session = db.sessionmaker(bind=db.engines["writer"], execution_options=WRITES)
        try:
            yield session
            session.commit()
        except (StaleDataError, IntegrityError, OperationalError) as error:
            raise _translated(error) from error
        finally:
            session.close()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Ends what this request was reading, so that it reads afresh after the write."""
    reading = reader()
    if reading.info.get("writing"):
        raise RuntimeError("a transaction is open already")
    reading.rollback()
    reading.info["writing"] = True
    try:
        yield
    finally:
        reading.info["writing"] = False


@contextmanager
def _turn() -> Iterator[None]:
    with current_app.extensions.get("candour_turn", _no_turn)():
        yield


def _translated(error: Exception) -> Exception:
    if isinstance(error, StaleDataError):
        return StaleCase("the row changed since it was read")
    if isinstance(error, IntegrityError) and SUBMISSION_CONSTRAINT in str(error.orig):
        return AlreadySubmitted("this draft was sent before")
    if isinstance(error, OperationalError) and _is_about_a_lock(error):
        return TryAgainLater(seconds=10)
    return error


def _is_about_a_lock(error: OperationalError) -> bool:
    """Somebody else held what we needed for too long, or held it while waiting for what we hold."""
    primary = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    is_busy = primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return is_busy or getattr(error.orig, "sqlstate", None) in LOCK_STATES


class NotAmong(FunctionElement[bool]):
    """Whether a column's value is none of those that a select finds; neither may be null.

    To PostgreSQL the select is an array, made once. As NOT IN it would count as made again for every row, and
    the planner would rather read a whole table than do that.
    """

    inherit_cache = True
    type = Boolean()


@compiles(NotAmong)
def _not_in(element: NotAmong, compiler: SQLCompiler, **options: Any) -> str:
    column, found = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} NOT IN {found}"


@compiles(NotAmong, "postgresql")
def _not_in_array(element: NotAmong, compiler: SQLCompiler, **options: Any) -> str:
    column, found = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} <> ALL (ARRAY{found})"


def table_of(model: type[Base]) -> Table:
    """The plain table of a model: adding many rows through it costs half as much as through the mapper."""
    return cast(Table, model.__table__)


def insert_new(session: Session, table: type[Base], *, same: Sequence[str] = (), **values: Any) -> bool:
    """Adds a row unless there is one with the ``same`` unique columns (any, if none are named); then that stands.

    Answers whether it was added. On PostgreSQL this waits for the end of a writer who adds the same.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = table_of(table)
    adding = dialect.insert(rows).values(**values).on_conflict_do_nothing(index_elements=list(same) or None)
    # The count of rows does not tell: on PostgreSQL it is gone with the cursor of an INSERT.
    return session.execute(adding.returning(*rows.primary_key)).first() is not None


def open_connections(app: Flask) -> int:
    """How many connections are in use now; none may be between two requests."""
    with app.app_context():
        return sum(engine.pool.checkedout() for engine in db.engines.values())  # type: ignore[attr-defined]  # QueuePool


def disconnect() -> None:
    """Closes every idle connection: one that was opened before a fork must not be used after it."""
    for engine in db.engines.values():
        engine.dispose()


def migrate(settings: Settings, *, revision: str = "head") -> None:
    """Brings the schema to a revision, in one transaction on an engine of its own."""
    engine = create_engine(settings.migration_url)
    config = _migrations()
    try:
        with engine.connect() as connection:
            config.attributes.update(connection=connection, settings=settings)
            if settings.is_sqlite:
                _migrate_sqlite(connection, config, revision)
            else:
                command.upgrade(config, revision)
                _grant(connection, settings)
                connection.commit()
    finally:
        engine.dispose()


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def is_migrated() -> bool:
    """Whether the database of the running application has the schema that this program expects."""
    expected = ScriptDirectory.from_config(_migrations()).get_heads()
    found = MigrationContext.configure(reader().connection()).get_current_heads()
    reader().rollback()
    return set(found) == set(expected)


def _grant(connection: Connection, settings: Settings) -> None:
    """The application may read and write, but owns nothing and changes no entry of the ledger."""
    role = make_url(settings.writer_url).username
    if not role or role == make_url(settings.migration_url).username:
        return
    quoted = connection.dialect.identifier_preparer.quote(role)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {quoted}")
    connection.exec_driver_sql(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}"
    )
    if inspect(connection).has_table("audit_entry"):
        connection.exec_driver_sql(f"REVOKE UPDATE, DELETE ON audit_entry FROM {quoted}")


def _migrate_sqlite(connection: Connection, config: Config, revision: str) -> None:
    """Foreign keys rest while tables change, and are checked before the end."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    driver.isolation_level = None
    _set_pragmas(driver)
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    command.upgrade(config, revision)
    if connection.execute(text("PRAGMA foreign_key_check")).first():
        raise RuntimeError("a migration left rows that point nowhere")
    connection.commit()
