"""How long the next try waits: a delay for each account, which rises and which nobody can make a lock-out of.

A browser that signed in before carries a proof of it and has a count of its own, so that a stranger who
tries an account again and again does not keep its owner out.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.database import insert_new, installation_of, transaction
from app.domain.errors import TryAgainLater
from app.encryption.keys import Key
from app.models.account import Throttle

LONGEST_ADDRESS = 254
FORGOTTEN_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many tries are free, and how the wait for the next one grows (seconds)."""

    free: int
    first: int
    longest: int

    def wait_after(self, tries: int) -> timedelta:
        """The wait after that many tries in a row: nothing, then doubling up to the longest."""
        beyond = tries - self.free
        if beyond < 0:
            return timedelta(0)
        return timedelta(seconds=min(self.first * 2 ** min(beyond, 16), self.longest))


# A person who mistypes notices nothing; a guesser gets four tries an hour.
SIGN_IN = Pace(free=5, first=60, longest=900)
# Codes have 60 bits: the wait only keeps the noise down.
CODE = Pace(free=10, first=60, longest=60)
SENDING = Pace(free=3, first=300, longest=3600)


def account_key(session: Session, purpose: str, account: str, *, device: str = "") -> bytes:
    """Under which key tries are counted: the account's, or that of a browser which proved itself before."""
    own = _keys(session).derive(b"throttle").mac(f"{purpose}\x1f{account[: LONGEST_ADDRESS + 1]}".encode())
    if device and is_known_device(session, device, account=account):
        return _keys(session).derive(b"throttled device").mac(own + device.encode())
    return own


def new_device(session: Session, *, account: str) -> str:
    """What a browser may carry after a success: a random word and its proof, which names nobody."""
    word = secrets.token_urlsafe(12)
    return f"{word}.{_proof(session, word, account)}"


def is_known_device(session: Session, device: str, *, account: str) -> bool:
    """Whether this account signed in on that browser before."""
    word, _, proof = device.partition(".")
    return hmac.compare_digest(proof.encode(), _proof(session, word, account).encode())


def count_try(key: bytes, *, pace: Pace, now: datetime) -> None:
    """Counts a try before anything costly happens. Raises TryAgainLater for one that comes too early."""
    with transaction() as session:
        insert_new(session, Throttle, account=key, failures=0, until_at=now)
        row = session.get_one(Throttle, key, with_for_update=True)
        if row.until_at > now:
            raise TryAgainLater(seconds=max(1, int((row.until_at - now).total_seconds())))
        row.failures = 1 if now - row.until_at > FORGOTTEN_AFTER else row.failures + 1
        row.until_at = now + pace.wait_after(row.failures)


def touch(session: Session, key: bytes) -> None:
    """Writes a count as it is, so that refusing an unknown account takes as long as refusing a known one."""
    session.execute(update(Throttle).where(Throttle.account == key).values(failures=Throttle.failures))


def forgive(session: Session, *keys: bytes) -> None:
    """Forgets failed tries after a success."""
    session.execute(delete(Throttle).where(Throttle.account.in_(keys)))


def forget_old_tries(session: Session, *, now: datetime) -> None:
    """Drops counts that no longer matter."""
    session.execute(delete(Throttle).where(Throttle.until_at < now - FORGOTTEN_AFTER))


def _proof(session: Session, word: str, account: str) -> str:
    return _keys(session).derive(b"device").mac(f"{word}\x1f{account}".encode()).hex()


def _keys(session: Session) -> Key:
    return installation_of(session).keys.installation().index
