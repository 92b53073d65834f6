"""Leaving a form and coming back to it: the saved page, the list of drafts, deleting one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.domain.permissions import Permission
from app.services import drafts
from app.services.drafts import OpenDraft
from app.web.access import current_act, current_actor, installation, requires
from app.web.forms import Form
from app.web.reporting import bp
from app.web.reporting.desk import desk_of


class DeleteForm(Form):
    """A button and its token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A report that is not sent yet, as the list of one's own shows it."""

    draft: OpenDraft
    name: str

    @property
    def count(self) -> int:
        """How many questions have an answer."""
        return len(self.draft.answers)


@bp.get("/drafts/<uuid:draft_id>/saved")
@requires(Permission.REPORT_MAKE)
def saved(draft_id: UUID) -> ResponseReturnValue:
    """That the answers are kept, for how long, and who can open them: nobody else."""
    return render_template("reporting/saved.html", desk=desk_of(draft_id))


@bp.route("/drafts/<uuid:draft_id>/delete", methods=["GET", "POST"])
@requires(Permission.REPORT_MAKE)
def delete_draft(draft_id: UUID) -> ResponseReturnValue:
    """Deletes a draft for good, once that was confirmed."""
    desk, form = desk_of(draft_id), DeleteForm()
    if form.validate_on_submit():
        drafts.discard(draft_id, act=current_act())
        flash(_("The draft has been deleted."))
        return redirect(url_for(".my_reports"), code=303)
    return render_template("reporting/delete.html", desk=desk, form=form)


@bp.context_processor
def lists_drafts() -> dict[str, Callable[[], Sequence[DraftRow]]]:
    """Lets the page of one's own reports list what is not sent yet; nothing is read until it asks."""
    return {"own_drafts": own_drafts}


def own_drafts() -> Sequence[DraftRow]:
    """The drafts of whoever is signed in, the last changed first."""
    found = drafts.own_drafts(actor=current_actor())
    return [DraftRow(draft=one, name=installation().forms[one.kind].name) for one in found]
