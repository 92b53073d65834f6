"""The pages of a form, one after the other: asked, checked, kept at each Continue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.domain.answering import validate
from app.domain.deadlines import local
from app.domain.errors import InvalidInput, NobodyEligible, NotAvailable, NotFound, StaleCase
from app.domain.form import Page, PageKind, Problem
from app.domain.particulars import Answers
from app.domain.permissions import Permission
from app.domain.submission import to_reports
from app.domain.vocabulary import Kind
from app.services.previewing import Foreseen, foresee
from app.web.access import current_act, current_now, requires, signed_in
from app.web.acting import ActForm
from app.web.forms import Problem as Line
from app.web.forms import checks_its_own_token
from app.web.reporting import bp
from app.web.reporting.desk import CHECK, TELL, Desk, chooses_phone, desk_of, kind_of, new_desk
from app.web.reporting.sheets import Values, sheet, stored
from app.web.reporting.subject import BY_LIST, Search, looks_like, searched, without_search
from app.web.reporting.surroundings import duty_line, guided, now_card
from app.web.words import role_in_sentence, words

BACK, LATER = "back", "later"
SUBJECT = "subject"
ASKS_WHETHER_SELF = frozenset({SUBJECT, "where-when", CHECK})


class SheetForm(ActForm):
    """What a question page carries beside its questions: the token, and how old the page is."""

    state = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows beside what was kept: what was typed, what is wrong with it, whom a search found."""

    values: Values | None = field(default=None, repr=False)
    problems: Sequence[Problem] = ()
    notice: str = ""
    status: int = 200
    search: Search = field(default_factory=Search)


@bp.route("/report/<form>/<page>", methods=["GET", "POST"])
@requires(Permission.REPORT_MAKE)
def first_question(form: str, page: str) -> ResponseReturnValue:
    """The first page of a form. Nothing is kept before it is answered."""
    desk = new_desk(kind_of(form), begun=request.args.get("begun", ""))
    desk.page(page)
    if page != desk.first:
        return redirect(desk.address(desk.first))
    return _turned(desk, page)


@bp.route("/drafts/<uuid:draft_id>/<page>", methods=["GET", "POST"])
@requires(Permission.REPORT_MAKE)
def question(draft_id: UUID, page: str) -> ResponseReturnValue:
    """One page of a draft; a page that the answers no longer lead over is passed."""
    search = searched_for(draft_id, page)
    desk = desk_of(draft_id, found=search.people)
    desk.page(page)
    if not desk.applies(page):
        return redirect(desk.resumed)
    return _turned(desk, page, search)


@bp.get("/drafts/<uuid:draft_id>")
@requires(Permission.REPORT_MAKE)
def resume(draft_id: UUID) -> ResponseReturnValue:
    """Where somebody carries on."""
    return redirect(desk_of(draft_id).resumed)


for _view in (first_question, question):
    checks_its_own_token(bp, _view)


def searched_for(draft_id: UUID, page: str) -> Search:
    """What a search on the page about the person finds; nothing on any other."""
    if request.method == "GET" or page != SUBJECT:
        return Search()
    return searched(desk_of(draft_id).place)


def _turned(desk: Desk, code: str, search: Search | None = None) -> ResponseReturnValue:
    """The page, or what follows from its answers."""
    if desk.is_for_phone_only:
        return redirect(url_for("public.mdo_phone"))
    if desk.lacks_workplace:
        return render_template("reporting/no-workplace.html", desk=desk)
    page, form = desk.page(code), SheetForm()
    if not form.is_submitted() or page.kind is PageKind.HELP:
        return _drawn(desk, page, form, Shown())
    if not form.validate():
        expired = _("You were away for a while. Check your answer and select Continue again")
        return _drawn(desk, page, form, Shown(values=_submitted(), notice=expired, status=400))
    return _taken(desk, page, form, search or Search())


def _submitted() -> dict[str, list[str]]:
    return request.form.to_dict(flat=False)


def _taken(desk: Desk, page: Page, form: SheetForm, search: Search) -> ResponseReturnValue:
    """Checks what was submitted, and keeps what is good once there is nothing to put right."""
    if search.is_asked:
        return _drawn(desk, page, form, _found(search))
    submitted = without_search(_submitted())
    if chooses_phone(desk, submitted):
        return redirect(url_for("public.mdo_phone"), code=303)
    checked = validate(page, submitted, today=local(current_now()).date())
    problems = _left_out(checked.problems, submitted) if LATER in submitted else checked.problems
    if problems:
        return _drawn(desk, page, form, Shown(values=submitted, problems=problems, search=search))
    return _kept(desk, page, form, checked.answers)


def _found(search: Search) -> Shown:
    """The page with those who were found, or the wish for a name to look for."""
    empty = Problem(
        page=SUBJECT, question="subject_person", field="find", message=_("Enter part of their name")
    )
    values = _submitted() | {SUBJECT: [BY_LIST]}
    return Shown(values=values, problems=[] if search.text else [empty], search=search)


def _left_out(problems: Sequence[Problem], submitted: Mapping[str, list[str]]) -> Sequence[Problem]:
    """Whoever comes back later need not answer everything, but what was typed must be fit to keep."""
    return [one for one in problems if any(map(str.strip, _typed(one, submitted)))]


