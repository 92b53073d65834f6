"""What a handler enters on the page of each act."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.vocabulary import Severity
from app.web.acting import ActForm, number_in
from app.web.forms import Choice, DayField, HiddenField, area, choice_of, line, list_of

SHORTEST_REASON = 10
SHORTEST_OUTCOME = 20
ROWS = range(1, 6)
LONGEST_SEARCH = 80

REASON_TOO_SHORT = _l("Reason must be 10 characters or more")
YES_NO = (Choice(value="yes", label=_l("Yes")), Choice(value="no", label=_l("No")))


def options(labels: Mapping[str, object]) -> list[Choice]:
    """Choices from value and label, in order."""
    return [Choice(value=value, label=label) for value, label in labels.items()]


class CaseForm(ActForm):
    """A form about one case, whose fields can also fail to fit together."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Checks each field, then whether they fit together."""
        super().validate(extra_validators)
        self.is_sensible()
        return not any(field.errors for field in self)

    def is_sensible(self) -> bool:
        """Whether the fields fit together; subclasses say what does not with ``refuse``."""
        return True

    def refuse(self, name: str, message: object) -> bool:
        """Puts a message beside a field; always false."""
        self[name].errors = [*self[name].errors, str(message)]
        return False


class AcknowledgeForm(CaseForm):
    """The first words to the reporter."""

    text = area(
        _l("What you tell the reporter"), longest=2000, missing=_l("Write a few words to the reporter")
    )


class TriageForm(CaseForm):
    """What a report needs. ``severity_now`` and ``is_concern`` come from the case, not from the browser."""

    conflict = choice_of(
        _l("Do you have a link with anyone in this case?"),
        choices=options({"none": _l("I have no link with anyone in it"), "conflict": _l("I have a link")}),
        missing=_l("Select whether you have a link with anyone in this case"),
    )
    severity = choice_of(
        _l("How urgent is it?"),
        choices=options(
            {
                "CRITICAL": _l(
                    "Critical: someone is in danger, a serious crime is possible, or a patient is on show now"
                ),
                "HIGH": _l("High: someone was harmed, or a patient could be recognised"),
                "MEDIUM": _l("Medium: someone is upset, or it needs a planned answer"),
                "LOW": _l("Low: a talk and some learning may settle it"),
            }
        ),
        missing=_l("Select how urgent this is"),
    )
    reason = area(
        _l("Reason, if you make it less urgent"),
        hint=_l("The reporter can read it."),
        longest=2000,
        shortest=SHORTEST_REASON,
        too_short=REASON_TOO_SHORT,
    )
    category = list_of(_l("Category"), missing=_l("Select a category"))
    repeat = choice_of(
        _l("Did something like it happen in the last 24 months?"),
        choices=options({"yes": _l("Yes"), "no": _l("No"), "unknown": _l("I do not know")}),
        missing=_l("Select whether something like it happened before"),
    )
    measures = choice_of(
        _l("What keeps people safe meanwhile?"),
        choices=options(
            {
                "none": _l("No steps yet"),
                "declined": _l("Thought about, not needed"),
                "ro": _l("The responsible officer decides"),
            }
        ),
        missing=_l("Select what keeps people safe meanwhile"),
    )
    duty = choice_of(
        _l("Was there a duty to act?"),
        choices=options(
            {
                "MUST_ACT": _l("The reporter had to act"),
                "SHOULD_ACT": _l("The reporter was expected to do something"),
                "MAY_DISCUSS": _l("The reporter was free to talk it over"),
                "NONE": _l("There was no duty"),
            }
        ),
        missing=_l("Select whether there is a duty to act"),
    )
    duty_reason = area(
        _l("Reason for your decision about the duty"),
        longest=2000,
        shortest=SHORTEST_REASON,
        too_short=REASON_TOO_SHORT,
    )
    route = choice_of(
        _l("What should happen next?"),
        choices=options(
            {
                "keep": _l("I keep working on it"),
                "refer": _l("Pass it to someone else"),
                "escalate": _l("Escalate to the responsible officer"),
            }
        ),
        missing=_l("Select what should happen next"),
    )
    severity_now: Severity = Severity.LOW
    is_concern: bool = False

    def shape(self, *, severity_now: Severity, kind_is_concern: bool, categories: list[Choice]) -> None:
        """Fits the form to its case: a self-report asks about repeats, a concern about the duty."""
        self.severity_now, self.is_concern = severity_now, kind_is_concern
        self.category.choices = categories
        for name in ("repeat",) if kind_is_concern else ("duty", "duty_reason"):
            del self[name]

    @property
    def has_link(self) -> bool:
        """Whether the person said that they have a link: then nothing else counts."""
        return bool(self.conflict.data == "conflict")

    def is_sensible(self) -> bool:
        """Lowering and the duty each need a reason."""
        fine = True
        if self.is_lower and not self.reason.data:
            fine = self.refuse("reason", _("Give a reason for making it less urgent"))
        if self.is_concern and not self.duty_reason.data:
            fine = self.refuse("duty_reason", _("Give a reason for your decision"))
        return fine

    @property
    def is_lower(self) -> bool:
        """Whether the chosen urgency is below the present one."""
        given = self.severity.data
        return given in list(Severity) and Severity(given).rank < self.severity_now.rank


