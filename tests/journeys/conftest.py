"""What journeys ask for: a world on the served installation, and people who walk through its pages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.factories import World
from tests.infrastructure.browser import DESKTOP
from tests.journeys.walker import Inspector, Walker


@pytest.fixture(scope="session")
def known_good() -> set[str]:
    """Fingerprints of the pages that were found fit for everybody: the same page is not judged twice."""
    return set()


@pytest.fixture
def walk(world: World, visit: Callable[..., Page], known_good: set[str]) -> Callable[..., Walker]:
    """``walk(width=320, scripts=False, by=KeyboardWalker)``: somebody with a browser of their own."""
    inspector = Inspector(visit, known_good)

    def arrive(*, width: int = DESKTOP, scripts: bool = True, by: type[Walker] = Walker) -> Walker:
        return by(visit(width=width, scripts=scripts), inspector, scripts=scripts)

    return arrive
