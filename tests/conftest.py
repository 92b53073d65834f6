"""What every test may ask for. Each test that writes has a database, an instance folder and a clock of its own."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser, Page

from app import create_app
from app.config import Settings
from app.database import db, open_connections
from app.services.installing import make_keys
from tests.factories import World
from tests.infrastructure import browser as browsers
from tests.infrastructure import postgresql
from tests.infrastructure.canaries import Canaries
from tests.infrastructure.clock import Clock
from tests.infrastructure.databases import ENGINES, Database, Databases
from tests.infrastructure.strict_client import StrictClient

ENOUGH_MEMORY = 2 * 1024**3
RUN = pytest.StashKey[Path]()
hypothesis.settings.register_profile("steady", deadline=None, database=None, derandomize=True)
hypothesis.settings.register_profile("soak", deadline=None, database=None, max_examples=5000, print_blob=True)
hypothesis.settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the folder that all processes of this run share, and keeps the settings of a shell out."""
    for name in [name for name in os.environ if name.startswith(("CANDOUR_", "FLASK_"))]:
        del os.environ[name]
    given = getattr(config, "workerinput", {}).get("run")
    config.stash[RUN] = Path(given or tempfile.mkdtemp(prefix="candour-tests-", dir=quickest_folder()))
    config.stash[RUN].chmod(0o755)  # the server's own account passes through


def quickest_folder() -> Path | None:
    """Memory, where there is enough of it: a database is copied there in a tenth of the time."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ENOUGH_MEMORY
    return memory if roomy and os.access(memory, os.W_OK) else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tells a worker which folder this run shares."""
    node.workerinput["run"] = str(node.config.stash[RUN])  # type: ignore[attr-defined]  # xdist's, untyped


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the server and removes the folder, in the process that began the run."""
    if not hasattr(config, "workerinput") and RUN in config.stash:
        postgresql.stop_shared(config.stash[RUN])
        shutil.rmtree(config.stash[RUN], ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs each test that needs a database on both engines, unless it names its own."""
    if "database" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("engines")
        metafunc.parametrize("database", marker.args if marker else ENGINES, indirect=True)


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """Makes databases, migrated (``fresh``) or without a schema (``empty``)."""
    return Databases(request.config.stash[RUN])


@pytest.fixture
def instance(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The folder of this test's installation: keys, mail, the SQLite file."""
    folder = Path(tempfile.mkdtemp(prefix="instance-", dir=request.config.stash[RUN]))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def database(request: pytest.FixtureRequest, databases: Databases, instance: Path) -> Iterator[Database]:
    """A migrated database of this test's own, on one engine after the other."""
    with databases.fresh(request.param, instance) as made:
        yield made


@pytest.fixture
def settings(database: Database) -> Settings:
    """Settings of a demonstration on that database."""
    return database.settings()


@pytest.fixture
def clock() -> Clock:
    """The present, which stands still until the test moves it: Tuesday 7 April 2026, 9am in London."""
    return Clock()


@pytest.fixture
def canaries(database: Database) -> Iterator[Canaries]:
    """``canaries.register(word)``: from then on the word may be in no log, no mail and no unsealed column."""
    with Canaries(database).listening() as watched:
        yield watched
        assert watched.in_logs() == []
        assert watched.in_mail() == []
        assert watched.in_clear() == []


@pytest.fixture(scope="session")
def compiled_templates(request: pytest.FixtureRequest) -> Path:
    """Where the templates of this run are kept once compiled: otherwise each test would compile them anew."""
    folder = request.config.stash[RUN] / "templates"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def app(settings: Settings, clock: Clock, canaries: Canaries, compiled_templates: Path) -> Iterator[Flask]:
    """A whole installation. Afterwards it holds no connection."""
    made = create_app(settings, clock=clock)
    with made.app_context():
        make_keys()
    made.testing = True
    made.test_client_class = StrictClient
    made.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled_templates))
    yield made
    assert open_connections(made) == 0
    with made.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    """A hospital with a full cast and an MDO, on the installation of this test."""
    return World(app, clock)


@pytest.fixture
def another_client(app: Flask, canaries: Canaries) -> Callable[[], StrictClient]:
    """Makes clients with cookies of their own: ``another_client()``."""

    def make() -> StrictClient:
        made = app.test_client()
        assert isinstance(made, StrictClient)
        made.canaries = canaries
        return made

    return make


@pytest.fixture
def client(another_client: Callable[[], StrictClient]) -> StrictClient:
    """A client that checks every answer."""
    return another_client()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for all tests of a process."""
    with browsers.chromium() as started:
        yield started


@pytest.fixture
def live_server(app: Flask) -> Iterator[str]:
    """The address at which this test's installation is served."""
    with browsers.serving(app) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, live_server: str) -> Iterator[Callable[..., Page]]:
    """``visit(width=320, scripts=False)``: a browser of its own, whose console stays clean."""
    visitors: list[browsers.Visitor] = []

    def arrive(*, width: int = browsers.DESKTOP, scripts: bool = True) -> Page:
        visitors.append(browsers.Visitor(browser, live_server, width=width, scripts=scripts))
        return visitors[-1].page

    yield arrive
    assert [fault for visitor in visitors for fault in visitor.close()] == []


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    """A page at desktop width with scripts."""
    return visit()
