"""Where measured rows live: loaded once for each size and schema, kept, and copied for each run.

SQLite: a file. PostgreSQL: a cluster of our own, with fsync on, in which a database serves as template.
"""

import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app import create_app
from app.config import ROOT, Settings
from app.database import db
from app.services.installing import prepare
from tests.bench import loading
from tests.bench.writing import DatabaseWriter, FileWriter, RawWriter
from tests.infrastructure import postgresql, programs

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
ENGINES = (SQLITE, POSTGRESQL)
FILE = "candour.sqlite3"
# The memory of a small server; everything that makes a commit durable is on.
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
}
STOP_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A copy of a loaded installation that one run may change."""

    engine: str
    cases: int
    settings: Settings


class Keeper(Protocol):
    """Keeps loaded installations of one engine, and copies them."""

    def copy(self, cases: int) -> AbstractContextManager[Store]:
        """A copy with so many cases, gone at the end."""


@contextmanager
def copies(engine: str, sizes: Sequence[int], *, cache: Path) -> Iterator[list[Store]]:
    """A loaded installation of each size, with so many cases, for one run."""
    folder = _reachable(cache)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        keeper: Keeper = Files(folder)
        if engine == POSTGRESQL:
            keeper = Databases(folder, stack.enter_context(_cluster(folder / POSTGRESQL)))
        yield [stack.enter_context(keeper.copy(cases)) for cases in sizes]


def _reachable(cache: Path) -> Path:
    """The folder, or one that the account of PostgreSQL reaches where it cannot enter ours."""
    if os.geteuid() != 0 or all(
        parent.stat().st_mode & 0o001 for parent in cache.absolute().parents if parent.exists()
    ):
        return cache
    return Path(tempfile.gettempdir()) / f"candour-bench-{hashlib.sha256(bytes(ROOT)).hexdigest()[:8]}"


def _version() -> str:
    """What the kept rows depend on: the schema and how they are drawn."""
    head = (ROOT / "migrations" / "HEAD").read_bytes()
    return hashlib.sha256(head + Path(loading.__file__).read_bytes()).hexdigest()[:8]


class Files:
    """SQLite: an instance folder for each size."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def copy(self, cases: int) -> Iterator[Store]:
        """A copy with so many cases, gone at the end."""
        kept = self._folder / f"{SQLITE}-{cases}-{_version()}"
        if not kept.exists():
            _forget(self._folder, f"{SQLITE}-{cases}-*")
            unfinished = self._folder / f"unfinished-{SQLITE}"
            _forget(self._folder, unfinished.name)
            _load(_settings(unfinished), FileWriter(unfinished / FILE), cases)
            unfinished.rename(kept)
        with _copied(kept) as instance:
            yield Store(engine=SQLITE, cases=cases, settings=_settings(instance))


class Databases:
    """PostgreSQL: a template and a folder of keys for each size."""

    def __init__(self, folder: Path, server: postgresql.Server) -> None:
        self._folder = folder
        self._server = server

    @contextmanager
    def copy(self, cases: int) -> Iterator[Store]:
        """A copy with so many cases, gone at the end."""
        kept = self._folder / f"{POSTGRESQL}-{cases}-{_version()}"
        template, run = f"loaded_{cases}", f"run_{cases}"
        if not kept.exists():
            _forget(self._folder, f"{POSTGRESQL}-{cases}-*")
            self._load(kept, template, cases)
        self._drop(run)
        self._server.execute(
            f"CREATE DATABASE {run} TEMPLATE {template} OWNER {postgresql.OWNER} STRATEGY FILE_COPY"
        )
        with _copied(kept) as instance:
            yield Store(engine=POSTGRESQL, cases=cases, settings=self._settings(instance, run))
        self._drop(run)

    def _load(self, kept: Path, template: str, cases: int) -> None:
        self._drop(template)
        self._server.execute(f"CREATE DATABASE {template} OWNER {postgresql.OWNER}")
        unfinished = self._folder / f"unfinished-{POSTGRESQL}"
        _forget(self._folder, unfinished.name)
        settings = self._settings(unfinished, template)
        _load(settings, DatabaseWriter(settings.owner_url), cases)
        self._server.execute("VACUUM ANALYZE", database=template)
        unfinished.rename(kept)

    def _drop(self, name: str) -> None:
        self._server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _settings(self, instance: Path, name: str) -> Settings:
        return _settings(
            instance,
            database_url=self._server.url(name, role=postgresql.APPLICATION),
            owner_url=self._server.url(name, role=postgresql.OWNER),
        )


def _settings(instance: Path, *, database_url: str = "", owner_url: str = "") -> Settings:
    return Settings(
        instance=instance,
        database_url=database_url,
        owner_url=owner_url,
        secret_key="a key that only measurements know, long enough",
        argon2_time_cost=1,
        argon2_memory_kib=64,
    )


def _forget(folder: Path, pattern: str) -> None:
    for outdated in folder.glob(pattern):
        shutil.rmtree(outdated)


@contextmanager
def _copied(kept: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="run-", dir=kept.parent) as run:
        instance = Path(run) / "instance"
        shutil.copytree(kept, instance)
        yield instance


def _load(settings: Settings, writer: RawWriter, cases: int) -> None:
    print(f"  loading {cases:,} cases, once", file=sys.stderr, flush=True)
    settings.instance.mkdir(parents=True)
    app = create_app(settings, clock=lambda: loading.NOW)
    with app.app_context():
        prepare()
        for engine in db.engines.values():
            engine.dispose()
    loading.Loader(app.extensions["candour"], writer.write, cases=cases).load()
    writer.finish()


@contextmanager
def _cluster(folder: Path) -> Iterator[postgresql.Server]:
    """The server of all runs, started for this one and ended so that its rows stay."""
    server = _resumed(folder) if (folder / "finished").exists() else _initialised(folder)
    try:
        yield server
    finally:
        os.kill(server.process, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while (folder / "rows" / "postmaster.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.05)


def _initialised(folder: Path) -> postgresql.Server:
    _forget(folder.parent, f"{POSTGRESQL}*")
    server = postgresql.start(folder, options=DURABLE)
    (folder / "finished").touch()
    return server


def _resumed(folder: Path) -> postgresql.Server:
    copied = folder / "programs" / "bin"
    found = copied if copied.exists() else programs.postgresql()
    port = postgresql._free_port()
    options = {"port": str(port), **DURABLE}
    process = postgresql._launch(found, folder / "rows", options, postgresql._account())
    server = postgresql.Server(port, process.pid, str(folder))
    postgresql._await(server, process, folder / "log")
    return server
