"""Putting an installation together, and bringing its database to where the program expects it."""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

from app.config import Settings
from app.database import installation_of, migrate, reader
from app.encryption.keyring import FileKeyStore
from app.installation import Installation
from app.notifications.letters import letter_box
from app.services.calendars import load_calendars
from app.services.categories import load_categories
from app.services.definitions import definition_from, routing_table, shipped_sources, store_shipped
from app.services.guidance import load_guidance
from app.services.questionnaires import load_forms


def installation_from(settings: Settings, *, clock: Callable[[], datetime]) -> Installation:
    """Keys and reference data, read once. Raises an error that names the file which is not exact."""
    shipped = [definition_from(source) for source in shipped_sources()]
    return Installation(
        settings=settings,
        clock=clock,
        keys=FileKeyStore(settings.instance / "keys"),
        calendars=load_calendars(),
        workflows=MappingProxyType({definition.kind: definition for definition in shipped}),
        routing=routing_table(),
        forms=load_forms(),
        categories=load_categories(),
        guidance=load_guidance(),
        letters=letter_box(),
    )


def prepare() -> None:
    """Brings the database of the running application to the newest schema, with the shipped workflows in it."""
    migrate(installation_of(reader()).settings)
    store_shipped()
