"""What the clock calls: each a loop over one service, safe to run twice and on many hosts at once."""

from datetime import datetime

from app.services import accounts, deadlines, delivery, disclosure, drafts, handover


def tick(*, now: datetime) -> None:
    """Carries out what is due, writes down repeated openings."""
    deadlines.sweep(now=now)
    disclosure.close_tallies(now=now)


def deliver(*, now: datetime) -> None:
    """Sends mail. A job of its own: no date waits for a slow mail server."""
    delivery.deliver(now=now)


def hand_over(*, now: datetime) -> None:
    """Passes on cases of roles that ended and of people whom a relation parts from them since today."""
    handover.catch_up(now=now)


def forget(*, now: datetime) -> None:
    """Deletes what has run out: drafts, sign-ins, codes."""
    drafts.forget_expired(now=now)
    accounts.forget_expired(now=now)
