"""What happened in a case, opened from its ledger: one entry a sentence, the newest first.

An entry carries roles and codes only; the sentences stand in ``templates/timeline``, a file an event, and say
for each reader what that reader is told, or nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.database import reader
from app.domain.actors import Actor
from app.domain.errors import NotFound
from app.domain.events import (
    CaseClosed,
    CaseReopened,
    CaseViewed,
    CaseViewedAgain,
    ContainmentRecorded,
    DeadlineArmed,
    DeadlineMet,
    DeadlineMissed,
    DeadlineMoved,
    DeadlinePaused,
    IcoStarted,
    MessageSent,
    NoticeRecorded,
    OfficerTold,
    PatientDataDecided,
    PatientDecided,
    RecusalMade,
    ReportSubmitted,
)
from app.domain.permissions import OFFICERS
from app.domain.workflow import DATA_CLOCKS
from app.keychain import case_key, detail_context
from app.models.ledger import AuditDetail, AuditEntry
from app.queries.cases import standing_in, visible_case

LONGEST = 300
# Above the number of every entry.
END = 2**31 - 1
VIEWS = frozenset({CaseViewed.tag, CaseViewedAgain.tag})
# What officers read of what happened: what became of the patient's information, and who looked at it.
OFFICERS_TAGS = VIEWS | {
    one.tag
    for one in (
        CaseClosed,
        CaseReopened,
        ContainmentRecorded,
        IcoStarted,
        OfficerTold,
        PatientDataDecided,
        PatientDecided,
        ReportSubmitted,
    )
}
# What they read where an officer did it, and where it is about a clock of theirs.
BY_OFFICERS = frozenset({MessageSent.tag, RecusalMade.tag})
OF_CLOCKS = frozenset(
    one.tag for one in (DeadlineArmed, DeadlineMet, DeadlineMissed, DeadlineMoved, DeadlinePaused)
)
# Put together once: building a statement costs more than running it.
ENTRIES = (
    select(
        AuditEntry.id,
        AuditEntry.log,
        AuditEntry.case_seq,
        AuditEntry.at,
        AuditEntry.action,
        AuditDetail.detail_sealed,
    )
    .join(AuditDetail, AuditDetail.entry_id == AuditEntry.id)
    .where(
        AuditEntry.case_id == bindparam("case_id"),
        AuditEntry.case_seq > bindparam("after"),
        AuditEntry.case_seq < bindparam("before"),
    )
    .order_by(AuditEntry.case_seq.desc())
    .limit(bindparam("longest"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened: its number in the case, its instant (UTC), its tag and the event's fields."""

    seq: int
    at: datetime
    tag: str
    detail: Mapping[str, str | int | bool]

    @property
    def template(self) -> str:
        """The file that words it."""
        return f"timeline/{self.tag.replace(':', '_')}.html"

    @property
    def is_view(self) -> bool:
        """Whether somebody only looked."""
        return self.tag in VIEWS

    @property
    def is_for_officers(self) -> bool:
        """Whether it concerns the patient's information, so that who reads that part only reads it too."""
        if self.tag in OF_CLOCKS:
            return self.detail["clock"] in DATA_CLOCKS
        if self.tag == NoticeRecorded.tag:
            return self.detail["body"] == "regulator"
        return self.tag in OFFICERS_TAGS or (self.tag in BY_OFFICERS and self.detail["by"] in OFFICERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One page of a timeline, newest first; ``earlier`` is the number before which the next page begins, if any."""

    entries: tuple[Entry, ...]
    earlier: int | None


def entries_of(
    session: Session,
    case_id: UUID,
    *,
    organisation_id: UUID,
    after: int = 0,
    before: int = END,
    longest: int = LONGEST,
) -> Sequence[Entry]:
    """The entries of a case numbered between two numbers, newest first. The caller has proved the right to it.

    Raises SealBroken once the case was disposed of.
    """
    asked = {"case_id": case_id, "after": after, "before": min(before, END), "longest": longest}
    rows = session.execute(ENTRIES, asked)
    key = case_key(session, case_id, organisation_id=organisation_id)
    return [
        Entry(
            seq=row.case_seq,
            at=row.at,
            tag=row.action,
            detail=json.loads(key.open(row.detail_sealed, context=detail_context(row.log, row.id))),
        )
        for row in rows
    ]


def stretch_of(session: Session, case_id: UUID, *, organisation_id: UUID, before: int) -> Stretch:
    """The page of a timeline that ends before a number. The caller has proved the right to it."""
    found = entries_of(session, case_id, organisation_id=organisation_id, before=before, longest=LONGEST + 1)
    shown = tuple(found[:LONGEST])
    return Stretch(entries=shown, earlier=shown[-1].seq if len(found) > LONGEST else None)


def stretch(actor: Actor, case_id: UUID, *, before: int) -> Stretch:
    """The same for somebody who works on the case. Raises NotFound for a case that they may not see."""
    session = reader()
    case = visible_case(session, actor, case_id)
    if case is None:
        raise NotFound("no such case")
    found = stretch_of(session, case_id, organisation_id=case.organisation_id, before=before)
    is_part_only = standing_in(session, actor, case).sees_patient_part_only
    return replace(found, entries=readable(found.entries, is_part_only=is_part_only))


def since(actor: Actor, case_id: UUID, seq: int) -> Sequence[Entry]:
    """What others did in a case since entry ``seq``, newest first, openings left out.

    Nothing for a case that this viewer may not see.
    """
    session = reader()
    case = visible_case(session, actor, case_id)
    if case is None:
        return []
    found = entries_of(session, case_id, organisation_id=case.organisation_id, after=seq)
    is_part_only = standing_in(session, actor, case).sees_patient_part_only
    return [one for one in readable(found, is_part_only=is_part_only) if not one.is_view]


def readable(entries: Sequence[Entry], *, is_part_only: bool) -> tuple[Entry, ...]:
    """Those that somebody reads who knows the whole case, or the patient's part of it only."""
    return tuple(one for one in entries if one.is_for_officers or not is_part_only)
