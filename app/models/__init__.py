"""All tables, one aggregate a module. Importing this package fills the metadata."""

from app.models import (
    account,
    case,
    deadline,
    definition,
    draft,
    invitation,
    key,
    ledger,
    mail,
    message,
    organisation,
    person,
)

__all__ = [
    "account",
    "case",
    "deadline",
    "definition",
    "draft",
    "invitation",
    "key",
    "ledger",
    "mail",
    "message",
    "organisation",
    "person",
]
