"""Which roles may come near which part of the program. What they then may do, the workflow says.

The matrix of who may do what stands in ``docs/guide/permissions.md``; precedence is conflict of
interest, lane, membership dates, role, action: a refusal anywhere wins.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from app.domain.vocabulary import OrganisationType, Role


class Permission(StrEnum):
    """What a page or an act asks for: ``scope:resource:action``."""

    ACCOUNT_USE = "personal:account:use"
    REPORT_MAKE = "personal:report:make"
    REPORT_READ = "personal:report:read"
    CASE_LIST = "employer:case:list"
    CASE_READ = "employer:case:read"
    CASE_ACT = "employer:case:act"
    ADVICE_LIST = "mdo:case:list"
    ADVICE_READ = "mdo:case:read"
    ADVICE_ACT = "mdo:case:act"
    PEOPLE_MANAGE = "organisation:people:manage"


EVERYBODY = frozenset(Role)
OFFICERS = frozenset(
    {
        Role.DATA_PROTECTION_OFFICER,
        Role.SIRO,
        Role.CALDICOTT_GUARDIAN,
    }
)
HANDLERS = (
    frozenset(
        {
            Role.SUPERVISOR,
            Role.CLINICAL_LEAD,
            Role.TRAINING_PROGRAMME_DIRECTOR,
            Role.DEAN,
            Role.MEDICAL_DIRECTOR,
            Role.RESPONSIBLE_OFFICER,
            Role.ON_CALL_EXECUTIVE,
            Role.CHIEF_EXECUTIVE,
            Role.CHAIR,
            Role.GUARDIAN,
            Role.BOARD_LEAD,
            Role.OUTSIDE_REVIEWER,
        }
    )
    | OFFICERS
)
ADVISERS = frozenset({Role.ADVISER, Role.ADVISER_LEAD})
# A whole case can be passed to these.
TAKERS = HANDLERS - OFFICERS
# Those who lead people: of them more is expected where they see or hear of something.
LEADING = frozenset(
    {
        Role.SUPERVISOR,
        Role.CLINICAL_LEAD,
        Role.TRAINING_PROGRAMME_DIRECTOR,
        Role.DEAN,
        Role.MEDICAL_DIRECTOR,
        Role.RESPONSIBLE_OFFICER,
        Role.ON_CALL_EXECUTIVE,
        Role.CHIEF_EXECUTIVE,
        Role.CHAIR,
    }
)
# What an MDO can give: it advises, and has no supervisors.
MDO_ROLES = (
    Role.MEMBER,
    Role.ADVISER,
    Role.ADVISER_LEAD,
    Role.DATA_PROTECTION_OFFICER,
    Role.RECORDS_OFFICER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
)

GRANTS: Mapping[Permission, frozenset[Role]] = MappingProxyType(
    {
        Permission.ACCOUNT_USE: EVERYBODY,
        Permission.REPORT_MAKE: EVERYBODY,
        Permission.REPORT_READ: EVERYBODY,
        Permission.CASE_LIST: HANDLERS,
        Permission.CASE_READ: HANDLERS,
        Permission.CASE_ACT: HANDLERS,
        Permission.ADVICE_LIST: ADVISERS,
        Permission.ADVICE_READ: ADVISERS,
        Permission.ADVICE_ACT: ADVISERS,
        Permission.PEOPLE_MANAGE: frozenset({Role.ADMINISTRATOR}),
    }
)

# What belongs to the person: also to somebody who holds no role any more, with their reports and their MDO.
PERSONAL = frozenset({Permission.ACCOUNT_USE, Permission.REPORT_MAKE, Permission.REPORT_READ})

# What opens no further than a workplace's mailbox can vouch for somebody.
MDO_ROOM = frozenset({Permission.ADVICE_LIST, Permission.ADVICE_READ, Permission.ADVICE_ACT})

# Within one organisation a person holds roles of one of these groups only.
EXCLUSIVE = (
    frozenset({Role.ADMINISTRATOR}),
    frozenset({Role.CUSTODIAN}),
    frozenset({Role.AUDITOR}),
    HANDLERS | ADVISERS,
    frozenset({Role.RECORDS_OFFICER}),
)


def is_granted(role: Role | None, permission: Permission) -> bool:
    """Whether a role, or somebody without one, may come near what the permission guards."""
    return permission in PERSONAL if role is None else role in GRANTS[permission]


def roles_in(type_: OrganisationType) -> tuple[Role, ...]:
    """The roles that such an organisation can give, in the order of the list."""
    if type_ is OrganisationType.MDO:
        return MDO_ROLES
    return tuple(role for role in Role if role not in ADVISERS)


def exclude_each_other(held: Role, wanted: Role) -> bool:
    """Whether one person may not hold both roles in the same organisation."""
    return any(held in group and wanted not in group and _is_exclusive(wanted) for group in EXCLUSIVE)


def _is_exclusive(role: Role) -> bool:
    return any(role in group for group in EXCLUSIVE)
