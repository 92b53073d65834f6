"""The clock: a sweep that finds nothing among all armed deadlines, and one that has everything to do.

As a program, this module is one worker: it says that it is ready, waits for a line, sweeps, and prints counts.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import timedelta

from app import create_app
from app.config import Settings
from app.domain.actors import Act
from app.domain.vocabulary import Role
from app.services.deadlines import Swept, sweep
from app.services.submitting import submit
from tests.bench.loading import NOW
from tests.bench.sites import Site
from tests.bench.stores import POSTGRESQL
from tests.bench.submitting import report_of
from tests.infrastructure.databases import environment

IDLE = 200
WARM_UP = 20
CASES = 400
# Long enough for every clock and every rung of a report to have come due.
AGO = timedelta(days=120)
# A SQLite file is served by one process.
WORKERS = {POSTGRESQL: 2}


def idle(site: Site) -> list[float]:
    """Seconds of each sweep that finds nothing due."""
    taken = []
    for _ in range(IDLE + WARM_UP):
        with site.app.app_context():
            started = time.perf_counter()
            swept = sweep(now=NOW)
            taken.append(time.perf_counter() - started)
        if swept.fired:
            raise RuntimeError(f"{swept.fired} rungs were due")
    return taken[WARM_UP:]


def full(site: Site) -> tuple[float, list[str]]:
    """Rungs a second with everything to do: missed, escalated, told, recorded, mailed; and what went wrong."""
    _neglect(site)
    settings = {**os.environ, **environment(site.store.settings)}
    command = [sys.executable, "-m", "tests.bench.sweeping"]
    workers = [
        subprocess.Popen(command, env=settings, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(WORKERS.get(site.store.engine, 1))
    ]
    for worker in workers:
        _read(worker)
    started = time.perf_counter()
    for worker in workers:
        _tell(worker)
    swept = [Swept(**json.loads(_read(worker))) for worker in workers]
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.communicate()
    faults = [f"{one.set_aside} rungs were set aside" for one in swept if one.set_aside]
    return sum(one.fired for one in swept) / seconds, faults


def _neglect(site: Site) -> None:
    """Reports that were sent long ago and that nobody has looked at since."""
    for number in range(CASES):
        actor = site.actor(Role.MEMBER, number=number)
        with site.app.app_context():
            submit(report_of(actor, now=NOW - AGO), draft_id=None, act=Act(actor=actor, now=NOW - AGO))


def _read(worker: "subprocess.Popen[str]") -> str:
    if worker.stdout is None:
        raise RuntimeError("the worker has no output")
    return worker.stdout.readline()


def _tell(worker: "subprocess.Popen[str]") -> None:
    if worker.stdin is None:
        raise RuntimeError("the worker has no input")
    worker.stdin.write("\n")
    worker.stdin.flush()


def work() -> None:
    """One worker."""
    with create_app(Settings.from_environment(), clock=lambda: NOW).app_context():
        sweep(now=NOW - 2 * AGO)
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(asdict(sweep(now=NOW))), flush=True)


if __name__ == "__main__":
    work()
