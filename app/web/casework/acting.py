"""One shape for every act on a case: open it, fill in a form, act, go back to the case.

A stale form, a person who is not available and somebody who lost access are answered here, the same way on
every page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from app.domain.errors import ActionNotAllowed, NobodyEligible, NotAvailable
from app.domain.workflow import Action
from app.queries import timeline
from app.services.disclosure import Opened
from app.web.access import current_actor
from app.web.acting import Changed, fresh
from app.web.casework.forms import CaseForm
from app.web.casework.pages import address_of, back_to, opened
from app.web.casework.show import title_of

Act = Callable[[], ResponseReturnValue | None]
NOT_AVAILABLE = _l("That person is not available. Choose a role or someone else")
NOBODY = _l("Nobody is available. Ask your organisation’s outside reviewer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of one act: its template, what it says afterwards, and the words for what a service refuses."""

    action: Action
    template: str
    done: object
    refusals: Mapping[str, object] = field(default_factory=dict)
    person_field: str = ""


def act_on(case: Opened, form: CaseForm, page: Page, act: Act, **known: Any) -> ResponseReturnValue:
    """Shows the form, or carries out the act and goes on. ``act`` may answer where to go on.

    Raises ActionNotAllowed for a page that the case does not offer now.
    """
    if request.method == "GET" and not case.may(page.action):
        raise ActionNotAllowed(f"{page.action} is not offered")
    if form.validate_on_submit():
        with fresh(address_of(case), changed=lambda: _changed(case, form)):
            answer = _acted(case, form, page, act)
        if answer is not None:
            return answer
    return show_form(case, form, page, **known)


def _changed(case: Opened, form: CaseForm) -> Changed:
    """What others did meanwhile, after it was recorded that this person read it. Raises NotFound."""
    now = opened(case.file.reference)
    entries = timeline.since(current_actor(), now.file.id, form.seen_seq)
    return Changed(entries=entries, reader="staff", definition=now.definition)


def prefill(form: CaseForm, **values: str) -> None:
    """Puts words into a form that is shown for the first time; what was sent, or emptied, stays as it is."""
    if request.method == "GET":
        for name, value in values.items():
            form[name].data = value


def _acted(case: Opened, form: CaseForm, page: Page, act: Act) -> ResponseReturnValue | None:
    """The answer to an act that was done; none where something is to be put right in the form first."""
    with form.refusals(page.refusals):
        try:
            answer = act()
        except NotAvailable:
            form.refuse(page.person_field, NOT_AVAILABLE)
            return None
        except NobodyEligible:
            form.refuse(page.person_field, NOBODY)
            return None
        flash(str(page.done))
        return answer or back_to(case)
    return None


def show_form(case: Opened, form: CaseForm, page: Page, **known: Any) -> ResponseReturnValue:
    """The page with the form as it is, marked with what the case was when it was first shown."""
    form.open_on(case.file.version, case.file.seq)
    template = f"casework/{page.template}.html"
    return render_template(template, case=case, form=form, title=title_of(case), **known)
