"""The last step of a self-report: sent by one doctor, and by several at the same time."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.domain.actors import Act, Actor
from app.domain.form import Choice
from app.domain.report import Reports
from app.domain.submission import to_reports
from app.domain.vocabulary import Kind, Role
from app.services import drafts
from app.services.submitting import submit
from tests.bench.loading import NOW
from tests.bench.sites import Site
from tests.unit import filling

AT_ONCE = (2, 4, 8, 16)
SENDINGS = 240
WARM_UP = 20
FORM = filling.FORMS[Kind.SELF_REPORT]
Send = Callable[[UUID], float]


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
        self._actors = [site.actor(Role.MEMBER, number=number) for number in range(max(AT_ONCE))]

    def send(self, *, at_once: int = 1, number: int = SENDINGS) -> Sent:
        """So many reports by so many doctors at the same time. Raises nothing: what went wrong is in the answer."""
        waiting = [self._prepared(actor, number // at_once) for actor in self._actors[:at_once]]
        before = self._site.count_cases()
        sent = self._sent(waiting)
        lost = before + sum(map(len, waiting)) - self._site.count_cases()
        sent.faults += [f"{lost} reports were lost"] if lost else []
        return sent

    def _prepared(self, actor: Actor, number: int) -> list[UUID]:
        given = filling.context(now=NOW)
        answers = filling.fill_in(FORM, given)
        act = Act(actor=actor, now=NOW)
        with self._site.app.app_context():
            return [
                drafts.start(Kind.SELF_REPORT, form_version=FORM.version, answers=answers, act=act)
                for _ in range(number)
            ]

    def _sent(self, waiting: list[list[UUID]]) -> Sent:
        sent, together = Sent(), threading.Barrier(len(waiting) + 1)
        threads = [
            threading.Thread(target=self._send_all, args=(actor, own, sent, together))
            for actor, own in zip(self._actors, waiting, strict=False)
        ]
        for thread in threads:
            thread.start()
        together.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        sent.altogether = time.perf_counter() - started
        return sent

    def _send_all(self, actor: Actor, own: list[UUID], sent: Sent, together: threading.Barrier) -> None:
        reports = report_of(actor, now=NOW)
        together.wait()
        for draft_id in own:
            started = time.perf_counter()
            try:
                with self._site.app.app_context():
                    submit(reports, draft_id=draft_id, act=Act(actor=actor, now=NOW))
            except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
                sent.faults.append(repr(error))
            sent.each.append(time.perf_counter() - started)
