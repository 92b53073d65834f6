"""How a case flows: a definition is data, and ``step`` is the only thing that reads it to decide.

Pure: no I/O, no clock, no randomness. Nothing here is worded for people; labels stand in the definition.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from app.domain.deadlines import Limit
from app.domain.errors import ActionNotAllowed, InvalidInput
from app.domain.permissions import OFFICERS
from app.domain.vocabulary import (
    Basis,
    Duty,
    Kind,
    Outcome,
    PatientData,
    ReporterIdentity,
    Role,
    Severity,
)

# The clock by which what was posted is checked to be noted and taken down.
CONTAIN = "CONTAIN"


class Action(StrEnum):
    """What can be done in a case: the same verbs on buttons, in definitions and in the trail."""

    OPEN = "open"
    ACKNOWLEDGE = "acknowledge"
    TRIAGE = "triage"
    REQUEST_INFORMATION = "request_information"
    PROVIDE_INFORMATION = "provide_information"
    WAIT_OVER = "wait_over"
    REMIND = "remind"
    MESSAGE = "message"
    REPLY = "reply"
    ADD_MORE = "add_more"
    NOTE = "note"
    REFER = "refer"
    ESCALATE = "escalate"
    RECUSE = "recuse"
    AGREE_ACTIONS = "agree_actions"
    COMPLETE_ACTION = "complete_action"
    RECORD_CONTAINMENT = "record_containment"
    RECORD_SAFETY_PLAN = "record_safety_plan"
    OPEN_AS_OFFICER = "open_as_officer"
    DECIDE_PATIENT_DATA = "decide_patient_data"
    RECORD_EXTERNAL_NOTICE = "record_external_notice"
    RESOLVE_SUBJECT = "resolve_subject"
    CLOSE = "close"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"


class Waiting(StrEnum):
    """Who has to act next in a state."""

    HANDLER = "handler"
    REPORTER = "reporter"
    NOBODY = "nobody"


class Who(StrEnum):
    """Who may take an action, where it is not one role by name."""

    HANDLER = "handler"
    OFFICER = "officer"
    REPORTER = "reporter"
    CLOCK = "clock"


class Condition(StrEnum):
    """When a clock is armed as a case opens."""

    ALWAYS = "always"
    PATIENT_DATA = "patient_data"
    PATIENT_DATA_HELD_HERE = "patient_data_held_here"
    PATIENT_DATA_KEPT_FROM_EMPLOYER = "patient_data_kept_from_employer"
    WORKS_TOGETHER = "works_together"
    NEVER_AT_OPENING = "never_at_opening"


class Guard(StrEnum):
    """A rule that must hold before an action, beside its states and roles."""

    NOT_ACKNOWLEDGED = "not_acknowledged"
    OPEN_ACTIONS = "open_actions"
    ACTIONS_SETTLED = "actions_settled"
    PATIENT_SETTLED = "patient_settled"
    NO_PATIENT_AT_RISK = "no_patient_at_risk"
    REASON_TO_LOWER = "reason_to_lower"
    SUBJECT_UNRESOLVED = "subject_unresolved"
    PATIENT_DATA_OPEN = "patient_data_open"
    CONTAIN_RUNNING = "contain_running"
    SAFETY_RUNNING = "safety_running"
    OUTCOME_FITS = "outcome_fits"
    NOTHING_BURIED = "nothing_buried"


class ClockState(StrEnum):
    """What became of a clock or of a rung of its ladder."""

    ARMED = "armed"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    FIRED = "fired"
    CANCELLED = "cancelled"
    SET_ASIDE = "set_aside"


# The clocks of a patient's information: the officers' part of a case.
DATA_CLOCKS = (CONTAIN, "DPO", "SIRO", "ICO")
RUNNING = frozenset({ClockState.ARMED, ClockState.PAUSED, ClockState.MISSED})


class RungAct(StrEnum):
    """What a rung of a ladder does to those it names."""

    REMIND = "remind"
    TELL = "tell"
    TAKE = "take"


OWNER, DEPUTY = "owner", "deputy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A step of a ladder: so long before or after the due time, or at it where ``offset`` is None.

    Numbers below 0 come before the due time, those above at it or after. ``to`` names roles, or the ``owner``
    of the case, or the owner's ``deputy``; a rung that hands the case over names one.
    """

    code: str
    number: int
    does: RungAct
    to: tuple[str, ...]
    is_before: bool
    offset: Mapping[Severity, Limit] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A limit, what it rests on, when it starts and what happens when it is missed."""

    code: str
    label: str
    promise: str
    next_step: str
    limits: Mapping[Severity, Limit]
    basis: Basis
    source: str
    is_unchecked: bool
    armed_when: Condition
    not_for: frozenset[str]
    not_later_than: str
    counts_from_realised: bool
    owed_by: Role | None
    ladder: tuple[Rung, ...]
    tells_when_missed: tuple[Role, ...]
    fires: Action | None
    is_shown_to_reporter: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A place where a case can be; the labels are what staff and the reporter read."""

    name: str
    label: str
    reporter_label: str
    waits_for: Waiting
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One action: from where, to where, by whom, and what it does to the clocks."""

    action: Action
    label: str
    from_states: tuple[str, ...]
    to: str
    by: tuple[str, ...]
    guards: tuple[Guard, ...]
    meets: tuple[str, ...]
    meets_after_triage: tuple[str, ...]
    ends: tuple[str, ...]
    pauses: tuple[str, ...]
    resumes: tuple[str, ...]
    starts: tuple[str, ...]
    first_in: tuple[str, ...]
    by_outcome: Mapping[Outcome, str]
    audit: str
    second_by: tuple[str, ...]

    def leads_to(self, snapshot: "Snapshot", occurrence: "Occurrence") -> str:
        """The state after the action: by its outcome, else its own, else where the case is."""
        chosen = self.by_outcome.get(occurrence.outcome) if occurrence.outcome else None
        return chosen or self.to or snapshot.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A workflow as it was when a case started on it; known by the SHA-256 of its canonical form."""

    name: str
    version: int
    kind: Kind
    label: str
    start: str
    fallback: Role
    states: Mapping[str, State]
    transitions: Mapping[Action, Transition]
    clocks: Mapping[str, Clock]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """One stored clock or rung, as the snapshot sees it."""

    id: UUID
    clock: str
    generation: int
    rung: int
    state: ClockState
    limit: Limit
    owed_by: Role
    started_at: datetime
    due_at: datetime
    fire_at: datetime
    ended_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        """Whether what it asks for is still to be done, in time or late."""
        return self.rung == 0 and self.ended_at is None and self.state in RUNNING

    @property
    def is_due_next(self) -> bool:
        """Whether it may be the next thing to do. A reminder of the reporter is nobody's work."""
        return self.is_running and self.state is not ClockState.PAUSED and self.owed_by is not Role.MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRow:
    """One stored pause of a clock; open while ``ended_at`` is None."""

    id: UUID
    clock: str
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything about a case that decides what may happen next."""

    case_id: UUID
    organisation_id: UUID
    kind: Kind
    version: int
    state: str
    severity: Severity
    category: str
    duty: Duty
    patient_data: PatientData
    identity: ReporterIdentity
    owner_role: Role
    owner_membership_id: UUID
    is_risk_now: bool = False
    is_subject_unresolved: bool = False
    is_patient_told: bool = False
    open_actions: int = 0
    opened_at: datetime
    triaged_at: datetime | None = None
    closed_at: datetime | None = None
    clocks: tuple[ClockRow, ...] = ()
    pauses: tuple[PauseRow, ...] = ()

    def running(self, code: str) -> ClockRow | None:
        """The running limit of a clock, if there is one."""
        return next((row for row in self.clocks if row.clock == code and row.is_running), None)

    def generation(self, code: str) -> int:
        """How often a clock was started so far."""
        return max((row.generation for row in self.clocks if row.clock == code), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An action taken by somebody, with the facts that guards and clocks read."""

    action: Action
    capacity: Role | None = None
    is_reporter: bool = False
    severity: Severity | None = None
    category: str | None = None
    patient_data: PatientData | None = None
    is_risk_unlikely: bool = False
    is_regulator: bool = False
    is_patient_told: bool | None = None
    are_actions_kept: bool = False
    outcome: Outcome | None = None
    reason: str = ""

    @property
    def parts(self) -> frozenset[str]:
        """The names under which a definition may allow this actor."""
        if self.is_reporter:
            return frozenset({Who.REPORTER})
        if self.capacity is None:
            return frozenset({Who.CLOCK})
        kind = Who.OFFICER if self.capacity in OFFICERS else Who.HANDLER
        return frozenset({kind, self.capacity})


