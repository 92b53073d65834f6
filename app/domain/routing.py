"""Who a case goes to: a decision table for the role, conflicts taken out, then the fairest of those left.

Pure: the table, the matter, the candidates and the parties are arguments; the reason is in the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.errors import NobodyEligible
from app.domain.permissions import OFFICERS
from app.domain.vocabulary import Role


class Trait(StrEnum):
    """What a row of the table may ask about a matter."""

    KIND = "kind"
    SEVERITY = "severity"
    CATEGORY = "category"
    IDENTITY = "identity"
    PATIENT_DATA = "patient_data"
    REPORTER_POST = "reporter_post"
    SUBJECT_POST = "subject_post"
    SUBJECT_ROLE = "subject_role"
    SUBJECT_TICK = "subject_tick"
    SUBJECT = "subject"
    KEPT_AWAY = "kept_away"
    WISH = "wish"


class At(StrEnum):
    """Another body than the case's own in which a row of the table seeks its role."""

    AGENCY = "agency"


class Verdict(StrEnum):
    """Why a candidate was chosen or passed over."""

    NAMED_SUPERVISOR = "named_supervisor"
    LOWEST_WORKLOAD = "lowest_workload"
    ONLY_ONE = "only_one"
    CONFLICT = "conflict"
    ABSENT = "absent"
    MORE_WORK = "more_work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: matches when each trait named has one of the values named.

    The role is sought in the organisation of the case, or ``at`` another body.
    """

    name: str
    when: Mapping[Trait, frozenset[str]]
    to: Role
    at: At | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Who owns a case (first match), who else is told (every match), and who stands in for whom."""

    owners: tuple[Row, ...]
    told: tuple[Row, ...]
    stand_ins: Mapping[Role, tuple[Role, ...]]


@dataclass(frozen=True, slots=True)
class Matter:
    """What is known about a report when it is routed: the values that each trait has."""

    traits: Mapping[Trait, frozenset[str]]

    def fits(self, row: Row) -> bool:
        """Whether the row matches."""
        return all(self.traits.get(trait, frozenset()) & values for trait, values in row.when.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who holds the role now, with the blind tokens that conflicts are read from."""

    membership_id: UUID
    person_id: UUID
    role: Role
    is_available: bool = True
    is_named: bool = False
    is_outside: bool = False
    open_cases: int = 0
    last_assigned_at: datetime | None = None
    load_version: int = 0
    tokens: frozenset[bytes] = field(default=frozenset(), repr=False)
    close_tokens: frozenset[bytes] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Parties:
    """The blind tokens of a case: who is part of it at all, and who it is about."""

    everybody: frozenset[bytes] = frozenset()
    subjects: frozenset[bytes] = frozenset()

    def conflicts_with(self, candidate: Candidate) -> bool:
        """Whether somebody is part of the case, or close to the person it is about."""
        return self.touches(candidate.tokens, candidate.close_tokens)

    def touches(self, own: frozenset[bytes], close: frozenset[bytes]) -> bool:
        """The same for the tokens of a person, and of those they are close to."""
        return bool(own & self.everybody or close & self.subjects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """One candidate and what became of them."""

    membership_id: UUID
    role: Role
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Who takes the case, in which capacity and why, with everybody who was considered."""

    chosen: Candidate
    capacity: Role
    asked: Role
    row: str
    because: Verdict
    considered: tuple[Considered, ...]


def owner_row(table: Table, matter: Matter) -> Row:
    """The first row that matches. Raises NobodyEligible for a table with a gap."""
    for row in table.owners:
        if matter.fits(row):
            return row
    raise NobodyEligible("no row of the routing table matches")


def told_rows(table: Table, matter: Matter) -> tuple[Row, ...]:
    """Every row whose role is to be told."""
    return tuple(row for row in table.told if matter.fits(row))


def ladder_of(table: Table, asked: Role) -> tuple[Role, ...]:
    """The role asked for, then those who stand in for it, in order."""
    return (asked, *table.stand_ins.get(asked, ()))


def capacity_in(asked: Role, found: Role) -> Role:
    """An officer's stand-in acts as that officer; anybody else in the role they hold."""
    return asked if asked in OFFICERS else found


def choose(
    candidates: Sequence[Candidate], parties: Parties
) -> tuple[Candidate | None, tuple[Considered, ...]]:
    """The fairest of those without a conflict, and what became of each: the named one, else the least busy.

    Somebody of another body only where none of the organisation's own is left.
    """
    free = [one for one in candidates if one.is_available and not parties.conflicts_with(one)]
    chosen = min(free, key=_order, default=None)
    considered = tuple(
        Considered(
            membership_id=one.membership_id, role=one.role, verdict=_verdict(one, chosen, free, parties)
        )
        for one in candidates
    )
    return chosen, considered


def _order(one: Candidate) -> tuple[bool, bool, int, float, str]:
    idle_since = one.last_assigned_at.timestamp() if one.last_assigned_at else 0.0
    return (not one.is_named, one.is_outside, one.open_cases, idle_since, one.membership_id.hex)


def _verdict(
    one: Candidate, chosen: Candidate | None, free: Sequence[Candidate], parties: Parties
) -> Verdict:
    if one is chosen:
        return reason_for(one, among=len(free))
    if parties.conflicts_with(one):
        return Verdict.CONFLICT
    return Verdict.MORE_WORK if one.is_available else Verdict.ABSENT


def reason_for(chosen: Candidate, *, among: int) -> Verdict:
    """Why this one: named by the reporter's training or line, the only one, or the least busy."""
    if chosen.is_named:
        return Verdict.NAMED_SUPERVISOR
    return Verdict.ONLY_ONE if among == 1 else Verdict.LOWEST_WORKLOAD
