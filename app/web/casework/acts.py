"""The handler's everyday acts, one page each: answer, ask, note, pass on, agree, record."""

from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.deadlines import local
from app.domain.errors import NotFound
from app.domain.permissions import TAKERS, Permission
from app.domain.plan import Item
from app.domain.vocabulary import Role
from app.domain.workflow import Action
from app.queries.case_file import holders_of
from app.services import casework
from app.services.disclosure import Opened
from app.web import moments
from app.web.access import current_act, current_now, requires
from app.web.casework.acting import Page, act_on, prefill, show_form
from app.web.casework.forms import (
    ROWS,
    AcknowledgeForm,
    AgreeForm,
    CaseForm,
    ContainmentForm,
    DoneForm,
    EscalateForm,
    MessageForm,
    NoteForm,
    QuestionForm,
    RecuseForm,
    ReferForm,
    SafetyPlanForm,
)
from app.web.casework.pages import bp, opened
from app.web.forms import Choice
from app.web.words import role_in_sentence, words

ACKNOWLEDGE = Page(
    action=Action.ACKNOWLEDGE, template="acknowledge", done=_l("The reporter knows that you have it.")
)
ASK = Page(action=Action.REQUEST_INFORMATION, template="ask", done=_l("Your question was sent."))
GO_ON = Page(action=Action.WAIT_OVER, template="go-on", done=_l("The case is in review again."))
MESSAGE = Page(action=Action.MESSAGE, template="message", done=_l("Your message was sent."))
NOTE = Page(action=Action.NOTE, template="note", done=_l("Your note was saved."))
REFER = Page(
    action=Action.REFER,
    template="refer",
    done=_l("The case was passed on."),
    refusals={"missing": _l("Select who should take it")},
    person_field="to",
)
ESCALATE = Page(
    action=Action.ESCALATE, template="escalate", done=_l("The case was escalated."), person_field="reason"
)
RECUSE = Page(
    action=Action.RECUSE,
    template="recuse",
    done=_l("You have stepped back. Somebody else has the case now."),
    person_field="kind",
)
AGREE = Page(action=Action.AGREE_ACTIONS, template="agree", done=_l("The actions were saved."))
COMPLETE = Page(action=Action.COMPLETE_ACTION, template="complete", done=_l("The action is marked as done."))
SAFETY = Page(action=Action.RECORD_SAFETY_PLAN, template="safety-plan", done=_l("The safety plan was saved."))
CONTAIN = Page(action=Action.RECORD_CONTAINMENT, template="containment", done=_l("It was recorded."))