class Effect(StrEnum):
    """What a step does to one clock."""

    START = "start"
    MEET = "meet"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEffect:
    """One effect on one clock, by its code."""

    effect: Effect
    clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """Where a step led, and what it does to the clocks, in order."""

    snapshot: Snapshot
    effects: tuple[ClockEffect, ...] = field(default=())


def step(definition: Definition, snapshot: Snapshot, occurrence: Occurrence, now: datetime) -> Stepped:
    """Where the action leads. Raises ActionNotAllowed or InvalidInput; changes nothing itself."""
    transition = _transition(definition, snapshot, occurrence)
    for guard in transition.guards:
        GUARDS[guard](snapshot, occurrence)
    moved = _facts(snapshot, occurrence, now)
    after = replace(moved, state=transition.leads_to(snapshot, occurrence))
    effects = _effects(transition, snapshot, occurrence)
    is_over = definition.states[after.state].is_final
    effects = (
        *effects,
        *_cancelled(
            snapshot, effects, lambda code: is_over or after.category in definition.clocks[code].not_for
        ),
    )
    return Stepped(snapshot=_closed(after, now) if is_over else after, effects=effects)


def _closed(snapshot: Snapshot, now: datetime) -> Snapshot:
    """A case that is over was closed when it was; what is written to it afterwards does not close it again."""
    return replace(snapshot, closed_at=snapshot.closed_at or now)


