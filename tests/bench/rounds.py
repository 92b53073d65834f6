"""One round of all measurements of one database, and what the rounds brought, by name."""

from collections.abc import Sequence
from functools import partial
from statistics import median, quantiles

from tests.bench import floors, pages, sweeping
from tests.bench.client import Client, times
from tests.bench.pages import CasePages
from tests.bench.sites import Site
from tests.bench.submitting import AT_ONCE, Sent, Submitters

HELLO, TABLE, COMMIT = "H: hello", "T: a table of fifty rows", "C: a durable commit"
IDLE_SWEEP, FULL_SWEEP = "sweep, nothing due", "sweep, everything due"
VIEWERS = {"officer": pages.OFFICER, "handler": pages.HANDLER}
MILLI = 1000


def worklist(who: str, cases: int) -> str:
    """The worklist of one viewer among so many cases."""
    return f"worklist of the {who}, {cases:,} cases"


def case_page(view: str, cases: int) -> str:
    """A first or second view among so many cases."""
    return f"case page, {view} view, {cases:,} cases"


def sending(at_once: int, what: str) -> str:
    """What several submitters at once saw."""
    return f"submit, {at_once} at once: {what}"


class Measured:
    """The values of each figure, one a round, and what went wrong."""

    def __init__(self) -> None:
        self.rounds: dict[str, list[float]] = {}
        self.faults: list[str] = []

    def __getitem__(self, name: str) -> float:
        return median(self.rounds[name])

    def add(self, name: str, value: float) -> None:
        """The value of one more round."""
        self.rounds.setdefault(name, []).append(value)

    def typical(self, name: str, seconds: Sequence[float]) -> None:
        """The median of one more round, in milliseconds."""
        self.add(name, MILLI * median(seconds))


class Round:
    """Everything that is measured of one database, once. The last site is the largest."""

    def __init__(self, sites: Sequence[Site], bare: Client, measured: Measured, *, rounds: int) -> None:
        self._largest = sites[-1]
        self._bare = bare
        self._measured = measured
        self._viewers = [
            (who, site.store.cases, site.signed_in(role)) for site in sites for who, role in VIEWERS.items()
        ]
        self._cases = [(site.store.cases, CasePages.of(site, rounds=rounds)) for site in sites]
        self._submitters = Submitters(self._largest)

    def measure(self, number: int) -> None:
        """The floors in the same minutes as what is compared with them."""
        self._floors()
        self._pages(number)
        self._measured.typical(IDLE_SWEEP, sweeping.idle(self._largest))
        for at_once in (1, *AT_ONCE):
            self._sending(at_once)
        rate, faults = sweeping.full(self._largest)
        self._measured.add(FULL_SWEEP, rate)
        self._measured.faults += faults

    def _floors(self) -> None:
        for name, path in ((HELLO, "/hello"), (TABLE, "/table")):
            seconds = times(partial(self._bare.get, path), warm_up=pages.WARM_UP, requests=pages.REQUESTS)
            self._measured.typical(name, seconds)
        settings = self._largest.store.settings
        self._measured.typical(COMMIT, floors.commits(settings, number=pages.REQUESTS))

    def _pages(self, number: int) -> None:
        for who, among, client in self._viewers:
            self._measured.typical(worklist(who, among), pages.worklist(client))
            self._measured.add(f"{worklist(who, among)}: HTML", pages.weight(client) / MILLI)
        for among, opening in self._cases:
            first, second = opening.views(number)
            self._measured.typical(case_page("first", among), first)
            self._measured.typical(case_page("second", among), second)

    def _sending(self, at_once: int) -> None:
        sent: Sent = self._submitters.send(at_once=at_once)
        self._measured.faults += sent.faults
        self._measured.typical(sending(at_once, "p50"), sent.each)
        self._measured.add(sending(at_once, "p99"), MILLI * quantiles(sent.each, n=100)[98])
        self._measured.add(sending(at_once, "longest"), MILLI * max(sent.each))
        self._measured.add(sending(at_once, "rate"), sent.per_second)
