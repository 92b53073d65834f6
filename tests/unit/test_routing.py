"""Who a case goes to: the shipped table covers everything, and the choice is fair and never conflicted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import NobodyEligible
from app.domain.permissions import ADVISERS, HANDLERS, OFFICERS
from app.domain.routing import (
    Candidate,
    Matter,
    Parties,
    Table,
    Trait,
    Verdict,
    capacity_in,
    choose,
    ladder_of,
    owner_row,
    told_rows,
)
from app.domain.vocabulary import Kind, PatientData, Post, ReporterIdentity, Role, Severity
from app.services.categories import load_categories
from app.services.definitions import routing_table
from app.services.questionnaires import load_forms
from app.services.routing import who_may_take

TABLE = routing_table()
NOBODY: frozenset[str] = frozenset()


def _ticks() -> frozenset[str]:
    """What a reporter can tick about the subject, and nothing else."""
    form = load_forms()[Kind.CONCERN]
    question = next(one for page in form.pages for one in page.questions if one.code == "relations")
    return frozenset(option.value for option in question.options)


# Every value that a trait can have. Traits with several values at once are tried one by one.
VALUES: dict[Trait, tuple[frozenset[str], ...]] = {
    Trait.KIND: tuple(frozenset({one}) for one in Kind),
    Trait.SEVERITY: tuple(frozenset({one}) for one in Severity),
    Trait.CATEGORY: tuple(frozenset({one}) for one in load_categories().by_code),
    Trait.IDENTITY: tuple(frozenset({one}) for one in ReporterIdentity),
    Trait.PATIENT_DATA: tuple(frozenset({one}) for one in PatientData),
    Trait.REPORTER_POST: tuple(frozenset({one}) for one in Post),
    Trait.SUBJECT: tuple(frozenset({one}) for one in ("none", "known", "unresolved")),
    Trait.SUBJECT_POST: (NOBODY, *(frozenset({one}) for one in Post)),
    Trait.SUBJECT_ROLE: (NOBODY, *(frozenset({one}) for one in Role)),
    Trait.SUBJECT_TICK: (NOBODY, *(frozenset({one}) for one in _ticks())),
    Trait.WISH: (NOBODY, frozenset({"not_my_supervisor"})),
    Trait.KEPT_AWAY: (NOBODY, frozenset({"many"})),
}


def _told_apart(table: Table) -> dict[Trait, list[frozenset[str]]]:
    """For each trait, one value of every set that the table tells apart: the same rows match for each."""
    rows = (*table.owners, *table.told)
    apart = {}
    for trait, values in VALUES.items():
        by_rows = {tuple(bool(value & row.when.get(trait, value)) for row in rows): value for value in values}
        apart[trait] = list(by_rows.values())
    return apart


def _every_matter() -> Iterator[Matter]:
    apart = _told_apart(TABLE)
    for chosen in product(*apart.values()):
        yield Matter(dict(zip(apart, chosen, strict=True)))


# ---- the shipped table


def test_every_matter_has_an_owner() -> None:
    assert TABLE.owners[-1].when == {}
    for matter in _every_matter():
        assert owner_row(TABLE, matter).to in HANDLERS | ADVISERS


def test_no_row_of_the_table_is_in_the_shade_of_others() -> None:
    owning, telling = set(), set()
    for matter in _every_matter():
        owning.add(owner_row(TABLE, matter).name)
        telling |= {row.name for row in told_rows(TABLE, matter)}
    assert [row.name for row in TABLE.owners if row.name not in owning] == []
    assert [row.name for row in TABLE.told if row.name not in telling] == []


def test_the_table_asks_for_values_that_exist() -> None:
    known = {trait: frozenset().union(*values) for trait, values in VALUES.items()}
    unknown = [
        (row.name, trait, value)
        for row in (*TABLE.owners, *TABLE.told)
        for trait, values in row.when.items()
        for value in values - known[trait]
    ]
    assert unknown == []


def test_a_table_with_a_gap_says_so() -> None:
    gap = replace(TABLE, owners=TABLE.owners[:-1])
    with pytest.raises(NobodyEligible):
        owner_row(gap, Matter({Trait.KIND: frozenset({Kind.SELF_REPORT})}))


def test_while_nobody_knows_whom_it_is_about_nobody_but_the_guardian_and_the_reviewer_is_told() -> None:
    for matter in _every_matter():
        if matter.traits[Trait.SUBJECT] == {"unresolved"} and not matter.traits[Trait.SUBJECT_ROLE]:
            owner = owner_row(TABLE, matter).to
            told = {row.to for row in told_rows(TABLE, matter)}
            is_advice = matter.traits[Trait.KIND] == {Kind.ADVICE}
            outside = {Role.OUTSIDE_REVIEWER} if matter.traits[Trait.KEPT_AWAY] else set()
            assert (
                is_advice or owner in outside or (not outside and owner in {Role.GUARDIAN, Role.BOARD_LEAD})
            )
            assert told <= {Role.OUTSIDE_REVIEWER}


def test_an_unresolved_concern_in_which_somebody_may_be_in_danger_reaches_the_outside_reviewer_too() -> None:
    critical = {Trait.SUBJECT: frozenset({"unresolved"}), Trait.SEVERITY: frozenset({Severity.CRITICAL})}
    assert {row.to for row in told_rows(TABLE, Matter(critical))} == {Role.OUTSIDE_REVIEWER}


def test_whoever_stands_in_for_a_handler_may_handle_cases() -> None:
    for asked in HANDLERS | ADVISERS:
        for role in ladder_of(TABLE, asked):
            assert role in HANDLERS | ADVISERS


def test_the_last_who_stands_in_for_an_employers_handler_is_the_outside_reviewer() -> None:
    for asked in HANDLERS - {Role.OUTSIDE_REVIEWER}:
        assert ladder_of(TABLE, asked)[-1] is Role.OUTSIDE_REVIEWER


def test_no_role_stands_in_twice_on_one_ladder() -> None:
    for asked in TABLE.stand_ins:
        ladder = ladder_of(TABLE, asked)
        assert len(ladder) == len(set(ladder))


def test_a_case_is_never_given_to_a_role_that_may_not_handle_it() -> None:
    for kind in Kind:
        for is_unresolved in (True, False):
            takers = who_may_take(kind, is_unresolved=is_unresolved)
            assert not takers & {Role.ADMINISTRATOR, Role.AUDITOR, Role.MEMBER, Role.CUSTODIAN}
    assert who_may_take(Kind.ADVICE, is_unresolved=False) == ADVISERS
    assert not who_may_take(Kind.CONCERN, is_unresolved=False) & ADVISERS
    assert who_may_take(Kind.CONCERN, is_unresolved=True) == {
        Role.GUARDIAN,
        Role.BOARD_LEAD,
        Role.OUTSIDE_REVIEWER,
    }


def test_who_stands_in_for_an_officer_acts_as_that_officer_and_others_as_themselves() -> None:
    for officer in OFFICERS:
        assert capacity_in(officer, Role.CHIEF_EXECUTIVE) is officer
    assert capacity_in(Role.SUPERVISOR, Role.CLINICAL_LEAD) is Role.CLINICAL_LEAD


# ---- the choice among those who hold the role

NOW = datetime(2026, 4, 7, 8, 0, tzinfo=UTC)


def _candidate(number: int, **facts: object) -> Candidate:
    plain: dict[str, object] = {
        "membership_id": UUID(int=number),
        "person_id": UUID(int=100 + number),
        "role": Role.CLINICAL_LEAD,
        "tokens": frozenset({bytes([number])}),
    }
    return Candidate(**(plain | facts))  # type: ignore[arg-type]


def _chosen(*candidates: Candidate, parties: Parties | None = None) -> Candidate | None:
    return choose(candidates, parties or Parties())[0]


def test_the_named_one_comes_before_the_least_busy() -> None:
    named, idle = _candidate(1, is_named=True, open_cases=9), _candidate(2)
    assert _chosen(idle, named) is named


def test_the_least_busy_comes_before_the_longest_idle() -> None:
    busy = _candidate(1, open_cases=2)
    less = _candidate(2, open_cases=1, last_assigned_at=NOW)
    assert _chosen(busy, less) is less


def test_the_longest_idle_comes_before_the_smaller_id() -> None:
    just = _candidate(1, last_assigned_at=NOW)
    before = _candidate(2, last_assigned_at=NOW - timedelta(days=1))
    never = _candidate(3)
    assert _chosen(just, before) is before
    assert _chosen(just, before, never) is never


def test_what_is_equal_is_settled_by_id_so_that_it_can_be_repeated() -> None:
    assert _chosen(_candidate(2), _candidate(1)) == _candidate(1)


def test_somebody_of_another_body_comes_after_all_of_the_organisations_own() -> None:
    outside, busy = _candidate(1, is_outside=True), _candidate(2, open_cases=50)
    assert _chosen(outside, busy) is busy
    conflict = Parties(everybody=busy.tokens)
    assert _chosen(outside, busy, parties=conflict) is outside


def test_whoever_is_part_of_the_case_is_never_chosen() -> None:
    party = _candidate(1, is_named=True)
    assert _chosen(party, parties=Parties(everybody=party.tokens)) is None


def test_whoever_is_close_to_the_subject_is_never_chosen_but_close_to_the_reporter_does_not_matter() -> None:
    close = _candidate(1, close_tokens=frozenset({b"subject"}))
    assert _chosen(close, parties=Parties(frozenset({b"subject"}), frozenset({b"subject"}))) is None
    assert _chosen(close, parties=Parties(frozenset({b"subject"}), frozenset())) is close


def test_somebody_who_is_away_is_not_chosen() -> None:
    assert _chosen(_candidate(1, is_available=False)) is None


def test_what_became_of_each_is_kept() -> None:
    everybody = [
        _candidate(1, tokens=frozenset({b"party"}), is_named=True),
        _candidate(2, is_available=False),
        _candidate(3, open_cases=4),
        _candidate(4),
    ]
    chosen, considered = choose(everybody, Parties(everybody=frozenset({b"party"})))
    assert chosen is everybody[3]
    assert [one.verdict for one in considered] == [
        Verdict.CONFLICT,
        Verdict.ABSENT,
        Verdict.MORE_WORK,
        Verdict.LOWEST_WORKLOAD,
    ]
    assert choose([everybody[3]], Parties())[1][0].verdict is Verdict.ONLY_ONE


candidates = st.lists(
    st.builds(
        _candidate,
        st.integers(1, 40),
        is_named=st.booleans(),
        is_outside=st.booleans(),
        is_available=st.booleans(),
        open_cases=st.integers(0, 3),
        close_tokens=st.frozensets(st.integers(1, 40).map(lambda number: bytes([number])), max_size=3),
    ),
    unique_by=lambda one: one.membership_id,
    max_size=8,
)
tokens = st.frozensets(st.integers(1, 40).map(lambda number: bytes([number])), max_size=10)


@given(candidates, tokens, tokens)
def test_nobody_with_a_conflict_is_ever_chosen_and_order_does_not_matter(
    people: list[Candidate], everybody: frozenset[bytes], subjects: frozenset[bytes]
) -> None:
    parties = Parties(everybody | subjects, subjects)
    chosen, considered = choose(people, parties)
    assert choose(people[::-1], parties)[0] == chosen
    free = [one for one in people if one.is_available and not parties.conflicts_with(one)]
    assert (chosen is None) is (free == [])
    assert chosen is None or chosen in free
    assert len(considered) == len(people)
