"""The acts that decide something about a case: triage, the officer's, outside notices, closing, reopening."""

from collections.abc import Sequence

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.deadlines import local
from app.domain.permissions import OFFICERS, Permission
from app.domain.severity import one_up
from app.domain.vocabulary import Duty, Kind, Outcome, PatientData, Severity
from app.domain.workflow import Action, left_to_do, outcomes_of
from app.queries import directory
from app.queries.people import DirectoryRow
from app.services import casework
from app.services.disclosure import Opened
from app.web import moments
from app.web.access import current_act, current_now, installation, requires
from app.web.casework.acting import Page, act_on, prefill, show_form
from app.web.casework.forms import (
    LONGEST_SEARCH,
    CloseForm,
    NoticeForm,
    PatientDataForm,
    ReopenForm,
    SubjectForm,
    TriageForm,
    open_actions_left,
    options,
)
from app.web.casework.pages import bp, opened
from app.web.casework.wording import severity_because
from app.web.forms import Choice, choices_from
from app.web.words import words

BODIES = {
    "gmc": _l("The GMC"),
    "regulator": _l("The data protection regulator"),
    "police": _l("The police"),
}
UNKNOWN = _l("Select one of the options on this page")
TRIAGE = Page(
    action=Action.TRIAGE,
    template="triage",
    done=_l("Your decision was saved."),
    refusals={"lowering": _l("Give a reason for making it less urgent")},
)
PATIENT_DATA = Page(
    action=Action.DECIDE_PATIENT_DATA, template="patient-data", done=_l("Your decision was saved.")
)
NOTICE = Page(
    action=Action.RECORD_EXTERNAL_NOTICE,
    template="outside-notice",
    done=_l("It was recorded."),
    refusals={"unknown": UNKNOWN},
)
RESOLVE = Page(
    action=Action.RESOLVE_SUBJECT,
    template="resolve-subject",
    done=_l("It was recorded who this is about."),
    refusals={"unknown": _l("Select somebody else")},
)
IN_THE_WAY = {
    "officer_undecided": _l(
        "The data protection officer has not yet decided about the patient’s information. Ask them first"
    ),
    "regulator_open": _l(
        "It is not settled yet whether the data protection regulator is told. "
        "Record the notice first, or ask the data protection officer"
    ),
    "not_contained": _l("Record first that it was noted and taken down"),
}
CLOSE = Page(
    action=Action.CLOSE,
    template="close",
    done=_l("The case is closed and the reporter was told."),
    refusals={
        **IN_THE_WAY,
        "unknown": UNKNOWN,
        "open_actions": _l("Mark the open actions as done, or say who keeps them"),
        "not_settled": _l("Say whether the patient was told, or why not"),
    },
)
REOPEN = Page(action=Action.REOPEN, template="reopen", done=_l("The case is open again."))