def allowed(definition: Definition, snapshot: Snapshot, occurrence: Occurrence) -> tuple[Transition, ...]:
    """The actions that this actor may take now, the one to offer first in front."""
    open_now = [
        transition
        for transition in definition.transitions.values()
        if _fits(transition, snapshot, occurrence) and _is_offered(transition, snapshot)
    ]
    return tuple(sorted(open_now, key=lambda transition: snapshot.state not in transition.first_in))


def _transition(definition: Definition, snapshot: Snapshot, occurrence: Occurrence) -> Transition:
    transition = definition.transitions.get(occurrence.action)
    if transition is None or not _fits(transition, snapshot, occurrence):
        raise ActionNotAllowed(f"{occurrence.action} in {snapshot.state}")
    return transition


def _fits(transition: Transition, snapshot: Snapshot, occurrence: Occurrence) -> bool:
    return snapshot.state in transition.from_states and bool(occurrence.parts & set(transition.by))


def _is_offered(transition: Transition, snapshot: Snapshot) -> bool:
    """Whether the guards that need no input would let it through."""
    try:
        for guard in transition.guards:
            if guard in STANDING_GUARDS:
                GUARDS[guard](snapshot, Occurrence(action=transition.action))
    except ActionNotAllowed:
        return False
    return True


def _facts(snapshot: Snapshot, occurrence: Occurrence, now: datetime) -> Snapshot:
    """The snapshot with what the action itself decides."""
    triaged = now if occurrence.action is Action.TRIAGE else snapshot.triaged_at
    reopened = occurrence.action is Action.REOPEN
    return replace(
        snapshot,
        severity=occurrence.severity or snapshot.severity,
        category=occurrence.category or snapshot.category,
        patient_data=occurrence.patient_data or snapshot.patient_data,
        is_patient_told=snapshot.is_patient_told or occurrence.is_patient_told is not None,
        is_subject_unresolved=snapshot.is_subject_unresolved
        and occurrence.action is not Action.RESOLVE_SUBJECT,
        triaged_at=triaged,
        closed_at=None if reopened else snapshot.closed_at,
    )


