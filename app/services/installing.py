"""Putting an installation together, and bringing its database to where the program expects it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from stat import S_IMODE
from types import MappingProxyType

from sqlalchemy import make_url, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.config import INDEPENDENT, Settings, UnsafeSettingsError
from app.database import disconnect, installation_of, is_migrated, migrate, reader, transaction
from app.domain.errors import KeysMissing
from app.domain.vocabulary import OrganisationType
from app.encryption.keyring import FileKeyStore
from app.installation import Installation
from app.keychain import check_of, new_installation_ring, require_rings
from app.models.organisation import Organisation
from app.models.person import Membership
from app.notifications.letters import letter_box
from app.services.calendars import load_calendars
from app.services.categories import load_cards, load_categories
from app.services.definitions import definition_from, routing_table, shipped_sources, store_shipped
from app.services.guidance import load_guidance
from app.services.organisations import DEMONSTRATION_CODES
from app.services.questionnaires import load_forms

OWNS_LEDGER = text("SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'audit_entry'")


def installation_from(settings: Settings, *, clock: Callable[[], datetime]) -> Installation:
    """Keys and reference data, read once. Raises an error that names the file which is not exact."""
    shipped = [definition_from(source) for source in shipped_sources()]
    return Installation(
        settings=settings,
        clock=clock,
        keys=FileKeyStore(settings.instance / "keys", check_of=check_of),
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

    Raises UnsafeSettingsError where a keyring is missing, and where production would break a promise with
    what the database holds.
    """
    settings = installation_of(reader()).settings
    _keep_to_ourselves(settings)
    migrate(settings)
    make_keys()
    store_shipped()
    _refuse_unsafe_database()


def prepare_new() -> None:
    """Prepares a database that has not got the newest schema yet; any other gets no more than its keyring."""
    _keep_to_ourselves(installation_of(reader()).settings)
    if _is_ready():
        make_keys()
    else:
        prepare()


def _keep_to_ourselves(settings: Settings) -> None:
    """Folder and database are for our own account only, whatever the one that starts us allows others."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    settings.instance.chmod(0o700)
    file = Path(make_url(settings.writer_url).database or "")
    if settings.is_sqlite and file.parent.is_dir():
        file.touch()
        file.chmod(0o600)


def make_keys() -> None:
    """Makes the installation's own keyring at its first start. Raises UnsafeSettingsError where one is missing."""
    with _keys_or_a_line():
        require_rings(reader())
        with transaction() as session:
            new_installation_ring(session)


@contextmanager
def _keys_or_a_line() -> Iterator[None]:
    try:
        yield
    except KeysMissing as error:
        raise UnsafeSettingsError(f"{error}: restore it from the backup of the keys") from error


def refuse_unsafe_start() -> None:
    """Raises UnsafeSettingsError where production would break a promise with what the database holds.

    Leaves no connection open, so that a server may still make processes of its own.
    """
    try:
        _refuse_unsafe_database()
    finally:
        let_go()


def _refuse_unsafe_database() -> None:
    settings = installation_of(reader()).settings
    if not settings.is_demonstration:
        if not _is_ready():
            raise UnsafeSettingsError(
                "the database has not got the newest schema: start once with python app.py"
            )
        with _keys_or_a_line():
            require_rings(reader())
        for unsafe, message in _dangers(reader(), settings):
            if unsafe:
                raise UnsafeSettingsError(message)
        reader().rollback()


def let_go() -> None:
    """Closes the connections that preparing used, before a server makes processes of its own."""
    reader().close()
    disconnect()


def _is_ready() -> bool:
    try:
        return is_migrated()
    except OperationalError as error:
        raise UnsafeSettingsError("the database cannot be opened: check CANDOUR_DATABASE_URL") from error


def _dangers(session: Session, settings: Settings) -> Iterator[tuple[bool, str]]:
    """What production must not start with, each with what to do; asked one after the other."""
    yield (
        bool(S_IMODE(settings.instance.stat().st_mode) & 0o077),
        f"other accounts can read {settings.instance}: chmod 700 it",
    )
    chosen = select(Organisation).where(Organisation.code == settings.operator)
    operator = session.scalars(chosen).one_or_none()
    yield (
        settings.operator != INDEPENDENT and operator is None,
        "CANDOUR_OPERATOR names no organisation here: set a code, or independent",
    )
    yield (
        operator is not None and operator.type is not OrganisationType.MDO and _has_mdo_people(session),
        "an employer operates this installation, so no MDO may keep cases in it",
    )
    yield (
        not settings.is_sqlite and bool(session.scalar(OWNS_LEDGER)),
        "the application owns the ledger: set CANDOUR_OWNER_URL to another role",
    )
    invented = select(Organisation.id).where(Organisation.code.startswith(DEMONSTRATION_CODES)).limit(1)
    yield (
        session.scalar(invented) is not None,
        "a demonstration was loaded into this database, and its password is published: begin with a new one",
    )


def _has_mdo_people(session: Session) -> bool:
    found = (
        select(Membership.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Organisation.type == OrganisationType.MDO)
    )
    return session.scalar(found.limit(1)) is not None
