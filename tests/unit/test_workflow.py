"""The engine, and what holds for every shipped definition whatever people and the clock do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import ActionNotAllowed, InvalidInput
from app.domain.vocabulary import Duty, Kind, Outcome, PatientData, Role, Severity
from app.domain.workflow import (
    Action,
    ClockState,
    Definition,
    Effect,
    Occurrence,
    Snapshot,
    Waiting,
    Who,
    allowed,
    outcomes_of,
    step,
)
from tests.unit.walking import (
    OWNERS,
    SENT,
    SHIPPED,
    act,
    by,
    by_reporter,
    later,
    live,
    opened,
    possible,
    snapshot,
    stored,
    swept,
)

KINDS = pytest.mark.parametrize("kind", Kind)
LEAD = Role.CLINICAL_LEAD
STEPS = 12


# ---- what the shipped definitions promise


def _next_states(definition: Definition, state: str) -> set[str]:
    found = set()
    for transition in definition.transitions.values():
        if state in transition.from_states:
            found |= {transition.to or state, *transition.by_outcome.values()}
    return found


def _reachable(definition: Definition, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += _next_states(definition, state)
    return seen


@KINDS
def test_every_state_is_reached_from_the_start(kind: Kind) -> None:
    definition = SHIPPED[kind]
    assert _reachable(definition, definition.start) == set(definition.states)


@KINDS
def test_every_state_leads_to_a_final_one(kind: Kind) -> None:
    definition = SHIPPED[kind]
    final = {name for name, state in definition.states.items() if state.is_final}
    stuck = [name for name in definition.states if not _reachable(definition, name) & final]
    assert stuck == []


def _names_used(definition: Definition) -> Iterator[tuple[str, str]]:
    for transition in definition.transitions.values():
        states = (*transition.from_states, *transition.first_in, *transition.by_outcome.values())
        yield from (("state", name) for name in (*states, *filter(None, [transition.to])))
        clocks = (transition.meets, transition.meets_after_triage, transition.ends)
        more = (transition.pauses, transition.resumes, transition.starts)
        yield from (("clock", code) for codes in (*clocks, *more) for code in codes)
        yield from (("who", name) for name in transition.by)
    for clock in definition.clocks.values():
        yield from (("clock", code) for code in filter(None, [clock.not_later_than]))
        yield from (("action", action) for action in filter(None, [clock.fires]))


@KINDS
def test_a_definition_names_nothing_that_it_does_not_have(kind: Kind) -> None:
    definition = SHIPPED[kind]
    known = {
        "state": set(definition.states),
        "clock": set(definition.clocks),
        "who": {*Who, *Role},
        "action": set(definition.transitions),
    }
    assert [name for what, name in _names_used(definition) if name not in known[what]] == []


@KINDS
def test_a_rung_may_fire_in_every_state_in_which_its_clock_can_run(kind: Kind) -> None:
    definition = SHIPPED[kind]
    if not any(clock.ladder for clock in definition.clocks.values()):
        pytest.fail("no ladder to look at") if kind is not Kind.ADVICE else None
        return
    open_states = {name for name, state in definition.states.items() if not state.is_final}
    escalate = definition.transitions[Action.ESCALATE]
    assert set(escalate.from_states) == open_states
    assert Who.CLOCK in escalate.by


@KINDS
def test_a_wait_for_the_reporter_has_a_limit_that_ends_it_by_itself(kind: Kind) -> None:
    definition = SHIPPED[kind]
    waits = {name for name, state in definition.states.items() if state.waits_for is Waiting.REPORTER}
    into = [one for one in definition.transitions.values() if one.to in waits]
    assert into
    for transition in into:
        ending = [definition.clocks[code].fires for code in transition.starts]
        assert Action.WAIT_OVER in ending
    assert set(definition.transitions[Action.WAIT_OVER].from_states) == waits
    assert Who.CLOCK in definition.transitions[Action.WAIT_OVER].by


@KINDS
def test_the_shortest_limit_for_somebody_in_danger_is_at_most_four_hours(kind: Kind) -> None:
    if kind is Kind.ADVICE:
        return  # an MDO has a telephone line for what cannot wait
    triage = SHIPPED[kind].clocks["TRIAGE"].limits[Severity.CRITICAL]
    assert str(triage) == "4 hours"


# ---- whatever people and the clock do

BEGINNINGS = st.builds(
    opened,
    st.sampled_from(list(Kind)),
    severity=st.sampled_from(list(Severity)),
    patient_data=st.sampled_from(list(PatientData)),
    duty=st.sampled_from(list(Duty)),
)


@given(beginning=BEGINNINGS, data=st.data())
def test_no_sequence_of_allowed_acts_leaves_the_definition(beginning: Snapshot, data: st.DataObject) -> None:
    definition = SHIPPED[beginning.kind]
    now, case = SENT, beginning
    for _ in range(STEPS):
        now = later(now, hours=data.draw(st.integers(0, 900)))
        case = swept(case, now)
        _check(definition, case)
        choices = possible(case)
        if not choices:
            assert case.state == "withdrawn"
            return
        occurrence = data.draw(st.sampled_from(choices))
        case = stored(act(case, occurrence, now=now), occurrence)
        _check(definition, case)


def _check(definition: Definition, case: Snapshot) -> None:
    """What holds of every case at every moment."""
    state = definition.states[case.state]
    assert case.owner_membership_id is not None
    assert (case.closed_at is not None) is state.is_final
    running = [row for row in case.clocks if row.is_running]
    if state.is_final:
        assert live(case) == []
    else:
        assert running
    codes = [row.clock for row in running]
    assert len(codes) == len(set(codes))
    open_pauses = {pause.clock for pause in case.pauses if pause.ended_at is None}
    assert open_pauses == {row.clock for row in running if row.state is ClockState.PAUSED}
    if state.waits_for is Waiting.REPORTER:
        assert "WAIT" in codes
    else:
        assert "WAIT" not in codes


@given(beginning=BEGINNINGS, data=st.data())
def test_a_breach_stays_a_breach_whatever_happens_later(beginning: Snapshot, data: st.DataObject) -> None:
    case = swept(beginning, later(SENT, hours=24 * 40))
    missed = {row.id: row.due_at for row in case.clocks if row.state is ClockState.MISSED}
    now = later(SENT, hours=24 * 41)
    for _ in range(4):
        if choices := possible(case):
            occurrence = data.draw(st.sampled_from(choices))
            case = stored(act(case, occurrence, now=now), occurrence)
    after = {row.id: (row.state, row.due_at) for row in case.clocks}
    assert {key: (ClockState.MISSED, due) for key, due in missed.items()}.items() <= after.items()
    assert missed


# ---- one rule each


def test_an_action_that_the_state_does_not_know_is_refused() -> None:
    with pytest.raises(ActionNotAllowed):
        step(SHIPPED[Kind.SELF_REPORT], snapshot(), by(LEAD, Action.CLOSE), SENT)


def test_an_action_of_somebody_else_is_refused() -> None:
    for occurrence in (
        by_reporter(Action.TRIAGE),
        by(Role.DATA_PROTECTION_OFFICER, Action.TRIAGE),
        Occurrence(action=Action.TRIAGE),
    ):
        with pytest.raises(ActionNotAllowed):
            step(SHIPPED[Kind.SELF_REPORT], snapshot(), occurrence, SENT)


def test_only_the_officer_decides_about_patient_information() -> None:
    case = opened(patient_data=PatientData.YES)
    for role in (LEAD, Role.SIRO, Role.CALDICOTT_GUARDIAN):
        with pytest.raises(ActionNotAllowed):
            act(case, by(role, Action.DECIDE_PATIENT_DATA, patient_data=PatientData.NO))
    assert (
        act(
            case, by(Role.DATA_PROTECTION_OFFICER, Action.DECIDE_PATIENT_DATA, patient_data=PatientData.NO)
        ).after.patient_data
        is PatientData.NO
    )


def test_lowering_how_urgent_it_is_needs_a_reason() -> None:
    case = opened(severity=Severity.HIGH)
    with pytest.raises(InvalidInput):
        act(case, by(LEAD, Action.TRIAGE, severity=Severity.LOW))
    lowered = by(LEAD, Action.TRIAGE, severity=Severity.LOW, reason="seen by nobody")
    assert act(case, lowered).after.severity is Severity.LOW
    assert act(case, by(LEAD, Action.TRIAGE, severity=Severity.CRITICAL)).after.severity is Severity.CRITICAL


@pytest.mark.parametrize(
    "facts",
    [
        {"is_risk_now": True},
        {"patient_data": PatientData.YES},
        {"patient_data": PatientData.UNSURE},
        {"kind": Kind.CONCERN, "duty": Duty.MUST_ACT},
    ],
)
def test_a_report_is_not_withdrawn_where_a_patient_may_be_at_risk(facts: dict[str, object]) -> None:
    case = opened(**facts)  # type: ignore[arg-type]
    with pytest.raises(ActionNotAllowed):
        act(case, by_reporter(Action.WITHDRAW))
    assert not _may(case, by_reporter(Action.OPEN), Action.WITHDRAW)


def test_a_report_is_withdrawn_before_triage_only() -> None:
    case = opened()
    assert act(case, by_reporter(Action.WITHDRAW)).after.state == "withdrawn"
    with pytest.raises(ActionNotAllowed):
        act(_triaged(case), by_reporter(Action.WITHDRAW))


def test_a_case_closes_only_when_open_actions_are_done_or_kept_by_somebody() -> None:
    case = replace(_triaged(opened()), open_actions=1)
    closing = by(LEAD, Action.CLOSE, outcome=Outcome.ADVICE)
    with pytest.raises(InvalidInput) as refused:
        act(case, closing)
    assert (refused.value.field, refused.value.code) == ("kept", "open_actions")
    assert act(case, replace(closing, are_actions_kept=True)).after.state == "closed"


def test_a_case_with_a_recognisable_patient_closes_only_when_it_is_said_who_told_them() -> None:
    case = _contained(_decided(_triaged(opened(patient_data=PatientData.UNSURE))))
    closing = by(LEAD, Action.CLOSE, outcome=Outcome.ADVICE)
    with pytest.raises(InvalidInput) as refused:
        act(case, closing)
    assert refused.value.field == "patient"
    for told in (True, False):
        assert act(case, replace(closing, is_patient_told=told)).after.state == "closed"


def _decided(case: Snapshot, **facts: object) -> Snapshot:
    decision = {"patient_data": PatientData.YES, "is_risk_unlikely": True} | facts
    return act(case, by(Role.DATA_PROTECTION_OFFICER, Action.DECIDE_PATIENT_DATA, **decision)).after


def _contained(case: Snapshot) -> Snapshot:
    return act(case, by(LEAD, Action.RECORD_CONTAINMENT)).after


def test_closing_buries_no_clock_of_the_patients_information_in_time_or_late() -> None:
    case = _triaged(opened(patient_data=PatientData.YES))
    told = by(LEAD, Action.RECORD_EXTERNAL_NOTICE, is_regulator=True)
    steps = {
        "officer_undecided": case,
        "regulator_open": _contained(_decided(case, is_risk_unlikely=False)),
        "not_contained": _decided(case),
    }
    closing = by(LEAD, Action.CLOSE, outcome=Outcome.ADVICE, is_patient_told=True)
    for code, open_case in steps.items():
        for late in (open_case, swept(open_case, SENT + timedelta(days=5))):
            with pytest.raises(InvalidInput) as refused:
                act(late, closing)
            assert (refused.value.field, refused.value.code) == ("outcome", code)
    assert act(act(steps["regulator_open"], told).after, closing).after.state == "closed"
    no_patient = _decided(case, patient_data=PatientData.NO)
    assert act(no_patient, replace(closing, is_patient_told=None)).after.state == "closed"


def test_what_is_written_to_a_closed_case_does_not_close_it_again() -> None:
    closed = act(_triaged(opened()), by(LEAD, Action.CLOSE, outcome=Outcome.ADVICE)).after
    later_on = act(closed, by_reporter(Action.MESSAGE), now=SENT + timedelta(days=3)).after
    assert later_on.closed_at == closed.closed_at == SENT


def test_an_action_that_was_kept_at_closing_is_still_marked_as_done() -> None:
    closing = by(LEAD, Action.CLOSE, outcome=Outcome.ADVICE, are_actions_kept=True)
    case = replace(_triaged(opened()), open_actions=1)
    for kept in (case, act(case, closing).after):
        assert act(kept, by(LEAD, Action.COMPLETE_ACTION)).after.state == kept.state
        with pytest.raises(ActionNotAllowed):
            act(replace(kept, open_actions=0), by(LEAD, Action.COMPLETE_ACTION))


@KINDS
def test_each_kind_closes_with_its_own_outcomes_only(kind: Kind) -> None:
    ready = opened(kind) if kind is Kind.ADVICE else _triaged(opened(kind))
    for outcome in Outcome:
        closing = by(OWNERS[kind], Action.CLOSE, outcome=outcome)
        if outcome in outcomes_of(kind):
            assert SHIPPED[kind].states[act(ready, closing).after.state].is_final
        else:
            with pytest.raises(InvalidInput):
                act(ready, closing)


def test_no_case_to_answer_is_an_end_of_its_own() -> None:
    case = _triaged(opened(Kind.CONCERN))
    assert act(case, by(Role.GUARDIAN, Action.CLOSE, outcome=Outcome.NO_CASE)).after.state == "no_case"
    assert act(case, by(Role.GUARDIAN, Action.CLOSE, outcome=Outcome.ADVICE)).after.state == "closed"


def test_only_those_two_and_a_board_lead_say_whom_an_unresolved_concern_is_about() -> None:
    case = replace(opened(Kind.CONCERN), is_subject_unresolved=True)
    assert not act(case, by(Role.GUARDIAN, Action.RESOLVE_SUBJECT)).after.is_subject_unresolved
    with pytest.raises(ActionNotAllowed):
        act(case, by(LEAD, Action.RESOLVE_SUBJECT))
    with pytest.raises(ActionNotAllowed):
        act(opened(Kind.CONCERN), by(Role.GUARDIAN, Action.RESOLVE_SUBJECT))


def test_an_officer_is_offered_no_act_of_a_handler() -> None:
    case = opened(patient_data=PatientData.YES)
    offered = {one.action for one in allowed(SHIPPED[case.kind], case, by(Role.SIRO, Action.OPEN))}
    assert offered == {Action.MESSAGE, Action.RECORD_CONTAINMENT, Action.RECUSE}


def test_what_to_do_first_stands_in_front() -> None:
    case = opened()
    offered = [one.action for one in allowed(SHIPPED[case.kind], case, by(LEAD, Action.OPEN))]
    assert set(offered[:2]) == {Action.ACKNOWLEDGE, Action.TRIAGE}
    acknowledged = act(case, by(LEAD, Action.ACKNOWLEDGE)).after
    assert not _may(acknowledged, by(LEAD, Action.OPEN), Action.ACKNOWLEDGE)


def test_a_step_decides_and_changes_nothing_itself() -> None:
    case = opened()
    stepped = step(SHIPPED[case.kind], case, by(LEAD, Action.TRIAGE), SENT + timedelta(hours=1))
    assert case.state == "awaiting_triage"
    assert stepped.snapshot.clocks == case.clocks
    assert {(one.effect, one.clock) for one in stepped.effects} == {
        (Effect.MEET, "TRIAGE"),
        (Effect.MEET, "ACK"),
    }


def _may(case: Snapshot, actor: Occurrence, action: Action) -> bool:
    return any(one.action is action for one in allowed(SHIPPED[case.kind], case, actor))


def _triaged(case: Snapshot) -> Snapshot:
    return act(case, by(OWNERS[case.kind], Action.TRIAGE)).after
