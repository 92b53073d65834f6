"""What tests of services and pages may ask for beside."""

import pytest
from flask import Flask

from tests.factories import World
from tests.infrastructure.clock import Clock


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    """A hospital with a full cast and an MDO, on the database of this test."""
    return World(app, clock)
