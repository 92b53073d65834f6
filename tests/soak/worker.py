"""A worker of the clock in a process of its own, which may be killed between two statements.

As a program: `python -m tests.soak.worker NOW [N]`. It says that it is ready, waits for a line, sweeps until nothing
is due, and prints counts; with N it kills itself as the database would carry out its N-th statement.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import event

from app import create_app
from app.config import Settings
from app.database import db
from app.services.deadlines import Swept, sweep
from tests.infrastructure.databases import environment


@dataclass
class Worker:
    """A worker that waits to be told to begin."""

    process: "subprocess.Popen[str]" = field(repr=False)

    def __post_init__(self) -> None:
        assert self._read() == "ready\n"

    def begin(self) -> None:
        """Tells it to sweep."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> Swept | None:
        """What it did; None where it was killed before it had finished."""
        told = self._read()
        self.process.communicate()
        assert self.process.returncode == (0 if told else -signal.SIGKILL)
        return Swept(**json.loads(told)) if told else None

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


def hire(settings: Settings, *, now: datetime, killed_at: int = 0) -> Worker:
    """A worker on an installation, for whom it is ``now``; it dies at that statement, counted from 1."""
    command = [sys.executable, "-m", "tests.soak.worker", now.isoformat(), str(killed_at)]
    return Worker(
        subprocess.Popen(
            command,
            env={**os.environ, **environment(settings)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    )


def _dies_at(number: int) -> None:
    """Every statement that changes rows or ends a transaction is a place to die at."""
    numbers = count(1)

    def carry_out(*_given: Any) -> None:
        if next(numbers) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = db.engines["writer"]
    for moment in ("before_cursor_execute", "commit"):
        event.listen(engine, moment, carry_out)


def work(now: datetime, killed_at: int) -> None:
    """Sweeps once."""
    with create_app(Settings.from_environment(), clock=lambda: now).app_context():
        _dies_at(killed_at)
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(asdict(sweep(now=now))), flush=True)


if __name__ == "__main__":
    work(datetime.fromisoformat(sys.argv[1]), int(sys.argv[2]))
