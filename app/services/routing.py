"""Finding who takes a case: candidates from the database, the choice from ``domain.routing``."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from app.database import installation_of
from app.domain.errors import NobodyEligible
from app.domain.plan import Assigned
from app.domain.routing import (
    Candidate,
    Considered,
    Matter,
    Parties,
    Routed,
    capacity_in,
    choose,
    ladder_of,
    owner_row,
    told_rows,
)
from app.domain.vocabulary import OrganisationType, PartyRole, Role
from app.encryption.keys import Context, seal
from app.keychain import case_key, gmc_token, person_token
from app.models.case import CaseExclusion, CaseParty, RoutingDecision
from app.models.organisation import Appointment, Organisation
from app.models.person import Membership, Person, Relation, RelationKind

TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where and for whom somebody is sought: the organisation, the day, the parties, and who is named."""

    organisation_id: UUID
    on: date
    parties: Parties
    named: frozenset[UUID] = frozenset()
    not_again: frozenset[UUID] = frozenset()
    agency_id: UUID | None = None


def route_owner(session: Session, matter: Matter, ground: Ground) -> Routed:
    """Who owns a case that opens now. Raises NobodyEligible."""
    row = owner_row(installation_of(session).routing, matter)
    return find_holder(session, row.to, ground, row=row.name)


def route_told(session: Session, matter: Matter, ground: Ground) -> list[Routed]:
    """Everybody else who is told; a role that nobody can fill is passed over, the owner has the case."""
    found = []
    for row in told_rows(installation_of(session).routing, matter):
        place = ground
        if row.name == "about-a-locum" and ground.agency_id:
            place = replace(ground, organisation_id=ground.agency_id)
        routed = _found_or_none(session, row.to, place, row=row.name, conflicts_of=ground.organisation_id)
        found += [routed] if routed else []
    return found


def find_holder(session: Session, asked: Role, ground: Ground, *, row: str) -> Routed:
    """Somebody without a conflict in the role asked for, or in the next one that stands in for it.

    Raises NobodyEligible where not even the outside reviewer is left.
    """
    routed = _found_or_none(session, asked, ground, row=row, conflicts_of=ground.organisation_id)
    if routed is None:
        raise NobodyEligible(f"nobody can take this as {asked}")
    return routed


def _found_or_none(
    session: Session, asked: Role, ground: Ground, *, row: str, conflicts_of: UUID
) -> Routed | None:
    considered: list[Considered] = []
    for role in ladder_of(installation_of(session).routing, asked):
        candidates = candidates_for(session, role, ground, conflicts_of=conflicts_of)
        chosen, verdicts = choose(candidates, ground.parties)
        considered += verdicts
        if chosen:
            because = next(one.verdict for one in verdicts if one.membership_id == chosen.membership_id)
            return Routed(
                chosen=chosen,
                capacity=capacity_in(asked, role),
                asked=asked,
                row=row,
                because=because,
                considered=tuple(considered),
            )
    return None


def candidates_for(session: Session, role: Role, ground: Ground, *, conflicts_of: UUID) -> list[Candidate]:
    """Everybody who holds a role in the organisation today, own people and appointed outsiders alike.

    ``conflicts_of`` is the organisation whose index key made the tokens of the case.
    """
    holders = _holders(session, role, ground)
    outsiders = _advisers_among(session, [one.person_id for one in holders], ground)
    holders = [one for one in holders if one.person_id not in outsiders and one.id not in ground.not_again]
    tokens = tokens_of(
        session, [one.person_id for one in holders], organisation_id=conflicts_of, on=ground.on
    )
    return [
        Candidate(
            membership_id=one.id,
            person_id=one.person_id,
            role=one.role,
            is_named=one.person_id in ground.named,
            open_cases=one.open_cases,
            last_assigned_at=one.last_assigned_at,
            load_version=one.load_version,
            tokens=tokens[one.person_id][0],
            close_tokens=tokens[one.person_id][1],
        )
        for one in holders
    ]


def _holders(session: Session, role: Role, ground: Ground) -> Sequence[Membership]:
    appointed = select(Appointment.membership_id).where(
        Appointment.organisation_id == ground.organisation_id,
        Appointment.capacity == role,
        Appointment.starts_on <= ground.on,
        or_(Appointment.ends_on.is_(None), Appointment.ends_on >= ground.on),
    )
    own = and_(Membership.organisation_id == ground.organisation_id, Membership.role == role)
    holders = session.scalars(
        select(Membership)
        .where(or_(own, Membership.id.in_(appointed)), *current_on(ground.on))
        .execution_options(populate_existing=True)
    ).all()
    return sorted(holders, key=lambda one: one.organisation_id != ground.organisation_id)


def current_on(day: date) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a membership counts on a day."""
    return (Membership.starts_on <= day, or_(Membership.ends_on.is_(None), Membership.ends_on >= day))


def _advisers_among(session: Session, people: Sequence[UUID], ground: Ground) -> frozenset[UUID]:
    """Those who also advise at an MDO: they take no employer's case, since its doctors may be their members."""
    if _is_mdo(session, ground.organisation_id) or not people:
        return frozenset()
    advising = select(Membership.person_id).where(
        Membership.person_id.in_(people),
        Membership.role.in_((Role.ADVISER, Role.ADVISER_LEAD)),
        *current_on(ground.on),
    )
    return frozenset(session.scalars(advising))


