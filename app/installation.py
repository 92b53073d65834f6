"""What one running installation is made of: built once in ``create_app``, handed down, never changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.config import Settings
from app.domain.routing import Table
from app.domain.vocabulary import Kind
from app.domain.workflow import Definition
from app.encryption.keyring import KeyStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Keys, reference data and the clock. Services reach it through ``session.info``."""

    settings: Settings
    clock: Callable[[], datetime]
    keys: KeyStore
    calendars: Any
    workflows: Mapping[Kind, Definition]
    routing: Table
    forms: Any
    categories: Any
    guidance: Any
