"""What happens when this is sent, in sentences with dates: worked out as if it were sent now, by role, never by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask_babel import gettext as _

from app.domain.classification import Category
from app.domain.errors import InvalidInput, NobodyEligible, NotAllowed, NotAvailable
from app.domain.report import Holder, Report, Reports, RiskNow
from app.domain.submission import to_reports
from app.domain.vocabulary import Basis, Kind, PatientData, Role, Severity, Unnamed
from app.domain.workflow import CONTAIN
from app.services.previewing import Foreseen, Promise, foresee
from app.web import moments
from app.web.access import current_act, current_now, installation, signed_in
from app.web.reasons import limit_in_words
from app.web.reporting.circumstances import possessive
from app.web.reporting.desk import Desk
from app.web.reporting.questions import own_role
from app.web.words import role_in_sentence, sentence

WITHIN = timedelta(hours=72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Something that happens by an instant (aware UTC), with the limit it follows from and its basis."""

    at: datetime
    words: str
    basis: Basis
    limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """One room: who will have it, what follows by when, and what else is to be said."""

    kind: Kind
    organisation_name: str
    role: str
    dates: Sequence[Dated]
    lines: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """All that is said before sending. ``risk`` stands out; ``lines`` belong to no room."""

    rooms: Sequence[Foretold]
    risk: str
    lines: Sequence[str]
    is_nobody_there: bool = False


def outlook(desk: Desk) -> Outlook | None:
    """What sending would do now; None while an answer is missing."""
    try:
        reports = ready_reports(desk)
        return _outlook(desk, reports)
    except NobodyEligible:
        return Outlook(rooms=(), risk="", lines=(), is_nobody_there=True)
    except (InvalidInput, NotAllowed, NotAvailable):
        return None


def ready_reports(desk: Desk) -> Reports:
    """The finished form as the reports it makes, the only workplace filled in where nobody was asked for it.

    Raises InvalidInput where an answer is missing, and NotAllowed where the MDO lane is not open here.
    """
    reports = to_reports(desk.form, desk.answers, desk.context)
    if reports.employer is None or reports.employer.workplace or desk.place is None:
        return reports
    return replace(reports, employer=replace(reports.employer, workplace=str(desk.place)))


def _outlook(desk: Desk, reports: Reports) -> Outlook:
    rooms, number = [], ""
    if reports.employer:
        seen = foresee(reports.employer, act=current_act())
        number = seen.on_call_phone
        rooms.append(_employer(desk, reports.employer, seen))
    if reports.advice:
        rooms.append(_mdo(desk, reports.advice, foresee(reports.advice, act=current_act()), reports))
    return Outlook(rooms=rooms, risk=_risk(desk, reports, number), lines=list(_closing(desk)))


def _employer(desk: Desk, report: Report, seen: Foreseen) -> Foretold:
    return Foretold(
        kind=report.kind,
        organisation_name=seen.organisation_name,
        role=_holder(report, seen),
        dates=sorted(_employer_dates(desk, report, seen), key=lambda one: one.at),
        lines=list(_employer_lines(desk, report, seen)),
    )


def is_by_number(report: Report) -> bool:
    """Whether the role would tell if a number or a name belongs to somebody here: then it is not said beforehand."""
    return bool(report.keep_away) or (report.subject is not None and report.subject.gmc_number is not None)


def _holder(report: Report, seen: Foreseen) -> str:
    """Who will have it, by role."""
    if is_by_number(report):
        return role_in_sentence(Unnamed.IN_CHARGE)
    return role_in_sentence(seen.role)


def _employer_dates(desk: Desk, report: Report, seen: Foreseen) -> Iterator[Dated]:
    promised = seen.promises
    yield _dated(promised["ACK"], _("A person will confirm by then that they have it."))
    yield _dated(promised["TRIAGE"], _("By then they decide how urgent it is and who should work on it."))
    if CONTAIN in promised and _category(report).is_takedown_promised(report.still_live):
        yield _dated(
            promised[CONTAIN],
            _(
                "They will also check by then that it is noted and taken down, or that the site has been asked to."
            ),
        )
    if "SAFETY" in promised:
        yield _dated(promised["SAFETY"], _("Someone will make a safety plan with you by then."))
    if "ICO" in promised and report.holder is not Holder.OWN:
        yield _dated(promised["ICO"], _regulator(desk, report, seen))
    yield _dated(promised["FB20"], _("You will get news by then."))
    yield _dated(
        promised["FB3M"],
        _("You will get the outcome by then, unless the police or the GMC ask us to wait."),
    )


def _dated(promise: Promise, words: str) -> Dated:
    return Dated(at=promise.due_at, words=words, basis=promise.basis, limit=limit_in_words(promise.limit))


def _category(report: Report) -> Category:
    return installation().categories[report.category]


def _regulator(desk: Desk, report: Report, seen: Foreseen) -> str:
    told = _(
        "Sending this tells %(org)s that patient information may have got out. From then it has 72 hours, "
        "until %(moment)s, to decide whether it must tell %(regulator)s. That is its task, not yours.",
        org=seen.organisation_name,
        moment=moments.moment(seen.promises["ICO"].due_at),
        regulator=desk.context.words["regulator"],
    )
    is_told = Role.DATA_PROTECTION_OFFICER in seen.told and not is_by_number(report)
    return f"{told} {_('The data protection officer is told at once.')}" if is_told else told


