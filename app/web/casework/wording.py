"""Words of casework that several pages share, and the filters by which templates say them."""

from collections.abc import Mapping
from datetime import date, datetime

from flask.sansio.app import App
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.report import SeverityReason
from app.domain.routing import Verdict
from app.domain.vocabulary import Role
from app.services.disclosure import ClockRead, why
from app.web import moments
from app.web.access import installation
from app.web.reasons import limit_in_words
from app.web.words import ROLES, words

SEVERITY_REASONS: Mapping[str, object] = {
    SeverityReason.CATEGORY: _l("this category starts there"),
    SeverityReason.LIVE_STREAM: _l("it was streamed live"),
    SeverityReason.HARM: _l("of the effect so far"),
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


def limit_words(one: ClockRead) -> str:
    """How long a limit is; with the severity under which it was counted, where one alone has that limit."""
    limit = limit_in_words(one.row.limit)
    counted = [severity for severity, value in one.clock.limits.items() if value == one.row.limit]
    if len(counted) != 1:
        return limit
    return _("%(severity)s: %(limit)s", severity=words(counted[0]), limit=limit)


def shown_role(role: Role, *, is_viewer: bool) -> str:
    """Who has something: "You", or the role."""
    return _("You") if is_viewer else words(role)


FILTERS = {
    "category_words": category_words,
    "clock_kind": clock_kind,
    "clock_words": clock_words,
    "day_of": day_of,
    "from_iso": from_iso,
    "limit_words": limit_words,
    "role_words": role_words,
    "severity_because": severity_because,
    "verdict_words": verdict_words,
    "withdrawal_words": withdrawal_words,
    "why": why,
}


def add_filters(app: App) -> None:
    """Makes these words known to every template: timelines stand on other people's pages too."""
    app.jinja_env.filters.update(FILTERS)
