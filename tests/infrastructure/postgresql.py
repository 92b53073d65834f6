"""A PostgreSQL server for one run of the tests, shared by all its processes."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

from tests.infrastructure import programs

OWNER = "candour_owner"
APPLICATION = "candour_application"
SUPERUSER = "postgres"
START_SECONDS = 60
STRATEGIES_SINCE = 150000
# Nothing a test writes needs to outlive the machine.
THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: it trusts everybody who reaches it on the loopback address."""

    port: int
    process: int
    folder: str

    def url(self, database: str, *, role: str) -> str:
        """The address of a database for one of the roles, as SQLAlchemy reads it."""
        return URL.create(
            "postgresql+psycopg", username=role, host="127.0.0.1", port=self.port, database=database
        ).render_as_string()

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Runs statements as superuser, each in a transaction of its own."""
        with self._connect(database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def stop(self) -> None:
        """Ends the server in order, so that its shared memory goes too, and removes all that it wrote."""
        os.kill(self.process, signal.SIGINT)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and _listens(self.port):
            time.sleep(0.02)
        shutil.rmtree(self.folder, ignore_errors=True)

    def copy(self, template: str, name: str) -> None:
        """A new database like ``template``, of the owner. Copying its files is quicker than logging them."""
        with self._connect("postgres") as connection:
            way = "STRATEGY FILE_COPY" if connection.info.server_version >= STRATEGIES_SINCE else ""
            connection.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} {way}".encode())

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=SUPERUSER, dbname=database, autocommit=True
        )


def shared(run: Path) -> Server:
    """The server of this run, started by whoever asks first. The caller holds the run's lock."""
    note = run / "postgresql.json"
    if not note.exists():
        server = start(run / "postgresql", options=THROW_AWAY)
        note.write_text(json.dumps(asdict(server)), encoding="utf-8")
    return Server(**json.loads(note.read_text(encoding="utf-8")))


def stop_shared(run: Path) -> None:
    """Ends the server of this run, if anybody started it."""
    note = run / "postgresql.json"
    if note.exists():
        Server(**json.loads(note.read_text(encoding="utf-8"))).stop()


def start(folder: Path, *, options: Mapping[str, str]) -> Server:
    """A new server with both roles, keeping everything in ``folder``; ``options`` as in postgresql.conf."""
    folder.mkdir(mode=0o700)
    account = _account()
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    programs_folder = _readable(programs.postgresql(), folder, account)
    rows, port = folder / "rows", _free_port()
    _initialise(programs_folder, rows, account)
    process = _launch(programs_folder, rows, {"port": str(port), **options}, account)
    server = Server(port, process.pid, str(folder))
    _await(server, process, folder / "log")
    server.execute(f"CREATE ROLE {OWNER} LOGIN", f"CREATE ROLE {APPLICATION} LOGIN")
    return server


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it runs as an account that owns little."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("root cannot run PostgreSQL, and there is neither a user postgres nor nobody")


def _readable(found: Path, folder: Path, account: pwd.struct_passwd | None) -> Path:
    """The programs, copied where the account reaches them if they lie in an environment of root's.

    The wheel's programs look for their libraries three folders up, so the copy keeps their distance.
    """
    if account is None or not found.is_relative_to(programs.ROOT):
        return found
    packages, copy = found.parents[2], folder / "programs"
    for part in (found.parent.relative_to(packages), Path(f"{found.parents[1].name}.libs")):
        shutil.copytree(packages / part, copy / part, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return copy / found.relative_to(packages)


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _initialise(programs_folder: Path, rows: Path, account: pwd.struct_passwd | None) -> None:
    command = [str(programs_folder / "initdb"), "-D", str(rows), "-U", SUPERUSER, "-A", "trust"]
    command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    made = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=rows.parent, **_as(account)
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr}")


def _launch(
    programs_folder: Path, rows: Path, options: Mapping[str, str], account: pwd.struct_passwd | None
) -> "subprocess.Popen[bytes]":
    always = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(rows.parent),
        "max_connections": "300",
    }
    command = [str(programs_folder / "postgres"), "-D", str(rows)]
    command += [f"--{name}={value}" for name, value in (always | dict(options)).items()]
    with (rows.parent / "log").open("wb") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, cwd=rows.parent, start_new_session=True, **_as(account)
        )


def _await(server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            process.returncode = (
                0  # it outlives this process's interest: no warning about a child left behind
            )
            return
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(encoding='utf-8', errors='replace')}")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
