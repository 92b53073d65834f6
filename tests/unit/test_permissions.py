"""Who may come near what, and which roles one person cannot hold together."""

from itertools import combinations, product

import pytest

from app.domain.permissions import (
    ADVISERS,
    EXCLUSIVE,
    GRANTS,
    HANDLERS,
    OFFICERS,
    Permission,
    exclude_each_other,
    is_granted,
)
from app.domain.vocabulary import Role

EMPLOYER_LANE = {Permission.CASE_LIST, Permission.CASE_READ, Permission.CASE_ACT}
MDO_LANE = {Permission.ADVICE_LIST, Permission.ADVICE_READ, Permission.ADVICE_ACT}
PERSONAL = {Permission.ACCOUNT_USE, Permission.REPORT_MAKE, Permission.REPORT_READ}


def granted_to(role: Role) -> set[Permission]:
    return {permission for permission in Permission if is_granted(role, permission)}


def test_every_permission_names_the_roles_that_have_it():
    assert set(GRANTS) == set(Permission)
    assert all(GRANTS[permission] for permission in Permission)


def test_everybody_has_an_account_and_may_report():
    assert all(granted_to(role) >= PERSONAL for role in Role)


def test_no_role_reaches_both_rooms():
    assert [role for role in Role if granted_to(role) & EMPLOYER_LANE and granted_to(role) & MDO_LANE] == []


@pytest.mark.parametrize(
    "role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.CUSTODIAN, Role.BOARD_READER, Role.RECORDS_OFFICER]
)
def test_no_case_is_read_by(role):
    assert not granted_to(role) & (EMPLOYER_LANE | MDO_LANE)


def test_only_administrators_manage_people_and_they_do_nothing_else():
    assert GRANTS[Permission.PEOPLE_MANAGE] == {Role.ADMINISTRATOR}
    assert granted_to(Role.ADMINISTRATOR) == {*PERSONAL, Permission.PEOPLE_MANAGE}


def test_officers_of_patient_data_work_on_cases():
    assert OFFICERS < HANDLERS
    assert all(granted_to(role) >= EMPLOYER_LANE for role in OFFICERS)


def test_the_groups_of_roles_that_exclude_each_other_do_not_overlap():
    assert [pair for pair in combinations(EXCLUSIVE, 2) if pair[0] & pair[1]] == []


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (held, wanted)
        for one, other in combinations(EXCLUSIVE, 2)
        for held, wanted in product(sorted(one)[:2], sorted(other)[:2])
    ],
)
def test_roles_of_two_groups_exclude_each_other_in_either_order(held, wanted):
    assert exclude_each_other(held, wanted)
    assert exclude_each_other(wanted, held)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (Role.SUPERVISOR, Role.RESPONSIBLE_OFFICER),
        (Role.SUPERVISOR, Role.MEMBER),
        (Role.MEMBER, Role.ADMINISTRATOR),
        (Role.AUDITOR, Role.AUDITOR),
        (Role.BOARD_READER, Role.AUDITOR),
        (Role.ADVISER, Role.ADVISER_LEAD),
    ],
)
def test_other_roles_may_be_held_together(held, wanted):
    assert not exclude_each_other(held, wanted)
    assert not exclude_each_other(wanted, held)


def test_everybody_who_works_on_cases_is_kept_apart_from_running_the_place():
    running = {Role.ADMINISTRATOR, Role.AUDITOR, Role.CUSTODIAN, Role.RECORDS_OFFICER}
    assert all(exclude_each_other(one, other) for one, other in product(HANDLERS | ADVISERS, running))
