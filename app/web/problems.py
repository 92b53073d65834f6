"""What is wrong with a limit, a time, a pause or a window, in words that say what to do next."""

from collections.abc import Mapping
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.errors import InvalidInput

PROBLEMS: Final[Mapping[str, object]] = {
    "limit-format": _l("Write the limit as a number and a unit, like “20 working days” or “72 hours”."),
    "limit-not-positive": _l("The limit must be at least 1."),
    "limit-too-long": _l("The limit must not be longer than 10 years."),
    "window-format": _l("Write the working hours like “mon-fri 09:00-17:00” or “daily 00:00-24:00”."),
    "window-empty": _l("The working hours contain no time. Add at least one span like “09:00-17:00”."),
    "window-backwards": _l("Each span of working hours must end after it begins, and on the same day."),
    "window-overlap": _l("The spans of working hours must not overlap."),
    "time-format": _l("Write a date and a time, like “2026-12-31T16:30”."),
    "time-skipped": _l("The clocks went forward in that hour, so this time did not happen. Choose another."),
    "time-naive": _l("The time needs a time zone."),
    "time-out-of-range": _l("The year must be between 1970 and 2100."),
    "pause-format": _l("Write a pause as its start and its end, like “2026-06-05T12:00/2026-06-08T10:00”."),
    "pause-backwards": _l("A pause must not end before it starts."),
    "pause-overlap": _l("The pauses must not overlap."),
    "pause-on-elapsed": _l(
        "A limit in hours or minutes cannot be paused. Use working hours, or leave the pause out."
    ),
    "calendar-short": _l("The table of bank holidays does not reach that far. Choose dates inside it."),
}


def problem(error: InvalidInput) -> str:
    """The sentence for the code of ``error``."""
    return str(PROBLEMS.get(error.code) or _("This does not make sense here. Check it and try again."))