def _employer_lines(desk: Desk, report: Report, seen: Foreseen) -> Iterator[str]:
    yield _(
        "%(role)s at %(organisation)s will have it.",
        role=sentence(_holder(report, seen)),
        organisation=seen.organisation_name,
    )
    who = signed_in()
    if who and who.role is seen.asked and not is_by_number(report):
        yield own_role(seen)
    if seen.asked is Role.OUTSIDE_REVIEWER:
        yield _from_outside(seen.organisation_name)
    yield _told_now(report, seen) or _opening(seen)
    yield from _about_patients(desk, report)
    if CONTAIN in seen.promises and _category(report).is_weighed_before_takedown(report.still_live):
        yield _("Nobody will ask for it to be taken down before your right to speak has been weighed up.")
    yield _withdrawal(seen)


def _from_outside(organisation: str) -> str:
    """More than three people were named to be kept away."""
    return _("Thank you. Someone from outside %(org)s will check who can work on this.", org=organisation)


def _told_now(report: Report, seen: Foreseen) -> str:
    """That somebody at work is told at once; empty where it waits for working time."""
    if report.severity is Severity.CRITICAL and is_by_number(report):
        opens = moments.moment(seen.opens_at)
        return _("Somebody will be told now, but may not open this before %(moment)s.", moment=opens)
    if Role.ON_CALL_EXECUTIVE in {seen.role, seen.asked}:
        return _("Someone on call will be told now.")
    return ""


def _opening(seen: Foreseen) -> str:
    """When a human will read it."""
    if seen.opens_at <= current_now():
        return _("It is working time now, so somebody can open this as soon as you send it.")
    return _("Nobody will open this before %(moment)s.", moment=moments.moment(seen.opens_at))


def _about_patients(desk: Desk, report: Report) -> Iterator[str]:
    if report.patient_data is PatientData.NO:
        return
    if report.holder is Holder.OWN and report.realised_at:
        yield _own_practice(report.realised_at)
    if report.holder is Holder.OTHER_ORGANISATION:
        yield _(
            "%(org)s will be told that the information belongs to someone else and must pass the news on.",
            org=desk.context.words["org"],
        )


def _own_practice(realised_at: datetime) -> str:
    ends_at = realised_at + WITHIN
    if ends_at <= current_now():
        return _("Your practice’s 72 hours ended on %(moment)s.", moment=moments.moment(ends_at))
    return _(
        "Your practice’s 72 hours may already be running. They end on %(moment)s.",
        moment=moments.moment(ends_at),
    )


def _mdo(desk: Desk, report: Report, seen: Foreseen, reports: Reports) -> Foretold:
    will_answer = _("An adviser at %(mdo)s will answer by then.", mdo=seen.organisation_name)
    if seen.public_phone:
        phone = _("For urgent advice, phone %(number)s.", number=seen.public_phone)
        will_answer = f"{will_answer} {phone}"
    return Foretold(
        kind=report.kind,
        organisation_name=seen.organisation_name,
        role=role_in_sentence(seen.role),
        dates=[_dated(seen.promises["MDO-REPLY"], will_answer)],
        lines=list(_mdo_lines(desk, report, reports, seen)),
    )


def _mdo_lines(desk: Desk, report: Report, reports: Reports, seen: Foreseen) -> Iterator[str]:
    yield _opening(seen)
    if report.holder is Holder.OWN and report.realised_at:
        yield _own_practice(report.realised_at)
    if reports.employer:
        yield _(
            "These are two separate reports. %(org)s people cannot see in this service that you asked your "
            "MDO. Your MDO cannot see what %(organisation)s does.",
            org=possessive(desk.context.words["org"]),
            organisation=desk.context.words["org"],
        )
        return
    yield _("This does not tell your employer.")
    if report.holder is not Holder.OWN:
        yield _("Asking does not start the 72 hours or any other clock at work.")
    if "REMIND" in seen.promises:
        yield _(
            "Your employer may need to know soon. We will remind you on %(moment)s.",
            moment=moments.moment(seen.promises["REMIND"].due_at),
        )


def _risk(desk: Desk, reports: Reports, number: str) -> str:
    """Whom to phone at once: who is on call where it goes, else whoever the workplaces name."""
    report = reports.employer or reports.advice
    if report is None or report.risk_now is not RiskNow.YES:
        return ""
    if number:
        return _(
            "You said that somebody is at risk today. Do not wait for us: %(number)s, or 999.", number=number
        )
    urged = _("You said that somebody is at risk today. Do not wait for us: call 999.")
    return f"{urged} {desk.context.words['on_call']}"


def _closing(desk: Desk) -> Iterator[str]:
    yield _(
        "Nothing is sent to the GMC, %(regulator)s, the police or the press by itself.",
        regulator=desk.context.words["regulator"],
    )


def _withdrawal(seen: Foreseen) -> str:
    if seen.can_withdraw:
        return _("You can withdraw it until it has been triaged.")
    return _("You cannot withdraw this after sending, because a patient may be at risk.")
