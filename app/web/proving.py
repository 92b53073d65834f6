"""The password once more, before what weighs most: asked where the last proof is older than five minutes.

It is asked before a page is shown, and before anything is looked up. Where the proof runs out while somebody
types, what they sent goes along, hidden in the page that asks, and is carried out once the password is right.
"""

from math import ceil

from flask import Flask, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.domain.errors import TryAgainLater
from app.services import accounts
from app.web.access import current_act, current_now, needs_fresh_proof, signed_in
from app.web.forms import Form, password

PROOF, THEN = "proof", "proof_then"
SHOW, SEND = "show", "send"
OURS = frozenset({"csrf_token", PROOF, THEN})
REFUSALS = {"not-recognised": _l("This is not your password.")}


class ProofForm(Form):
    """That it is still the same person."""

    proof = password(_l("Your password"), missing=_l("Enter your password."))


def init_app(app: Flask) -> None:
    """Asks after it is known that somebody may, and before their view is called."""
    app.before_request(require_fresh_proof)


def require_fresh_proof() -> ResponseReturnValue | None:
    """Asks for the password where a view wants a fresh proof and there is none; goes on with a right one."""
    who = signed_in()
    if who is None or not needs_fresh_proof(current_app, request.endpoint):
        return None
    if accounts.is_fresh(who.proved_at, now=current_now()):
        return None
    form = ProofForm()
    if PROOF in request.form and form.validate():
        try:
            with form.refusals(REFUSALS):
                accounts.prove_again(who.session_id, form.proof.data, act=current_act())
                return _go_on()
        except TryAgainLater as error:
            form.proof.errors = [_wait(error)]
    return _ask(form)


def _go_on() -> ResponseReturnValue | None:
    """To the page that was asked for, or on with what was sent."""
    address = request.full_path if request.query_string else request.path
    return redirect(address) if _then() == SHOW else None


def _ask(form: ProofForm) -> ResponseReturnValue:
    carried = [(name, text) for name, text in request.form.items(multi=True) if name not in OURS]
    return render_template("account/prove.html", form=form, carried=carried, then=_then())


def _then() -> str:
    """What was asked for before the password was: a page, or to carry out a form."""
    return request.form.get(THEN, SEND) if request.method == "POST" else SHOW


def _wait(error: TryAgainLater) -> str:
    return ngettext(
        "There were many tries in a short time. Wait %(num)s minute and try again.",
        "There were many tries in a short time. Wait %(num)s minutes and try again.",
        ceil(error.seconds / 60),
    )
