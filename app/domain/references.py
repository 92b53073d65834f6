"""References of cases: random, so that they count nothing, and read tolerantly (Crockford base 32).

``C-7K3F-9QMX-H``: eight random characters in two groups and a check character (mod 37).
"""

import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_MODULUS = 37
LENGTH = 8
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SHAPE = re.compile(rf"C?([{ALPHABET}]{{{LENGTH}}})([{ALPHABET}*~$=U])")


class MistypedReference(ValueError):
    """The check character does not fit: one of the characters was mistyped."""


def new_reference() -> str:
    """A fresh reference, drawn again while its check character would not be a letter or a digit."""
    while True:
        drawn = secrets.randbelow(len(ALPHABET) ** LENGTH)
        if drawn % CHECK_MODULUS < len(ALPHABET):
            return _written(drawn)


def read_reference(text: str) -> str | None:
    """The canonical form of what somebody typed, or None where it has not the shape of a reference.

    Case, dashes and spaces do not matter; O is 0, I and L are 1. Raises MistypedReference where the check
    character does not fit, before anything is looked up.
    """
    bare = re.sub(r"[\s-]", "", text).upper().translate(_MISREAD)
    found = _SHAPE.fullmatch(bare)
    if found is None:
        return None
    number = _number(found[1])
    if number % CHECK_MODULUS >= len(ALPHABET) or ALPHABET[number % CHECK_MODULUS] != found[2]:
        raise MistypedReference(text)
    return _written(number)


def _written(number: int) -> str:
    characters = ""
    rest = number
    for _ in range(LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        characters = ALPHABET[digit] + characters
    half = LENGTH // 2
    return f"C-{characters[:half]}-{characters[half:]}-{ALPHABET[number % CHECK_MODULUS]}"


def _number(characters: str) -> int:
    number = 0
    for character in characters:
        number = number * len(ALPHABET) + ALPHABET.index(character)
    return number
