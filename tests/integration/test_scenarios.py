"""Fourteen whole cases, sent through the services of the web forms at their own instants."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import and_, or_, select

from app.database import reader
from app.domain.vocabulary import Role
from app.models.case import Case, CaseHandler
from app.models.mail import Mail
from app.models.person import Membership
from app.queries.cases import visible_case
from app.services.deadlines import sweep
from app.services.delivery import actor_for
from app.services.installing import prepare
from app.services.scenarios import (
    Played,
    ScenarioError,
    Staged,
    play,
    read_scenarios,
    send,
    stage_entry,
)
from app.services.submitting import Sent
from tests.infrastructure.clock import START

CASES = Path(__file__).parents[2] / "app" / "reference" / "demonstration" / "stories.json"


@pytest.fixture
def outcomes(app: Flask) -> dict[str, tuple[dict[str, Any], Played]]:
    """What is expected of each case beside what became of it."""
    expected = {case["id"]: case["expected"] for case in json.loads(CASES.read_text())}
    with app.app_context():
        prepare()
        return {one.id: (expected[one.id], one) for one in play(read_scenarios(CASES), now=START)}


def test_every_case_is_routed_judged_and_clocked_as_expected(
    outcomes: dict[str, tuple[dict[str, Any], Played]],
) -> None:
    assert len(outcomes) == 14
    faults = [fault for expected, played in outcomes.values() for fault in _faults(expected, played)]
    assert faults == []


def _faults(expected: dict[str, Any], played: Played) -> list[str]:
    """Everything in which a case differs from what is expected of it."""
    faults = [
        f"{played.id}: {name} is {getattr(played, name)}, not {expected[name]}"
        for name in ("severity", "duty", "route")
        if getattr(played, name) != expected[name]
    ]
    faults += [
        f"{played.id}: {role} was not told" for role in expected["also_told"] if role not in played.also_told
    ]
    for code, due in expected["clocks"].items():
        found = played.clocks.get(code)
        if found is None or datetime.fromisoformat(found) != datetime.fromisoformat(due):
            faults.append(f"{played.id}: {code} is due {found}, not {due}")
    return faults + [f"{played.id}: {code} runs" for code in expected["no_clocks"] if code in played.clocks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One entry after it was sent: its people, its cases, and who may never come near them."""

    id: str
    staged: Staged
    sent: tuple[Sent, ...]
    never: frozenset[str]

    def who(self) -> frozenset[UUID]:
        """The memberships of all whom ``never`` names here, in whatever body they hold them."""
        people = {
            "subject": self.staged.subject and self.staged.subject.person_id,
            "reporter": self.staged.reporter.person_id,
        }
        named = [people[word] for word in self.never & people.keys()]
        roles = [Role(word) for word in self.never - people.keys() if word in list(Role)]
        here = Membership.organisation_id == self.staged.organisation.id
        which = [Membership.person_id.in_(named), and_(here, Membership.role.in_(roles))]
        which += [here] if "employer" in self.never else []
        return frozenset(reader().scalars(select(Membership.id).where(or_(*which))))

    def reached(self, now: datetime) -> list[str]:
        """Everything by which somebody of these came near: a row as handler, a mail, a page."""
        session = reader()
        never, cases = self.who(), [one.case_id for one in self.sent]
        handlers = select(CaseHandler.membership_id).where(CaseHandler.case_id.in_(cases))
        told = select(Mail.membership_id).where(Mail.case_id.in_(cases))
        faults = [f"{self.id}: a handler" for one in session.scalars(handlers) if one in never]
        faults += [f"{self.id}: told by mail" for one in session.scalars(told) if one in never]
        for membership in session.scalars(select(Membership).where(Membership.id.in_(never))).all():
            for case in session.scalars(select(Case).where(Case.id.in_(cases))).all():
                if visible_case(session, actor_for(session, membership, case, now), case.id):
                    faults.append(f"{self.id}: the {membership.role} finds it")
        return faults


def test_whoever_may_never_come_near_a_case_does_not_even_when_every_clock_has_run_out(app: Flask) -> None:
    expected = {case["id"]: case["expected"] for case in json.loads(CASES.read_text())}
    scenarios = read_scenarios(CASES)
    stands, people = [], 0
    with app.app_context():
        prepare()
        for number, one in enumerate(scenarios, start=1):
            staged, people = stage_entry(one, number=number, people=people, now=START)
            sent = send(one, staged, now=one.submitted_at)
            stands.append(
                Stand(id=one.id, staged=staged, sent=sent, never=frozenset(expected[one.id]["never"]))
            )
        later = max(one.submitted_at for one in scenarios) + timedelta(days=120)
        assert all(stand.who() for stand in stands)
        assert [fault for stand in stands for fault in stand.reached(START)] == []
        assert sweep(now=later).escalated >= len(scenarios) - 1
        assert [fault for stand in stands for fault in stand.reached(later)] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda case: case.pop("wish"), "wish"),
        (lambda case: case.update(colour="red"), "colour"),
        (lambda case: case["answers"].update(harm="H9"), "H9"),
        (lambda case: case.update(submitted_at="2026-04-02T18:40:00"), "offset"),
        (lambda case: case.update(kind="concern"), "subject"),
        (lambda case: case.update(rooms=[]), "room"),
        (lambda case: case.update(rooms=["employer", "employer"]), "room stands twice"),
        (lambda case: case["organisation"].update(type="mdo"), "no MDO"),
        (lambda case: case.update(submitted_at="0001-01-01T00:00:00+00:00"), "submitted_at is out of range"),
        (lambda case: case.update(submitted_at="9999-12-31T23:59:00+00:00"), "submitted_at is out of range"),
        (lambda case: case["answers"].update(realised_at="9999-12-31T23:59:00+00:00"), "realised_at is out"),
        (lambda case: case["answers"].update(posted_on="0001-01-01"), "posted_on is out of range"),
        (lambda case: case.pop("expected"), "expected"),
        (lambda case: case["expected"].pop("never"), "never"),
        (lambda case: case["expected"].update(colour="red"), "colour"),
        (lambda case: case["expected"].update(severity="AWFUL"), "AWFUL"),
        (lambda case: case["expected"].update(route="plumber"), "plumber"),
        (lambda case: case["expected"].update(also_told=["plumber"]), "also_told: unknown code plumber"),
        (lambda case: case["expected"].update(never=["plumber"]), "never: unknown code plumber"),
        (lambda case: case["expected"].update(no_clocks=["TEA"]), "no_clocks: unknown code TEA"),
        (lambda case: case["expected"]["clocks"].update(TEA="2026-04-07T17:00:00+01:00"), "code TEA"),
        (
            lambda case: case["expected"]["clocks"].update(ACK="2026-04-07T17:00:00"),
            "clocks.ACK needs an offset",
        ),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, change: Any, complaint: str) -> None:
    cases = json.loads(CASES.read_text())[:1]
    change(cases[0])
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(cases))
    with pytest.raises(ScenarioError, match=complaint):
        read_scenarios(wrong)


def test_a_platform_that_nobody_knows_is_refused_before_anything_is_played(
    app: Flask, tmp_path: Path
) -> None:
    cases = json.loads(CASES.read_text())[:2]
    cases[1]["platform"] = "carrier_pigeon"
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(cases))
    with app.app_context():
        prepare()
        with pytest.raises(ScenarioError, match="unknown platform carrier_pigeon"):
            next(play(read_scenarios(wrong), now=START))
