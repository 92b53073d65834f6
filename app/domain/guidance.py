"""Plain-words pages about the rules, each in force for a span of days, and the numbers of people who help.

The pages explain what the GMC and others publish; they replace none of it. What is still to be checked
against the live source is listed beside each page and shown to administrators only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.errors import NotFound
from app.domain.vocabulary import Nation


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidancePage:
    """One page in one version. ``body`` is Markdown; ``points`` are its first list, for panels beside a question.

    ``in_force_until`` is the last local date on which the version applied, or None while it does.
    """

    id: str
    group: str
    title: str
    topic: str | None
    version: str
    banner: str
    body: str
    points: tuple[str, ...]
    last_checked: date
    in_force_from: date | None = None
    in_force_until: date | None = None
    to_check: tuple[str, ...] = ()

    def applied_on(self, day: date) -> bool:
        """Whether this version was in force on a local date; a page without dates always is."""
        begun = self.in_force_from is None or self.in_force_from <= day
        return begun and (self.in_force_until is None or day <= self.in_force_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody to turn to. ``number`` and ``but`` also stand in the strip on every page, where ``in_strip``."""

    who: str
    purpose: str
    how: str
    nations: frozenset[Nation]
    checked_by: str = ""
    checked_on: date | None = None
    to_check: str = ""
    in_strip: bool = False
    words: str = ""
    number: str = ""
    but: str = ""


@dataclass(frozen=True, slots=True)
class Support:
    """Everybody to turn to, in the order in which to show them."""

    contacts: tuple[Contact, ...]

    @property
    def strip(self) -> tuple[Contact, ...]:
        """The few lines for the foot of every reporter's page."""
        return tuple(contact for contact in self.contacts if contact.in_strip)

    def for_nation(self, nation: Nation) -> tuple[Contact, ...]:
        """Who helps in one nation."""
        return tuple(contact for contact in self.contacts if nation in contact.nations)


@dataclass(frozen=True, slots=True, kw_only=True)
class MdoLine:
    """The telephone line of a defence organisation, and what it has said about subscriptions, with the date."""

    name: str
    number: str
    subscription: str = ""
    to_check: str = ""


@dataclass(frozen=True, slots=True)
class Guidance:
    """The library: every page by id, in the order of the library, and the people to turn to."""

    pages: Mapping[str, GuidancePage]
    support: Support
    mdos: tuple[MdoLine, ...]
    regulator: str

    def page(self, page_id: str) -> GuidancePage:
        """One page, or NotFound."""
        try:
            return self.pages[page_id]
        except KeyError as error:
            raise NotFound from error

    def for_day(self, topic: str, day: date | None) -> GuidancePage | None:
        """The version of a topic that applied on a local date; the present one while no date is known.

        None before 22 April 2013, when there was no guidance just for social media. NotFound for no such topic.
        """
        versions = self.versions(topic)
        if day is None:
            return versions[-1]
        return next((page for page in versions if page.applied_on(day)), None)

    def versions(self, topic: str) -> Sequence[GuidancePage]:
        """Every version of a topic, oldest first, or NotFound."""
        found = [page for page in self.pages.values() if page.topic == topic]
        if not found:
            raise NotFound
        return sorted(found, key=lambda page: page.in_force_from or date.min)

    def group(self, name: str) -> Sequence[GuidancePage]:
        """The pages of one part of the library, in order."""
        return [page for page in self.pages.values() if page.group == name]

    def to_check(self) -> Sequence[tuple[GuidancePage, str]]:
        """What an administrator has to check before anybody relies on a page."""
        return [(page, what) for page in self.pages.values() for what in page.to_check]
