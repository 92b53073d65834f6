"""What a person enters about their own account."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from app.services.passwords import LONGEST, SHORTEST
from app.web.forms import Form, line, password

REFUSALS: Mapping[str, object] = {
    "too-short": _l("Use at least %(n)s characters.", n=SHORTEST),
    "too-long": _l("Use %(n)s characters or fewer.", n=LONGEST),
    "odd": _l("Use characters that can be seen, on one line."),
    "is-address": _l("Do not use your e-mail address as your password."),
}
SIGN_IN_REFUSALS: Mapping[str, object] = {
    "not-recognised": _l("We do not recognise that e-mail address and password"),
}
CODE_REFUSALS: Mapping[str, object] = {
    **REFUSALS,
    "not-recognised": _l(
        "We do not recognise that e-mail address and code. A code works once, for 30 minutes."
    ),
}
CHANGE_REFUSALS: Mapping[str, object] = {
    **REFUSALS,
    "not-recognised": _l("This is not your current password."),
}
ADDRESS_REFUSALS: Mapping[str, object] = {
    "email-format": _l("Enter an e-mail address, like name@example.org."),
    "employers": _l("This address is at your workplace, where others can read it. Enter a private one."),
    "has-one": _l("You have a private address already."),
    "not-recognised": _l("We do not recognise this. A code works once, for 30 minutes."),
}
NEW_PASSWORD_HINT = _l("At least %(n)s characters. Three or four words are easy to remember.", n=SHORTEST)


class SignInForm(Form):
    """Who somebody is, and how they prove it."""

    email = line(_l("E-mail address"), missing=_l("Enter your e-mail address."), longest=1000)
    password = password(_l("Password"), missing=_l("Enter your password."))


class CodeForm(Form):
    """An address, the code that was sent there, and the password from now on."""

    email = line(_l("E-mail address"), missing=_l("Enter your e-mail address."), longest=1000)
    code = line(
        _l("Code"),
        missing=_l("Enter the code from the e-mail."),
        hint=_l("Twelve letters and numbers, for example 7K3F-9QMX-H2T8"),
    )
    password = password(_l("New password"), missing=_l("Enter a new password."), hint=NEW_PASSWORD_HINT)


class SendCodeForm(Form):
    """Where a new code should go."""

    email = line(_l("E-mail address"), missing=_l("Enter your e-mail address."), longest=1000)


class AddressForm(Form):
    """A private address that somebody wants to sign in with."""

    email = line(
        _l("Private e-mail address"),
        missing=_l("Enter your private e-mail address."),
        longest=1000,
        hint=_l("Not at work, and one that nobody but you can read"),
    )


class ProofOfAddressForm(Form):
    """The code that went to a new address, and the password."""

    code = line(
        _l("Code"),
        missing=_l("Enter the code from the e-mail."),
        hint=_l("Twelve letters and numbers, for example 7K3F-9QMX-H2T8"),
    )
    password = password(_l("Your password"), missing=_l("Enter your password."))


class PasswordForm(Form):
    """The password until now, and from now on."""

    current = password(_l("Current password"), missing=_l("Enter your current password."))
    password = password(_l("New password"), missing=_l("Enter a new password."), hint=NEW_PASSWORD_HINT)
