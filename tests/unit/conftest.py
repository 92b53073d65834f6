"""Units of the domain need nobody: a socket here is a mistake."""

import pytest


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> None:
    """Opening a socket raises."""