def _typed(problem: Problem, submitted: Mapping[str, list[str]]) -> list[str]:
    prefix = problem.question
    names = {prefix, *(f"{prefix}-{part}" for part in ("day", "month", "year"))}
    return [value for name in names for value in submitted.get(name, [])]


def _kept(desk: Desk, page: Page, form: SheetForm, new: Answers) -> ResponseReturnValue:
    answers, dropped = desk.answered(page, new)
    if not answers and desk.draft is None:
        return redirect(desk.start, code=303)
    try:
        draft_id = desk.kept(answers, version=form.seen_version)
    except StaleCase:
        return _stale(desk, page, form)
    if dropped:
        flash(_removed(dropped))
    return redirect(_onwards(desk_of(draft_id), page), code=303)


def _removed(dropped: int) -> str:
    return ngettext(
        "You changed an answer, so we removed %(num)s answer that no longer applies.",
        "You changed an answer, so we removed %(num)s answers that no longer apply.",
        dropped,
    )


def _onwards(desk: Desk, page: Page) -> str:
    """The saved page, the way back to the check where somebody came from, or the next page."""
    if LATER in request.form and desk.draft:
        return url_for(".saved", draft_id=desk.draft.id)
    return desk.rechecked(page.code) if request.args.get(BACK) == CHECK else desk.after(page.code)


def _stale(desk: Desk, page: Page, form: SheetForm) -> ResponseReturnValue:
    """Another window was faster: its answers stay, and so does what was typed here."""
    if desk.draft is None:
        raise NotFound("a new draft cannot be stale")
    fresh = desk_of(desk.draft.id)
    notice = _("You changed this report in another window. Check this page and select Continue again")
    form.version.data = str(fresh.version)
    return _drawn(fresh, fresh.page(page.code), form, Shown(values=_submitted(), notice=notice, status=409))


def _drawn(desk: Desk, page: Page, form: SheetForm, shown: Shown) -> ResponseReturnValue:
    if not form.is_submitted():
        form.version.data = str(desk.version)
    foreseen = receiver(desk) if page.code == TELL else None
    desk = _with_receiver(desk, foreseen)
    page = desk.page(page.code)
    values = stored(page, desk.answers) if shown.values is None else shown.values
    drawn = sheet(page, values, problems=shown.problems, since=desk.reworded)
    notices = (Line(shown.notice),) if shown.notice else ()
    html = render_template(
        f"reporting/{'help' if page.kind is PageKind.HELP else 'question'}.html",
        desk=desk,
        page=page,
        sheet=replace(drawn, problems=(*notices, *drawn.problems)),
        form=form,
        search=shown.search,
        card=now_card(desk),
        guided=guided(desk),
        duty_line=duty_line(desk, page.code),
        remarks=_remarks(desk, foreseen),
        seems_self=seems_self(desk, page.code),
        back=_back(desk, page),
        onwards=_onwards(desk, page),
        saved_at=_saved_at(desk),
    )
    return html, shown.status


def _back(desk: Desk, page: Page) -> str:
    return desk.address(CHECK) if request.args.get(BACK) == CHECK else desk.before(page.code)


def _saved_at(desk: Desk) -> datetime | None:
    """When the answers were kept, if that was today: a time alone says nothing of another day."""
    changed = desk.draft.changed_at if desk.draft else None
    return changed if changed and local(changed).date() == local(current_now()).date() else None


def _with_receiver(desk: Desk, foreseen: Foreseen | None) -> Desk:
    """On the page that asks whom to tell, the words know which role that would be."""
    if foreseen is None:
        return desk
    said = {**desk.context.words, "supervisor_role": words(foreseen.role)}
    return replace(desk, context=replace(desk.context, words=said))


def receiver(desk: Desk) -> Foreseen | None:
    """Who would take a self-report that goes to the supervisor; None while too little is answered."""
    if desk.form.kind is not Kind.SELF_REPORT:
        return None
    answers = {**desk.answers, TELL: "supervisor"}
    try:
        report = to_reports(desk.form, answers, desk.context).employer
        return foresee(report, act=current_act()) if report else None
    except (InvalidInput, NotAvailable, NobodyEligible):
        return None


def _remarks(desk: Desk, foreseen: Foreseen | None) -> list[str]:
    """What to say before the questions that is no error."""
    who = signed_in()
    remarks = []
    if desk.reworded:
        remarks.append(
            _("We have changed some questions since you started. Please check the ones marked New.")
        )
    if who and foreseen and who.role is foreseen.asked:
        remarks.append(own_role(foreseen))
    return remarks


def own_role(foreseen: Foreseen) -> str:
    """What somebody reads who holds the role themselves that their report would go to."""
    if foreseen.role is foreseen.asked:
        return _("You hold this role yourself, so your report will go to somebody else who holds it.")
    return _(
        "You hold this role yourself, so your report will go to %(role)s instead.",
        role=role_in_sentence(foreseen.role),
    )


def seems_self(desk: Desk, code: str) -> bool:
    """Whether to ask if the person is the reporter: where they were named, right after it, and at the end."""
    who = signed_in()
    if who is None or code not in ASKS_WHETHER_SELF:
        return False
    return desk.form.kind is Kind.CONCERN and looks_like(who, desk.answers)
