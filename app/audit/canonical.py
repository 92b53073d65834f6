"""The one byte form of a record: RFC 8785 canonical JSON, for the values that the ledger uses.

Keys are ASCII and sorted, there are no floats, so ``json.dumps`` with these settings is RFC 8785 exactly;
a test holds it against the reference implementation.
"""

import json
from collections.abc import Mapping

Value = str | int | bool | None


def canonical(record: Mapping[str, Value]) -> bytes:
    """The canonical bytes of a flat record. Raises ValueError for a key that is not ASCII."""
    if not all(key.isascii() for key in record):
        raise ValueError("keys are ASCII")
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
