"""The last look, sending, and what is said afterwards."""

from dataclasses import dataclass
from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.errors import AlreadySubmitted, InvalidInput, NobodyEligible, NotAvailable, NotFound
from app.domain.permissions import Permission
from app.domain.submission import rooms
from app.domain.vocabulary import Kind, Lane
from app.queries import reports
from app.queries.reports import OwnReport
from app.services.definitions import definition_of
from app.services.submitting import sent_before, submit
from app.web.access import current_act, current_actor, installation, requires, signed_in
from app.web.forms import Problem
from app.web.reporting import bp
from app.web.reporting.afterwards import NewsForm
from app.web.reporting.desk import CHECK, Desk, desk_of, name_of
from app.web.reporting.foretelling import outlook, ready_reports
from app.web.reporting.questions import SheetForm, seems_self
from app.web.reporting.summary import filed_under, parts
from app.web.reporting.surroundings import card_afterwards, form_of, now_card

CHANGED_ELSEWHERE = _l("You changed this report in another window. Check it again before you send it")
NOT_OFFERED = _l("Something that you chose is not offered any more. Check your answers and try again")


@bp.route("/drafts/<uuid:draft_id>/check", methods=["GET", "POST"])
@requires(Permission.REPORT_MAKE)
def check(draft_id: UUID) -> ResponseReturnValue:
    """All answers once more, what sending will do, and the button that does it."""
    try:
        desk, form = desk_of(draft_id), SheetForm()
    except NotFound:
        return _sent_before(draft_id)
    if desk.is_for_phone_only:
        return redirect(url_for("public.mdo_phone"))
    if not form.validate_on_submit():
        return _checked(desk, form)
    if form.seen_version != desk.version:
        return _checked(desk, form, [Problem(str(CHANGED_ELSEWHERE))])
    return _sent(desk, form)


@bp.get("/drafts/<uuid:draft_id>/sent")
@requires(Permission.REPORT_MAKE)
def sent(draft_id: UUID) -> ResponseReturnValue:
    """What was sent, who has it by role, and what follows by when. For its reporter only."""
    cases = [one.case_id for one in sent_before(draft_id, act=current_act())]
    if not cases:
        raise NotFound("nothing was sent from this draft")
    own = _own_reports(cases)
    answers = reports.own_answers(current_actor(), own[0].case_id)
    return render_template(
        "reporting/sent.html",
        reports=own,
        form=form_of(own[0], answers),
        card=card_afterwards(own[0], answers),
        was_in_group=answers.get("know") == "in_group",
        news=NewsForm(),
    )


def _sent_before(draft_id: UUID) -> ResponseReturnValue:
    """The confirmation of a draft that is gone because its own author sent it. Raises NotFound for any other."""
    if not sent_before(draft_id, act=current_act()):
        raise NotFound("no such draft, and nothing was sent from it")
    return redirect(url_for(".sent", draft_id=draft_id), code=303)


def _sent(desk: Desk, form: SheetForm) -> ResponseReturnValue:
    """Sends it, once: whoever sends it again is shown the same references."""
    if desk.draft is None:
        raise NotFound("nothing to send")
    try:
        submit(ready_reports(desk), draft_id=desk.draft.id, act=current_act())
    except InvalidInput:
        return _checked(desk, form, _lacking(desk) or [Problem(str(NOT_OFFERED))])
    except (NobodyEligible, NotAvailable):
        return _nobody(desk)
    except AlreadySubmitted:
        pass
    return redirect(url_for(".sent", draft_id=desk.draft.id), code=303)


def _nobody(desk: Desk) -> ResponseReturnValue:
    """Nobody can take it: whom to phone, and that nothing is lost."""
    html = render_template("reporting/nobody.html", desk=desk, mdos=installation().guidance.mdos)
    return html, 503


def _lacking(desk: Desk) -> list[Problem]:
    """What is missing, each with the way to its field."""
    return [Problem(one.message, f"{desk.address(one.page, back=CHECK)}#{one.field}") for one in desk.lacking]


def _checked(desk: Desk, form: SheetForm, problems: list[Problem] | None = None) -> ResponseReturnValue:
    form.version.data = str(desk.version)
    main, also = filed_under(desk)
    who, lacking = signed_in(), _lacking(desk)
    return render_template(
        "reporting/check.html",
        desk=desk,
        form=form,
        problems=problems or [],
        lacking=lacking,
        parts=parts(desk),
        told=_told(desk),
        category=main,
        also=also,
        outlook=None if lacking else outlook(desk),
        button=_button(desk),
        back=desk.before(CHECK),
        name=who.name if who else "",
        card=now_card(desk),
        seems_self=seems_self(desk, CHECK),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Whom a report goes to, as its reporter chose: the rooms, the MDO's name, the membership number."""

    rooms: frozenset[Lane]
    mdo: str
    membership_number: str
    page: str


def _told(desk: Desk) -> Told:
    page = "mdo" if desk.form.kind is Kind.ADVICE else "tell"
    told = rooms(desk.form, desk.answers)
    number = desk.answers.get("membership_number", "")
    return Told(
        rooms=told,
        mdo=name_of(desk, "mdo", page) if Lane.MDO in told else "",
        membership_number=number if isinstance(number, str) else "",
        page=page,
    )


def _button(desk: Desk) -> str:
    """The words on the button say who gets it."""
    told = rooms(desk.form, desk.answers)
    if len(told) > 1:
        return _("Send both")
    if Lane.MDO in told:
        return _("Send to my MDO")
    return _("Send my concern") if desk.form.kind is Kind.CONCERN else _("Send my report")


def _own_reports(cases: list[UUID]) -> list[OwnReport]:
    """The employer's report first."""
    own = reports.own(current_actor(), defined=definition_of)
    return sorted((one for one in own if one.case_id in cases), key=lambda one: cases.index(one.case_id))
