"""Settings of one installation: frozen, typed, read once, and refused where they would be unsafe."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from click import ClickException

ROOT = Path(__file__).resolve().parent.parent
LOCAL_SECRET_BYTES = 32
INDEPENDENT = "independent"
PREFIX = "CANDOUR_"
YES = frozenset({"1", "true", "yes"})
NO = frozenset({"0", "false", "no", ""})


class UnsafeSettingsError(ClickException):
    """The settings would break a promise; the message says which one and what to set.

    A command says it in one line and ends with exit code 1.
    """


class Mode(StrEnum):
    """What an installation is for. Only a demonstration prints sign-ins and files its mail."""

    DEMONSTRATION = "demonstration"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator can choose.

    Each field is read from ``CANDOUR_<FIELD>`` or, failing that, from ``instance/config.toml``.
    """

    instance: Path = ROOT / "instance"
    mode: Mode = Mode.DEMONSTRATION
    debug: bool = False
    secret_key: str = field(default="", repr=False)
    database_url: str = field(default="", repr=False)
    owner_url: str = field(default="", repr=False)
    operator: str = INDEPENDENT
    operator_name: str = "the Candour demonstration"
    public_url: str = "http://127.0.0.1:5000/"  # a demonstration follows PORT
    trusted_proxies: int = 0
    mail_from: str = "candour@example.org"
    smtp_host: str = ""
    smtp_port: int = 25
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_starttls: bool = False
    argon2_time_cost: int = 3
    argon2_memory_kib: int = 65536
    session_hours: int = 10
    tick_seconds: int = 15

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """The settings of this process: a variable beats the file.

        Raises UnsafeSettingsError for an unknown name and for a value that cannot be read.
        """
        environment = os.environ if environment is None else environment
        variables = _from_variables(environment)
        instance = Path(str(variables.pop("instance", ROOT / "instance"))).resolve()
        filed = {**_demonstrated(environment), **_from_file(instance / "config.toml")}
        known = {one.name for one in fields(cls)} - {"instance"}
        if unknown := (filed.keys() | variables.keys()) - known:
            raise UnsafeSettingsError(f"unknown settings: {', '.join(sorted(unknown))}")
        return _typed({**filed, **variables, "instance": instance})

    @property
    def is_demonstration(self) -> bool:
        """Whether everything in this installation is invented."""
        return self.mode is Mode.DEMONSTRATION

    @property
    def writer_url(self) -> str:
        """Where the application reads and writes: SQLite in ``instance/`` unless told otherwise."""
        return self.database_url or f"sqlite:///{self.instance / 'candour.sqlite3'}"

    @property
    def migration_url(self) -> str:
        """Where migrations run: the owner's address on PostgreSQL, the same file on SQLite."""
        return self.owner_url or self.writer_url

    @property
    def is_sqlite(self) -> bool:
        """Whether one file holds the database."""
        return self.writer_url.startswith("sqlite")

    def for_flask(self) -> dict[str, Any]:
        """The part of the settings that Flask and its extensions read."""
        secure = self.public_url.startswith("https://")
        return {
            "SECRET_KEY": self.secret_key,
            "DEBUG": self.debug,
            "MAX_CONTENT_LENGTH": 4 * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 4 * 1024 * 1024,
            "SESSION_COOKIE_NAME": "__Host-candour" if secure else "candour",
            "SESSION_COOKIE_SECURE": secure,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "WTF_CSRF_TIME_LIMIT": None,
            # Our pages send no referrer, so there is none to compare; the token and the cookie's site stand.
            "WTF_CSRF_SSL_STRICT": False,
        }

    def refuse_unsafe(self) -> None:
        """Raises UnsafeSettingsError where production would start without a protection it needs."""
        if self.mode is Mode.PRODUCTION:
            for unsafe, message in self._dangers():
                if unsafe:
                    raise UnsafeSettingsError(message)

    def _dangers(self) -> tuple[tuple[bool, str], ...]:
        one_role = not self.is_sqlite and _role_of(self.owner_url) in {None, _role_of(self.database_url)}
        plain_http = not self.public_url.startswith("https://") or self.trusted_proxies < 1
        return (
            (
                len(self.secret_key) < LOCAL_SECRET_BYTES,
                "set CANDOUR_SECRET_KEY to 32 random characters or more",
            ),
            (self.debug, "debug mode shows secrets: unset CANDOUR_DEBUG"),
            (
                plain_http,
                "set CANDOUR_PUBLIC_URL to an https address and CANDOUR_TRUSTED_PROXIES to 1 or more",
            ),
            (one_role, "set CANDOUR_OWNER_URL to a role other than the one of CANDOUR_DATABASE_URL"),
            (not self.smtp_host, "set CANDOUR_SMTP_HOST: mail cannot be sent"),
            (
                bool(self.smtp_password) and not self.smtp_starttls,
                "set CANDOUR_SMTP_STARTTLS: the password would travel in the clear",
            ),
        )

    def with_kept_secret(self) -> "Settings":
        """The same settings; a demonstration without a key gets one that ``instance/`` keeps."""
        if self.secret_key or not self.is_demonstration:
            return self
        return replace(self, secret_key=_kept_secret(self.instance / "secret"))


def _demonstrated(environment: Mapping[str, str]) -> dict[str, Any]:
    """Where a demonstration is, unless somebody says otherwise: on this machine, at the port it serves."""
    port = environment.get("PORT", "")
    return {"public_url": f"http://127.0.0.1:{port}/"} if port else {}


def _role_of(url: str) -> str | None:
    """The role of the database by whose name an address signs in."""
    return urlsplit(url).username


def _kept_secret(path: Path) -> str:
    """The secret in that file, made on first use; of two processes that make one, the first one's stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(LOCAL_SECRET_BYTES), encoding="ascii")
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="ascii")


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UnsafeSettingsError(f"{path.name} is not valid TOML: {error}") from error


def _from_variables(environment: Mapping[str, str]) -> dict[str, Any]:
    """Every variable of ours, the misspelt too, so that none is passed over in silence."""
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }


def _typed(chosen: Mapping[str, Any]) -> Settings:
    kinds: dict[str, Any] = {one.name: one.type for one in fields(Settings)}
    return Settings(**{name: _value(name, kinds[name], value) for name, value in chosen.items()})


def _value(name: str, kind: Any, value: Any) -> Any:
    """The value as its field wants it: of the same kind in the file, written out in a variable."""
    try:
        if isinstance(value, kind):
            return _of_its_kind(kind, value)
        return _truth(_text(value)) if kind is bool else kind(_text(value))
    except (TypeError, ValueError) as error:
        raise UnsafeSettingsError(f"the setting {name} cannot be read: {error}") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is of the wrong kind")
    return value


def _of_its_kind(kind: Any, value: Any) -> Any:
    """True is also an integer to Python, but not to us."""
    if kind is int and isinstance(value, bool):
        raise TypeError(f"{value!r} is no number")
    return value


def _truth(text: str) -> bool:
    if text.lower() not in {*YES, *NO}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() in YES