def _is_mdo(session: Session, organisation_id: UUID) -> bool:
    organisation = session.get_one(Organisation, organisation_id)
    return organisation.type is OrganisationType.MDO


def tokens_of(
    session: Session, people: Sequence[UUID], *, organisation_id: UUID, on: date
) -> dict[UUID, tuple[frozenset[bytes], frozenset[bytes]]]:
    """For each person their own blind tokens, and those of the people they are close to."""
    numbers = dict(session.execute(select(Person.id, Person.gmc_number).where(Person.id.in_(people))).all())
    close = _close_to(session, people, on=on)
    return {
        person: (
            own_tokens(session, person, numbers.get(person), organisation_id=organisation_id),
            frozenset(
                person_token(session, other, organisation_id=organisation_id) for other in close[person]
            ),
        )
        for person in people
    }


def own_tokens(
    session: Session, person_id: UUID, gmc_number: str | None, *, organisation_id: UUID
) -> frozenset[bytes]:
    """The blind tokens under which a person may be part of a case: by id, and by GMC number."""
    tokens = {person_token(session, person_id, organisation_id=organisation_id)}
    if gmc_number:
        tokens.add(gmc_token(session, gmc_number, organisation_id=organisation_id))
    return frozenset(tokens)


def _close_to(session: Session, people: Iterable[UUID], *, on: date) -> dict[UUID, set[UUID]]:
    """Whom each person reports to, deputises for, or is related to."""
    close: dict[UUID, set[UUID]] = {person: set() for person in people}
    rows = session.execute(
        select(Relation.person_id, Relation.other_id, Relation.kind).where(
            or_(Relation.person_id.in_(close), Relation.other_id.in_(close)),
            Relation.kind != RelationKind.SUPERVISED_BY,
            Relation.starts_on <= on,
            or_(Relation.ends_on.is_(None), Relation.ends_on >= on),
        )
    )
    for person, other, kind in rows:
        if person in close:
            close[person].add(other)
        if other in close and kind is RelationKind.RELATED_TO:
            close[other].add(person)
    return close


def named_for(session: Session, person_id: UUID, *, on: date) -> frozenset[UUID]:
    """The supervisors and managers of a person, by name."""
    rows = session.scalars(
        select(Relation.other_id).where(
            Relation.person_id == person_id,
            Relation.kind.in_((RelationKind.SUPERVISED_BY, RelationKind.REPORTS_TO)),
            Relation.starts_on <= on,
            or_(Relation.ends_on.is_(None), Relation.ends_on >= on),
        )
    )
    return frozenset(rows)


def parties_of(session: Session, case_id: UUID) -> Parties:
    """The tokens of a case, with those excluded from it by declaration or decision."""
    rows = session.execute(select(CaseParty.token, CaseParty.role).where(CaseParty.case_id == case_id)).all()
    excluded = session.scalars(select(CaseExclusion.token).where(CaseExclusion.case_id == case_id)).all()
    return Parties(
        everybody=frozenset(row.token for row in rows) | frozenset(excluded),
        subjects=frozenset(row.token for row in rows if row.role is PartyRole.SUBJECT),
    )


def take_up(session: Session, routed: Routed, *, is_owner: bool, now: datetime) -> Assigned | None:
    """Counts the case to the chosen one, unless somebody else was given a case to them meanwhile."""
    taken = session.execute(
        update(Membership)
        .where(
            Membership.id == routed.chosen.membership_id,
            Membership.load_version == routed.chosen.load_version,
        )
        .values(
            open_cases=Membership.open_cases + 1,
            load_version=Membership.load_version + 1,
            last_assigned_at=now,
        )
    )
    if not taken.rowcount:  # type: ignore[attr-defined]  # an UPDATE has a cursor
        return None
    return Assigned(
        membership_id=routed.chosen.membership_id,
        person_id=routed.chosen.person_id,
        capacity=routed.capacity,
        is_owner=is_owner,
    )


def explained(
    session: Session, case_id: UUID, routed: Routed, *, organisation_id: UUID, now: datetime
) -> RoutingDecision:
    """The decision with everybody who was considered, sealed: it can reveal who a concern is about."""
    decision_id = uuid4()
    words = json.dumps(
        {
            "asked": routed.asked,
            "row": routed.row,
            "because": routed.because,
            "chosen": routed.chosen.membership_id.hex,
            "considered": [
                {"membership": one.membership_id.hex, "role": one.role, "verdict": one.verdict}
                for one in routed.considered
            ],
        }
    )
    key = case_key(session, case_id, organisation_id=organisation_id)
    context = Context(
        owner=organisation_id.hex,
        case=case_id.hex,
        table="routing_decision",
        column="explanation",
        row=decision_id.hex,
    )
    return RoutingDecision(
        id=decision_id, case_id=case_id, decided_at=now, explanation_sealed=seal(key, words, context=context)
    )
