"""Finding who takes a case: candidates from the database, the choice from ``domain.routing``."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Uuid, and_, bindparam, exists, false, or_, select, true, union_all, update
from sqlalchemy.orm import Session, aliased

from app.database import installation_of
from app.domain.errors import NobodyEligible, NotAvailable
from app.domain.permissions import ADVISERS, HANDLERS
from app.domain.plan import Assigned
from app.domain.routing import (
    At,
    Candidate,
    Considered,
    Matter,
    Parties,
    Routed,
    Trait,
    capacity_in,
    choose,
    ladder_of,
    owner_row,
    told_rows,
)
from app.domain.vocabulary import Kind, OrganisationType, PartyRole, RelationKind, Role
from app.encryption.keys import seal
from app.keychain import case_context, case_key
from app.models.case import Case, CaseExclusion, CaseHandler, CaseParty, RoutingDecision
from app.models.organisation import Appointment, Organisation
from app.models.person import Membership, Relation
from app.queries.people import (
    current_on,
    relation_on,
    roles_held,
    tokens_by_person,
    workplace_tokens,
)

TRIES = 3
UNRESOLVED = frozenset({Role.GUARDIAN, Role.BOARD_LEAD, Role.OUTSIDE_REVIEWER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where and for whom somebody is sought: the organisation, the day, the parties, and who is named.

    ``not_again`` are memberships, ``not_wanted`` people who are passed over without a reason being kept.
    """

    organisation_id: UUID
    on: date
    parties: Parties
    named: frozenset[UUID] = frozenset()
    not_again: frozenset[UUID] = frozenset()
    not_wanted: frozenset[UUID] = frozenset()
    only: frozenset[Role] = HANDLERS
    agency_id: UUID | None = None


def who_may_take(kind: Kind, *, is_unresolved: bool) -> frozenset[Role]:
    """The roles that a case may ever be given to. While nobody knows whom it is about: two, and a board lead."""
    if kind is Kind.ADVICE:
        return ADVISERS
    return UNRESOLVED if is_unresolved else HANDLERS


def route_owner(session: Session, matter: Matter, ground: Ground) -> Routed:
    """Who owns a case that opens now. Raises NobodyEligible."""
    row = owner_row(installation_of(session).routing, matter)
    if Trait.WISH in row.when:
        ground = replace(ground, not_wanted=_not_wanted(session, matter, ground))
    return find_holder(session, row.to, ground, row=row.name)


def _not_wanted(session: Session, matter: Matter, ground: Ground) -> frozenset[UUID]:
    """Whom the reporter's wish keeps out: their own supervisors and managers, and whoever would have it else."""
    plain = Matter({trait: values for trait, values in matter.traits.items() if trait is not Trait.WISH})
    asked = owner_row(installation_of(session).routing, plain).to
    usual = found_or_none(session, asked, ground, row="", conflicts_of=ground.organisation_id)
    return ground.named | {usual.chosen.person_id} if usual else ground.named


def route_told(session: Session, matter: Matter, ground: Ground) -> list[Routed]:
    """Everybody else who is told; a role that nobody can fill is passed over, the owner has the case."""
    found = []
    for row in told_rows(installation_of(session).routing, matter):
        place = ground
        if row.at is At.AGENCY and ground.agency_id:
            place = replace(ground, organisation_id=ground.agency_id)
        routed = found_or_none(session, row.to, place, row=row.name, conflicts_of=ground.organisation_id)
        found += [routed] if routed else []
    return found


def known_matter(
    session: Session, case: Case, person_id: UUID | None, *, on: date
) -> tuple[Matter, UUID | None]:
    """A concern as the table of those told meets it once it is known whom it is about (None: nobody here).

    With the agency that a locum works for.
    """
    rows = session.execute(
        select(Membership.role, Membership.post, Organisation.id, Organisation.type)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.person_id == person_id, current_on(on))
        .order_by(Organisation.id)
    ).all()
    here = [row for row in rows if row.id == case.organisation_id]
    traits: dict[Trait, set[str]] = {
        Trait.KIND: {case.kind},
        Trait.SEVERITY: {case.severity},
        Trait.CATEGORY: {case.category, *case.also.split()},
        Trait.IDENTITY: {case.identity},
        Trait.PATIENT_DATA: {case.patient_data},
        Trait.SUBJECT: {"known"},
        Trait.SUBJECT_POST: {row.post for row in here},
        Trait.SUBJECT_ROLE: {row.role for row in here},
    }
    agency_id = next((row.id for row in rows if row.type is OrganisationType.AGENCY), None)
    return Matter({trait: frozenset(values) for trait, values in traits.items()}), agency_id