def _effects(transition: Transition, snapshot: Snapshot, occurrence: Occurrence) -> tuple[ClockEffect, ...]:
    """What happens to the clocks, the endings first."""
    effects = [
        *_each(Effect.MEET, _met(transition, snapshot, occurrence), snapshot),
        *_each(Effect.CANCEL, _ended(transition, occurrence), snapshot),
        *_each(Effect.PAUSE, transition.pauses, snapshot),
    ]
    paused = {pause.clock for pause in snapshot.pauses if pause.ended_at is None}
    met = {one.clock for one in effects}
    resumed = [code for code in transition.resumes if code in paused and code not in met]
    effects += [ClockEffect(effect=Effect.RESUME, clock=code) for code in resumed]
    started = [code for code in transition.starts if snapshot.running(code) is None or code in met]
    return (*effects, *(ClockEffect(effect=Effect.START, clock=code) for code in started))


def _met(transition: Transition, snapshot: Snapshot, occurrence: Occurrence) -> tuple[str, ...]:
    is_news = snapshot.triaged_at is not None and not occurrence.is_reporter
    late = transition.meets_after_triage if is_news else ()
    return transition.meets + late + _met_by_officer(occurrence)


def _met_by_officer(occurrence: Occurrence) -> tuple[str, ...]:
    """The regulator's 72 hours are met by notice to it, or by the decision that a risk is unlikely."""
    if occurrence.is_regulator:
        return ("ICO",)
    if occurrence.action is Action.DECIDE_PATIENT_DATA and occurrence.is_risk_unlikely:
        return ("ICO",)
    return ()


def _ended(transition: Transition, occurrence: Occurrence) -> tuple[str, ...]:
    """The officer's "no" ends everything that patient information had started."""
    if occurrence.patient_data is PatientData.NO:
        return (*transition.ends, *DATA_CLOCKS)
    return transition.ends


def _each(effect: Effect, codes: tuple[str, ...], snapshot: Snapshot) -> list[ClockEffect]:
    return [ClockEffect(effect=effect, clock=code) for code in codes if snapshot.running(code)]


def _cancelled(
    snapshot: Snapshot, effects: tuple[ClockEffect, ...], is_pointless: Callable[[str], bool]
) -> list[ClockEffect]:
    """A final state runs no clock, nor does a case run one that is not for its category."""
    settled = {one.clock for one in effects if one.effect in {Effect.MEET, Effect.CANCEL}}
    running = dict.fromkeys(row.clock for row in snapshot.clocks if row.is_running)
    left = [code for code in running if code not in settled and is_pointless(code)]
    return [ClockEffect(effect=Effect.CANCEL, clock=code) for code in left]


def _not_acknowledged(snapshot: Snapshot, _occurrence: Occurrence) -> None:
    if snapshot.running("ACK") is None:
        raise ActionNotAllowed("the report was acknowledged before")


def _open_actions(snapshot: Snapshot, _occurrence: Occurrence) -> None:
    if not snapshot.open_actions:
        raise ActionNotAllowed("no action is open")


def _actions_settled(snapshot: Snapshot, occurrence: Occurrence) -> None:
    if snapshot.open_actions and not occurrence.are_actions_kept:
        raise InvalidInput("kept", "open_actions")


def _patient_settled(snapshot: Snapshot, occurrence: Occurrence) -> None:
    """Before a case with a recognisable patient closes: who told the patient, or why nobody did."""
    concerns_patient = snapshot.patient_data is not PatientData.NO
    if concerns_patient and not snapshot.is_patient_told and occurrence.is_patient_told is None:
        raise InvalidInput("patient", "not_settled")


def _no_patient_at_risk(snapshot: Snapshot, _occurrence: Occurrence) -> None:
    at_risk = snapshot.is_risk_now or snapshot.patient_data is not PatientData.NO
    must_act = snapshot.kind is Kind.CONCERN and snapshot.duty is Duty.MUST_ACT
    if at_risk or must_act:
        raise ActionNotAllowed("a patient may be at risk")


