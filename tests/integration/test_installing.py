"""What a real installation never starts with, whichever way it is started; commands prepare what is new."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from stat import S_IMODE

import pytest
from flask import Flask

from app import create_app
from app.config import Mode, Settings, UnsafeSettingsError
from app.database import open_connections, transaction
from app.domain.vocabulary import Nation, OrganisationType, Role
from app.models.organisation import Organisation
from app.services import installing
from tests.factories import World
from tests.infrastructure.clock import Clock
from tests.infrastructure.databases import Database, Databases
from tests.infrastructure.strict_client import StrictClient
from tests.integration.handling import Account
from tests.integration.staffing import Staff

ADDING = (
    "people",
    "add",
    "--organisation",
    "WEND",
    "--name",
    "Robin Example",
    "--email",
    "robin@example.org",
)
MADE = ("--organisation-name", "Wendle Practice", "--type", "gp_practice", "--nation", "wales")


def real(settings: Settings, **chosen: str) -> Settings:
    """The same database as a real installation keeps it."""
    https = "https://candour.example/"
    safe = replace(
        settings, mode=Mode.PRODUCTION, public_url=https, trusted_proxies=1, smtp_host="mail.example"
    )
    return replace(safe, **chosen)  # type: ignore[arg-type]  # texts only


@contextmanager
def started(settings: Settings, *, is_prepared: bool = True) -> Iterator[Flask]:
    made = create_app(settings, is_prepared=is_prepared)
    with made.app_context():
        yield made
        installing.let_go()


@pytest.fixture
def empty(request: pytest.FixtureRequest, databases: Databases, instance: Path) -> Iterator[Database]:
    """A database without a schema."""
    with databases.empty(request.param, instance) as made:
        yield made


def test_a_real_installation_starts_on_a_database_of_its_own_and_holds_no_connection(
    settings: Settings,
) -> None:
    with started(real(settings)) as app:
        assert open_connections(app) == 0


def test_an_employer_as_operator_does_not_start_beside_an_mdo(
    app: Flask, clock: Clock, settings: Settings
) -> None:
    staff = Staff(app, clock)
    staff.organisation("LARK")
    harbour = staff.organisation("HARB", name="Harbour Defence", type_=OrganisationType.MDO)
    with started(real(settings, operator="LARK")):
        pass
    staff.person(harbour, Role.ADVISER)
    with pytest.raises(UnsafeSettingsError, match="no MDO may keep cases"):
        create_app(real(settings, operator="LARK"))
    with started(real(settings, operator="HARB")), started(real(settings)):
        pass


def test_an_operator_that_nobody_knows_does_not_start(settings: Settings) -> None:
    with pytest.raises(UnsafeSettingsError, match="CANDOUR_OPERATOR"):
        create_app(real(settings, operator="NOWHERE"))


@pytest.mark.engines("postgresql")  # in a file nobody owns a table
def test_an_application_that_owns_the_ledger_does_not_start(database: Database, settings: Settings) -> None:
    other = "postgresql+psycopg://somebody@db.example/candour"
    with pytest.raises(UnsafeSettingsError, match="owns the ledger"):
        create_app(real(settings, database_url=database.owner_url, owner_url=other))


def test_a_database_that_was_loaded_as_a_demonstration_does_not_start(app: Flask, settings: Settings) -> None:
    with app.app_context(), transaction() as session:
        invented = Organisation(
            code="DEMO-LARK", name="Larkfield", type=OrganisationType.ACUTE_TRUST, nation=Nation.ENGLAND
        )
        session.add(invented)
    with pytest.raises(UnsafeSettingsError, match="password is published"):
        create_app(real(settings))


@pytest.mark.parametrize("empty", ["sqlite", "postgresql"], indirect=True)
def test_a_database_without_its_schema_does_not_start_until_it_was_prepared(empty: Database) -> None:
    settings = real(empty.settings())
    with pytest.raises(UnsafeSettingsError, match=r"newest schema: start once with python app\.py"):
        create_app(settings)
    with started(settings, is_prepared=False):
        installing.prepare()
    with started(settings):
        pass


@pytest.mark.parametrize("empty", ["sqlite"], indirect=True)  # the address is wrong on either
def test_a_database_that_cannot_be_opened_is_told_in_one_line(empty: Database, tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path / 'missing' / 'candour.sqlite3'}"
    with pytest.raises(UnsafeSettingsError, match="CANDOUR_DATABASE_URL"):
        create_app(real(empty.settings(), database_url=nowhere))


@pytest.mark.parametrize("empty", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("words", [(*ADDING, *MADE), ("deadlines", "run"), ("outbox", "deliver")])
def test_a_command_prepares_a_new_installation_first(empty: Database, words: tuple[str, ...]) -> None:
    shutil.rmtree(empty.instance)
    with started(empty.settings()) as app:
        done = app.test_cli_runner().invoke(args=[*words])
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 1


def test_nothing_starts_without_every_keyring_that_was_made(
    app: Flask, clock: Clock, settings: Settings
) -> None:
    lark = Staff(app, clock).organisation("LARK")
    file = settings.instance / "keys" / f"{lark.hex}.json"
    kept = file.read_text()
    for left in (None, (settings.instance / "keys" / "installation.json").read_text()):
        file.unlink()
        if left is not None:
            file.write_text(left)
        with pytest.raises(UnsafeSettingsError, match=rf"{lark.hex}\.json .*restore it from the backup"):
            create_app(real(settings))
        with started(settings), pytest.raises(UnsafeSettingsError, match="restore it from the backup"):
            installing.prepare()
        assert file.exists() == (left is not None)
        file.write_text(kept)
    with started(real(settings)):
        pass


def test_while_a_keyring_is_missing_nobody_sees_a_case_about_themselves(
    world: World, clock: Clock, settings: Settings
) -> None:
    officer = world.holder(Role.RESPONSIBLE_OFFICER)
    world.concern(about=officer)
    (settings.instance / "keys" / f"{world.hospital_id.hex}.json").unlink()
    restarted = create_app(settings, clock=clock)
    restarted.test_client_class = StrictClient
    client = restarted.test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(Account(officer.email))
    assert client.get("/cases").status_code == 503
    assert client.get("/health").status_code == 200
    with restarted.app_context():
        installing.let_go()
    assert not (settings.instance / "keys" / f"{world.hospital_id.hex}.json").exists()


def test_the_keyring_of_an_installation_is_made_once(app: Flask, settings: Settings) -> None:
    with started(settings):
        installing.prepare()
    (settings.instance / "keys" / "installation.json").unlink()
    with started(settings), pytest.raises(UnsafeSettingsError, match=r"installation\.json"):
        installing.prepare()
    assert not (settings.instance / "keys" / "installation.json").exists()


@pytest.mark.parametrize("empty", ["sqlite"], indirect=True)  # elsewhere the server keeps its own files
@pytest.mark.parametrize("prepare", [installing.prepare, installing.prepare_new])
def test_nobody_else_on_the_machine_reads_what_an_installation_keeps(
    empty: Database, prepare: Callable[[], None]
) -> None:
    shutil.rmtree(empty.instance)
    before = os.umask(0)
    try:
        with started(empty.settings(), is_prepared=False):
            prepare()
    finally:
        os.umask(before)
    assert S_IMODE(empty.instance.stat().st_mode) == 0o700
    assert S_IMODE((empty.instance / "candour.sqlite3").stat().st_mode) == 0o600


def test_production_does_not_start_in_a_folder_that_others_read(settings: Settings) -> None:
    settings.instance.chmod(0o750)
    with pytest.raises(UnsafeSettingsError, match="chmod 700"):
        create_app(real(settings))


def test_nobody_gives_an_organisation_a_code_of_the_demonstration(app: Flask) -> None:
    words = [one.replace("WEND", "DEMO-WEND") for one in (*ADDING, *MADE)]
    refused = app.test_cli_runner().invoke(args=words)
    assert refused.exit_code == 2
    assert "belong to the demonstration" in refused.stderr


def test_what_is_wrong_with_the_settings_is_one_line_of_a_command() -> None:
    error = UnsafeSettingsError("set CANDOUR_SECRET_KEY")
    assert (error.exit_code, error.format_message()) == (1, "set CANDOUR_SECRET_KEY")
