"""Keyrings: one for each organisation and one for the installation, each with its own master key."""

import base64
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import UUID

from app.domain.errors import KeysMissing, SealBroken
from app.encryption.keys import Context, Key

INSTALLATION = "installation"


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Master keys by version, and an index key for blind tokens that outlives every rotation."""

    owner: str
    masters: dict[int, Key] = field(repr=False)
    index: Key = field(repr=False)

    def __repr__(self) -> str:
        return "<keyring>"

    @property
    def version(self) -> int:
        """The master version that wraps new keys."""
        return max(self.masters)

    @property
    def check(self) -> bytes:
        """By what a database recognises this ring: 32 bytes that tell nothing of its keys."""
        return self.index.derive(b"check").mac(self.owner.encode())

    def wrap(self, key: Key, *, name: str) -> tuple[int, bytes]:
        """The key wrapped under the current master, with that master's version."""
        return self.version, self.masters[self.version].wrap(key, context=self._context(name, self.version))

    def unwrap(self, wrapped: bytes, *, name: str, version: int) -> Key:
        """The key inside. Raises SealBroken for another owner, name or version."""
        if version not in self.masters:
            raise SealBroken("no master of this version")
        return self.masters[version].unwrap(wrapped, context=self._context(name, version))

    def _context(self, name: str, version: int) -> Context:
        return Context(owner=self.owner, table="key", column=str(version), row=name)


class KeyStore(Protocol):
    """Where master keys live: files here, a key management service elsewhere."""

    def organisation(self, organisation_id: UUID) -> Keyring:
        """The keyring of an organisation. Raises KeysMissing."""

    def installation(self) -> Keyring:
        """The keyring of the installation itself. Raises KeysMissing."""

    def ring(self, owner: str) -> Keyring:
        """The keyring that is kept under a name. Raises KeysMissing."""

    def make(self, owner: str) -> Keyring:
        """A new keyring, which its maker notes in the database; one that a crash left before that is taken."""


class FileKeyStore:
    """One JSON file a keyring in a folder that only its owner can read."""

    def __init__(self, folder: Path, *, check_of: Callable[[str], bytes | None]) -> None:
        """``check_of`` answers what the database knows of an owner's ring: none is opened without that."""
        self._folder = folder
        self._check_of = check_of
        self._open: dict[str, Keyring] = {}
        self._lock = threading.Lock()

    def organisation(self, organisation_id: UUID) -> Keyring:
        """The keyring of an organisation. Raises KeysMissing."""
        return self.ring(organisation_id.hex)

    def installation(self) -> Keyring:
        """The keyring of the installation itself. Raises KeysMissing."""
        return self.ring(INSTALLATION)

    def ring(self, owner: str) -> Keyring:
        """The keyring that is kept under a name. Raises KeysMissing where it is not the one that was made.

        Under another index key nobody's token would match: whoever a concern is about would see it.
        """
        ring = self._open.get(owner)
        if ring is None:
            with self._lock:
                ring = self._open.setdefault(owner, self._checked(owner))
        return ring

    def make(self, owner: str) -> Keyring:
        """A new keyring, which its maker notes in the database; one that a crash left before that is taken."""
        path = self._path(owner)
        if not path.exists():
            self._write(path)
        with self._lock:
            return self._open.setdefault(owner, self._read(owner))

    def _checked(self, owner: str) -> Keyring:
        ring = self._read(owner)
        if ring.check != self._check_of(owner):
            raise KeysMissing(f"{self._path(owner)} is not the keyring that this database was filled with")
        return ring

    def _read(self, owner: str) -> Keyring:
        path = self._path(owner)
        try:
            stored = json.loads(path.read_text(encoding="ascii"))
            masters = {int(version): _decoded(secret) for version, secret in stored["masters"].items()}
            return Keyring(owner, masters, _decoded(stored["index"]))
        except (OSError, LookupError, ValueError) as error:
            raise KeysMissing(f"{path} is missing or cannot be read") from error

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner}.json"

    def _write(self, path: Path) -> None:
        """Written whole under another name first, so that two processes agree on one keyring.

        It is on the disk before anything is sealed with it: no crash leaves texts without their key.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps({"masters": {"1": _encoded(Key.new())}, "index": _encoded(Key.new())})
        draft = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        _write_durably(draft, text)
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        finally:
            draft.unlink()
            _sync(self._folder)


def _write_durably(path: Path, text: str) -> None:
    """A file that only its owner can read, on the disk when this returns."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _encoded(key: Key) -> str:
    return base64.b64encode(key.export()).decode("ascii")


def _decoded(text: str) -> Key:
    return Key(base64.b64decode(text))