class QuestionForm(CaseForm):
    """A question to the reporter, and why it matters."""

    question = area(_l("Your question"), longest=2000, missing=_l("Write your question"))
    why = area(_l("Why it matters (optional)"), longest=2000)


class MessageForm(CaseForm):
    """A message to the reporter."""

    text = area(_l("Your message"), longest=5000, missing=_l("Write your message"))


class NoteForm(CaseForm):
    """A note for handlers."""

    text = area(_l("Your note"), longest=5000, missing=_l("Write your note"))


class ReferForm(CaseForm):
    """Who should take it: a role, or one person; and why."""

    to = list_of(_l("Who should take it?"), missing=_l("Select who should take it"))
    reason = choice_of(
        _l("Why?"),
        choices=options(
            {
                "expertise": _l("They know more about this"),
                "line": _l("They are responsible for the person"),
                "data": _l("It is about data protection"),
                "speakup": _l("It is about speaking up"),
                "absence": _l("Absence"),
                "other": _l("Another reason"),
            }
        ),
        missing=_l("Select why"),
    )
    text = area(_l("Say why, if it is another reason"), longest=2000)

    def is_sensible(self) -> bool:
        """Another reason is said in words."""
        if self.reason.data == "other" and not self.text.data:
            return self.refuse("text", _("Say why"))
        return True


class EscalateForm(CaseForm):
    """Why somebody more senior is asked."""

    reason = area(
        _l("Reason"),
        longest=2000,
        missing=_l("Give a reason for escalating"),
        shortest=SHORTEST_REASON,
        too_short=REASON_TOO_SHORT,
    )
    knows = choice_of(
        _l("Does the person know about this?"),
        choices=options({"yes": _l("Yes"), "no": _l("No"), "not_safe": _l("It is not safe to tell them")}),
        missing=_l("Select whether the person knows"),
    )


class RecuseForm(CaseForm):
    """Why somebody steps back, in one choice."""

    kind = choice_of(
        _l("Why are you stepping back?"),
        choices=options(
            {
                "know": _l("I know somebody in it"),
                "friend": _l("A friend is part of it"),
                "family": _l("Somebody in my family, or my partner, is part of it"),
                "work_for": _l("I work for somebody in it, or they work for me"),
                "witness": _l("I saw what happened"),
                "other": _l("Another reason"),
            }
        ),
        missing=_l("Select why you are stepping back"),
    )
    text = area(_l("Anything you want to add (optional)"), longest=2000)