def _reason_to_lower(snapshot: Snapshot, occurrence: Occurrence) -> None:
    lowered = occurrence.severity is not None and occurrence.severity.rank < snapshot.severity.rank
    if lowered and not occurrence.reason:
        raise InvalidInput("reason", "lowering")


def _subject_unresolved(snapshot: Snapshot, _occurrence: Occurrence) -> None:
    if not snapshot.is_subject_unresolved:
        raise ActionNotAllowed("it is known who the concern is about")


def _patient_data_open(snapshot: Snapshot, _occurrence: Occurrence) -> None:
    if snapshot.running("SIRO") is None and snapshot.running("ICO") is None:
        raise ActionNotAllowed("nothing waits for this decision")


def _contain_running(snapshot: Snapshot, _occurrence: Occurrence) -> None:
    if snapshot.running(CONTAIN) is None:
        raise ActionNotAllowed("nothing waits to be taken down")


def left_to_do(snapshot: Snapshot) -> tuple[str, ...]:
    """What is in the way of closing, as codes: a clock of the patient's information is never ended by closing."""
    is_undecided, is_open = (snapshot.running(clock) is not None for clock in ("SIRO", "ICO"))
    codes = {
        "officer_undecided": is_undecided,
        "regulator_open": is_open and not is_undecided,
        "not_contained": snapshot.running("CONTAIN") is not None,
    }
    return tuple(code for code, is_left in codes.items() if is_left)


def _nothing_buried(snapshot: Snapshot, _occurrence: Occurrence) -> None:
    for code in left_to_do(snapshot):
        raise InvalidInput("outcome", code)


def _safety_running(snapshot: Snapshot, _occurrence: Occurrence) -> None:
    if snapshot.running("SAFETY") is None:
        raise ActionNotAllowed("no safety plan is waited for")


ADVICE_OUTCOMES = frozenset({Outcome.ADVISED, Outcome.PHONE, Outcome.SOLICITOR, Outcome.NO_LONGER_NEEDED})


def outcomes_of(kind: Kind) -> tuple[Outcome, ...]:
    """The outcomes that a case of this kind can close with, in the order shown."""
    if kind is Kind.ADVICE:
        return tuple(outcome for outcome in Outcome if outcome in ADVICE_OUTCOMES)
    return tuple(
        outcome
        for outcome in Outcome
        if outcome not in ADVICE_OUTCOMES and (outcome is not Outcome.NO_CASE or kind is Kind.CONCERN)
    )


def _outcome_fits(snapshot: Snapshot, occurrence: Occurrence) -> None:
    if occurrence.outcome not in outcomes_of(snapshot.kind):
        raise InvalidInput("outcome", "unknown")


GUARDS: Mapping[Guard, Callable[[Snapshot, Occurrence], None]] = MappingProxyType(
    {
        Guard.NOT_ACKNOWLEDGED: _not_acknowledged,
        Guard.OPEN_ACTIONS: _open_actions,
        Guard.ACTIONS_SETTLED: _actions_settled,
        Guard.PATIENT_SETTLED: _patient_settled,
        Guard.NO_PATIENT_AT_RISK: _no_patient_at_risk,
        Guard.REASON_TO_LOWER: _reason_to_lower,
        Guard.SUBJECT_UNRESOLVED: _subject_unresolved,
        Guard.PATIENT_DATA_OPEN: _patient_data_open,
        Guard.CONTAIN_RUNNING: _contain_running,
        Guard.SAFETY_RUNNING: _safety_running,
        Guard.OUTCOME_FITS: _outcome_fits,
        Guard.NOTHING_BURIED: _nothing_buried,
    }
)
STANDING_GUARDS = frozenset(
    {
        Guard.NOT_ACKNOWLEDGED,
        Guard.OPEN_ACTIONS,
        Guard.NO_PATIENT_AT_RISK,
        Guard.SUBJECT_UNRESOLVED,
        Guard.PATIENT_DATA_OPEN,
        Guard.CONTAIN_RUNNING,
        Guard.SAFETY_RUNNING,
    }
)