def find_holder(session: Session, asked: Role, ground: Ground, *, row: str) -> Routed:
    """Somebody without a conflict in the role asked for, or in the next one that stands in for it.

    Raises NobodyEligible where not even the outside reviewer is left.
    """
    routed = found_or_none(session, asked, ground, row=row, conflicts_of=ground.organisation_id)
    if routed is None:
        raise NobodyEligible(f"nobody can take this as {asked}")
    return routed


def found_or_none(
    session: Session, asked: Role, ground: Ground, *, row: str, conflicts_of: UUID
) -> Routed | None:
    """The same, or None. ``conflicts_of`` is the organisation whose index key made the tokens of the case."""
    considered: list[Considered] = []
    ladder = ladder_of(installation_of(session).routing, asked)
    for role in (role for role in ladder if role in ground.only):
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


def find_person(session: Session, membership_id: UUID, ground: Ground) -> Routed:
    """That very person, in a role they hold here. Raises NotAvailable with the same words for every cause."""
    appointed = select(Appointment.capacity).where(
        Appointment.organisation_id == ground.organisation_id, Appointment.membership_id == membership_id
    )
    held = select(Membership.role).where(Membership.id == membership_id)
    for role in (*session.scalars(held), *session.scalars(appointed)):
        candidates = candidates_for(session, role, ground, conflicts_of=ground.organisation_id)
        this_one = [one for one in candidates if one.membership_id == membership_id]
        chosen, considered = choose(this_one, ground.parties)
        if chosen and role in ground.only:
            return Routed(
                chosen=chosen,
                capacity=role,
                asked=role,
                row="referral",
                because=considered[0].verdict,
                considered=considered,
            )
    raise NotAvailable("not available")


def candidates_for(session: Session, role: Role, ground: Ground, *, conflicts_of: UUID) -> list[Candidate]:
    """Everybody who holds a role in the organisation today, own people and appointed outsiders alike."""
    holders = [
        one
        for one in _holders(session, role, ground)
        if one.id not in ground.not_again and one.person_id not in ground.not_wanted
    ]
    people = {one.person_id for one in holders}
    tokens = tokens_by_person(session, people, organisation_id=conflicts_of, on=ground.on)
    work = _workplaces(session, people, ground) if ground.only == ADVISERS else {}
    return [
        Candidate(
            membership_id=one.id,
            person_id=one.person_id,
            role=one.role,
            is_named=one.person_id in ground.named,
            is_outside=one.organisation_id != conflicts_of,
            open_cases=one.open_cases,
            last_assigned_at=one.last_assigned_at,
            load_version=one.load_version,
            tokens=tokens[one.person_id][0] | work.get(one.person_id, frozenset()),
            close_tokens=tokens[one.person_id][1],
        )
        for one in holders
    ]


def _workplaces(
    session: Session, people: Collection[UUID], ground: Ground
) -> Mapping[UUID, frozenset[bytes]]:
    """The workplaces of advisers, whose doctors they do not advise."""
    held = roles_held(session, people, on=ground.on)
    return {
        person: workplace_tokens(session, roles, organisation_id=ground.organisation_id)
        for person, roles in held.items()
    }


# Put together once, and read as plain columns: routing considers everybody who holds a role.
APPOINTED = select(Appointment.membership_id).where(
    Appointment.organisation_id == bindparam("organisation_id"),
    Appointment.capacity == bindparam("role"),
    Appointment.starts_on <= bindparam("on"),
    or_(Appointment.ends_on.is_(None), Appointment.ends_on >= bindparam("on")),
)
OWN = and_(
    Membership.organisation_id == bindparam("organisation_id"),
    Membership.role == bindparam("role"),
)
HOLDERS = (
    select(
        Membership.id,
        Membership.person_id,
        Membership.role,
        Membership.organisation_id,
        Membership.open_cases,
        Membership.last_assigned_at,
        Membership.load_version,
    )
    .where(or_(OWN, Membership.id.in_(APPOINTED)), current_on(bindparam("on")))
    .order_by(Membership.id)
)


ADVISING = aliased(Membership)
# Those who also advise at an MDO take no employer's case, since its doctors may be their members.
EMPLOYERS_HOLDERS = HOLDERS.where(
    ~exists().where(
        ADVISING.person_id == Membership.person_id,
        ADVISING.role.in_((Role.ADVISER, Role.ADVISER_LEAD)),
        current_on(bindparam("on"), ADVISING),
    )
)


def _holders(session: Session, role: Role, ground: Ground) -> Sequence[Any]:
    asked = {"organisation_id": ground.organisation_id, "role": role, "on": ground.on}
    return session.execute(HOLDERS if ground.only == ADVISERS else EMPLOYERS_HOLDERS, asked).all()


def named_for(session: Session, person_id: UUID, *, on: date) -> frozenset[UUID]:
    """The supervisors and managers of a person, by name."""
    rows = session.scalars(
        select(Relation.other_id).where(
            Relation.person_id == person_id,
            Relation.kind.in_((RelationKind.SUPERVISED_BY, RelationKind.REPORTS_TO)),
            relation_on(on),
        )
    )
    return frozenset(rows)


