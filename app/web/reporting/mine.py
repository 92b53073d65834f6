"""What a person sent, and what they can still do about it: their own reports and nobody else's."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.domain.errors import ActionNotAllowed, NotFound
from app.domain.events import REPORTER
from app.domain.permissions import Permission
from app.domain.workflow import Action
from app.queries import reports
from app.queries.reports import OwnFile
from app.services import reporting
from app.services.definitions import definition_of
from app.services.disclosure import open_own
from app.services.reporting import AskedToWithdraw
from app.web.access import current_act, current_actor, requires
from app.web.acting import ActForm, Changed, before, canonical, fresh
from app.web.reporting import bp
from app.web.reporting.afterwards import (
    NEWS_REFUSALS,
    AddForm,
    AnswerForm,
    MessageForm,
    NewsForm,
    WithdrawForm,
)
from app.web.reporting.following import WORDING


@bp.context_processor
def wording() -> dict[str, Callable[..., object]]:
    """How a report stands, for the templates of its reporter's pages."""
    return WORDING


@bp.get("/reports")
@requires(Permission.REPORT_READ)
def my_reports() -> ResponseReturnValue:
    """What waits for the person, what is open, what they have not sent yet, what is closed."""
    found = reports.own(current_actor(), defined=definition_of)
    return render_template("reporting/mine/reports.html", reports=found)


@bp.get("/reports/<reference>")
@requires(Permission.REPORT_READ)
def show(reference: str) -> ResponseReturnValue:
    """One report: where it is, what was written, what was promised, who has it and who has seen it."""
    file = _file(reference)
    happened = reports.happened(current_actor(), file.report.case_id, before=before())
    return _page("report", file, _opened(AnswerForm(), file), happened=happened)


@bp.route("/reports/<reference>/message", methods=["GET", "POST"])
@requires(Permission.REPORT_READ)
def message(reference: str) -> ResponseReturnValue:
    """Writes to whoever has the report."""
    file = _file(reference, to=Action.MESSAGE)
    form = _opened(MessageForm(), file)
    if form.validate_on_submit():
        with fresh(_address(file), changed=lambda: _changed(form, file)):
            reporting.message(file.report.case_id, form.seen_version, text=form.text.data, act=current_act())
        return _done(file, _("Your message has been sent."))
    return _page("message", file, form)


@bp.route("/reports/<reference>/add", methods=["GET", "POST"])
@requires(Permission.REPORT_READ)
def add(reference: str) -> ResponseReturnValue:
    """Adds something to what was reported."""
    file = _file(reference, to=Action.ADD_MORE)
    form = _opened(AddForm(), file)
    if form.validate_on_submit():
        with fresh(_address(file), changed=lambda: _changed(form, file)):
            reporting.add_more(file.report.case_id, form.seen_version, text=form.text.data, act=current_act())
        return _done(file, _("You have added more."))
    return _page("add", file, form)


@bp.route("/reports/<reference>/answer", methods=["GET", "POST"])
@requires(Permission.REPORT_READ)
def answer(reference: str) -> ResponseReturnValue:
    """Answers what was asked, so that whatever waited goes on."""
    file = _file(reference)
    form = _opened(AnswerForm(), file)
    if form.validate_on_submit():
        with fresh(_address(file), changed=lambda: _changed(form, file)):
            reporting.provide_information(
                file.report.case_id, form.seen_version, text=form.text.data, act=current_act()
            )
        return _done(file, _("Your answer has been sent."))
    _refuse_unless(file, Action.PROVIDE_INFORMATION)
    return _page("answer", file, form)


@bp.route("/reports/<reference>/withdraw", methods=["GET", "POST"])
@requires(Permission.REPORT_READ)
def withdraw(reference: str) -> ResponseReturnValue:
    """Takes the report back, or says why that cannot be done."""
    file = _file(reference)
    form = _opened(WithdrawForm(), file)
    if form.validate_on_submit():
        with fresh(_address(file), changed=lambda: _changed(form, file)):
            reporting.withdraw(
                file.report.case_id,
                form.seen_version,
                asked=AskedToWithdraw(form.asked.data or ""),
                why=form.why.data,
                act=current_act(),
            )
        return _done(file, _("You have withdrawn the report."))
    return _page("cannot-withdraw" if file.report.no_withdrawal else "withdraw", file, form)


@bp.route("/reports/<reference>/news", methods=["GET", "POST"])
@requires(Permission.REPORT_READ)
def news(reference: str) -> ResponseReturnValue:
    """Chooses whether an e-mail says that there is news, and where it goes."""
    file = _file(reference)
    form = NewsForm(wish="address" if file.contact else "none", address=file.contact or "")
    if form.validate_on_submit():
        with form.refusals(NEWS_REFUSALS):
            reporting.set_contact(file.report.case_id, address=form.chosen, act=current_act())
            return _done(file, _("We have noted how you want to hear of news."))
    return _page("news", file, form)


def _file(reference: str, *, to: Action | None = None) -> OwnFile:
    """The person's own report, recorded as opened by them.

    Raises NotFound for anybody else's, or ActionNotAllowed where the workflow is past the action.
    """
    act = current_act()
    open_own(reference := canonical(reference), act=act)
    file = reports.own_report(act.actor, reference, defined=definition_of)
    if file is None:
        raise NotFound("no such report")
    if to is not None:
        _refuse_unless(file, to)
    return file


def _refuse_unless(file: OwnFile, action: Action) -> None:
    if action not in file.report.can:
        raise ActionNotAllowed(f"{action} in {file.report.state.name}")


def _opened(form: Any, file: OwnFile) -> Any:
    """The form, noting which version of the report its page shows."""
    form.open_on(file.report.version, file.report.seq)
    return form


def _page(name: str, file: OwnFile, form: Any, **known: object) -> str:
    return render_template(f"reporting/mine/{name}.html", file=file, report=file.report, form=form, **known)


def _address(file: OwnFile) -> str:
    return url_for(".show", reference=file.report.reference)


def _done(file: OwnFile, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(_address(file), code=303)


def _changed(form: ActForm, file: OwnFile) -> Changed:
    """What others did while the form was open, as its reporter is told."""
    latest = reports.own_report(current_actor(), file.report.reference, defined=definition_of)
    report = (latest or file).report
    entries = [one for one in report.entries if one.seq > form.seen_seq and not one.is_view]
    return Changed(entries=entries, reader=REPORTER, definition=report.definition)
