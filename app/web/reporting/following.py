"""How a report stands, in the words and marks of its reporter's pages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from app.domain.events import SeverityLowered
from app.domain.vocabulary import Kind, MessageKind, Severity
from app.queries.clocks import ClockView
from app.queries.reports import OwnFile, OwnMessage, OwnReport
from app.queries.timeline import Entry
from app.web import moments, words
from app.web.access import installation
from app.web.reporting.summary import answer_in_words

DONE, NOW, LATER = "done", "now", "later"
ADVICE_STAGES = {"awaiting_adviser": 1, "advising": 2, "awaiting_member": 2, "closed": 3}
STAGES = {"in_review": 2, "awaiting_reporter": 2, "actions_agreed": 3, "closed": 4, "no_case": 4}
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of the words that say where a report is."""

    words: str
    small: str
    place: str


def title(report: OwnReport) -> str:
    """What a report is about, as its reporter reads it in lists and headings."""
    about: str = installation().categories[report.category].words
    match report.kind:
        case Kind.SELF_REPORT:
            return about
        case Kind.CONCERN:
            return _("Concern: %(about)s", about=about)
        case Kind.ADVICE:
            return _("Advice: %(about)s", about=about)


def status(report: OwnReport) -> str:
    """Where it stands, in the reporter's words."""
    if report.escalated_to and not report.is_your_turn:
        return _("With a more senior doctor")
    return report.state.reporter_label


def status_kind(report: OwnReport) -> str:
    """The mark of the status. Amber is kept for what waits for the reader."""
    return "due" if report.is_your_turn else words.state_kind(report.state.name)


def has_passed(clock: ClockView, now: datetime) -> bool:
    """Whether a promised date went by without what was promised."""
    return clock.is_running and clock.paused_at is None and clock.due_at < now


def steps(file: OwnFile, now: datetime) -> list[Step]:
    """Where the report is, from sent to closed; empty for one that was withdrawn."""
    if file.report.state.name == WITHDRAWN:
        return []
    return _advice_steps(file.report, now) if file.report.is_confidential else _steps(file, now)


def _steps(file: OwnFile, now: datetime) -> list[Step]:
    report = file.report
    stage = STAGES.get(report.state.name, 1 if report.acknowledged_at else 0)
    named = [
        (_("Received"), _day(report.opened_at, now)),
        (_("Acknowledged"), _day(report.acknowledged_at, now)),
        (_("Being looked at"), _waiting(report)),
        (_("Actions agreed"), ""),
        (_("Outcome and learning"), _day(report.closed_at, now) or _by(report, now)),
    ]
    placed = list(_placed(named, stage, is_over=report.state.is_final))
    return [one for number, one in enumerate(placed) if number != 3 or file.actions or not report.closed_at]


def _advice_steps(report: OwnReport, now: datetime) -> list[Step]:
    named = [
        (_("Sent"), _day(report.opened_at, now)),
        (_("With your adviser"), ""),
        (_("Your adviser has answered"), _waiting(report)),
        (_("Closed"), _day(report.closed_at, now)),
    ]
    return list(_placed(named, ADVICE_STAGES[report.state.name], is_over=report.state.is_final))


def _placed(named: Sequence[tuple[str, str]], stage: int, *, is_over: bool) -> Iterator[Step]:
    for number, (label, small) in enumerate(named):
        is_done = number < stage or is_over
        place = DONE if is_done else NOW if number == stage else LATER
        yield Step(words=label, small=small, place=place)


def _waiting(report: OwnReport) -> str:
    return _("waiting for your answer") if report.is_your_turn else ""


def _day(at: datetime | None, now: datetime) -> str:
    return moments.short_date(at, now) if at else ""


def _by(report: OwnReport, now: datetime) -> str:
    """The last date by which the outcome was promised."""
    last = max((one.due_at for one in report.clocks if one.is_running), default=None)
    return _("by %(day)s at the latest", day=moments.short_date(last, now)) if last else ""


def written(one: OwnMessage, report: OwnReport) -> str:
    """A text as its reporter reads it; a reason says of what it is one."""
    if one.kind is not MessageKind.REASON:
        return one.body
    reason = _("Reason given: %(reason)s", reason=one.body)
    lowered = next((entry for entry in report.entries if _is_lowering(entry, one)), None)
    if lowered is None:
        return reason
    changed = _(
        "How urgent it is was changed from %(before)s to %(after)s.",
        before=words.words(Severity(str(lowered.detail["from_severity"]))),
        after=words.words(Severity(str(lowered.detail["severity"]))),
    )
    return f"{changed} {reason}"


def _is_lowering(entry: Entry, one: OwnMessage) -> bool:
    return entry.tag == SeverityLowered.tag and entry.at == one.sent_at


WORDING: dict[str, Callable[..., object]] = {
    "has_passed": has_passed,
    "report_title": title,
    "report_status": status,
    "report_status_kind": status_kind,
    "report_steps": steps,
    "report_text": written,
    "answer_in_words": answer_in_words,
}
