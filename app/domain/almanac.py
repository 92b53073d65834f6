"""Every version of every nation's calendar, and which one was known on a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.domain.calendars import NO_HOLIDAYS, Calendar
from app.domain.errors import InvalidInput, NotFound
from app.domain.vocabulary import Nation


@dataclass(frozen=True, slots=True)
class KnownCalendar:
    """One version of a nation's calendar and the local date from which it was known."""

    known_from: date
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Calendars:
    """Every version of every nation's calendar, oldest first, and ``none``, which has no holidays."""

    versions: Mapping[Nation, tuple[KnownCalendar, ...]]
    none: Calendar = NO_HOLIDAYS

    def current(self, nation: Nation, *, on: date) -> Calendar:
        """The latest version that was known on the local date ``on``, or InvalidInput ``calendar-short``."""
        known = [version.calendar for version in self.versions[nation] if version.known_from <= on]
        if not known:
            raise InvalidInput("calendar", "calendar-short")
        return known[-1]

    def all_current(self, *, on: date) -> tuple[Calendar, ...]:
        """What was known of each nation on the local date ``on``."""
        return tuple(self.current(nation, on=on) for nation in self.versions)

    def version(self, nation: Nation, number: int) -> Calendar:
        """The version that a deadline was counted with, or NotFound."""
        for known in self.versions[nation]:
            if known.calendar.version == number:
                return known.calendar
        raise NotFound

    def latest(self, nation: Nation) -> Calendar:
        """The newest version in the data, for questions that no stored deadline hangs on."""
        return self.versions[nation][-1].calendar
