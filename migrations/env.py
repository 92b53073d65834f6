"""How Alembic reaches the database: on a connection that ``app.database.migrate`` or a test hands over."""

from alembic import context
from sqlalchemy import Connection, create_engine

import app.models  # noqa: F401  fills the metadata
from app.config import Settings
from app.database import Base


def run(connection: Connection) -> None:
    """Runs the revisions in one transaction; half a migration leaves nothing, on SQLite too."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transactional_ddl=True,
        compare_type=True,
        render_as_batch=False,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is None:
    engine = create_engine(Settings.from_environment().migration_url)
    with engine.begin() as own:
        run(own)
else:
    run(given)
