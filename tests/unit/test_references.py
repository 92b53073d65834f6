"""References: nobody counts cases by them, and nobody reaches a wrong case by a slip."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.references import ALPHABET, MistypedReference, new_reference, read_reference

SHAPE = re.compile(rf"C-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}-[{ALPHABET}]")
SAMPLES = [new_reference() for _ in range(200)]
references = st.integers(0, len(SAMPLES) - 1).map(SAMPLES.__getitem__)


def _check(eight: str) -> int:
    """Crockford's check, worked out another way: Horner's rule modulo 37."""
    value = 0
    for sign in eight:
        value = (value * 32 + ALPHABET.index(sign)) % 37
    return value


def test_crockfords_alphabet_has_no_letter_that_looks_like_a_digit_or_makes_a_word() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_every_reference_has_the_shape_and_its_check_is_a_letter_or_a_digit() -> None:
    for reference in SAMPLES:
        assert SHAPE.fullmatch(reference)
        eight, check = reference[2:6] + reference[7:11], reference[-1]
        assert ALPHABET[_check(eight)] == check


def test_references_follow_no_order() -> None:
    assert len(set(SAMPLES)) == len(SAMPLES)
    assert sorted(SAMPLES) != SAMPLES


def test_the_example_reads() -> None:
    assert read_reference("C-0000-0000-0") == "C-0000-0000-0"
    assert read_reference("C-0000-000Z-Z") == "C-0000-000Z-Z"


@given(references, st.sampled_from(["", " ", "-", "--", " - "]), st.booleans(), st.booleans())
def test_case_dashes_and_spaces_do_not_matter(reference: str, between: str, lower: bool, bare: bool) -> None:
    typed = between.join(reference.removeprefix("C-") if bare else reference)
    assert read_reference(typed.lower() if lower else typed) == reference


def test_o_is_read_as_zero_and_i_and_l_as_one() -> None:
    for reference in SAMPLES:
        typed = reference.replace("0", "O").replace("1", "I")
        assert read_reference(typed) == reference
        assert read_reference(typed.replace("I", "l")) == reference


def _slips(reference: str) -> Iterator[str]:
    """Every single wrong sign in the ten that count."""
    for place in (2, 3, 4, 5, 7, 8, 9, 10, 12):
        for sign in ALPHABET:
            if sign != reference[place]:
                yield reference[:place] + sign + reference[place + 1 :]


def test_every_single_wrong_sign_is_caught() -> None:
    for reference in SAMPLES[:40]:
        for slip in _slips(reference):
            with pytest.raises(MistypedReference):
                read_reference(slip)


def _swaps(bare: str) -> Iterator[str]:
    for place in range(len(bare) - 1):
        if bare[place] != bare[place + 1]:
            yield bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]


def test_every_swap_of_two_neighbours_is_caught() -> None:
    for reference in SAMPLES:
        bare = reference[2:].replace("-", "")
        for swapped in _swaps(bare):
            with pytest.raises(MistypedReference):
                read_reference(swapped)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        read = read_reference(text)
    except MistypedReference:
        return
    assert read is None or SHAPE.fullmatch(read)


@given(references, st.sampled_from("*~$=U"))
def test_a_check_sign_outside_the_alphabet_is_never_right(reference: str, sign: str) -> None:
    with pytest.raises(MistypedReference):
        read_reference(reference[:-1] + sign)


@pytest.mark.parametrize("text", ["", "C-", "C-000-000-0", "C-0000-00000-0", "X-0000-0000-0", "../C-0000"])
def test_what_has_not_the_shape_is_no_reference(text: str) -> None:
    assert read_reference(text) is None
