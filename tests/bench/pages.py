"""The pages that handlers look at most: the worklist and a case."""

from dataclasses import dataclass, field
from itertools import chain

from app.domain.vocabulary import Role
from tests.bench.client import Answer, Client, WrongAnswerError, times
from tests.bench.sites import Site

REQUESTS = 200
WARM_UP = 30
WORKLIST = "/cases?kind=self_report"
FULL_PAGE = 50
OFFICER = Role.RESPONSIBLE_OFFICER
HANDLER = Role.CLINICAL_LEAD


def worklist(client: Client) -> list[float]:
    """Seconds of each request for the filtered first page. Raises WrongAnswerError unless fifty cases stand on it."""
    found = client.get(WORKLIST).expect(200).text.count('href="/cases/C-')
    if found < FULL_PAGE:
        raise WrongAnswerError(f"{found} cases on the page")
    return times(lambda: client.get(WORKLIST).expect(200), warm_up=WARM_UP, requests=REQUESTS)


def weight(client: Client) -> int:
    """Bytes of HTML of the same page."""
    return len(client.get(WORKLIST).expect(200).body)


@dataclass(slots=True)
class CasePages:
    """Opens other cases in each round, so that a first view is one and writes its entry."""

    client: Client
    shares: list[list[str]] = field(repr=False)

    @classmethod
    def of(cls, site: Site, *, rounds: int) -> "CasePages":
        """As the officer, with enough cases for so many rounds, or as many as there are."""
        found = site.references((REQUESTS + WARM_UP) * rounds)
        share = len(found) // rounds
        return cls(site.signed_in(OFFICER), [found[number * share :][:share] for number in range(rounds)])

    def views(self, number: int) -> tuple[list[float], list[float]]:
        """Seconds of each first view in that round, then of each second one of the same cases."""
        share = self.shares[number]
        waiting = chain(share, share)
        warm_up = min(WARM_UP, len(share) // 8)
        first = times(lambda: self._view(next(waiting)), warm_up=warm_up, requests=len(share) - warm_up)
        second = times(lambda: self._view(next(waiting)), warm_up=warm_up, requests=len(share) - warm_up)
        return first, second

    def _view(self, reference: str) -> Answer:
        return self.client.get(f"/cases/{reference}").expect(200)
