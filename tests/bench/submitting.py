"""The last step of a self-report: sent by one doctor, and by several at the same time."""

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.domain.actors import Act, Actor
from app.domain.form import Choice
from app.domain.report import Reports
from app.domain.submission import to_reports
from app.domain.vocabulary import Kind, Role
from app.services import drafts
from tests.bench.client import Client, csrf_token
from tests.bench.loading import NOW
from tests.bench.sites import Site
from tests.unit import filling

AT_ONCE = (2, 4, 8, 16)
SENDINGS = 240
WARM_UP = 20
FORM = filling.FORMS[Kind.SELF_REPORT]
FIRST_VERSION = "1"
SEE_OTHER = 303


@dataclass(slots=True)
class Sent:
    """What several submitters saw: seconds of each sending and of all together, and what went wrong."""

    each: list[float] = field(default_factory=list)
    altogether: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Reports a second."""
        return len(self.each) / self.altogether


def report_of(actor: Actor, *, now: datetime) -> Reports:
    """A doctor's plain report, as the form makes it."""
    workplace = Choice(value=str(actor.organisation_id), label="Measured body 0")
    given = filling.context(now=now, workplaces=(workplace,))
    answers = filling.fill_in(FORM, given, posted_on=now.date().isoformat())
    return to_reports(FORM, answers, given)


class Submitters:
    """Doctors of the organisation with half of the cases, each with reports that only need to be sent."""

    def __init__(self, site: Site) -> None:
        self._site = site
        numbers = range(max(AT_ONCE))
        self._actors = [site.actor(Role.MEMBER, number=number) for number in numbers]
        self._clients = [site.signed_in(Role.MEMBER, number=number) for number in numbers]

    def send(self, *, at_once: int = 1, number: int = SENDINGS) -> Sent:
        """So many reports by so many doctors at the same time; whatever goes wrong is in the answer."""
        for client, own in zip(self._clients, self._prepared(at_once, WARM_UP), strict=False):
            _send_all(client, own, Sent())
        waiting = self._prepared(at_once, number)
        before = self._site.count_cases()
        sent = self._sent(waiting)
        lost = before + sum(map(len, waiting)) - self._site.count_cases()
        sent.faults += [f"{lost} reports were lost"] if lost else []
        return sent

    def _prepared(self, at_once: int, number: int) -> list[list[UUID]]:
        share = -(-number // at_once)
        return [[self._draft(actor) for _ in range(share)] for actor in self._actors[:at_once]]

    def _draft(self, actor: Actor) -> UUID:
        answers = filling.fill_in(FORM, filling.context(now=NOW))
        act = Act(actor=actor, now=NOW)
        with self._site.app.app_context():
            return drafts.start(Kind.SELF_REPORT, form_version=FORM.version, answers=answers, act=act)

    def _sent(self, waiting: list[list[UUID]]) -> Sent:
        sent, together = Sent(), threading.Barrier(len(waiting) + 1)
        threads = [
            threading.Thread(target=_send_all, args=(client, own, sent, together))
            for client, own in zip(self._clients, waiting, strict=False)
        ]
        for thread in threads:
            thread.start()
        together.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        sent.altogether = time.perf_counter() - started
        return sent


def _send_all(client: Client, own: list[UUID], sent: Sent, together: threading.Barrier | None = None) -> None:
    """One doctor presses the button of each report, one after the other."""
    fields = {
        "csrf_token": csrf_token(client.get("/account/password")),
        "version": FIRST_VERSION,
        "state": "",
    }
    if together:
        together.wait()
    for draft_id in own:
        answer = client.post(f"/drafts/{draft_id}/check", fields)
        sent.each.append(answer.seconds)
        if answer.status != SEE_OTHER:
            sent.faults.append(f"a report was answered with {answer.status}")
