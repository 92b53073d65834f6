"""Putting an installation together, and bringing its database to where the program expects it."""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.config import INDEPENDENT, Settings, UnsafeSettingsError
from app.database import disconnect, installation_of, migrate, reader
from app.domain.vocabulary import OrganisationType
from app.encryption.keyring import FileKeyStore
from app.installation import Installation
from app.models.organisation import Organisation
from app.models.person import Membership
from app.notifications.letters import letter_box
from app.services.calendars import load_calendars
from app.services.categories import load_cards, load_categories
from app.services.definitions import definition_from, routing_table, shipped_sources, store_shipped
from app.services.guidance import load_guidance
from app.services.questionnaires import load_forms

OWNS_LEDGER = text("SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'audit_entry'")


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
        cards=load_cards(),
        guidance=load_guidance(),
        letters=letter_box(),
    )


def prepare() -> None:
    """Brings the database of the running application to the newest schema, with the shipped workflows in it.

    Raises UnsafeSettingsError where production would break a promise with what the database holds.
    """
    settings = installation_of(reader()).settings
    migrate(settings)
    store_shipped()
    if not settings.is_demonstration:
        _refuse_unsafe_database(settings)


def let_go() -> None:
    """Closes the connections that preparing used, before a server makes processes of its own."""
    reader().close()
    disconnect()


def _refuse_unsafe_database(settings: Settings) -> None:
    session = reader()
    operator = session.scalars(
        select(Organisation).where(Organisation.code == settings.operator)
    ).one_or_none()
    if settings.operator != INDEPENDENT and operator is None:
        raise UnsafeSettingsError("CANDOUR_OPERATOR names no organisation here: set a code, or independent")
    if operator is not None and operator.type is not OrganisationType.MDO and _has_mdo_people(session):
        raise UnsafeSettingsError("an employer operates this installation, so no MDO may keep cases in it")
    if not settings.is_sqlite and session.scalar(OWNS_LEDGER):
        raise UnsafeSettingsError("the application owns the ledger: set CANDOUR_OWNER_URL to another role")
    session.rollback()


def _has_mdo_people(session: Session) -> bool:
    found = (
        select(Membership.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Organisation.type == OrganisationType.MDO)
    )
    return session.scalar(found.limit(1)) is not None
