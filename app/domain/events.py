"""What happened, in the past tense: frozen values with exact fields and no prose.

``tag`` is ``source:subject:past verb``; the sentences stand in ``templates/timeline``. Roles are written
as the value of ``Role``, instants as ISO 8601 in UTC, so that an event has one canonical form.
"""

import re
from dataclasses import dataclass, fields
from typing import ClassVar

from app.domain.errors import InvalidInput

# Who did it, where that was nobody in a role.
REPORTER, CLOCK = "reporter", "clock"
CODE = re.compile(r"[A-Za-z0-9_.:+-]{0,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. ``by`` is the role that did it: a handler's, ``reporter``, ``clock``.

    Making one raises InvalidInput for a field that is no code, id, number or date: no prose enters the trail.
    """

    tag: ClassVar[str]
    by: str

    def __post_init__(self) -> None:
        """Refuses prose."""
        for name, value in self.detail().items():
            if isinstance(value, str) and not CODE.fullmatch(value):
                raise InvalidInput(name, "unknown")

    def detail(self) -> dict[str, str | int | bool]:
        """The fields, for the sealed detail of its audit entry."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSubmitted(Event):
    """A report was sent and became a case."""

    tag: ClassVar[str] = "case:report:submitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceRequested(Event):
    """A member asked their MDO."""

    tag: ClassVar[str] = "advice:request:opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerAssigned(Event):
    """Routing gave the case to somebody."""

    tag: ClassVar[str] = "case:owner:assigned"
    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerTold(Event):
    """Somebody beside the owner was told that the case opened."""

    tag: ClassVar[str] = "case:officer:told"
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianTold(Event):
    """Somebody was told in private that the reporter had been asked to withdraw. No timeline says so."""

    tag: ClassVar[str] = "case:guardian:told"
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerChanged(Event):
    """The case moved from one person to another."""

    tag: ClassVar[str] = "case:owner:changed"
    from_role: str
    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAcknowledged(Event):
    """A person told the reporter that they have it."""

    tag: ClassVar[str] = "case:report:acknowledged"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveritySet(Event):
    """Triage set how urgent it is."""

    tag: ClassVar[str] = "case:severity:set"
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityLowered(Event):
    """Somebody made it less urgent, for a reason that is kept in the case."""

    tag: ClassVar[str] = "case:severity:lowered"
    from_severity: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChanged(Event):
    """Triage put it under another category."""

    tag: ClassVar[str] = "case:category:changed"
    from_category: str
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageDecided(Event):
    """Somebody read it and decided what it needs.

    ``repeat``: whether something like it happened before, in a self-report: yes, no or unknown; else empty.
    """

    tag: ClassVar[str] = "case:triage:decided"
    repeat: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDecided(Event):
    """Triage decided how far the reporter was bound to act."""

    tag: ClassVar[str] = "case:duty:decided"
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimDecided(Event):
    """Triage recorded what keeps people safe meanwhile."""

    tag: ClassVar[str] = "case:interim:decided"
    measures: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRaised(Event):
    """Somebody was reported to be at risk, and whoever ``to`` names was told: on call, if anybody is."""

    tag: ClassVar[str] = "case:risk:raised"
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDecided(Event):
    """It was recorded who told the patient, or why nobody did."""

    tag: ClassVar[str] = "case:patient:decided"
    is_told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDataDecided(Event):
    """The data protection officer decided whether a patient could be recognised."""

    tag: ClassVar[str] = "case:patientdata:decided"
    patient_data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentRecorded(Event):
    """Somebody recorded that it was noted and taken down, that a request was filed, or that nothing was up."""

    tag: ClassVar[str] = "case:containment:recorded"
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyPlanned(Event):
    """A handler made a safety plan with a reporter who works with the person."""

    tag: ClassVar[str] = "case:safety:planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationRequested(Event):
    """A handler asked the reporter something and the review paused."""

    tag: ClassVar[str] = "case:information:requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitEnded(Event):
    """The review went on without the reporter's answer: by a handler, or because the wait was over."""

    tag: ClassVar[str] = "case:wait:ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationProvided(Event):
    """The reporter answered and the review went on."""

    tag: ClassVar[str] = "case:information:provided"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreAdded(Event):
    """The reporter added more."""

    tag: ClassVar[str] = "case:more:added"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(Event):
    """A handler or the reporter sent a message."""

    tag: ClassVar[str] = "case:message:sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsChosen(Event):
    """The reporter chose to be told of news by mail, or to look for themselves."""

    tag: ClassVar[str] = "case:news:chosen"
    is_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceGiven(Event):
    """The adviser answered the member."""

    tag: ClassVar[str] = "advice:reply:sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberReminded(Event):
    """The member was reminded that their employer may need to know of the patient's information."""

    tag: ClassVar[str] = "advice:reminder:sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Event):
    """A handler wrote a note for handlers."""

    tag: ClassVar[str] = "case:note:added"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReferred(Event):
    """A handler passed the case to another role."""

    tag: ClassVar[str] = "case:referral:made"
    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEscalated(Event):
    """The case went to a more senior person, by a handler or because a date passed."""

    tag: ClassVar[str] = "case:escalation:made"
    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecusalMade(Event):
    """A handler stepped back."""

    tag: ClassVar[str] = "case:recusal:made"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionsAgreed(Event):
    """Actions were agreed."""

    tag: ClassVar[str] = "case:action:agreed"
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCompleted(Event):
    """One agreed action was done."""

    tag: ClassVar[str] = "case:action:completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRecorded(Event):
    """A named person recorded that an outside body was told."""

    tag: ClassVar[str] = "case:notice:recorded"
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectResolved(Event):
    """Somebody recorded who a concern is about, or that they are nobody here."""

    tag: ClassVar[str] = "case:subject:resolved"
    is_member: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(Event):
    """The case was closed with an outcome and a text for the reporter."""

    tag: ClassVar[str] = "case:closure:made"
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReopened(Event):
    """The case was opened again."""

    tag: ClassVar[str] = "case:closure:undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWithdrawn(Event):
    """The reporter withdrew the report."""

    tag: ClassVar[str] = "case:withdrawal:made"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictFound(Event):
    """Somebody who worked on the case turned out to have a conflict."""

    tag: ClassVar[str] = "case:conflict:found"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseViewed(Event):
    """Somebody opened the case."""

    tag: ClassVar[str] = "case:view:opened"
    viewer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseViewedAgain(Event):
    """Somebody opened the case several more times within five minutes."""

    tag: ClassVar[str] = "case:view:repeated"
    viewer: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineArmed(Event):
    """A date was set."""

    tag: ClassVar[str] = "case:deadline:armed"
    clock: str
    due: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineMoved(Event):
    """A date moved."""

    tag: ClassVar[str] = "case:deadline:moved"
    clock: str
    from_due: str
    due: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePaused(Event):
    """A date waits for somebody."""

    tag: ClassVar[str] = "case:deadline:paused"
    clock: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineMet(Event):
    """What was due was done, in time or late."""

    tag: ClassVar[str] = "case:deadline:met"
    clock: str
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineReminded(Event):
    """Whoever has the case was reminded that a date comes near."""

    tag: ClassVar[str] = "case:deadline:reminded"
    clock: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised(Event):
    """A date stayed missed up to the top of its ladder: the auditor reads of it here."""

    tag: ClassVar[str] = "case:alarm:raised"
    clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineMissed(Event):
    """What was due was not done, and the owner was told; and whoever owed it, where that is another role."""

    tag: ClassVar[str] = "case:deadline:missed"
    clock: str
    told: str
    also_told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IcoStarted(Event):
    """The 72 hours in which the data protection regulator may have to be told began."""

    tag: ClassVar[str] = "case:ico:started"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupMissed(Event):
    """A reference was looked up and nothing was found."""

    tag: ClassVar[str] = "case:lookup:missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRun(Event):
    """Somebody searched for a case by its reference or for people by name; not for what."""

    tag: ClassVar[str] = "search:query:run"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupMissedAgain(Event):
    """Further references were looked up within five minutes and nothing was found."""

    tag: ClassVar[str] = "case:lookup:repeated"
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """A person signed in."""

    tag: ClassVar[str] = "account:session:started"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefused(Event):
    """A sign-in to a known account was refused."""

    tag: ClassVar[str] = "account:session:refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A person signed out."""

    tag: ClassVar[str] = "account:session:ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Event):
    """All other sessions of a person ended."""

    tag: ClassVar[str] = "account:sessions:ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChosen(Event):
    """A person went on in another membership."""

    tag: ClassVar[str] = "account:membership:chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """A person changed their password."""

    tag: ClassVar[str] = "account:password:changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofGiven(Event):
    """A signed-in person showed again that they know their password."""

    tag: ClassVar[str] = "account:proof:given"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRefused(Event):
    """Somebody in a person's session did not know the password."""

    tag: ClassVar[str] = "account:proof:refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAdded(Event):
    """A person added a private address of their own."""

    tag: ClassVar[str] = "account:address:added"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSent(Event):
    """A code was sent to a person's own address."""

    tag: ClassVar[str] = "account:code:sent"
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftChanged(Event):
    """A person started, sent or deleted a draft."""

    tag: ClassVar[str] = "account:draft:changed"
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAdded(Event):
    """An administrator or the operator added a person."""

    tag: ClassVar[str] = "people:person:added"


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipStarted(Event):
    """A person was given a role."""

    tag: ClassVar[str] = "people:membership:started"
    role: str
    starts_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipEnded(Event):
    """A person's role was ended."""

    tag: ClassVar[str] = "people:membership:ended"
    role: str
    ends_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationDeclared(Event):
    """A relation between two people was recorded or ended."""

    tag: ClassVar[str] = "people:relation:declared"
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationWithdrawn(Event):
    """A role that was offered is not offered any more."""

    tag: ClassVar[str] = "people:invitation:withdrawn"
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetStarted(Event):
    """An administrator had a code sent to a person's own address."""

    tag: ClassVar[str] = "people:reset:started"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarChanged(Event):
    """A closure of the organisation was added or removed."""

    tag: ClassVar[str] = "calendar:version:changed"
    change: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationChanged(Event):
    """How an organisation is reached, or when it works, was changed."""

    tag: ClassVar[str] = "people:organisation:changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsiderAppointed(Event):
    """Somebody of another body was appointed to act here in one capacity."""

    tag: ClassVar[str] = "people:appointment:made"
    capacity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationAdded(Event):
    """The operator added an organisation."""

    tag: ClassVar[str] = "people:organisation:added"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRun(Event):
    """The operator ran a sweep of deadlines by hand."""

    tag: ClassVar[str] = "deadlines:sweep:run"
    fired: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDelivered(Event):
    """The operator delivered waiting mail by hand."""

    tag: ClassVar[str] = "mail:outbox:delivered"
    sent: int
