"""The adviser's pages: who waits for an answer, one member's case, and one page an act."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.domain.deadlines import local
from app.domain.errors import ActionNotAllowed, NobodyEligible, NotAvailable, NotFound
from app.domain.permissions import ADVISERS, Permission
from app.domain.vocabulary import Kind, Outcome, Role
from app.domain.workflow import Action, outcomes_of
from app.queries import worklist
from app.queries.case_file import CaseFile, holders_of
from app.queries.timeline import since, stretch
from app.queries.worklist import Place, View, Wanted
from app.services import casework
from app.services.disclosure import Opened, open_case
from app.web.access import current_act, current_actor, current_now, installation, requires
from app.web.acting import ActForm, Changed, before, canonical, fresh
from app.web.advice.acts import (
    SERVICE_PICKS,
    AskForm,
    CloseForm,
    NoteForm,
    RecuseForm,
    ReferForm,
    ReopenForm,
    ReplyForm,
)
from app.web.forms import Choice, choices_from

bp = Blueprint("advice", __name__)

# Which page carries out which action. What the definition allows and no page can do is not offered.
PAGES = {
    Action.REPLY: "advice.reply",
    Action.REQUEST_INFORMATION: "advice.ask",
    Action.NOTE: "advice.note",
    Action.REFER: "advice.refer",
    Action.RECUSE: "advice.recuse",
    Action.CLOSE: "advice.close",
    Action.REOPEN: "advice.reopen",
}
VIEWS = {"": View.NEEDS_ME, "waiting": View.WAITING, "closed": View.CLOSED}


@bp.context_processor
def wording() -> dict[str, Callable[..., object]]:
    """How members' cases are worded, for the templates of this room."""
    return {"about": _about, "next_words": _next_words}


@bp.get("/advice")
@requires(Permission.ADVICE_LIST)
def queue() -> ResponseReturnValue:
    """The members who wait for an answer, the one whose answer is due first in front."""
    chosen = request.args.get("view", "")
    wanted = Wanted(view=VIEWS.get(chosen, View.NEEDS_ME), kind=Kind.ADVICE)
    after = Place.parse(request.args.get("after", ""))
    found = worklist.worklist(current_actor(), wanted, after=after, now=current_now())
    return render_template("advice/queue.html", found=found, view=chosen if chosen in VIEWS else "")


@bp.get("/advice/<reference>")
@requires(Permission.ADVICE_READ)
def show(reference: str) -> ResponseReturnValue:
    """One member's case: the private thread, what to ask first, the wall, the dates."""
    opened = _open(reference)
    happened = stretch(current_actor(), opened.file.id, before=before())
    return _page("case", opened, _noting(ReplyForm(), opened), others=_others(), happened=happened)


@bp.route("/advice/<reference>/reply", methods=["GET", "POST"])
@requires(Permission.ADVICE_ACT)
def reply(reference: str) -> ResponseReturnValue:
    """Answers the member."""
    opened = _open(reference)
    form = _noting(ReplyForm(), opened)
    if form.validate_on_submit():
        with _fresh(opened, form):
            casework.reply(opened.file.id, form.seen_version, text=form.text.data, act=current_act())
        return _done(opened, _("Your reply has been sent."))
    return _page("reply", _allowed(opened, Action.REPLY), form)


@bp.route("/advice/<reference>/ask", methods=["GET", "POST"])
@requires(Permission.ADVICE_ACT)
def ask(reference: str) -> ResponseReturnValue:
    """Asks the member something; the reply date waits for the answer."""
    opened = _open(reference)
    form = _noting(AskForm(), opened)
    if form.validate_on_submit():
        with _fresh(opened, form):
            casework.request_information(
                opened.file.id,
                form.seen_version,
                question=form.question.data,
                why=form.why.data,
                act=current_act(),
            )
        return _done(opened, _("Your question has been sent."))
    return _page("ask", _allowed(opened, Action.REQUEST_INFORMATION), form)


@bp.route("/advice/<reference>/note", methods=["GET", "POST"])
@requires(Permission.ADVICE_ACT)
def note(reference: str) -> ResponseReturnValue:
    """Writes a note that the member never sees."""
    opened = _open(reference)
    form = _noting(NoteForm(), opened)
    if form.validate_on_submit():
        with _fresh(opened, form):
            casework.note(opened.file.id, form.seen_version, text=form.text.data, act=current_act())
        return _done(opened, _("Your note has been saved."))
    return _page("note", _allowed(opened, Action.NOTE), form)


@bp.route("/advice/<reference>/refer", methods=["GET", "POST"])
@requires(Permission.ADVICE_ACT)
def refer(reference: str) -> ResponseReturnValue:
    """Passes the case to another adviser."""
    opened = _open(reference)
    form = _noting(ReferForm(), opened)
    form.to.choices = _advisers(opened.file)
    if form.validate_on_submit() and _passed_on(opened, form):
        flash(_("You have passed the case on."))
        return redirect(url_for(".queue"), code=303)
    return _page("refer", _allowed(opened, Action.REFER), form)


@bp.route("/advice/<reference>/recuse", methods=["GET", "POST"])
@requires(Permission.ADVICE_ACT)
def recuse(reference: str) -> ResponseReturnValue:
    """Steps back; somebody else is found at once."""
    opened = _open(reference)
    form = _noting(RecuseForm(), opened)
    if form.validate_on_submit():
        with _fresh(opened, form):
            casework.recuse(
                opened.file.id, form.seen_version, kind=form.kind.data or "other", text="", act=current_act()
            )
        flash(_("Somebody else will advise on this."))
        return redirect(url_for(".queue"), code=303)
    return _page("recuse", _allowed(opened, Action.RECUSE), form)


