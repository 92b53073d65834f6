"""What each figure has to keep to, in multiples of the floors of the same run."""

from collections.abc import Iterator, Sequence

from tests.bench.report import Bound, Figure
from tests.bench.rounds import (
    COMMIT,
    FULL_SWEEP,
    HELLO,
    IDLE_SWEEP,
    MILLI,
    TABLE,
    VIEWERS,
    Measured,
    case_page,
    sending,
    worklist,
)
from tests.bench.stores import SQLITE
from tests.bench.submitting import AT_ONCE

RUNGS_A_SECOND = {SQLITE: 300}
OTHERWISE = 500


def figures(measured: Measured, *, engine: str, sizes: Sequence[int]) -> Iterator[Figure]:
    """All figures of one database in the order of the table."""
    judge = _Judge(measured, sizes)
    for floor in (HELLO, TABLE, COMMIT):
        yield judge.figure(floor)
    for who in VIEWERS:
        yield from judge.worklists(who)
    yield from judge.case_pages()
    yield from judge.submits()
    yield judge.figure(IDLE_SWEEP, judge.at_most(IDLE_SWEEP, 5))
    yield judge.full_sweep(RUNGS_A_SECOND.get(engine, OTHERWISE))


class _Judge:
    def __init__(self, measured: Measured, sizes: Sequence[int]) -> None:
        self._measured = measured
        self._sizes = sizes

    def figure(self, what: str, *bounds: Bound, unit: str = "ms") -> Figure:
        return Figure(what=what, unit=unit, rounds=tuple(self._measured.rounds[what]), bounds=bounds)

    def at_most(self, what: str, limit: float, unit: str = "ms") -> Bound:
        return Bound(ratio=unit, actual=self._measured[what], limit=limit)

    def against(self, what: str, floor: str, limit: float, words: str) -> Bound:
        return Bound(ratio=words, actual=self._measured[what] / self._measured[floor], limit=limit)

    def worklists(self, who: str) -> Iterator[Figure]:
        smallest, largest = worklist(who, self._sizes[0]), worklist(who, self._sizes[-1])
        for cases in self._sizes:
            name = worklist(who, cases)
            bounds = [self.against(name, TABLE, 5, "T"), self.against(name, HELLO, 15, "H")]
            if name == largest != smallest:
                bounds.append(self.against(name, smallest, 1.25, f"of {self._sizes[0]:,} cases"))
            yield self.figure(name, *bounds)
        name = f"{largest}: HTML"
        yield self.figure(name, self.at_most(name, 60, "kB"), unit="kB")

    def case_pages(self) -> Iterator[Figure]:
        """An opened case costs its page and one commit."""
        for cases in self._sizes:
            first = case_page("first", cases)
            yield self.figure(first, self._beyond_commits(first, 1, 17))
            yield self.figure(case_page("second", cases))

    def _beyond_commits(self, what: str, commits: int, limit: float) -> Bound:
        rest = self._measured[what] - commits * self._measured[COMMIT]
        words = f"H, beside {commits} C"
        return Bound(ratio=words, actual=rest / self._measured[HELLO], limit=limit)

    def submits(self) -> Iterator[Figure]:
        alone = sending(1, "p50")
        yield self.figure(alone, self._beyond_commits(alone, 2, 12))
        yield self.figure(sending(1, "rate"), unit="/s")
        for at_once in AT_ONCE:
            typical, slow, longest, rate = (
                sending(at_once, what) for what in ("p50", "p99", "longest", "rate")
            )
            yield self.figure(typical)
            yield self.figure(slow, self.against(slow, typical, 5, "p50"))
            yield self.figure(longest, self.at_most(longest, MILLI))
            share = self._measured[rate] / self._measured[sending(1, "rate")]
            enough = Bound(ratio="of the rate of one", actual=share, limit=0.9, is_floor=True)
            yield self.figure(rate, enough, unit="/s")

    def full_sweep(self, limit: float) -> Figure:
        rate = self._measured[FULL_SWEEP]
        commits = rate * self._measured[COMMIT] / MILLI
        enough = Bound(ratio=f"rungs/s, {commits:.2g} / C", actual=rate, limit=limit, is_floor=True)
        return self.figure(FULL_SWEEP, enough, unit="/s")
