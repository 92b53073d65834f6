"""A server in a process of its own, exactly as the program serves itself: one worker with eight threads."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from app import create_app
from app.cli.serve import Server
from app.config import Settings
from tests.bench import floors
from tests.bench.loading import NOW
from tests.infrastructure.postgresql import _free_port, _listens

START_SECONDS = 60
BARE = "bare"
CANDOUR = "candour"


class Unwound(Server):
    """The same server without its ticks, which would be measured along."""

    def load_config(self) -> None:
        """As the program's, but for the clock."""
        super().load_config()
        self.cfg.set("post_worker_init", lambda _worker: None)


def candour(settings: Settings) -> Flask:
    """The program itself, at the instant of the loaded rows; from there its time runs on."""
    behind = datetime.now(UTC) - NOW
    return create_app(settings, clock=lambda: datetime.now(UTC) - behind)


@contextmanager
def served(what: str, environment: Mapping[str, str], *, log: Path) -> Iterator[int]:
    """The port at which ``BARE`` or ``CANDOUR`` is served while the block runs."""
    port = _free_port()
    command = [sys.executable, "-m", "tests.bench.serving", what, str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)
    try:
        _await(process, port, log)
        yield port
    finally:
        process.terminate()
        process.wait()


def _await(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(
                f"the server did not start: {log.read_text(encoding='utf-8', errors='replace')}"
            )
        time.sleep(0.05)


if __name__ == "__main__":
    settings = Settings.from_environment()
    served_app = floors.bare(settings) if sys.argv[1] == BARE else candour(settings)
    Unwound(served_app, port=int(sys.argv[2])).run()
