"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

# Tuesday 7 April 2026, the morning after Easter: nine in London, an hour after the working day began in UTC.
START = datetime(2026, 4, 7, 8, 0, tzinfo=UTC)


class Clock:
    """The present of one test: aware, in UTC, the same until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move_to(self, instant: datetime) -> None:
        """Makes ``instant`` the present. Raises ValueError without a time zone."""
        if instant.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        self.now = instant.astimezone(UTC)

    def advance(self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0) -> None:
        """Lets elapsed time pass."""
        self.now += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
