"""The byte form of leaves, held against the reference implementation of RFC 8785."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.audit.canonical import canonical

# A lone surrogate is no character: neither form can write it.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
values = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | words
names = st.text(st.characters(max_codepoint=127), max_size=12)


@given(st.dictionaries(names, values, max_size=8))
def test_the_bytes_are_those_of_rfc_8785(record: dict[str, str | int | bool | None]) -> None:
    assert canonical(record) == rfc8785.dumps(record)


def test_a_key_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        canonical({"naïve": 1})


def test_the_order_of_writing_does_not_matter() -> None:
    assert canonical({"b": 1, "a": None}) == canonical({"a": None, "b": 1}) == b'{"a":null,"b":1}'
