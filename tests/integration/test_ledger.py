"""The trail: exact bytes that name nobody, commitments that hold, numbers without gaps, rows that never change."""

import hashlib
import hmac
import json
import re
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.audit import record
from app.audit.record import CaseEntries, CaseRecord, leaf_time
from app.database import db, reader, transaction
from app.domain.actors import CLOCK, Act, Actor, ActorKind, operator
from app.domain.errors import SealBroken
from app.domain.events import NoteAdded, OrganisationAdded, SessionStarted
from app.domain.plan import Item
from app.domain.vocabulary import Outcome, PatientData, Role
from app.encryption.keys import Context
from app.keychain import case_key, organisation_log, period_key, personal_key
from app.models.key import CaseKey, PeriodKey
from app.models.ledger import AuditAlias, AuditDetail, AuditEntry, AuditSequence
from app.services import casework, deadlines
from app.services.casework import Closing
from app.services.submitting import Sent
from tests.factories import World
from tests.infrastructure.databases import Database

FIELDS = {
    "version",
    "id",
    "at",
    "actor",
    "action",
    "case",
    "case_seq",
    "previous_state",
    "new_state",
    "definition",
    "commitment",
}
PATIENT: dict[str, Any] = {"patient_data": PatientData.YES, "identifiability": "I2", "category": "CONF-AGG"}
NAMED = "the Quillfeather family of Thistlewood"


def _entries(sent: Sent | None = None) -> list[AuditEntry]:
    rows = select(AuditEntry).order_by(AuditEntry.case_id, AuditEntry.case_seq)
    return list(reader().scalars(rows.where(AuditEntry.case_id == sent.case_id) if sent else rows))


def _leaves(sent: Sent | None = None) -> list[dict[str, object]]:
    return [json.loads(entry.leaf) for entry in _entries(sent)]


def _key_of(session: Session, entry: AuditEntry, sent: Sent) -> bytes:
    assert entry.case_id == sent.case_id
    return case_key(session, sent.case_id, organisation_id=sent.organisation_id).export()


@pytest.fixture
def busy(world: World) -> Sent:
    """A case in which many things happened, with words, people and the clock in it."""
    sent = world.self_report(narrative=f"I wrote about {NAMED}", **PATIENT)
    world.do(casework.acknowledge, sent, text=f"I have read about {NAMED}")
    world.triage(sent)
    world.do(casework.note, sent, text=NAMED)
    tomorrow = (world.clock() + timedelta(days=1)).date()
    world.do(casework.agree_actions, sent, items=[Item(what=NAMED, who=NAMED, due_on=tomorrow)])
    world.clock.advance(hours=73)
    with world.app.app_context():
        deadlines.sweep(now=world.clock())
    world.do(casework.escalate, sent, reason=NAMED, knows="yes")
    closing = Closing(
        outcome=Outcome.ADVICE, text=NAMED, are_actions_kept=True, is_patient_told=True, patient_note=NAMED
    )
    world.settle(sent)
    world.do(casework.close, sent, closing=closing)
    world.do(casework.reopen, sent, reason=NAMED)
    return sent


# ---- the leaf


def test_a_leaf_is_exactly_the_canonical_form_of_its_fields(world: World, busy: Sent) -> None:
    with world.app.app_context():
        for entry in _entries():
            leaf = json.loads(entry.leaf)
            assert rfc8785.dumps(leaf) == entry.leaf
            assert set(leaf) == FIELDS
            assert leaf["version"] == 1
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", leaf["at"])
            assert re.fullmatch(r"[0-9a-f]{64}", leaf["commitment"])
            assert re.fullmatch(r"[a-z]+:[a-z]+:[a-z]+", leaf["action"])
            assert UUID(leaf["id"]) == entry.id
            assert leaf["at"] == leaf_time(entry.at)
            assert (leaf["case"], leaf["case_seq"]) == (
                entry.case_id.hex if entry.case_id else None,
                entry.case_seq,
            )