def deputies_of(session: Session, person_id: UUID, *, on: date) -> frozenset[UUID]:
    """Who deputises for a person."""
    rows = session.scalars(
        select(Relation.person_id).where(
            Relation.other_id == person_id, Relation.kind == RelationKind.DEPUTISES_FOR, relation_on(on)
        )
    )
    return frozenset(rows)


def conflicted_handlers(
    session: Session, case_id: UUID, parties: Parties, *, organisation_id: UUID, on: date
) -> frozenset[UUID]:
    """Those who work on a case although they, or somebody close to them, are part of it as it is known now."""
    handlers = session.execute(
        select(CaseHandler.membership_id, CaseHandler.person_id).where(
            CaseHandler.case_id == case_id, CaseHandler.until_at.is_(None)
        )
    ).all()
    people = {row.person_id for row in handlers}
    tokens = tokens_by_person(session, people, organisation_id=organisation_id, on=on)
    return frozenset(row.membership_id for row in handlers if parties.touches(*tokens[row.person_id]))


# Put together once: building a statement costs more than running it.
CASE_ID = bindparam("case_id", type_=Uuid())
PARTIES = union_all(
    select(CaseParty.token, CaseParty.role == PartyRole.SUBJECT).where(CaseParty.case_id == CASE_ID),
    select(CaseExclusion.token, false()).where(CaseExclusion.case_id == CASE_ID),
)


def parties_of(session: Session, case_id: UUID) -> Parties:
    """The tokens of a case, with those excluded from it by declaration or decision."""
    rows = session.execute(PARTIES, {"case_id": case_id}).all()
    return Parties(
        everybody=frozenset(token for token, _ in rows),
        subjects=frozenset(token for token, is_subject in rows if is_subject),
    )


def assign(
    session: Session, find: Callable[[], Sequence[Routed]], *, organisation_id: UUID, now: datetime
) -> tuple[tuple[Routed, Assigned], ...]:
    """Gives a case to those who are found, its owner in front, and counts it to each of them once.

    If somebody else was given a case to one of them meanwhile, they are found again; after the third time
    the organisation's other routing waits until this one is done.
    """
    for _ in range(TRIES):
        found = find()
        if not found:
            return ()
        if taken := _taken(session, found, now):
            return taken
    organisation = select(Organisation.id).where(Organisation.id == organisation_id)
    # Not against rows that only refer to the organisation: new cases do.
    session.execute(organisation.with_for_update(key_share=True))
    return _counted(session, find(), now, is_exact=False)


def _taken(session: Session, routed: Sequence[Routed], now: datetime) -> tuple[tuple[Routed, Assigned], ...]:
    """All of them or none: what was counted to some is taken back where another one was taken meanwhile."""
    if len(routed) == 1:
        return _counted(session, routed, now, is_exact=True)
    with session.begin_nested() as attempt:
        taken = _counted(session, routed, now, is_exact=True)
        if len(taken) < len(routed):
            attempt.rollback()
            return ()
        return taken


def _counted(
    session: Session, routed: Sequence[Routed], now: datetime, *, is_exact: bool
) -> tuple[tuple[Routed, Assigned], ...]:
    """Those to whom the case was counted. Locked in the order of their ids, so that none waits for another."""
    counted = {
        one.chosen.membership_id
        for one in sorted(routed, key=lambda one: one.chosen.membership_id)
        if _take_up(session, one.chosen, now, is_exact=is_exact)
    }
    return tuple(
        (one, _assigned(one, is_owner=number == 0))
        for number, one in enumerate(routed)
        if one.chosen.membership_id in counted
    )


def _take_up(session: Session, chosen: Candidate, now: datetime, *, is_exact: bool) -> bool:
    """The compare-and-set that keeps the number of open cases true."""
    same = Membership.load_version == chosen.load_version if is_exact else true()
    taken = session.execute(
        update(Membership)
        .where(Membership.id == chosen.membership_id, same)
        .values(
            open_cases=Membership.open_cases + 1,
            load_version=Membership.load_version + 1,
            last_assigned_at=now,
        )
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]  # an UPDATE has a cursor


def _assigned(routed: Routed, *, is_owner: bool) -> Assigned:
    return Assigned(
        membership_id=routed.chosen.membership_id,
        person_id=routed.chosen.person_id,
        capacity=routed.capacity,
        is_owner=is_owner,
        is_outside=routed.chosen.is_outside,
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
    context = case_context(
        case_id,
        organisation_id=organisation_id,
        table="routing_decision",
        column="explanation",
        row=decision_id,
    )
    return RoutingDecision(
        id=decision_id, case_id=case_id, decided_at=now, explanation_sealed=seal(key, words, context=context)
    )
