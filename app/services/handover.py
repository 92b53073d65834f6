"""Passing on the cases of whoever may not go on with them: a role has ended, or somebody turned out to be close.

Who must leave a case is read from the one rule of who may see it, so nobody keeps a case that they cannot open.
Where nobody else can take it now, it stays as it is, its clocks run on, and the next round tries again.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import reader, transaction
from app.domain.actors import CLOCK, Act
from app.domain.deadlines import local
from app.domain.errors import NobodyEligible, StaleCase, TryAgainLater
from app.domain.events import CLOCK as BY_CLOCK
from app.domain.events import ConflictFound, Event, OfficerTold, OwnerChanged
from app.domain.permissions import OFFICERS
from app.domain.plan import Assigned, Wish, plan_people
from app.domain.routing import Routed
from app.models.case import Case, CaseHandler
from app.models.person import Membership, Relation
from app.queries.cases import Standing, visible_case
from app.services.casework import Scene, lock, scene_of
from app.services.changes import write
from app.services.delivery import actor_for
from app.services.routing import Ground, assign, find_holder, found_or_none, parties_of, who_may_take

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaving:
    """Those who must leave a case: in which capacity each has it, and whether a conflict is among the causes."""

    handlers: Sequence[CaseHandler]
    is_conflict: bool

    @property
    def memberships(self) -> frozenset[UUID]:
        """Their memberships."""
        return frozenset(one.membership_id for one in self.handlers)


def lock_cases_of(session: Session, people: Collection[UUID]) -> Sequence[UUID]:
    """The open cases that these people work on, held until the transaction ends.

    Before anything of theirs changes: cases are locked before people.
    """
    cases = _cases_of(session, people)
    for case_id in cases:
        lock(session, case_id)
    return cases


def _cases_of(session: Session, people: Collection[UUID]) -> Sequence[UUID]:
    working = (
        select(CaseHandler.case_id)
        .join(Membership, Membership.id == CaseHandler.membership_id)
        .join(Case, Case.id == CaseHandler.case_id)
        .where(Membership.person_id.in_(people), CaseHandler.until_at.is_(None), Case.closed_at.is_(None))
    )
    return sorted(session.scalars(working.distinct()))


def pass_on(session: Session, cases: Sequence[UUID], *, now: datetime) -> None:
    """Finds somebody else for those of these locked cases whose handlers may not go on, in the same transaction."""
    session.flush()
    for case_id in cases:
        case = session.get_one(Case, case_id, populate_existing=True)
        standing = Standing(capacity=case.owner_role, is_owner=False)
        scene = scene_of(session, case, Act(actor=CLOCK, now=now), standing=standing)
        leaving = _leaving(scene)
        if leaving.handlers:
            _part(scene, leaving)


def _leaving(scene: Scene) -> _Leaving:
    rows = scene.session.execute(
        select(CaseHandler, Membership)
        .join(Membership, Membership.id == CaseHandler.membership_id)
        .where(CaseHandler.case_id == scene.case.id, CaseHandler.until_at.is_(None))
        .order_by(CaseHandler.from_at, CaseHandler.id)
    ).all()
    ended = [handler for handler, held in rows if not _counts(held, scene.today)]
    blind = [handler for handler, held in rows if _counts(held, scene.today) and not _may_see(scene, held)]
    return _Leaving(handlers=(*ended, *blind), is_conflict=bool(blind))


def _counts(held: Membership, today: date) -> bool:
    return held.starts_on <= today and (held.ends_on is None or held.ends_on >= today)


def _may_see(scene: Scene, held: Membership) -> bool:
    actor = actor_for(scene.session, held, scene.case, scene.act.now)
    return visible_case(scene.session, actor, scene.case.id) is not None


def _part(scene: Scene, leaving: _Leaving) -> None:
    try:
        taking = _taking_over(scene, leaving)
    except NobodyEligible:
        return
    owner = next((one for _, one in taking if one.is_owner), None)
    cause = "conflict" if leaving.is_conflict else "role_ended"
    events: list[Event] = [ConflictFound(by=BY_CLOCK)] if leaving.is_conflict else []
    if owner:
        before = scene.snapshot.owner_role
        events.append(OwnerChanged(by=BY_CLOCK, from_role=before, to=owner.capacity, reason=cause))
    events += [OfficerTold(by=BY_CLOCK, to=one.capacity) for _, one in taking if not one.is_owner]
    wish = Wish(
        events=tuple(events),
        joining=tuple(one for _, one in taking),
        leaving=tuple(leaving.memberships),
        routed=tuple(routed for routed, _ in taking),
        values={"escalated_to": owner.capacity} if owner and scene.case.escalated_to else {},
    )
    write(scene.session, [plan_people(scene.definition, scene.snapshot, wish=wish)], act=scene.act)


def _taking_over(scene: Scene, leaving: _Leaving) -> tuple[tuple[Routed, Assigned], ...]:
    """Another owner, if theirs must leave, and another officer for each; nobody else is missed."""
    is_owner_gone = scene.snapshot.owner_membership_id in leaving.memberships
    officers = [one.capacity for one in leaving.handlers if one.capacity in OFFICERS]
    if not is_owner_gone and not officers:
        return ()
    ground = Ground(
        organisation_id=scene.case.organisation_id,
        on=scene.today,
        parties=parties_of(scene.session, scene.case.id),
        not_again=leaving.memberships,
        only=who_may_take(scene.snapshot.kind, is_unresolved=scene.snapshot.is_subject_unresolved),
    )

    def find() -> list[Routed]:
        found = []
        if is_owner_gone:
            found.append(find_holder(scene.session, scene.snapshot.owner_role, ground, row="handover"))
        for role in officers:
            other = found_or_none(
                scene.session, role, ground, row="handover", conflicts_of=ground.organisation_id
            )
            found += [other] if other else []
        return list({one.chosen.membership_id: one for one in reversed(found)}.values())[::-1]

    taken = assign(scene.session, find, organisation_id=ground.organisation_id, now=scene.act.now)
    return tuple((routed, replace(one, is_owner=one.is_owner and is_owner_gone)) for routed, one in taken)


def catch_up(*, now: datetime) -> None:
    """Passes on what a new day brings: roles whose last day is over, relations that begin. One case at a time."""
    for case_id in _cases_of_the_day(local(now).date()):
        try:
            with transaction() as session:
                lock(session, case_id)
                pass_on(session, [case_id], now=now)
        except (StaleCase, TryAgainLater):
            log.warning("handover.later", extra={"case_id": str(case_id)})


def _cases_of_the_day(today: date) -> Sequence[UUID]:
    session = reader()
    ended = select(Membership.person_id).where(Membership.ends_on < today, Membership.open_cases > 0)
    begins = Relation.starts_on == today
    people = session.scalars(
        ended.union(select(Relation.person_id).where(begins), select(Relation.other_id).where(begins))
    ).all()
    cases = _cases_of(session, people) if people else ()
    session.rollback()
    return cases