def test_states_lead_from_one_to_the_next_without_a_break(world: World, busy: Sent) -> None:
    with world.app.app_context():
        leaves = _leaves(busy)
        definition = world.case(busy).definition_hash
    assert leaves[0]["previous_state"] is None
    assert leaves[0]["new_state"] == "awaiting_triage"
    for before, after in pairwise(leaves):
        assert after["previous_state"] == before["new_state"]
    assert {leaf["definition"] for leaf in leaves} == {definition}
    assert {leaf["new_state"] for leaf in leaves} == {
        "awaiting_triage",
        "in_review",
        "actions_agreed",
        "closed",
    }


def test_numbers_in_a_case_begin_at_one_and_have_no_gap(world: World, busy: Sent) -> None:
    with world.app.app_context():
        numbers = [entry.case_seq for entry in _entries(busy)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 20


def test_no_leaf_names_anybody_or_says_anything(world: World, busy: Sent) -> None:
    people = {one.name for one in world.cast} | {one.email for one in world.cast}
    ids = {one.person_id.hex for one in world.cast} | {one.membership_id.hex for one in world.cast}
    with world.app.app_context():
        for entry in _entries():
            leaf = entry.leaf.decode()
            assert not any(word in leaf for word in (*people, *ids, NAMED, *Role))
            assert busy.reference not in leaf


def test_details_hold_codes_and_no_prose(world: World, busy: Sent) -> None:
    with world.app.app_context():
        for detail in _opened_details(busy):
            for value in detail.values():
                assert not isinstance(value, str) or " " not in value


def _opened_details(sent: Sent) -> list[dict[str, Any]]:
    session = reader()
    key = case_key(session, sent.case_id, organisation_id=sent.organisation_id)
    opened = []
    for entry in _entries(sent):
        context = Context(owner=entry.log, table="audit_detail", column="detail", row=entry.id.hex)
        sealed = session.get_one(AuditDetail, entry.id).detail_sealed
        opened.append(json.loads(key.open(sealed, context=context)))
    return opened


# ---- the commitment


def test_a_stranger_with_the_case_key_can_check_every_commitment(world: World, busy: Sent) -> None:
    """Worked out anew: HMAC-SHA256 under HKDF-SHA256(case key, entry id) of the canonical detail."""
    with world.app.app_context():
        session = reader()
        details = _opened_details(busy)
        for entry, detail in zip(_entries(busy), details, strict=True):
            secret = _key_of(session, entry, busy)
            info = b"audit:" + entry.id.bytes
            derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)
            expected = hmac.new(derived, rfc8785.dumps(detail), hashlib.sha256).hexdigest()
            assert json.loads(entry.leaf)["commitment"] == expected


def test_without_the_case_key_the_detail_is_gone_and_the_leaf_stays(world: World, busy: Sent) -> None:
    with world.app.app_context():
        before = [entry.leaf for entry in _entries(busy)]
        with transaction() as session:
            session.delete(session.get_one(CaseKey, busy.case_id))
    with world.app.app_context():
        with pytest.raises(SealBroken):
            _opened_details(busy)
        assert [entry.leaf for entry in _entries(busy)] == before


# ---- the actor


def test_an_actor_has_one_alias_in_a_case_and_another_in_the_next(world: World) -> None:
    first, second = world.concern(about=world.doctor()), world.concern(about=world.doctor())
    guardian = world.holder(Role.RESPONSIBLE_OFFICER)
    aliases = []
    for sent in (first, second):
        for word in ("one", "two"):
            world.do(casework.note, sent, by=guardian, text=word)
        with world.app.app_context():
            aliases.append({leaf["actor"] for leaf in _leaves(sent) if leaf["action"] == "case:note:added"})
    assert [len(one) for one in aliases] == [1, 1]
    assert aliases[0] != aliases[1]


