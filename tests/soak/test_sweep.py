"""The clock at its worst: very much to do, many workers at once, and workers that are killed at any statement."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.config import Settings
from app.database import db, reader
from app.domain.vocabulary import PatientData
from app.domain.workflow import ClockState
from app.models.case import CaseHandler
from app.models.deadline import Deadline
from app.models.ledger import AuditEntry
from app.models.mail import Mail
from app.services import deadlines
from app.services.deadlines import Swept
from app.services.installing import prepare
from tests.bench.loading import NOW, Loader
from tests.bench.stores import FILE
from tests.bench.writing import DatabaseWriter, FileWriter, RawWriter
from tests.factories import World
from tests.infrastructure.databases import SQLITE, Database
from tests.soak.worker import hire

FEW, MANY = 400, 100_000
PEOPLE = 2_000
# Every second case is open and has two clocks; by then all of them have come due.
LATE = NOW + timedelta(days=60)
WORKERS = {SQLITE: 1}
# Long enough for every clock and every rung of a report to have come due.
NEGLECTED = timedelta(days=120)
NEVER = 0
SOME_STATEMENTS = (1, 4, 9, 16, 25)
PATIENT: dict[str, Any] = {"patient_data": PatientData.YES, "identifiability": "I2", "category": "CONF-AGG"}


def writer_of(database: Database) -> RawWriter:
    return (
        FileWriter(database.instance / FILE)
        if database.engine == SQLITE
        else DatabaseWriter(database.owner_url)
    )


def load(app: Flask, database: Database, rows: int) -> None:
    """An installation with so many armed rows, written past the services."""
    with app.app_context():
        prepare()
        for engine in db.engines.values():
            engine.dispose()
    writer = writer_of(database)
    Loader(app.extensions["candour"], writer.write, cases=rows, people=PEOPLE).load()
    writer.finish()


def sweep_at_once(settings: Settings, workers: int) -> Sequence[Swept]:
    """What each of several workers did who began at the same moment."""
    hired = [hire(settings, now=LATE) for _ in range(workers)]
    for one in hired:
        one.begin()
    done = [one.end() for one in hired]
    return [swept for swept in done if swept is not None]


def counted(app: Flask) -> Counter[str]:
    """The rows of the clock by state, and the entries that tell of what fell due."""
    with app.app_context():
        states = reader().execute(select(Deadline.state, func.count()).group_by(Deadline.state))
        found: Counter[str] = Counter({str(state): number for state, number in states})
        missed = AuditEntry.action == "case:deadline:missed"
        found["told"] = reader().scalar(select(func.count()).select_from(AuditEntry).where(missed)) or 0
        each = select(AuditEntry.case_id).where(missed).group_by(AuditEntry.case_id).having(func.count() != 2)
        found["told another number of times than twice"] = len(reader().scalars(each).all())
    return found


@pytest.mark.parametrize("rows", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_each_due_row_is_carried_out_once_however_many_workers_there_are(
    app: Flask, settings: Settings, database: Database, rows: int
) -> None:
    load(app, database, rows)
    met = counted(app)[ClockState.MET]
    swept = sweep_at_once(settings, WORKERS.get(database.engine, 4))
    assert sum(one.missed for one in swept) == rows
    assert sum(one.set_aside for one in swept) == 0
    assert counted(app) == {
        ClockState.MISSED: rows,
        ClockState.MET: met,
        "told": rows,
        "told another number of times than twice": 0,
    }


def what_became_of(world: World, case_id: UUID) -> tuple[object, ...]:
    """All that the clock leaves behind in a case: its rows, its entries in order, its people and its mail."""
    with world.app.app_context():
        session = reader()
        clocks = select(Deadline.clock, Deadline.rung, Deadline.state).where(Deadline.case_id == case_id)
        entries = select(AuditEntry.action).where(AuditEntry.case_id == case_id).order_by(AuditEntry.case_seq)
        people = select(CaseHandler.capacity).where(CaseHandler.case_id == case_id)
        mails = select(Mail.kind).where(Mail.case_id == case_id)
        return (
            sorted(session.execute(clocks).all()),
            session.scalars(entries).all(),
            sorted(session.scalars(people)),
            sorted(session.scalars(mails)),
        )


def swept_with_a_death(world: World, settings: Settings, killed_at: int) -> tuple[bool, tuple[object, ...]]:
    """Whether a worker died over a neglected case, and what became of the case after another sweep."""
    sent = world.self_report(**PATIENT)
    late = world.clock() + NEGLECTED
    worker = hire(settings, now=late, killed_at=killed_at)
    worker.begin()
    died = worker.end() is None
    with world.app.app_context():
        assert (deadlines.sweep(now=late).fired > 0) == died
    return died, what_became_of(world, sent.case_id)


def test_a_worker_may_die_at_any_of_some_statements(world: World, settings: Settings) -> None:
    _, expected = swept_with_a_death(world, settings, NEVER)
    for number in SOME_STATEMENTS:
        died, became = swept_with_a_death(world, settings, number)
        assert (died, became) == (True, expected), number


@pytest.mark.soak
def test_a_worker_may_die_at_every_statement(world: World, settings: Settings) -> None:
    _, expected = swept_with_a_death(world, settings, NEVER)
    for number in count(1):
        died, became = swept_with_a_death(world, settings, number)
        assert became == expected, number
        if not died:
            assert number > max(SOME_STATEMENTS)
            return
