"""The case page and what stands behind it: all answers, the whole timeline, and why this owner."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.domain.errors import NotFound
from app.domain.guidance import GuidancePage
from app.domain.permissions import Permission
from app.domain.workflow import Action, Transition
from app.queries import timeline
from app.queries.case_file import why_this_owner
from app.services.disclosure import Opened
from app.web.access import current_actor, installation, requires
from app.web.acting import before
from app.web.casework.pages import bp, opened
from app.web.casework.wording import category_words

# Which page does which action. An action without a page here is not a handler's to take by hand.
PAGES = {
    Action.ACKNOWLEDGE: "acknowledge",
    Action.TRIAGE: "triage",
    Action.REQUEST_INFORMATION: "request_information",
    Action.WAIT_OVER: "go_on",
    Action.MESSAGE: "message",
    Action.NOTE: "note",
    Action.REFER: "refer",
    Action.ESCALATE: "escalate",
    Action.RECUSE: "recuse",
    Action.AGREE_ACTIONS: "agree_actions",
    Action.COMPLETE_ACTION: "complete_action",
    Action.RECORD_CONTAINMENT: "containment",
    Action.RECORD_SAFETY_PLAN: "safety_plan",
    Action.DECIDE_PATIENT_DATA: "patient_data",
    Action.RECORD_EXTERNAL_NOTICE: "outside_notice",
    Action.RESOLVE_SUBJECT: "resolve_subject",
    Action.CLOSE: "close",
    Action.REOPEN: "reopen",
}
# Recusing has its own place at the top of the page and never hides in the menu.
APART = frozenset({Action.RECUSE})


@dataclass(frozen=True, slots=True)
class Offer:
    """One button: where it leads and what it says."""

    action: Action
    url: str
    label: str


def offers(case: Opened) -> list[Offer]:
    """The actions of this viewer, those to do next in front."""
    return list(_offers(case))


def _offers(case: Opened) -> Iterator[Offer]:
    for one in case.offers:
        if one.action is Action.COMPLETE_ACTION:
            yield from _completions(case, one)
        elif one.action in PAGES and one.action not in APART:
            url = url_for(f".{PAGES[one.action]}", reference=case.file.reference)
            yield Offer(one.action, url, one.label)


def _completions(case: Opened, one: Transition) -> Iterator[Offer]:
    """Each agreed action has a page of its own; the menu names the one that falls due first."""
    for item in case.file.open_items[:1]:
        url = url_for(".complete_action", reference=case.file.reference, item=item.id)
        yield Offer(one.action, url, one.label)


def title_of(case: Opened) -> str:
    """What the case is about, in words: the category and where it was."""
    where = case.file.report.words("platform")
    about = category_words(case.file.category)
    return _("%(about)s, %(where)s", about=about, where=where) if where else about


def guidance_of(case: Opened) -> GuidancePage | None:
    """The guidance in force on the day of the post, on what the case is about."""
    topic = installation().categories[case.file.category].topic
    return installation().guidance.for_day(topic, case.file.report.posted_on) if topic else None


@bp.get("/cases/<reference>")
@requires(Permission.CASE_READ)
def show(reference: str) -> ResponseReturnValue:
    """One case: what is to be done next, what it is about, and what happened."""
    case = opened(reference)
    found = offers(case)
    next_step = case.first(PAGES)
    first = next((one for one in found if next_step and one.action is next_step.action), None)
    return render_template(
        "casework/show.html",
        case=case,
        title=title_of(case),
        first=first,
        others=[one for one in found if one is not first],
        may_recuse=case.may(Action.RECUSE),
        guidance=guidance_of(case),
    )


@bp.get("/cases/<reference>/answers")
@requires(Permission.CASE_READ)
def answers(reference: str) -> ResponseReturnValue:
    """Every answer with the question as it was asked."""
    case = opened(reference)
    return render_template("casework/answers.html", case=case, title=title_of(case))


@bp.get("/cases/<reference>/dates")
@requires(Permission.CASE_READ)
def dates(reference: str) -> ResponseReturnValue:
    """Every limit with the reason why it falls when it does."""
    case = opened(reference)
    return render_template("casework/dates.html", case=case, title=title_of(case))


@bp.get("/cases/<reference>/timeline")
@requires(Permission.CASE_READ)
def whole_timeline(reference: str) -> ResponseReturnValue:
    """Everything that happened, and who has seen it."""
    case = opened(reference)
    happened = timeline.stretch(current_actor(), case.file.id, before=before())
    return render_template("casework/timeline.html", case=case, title=title_of(case), happened=happened)


@bp.get("/cases/<reference>/why")
@requires(Permission.CASE_READ)
def why(reference: str) -> ResponseReturnValue:
    """Who was considered when the case came in; for its owner alone."""
    case = opened(reference)
    if not case.file.standing.is_owner:
        raise NotFound("for the owner alone")
    considered = why_this_owner(current_actor(), case.file.id)
    return render_template("casework/why.html", case=case, considered=considered)