def test_aliases_are_random_and_lead_to_nobody_without_the_organisations_key(world: World) -> None:
    sent = world.self_report()
    with world.app.app_context():
        rows = reader().scalars(select(AuditAlias).where(AuditAlias.scope == sent.case_id.hex)).all()
        people = {one.person_id.bytes[:16] for one in world.cast}
        assert {row.alias.version for row in rows} == {4}
        assert not {row.token for row in rows} & people
        parties = reader().execute(text("SELECT token FROM case_party")).scalars().all()
        assert not {row.token for row in rows} & {bytes(token) for token in parties}


def test_the_same_person_has_another_alias_in_each_organisation(world: World) -> None:
    doctor = world.doctor()
    world.self_report(by=doctor)
    world.advice(by=doctor)
    with world.app.app_context():
        opened = {
            entry.log: json.loads(entry.leaf)["actor"]
            for entry in _entries()
            if entry.action in {"case:report:submitted", "advice:request:opened"}
        }
    assert set(opened) == {organisation_log(world.hospital_id), organisation_log(world.mdo_id)}
    assert len(set(opened.values())) == 2


# ---- logs without a case


def test_what_belongs_to_no_case_takes_its_key_from_the_quarter(world: World) -> None:
    act = Act(actor=operator("tests"), now=world.clock())
    with world.app.app_context(), transaction() as session:
        record.record_organisation(
            session, OrganisationAdded(by="operator"), organisation_id=world.hospital_id, act=act
        )
    with world.app.app_context():
        session = reader()
        (entry,) = (one for one in _entries() if one.action == "people:organisation:added")
        assert (entry.case_id, entry.case_seq) == (None, None)
        assert json.loads(entry.leaf)["definition"] is None
        key = period_key(session, entry.log, at=world.clock())
        assert session.get(PeriodKey, (entry.log, "2026Q2")) is not None
        detail = rfc8785.dumps({"by": "operator"})
        assert record.commitment(key, entry.id, detail).hex() == json.loads(entry.leaf)["commitment"]


def test_a_personal_log_does_not_say_whose_it_is(world: World) -> None:
    doctor = world.doctor()
    act = world.act(doctor)
    with world.app.app_context(), transaction() as session:
        record.record_personal(session, SessionStarted(by="person"), person_id=doctor.person_id, act=act)
    with world.app.app_context():
        (entry,) = (one for one in _entries() if one.action == "account:session:started")
        assert entry.log.startswith("person:")
        assert doctor.person_id.hex not in entry.log
        key = personal_key(reader(), doctor.person_id)
        detail = rfc8785.dumps({"by": "person"})
        assert record.commitment(key, entry.id, detail).hex() == json.loads(entry.leaf)["commitment"]


# ---- several at once


def _note(sent: Sent, act: Act, times: int) -> None:
    for _ in range(times):
        with transaction() as session:
            entries = CaseEntries(
                case_id=sent.case_id,
                organisation_id=sent.organisation_id,
                definition="0" * 64,
                records=[CaseRecord(event=NoteAdded(by="supervisor"))] * 2,
            )
            record.record_cases(session, [entries], act=act)


def test_many_writers_number_one_case_without_a_gap(world: World) -> None:
    sent = world.self_report()
    act = world.act(world.holder(Role.RESPONSIBLE_OFFICER))
    answers = world.together([partial(_note, sent, act, 3)] * 8)
    assert answers == [None] * 8
    with world.app.app_context():
        numbers = sorted(entry.case_seq or 0 for entry in _entries(sent))
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= 48
        assert reader().get_one(AuditSequence, sent.case_id).next == len(numbers) + 1
        actors = {leaf["actor"] for leaf in _leaves(sent) if leaf["action"] == "case:note:added"}
        assert len(actors) == 1


