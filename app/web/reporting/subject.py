"""Whom a concern is about: the search in the directory, which works without scripts, and a word of warning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import request

from app.domain.deadlines import local
from app.domain.particulars import Answers, only
from app.queries import directory, people
from app.queries.directory import LONGEST_LIST
from app.queries.people import DirectoryRow, SignedIn
from app.web.access import current_now

QUESTION = "subject_person"
TYPED, SHOWN, FIND = "find", "found", "find_now"
BY_LIST = "directory"
LONGEST_NAME = 200
TITLES = frozenset({"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "professor", "sir", "dame"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was typed, whom it found, and whether there are more than the list may show."""

    text: str = ""
    people: Sequence[DirectoryRow] = ()
    has_more: bool = False
    is_asked: bool = False
    longest: int = LONGEST_LIST

    @property
    def is_empty_handed(self) -> bool:
        """Whether a name was looked for and nobody has it."""
        return bool(self.text) and not self.people


def searched(place: UUID | None) -> Search:
    """The search that the submitted page asks for, or the one it showed already."""
    form = request.form
    text = " ".join(form.get(TYPED, "")[:LONGEST_NAME].split())
    if not text.isprintable():
        text = ""
    is_new = text != form.get(SHOWN, "") or (FIND in form and not form.get(QUESTION))
    way = form.get("subject", "")
    wanted = (bool(text) and way in {"", BY_LIST}) or (FIND in form and way == BY_LIST)
    found, has_more = _found(place, text)
    return Search(text=text, people=found, has_more=has_more, is_asked=wanted and is_new)


def _found(place: UUID | None, text: str) -> tuple[Sequence[DirectoryRow], bool]:
    if place is None or not text:
        return (), False
    return directory.find(place, text, on=local(current_now()).date())


def looks_like(who: SignedIn, answers: Answers) -> bool:
    """Whether somebody may have named themselves, by id, number or name."""
    return (
        only(answers, QUESTION) == str(who.person_id)
        or only(answers, "gmc_number") in people.numbers_accepted(who.person_id)
        or (bool(_bare(who.name)) and _bare(only(answers, "subject_name")) == _bare(who.name))
    )


def _bare(name: str) -> frozenset[str]:
    """The words of a name in any order, without titles, capitals and full stops."""
    return frozenset(name.casefold().replace(".", " ").replace(",", " ").split()) - TITLES


def without_search(submitted: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """What was submitted as answers: the search keeps nothing."""
    return {name: values for name, values in submitted.items() if name not in {TYPED, SHOWN, FIND}}
