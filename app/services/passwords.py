"""Passwords: Argon2id behind one short queue, so that a flood of sign-ins cannot take the machine."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.config import Settings
from app.domain.errors import InvalidInput, TryAgainLater

SHORTEST = 12
LONGEST = 200
AT_ONCE = 2
# Those who hash among them. Fewer than the server has threads, so that other pages stay quick meanwhile.
LONGEST_QUEUE = 4
WAIT_SECONDS = 30


class Passwords:
    """Hashes and checks, never inside a transaction: one hash takes as long as a hundred rows."""

    def __init__(self, *, time_cost: int, memory_kib: int) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._guard = threading.Lock()
        self._queued = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A place in the queue, shared by everybody. Raises TryAgainLater where it is too long."""
        with self._guard:
            if self._queued >= LONGEST_QUEUE:
                raise TryAgainLater(seconds=WAIT_SECONDS)
            self._queued += 1
        try:
            with self._slots:
                yield
        finally:
            with self._guard:
                self._queued -= 1

    def hash(self, password: str) -> str:
        """The hash of a password, with its parameters and salt."""
        return self._hasher.hash(password)

    def is_right(self, password: str, *, expected: str | None) -> bool:
        """Whether the password belongs to the hash; as costly where there is none."""
        is_sane = len(password) <= LONGEST
        try:
            self._hasher.verify(expected or self._nobodys, password if is_sane else "")
        except (VerificationError, InvalidHashError):
            return False
        return is_sane and expected is not None

    def renewed(self, password: str, *, expected: str) -> str:
        """The same hash, or a new one where the parameters have changed since it was made."""
        return self.hash(password) if self._hasher.check_needs_rehash(expected) else expected


@lru_cache(maxsize=4)
def _passwords(time_cost: int, memory_kib: int) -> Passwords:
    # One queue for the whole process: the memory that it protects is the machine's.
    return Passwords(time_cost=time_cost, memory_kib=memory_kib)


def passwords_of(settings: Settings) -> Passwords:
    """The queue that hashes with an installation's parameters."""
    return _passwords(settings.argon2_time_cost, settings.argon2_memory_kib)


def check_new(password: str, *, address: str) -> None:
    """Raises InvalidInput on ``password``: too-short, too-long, odd (control characters) or is-address."""
    if len(password) < SHORTEST:
        raise InvalidInput("password", "too-short")
    if len(password) > LONGEST:
        raise InvalidInput("password", "too-long")
    if not password.isprintable():
        raise InvalidInput("password", "odd")
    if password.strip().casefold() == address:
        raise InvalidInput("password", "is-address")
