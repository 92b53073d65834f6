"""What all pages of a case share: how it is opened, and what becomes of a slip, a stale form and a miss."""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.routing import RequestRedirect

from app.domain.references import MistypedReference, read_reference
from app.queries import timeline
from app.services import disclosure
from app.services.disclosure import Opened
from app.web.access import current_act, current_actor
from app.web.casework.wording import add_filters

bp = Blueprint("casework", __name__)
bp.record_once(lambda state: add_filters(state.app))

NOT_TEXT = frozenset({"csrf_token", "version", "seen", "password", "rows"})
LONGEST_KEPT = 20_000
# What has not the shape of a reference is looked up all the same, so that every miss costs the same.
NO_REFERENCE = ""


def opened(reference: str) -> Opened:
    """The case behind an address, after it was recorded that this person opened it.

    Raises MistypedReference before anything is looked up, NotFound for whatever this person may not know of,
    and sends a reader on to the one right way of writing the reference.
    """
    canonical = read_reference(reference)
    if canonical is not None and canonical != reference:
        raise RequestRedirect(url_for(request.endpoint or "", **_with(canonical)))
    return disclosure.open_case(canonical or NO_REFERENCE, act=current_act())


def _with(reference: str) -> dict[str, Any]:
    return {**(request.view_args or {}), "reference": reference}


@bp.errorhandler(MistypedReference)
def on_slip(_error: MistypedReference) -> ResponseReturnValue:
    """One of the characters was mistyped; nothing was looked up."""
    return render_template("casework/slip.html"), 404


def changed_meanwhile(reference: str) -> ResponseReturnValue:
    """Somebody was faster. Whoever may still see the case reads what changed; for others there is no case."""
    case = opened(reference)
    changes = timeline.since(current_actor(), case.file.id, seen())
    page = render_template("casework/changed.html", case=case, changes=changes, kept=_kept())
    return make_response(page, 409)


def seen() -> int:
    """The last entry of the timeline that the sender of this form had on their screen."""
    text = request.form.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _kept() -> list[str]:
    """What the person wrote, so that it can be copied; never a password."""
    sent = ((name, value.strip()) for name, value in request.form.items())
    return [text[:LONGEST_KEPT] for name, text in sent if name not in NOT_TEXT and " " in text]


def back_to(case: Opened) -> ResponseReturnValue:
    """Where an act leads: the case as it is now."""
    return redirect(url_for("casework.show", reference=case.file.reference))
