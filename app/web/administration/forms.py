"""What administrators enter, and the sentences for what a service refuses."""

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.vocabulary import Post, RelationKind
from app.services.organisations import Reached
from app.web.forms import Choice, DayField, Form, ValidationError, choice_of, choices_from, line, list_of
from app.web.problems import PROBLEMS

RELATIONS: Mapping[RelationKind, object] = {
    RelationKind.SUPERVISED_BY: _l("is supervised by"),
    RelationKind.REPORTS_TO: _l("reports to"),
    RelationKind.DEPUTISES_FOR: _l("deputises for"),
    RelationKind.RELATED_TO: _l("is a relative, partner or close friend of"),
}
NEWCOMER_REFUSALS: Mapping[str, object] = {
    "name-missing": _l("Enter the name, up to 200 characters."),
    "email-format": _l("Enter an e-mail address, like name@example.org."),
    "gmc-format": _l("A GMC number has seven digits, with or without a C in front."),
    "held": _l("This person holds this role here already."),
    "invited": _l("This person has been invited to this role already."),
    "excluded": _l(
        "This person holds a role here that excludes this one. Administrators, auditors, custodians, records "
        "officers and people who work on cases are kept apart: choose another person, or use an outside reviewer."
    ),
    "not-here": _l("An organisation of this kind has no such role. Choose another role."),
}
ENDING_REFUSALS: Mapping[str, object] = {
    "last-administrator": _l(
        "This is the last administrator here. Give somebody else the role of administrator first."
    ),
    "past": _l("Enter today or a day to come, or select Now."),
    "later": _l(
        "The role ends earlier already. To go on longer it needs a new invitation, and to be accepted."
    ),
    "before-start": _l("The role has not started by then. Select Now to end it at once."),
}
RELATION_REFUSALS: Mapping[str, object] = {
    "same": _l("Choose another person."),
    "declared": _l("This is recorded already."),
    "backwards": _l("The last day must not be before the first."),
}
WINDOW_MISSING = _l("Enter the working hours.")
REACHED_REFUSALS: Mapping[str, object] = {
    "domain-format": _l("Write each domain like “example.org”, without an @."),
    **{code: words for code, words in PROBLEMS.items() if code.startswith("window-")},
}
CLOSURE_REFUSALS: Mapping[str, object] = {
    "past": _l("Enter a day to come. Dates that have passed stay as they were."),
    "closed-already": _l("This day is in the list already."),
}


class NewcomerForm(Form):
    """Somebody who is to have a role."""

    name = line(_l("Full name"), missing=_l("Enter the name."))
    email = line(
        _l("Work e-mail address"),
        missing=_l("Enter the e-mail address."),
        longest=254,
        hint=_l("We send a code there. The role starts when the person accepts it."),
    )
    gmc_number = line(_l("GMC number (if they have one)"), longest=20, hint=_l("Seven digits"))
    role = list_of(_l("Role"), missing=_l("Choose a role."))
    post = list_of(
        _l("Post"),
        choices=choices_from(tuple(Post), first=_l("Choose a post")),
        missing=_l("Choose a post."),
    )
    title = line(
        _l("Title (if there is one)"), longest=120, hint=_l("As colleagues know them, for example Ward 5")
    )
    starts_on = DayField(_l("First day in the role"), missing=_l("Enter the first day."))


class EndingForm(Form):
    """When a role ends."""

    when = choice_of(
        _l("When does the role end?"),
        choices=[Choice(value="now", label=_l("Now")), Choice(value="later", label=_l("After a last day"))],
        missing=_l("Select when the role ends."),
    )
    last_on = DayField(_l("Last day in the role"))

    def validate_last_on(self, field: DayField) -> None:
        """Raises ValidationError where a last day is to be entered and is not."""
        if self.when.data == "later" and not field.data:
            raise ValidationError(_("Enter the last day."))

    @property
    def last_day(self) -> date | None:
        """The last day in the role; none for at once."""
        return self.last_on.day if self.when.data == "later" else None


class RelationForm(Form):
    """How one person stands to another."""

    kind = choice_of(
        _l("How do they stand to each other?"),
        choices=[Choice(value=str(kind), label=words) for kind, words in RELATIONS.items()],
        missing=_l("Choose how they stand to each other."),
    )
    other = choice_of(_l("To whom?"), missing=_l("Choose a person."))
    starts_on = DayField(_l("From"), missing=_l("Enter the first day."))
    ends_on = DayField(_l("Until (if you know)"))


class ReachedForm(Form):
    """How the organisation is reached, and when it works."""

    on_call_phone = line(
        _l("On-call number"), longest=40, hint=_l("Reporters are told to phone it when somebody is at risk.")
    )
    public_phone = line(
        _l("Telephone number"), longest=40, hint=_l("A defence organisation’s members are told to phone it.")
    )
    phone_hours = line(_l("When it is answered"), longest=120, hint=_l("For example, day and night"))
    window = line(
        _l("Working hours"),
        missing=WINDOW_MISSING,
        longest=80,
        hint=_l("For example, mon-fri 09:00-17:00. Dates promised from now on count in these hours."),
    )
    mail_domains = line(
        _l("E-mail domains of your staff"),
        longest=400,
        hint=_l(
            "With spaces between them, for example larkfield.example. News of a confidential report is never "
            "sent to such an address."
        ),
    )

    @property
    def reached(self) -> Reached:
        """What was entered."""
        return Reached(**{name: self[name].data for name in Reached.__dataclass_fields__})


class ClosureForm(Form):
    """A day on which the organisation is closed."""

    day = DayField(_l("Day"), missing=_l("Enter the day."))
    name = line(
        _l("What for"),
        missing=_l("Say what the day is for."),
        longest=120,
        hint=_l("It shows wherever a date is explained, for example Founder’s day"),
    )