class AgreeForm(CaseForm):
    """Up to five things to be done. Rows are ``what_1``, ``who_1``, ``due_1`` and so on.

    ``today`` is the local day after which they can fall due.
    """

    rows = HiddenField(default="1")
    today: date = date.max

    @property
    def shown(self) -> range:
        """The rows that stand on the page."""
        return range(1, min(max(number_in(self.rows.data), 1), ROWS[-1]) + 1)

    @property
    def filled(self) -> list[int]:
        """The rows in which something was entered."""
        names = ("what", "who", "due")
        return [number for number in ROWS if any(self[f"{name}_{number}"].data for name in names)]

    def is_sensible(self) -> bool:
        """At least one row, and each row complete."""
        if not self.filled:
            return self.refuse("what_1", _("Add at least 1 action"))
        complete = [self._is_complete(number) for number in self.filled]
        return all(complete)

    def _is_complete(self, number: int) -> bool:
        missing = {
            "what": _("Say what will be done"),
            "who": _("Select who will do it"),
            "due": _("Date must be in the future"),
        }
        wrong = [name for name in missing if not self[f"{name}_{number}"].data]
        day = self[f"due_{number}"].day
        if day is not None and day <= self.today:
            wrong.append("due")
        for name in wrong:
            self.refuse(f"{name}_{number}", missing[name])
        return not wrong


def _add_rows(form: type[AgreeForm]) -> None:
    for number in ROWS:
        setattr(form, f"what_{number}", area(_l("What will be done"), longest=500))
        setattr(form, f"who_{number}", list_of(_l("By whom"), missing=None))
        setattr(form, f"due_{number}", DayField(_l("By when")))


_add_rows(AgreeForm)


class DoneForm(CaseForm):
    """What was done."""

    done = area(_l("What was done"), longest=1000, missing=_l("Say what was done"))


class ContainmentForm(CaseForm):
    """How it was contained."""

    how = choice_of(
        _l("What did you check?"),
        choices=options(
            {
                "down": _l("It is noted and taken down"),
                "asked": _l("The site was asked to take it down"),
                "nothing": _l("Nothing was up"),
            }
        ),
        missing=_l("Select what you checked"),
    )
    text = area(_l("Note for handlers (optional)"), longest=2000)


class SafetyPlanForm(CaseForm):
    """What was agreed with the reporter."""

    text = area(_l("What you agreed"), longest=5000, missing=_l("Write what you agreed with the reporter"))


class PatientDataForm(CaseForm):
    """The officer's decision."""

    patient_data = choice_of(_l("Is a patient recognisable?"), choices=YES_NO, missing=_l("Select yes or no"))
    risk = choice_of(
        _l("If yes, is a risk to anyone likely?"),
        choices=options(
            {
                "likely": _l("A risk is likely, or it is too early to say"),
                "unlikely": _l("A risk is unlikely, so the regulator does not have to be told"),
            }
        ),
        missing=None,
    )
    reason = area(
        _l("Reason"),
        longest=2000,
        missing=_l("Give a reason"),
        shortest=SHORTEST_REASON,
        too_short=REASON_TOO_SHORT,
    )

    def is_sensible(self) -> bool:
        """The question about risk belongs to "yes"."""
        if self.patient_data.data == "yes" and self.risk.data not in {"likely", "unlikely"}:
            return self.refuse("risk", _("Select whether a risk is likely"))
        return True


class NoticeForm(CaseForm):
    """That an outside body was told: by whom, when, why."""

    body = choice_of(_l("Who was told?"), missing=_l("Select which body"))
    told_by = list_of(_l("Who told them?"), missing=_l("Select who told them"))
    told_on = DayField(_l("When?"), missing=_l("Enter when"))
    reason = area(_l("Reason"), longest=2000, missing=_l("Give a reason"))
    their_reference = line(_l("Their reference (optional)"), longest=100)
    today: date = date.max

    def is_sensible(self) -> bool:
        """What is recorded has happened."""
        day = self.told_on.day
        if day is not None and day > self.today:
            return self.refuse("told_on", _("Date must be today or in the past"))
        return True


