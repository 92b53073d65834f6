"""How urgent a case is suggested to be, by the rule of category, harm and reach."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import ROOT
from app.domain.classification import Category
from app.domain.report import Holder, Particulars, RiskNow, SeverityReason
from app.domain.severity import Suggested, suggest
from app.domain.vocabulary import Harm, Identifiability, PatientData, Severity, StillLive, Visibility
from app.services.categories import load_categories

CATEGORIES = load_categories()
SCENARIOS = json.loads((ROOT / "app" / "reference" / "demonstration" / "stories.json").read_text())

LOW = CATEGORIES["TRU-TONE"]
MEDIUM = CATEGORIES["RSP-DEFAM"]
HIGH = CATEGORIES["CONF-ID"]

facts_of_any_report = st.builds(
    Particulars,
    visibility=st.none() | st.sampled_from(Visibility),
    identifiability=st.sampled_from(Identifiability),
    harm=st.sampled_from(Harm),
    still_live=st.none() | st.sampled_from(StillLive),
    live_stream=st.booleans(),
    risk_now=st.sampled_from(RiskNow),
    repeat=st.booleans(),
)
any_category = st.sampled_from(list(CATEGORIES.by_code.values()))


def particulars_of(scenario: dict[str, Any]) -> Particulars:
    """A scenario's answers as the facts that rules read."""
    answers = scenario["answers"]
    realised = answers["realised_at"]
    return Particulars(
        platform=scenario["platform"],
        visibility=Visibility(answers["visibility"]),
        identifiability=Identifiability(answers["identifiability"]),
        patient_data=PatientData(answers["patient_data"]),
        harm=Harm(answers["harm"]),
        still_live=StillLive.YES if answers["still_live"] else StillLive.NO,
        live_stream=answers["live_stream"],
        risk_now=RiskNow.YES if answers["risk_now"] else RiskNow.NO,
        repeat=answers["repeat_within_24_months"],
        holder=Holder.OWN if answers["owner_of_practice"] else Holder.HERE,
        realised_at=datetime.fromisoformat(realised) if realised else None,
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one["id"])
def test_every_scenario_gets_its_severity(scenario: dict[str, Any]) -> None:
    suggested = suggest(particulars_of(scenario), category=CATEGORIES[scenario["category"]])
    assert suggested.severity == scenario["expected"]["severity"]


@pytest.mark.parametrize("code", list(CATEGORIES.by_code))
def test_without_anything_else_the_category_decides(code: str) -> None:
    assert suggest(Particulars(), category=CATEGORIES[code]) == Suggested(
        severity=CATEGORIES[code].default, because=(SeverityReason.CATEGORY,)
    )


@pytest.mark.parametrize(
    ("harm", "severity"),
    [
        (Harm.H0, Severity.LOW),
        (Harm.H1, Severity.LOW),
        (Harm.H2, Severity.MEDIUM),
        (Harm.H3, Severity.HIGH),
        (Harm.H4, Severity.CRITICAL),
    ],
)
def test_harm_raises_a_mild_category(harm: Harm, severity: Severity) -> None:
    assert suggest(Particulars(harm=harm), category=LOW).severity is severity


@pytest.mark.parametrize(
    ("visibility", "severity"),
    [(Visibility.V2, Severity.LOW), (Visibility.V3, Severity.HIGH), (Visibility.V4, Severity.HIGH)],
)
def test_a_patient_anyone_recognises_in_a_large_group_is_high(
    visibility: Visibility, severity: Severity
) -> None:
    facts = Particulars(identifiability=Identifiability.I3, visibility=visibility, still_live=StillLive.NO)
    assert suggest(facts, category=LOW).severity is severity


@pytest.mark.parametrize(
    ("still_live", "severity"),
    [
        (StillLive.YES, Severity.CRITICAL),
        (StillLive.UNKNOWN, Severity.CRITICAL),
        (StillLive.NO, Severity.HIGH),
        (None, Severity.HIGH),
    ],
)
def test_a_patient_on_public_show_is_critical_while_it_may_still_be_there(
    still_live: StillLive | None, severity: Severity
) -> None:
    facts = Particulars(identifiability=Identifiability.I3, visibility=Visibility.V4, still_live=still_live)
    assert suggest(facts, category=LOW).severity is severity


def test_a_patient_only_insiders_recognise_is_not_critical_though_public() -> None:
    facts = Particulars(
        identifiability=Identifiability.I2, visibility=Visibility.V4, still_live=StillLive.YES
    )
    assert suggest(facts, category=HIGH).severity is Severity.HIGH


def test_a_live_stream_of_a_patient_is_critical() -> None:
    assert suggest(Particulars(live_stream=True), category=CATEGORIES["CONF-IMG"]) == Suggested(
        severity=Severity.CRITICAL, because=(SeverityReason.LIVE_STREAM,)
    )


def test_going_out_live_changes_nothing_for_other_categories() -> None:
    assert suggest(Particulars(live_stream=True), category=LOW).because == (SeverityReason.CATEGORY,)


@pytest.mark.parametrize(
    ("category", "severity"), [(LOW, Severity.MEDIUM), (MEDIUM, Severity.HIGH), (HIGH, Severity.HIGH)]
)
def test_spreading_widely_adds_a_step_but_not_above_high(category: Category, severity: Severity) -> None:
    assert suggest(Particulars(visibility=Visibility.V5), category=category).severity is severity


def test_spreading_widely_never_lowers_a_critical_case() -> None:
    facts = Particulars(visibility=Visibility.V5, harm=Harm.H4)
    assert suggest(facts, category=LOW).severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("category", "severity"),
    [(LOW, Severity.MEDIUM), (HIGH, Severity.CRITICAL), (CATEGORIES["BND-SEX"], Severity.CRITICAL)],
)
def test_a_repeat_adds_a_step(category: Category, severity: Severity) -> None:
    assert suggest(Particulars(repeat=True), category=category).severity is severity


def test_a_repeat_comes_on_top_of_spread() -> None:
    facts = Particulars(visibility=Visibility.V5, repeat=True)
    assert suggest(facts, category=LOW) == Suggested(
        severity=Severity.HIGH,
        because=(SeverityReason.CATEGORY, SeverityReason.SPREAD, SeverityReason.REPEAT),
    )


def test_every_rule_that_reaches_the_highest_is_named() -> None:
    suggested = suggest(Particulars(harm=Harm.H3), category=HIGH)
    assert suggested.because == (SeverityReason.CATEGORY, SeverityReason.HARM)


def test_risk_now_is_the_first_reason() -> None:
    suggested = suggest(Particulars(risk_now=RiskNow.YES, harm=Harm.H4), category=LOW)
    assert suggested.because == (SeverityReason.RISK_NOW, SeverityReason.HARM)


@given(facts_of_any_report, any_category)
def test_it_is_never_below_the_category(facts: Particulars, category: Category) -> None:
    assert suggest(facts, category=category).severity.rank >= category.default.rank


@given(facts_of_any_report, any_category)
def test_there_is_always_a_reason(facts: Particulars, category: Category) -> None:
    assert suggest(facts, category=category).because


@given(facts_of_any_report.filter(lambda facts: facts.risk_now is RiskNow.YES), any_category)
def test_somebody_at_risk_today_makes_it_critical(facts: Particulars, category: Category) -> None:
    assert suggest(facts, category=category).severity is Severity.CRITICAL
