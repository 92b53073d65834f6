"""What an adviser enters: a reply, a question, a note, whom to pass it to, how it ends."""

from flask_babel import lazy_gettext as _l

from app.web.acting import ActForm
from app.web.forms import Choice, area, choice_of, list_of

SERVICE_PICKS = "service"
LONGEST_REPLY = 10_000
LONGEST_QUESTION = 2_000
LONGEST_NOTE = 5_000
LONGEST_OUTCOME = 5_000


class ReplyForm(ActForm):
    """Advice to the member."""

    text = area(_l("Your reply"), longest=LONGEST_REPLY, missing=_l("Write your reply"))


class AskForm(ActForm):
    """A question to the member."""

    question = area(_l("Your question"), longest=LONGEST_QUESTION, missing=_l("Write your question"))
    why = area(_l("Why it matters (optional)"), longest=LONGEST_QUESTION)


class NoteForm(ActForm):
    """A note that the member never sees."""

    text = area(
        _l("Your note"),
        hint=_l("Only advisers who work on this case can read it."),
        longest=LONGEST_NOTE,
        missing=_l("Write your note"),
    )


class ReferForm(ActForm):
    """Who should advise instead. The list shows every adviser, whoever can take it."""

    to = list_of(_l("Who should advise?"), missing=_l("Select who should take it"))
    reason = choice_of(
        _l("Why?"),
        choices=[
            Choice(value="expertise", label=_l("They know more about this")),
            Choice(value="absence", label=_l("I will be away")),
            Choice(value="other", label=_l("Something else")),
        ],
        missing=_l("Select why"),
    )
    text = area(
        _l("What the next adviser should know (optional)"),
        hint=_l("A note for advisers. The member does not see it."),
        longest=LONGEST_NOTE,
    )


class RecuseForm(ActForm):
    """Why somebody should not advise; saying so is enough."""

    kind = choice_of(
        _l("Why? (optional)"),
        choices=[
            Choice(value="knows_member", label=_l("I know the member")),
            Choice(value="other_side", label=_l("I advise, or advised, somebody on the other side")),
            Choice(value="other", label=_l("Something else")),
        ],
    )


class CloseForm(ActForm):
    """How the advice ended, and what the member reads."""

    outcome = choice_of(_l("How did it end?"), missing=_l("Select the outcome"))
    text = area(
        _l("What you tell the member"),
        longest=LONGEST_OUTCOME,
        shortest=20,
        too_short=_l("The text for the member must be 20 characters or more"),
        missing=_l("Write what you will tell the member"),
    )


class ReopenForm(ActForm):
    """Why the case is opened again."""

    reason = area(
        _l("Why do you open it again?"),
        hint=_l("The member can read this."),
        longest=2_000,
        shortest=10,
        too_short=_l("Reason must be 10 characters or more"),
        missing=_l("Give a reason for reopening"),
    )
