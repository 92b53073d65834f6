"""Two engines, one writer: readers cannot write, writers take turns, and nothing is lost or left open."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError, StatementError
from sqlalchemy.orm.exc import StaleDataError

from app.database import (
    Turn,
    db,
    disconnect,
    insert_new,
    open_connections,
    reader,
    transaction,
)
from app.domain.errors import StaleCase, TryAgainLater
from app.models.ledger import AuditSequence
from app.models.mail import Mail, MailKind, MailState
from app.models.organisation import Organisation
from tests.infrastructure.databases import Database

WRITERS = 16
COUNTED = UUID(int=9)


def _organisation(code: str) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "code": code,
        "name": "Somewhere",
        "type": "acute_trust",
        "nation": "england",
        "window": "mon-fri 09:00-17:00",
        "on_call_phone": "",
        "public_phone": "",
        "phone_hours": "",
        "mail_domains": "",
        "subscription_note": "",
    }


def _add(code: str) -> None:
    with transaction() as session:
        session.execute(insert(Organisation).values(**_organisation(code)))


def _add_and_think_again(code: str) -> None:
    with transaction() as session:
        session.execute(insert(Organisation).values(**_organisation(code)))
        raise KeyError("changed my mind")


def _rename_at_once(code: str) -> None:
    with transaction() as session:
        session.execute(text("SET LOCAL lock_timeout = 50"))
        session.execute(update(Organisation).where(Organisation.code == code).values(name="Elsewhere"))


def _codes() -> list[str]:
    return list(reader().scalars(select(Organisation.code).order_by(Organisation.code)))


def _together(app: Flask, acts: list[Callable[[], None]]) -> list[BaseException | None]:
    """What each of these acts raised, all begun at the same moment in threads of their own."""
    starting = threading.Barrier(len(acts))
    raised: list[BaseException | None] = [None] * len(acts)

    def run(number: int) -> None:
        starting.wait(timeout=30)
        try:
            with app.app_context():
                acts[number]()
        except Exception as error:  # noqa: BLE001  it is the answer
            raised[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


# ---- reading


def test_a_reader_cannot_write_not_even_in_plain_sql(app: Flask) -> None:
    attempts = (
        text("DELETE FROM organisation"),
        text("CREATE TABLE sneaked_in (id INTEGER)"),
        insert(Organisation).values(**_organisation("A")),
    )
    with app.app_context():
        for attempt in attempts:
            with pytest.raises(DatabaseError):
                reader().execute(attempt)
            reader().rollback()
        assert _codes() == []


def test_a_reader_sees_what_was_committed_before_it_began_and_afresh_after_a_write(app: Flask) -> None:
    with app.app_context():
        assert _codes() == []
        _add("A")
        assert _codes() == ["A"]


def test_what_is_not_committed_is_seen_by_nobody_else(app: Flask) -> None:
    with app.app_context():
        with transaction() as session:
            session.execute(insert(Organisation).values(**_organisation("A")))
            assert _codes() == []
            reader().rollback()
        assert _codes() == ["A"]


# ---- writing


def test_a_block_that_raises_leaves_nothing(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(KeyError):
            _add_and_think_again("A")
        assert _codes() == []
        _add("B")
        assert _codes() == ["B"]


def test_a_transaction_inside_a_transaction_is_refused(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(RuntimeError, match="open already"), transaction():
            _add("A")
        assert _codes() == []
        _add("B")


@pytest.mark.engines("sqlite")  # only there a thread could wait for itself
def test_a_thread_does_not_wait_for_itself(app: Flask) -> None:
    with (
        app.app_context(),
        transaction(),
        app.app_context(),
        pytest.raises(RuntimeError, match="open already"),
    ):
        _add("A")


def test_no_update_is_lost_however_many_write_at_once(app: Flask) -> None:
    """Read, then written back: the way that loses updates where transactions begin too late."""
    with app.app_context(), transaction() as session:
        session.add(AuditSequence(case_id=COUNTED, next=0))

    def add_one() -> None:
        for _ in range(5):
            with transaction() as session:
                row = session.get_one(AuditSequence, COUNTED, with_for_update=True)
                row.next += 1

    assert _together(app, [add_one] * WRITERS) == [None] * WRITERS
    with app.app_context():
        assert reader().get_one(AuditSequence, COUNTED).next == 5 * WRITERS


def test_of_many_who_add_the_same_row_one_does_and_the_others_find_it(app: Flask) -> None:
    added: list[bool] = []

    def add() -> None:
        with transaction() as session:
            added.append(insert_new(session, AuditSequence, case_id=COUNTED, next=7))
            assert session.get_one(AuditSequence, COUNTED).next == 7

    assert _together(app, [add] * WRITERS) == [None] * WRITERS
    assert sorted(added) == [False] * (WRITERS - 1) + [True]


def test_no_connection_stays_in_use_after_any_ending(app: Flask) -> None:
    with app.app_context():
        _add("A")
        with pytest.raises(IntegrityError):
            _add("A")
        with pytest.raises(RuntimeError), transaction(), transaction():
            pass
        _codes()
    assert open_connections(app) == 0


def test_connections_can_be_let_go_and_are_opened_again(app: Flask) -> None:
    with app.app_context():
        _add("A")
        reader().close()
        before = [engine.pool for engine in db.engines.values()]
        disconnect()
        assert not any(old is engine.pool for old, engine in zip(before, db.engines.values(), strict=True))
        assert _codes() == ["A"]


# ---- what the database refuses, in the words of the domain


def test_a_row_that_somebody_else_changed_is_a_stale_case(app: Flask) -> None:
    with app.app_context(), pytest.raises(StaleCase), transaction():
        raise StaleDataError


@pytest.mark.engines("postgresql")  # on SQLite one writer waits for the other, and gets its turn
def test_a_lock_that_is_held_too_long_asks_to_try_again(app: Flask) -> None:
    with app.app_context():
        _add("A")
        with db.engines["writer"].connect() as other:
            other.execute(text("SELECT * FROM organisation FOR UPDATE"))
            with pytest.raises(TryAgainLater):
                _rename_at_once("A")


@pytest.mark.engines("postgresql")  # SQLite has one writer, who cannot wait in a circle
def test_two_who_wait_for_each_other_are_parted(app: Flask) -> None:
    with app.app_context():
        for code in ("A", "B"):
            _add(code)
    both = threading.Barrier(2)

    def rename(first: str, second: str) -> None:
        with transaction() as session:
            session.execute(update(Organisation).where(Organisation.code == first).values(name="New"))
            both.wait(timeout=10)
            session.execute(update(Organisation).where(Organisation.code == second).values(name="New"))

    raised = _together(app, [partial(rename, "A", "B"), partial(rename, "B", "A")])
    assert sum(error is None for error in raised) == 1
    assert sum(isinstance(error, TryAgainLater) for error in raised) == 1


@pytest.mark.engines("sqlite")  # there another program may hold the file
def test_a_file_that_another_program_holds_asks_to_try_again(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        _add("A")
        reader().close()
        holding = sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)
        holding.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("app.database.BUSY_MILLISECONDS", 50)
        disconnect()
        try:
            with pytest.raises(TryAgainLater), transaction() as session:
                session.execute(text("SELECT 1"))
        finally:
            holding.close()


def test_other_refusals_keep_their_own_name(app: Flask) -> None:
    with app.app_context():
        _add("locked")
        with pytest.raises(IntegrityError):
            _add("locked")


def test_an_error_does_not_repeat_what_was_bound_to_its_statement(app: Flask) -> None:
    row = _organisation("A") | {"name": "a name that nobody may read in a log"}
    with app.app_context():
        _add("A")
        with pytest.raises(IntegrityError) as refused, transaction() as session:
            session.execute(insert(Organisation).values(**row))
    assert "nobody may read" not in str(refused.value)


# ---- instants


def test_instants_come_back_in_utc_whatever_their_zone_was(app: Flask) -> None:
    summer = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    mail = {"id": uuid4(), "kind": MailKind.CODE, "state": MailState.QUEUED, "attempts": 0, "last_error": ""}
    with app.app_context():
        with transaction() as session:
            session.execute(insert(Mail).values(**mail, queued_at=summer, next_attempt_at=summer))
        found = reader().scalars(select(Mail.queued_at)).one()
    assert found == summer
    assert found.tzinfo is UTC


def test_a_naive_instant_is_never_stored(app: Flask) -> None:
    with app.app_context(), pytest.raises((StatementError, ValueError), match="zone"):
        reader().execute(select(Mail).where(Mail.queued_at == datetime(2026, 7, 1)))


# ---- turns


def test_turns_are_taken_in_the_order_of_coming(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "lock")
    order: list[int] = []
    with turn():
        threads = []
        for number in range(8):
            threads.append(threading.Thread(target=_take, args=(turn, order, number)))
            threads[-1].start()
            while len(turn._waiting) < number + 2:
                pass
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def _take(turn: Turn, order: list[int], number: int) -> None:
    with turn():
        order.append(number)


def test_a_turn_ends_with_an_error_too(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "lock")
    with pytest.raises(KeyError), turn():
        raise KeyError
    with turn():
        assert len(turn._waiting) == 1


def test_who_is_interrupted_while_waiting_does_not_hold_up_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Turn(tmp_path / "lock")
    order: list[int] = []

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    def give_up() -> None:
        with monkeypatch.context() as patched:
            patched.setattr("app.database.threading.Event", Interrupted)
            with pytest.raises(KeyboardInterrupt), turn():
                order.append(-1)

    with turn():
        waiting = threading.Thread(target=give_up)
        waiting.start()
        waiting.join()
        behind = threading.Thread(target=_take, args=(turn, order, 1))
        behind.start()
    behind.join(timeout=10)
    assert order == [1]


def _count_in_file(turn_file: Path, counter: Path) -> None:
    turn = Turn(turn_file)
    for _ in range(50):
        with turn():
            counter.write_text(str(int(counter.read_text()) + 1))


def test_processes_take_turns_by_the_lock_file(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    context = multiprocessing.get_context("fork")
    counting = partial(_count_in_file, tmp_path / "lock", counter)
    processes = [context.Process(target=counting) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert counter.read_text() == "150"


# ---- how SQLite is opened


@pytest.mark.engines("sqlite")  # these are its own switches
def test_every_connection_to_sqlite_keeps_the_promises(app: Flask) -> None:
    promised = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "secure_delete": 1,
    }
    with app.app_context():
        for engine in db.engines.values():
            with engine.connect() as connection:
                found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in promised}
                assert found == promised


@pytest.mark.engines("postgresql")  # SQLite has no roles
def test_the_application_owns_no_table_and_may_not_change_the_ledger(app: Flask) -> None:
    with app.app_context():
        session = reader()
        owned = session.execute(text("SELECT count(*) FROM pg_tables WHERE tableowner = current_user"))
        assert owned.scalar_one() == 0
        for right in ("UPDATE", "DELETE", "TRUNCATE"):
            asked = text("SELECT has_table_privilege(current_user, 'audit_entry', :right)")
            assert session.execute(asked, {"right": right}).scalar_one() is False
