"""Pages of a person's own account."""

from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.domain.deadlines import local
from app.domain.errors import InvalidInput
from app.domain.permissions import Permission
from app.queries import people
from app.services import accounts, addresses
from app.services.invitations import accept
from app.web.access import (
    current_act,
    current_actor,
    current_now,
    forget_session,
    landing,
    local_path,
    public,
    requires,
    signed_in,
    start_session,
)
from app.web.account import devices
from app.web.account.forms import (
    ADDRESS_REFUSALS,
    CHANGE_REFUSALS,
    CODE_REFUSALS,
    SIGN_IN_REFUSALS,
    AddressForm,
    CodeForm,
    PasswordForm,
    ProofOfAddressForm,
    SendCodeForm,
    SignInForm,
)

bp = Blueprint("account", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Asks who somebody is. Every refusal reads the same."""
    form = SignInForm()
    if form.validate_on_submit():
        with form.refusals(SIGN_IN_REFUSALS):
            started = accounts.sign_in(
                form.email.data, form.password.data, device=devices.presented(), act=current_act()
            )
            return _begin(started)
    leads_on = bool(local_path(request.args.get("next")))
    return render_template("account/sign-in.html", form=form, leads_on=leads_on)


@bp.post("/sign-out")
@requires(Permission.ACCOUNT_USE)
def sign_out() -> ResponseReturnValue:
    """Ends this session, here and in the database."""
    accounts.end_session(_own().session_id, act=current_act())
    forget_session()
    return redirect(url_for("public.start"))


@bp.route("/choose-membership", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_USE)
def choose_membership() -> ResponseReturnValue:
    """Shows the roles that a person holds and goes on in the one they choose."""
    who, now = _own(), current_now()
    if request.method == "POST":
        chosen = _uuid(request.form.get("membership", ""))
        return _begin(accounts.choose_membership(who.session_id, chosen, act=current_act()))
    return render_template(
        "account/choose-membership.html",
        memberships=people.memberships_of(who.person_id, on=local(now).date()),
        invitations=people.invitations_for(who.person_id, at=now),
        current=who.membership_id,
    )


@bp.post("/choose-membership/accept")
@requires(Permission.ACCOUNT_USE)
def accept_invitation() -> ResponseReturnValue:
    """Accepts a role that an organisation offered."""
    try:
        accept(_uuid(request.form.get("invitation", "")), act=current_act())
        flash(_("You have accepted the role."))
    except InvalidInput:
        flash(_("You hold a role there that excludes this one. Ask the organisation’s administrator."))
    return redirect(url_for(".choose_membership"))


@bp.get("/account")
@requires(Permission.ACCOUNT_USE)
def show() -> ResponseReturnValue:
    """What a person can see and do about their own account."""
    who = _own()
    email, private_email = people.addresses_of(who.person_id)
    return render_template(
        "account/show.html",
        who=who,
        email=email,
        private_email=private_email,
        is_proved_at_work=current_actor().is_proved_at_work,
        sessions=people.sessions_of(who.person_id, at=current_now()),
        log=accounts.own_log(who.person_id),
    )


@bp.post("/account/sessions/end")
@requires(Permission.ACCOUNT_USE, fresh=True)
def end_other_sessions() -> ResponseReturnValue:
    """Ends all other sessions of the person."""
    accounts.end_other_sessions(_own().session_id, act=current_act())
    flash(_("All other sessions have ended."))
    return redirect(url_for(".show"))


@bp.route("/account/password", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_USE)
def change_password() -> ResponseReturnValue:
    """Sets a new password for whoever knows the current one."""
    form = PasswordForm()
    if form.validate_on_submit():
        with form.refusals(CHANGE_REFUSALS):
            accounts.change_password(
                _own().session_id, current=form.current.data, password=form.password.data, act=current_act()
            )
            flash(_("Your password has changed. All other sessions have ended."))
            return redirect(url_for(".show"))
    return render_template("account/password.html", form=form)


@bp.route("/account/address", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_USE)
def add_address() -> ResponseReturnValue:
    """Sends a code to a private address, and answers the same where somebody else has it."""
    form = AddressForm()
    if form.validate_on_submit():
        with form.refusals(ADDRESS_REFUSALS):
            addresses.ask_to_add(form.email.data, act=current_act())
            return redirect(url_for(".prove_address"))
    return render_template("account/address.html", form=form)


@bp.route("/account/address/code", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_USE)
def prove_address() -> ResponseReturnValue:
    """Keeps the address for whoever has the code that went there, and the password."""
    form = ProofOfAddressForm()
    if form.validate_on_submit():
        with form.refusals(ADDRESS_REFUSALS):
            addresses.add(form.code.data, password=form.password.data, act=current_act())
            flash(_("Your private address is added. You can sign in with it."))
            return redirect(url_for(".show"))
    return render_template("account/prove-address.html", form=form)


@bp.route("/account/code", methods=["GET", "POST"])
@public
def use_code() -> ResponseReturnValue:
    """Sets a password for whoever has the code that was sent to an address."""
    form = CodeForm()
    if form.validate_on_submit():
        with form.refusals(CODE_REFUSALS):
            started = accounts.use_code(
                form.email.data,
                form.code.data,
                password=form.password.data,
                device=devices.presented(),
                act=current_act(),
            )
            return _begin(started)
    return render_template("account/code.html", form=form)


@bp.route("/account/code/send", methods=["GET", "POST"])
@public
def send_code() -> ResponseReturnValue:
    """Sends a code to an address, and answers the same where nobody has it."""
    form = SendCodeForm()
    if form.validate_on_submit():
        accounts.ask_for_code(form.email.data, device=devices.presented(), act=current_act())
        return render_template("account/code-sent.html")
    return render_template("account/send-code.html", form=form)


def _own() -> people.SignedIn:
    """The session of this request; the view's permission has made sure that there is one."""
    who = signed_in()
    if who is None:
        abort(404)
    return who


def _begin(started: accounts.Started) -> Response:
    """Goes on as whom the new session belongs to, where they wanted to go or where their role starts."""
    start_session(started.token)
    wanted = local_path(request.args.get("next"))
    if started.role is None:
        return _marked(url_for(".choose_membership", next=wanted), started)
    return _marked(wanted or landing(started.role), started)


def _marked(address: str, started: accounts.Started) -> Response:
    response = redirect(address)
    return devices.keep(response, started.device) if started.device else response


def _uuid(text: str) -> UUID:
    """The id that a form sent. Anything else is not there."""
    try:
        return UUID(text)
    except ValueError:
        abort(404)
