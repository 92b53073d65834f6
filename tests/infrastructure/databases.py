"""A database of its own for each test that writes: migrated once, then copied."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from app.config import Settings
from app.database import migrate
from tests.infrastructure import postgresql

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
ENGINES = (SQLITE, POSTGRESQL)
TEMPLATE = "candour_template"


@dataclass(frozen=True, slots=True)
class Database:
    """Where a test reads and writes; ``owner_url`` is the role that may change the schema."""

    engine: str
    url: str
    owner_url: str
    instance: Path

    def settings(self) -> Settings:
        """Settings of a demonstration on this database, with passwords that hash quickly."""
        return Settings(
            instance=self.instance,
            database_url=self.url,
            owner_url=self.owner_url,
            secret_key="a key that only tests know, long enough",
            argon2_time_cost=1,
            argon2_memory_kib=64,
        )


def environment(settings: Settings) -> dict[str, str]:
    """The settings as another process reads them."""
    names = (
        "instance",
        "database_url",
        "owner_url",
        "secret_key",
        "argon2_time_cost",
        "argon2_memory_kib",
    )
    return {f"CANDOUR_{name.upper()}": str(getattr(settings, name)) for name in names}


class Databases:
    """Makes databases for one run. Several processes share its folder, and each template is made once."""

    def __init__(self, run: Path) -> None:
        self._run = run

    @contextmanager
    def fresh(self, engine: str, instance: Path) -> Iterator[Database]:
        """A migrated database that nobody else uses."""
        made = self._from_file(instance) if engine == SQLITE else self._from_template(instance)
        with made as database:
            yield database

    @contextmanager
    def empty(self, engine: str, instance: Path) -> Iterator[Database]:
        """A database without a schema, for those who test migrations."""
        instance.mkdir(parents=True, exist_ok=True)
        if engine == SQLITE:
            yield _in_file(instance)
            return
        with self._lock():
            server = postgresql.shared(self._run)
        with _created(server, "template0", instance) as database:
            yield database

    @contextmanager
    def _from_file(self, instance: Path) -> Iterator[Database]:
        instance.mkdir(parents=True, exist_ok=True)
        database = _in_file(instance)
        with self._lock():
            shutil.copy(self._migrated_file(), instance / "candour.sqlite3")
        yield database

    def _migrated_file(self) -> Path:
        finished, unfinished = self._run / "template", self._run / "unfinished"
        if not finished.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            migrate(_in_file(unfinished).settings())
            unfinished.rename(finished)
        return finished / "candour.sqlite3"

    @contextmanager
    def _from_template(self, instance: Path) -> Iterator[Database]:
        instance.mkdir(parents=True, exist_ok=True)
        with self._lock():
            server = self._server_with_template(instance)
        with _created(server, TEMPLATE, instance) as database:
            yield database

    def _server_with_template(self, instance: Path) -> postgresql.Server:
        server = postgresql.shared(self._run)
        finished = self._run / "template.finished"
        if not finished.exists():
            server.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
            server.execute(f"CREATE DATABASE {TEMPLATE} OWNER {postgresql.OWNER}")
            migrate(_on_server(server, TEMPLATE, instance).settings())
            finished.touch()
        return server

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._run / "lock").open("wb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _in_file(instance: Path) -> Database:
    url = f"sqlite:///{instance / 'candour.sqlite3'}"
    return Database(SQLITE, url, "", instance)


def _on_server(server: postgresql.Server, name: str, instance: Path) -> Database:
    application = server.url(name, role=postgresql.APPLICATION)
    return Database(POSTGRESQL, application, server.url(name, role=postgresql.OWNER), instance)


@contextmanager
def _created(server: postgresql.Server, template: str, instance: Path) -> Iterator[Database]:
    name = f"candour_{uuid4().hex}"
    server.copy(template, name)
    try:
        yield _on_server(server, name, instance)
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
