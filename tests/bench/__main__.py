"""``make bench``: measures everything that has a bound, prints a table, writes ``instance/bench.json``.

Nobody fails over a figure: the exit code tells only whether a report was lost or a request went wrong.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from app.config import ROOT
from tests.bench.bounds import figures
from tests.bench.client import Client
from tests.bench.report import Figure, as_json, table
from tests.bench.rounds import Measured, Round
from tests.bench.serving import BARE, served
from tests.bench.sites import opened
from tests.bench.stores import ENGINES, copies
from tests.infrastructure.databases import environment

CACHE = ROOT / "instance" / "bench-cache"
RESULT = ROOT / "instance" / "bench.json"
SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 3


def main() -> int:
    """Measures each database in turn, prints its table and keeps what was found so far."""
    asked = _asked()
    results: dict[str, list[Figure]] = {}
    faults: list[str] = []
    for engine in asked.databases:
        measured = measure(engine, asked.sizes, rounds=asked.rounds)
        results[engine] = list(figures(measured, engine=engine, sizes=asked.sizes))
        faults += [f"{engine}: {fault}" for fault in measured.faults]
        print(f"\n{engine}\n{table(results[engine])}\n", flush=True)
        _keep(results, faults)
    print(RESULT.read_text(encoding="utf-8"))
    for fault in faults[:20]:
        print(fault, file=sys.stderr)
    return bool(faults)


def measure(engine: str, sizes: Sequence[int], *, rounds: int) -> Measured:
    """All rounds of one database."""
    measured = Measured()
    with copies(engine, sizes, cache=CACHE) as stores, ExitStack() as stack:
        sites = [stack.enter_context(opened(store)) for store in stores]
        largest = stores[-1]
        log = largest.settings.instance / "bare.log"
        port = stack.enter_context(served(BARE, environment(largest.settings), log=log))
        one = Round(sites, Client(port), measured, rounds=rounds)
        for number in range(rounds):
            print(f"  {engine}: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            one.measure(number)
    return measured


def _keep(results: dict[str, list[Figure]], faults: Sequence[str]) -> None:
    machine = {"processors": os.cpu_count(), "python": platform.python_version()}
    kept = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "faults": list(faults),
        "figures": {engine: as_json(found) for engine, found in results.items()},
    }
    RESULT.write_text(json.dumps(kept, indent=1, ensure_ascii=False), encoding="utf-8")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Candour.")
    parser.add_argument("--sizes", type=_numbers, default=SIZES, help="cases, the smallest first")
    parser.add_argument("--databases", type=lambda text: text.split(","), default=ENGINES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(number) for number in text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