class SubjectForm(CaseForm):
    """Whom a concern is about."""

    name = line(_l("Find the person by name"), longest=LONGEST_SEARCH)
    person = choice_of(_l("Who is this about?"), missing=_l("Select who this is about"))
    reason = area(
        _l("How do you know?"),
        longest=2000,
        missing=_l("Say how you know"),
        shortest=SHORTEST_REASON,
        too_short=REASON_TOO_SHORT,
    )


class CloseForm(CaseForm):
    """How the case ends. The last questions are asked only where they are still open."""

    outcome = choice_of(_l("Outcome"), missing=_l("Select the outcome"))
    text = area(
        _l("What you tell the reporter"),
        hint=_l(
            "A case cannot close without it. Say what was looked at, what was done and why. "
            "No other person’s private details."
        ),
        longest=5000,
        missing=_l("Write what you will tell the reporter"),
        shortest=SHORTEST_OUTCOME,
        too_short=_l("The text for the reporter must be 20 characters or more"),
    )
    learning = area(_l("What was learnt (optional)"), longest=5000)
    kept = list_of(_l("Who keeps the open actions?"), missing=None)
    patient = choice_of(
        _l("Was the patient told?"),
        choices=options({"told": _l("Yes"), "decided_not": _l("It was decided not to")}),
        missing=None,
    )
    patient_by = line(_l("Who told them, or who decided not to?"), longest=200)
    patient_on = DayField(_l("If they were told, on which day?"))
    patient_why = area(_l("If not, why not?"), longest=2000)
    open_actions: int = 0
    today: date = date.max
    posted_on: date = date.min

    def shape(
        self, *, open_actions: int, asks_for_patient: bool, today: date, posted_on: date | None
    ) -> None:
        """Leaves out what this case has settled, and notes the days between which a patient can have been told."""
        self.open_actions, self.today, self.posted_on = open_actions, today, posted_on or date.min
        settled = [] if asks_for_patient else ["patient", "patient_by", "patient_on", "patient_why"]
        for name in settled if open_actions else ["kept", *settled]:
            del self[name]

    def is_sensible(self) -> bool:
        """Open actions have a keeper, and it is said whether the patient was told."""
        fine = True
        if "kept" in self and not self.kept.data:
            fine = self.refuse("kept", open_actions_left(self.open_actions))
        return (not self.asks_for_patient or self._patient_is_settled()) and fine

    @property
    def asks_for_patient(self) -> bool:
        """Whether it is asked if the patient was told."""
        return "patient" in self

    @property
    def was_told(self) -> bool:
        """Whether the patient was told, by what was chosen."""
        return bool(self.patient.data == "told")

    def _patient_is_settled(self) -> bool:
        """Told: by whom and on which day. Decided not to: by whom and why."""
        if not self.patient.data:
            return self.refuse("patient", _("Say whether the patient was told, or why not"))
        fine = bool(self.patient_by.data) or self.refuse(
            "patient_by", _("Enter who told them, or decided not to")
        )
        if self.was_told:
            return self._is_possible_day() and fine
        return (
            bool(self.patient_why.data) or self.refuse("patient_why", _("Say why they were not told"))
        ) and fine

    def _is_possible_day(self) -> bool:
        day = self.patient_on.day
        if day is None:
            return bool(self.patient_on.errors) or self.refuse("patient_on", _("Enter when they were told"))
        if day > self.today:
            return self.refuse("patient_on", _("Date must be today or in the past"))
        if day < self.posted_on:
            return self.refuse("patient_on", _("Date must not be before the day of the post"))
        return True


def open_actions_left(count: int) -> str:
    """What is in the way of closing."""
    return _("%(n)s actions are still open. Mark them as done, or say who keeps them", n=count)


class ReopenForm(CaseForm):
    """Why a closed case is opened again, and who works on it."""

    reason = area(
        _l("Reason"),
        longest=2000,
        missing=_l("Give a reason for reopening"),
        shortest=SHORTEST_REASON,
        too_short=REASON_TOO_SHORT,
    )
    who = choice_of(
        _l("Who should work on it?"),
        choices=options({"same": _l("The same person as before"), "refer": _l("Pass it to someone else")}),
        missing=_l("Select who should work on it"),
    )
