"""What one running installation is made of: built once in ``create_app``, handed down, never changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment

from app.config import Settings
from app.domain.almanac import Calendars
from app.domain.cards import Cards
from app.domain.classification import Categories
from app.domain.form import Form
from app.domain.guidance import Guidance
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
    calendars: Calendars
    workflows: Mapping[Kind, Definition]
    routing: Table
    forms: Mapping[Kind, Form]
    categories: Categories
    cards: Cards
    guidance: Guidance
    letters: Environment