@bp.route("/cases/<reference>/acknowledge", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def acknowledge(reference: str) -> ResponseReturnValue:
    """Tells the reporter that a person has their report."""
    case, form = opened(reference), AcknowledgeForm()
    prefill(form, text=_thanks(case))
    return act_on(
        case,
        form,
        ACKNOWLEDGE,
        lambda: casework.acknowledge(case.file.id, form.seen_version, text=form.text.data, act=current_act()),
    )


def _thanks(case: Opened) -> str:
    """The ready-made words, with the date of the first news where one is promised."""
    news = case.snapshot.running("FB20")
    thanks = _("Thank you. I have read your report and will look into it.")
    if news is None:
        return thanks
    return f"{thanks} {_('You will hear from me by %(day)s.', day=moments.long_date(news.due_at))}"


@bp.route("/cases/<reference>/request-information", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def request_information(reference: str) -> ResponseReturnValue:
    """Asks the reporter something; the review waits for the answer."""
    case, form = opened(reference), QuestionForm()
    return act_on(
        case,
        form,
        ASK,
        lambda: casework.request_information(
            case.file.id,
            form.seen_version,
            question=form.question.data,
            why=form.why.data,
            act=current_act(),
        ),
    )


@bp.route("/cases/<reference>/go-on", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def go_on(reference: str) -> ResponseReturnValue:
    """Takes the review up again without the answer."""
    case, form = opened(reference), CaseForm()
    return act_on(
        case, form, GO_ON, lambda: casework.go_on(case.file.id, form.seen_version, act=current_act())
    )


@bp.route("/cases/<reference>/message", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def message(reference: str) -> ResponseReturnValue:
    """Writes to the reporter."""
    case, form = opened(reference), MessageForm()
    return act_on(
        case,
        form,
        MESSAGE,
        lambda: casework.message(case.file.id, form.seen_version, text=form.text.data, act=current_act()),
    )


@bp.route("/cases/<reference>/note", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def note(reference: str) -> ResponseReturnValue:
    """Writes a note that handlers read, and nobody else."""
    case, form = opened(reference), NoteForm()
    return act_on(
        case,
        form,
        NOTE,
        lambda: casework.note(case.file.id, form.seen_version, text=form.text.data, act=current_act()),
    )


@bp.route("/cases/<reference>/refer", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def refer(reference: str) -> ResponseReturnValue:
    """Passes the case to a role, or to one holder of it."""
    case, form = opened(reference), ReferForm()
    form.to.choices = _takers(case)

    def act() -> ResponseReturnValue:
        asked = _chosen(form.to.data)
        taken = casework.refer(
            case.file.id,
            form.seen_version,
            to=asked,
            reason=form.reason.data,
            text=form.text.data,
            act=current_act(),
        )
        if taken is Role.OUTSIDE_REVIEWER and asked in TAKERS - {taken}:
            flash(_("Nobody is available. It will go to %(role)s.", role=role_in_sentence(taken)))
        return redirect(url_for(".worklist"))

    return act_on(case, form, REFER, act)


def _takers(case: Opened) -> list[Choice]:
    """Roles first, where the service picks; then everybody who holds one, whether they can take it or not."""
    roles = [role for role in Role if role in TAKERS]
    people = holders_of(case.file.organisation_id, roles, on=local(current_now()).date())
    held = {one.role for one in people} | {Role.OUTSIDE_REVIEWER}
    group = _("A role: the service finds the person")
    return [
        Choice(value="", label=_("Choose a role or a person")),
        *(Choice(value=f"role:{role}", label=words(role), optgroup=group) for role in roles if role in held),
        *(
            Choice(value=f"person:{one.membership_id.hex}", label=one.name, optgroup=words(one.role))
            for one in people
        ),
    ]


def _chosen(value: str) -> Role | UUID:
    """What was chosen; the form has made sure that it was on the page."""
    what, _colon, which = value.partition(":")
    return Role(which) if what == "role" else UUID(which)


@bp.route("/cases/<reference>/escalate", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def escalate(reference: str) -> ResponseReturnValue:
    """Asks somebody more senior to take the case; the handler stays."""
    case, form = opened(reference), EscalateForm()

    def act() -> None:
        casework.escalate(
            case.file.id,
            form.seen_version,
            reason=form.reason.data,
            knows=form.knows.data,
            act=current_act(),
        )

    return act_on(case, form, ESCALATE, act)


@bp.route("/cases/<reference>/recuse", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def recuse(reference: str) -> ResponseReturnValue:
    """Steps back; somebody else is found at once."""
    case, form = opened(reference), RecuseForm()

    def act() -> ResponseReturnValue:
        casework.recuse(
            case.file.id, form.seen_version, kind=form.kind.data, text=form.text.data, act=current_act()
        )
        return redirect(url_for(".worklist"))

    return act_on(case, form, RECUSE, act, next_role=role_in_sentence(case.file.standing.capacity))


@bp.route("/cases/<reference>/agree-actions", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def agree_actions(reference: str) -> ResponseReturnValue:
    """Records what will be done, by whom and by when."""
    case, form = opened(reference), AgreeForm()
    _offer_people(case, form)
    if "more" in request.form:
        form.rows.data = str(form.shown[-1] + 1)
        return show_form(case, form, AGREE)
    return act_on(
        case,
        form,
        AGREE,
        lambda: casework.agree_actions(
            case.file.id, form.seen_version, items=_items(form), act=current_act()
        ),
    )


def _offer_people(case: Opened, form: AgreeForm) -> None:
    """Who can do something: the reporter, whoever works on the case, or somebody by role."""
    at_work = [one.name for one in case.file.people]
    names = [_("The reporter"), *at_work, *(words(role) for role in Role if role in TAKERS)]
    choices = [
        Choice(value="", label=_("Choose who")),
        *(Choice(value=name, label=name) for name in dict.fromkeys(names)),
    ]
    form.today = local(current_now()).date()
    for number in ROWS:
        form[f"who_{number}"].choices = choices


def _items(form: AgreeForm) -> list[Item]:
    return [
        Item(
            what=form[f"what_{number}"].data,
            who=form[f"who_{number}"].data,
            due_on=form[f"due_{number}"].needed_day,
        )
        for number in form.filled
    ]


@bp.route("/cases/<reference>/complete-action/<uuid:item>", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def complete_action(reference: str, item: UUID) -> ResponseReturnValue:
    """Marks one agreed action as done."""
    case, form = opened(reference), DoneForm()
    agreed = next((one for one in case.file.open_items if one.id == item), None)
    if agreed is None and request.method == "GET":
        raise NotFound("no such action is open")
    return act_on(
        case,
        form,
        COMPLETE,
        lambda: casework.complete_action(
            case.file.id, form.seen_version, item_id=item, done=form.done.data, act=current_act()
        ),
        item=agreed,
    )


@bp.route("/cases/<reference>/containment", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def containment(reference: str) -> ResponseReturnValue:
    """Records that it was noted and taken down, that the site was asked, or that nothing was up."""
    case, form = opened(reference), ContainmentForm()
    return act_on(
        case,
        form,
        CONTAIN,
        lambda: casework.record_containment(
            case.file.id,
            form.seen_version,
            how=form.how.data,
            text=form.text.data,
            act=current_act(),
        ),
    )


@bp.route("/cases/<reference>/safety-plan", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def safety_plan(reference: str) -> ResponseReturnValue:
    """Records the safety plan that was made with the reporter."""
    case, form = opened(reference), SafetyPlanForm()
    return act_on(
        case,
        form,
        SAFETY,
        lambda: casework.record_safety_plan(
            case.file.id, form.seen_version, text=form.text.data, act=current_act()
        ),
    )