def test_many_first_entries_of_a_quarter_share_its_key_and_their_alias(world: World) -> None:
    act = Act(actor=operator("tests"), now=world.clock() + timedelta(days=200))

    def write() -> None:
        with transaction() as session:
            record.record_installation(session, OrganisationAdded(by="operator"), act=act)

    assert world.together([write] * 8) == [None] * 8
    with world.app.app_context():
        entries = [one for one in _entries() if one.log == "installation"]
        assert len(entries) == 8
        key = period_key(reader(), "installation", at=act.now)
        for entry in entries:
            leaf = json.loads(entry.leaf)
            detail = rfc8785.dumps({"by": "operator"})
            assert record.commitment(key, entry.id, detail).hex() == leaf["commitment"]
        assert len({json.loads(entry.leaf)["actor"] for entry in entries}) == 1


# ---- nothing without its entry, no entry changed


def test_an_act_whose_entry_cannot_be_written_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = world.self_report()
    owner = world.owner(sent)

    def refuse(*_args: object, **_facts: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("app.audit.record._write", refuse)
    with pytest.raises(OSError, match="no space"):
        world.do(casework.refer, sent, by=owner, to=Role.MEDICAL_DIRECTOR, reason="line", text="gone")
    assert world.case(sent).version == 1
    assert world.owner(sent) == owner
    assert [world.open_cases(one) for one in world.cast if one != owner] == [0] * (len(world.cast) - 1)
    with pytest.raises(OSError, match="no space"):
        world.self_report()
    with world.app.app_context():
        assert reader().execute(text('SELECT count(*) FROM "case"')).scalar_one() == 1


CHEATS = {
    "update": "UPDATE audit_entry SET action = 'case:note:added'",
    "delete": "DELETE FROM audit_entry",
    "truncate": "TRUNCATE audit_entry",
    "replace": (
        "INSERT OR REPLACE INTO audit_entry (id, log, action, at, leaf)"
        " SELECT id, log, 'changed', at, leaf FROM audit_entry"
    ),
    "upsert": (
        "INSERT INTO audit_entry (id, log, action, at, leaf)"
        " SELECT id, log, 'changed', at, leaf FROM audit_entry WHERE true"
        " ON CONFLICT (id) DO UPDATE SET action = 'changed'"
    ),
}
POSSIBLE = {
    "sqlite": ("update", "delete", "replace", "upsert"),
    "postgresql": ("update", "delete", "truncate", "upsert"),
}


def test_no_statement_changes_an_entry_whoever_gives_it(world: World, database: Database) -> None:
    """The application is refused by its rights or by the trigger; whoever owns the table, by the trigger."""
    world.self_report()
    for url in {database.url, database.owner_url or database.url}:
        engine = create_engine(url)
        for name in POSSIBLE[database.engine]:
            with engine.connect() as connection:
                before = connection.execute(text("SELECT leaf, action FROM audit_entry ORDER BY id")).all()
                with pytest.raises(DatabaseError, match=r"append-only|permission denied"):
                    connection.execute(text(CHEATS[name]))
                connection.rollback()
                after = connection.execute(text("SELECT leaf, action FROM audit_entry ORDER BY id")).all()
                assert after == before
        engine.dispose()


def test_an_entry_is_never_written_twice(world: World) -> None:
    world.self_report()
    with world.app.app_context():
        entry = _entries()[0]
        row = {name: getattr(entry, name) for name in ("id", "log", "action", "at", "leaf")}
        with pytest.raises(DatabaseError), transaction() as session:
            session.execute(insert(AuditEntry).values(**row))


def test_the_clock_and_the_operator_are_somebody_too(app: Flask, world: World) -> None:
    sent = world.self_report()
    actors = [CLOCK, operator("one"), operator("two"), Actor(kind=ActorKind.PERSON)]
    for actor in actors:
        with app.app_context():
            _note(sent, Act(actor=actor, now=world.clock()), 1)
    with app.app_context():
        found = {leaf["actor"] for leaf in _leaves(sent) if leaf["action"] == "case:note:added"}
        assert len(found) == len(actors)
        assert db.engines.keys() == {"default", "writer"}
