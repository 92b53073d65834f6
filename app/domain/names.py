"""Names as people type them into a field: several in one text, with titles, in any case."""

import re
import unicodedata
from collections.abc import Sequence

TITLES = frozenset(
    ["dr", "doctor", "prof", "professor", "mr", "mrs", "ms", "miss", "mx", "sir", "dame", "sister", "nurse"]
)
BETWEEN = re.compile(r"[;,\n&]|\band\b", re.IGNORECASE)
# More names than these are weighed up by somebody from outside: excluding people can be a weapon.
MOST_KEPT_AWAY = 3
ASIDE = re.compile(r"\([^)]*\)")


def names_in(text: str) -> tuple[str, ...]:
    """Each name of a text once, as it is compared."""
    parts = (compared(part) for part in BETWEEN.split(ASIDE.sub(" ", text)))
    return tuple(dict.fromkeys(part for part in parts if part))


def compared(name: str) -> str:
    """A name without titles, accents, signs and capitals: "Dr. Zoë  O'Neill" is "zoe oneill"."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(sign for sign in plain if sign.isalnum() or sign.isspace() or sign == "-")
    return " ".join(word for word in letters.replace("-", " ").split() if word not in TITLES)


def is_meant(typed: str, name: Sequence[str]) -> bool:
    """Whether somebody with that name, in words, can be meant: one word alone stands for a last name."""
    words = typed.split()
    return words == list(name) or (len(words) == 1 and words == list(name[-1:]))
