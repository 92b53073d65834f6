"""What an act does to clocks, dates and owners, decided without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.domain.deadlines import Limit
from app.domain.events import DeadlineMet, DeadlineMoved, DeadlinePaused
from app.domain.plan import (
    Assigned,
    Changes,
    Wish,
    armed_at_opening,
    armed_events,
    next_due,
    plan,
    plan_missed,
)
from app.domain.vocabulary import Kind, Outcome, PatientData, Role, Severity
from app.domain.workflow import Action, ClockRow, ClockState, Definition, Snapshot
from tests.unit.walking import (
    CLOCKWORK,
    SENT,
    SHIPPED,
    act,
    by,
    by_reporter,
    live,
    opened,
    rung_fired,
    snapshot,
)

LEAD = Role.CLINICAL_LEAD
OFFICER = Role.DATA_PROTECTION_OFFICER
FIVE = 16  # 5pm in London is 16:00 UTC in summer


def _row(case: Snapshot, code: str, rung: int = 0) -> ClockRow:
    rows = [row for row in case.clocks if row.clock == code and row.rung == rung]
    return max(rows, key=lambda row: row.generation)


def _codes(case: Snapshot) -> set[str]:
    return {row.clock for row in case.clocks if row.is_running}


def _met(changes: Changes) -> set[str]:
    return {event.clock for event in changes.events if isinstance(event, DeadlineMet)}


def test_a_report_without_a_patient_runs_four_clocks() -> None:
    assert _codes(opened()) == {"ACK", "TRIAGE", "FB20", "FB3M"}


def test_patient_information_starts_four_more_together() -> None:
    case = opened(patient_data=PatientData.UNSURE)
    assert _codes(case) == {"ACK", "TRIAGE", "FB20", "FB3M", "CONTAIN", "DPO", "SIRO", "ICO"}
    hours = {code: (_row(case, code).due_at - SENT).total_seconds() / 3600 for code in ("DPO", "SIRO", "ICO")}
    assert hours == {"DPO": 2, "SIRO": 48, "ICO": 72}


def test_nothing_is_asked_to_be_taken_down_where_a_picture_may_be_illegal() -> None:
    for category in ("CRM-IMG", "CRM-INTIMATE"):
        assert "CONTAIN" not in _codes(opened(patient_data=PatientData.YES, category=category))


@pytest.mark.parametrize(
    ("severity", "due"),
    [
        (Severity.CRITICAL, datetime(2026, 4, 7, 12, 0, tzinfo=UTC)),
        (Severity.HIGH, datetime(2026, 4, 8, FIVE, 0, tzinfo=UTC)),
        (Severity.MEDIUM, datetime(2026, 4, 10, FIVE, 0, tzinfo=UTC)),
        (Severity.LOW, datetime(2026, 4, 14, FIVE, 0, tzinfo=UTC)),
    ],
)
def test_triage_is_due_sooner_the_more_urgent_it_is(severity: Severity, due: datetime) -> None:
    assert _row(opened(severity=severity), "TRIAGE").due_at == due


def test_an_acknowledgement_is_never_due_after_triage() -> None:
    for severity in Severity:
        case = opened(severity=severity)
        assert _row(case, "ACK").due_at <= _row(case, "TRIAGE").due_at
        assert _row(case, "ACK").fire_at == _row(case, "ACK").due_at
    low = opened(severity=Severity.LOW)
    assert _row(low, "ACK").due_at < _row(low, "TRIAGE").due_at


def test_the_officers_clocks_of_a_practice_owner_count_from_when_they_realised() -> None:
    realised = SENT - timedelta(hours=30)
    fresh = snapshot(patient_data=PatientData.YES)
    rows = armed_at_opening(
        SHIPPED[fresh.kind], fresh, clockwork=CLOCKWORK, realised_at=realised, wanted=lambda clock: True
    )
    starts = {row.clock: row.started_at for row in rows if row.rung == 0}
    assert {code for code, start in starts.items() if start == realised} == {"SIRO", "ICO"}
    assert starts["DPO"] == starts["CONTAIN"] == SENT


def _climbed(case: Snapshot, code: str) -> list[tuple[str, timedelta]]:
    """What a clock does when nobody acts: each rung in order, and how long from its due time."""
    clock, limit = SHIPPED[case.kind].clocks[code], _row(case, code)
    names = {0: code} | {rung.number: rung.code for rung in clock.ladder}
    fired = []
    while waiting := [row for row in live(case) if row.clock == code and row.state is ClockState.ARMED]:
        row = min(waiting, key=lambda row: row.fire_at)
        fired.append((names[row.rung], row.fire_at - limit.due_at))
        if row.rung:
            case = rung_fired(SHIPPED[case.kind], case, row, row.fire_at)
        else:
            case = plan_missed(SHIPPED[case.kind], case, row, wish=Wish(), clockwork=CLOCKWORK).after
    return fired


def test_a_ladder_reminds_before_and_climbs_from_the_due_time_to_the_top() -> None:
    hours = {"R1": -1, "TRIAGE": 0, "E1": 0, "E2": 2, "E3": 4, "E4": 6}
    expected = [(code, timedelta(hours=number)) for code, number in hours.items()]
    assert _climbed(opened(severity=Severity.CRITICAL), "TRIAGE") == expected


def test_only_the_next_rung_waits_and_none_outlives_its_clock() -> None:
    case = opened()
    assert {row.rung for row in live(case) if row.clock == "TRIAGE"} == {0, -1}
    changes = act(case, by(LEAD, Action.TRIAGE))
    assert _met(changes) == {"TRIAGE", "ACK"}
    assert _row(changes.after, "TRIAGE", rung=-1).state is ClockState.CANCELLED
    assert _row(changes.after, "TRIAGE").state is ClockState.MET


def test_a_reminder_whose_time_has_gone_when_its_clock_starts_is_left_out() -> None:
    shipped = SHIPPED[Kind.SELF_REPORT]
    limits = dict.fromkeys(Severity, Limit.parse("1 working hour"))
    quick = replace(shipped.clocks["TRIAGE"], limits=limits)
    definition = replace(shipped, clocks={**shipped.clocks, "TRIAGE": quick})
    rows = armed_at_opening(
        definition, snapshot(), clockwork=CLOCKWORK, realised_at=None, wanted=lambda _clock: True
    )
    assert [row.rung for row in rows if row.clock == "TRIAGE"] == [0]


def test_a_message_before_triage_is_no_feedback_yet() -> None:
    case = opened()
    assert _met(act(case, by(LEAD, Action.MESSAGE))) == set()
    triaged = act(case, by(LEAD, Action.TRIAGE)).after
    assert _met(act(triaged, by(LEAD, Action.MESSAGE))) == {"FB20"}


def test_the_reporters_own_words_are_no_feedback() -> None:
    triaged = act(opened(), by(LEAD, Action.TRIAGE)).after
    assert _met(act(triaged, by_reporter(Action.MESSAGE))) == set()


@pytest.mark.parametrize(
    ("facts", "met", "left"),
    [
        ({"patient_data": PatientData.NO}, {"DPO", "SIRO"}, set()),
        ({"patient_data": PatientData.YES}, {"DPO", "SIRO"}, {"CONTAIN", "ICO"}),
        ({"patient_data": PatientData.YES, "is_risk_unlikely": True}, {"DPO", "SIRO", "ICO"}, {"CONTAIN"}),
    ],
)
def test_what_the_officer_decides_ends_what_it_settles(
    facts: dict[str, object], met: set[str], left: set[str]
) -> None:
    changes = act(opened(patient_data=PatientData.UNSURE), by(OFFICER, Action.DECIDE_PATIENT_DATA, **facts))
    assert _met(changes) == met
    assert _codes(changes.after) & {"CONTAIN", "DPO", "SIRO", "ICO"} == left


def test_notice_to_the_regulator_and_to_nobody_else_meets_the_72_hours() -> None:
    case = opened(patient_data=PatientData.YES)
    assert _met(act(case, by(LEAD, Action.RECORD_EXTERNAL_NOTICE, is_regulator=True))) == {"ICO"}
    assert _met(act(case, by(LEAD, Action.RECORD_EXTERNAL_NOTICE))) == set()


def test_a_missed_clock_that_is_met_later_stays_missed() -> None:
    case = opened()
    missed = plan_missed(
        SHIPPED[case.kind], case, _row(case, "TRIAGE"), wish=Wish(), clockwork=CLOCKWORK
    ).after
    assert _row(missed, "TRIAGE").is_running
    done = act(missed, by(LEAD, Action.TRIAGE), now=SENT + timedelta(days=20)).after
    assert _row(done, "TRIAGE").state is ClockState.MISSED
    assert _row(done, "TRIAGE").ended_at == SENT + timedelta(days=20)


def test_the_trail_says_whether_what_was_done_was_late() -> None:
    due = _row(opened(), "TRIAGE").due_at
    for now, is_late in ((due, False), (due + timedelta(minutes=1), True)):
        met = [
            one
            for one in act(opened(), by(LEAD, Action.TRIAGE), now=now).events
            if one.tag == DeadlineMet.tag
        ]
        assert DeadlineMet(by="clock", clock="TRIAGE", is_late=is_late) in met
    missed = plan_missed(
        SHIPPED[opened().kind], case := opened(), _row(case, "TRIAGE"), wish=Wish(), clockwork=CLOCKWORK
    ).after
    assert (
        DeadlineMet(by="clock", clock="TRIAGE", is_late=True) in act(missed, by(LEAD, Action.TRIAGE)).events
    )


@pytest.mark.parametrize("category", ["CRM-IMG", "CRM-INTIMATE"])
def test_triage_under_such_a_category_stops_asking_for_it_to_be_taken_down(category: str) -> None:
    case = opened(patient_data=PatientData.YES)
    changes = act(case, by(LEAD, Action.TRIAGE, category=category))
    assert _row(changes.after, "CONTAIN").state is ClockState.CANCELLED
    assert {"DPO", "SIRO", "ICO"} <= _codes(changes.after)
    assert "CONTAIN" in _codes(act(case, by(LEAD, Action.TRIAGE, category="CONF-ID")).after)


def test_the_start_of_the_regulators_72_hours_is_news_of_its_own() -> None:
    tags = [one.tag for one in armed_events(opened(patient_data=PatientData.YES).clocks)]
    assert tags.count("case:ico:started") == 1
    assert "case:ico:started" not in [one.tag for one in armed_events(opened().clocks)]


def test_a_closed_case_runs_no_clock_and_a_reopened_one_starts_afresh() -> None:
    triaged = act(opened(), by(LEAD, Action.TRIAGE)).after
    closed = act(triaged, by(LEAD, Action.CLOSE, outcome=Outcome.ADVICE)).after
    assert live(closed) == []
    assert next_due(closed) is None
    again = act(closed, by(LEAD, Action.REOPEN), now=SENT + timedelta(days=200)).after
    assert again.closed_at is None
    assert _codes(again) == {"FB20", "FB3M"}
    assert _row(again, "FB3M").generation == 2
    assert _row(again, "FB3M").due_at > SENT + timedelta(days=200)


def test_what_falls_due_first_is_what_the_case_waits_for_even_when_it_is_late() -> None:
    case = opened()
    soonest = next_due(case)
    assert soonest is not None
    assert soonest.clock == "ACK"
    late = plan_missed(SHIPPED[case.kind], case, soonest, wish=Wish(), clockwork=CLOCKWORK).after
    assert next_due(late) == _row(late, "ACK")


def test_whoever_joins_as_owner_owns_the_case() -> None:
    new = Assigned(
        membership_id=UUID(int=9), person_id=UUID(int=8), capacity=Role.MEDICAL_DIRECTOR, is_owner=True
    )
    told = replace(new, membership_id=UUID(int=7), is_owner=False)
    changes = act(opened(), by(LEAD, Action.REFER), wish=Wish(joining=(told, new)))
    assert changes.values["owner_membership_id"] == UUID(int=9)
    assert changes.values["owner_role"] is Role.MEDICAL_DIRECTOR
    assert act(opened(), by(LEAD, Action.REFER), wish=Wish(joining=(told,))).after.owner_role is LEAD


def test_an_acts_own_events_come_before_what_follows_from_them() -> None:
    wish_event = DeadlineMet(by="clinical_lead", clock="TRIAGE", is_late=False)
    changes = act(opened(), by(LEAD, Action.TRIAGE), wish=Wish(events=(wish_event,)))
    assert changes.events[0] is wish_event
    assert len(changes.events) == 3


# ---- pauses: the shipped definitions pause feedback, and a ladder would have to move with its clock


def _waiting(definition: Definition, case: Snapshot, *, at: datetime) -> Changes:
    return plan(
        definition,
        case,
        by(LEAD, Action.REQUEST_INFORMATION),
        now=at,
        clockwork=CLOCKWORK,
        wish=Wish(),
    )


def _answered(definition: Definition, case: Snapshot, *, at: datetime) -> Changes:
    return plan(
        definition,
        case,
        by_reporter(Action.PROVIDE_INFORMATION),
        now=at,
        clockwork=CLOCKWORK,
        wish=Wish(),
    )


def _pausing(code: str) -> Definition:
    """The shipped self-report, but a question pauses that clock and meets none."""
    shipped = SHIPPED[Kind.SELF_REPORT]
    asking = shipped.transitions[Action.REQUEST_INFORMATION]
    answering = shipped.transitions[Action.PROVIDE_INFORMATION]
    changed = {
        Action.REQUEST_INFORMATION: replace(
            asking, from_states=("awaiting_triage",), meets_after_triage=(), pauses=(code,)
        ),
        Action.PROVIDE_INFORMATION: replace(answering, resumes=(code,)),
    }
    return replace(shipped, transitions={**shipped.transitions, **changed})


def test_a_pause_moves_the_date_by_the_working_days_it_touched() -> None:
    definition = _pausing("FB20")
    case = opened()
    waiting = _waiting(definition, case, at=SENT + timedelta(days=1))
    assert _row(waiting.after, "FB20").state is ClockState.PAUSED
    assert any(isinstance(event, DeadlinePaused) for event in waiting.events)
    going_on = _answered(definition, waiting.after, at=SENT + timedelta(days=3))
    moved = _row(going_on.after, "FB20")
    assert moved.state is ClockState.ARMED
    assert moved.due_at > _row(case, "FB20").due_at
    assert [event.due for event in going_on.events if isinstance(event, DeadlineMoved)] == [
        moved.due_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    ]
    assert all(pause.ended_at for pause in going_on.after.pauses)


def test_a_paused_clock_is_not_what_the_case_waits_for() -> None:
    waiting = _waiting(_pausing("ACK"), opened(), at=SENT)
    soonest = next_due(waiting.after)
    assert soonest is not None
    assert soonest.clock == "TRIAGE"


def test_the_ladder_of_a_paused_clock_moves_with_it_and_stays_before_it() -> None:
    definition = _pausing("TRIAGE")
    case = opened()
    waiting = _waiting(definition, case, at=SENT + timedelta(days=1)).after
    again = _answered(definition, waiting, at=SENT + timedelta(days=3)).after
    assert _row(again, "TRIAGE").due_at > _row(case, "TRIAGE").due_at
    rung = _row(again, "TRIAGE", rung=-1)
    assert rung.state is ClockState.ARMED
    assert rung.due_at == _row(again, "TRIAGE").due_at - timedelta(hours=3)


def test_a_breach_is_not_paused_away() -> None:
    definition = _pausing("TRIAGE")
    case = opened()
    missed = plan_missed(definition, case, _row(case, "TRIAGE"), wish=Wish(), clockwork=CLOCKWORK).after
    waiting = _waiting(definition, missed, at=SENT + timedelta(days=9))
    assert _row(waiting.after, "TRIAGE").state is ClockState.MISSED
    assert waiting.after.pauses == ()
