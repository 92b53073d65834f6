"""What happened in a case, opened from its ledger: one entry a sentence, the newest first.

An entry carries roles and codes only; the sentences stand in ``templates/timeline``, a file an event, and say
for each reader what that reader is told, or nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.database import reader
from app.domain.actors import Actor
from app.domain.events import CaseViewed, CaseViewedAgain
from app.keychain import case_key, detail_context
from app.models.ledger import AuditDetail, AuditEntry
from app.queries.cases import visible_case

LONGEST = 300
VIEWS = frozenset({CaseViewed.tag, CaseViewedAgain.tag})
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
    .where(AuditEntry.case_id == bindparam("case_id"), AuditEntry.case_seq > bindparam("after"))
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


def entries_of(
    session: Session, case_id: UUID, *, organisation_id: UUID, after: int = 0, longest: int = LONGEST
) -> Sequence[Entry]:
    """The entries of a case numbered above ``after``, newest first. The caller has proved the right to it.

    Raises SealBroken once the case was disposed of.
    """
    asked = {"case_id": case_id, "after": after, "longest": longest}
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


def since(actor: Actor, case_id: UUID, seq: int) -> Sequence[Entry]:
    """What others did in a case since entry ``seq``, newest first, openings left out.

    Nothing for a case that this viewer may not see.
    """
    session = reader()
    case = visible_case(session, actor, case_id)
    if case is None:
        return []
    found = entries_of(session, case_id, organisation_id=case.organisation_id, after=seq)
    return [entry for entry in found if not entry.is_view]