@bp.route("/cases/<reference>/triage", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def triage(reference: str) -> ResponseReturnValue:
    """Decides how urgent it is, what it is about, and who goes on with it."""
    case, form = opened(reference), TriageForm()
    prefill(form, category=case.file.category)
    form.shape(
        severity_now=case.file.severity,
        kind_is_concern=case.file.kind is Kind.CONCERN,
        categories=_categories(),
    )
    if form.has_link:
        return redirect(url_for(".recuse", reference=case.file.reference))
    return act_on(
        case,
        form,
        TRIAGE,
        lambda: _triaged(case, form),
        suggested=_suggested(case),
        repeated=_for_a_repeat(case),
    )


def _categories() -> list[Choice]:
    known = installation().categories.by_code.values()
    return [Choice(value=one.code, label=one.words) for one in sorted(known, key=lambda one: one.words)]


def _suggested(case: Opened) -> str:
    severity = words(case.file.severity)
    because = severity_because(case.file.severity_reasons)
    if not because:
        return _("Now: %(severity)s", severity=severity)
    return _("Suggested: %(severity)s, because %(because)s", severity=severity, because=because)


def _for_a_repeat(case: Opened) -> str:
    """What is suggested where a self-report turns out not to be the first: a step more; empty where there is none."""
    higher = one_up(case.file.severity)
    if case.file.kind is Kind.CONCERN or higher is case.file.severity:
        return ""
    return words(higher)


def _triaged(case: Opened, form: TriageForm) -> ResponseReturnValue | None:
    is_concern = case.file.kind is Kind.CONCERN
    decision = casework.Triage(
        severity=Severity(form.severity.data),
        reason=form.reason.data,
        category=form.category.data,
        repeat="" if is_concern else form.repeat.data,
        measures=form.measures.data,
        duty=Duty(form.duty.data) if is_concern else None,
        duty_reason=form.duty_reason.data if is_concern else "",
    )
    casework.triage(case.file.id, form.seen_version, decision=decision, act=current_act())
    if form.route.data == "keep":
        return None
    return redirect(url_for(f".{form.route.data}", reference=case.file.reference))


@bp.route("/cases/<reference>/patient-data", methods=["GET", "POST"])
@requires(Permission.CASE_ACT, fresh=True)
def patient_data(reference: str) -> ResponseReturnValue:
    """The data protection officer decides whether a patient could be recognised."""
    case, form = opened(reference), PatientDataForm()
    return act_on(
        case,
        form,
        PATIENT_DATA,
        lambda: casework.decide_patient_data(
            case.file.id,
            form.seen_version,
            patient_data=PatientData(form.patient_data.data),
            is_risk_unlikely=form.risk.data == "unlikely",
            reason=form.reason.data,
            act=current_act(),
        ),
    )


@bp.route("/cases/<reference>/outside-notice", methods=["GET", "POST"])
@requires(Permission.CASE_ACT, fresh=True)
def outside_notice(reference: str) -> ResponseReturnValue:
    """Records that a named person told an outside body; the service tells nobody."""
    case, form = opened(reference), NoticeForm()
    is_officer = case.file.standing.capacity in OFFICERS
    bodies = {"regulator": BODIES["regulator"]} if is_officer else BODIES
    form.body.choices = options(bodies)
    form.told_by.choices = _tellers(case)
    form.today = local(current_now()).date()

    def act() -> None:
        casework.record_external_notice(
            case.file.id,
            form.seen_version,
            body=form.body.data,
            text=_notice_text(form),
            act=current_act(),
        )

    return act_on(case, form, NOTICE, act)


def _tellers(case: Opened) -> list[Choice]:
    names = dict.fromkeys([*(one.name for one in case.file.people), _("Somebody else, named in the reason")])
    return [Choice(value="", label=_("Choose who")), *(Choice(value=name, label=name) for name in names)]


def _notice_text(form: NoticeForm) -> str:
    """What the note of an outside notice says, for handlers."""
    told = _(
        "%(body)s was told by %(who)s on %(day)s.",
        body=str(BODIES[form.body.data]),
        who=form.told_by.data,
        day=moments.long_date(form.told_on.needed_day),
    )
    theirs = form.their_reference.data
    known = [told, form.reason.data, _("Their reference: %(theirs)s", theirs=theirs) if theirs else ""]
    return "\n\n".join(part for part in known if part)


@bp.route("/cases/<reference>/resolve-subject", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def resolve_subject(reference: str) -> ResponseReturnValue:
    """Records whom a concern is about, or that it is nobody who works here."""
    case, form = opened(reference), SubjectForm()
    prefill(form, name=request.args.get("name", "")[:LONGEST_SEARCH])
    found, are_more = _found(case, form.name.data)
    form.person.choices = [
        *(Choice(value=one.person_id.hex, label=f"{one.name}, {words(one.post)}") for one in found),
        Choice(value="nobody", label=_("Nobody who works here")),
    ]
    known = {one.person_id.hex: one.person_id for one in found}
    if "find" in request.form:
        return show_form(case, form, RESOLVE, found=found, are_more=are_more)

    def act() -> ResponseReturnValue:
        person_id = known.get(form.person.data)
        casework.resolve_subject(
            case.file.id,
            form.seen_version,
            person_id=person_id,
            reason=form.reason.data,
            act=current_act(),
        )
        return redirect(url_for(".worklist"))

    return act_on(case, form, RESOLVE, act, found=found, are_more=are_more)


def _found(case: Opened, name: str) -> tuple[Sequence[DirectoryRow], bool]:
    """Whose name was searched for, and whether there are more of them; nobody before a search."""
    if not name.strip():
        return (), False
    return directory.find(case.file.organisation_id, name.strip(), on=local(current_now()).date())


@bp.route("/cases/<reference>/close", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def close(reference: str) -> ResponseReturnValue:
    """Ends the case with an outcome and a text for the reporter."""
    case, form = opened(reference), CloseForm()
    form.outcome.choices = choices_from(outcomes_of(case.file.kind))
    form.kept.choices = _keepers(case)
    form.shape(
        open_actions=case.snapshot.open_actions,
        asks_for_patient=_asks_for_patient(case),
        today=local(current_now()).date(),
        posted_on=case.file.report.posted_on,
    )

    def act() -> None:
        casework.close(case.file.id, form.seen_version, closing=_closing(form), act=current_act())

    return act_on(case, form, CLOSE, act, in_the_way=_in_the_way(case))


def _in_the_way(case: Opened) -> list[str]:
    """What has to be done first, said before anything is written."""
    open_actions = case.snapshot.open_actions
    left = [str(IN_THE_WAY[code]) for code in left_to_do(case.snapshot)]
    return [*left, open_actions_left(open_actions)] if open_actions else left


def _asks_for_patient(case: Opened) -> bool:
    """Whether it is still to be said if a recognisable patient was told."""
    return case.file.patient_data is not PatientData.NO and not case.file.is_patient_told


def _keepers(case: Opened) -> list[Choice]:
    names = [_("The reporter"), *(one.name for one in case.file.people)]
    return [
        Choice(value="", label=_("Nobody yet")),
        *(Choice(value=name, label=name) for name in dict.fromkeys(names)),
    ]


def _closing(form: CloseForm) -> casework.Closing:
    keeper = form.kept.data if "kept" in form else ""
    notes = [
        _("%(who)s keeps the open actions.", who=keeper) if keeper else "",
        _patient_text(form) if form.asks_for_patient else "",
    ]
    return casework.Closing(
        outcome=Outcome(form.outcome.data),
        text=form.text.data,
        learning=form.learning.data,
        are_actions_kept=bool(keeper),
        is_patient_told=form.was_told if form.asks_for_patient else None,
        patient_note="\n\n".join(note for note in notes if note),
    )


def _patient_text(form: CloseForm) -> str:
    """What the note says of the patient, for handlers."""
    who = form.patient_by.data
    if form.was_told:
        day = moments.long_date(form.patient_on.needed_day)
        return _("The patient was told by %(who)s on %(day)s.", who=who, day=day)
    decided = _("%(who)s decided that the patient is not told.", who=who)
    return f"{decided}\n\n{form.patient_why.data}"


@bp.route("/cases/<reference>/reopen", methods=["GET", "POST"])
@requires(Permission.CASE_ACT)
def reopen(reference: str) -> ResponseReturnValue:
    """Opens a closed case again."""
    case, form = opened(reference), ReopenForm()

    def act() -> ResponseReturnValue | None:
        casework.reopen(case.file.id, form.seen_version, reason=form.reason.data, act=current_act())
        if form.who.data == "refer":
            return redirect(url_for(".refer", reference=case.file.reference))
        return None

    return act_on(case, form, REOPEN, act)