@bp.route("/advice/<reference>/close", methods=["GET", "POST"])
@requires(Permission.ADVICE_ACT)
def close(reference: str) -> ResponseReturnValue:
    """Ends the advice with an outcome and a text for the member."""
    opened = _open(reference)
    form = _noting(CloseForm(), opened)
    form.outcome.choices = choices_from(outcomes_of(Kind.ADVICE))
    if form.validate_on_submit():
        closing = casework.Closing(outcome=Outcome(form.outcome.data), text=form.text.data)
        with _fresh(opened, form):
            casework.close(opened.file.id, form.seen_version, closing=closing, act=current_act())
        return _done(opened, _("You have closed the case."))
    return _page("close", _allowed(opened, Action.CLOSE), form)


@bp.route("/advice/<reference>/reopen", methods=["GET", "POST"])
@requires(Permission.ADVICE_ACT)
def reopen(reference: str) -> ResponseReturnValue:
    """Opens a closed case again."""
    opened = _open(reference)
    form = _noting(ReopenForm(), opened)
    if form.validate_on_submit():
        with _fresh(opened, form):
            casework.reopen(opened.file.id, form.seen_version, reason=form.reason.data, act=current_act())
        return _done(opened, _("The case is open again."))
    return _page("reopen", _allowed(opened, Action.REOPEN), form)


def _open(reference: str) -> Opened:
    """The case, recorded as opened. Raises NotFound for every case that is not this adviser's."""
    opened = open_case(canonical(reference), act=current_act())
    if opened.file.kind is not Kind.ADVICE:
        raise NotFound("this room holds advice only")
    return opened


def _allowed(opened: Opened, action: Action) -> Opened:
    if not opened.may(action):
        raise ActionNotAllowed(f"{action} in {opened.file.state}")
    return opened


def _noting(form: Any, opened: Opened) -> Any:
    """The form, noting which version of the case its page shows."""
    form.open_on(opened.file.version, opened.file.seq)
    return form


def _page(name: str, opened: Opened, form: Any, **known: object) -> str:
    return render_template(
        f"advice/{name}.html",
        opened=opened,
        file=opened.file,
        form=form,
        can={one.action for one in opened.offers},
        first=opened.first(PAGES),
        menu=_menu(opened),
        **known,
    )


def _others() -> Sequence[worklist.Row]:
    """The members on the list beside a case."""
    wanted = Wanted(view=View.NEEDS_ME, kind=Kind.ADVICE)
    return worklist.worklist(current_actor(), wanted, after=None, now=current_now()).rows


def _menu(opened: Opened) -> list[dict[str, str]]:
    """Every other action as a link, in the order of the definition. Stepping back has a place of its own."""
    first = opened.first(PAGES)
    return [
        {"label": one.label, "url": url_for(PAGES[one.action], reference=opened.file.reference)}
        for one in opened.offers
        if one.action in PAGES and one is not first and one.action is not Action.RECUSE
    ]


def _advisers(file: CaseFile) -> list[Choice]:
    """Everybody who advises here, but for the reader; who can take it shows only when it is asked of them."""
    today = local(current_now()).date()
    holders = holders_of(file.organisation_id, tuple(sorted(ADVISERS)), on=today)
    own = current_actor().membership_id
    people = [one for one in holders if one.membership_id != own]
    return [
        Choice(value=SERVICE_PICKS, label=_("Another adviser: the service finds the person")),
        *(Choice(value=one.membership_id.hex, label=f"{one.name}, {one.title}") for one in people),
    ]


def _passed_on(opened: Opened, form: ReferForm) -> bool:
    """Whether somebody took the case; if not, the form says so, with the same words for every cause."""
    chosen = UUID(form.to.data) if form.to.data != SERVICE_PICKS else Role.ADVISER
    try:
        with _fresh(opened, form):
            casework.refer(
                opened.file.id,
                form.seen_version,
                to=chosen,
                reason=form.reason.data,
                text=form.text.data,
                act=current_act(),
            )
    except NotAvailable:
        form.to.errors = [_("That person is not available. Choose a role or someone else")]
        return False
    except NobodyEligible:
        form.to.errors = [_("Nobody else is available. Ask your lead adviser")]
        return False
    return True


def _fresh(opened: Opened, form: ActForm) -> Any:
    address = url_for(".show", reference=opened.file.reference)
    return fresh(address, changed=lambda: _changed(opened, form))


def _changed(opened: Opened, form: ActForm) -> Changed:
    """What others did while the form was open."""
    entries = since(current_actor(), opened.file.id, form.seen_seq)
    return Changed(entries=entries, reader="adviser", definition=opened.definition)


def _done(opened: Opened, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for(".show", reference=opened.file.reference), code=303)


def _about(category: str) -> str:
    """What a case is about, in words."""
    words: str = installation().categories[category].words
    return words


def _next_words(row: worklist.Row) -> str:
    """What is to be done next, or for whom the case waits."""
    workflow = installation().workflows[Kind.ADVICE]
    clock = workflow.clocks.get(row.clock)
    return clock.next_step if clock else workflow.states[row.state].label
