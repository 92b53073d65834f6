"""What a reporter writes after sending."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from app.services.reporting import AskedToWithdraw
from app.web.acting import ActForm
from app.web.forms import Choice, Form, area, choice_of, line

LONGEST = 5000
NO_ADDRESS = _l("Enter an e-mail address like name@example.com")
NEWS_REFUSALS: Mapping[str, object] = {
    "no_address": NO_ADDRESS,
    "employers": _l(
        "Use an address that does not belong to your employer. Or choose “No e-mail, I will look”"
    ),
}


class MessageForm(ActForm):
    """A message at any time."""

    text = area(_l("Your message"), longest=LONGEST, missing=_l("Write your message"))


class AddForm(ActForm):
    """Something that was left out."""

    text = area(_l("What you add"), longest=LONGEST, missing=_l("Tell us what you want to add"))


class AnswerForm(ActForm):
    """The answer to a question."""

    text = area(_l("Your answer"), longest=LONGEST, missing=_l("Write your answer"))


class WithdrawForm(ActForm):
    """Why a report is taken back, in private and as far as the person wants to say."""

    asked = choice_of(
        _l("Has anyone asked you to withdraw? (optional)"),
        hint=_l("Only the speaking-up guardian can read your answer."),
        choices=[
            Choice(value=AskedToWithdraw.NO, label=_l("No")),
            Choice(value=AskedToWithdraw.YES, label=_l("Yes")),
            Choice(value=AskedToWithdraw.RATHER_NOT, label=_l("I would rather not say")),
        ],
    )
    why = area(_l("Why? (optional)"), longest=LONGEST)


class NewsForm(Form):
    """How to hear that there is news."""

    wish = choice_of(
        _l("Do you want an e-mail when there is news?"),
        hint=_l("It says that there is news, and nothing else."),
        choices=[
            Choice(value="none", label=_l("No e-mail, I will look")),
            Choice(value="address", label=_l("Send an e-mail to an address")),
        ],
        missing=_l("Select whether you want an e-mail"),
    )
    address = line(_l("E-mail address"), longest=254)

    @property
    def chosen(self) -> str | None:
        """The address, or None for no mail. What was typed beside "no" is not looked at."""
        return self.address.data if self.wish.data == "address" else None
