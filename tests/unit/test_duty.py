"""How far somebody was bound to act on a concern."""

from typing import Any

import pytest

from app.domain.classification import Classified
from app.domain.duty import DutyReason, level
from app.domain.form import Context
from app.domain.report import Particulars, RiskNow
from app.domain.submission import duty_of
from app.domain.vocabulary import Duty, Harm, Identifiability, Kind, PatientData
from tests.unit.filling import FORMS, context, fill_in
from tests.unit.test_severity import SCENARIOS, particulars_of

CONCERN = FORMS[Kind.CONCERN]


def found(main: str, *also: str) -> Classified:
    return Classified(main=main, also=also, is_live=False)


@pytest.mark.parametrize(
    "scenario", [one for one in SCENARIOS if one["kind"] == "concern"], ids=lambda one: one["id"]
)
def test_every_concern_of_the_scenarios_gets_its_duty(scenario: dict[str, Any]) -> None:
    facts = particulars_of(scenario)
    decided = level(facts, found(scenario["category"]), risks=None, leads_people=False)
    assert decided.duty == scenario["expected"]["duty"]


@pytest.mark.parametrize("risk", ["care", "safety", "dignity", "crime"])
def test_a_patient_or_a_crime_at_stake_means_must_act(risk: str) -> None:
    decided = level(Particulars(), found("OTH"), risks={risk}, leads_people=False)
    assert (decided.duty, decided.because) == (Duty.MUST_ACT, DutyReason.PATIENT)


@pytest.mark.parametrize("data", [PatientData.YES, PatientData.UNSURE])
def test_patient_information_that_may_be_out_means_must_act(data: PatientData) -> None:
    facts = Particulars(patient_data=data)
    assert level(facts, found("OTH"), risks={"none"}, leads_people=False).duty is Duty.MUST_ACT


def test_somebody_at_risk_now_means_must_act() -> None:
    facts = Particulars(risk_now=RiskNow.YES)
    assert level(facts, found("TRU-TONE"), risks={"none"}, leads_people=False).duty is Duty.MUST_ACT


@pytest.mark.parametrize("code", ["BND-SEX", "CRM-IMG", "CRM-INTIMATE", "CRM-THREAT"])
def test_some_categories_always_mean_must_act(code: str) -> None:
    decided = level(Particulars(), found("OTH", code), risks={"none"}, leads_people=False)
    assert decided.duty is Duty.MUST_ACT


RESPECT = ["RSP-ABUSE", "RSP-BULLY", "RSP-DISCRIM", "RSP-SEXHAR", "GRP-OFFENSIVE"]


@pytest.mark.parametrize("code", RESPECT)
def test_a_leader_must_act_on_abuse_of_colleagues(code: str) -> None:
    decided = level(Particulars(), found(code), risks={"none"}, leads_people=True)
    assert (decided.duty, decided.because) == (Duty.MUST_ACT, DutyReason.LEADER)


@pytest.mark.parametrize("code", RESPECT)
def test_a_witness_should_act_on_abuse_of_colleagues(code: str) -> None:
    decided = level(Particulars(), found(code), risks={"none"}, leads_people=False)
    assert (decided.duty, decided.because) == (Duty.SHOULD_ACT, DutyReason.RESPECT)


def test_a_colleague_at_risk_means_should_act() -> None:
    decided = level(Particulars(), found("TRU-TONE"), risks={"colleague"}, leads_people=False)
    assert decided.duty is Duty.SHOULD_ACT


@pytest.mark.parametrize("code", ["TRU-TONE", "TRU-OPINION", "IDN-ANON", "PRV-SETTINGS"])
def test_a_slight_matter_with_nothing_at_risk_is_no_duty(code: str) -> None:
    decided = level(Particulars(), found(code), risks={"none"}, leads_people=False)
    assert (decided.duty, decided.because) == (Duty.NONE, DutyReason.BELOW)


def test_not_being_sure_of_the_risk_keeps_a_slight_matter_open_to_discussion() -> None:
    decided = level(Particulars(), found("TRU-TONE"), risks={"unsure"}, leads_people=False)
    assert decided.duty is Duty.MAY_DISCUSS


def test_anything_else_may_be_discussed() -> None:
    decided = level(Particulars(), found("RSP-DEFAM"), risks={"none"}, leads_people=False)
    assert (decided.duty, decided.because) == (Duty.MAY_DISCUSS, DutyReason.OTHER)


@pytest.mark.parametrize("harm", [Harm.H3, Harm.H4])
def test_without_the_question_real_harm_means_must_act(harm: Harm) -> None:
    decided = level(Particulars(harm=harm), found("RSP-BULLY"), risks=None, leads_people=False)
    assert decided.duty is Duty.MUST_ACT


def test_without_the_question_a_leader_must_act_on_abuse() -> None:
    assert level(Particulars(), found("RSP-ABUSE"), risks=None, leads_people=True).duty is Duty.MUST_ACT


def test_a_patient_recognised_only_among_those_entitled_means_should_act() -> None:
    facts = Particulars(identifiability=Identifiability.I1)
    decided = level(facts, found("TRU-TONE"), risks=None, leads_people=False)
    assert (decided.duty, decided.because) == (Duty.SHOULD_ACT, DutyReason.INSIDE)


def test_without_the_question_distress_keeps_a_slight_matter_open_to_discussion() -> None:
    decided = level(Particulars(harm=Harm.H2), found("TRU-TONE"), risks=None, leads_people=False)
    assert decided.duty is Duty.MAY_DISCUSS


@pytest.mark.parametrize(
    ("given", "answers", "reason"),
    [
        (context(), {"risk": ["safety"]}, "patient"),
        (context(leads_people=True), {"about": "person"}, "leader"),
        (context(), {"about": "person"}, "respect"),
        (context(), {}, "below"),
        (context(), {"risk": ["unsure"]}, "other"),
    ],
)
def test_the_form_has_a_line_for_what_its_answers_lead_to(
    given: Context, answers: dict[str, Any], reason: str
) -> None:
    decided = duty_of(CONCERN, fill_in(CONCERN, given, **answers), given)
    assert decided.because == reason
    assert CONCERN.duty_lines[decided.because]


def test_every_reason_that_the_form_can_lead_to_has_a_line() -> None:
    assert set(CONCERN.duty_lines) == set(DutyReason) - {DutyReason.INSIDE}
