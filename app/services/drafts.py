"""Reports that are not sent yet: kept under their author's own key, which no organisation holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit.record import record_personal
from app.database import installation_of, reader, transaction
from app.domain.actors import Act, Actor
from app.domain.errors import NotFound, StaleCase
from app.domain.events import DraftChanged
from app.domain.submission import rooms
from app.domain.vocabulary import Kind, Lane
from app.encryption.keys import Context, open_sealed, seal
from app.keychain import personal_key
from app.models.draft import Draft
from app.models.mail import Mail, MailKind
from app.notifications.outbox import queue

# The pages say so in words.
KEPT_FOR = timedelta(days=30)
REMINDERS = (timedelta(days=7), timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDraft:
    """A draft with its answers open, for its author only. Instants are aware UTC."""

    id: UUID
    kind: Kind
    form_version: int
    version: int
    started_at: datetime
    changed_at: datetime
    expires_at: datetime
    answers: Mapping[str, str | list[str]] = field(repr=False)


def start(kind: Kind, *, form_version: int, answers: Mapping[str, str | list[str]], act: Act) -> UUID:
    """Keeps the first answer of a new report, and answers the draft's id."""
    with transaction() as session:
        draft_id = uuid4()
        draft = Draft(
            id=draft_id,
            person_id=_author(act.actor),
            form=kind,
            form_version=form_version,
            answers_sealed=_sealed(session, draft_id, answers, act.actor),
            started_at=act.now,
            changed_at=act.now,
            expires_at=act.now + KEPT_FOR,
        )
        session.add(draft)
        record_personal(
            session, DraftChanged(by="person", change="started"), person_id=_author(act.actor), act=act
        )
        return draft_id


def keep(draft_id: UUID, version: int, *, answers: Mapping[str, str | list[str]], act: Act) -> int:
    """Keeps the answers so far, and answers the draft's new version.

    The version of the form stays the one that the draft was started with, so that questions worded anew since
    can be marked until it is sent. Raises NotFound for somebody else's draft and StaleCase where another window
    was faster.
    """
    with transaction() as session:
        draft = _own_locked(session, draft_id, act.actor)
        if draft.version != version:
            raise StaleCase("the draft was changed in another window")
        draft.answers_sealed = _sealed(session, draft_id, answers, act.actor)
        draft.changed_at = act.now
        draft.expires_at = act.now + KEPT_FOR
        draft.version = version + 1
        return draft.version


def discard(draft_id: UUID, *, act: Act) -> None:
    """Deletes a draft for good. Raises NotFound for somebody else's."""
    with transaction() as session:
        session.delete(_own_locked(session, draft_id, act.actor))
        record_personal(
            session, DraftChanged(by="person", change="deleted"), person_id=_author(act.actor), act=act
        )


def open_draft(draft_id: UUID, *, actor: Actor) -> OpenDraft:
    """One draft of this person. Raises NotFound."""
    session = reader()
    draft = _opened(session, _own(session, draft_id, actor), actor)
    if not _is_shown(session, draft, actor):
        raise NotFound("only a workplace's mailbox has shown who this is")
    return draft


def own_drafts(*, actor: Actor) -> tuple[OpenDraft, ...]:
    """All drafts of this person, the last changed first."""
    session = reader()
    rows = session.scalars(
        select(Draft).where(Draft.person_id == _author(actor)).order_by(Draft.changed_at.desc(), Draft.id)
    )
    found = (_opened(session, draft, actor) for draft in rows)
    return tuple(draft for draft in found if _is_shown(session, draft, actor))


def _is_shown(session: Session, draft: OpenDraft, actor: Actor) -> bool:
    """Whoever reads a workplace's mail does not learn that somebody means to ask, or asked, their MDO."""
    return not (actor.is_proved_at_work and _speaks_of_mdo(session, draft))


def _speaks_of_mdo(session: Session, draft: OpenDraft) -> bool:
    form = installation_of(session).forms[draft.kind]
    return Lane.MDO in rooms(form, draft.answers) or "told_mdo" in draft.answers.get("done", ())


def forget_expired(*, now: datetime) -> None:
    """Deletes drafts that nobody changed for as long as is promised; says so a week and a day before."""
    with transaction() as session:
        session.execute(delete(Draft).where(Draft.expires_at <= now))
        for before in REMINDERS:
            _remind(session, before, now)


def _remind(session: Session, before: timedelta, now: datetime) -> None:
    """One mail a person and a day, however often this runs."""
    today = now - timedelta(days=1)
    recent = select(Mail.person_id).where(Mail.kind == MailKind.DRAFT, Mail.queued_at > today)
    people = session.scalars(
        select(Draft.person_id)
        .where(
            Draft.expires_at <= now + before,
            Draft.expires_at > now + before - timedelta(days=1),
            Draft.person_id.not_in(recent),
        )
        .distinct()
    ).all()
    for person_id in people:
        queue(session, MailKind.DRAFT, person_id=person_id, now=now)


def _author(actor: Actor) -> UUID:
    if actor.person_id is None:
        raise NotFound("drafts belong to people")
    return actor.person_id


def _own(session: Session, draft_id: UUID, actor: Actor) -> Draft:
    return _owned(session.get(Draft, draft_id), actor)


def _own_locked(session: Session, draft_id: UUID, actor: Actor) -> Draft:
    """Two windows take turns, so that the second one finds what the first one wrote."""
    return _owned(session.get(Draft, draft_id, with_for_update=True), actor)


def _owned(draft: Draft | None, actor: Actor) -> Draft:
    if draft is None or draft.person_id != _author(actor):
        raise NotFound("no such draft")
    return draft


def _context(draft_id: UUID, person_id: UUID) -> Context:
    return Context(owner=person_id.hex, table="draft", column="answers", row=draft_id.hex)


def _sealed(session: Session, draft_id: UUID, answers: Mapping[str, str | list[str]], actor: Actor) -> bytes:
    key = personal_key(session, _author(actor))
    text = json.dumps(dict(answers), ensure_ascii=False)
    return seal(key, text, context=_context(draft_id, _author(actor)))


def _opened(session: Session, draft: Draft, actor: Actor) -> OpenDraft:
    key = personal_key(session, _author(actor))
    text = open_sealed(key, draft.answers_sealed, context=_context(draft.id, draft.person_id))
    return OpenDraft(
        id=draft.id,
        kind=Kind(draft.form),
        form_version=draft.form_version,
        version=draft.version,
        started_at=draft.started_at,
        changed_at=draft.changed_at,
        expires_at=draft.expires_at,
        answers=json.loads(text),
    )
