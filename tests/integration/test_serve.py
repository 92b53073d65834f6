"""``make run``, as it is: one process group that prepares, serves, ticks, keeps everything and ends when told."""

import http.client
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from select import select
from stat import S_IMODE

from app.cli.serve import THREADS
from app.config import ROOT

PATIENCE = 90


@dataclass(frozen=True)
class Running:
    """A serving installation."""

    process: subprocess.Popen[str]
    port: int
    connection: http.client.HTTPConnection

    def get(self, path: str) -> int:
        """How it answers at a path, on a connection that stays open."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status

    def interrupt(self) -> str:
        """Ctrl-C in its terminal. Answers all that it said."""
        os.killpg(self.process.pid, signal.SIGINT)
        said, _ = self.process.communicate(timeout=PATIENCE)
        return said


IMPATIENT = """
import runpy
from app.cli import connections
connections.HEAD, connections.WHOLE = 1, 2
runpy.run_path("app.py", run_name="__main__")
"""


@contextmanager
def _running(instance: Path, *, started_by: tuple[str, ...] = ("app.py",)) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "CANDOUR_INSTANCE": str(instance),
        "CANDOUR_ARGON2_TIME_COST": "1",
        "CANDOUR_ARGON2_MEMORY_KIB": "64",
        "CANDOUR_TICK_SECONDS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, *started_by],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _wait_for(port, process)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
            yield Running(process, port, connection)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    for _ in range(PATIENCE * 10):
        if process.poll() is not None:
            raise AssertionError(f"it ended by itself: {process.communicate()[0]}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("it never answered")


def _count(instance: Path, table: str, condition: str = "1") -> int:
    with closing(sqlite3.connect(instance / "candour.sqlite3")) as connection:
        (count,) = connection.execute(f'SELECT count(*) FROM "{table}" WHERE {condition}').fetchone()
        return int(count)


def _wait_for_the_clock(instance: Path) -> None:
    """The clock ticks beside the pages: what fell due is carried out, and what was queued leaves by itself."""
    due = "state = 'armed' AND fire_at < datetime('now')"
    for _ in range(PATIENCE * 10):
        if not _count(instance, "deadline", due) and not _count(instance, "mail", "state = 'queued'"):
            return
        time.sleep(0.1)
    raise AssertionError("the clock does not tick")


def test_it_starts_answers_ticks_ends_at_once_and_keeps_everything(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    with _running(instance) as first:
        assert first.get("/") == HTTPStatus.OK
        _wait_for_the_clock(instance)
        assert first.get("/health") == HTTPStatus.OK
        said = first.interrupt()
    assert first.process.returncode == 0
    assert "Traceback" not in said
    assert f"Candour serves http://127.0.0.1:{first.port}" in said
    assert re.search(r"password for all of them: .+", said)
    assert list((instance / "mail").glob("*.eml"))
    assert not [one for one in (instance, *instance.rglob("*")) if S_IMODE(one.stat().st_mode) & 0o077]
    before = {table: _count(instance, table) for table in ("organisation", "person", "case")}
    assert before["case"] >= 14

    with _running(instance) as second:
        assert second.get("/sign-in") == HTTPStatus.OK
        second.interrupt()
    assert second.process.returncode == 0
    assert {table: _count(instance, table) for table in before} == before
    with closing(sqlite3.connect(instance / "candour.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_it_ends_at_once_also_while_browsers_hold_connections_on_which_they_say_nothing(
    tmp_path: Path,
) -> None:
    with _running(tmp_path / "instance") as server:
        assert server.get("/") == HTTPStatus.OK
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        # Connections are taken in order: once a later one is answered, the silent ones are in the server's hands.
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as later:
            later.request("GET", "/")
            assert later.getresponse().status == HTTPStatus.OK
        said = server.interrupt()
        for connection in silent:
            connection.close()
    assert server.process.returncode == 0
    assert "SIGKILL" not in said
    assert "Traceback" not in said


FORM = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n"
STALLED = {
    "a body that stops": b"POST /sign-in HTTP/1.1\r\nHost: x\r\n" + FORM + b"abc",
    "a head that stops": b"GET / HTTP/1.1\r\nHost: x\r\n",
    "nothing at all": b"",
}


def test_visitors_who_send_nothing_more_stop_nobody_and_are_hung_up_on(tmp_path: Path) -> None:
    with _running(tmp_path / "instance", started_by=("-c", IMPATIENT)) as server, ExitStack() as stack:
        assert server.get("/") == HTTPStatus.OK
        stalled = [
            stack.enter_context(_sent(server, text)) for _ in range(THREADS) for text in STALLED.values()
        ]
        begun = time.monotonic()
        with _sent(server, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") as other:
            assert other.recv(12) == b"HTTP/1.1 200"
        assert time.monotonic() - begun < 10
        for one in stalled:
            _read_to_the_end(one)
        assert server.get("/") == HTTPStatus.OK
        assert "Traceback" not in server.interrupt()


def test_sending_a_byte_now_and_then_gains_no_time(tmp_path: Path) -> None:
    with _running(tmp_path / "instance", started_by=("-c", IMPATIENT)) as server, ExitStack() as stack:
        dripping = stack.enter_context(_sent(server, STALLED["a body that stops"]))
        begun = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - begun < PATIENCE and not select([dripping], [], [], 0.3)[0]:
                dripping.sendall(b"x")
        assert time.monotonic() - begun < 10


def test_what_cannot_be_read_is_refused_without_a_word_about_the_visitor(tmp_path: Path) -> None:
    with _running(tmp_path / "instance") as server:
        for text in (b"GET /canary HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nca nary: 1\r\n\r\n"):
            with _sent(server, text) as refused:
                assert refused.recv(12) == b"HTTP/1.1 400"
        said = server.interrupt()
    lines = [line for line in said.splitlines() if "a request failed: Invalid" in line]
    assert len(lines) == 2
    assert not re.search(r"\d\d:\d\d:\d\d", "".join(lines))
    assert said.replace("http://127.0.0.1:", "").count("127.0.0.1") == 0
    assert "nary" not in said


def _sent(server: Running, text: bytes) -> socket.socket:
    """A new connection on which that much was sent."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    connection.sendall(text)
    return connection


def _read_to_the_end(connection: socket.socket) -> None:
    with suppress(ConnectionError):
        while connection.recv(4096):
            pass


def test_an_unsafe_production_does_not_start(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "CANDOUR_INSTANCE": str(tmp_path / "instance"),
        "CANDOUR_MODE": "production",
    }
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ended.returncode != 0
    assert "CANDOUR_SECRET_KEY" in ended.stderr
    assert not (tmp_path / "instance").exists()
