"""Words of casework that several pages share, and the filters by which templates say them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time

from flask.sansio.app import App
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.calendars import LONDON
from app.domain.events import DeadlineArmed
from app.domain.report import SeverityReason
from app.domain.routing import Verdict
from app.domain.vocabulary import Role, Severity
from app.domain.workflow import Clock, Definition
from app.queries.case_file import AnswerRead
from app.queries.timeline import Entry
from app.services.disclosure import ClockRead, why
from app.web import moments
from app.web.access import installation
from app.web.reasons import limit_in_words
from app.web.words import ROLES, words

# A time of day needs a day to be said; which one makes no difference.
ANY_DAY = date(2026, 1, 1)
SEVERITY_REASONS: Mapping[str, object] = {
    SeverityReason.CATEGORY: _l("this category starts there"),
    SeverityReason.LIVE_STREAM: _l("it was streamed live"),
    SeverityReason.HARM: _l("it has had an effect on somebody"),
    SeverityReason.RECOGNISED_WIDELY: _l("many people could recognise a patient"),
    SeverityReason.STILL_PUBLIC: _l("a patient can be recognised and it is still public"),
    SeverityReason.SPREAD: _l("it spread widely"),
    SeverityReason.REPEAT: _l("it happened before within 24 months"),
    SeverityReason.RISK_NOW: _l("somebody is at risk today"),
}
VERDICTS: Mapping[str, object] = {
    Verdict.NAMED_SUPERVISOR: _l("Chosen: named as the reporter’s supervisor or manager"),
    Verdict.LOWEST_WORKLOAD: _l("Chosen: the fairest share of open cases"),
    Verdict.ONLY_ONE: _l("Chosen: the only one who can take it"),
    Verdict.CONFLICT: _l("Passed over: part of the case, or close to somebody who is"),
    Verdict.ABSENT: _l("Passed over: away"),
    Verdict.MORE_WORK: _l("Passed over: somebody else had a fairer turn"),
}
ASKED: Mapping[str, object] = {
    "yes": _l("Somebody asked the reporter to withdraw."),
    "no": _l("Nobody asked the reporter to withdraw."),
    "rather_not": _l("The reporter would rather not say whether anybody asked them to withdraw."),
}


def withdrawal_words(body: str) -> str:
    """What the reporter said on withdrawing: whether anybody asked them to, then why."""
    asked, _line, why = body.partition("\n")
    return "\n".join(part for part in (str(ASKED.get(asked, "")), why) if part)


def category_words(code: str) -> str:
    """What people read for a category; the code itself never shows."""
    return str(installation().categories[code].words)


def answer_words(one: AnswerRead) -> str:
    """What was answered; a day and a time of day as people say them, not as they are stored."""
    with suppress(ValueError):
        return moments.long_date(date.fromisoformat(one.words))
    with suppress(ValueError):
        at = datetime.combine(ANY_DAY, time.fromisoformat(one.words), LONDON)
        return moments.clock_time(at)
    return one.words


def from_iso(text: str) -> datetime:
    """The instant that an event carries as ISO 8601."""
    return datetime.fromisoformat(text)


def day_of(text: str) -> date:
    """The local day that an event carries as ISO 8601."""
    return date.fromisoformat(text)


def role_words(role: str) -> str:
    """The role by its title, for values that come as text."""
    return str(ROLES[role])


def severity_because(codes: tuple[str, ...]) -> str:
    """Why a severity was suggested: "this category starts there; it spread widely"."""
    return "; ".join(str(SEVERITY_REASONS[code]) for code in codes)


def verdict_words(verdict: Verdict) -> str:
    """What became of one candidate."""
    return str(VERDICTS[verdict])


def clock_kind(one: ClockRead, now: datetime) -> str | None:
    """The mark of a deadline: late, due, wait or done; none for a plain date in the future."""
    row = one.row
    if not row.is_running:
        return "done" if row.state == "met" else "wait"
    if one.paused_at is not None:
        return "wait"
    kind = moments.due_kind(row.due_at, now)
    return None if kind == "later" else kind


def clock_words(one: ClockRead, now: datetime) -> str:
    """How a deadline stands: due, overdue, paused, done on time or late, no longer needed."""
    row = one.row
    if one.paused_at is not None and row.is_running:
        return _("Paused since %(day)s", day=moments.short_date(one.paused_at, now))
    if row.is_running:
        return _running_words(row.due_at, now)
    if row.ended_at is None or row.state == "cancelled":
        return _("No longer needed")
    if row.ended_at <= row.due_at:
        return _("Done on time")
    return _("Done late, on %(day)s", day=moments.short_date(row.ended_at, now))


def _running_words(due_at: datetime, now: datetime) -> str:
    if due_at < now:
        return _("Overdue since %(moment)s", moment=moments.short_moment(due_at, now))
    return moments.short_moment(due_at, now)


def step_words(clock: Clock, viewer: Role | None) -> str:
    """What is to be done next; with the role whose step it is, where that is not the viewer's."""
    if clock.owed_by in {None, viewer}:
        return clock.next_step
    step = clock.next_step[:1].lower() + clock.next_step[1:]
    return _("%(role)s: %(step)s", role=words(clock.owed_by), step=step)


def limit_words(one: ClockRead) -> str:
    """How long a limit is; with the severity under which it was counted, where one alone has that limit."""
    limit = limit_in_words(one.row.limit)
    counted = [severity for severity, value in one.clock.limits.items() if value == one.row.limit]
    if len(counted) != 1:
        return limit
    return _("%(severity)s: %(limit)s", severity=words(counted[0]), limit=limit)


def cap_words(one: ClockRead, definition: Definition, severity: Severity) -> str:
    """The other limit that a date may not outlast, where that one decided; empty where it did not."""
    cap = one.cap
    if cap is None or cap.due_at != one.row.due_at or cap.limit == one.row.limit:
        return ""
    label, limit = definition.clocks[cap.clock].label, limit_in_words(cap.limit)
    words_for = {"clock": label, "limit": limit, "severity": words(severity)}
    return _("Not later than “%(clock)s”: %(limit)s (%(severity)s).", **words_for)


def promised_with(entries: Sequence[Entry], entry: Entry, definition: Definition) -> list[Entry]:
    """The dates of which a reporter was told at the same moment, if this entry is one of them."""
    if entry.tag != DeadlineArmed.tag:
        return []
    together = (one for one in entries if one.tag == entry.tag and one.at == entry.at)
    return [one for one in together if definition.clocks[str(one.detail["clock"])].is_shown_to_reporter]


def shown_role(role: Role, *, is_viewer: bool) -> str:
    """Who has something: "You", or the role."""
    return _("You") if is_viewer else words(role)


FILTERS = {
    "answer_words": answer_words,
    "cap_words": cap_words,
    "category_words": category_words,
    "clock_kind": clock_kind,
    "clock_words": clock_words,
    "day_of": day_of,
    "from_iso": from_iso,
    "limit_words": limit_words,
    "promised_with": promised_with,
    "role_words": role_words,
    "severity_because": severity_because,
    "step_words": step_words,
    "verdict_words": verdict_words,
    "withdrawal_words": withdrawal_words,
    "why": why,
}


def add_filters(app: App) -> None:
    """Makes these words known to every template: timelines stand on other people's pages too."""
    app.jinja_env.filters.update(FILTERS)
