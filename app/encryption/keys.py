"""Keys that cannot be printed, and the sealed texts they open (AES-256-GCM, NIST SP 800-38D)."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.domain.errors import SealBroken

KEY_BYTES = 32
NONCE_BYTES = 12
TOKEN_BYTES = 16
ENVELOPE = b"\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a sealed text belongs. A ciphertext moved to another row does not open there."""

    owner: str
    case: str = ""
    table: str
    column: str
    row: str

    def as_bytes(self) -> bytes:
        """The associated data of the seal."""
        return "\x1f".join((self.owner, self.case, self.table, self.column, self.row)).encode()


class Key:
    """A secret of 32 bytes that seals, opens and derives; it never shows itself."""

    __slots__ = ("_cipher", "_secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("a key has 32 bytes")
        self._secret = secret
        self._cipher = AESGCM(secret)

    @classmethod
    def new(cls) -> "Key":
        """A fresh random key."""
        return cls(secrets.token_bytes(KEY_BYTES))

    def __repr__(self) -> str:
        return "<key>"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")

    def seal(self, text: bytes, *, context: Context) -> bytes:
        """Version byte, nonce, ciphertext with tag; bound to its context."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return ENVELOPE + nonce + self._cipher.encrypt(nonce, text, context.as_bytes())

    def open(self, sealed: bytes, *, context: Context) -> bytes:
        """The text. Raises SealBroken for another key, another row, changed bytes or an unknown version."""
        if sealed[:1] != ENVELOPE:
            raise SealBroken("unknown envelope version")
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, context.as_bytes())
        except (InvalidTag, ValueError) as error:
            raise SealBroken("the seal does not open") from error

    def wrap(self, key: "Key", *, context: Context) -> bytes:
        """Another key, sealed under this one."""
        return self.seal(key.export(), context=context)

    def unwrap(self, wrapped: bytes, *, context: Context) -> "Key":
        """The key inside. Raises SealBroken."""
        return Key(self.open(wrapped, context=context))

    def derive(self, purpose: bytes) -> "Key":
        """A key for one purpose only (HKDF-SHA256, RFC 5869)."""
        return Key(
            HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(self._secret)
        )

    def mac(self, message: bytes) -> bytes:
        """HMAC-SHA256 of a message, 32 bytes."""
        return hmac.digest(self._secret, message, hashlib.sha256)

    def token(self, identifier: UUID) -> bytes:
        """The blind token that stands for a person or a draft: 16 bytes that only this key can make."""
        return self.mac(identifier.bytes)[:TOKEN_BYTES]

    def export(self) -> bytes:
        """The raw secret, for wrapping and for the keyring file."""
        return self._secret


def seal(key: Key, text: str, *, context: Context) -> bytes:
    """A text sealed for its row."""
    return key.seal(text.encode(), context=context)


def open_sealed(key: Key, sealed: bytes, *, context: Context) -> str:
    """The text of a row. Raises SealBroken."""
    return key.open(sealed, context=context).decode()
