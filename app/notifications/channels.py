"""How mail leaves: over SMTP in production, into files in a demonstration."""

import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from app.config import Settings

SMTP_SECONDS = 20
ABOUT_ONE_MAIL = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPNotSupportedError,
)


class CannotSend(Exception):
    """The mail did not leave; ``code`` says why without naming anybody.

    In an outage no other mail would leave either.
    """

    def __init__(self, code: str, *, is_outage: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_outage = is_outage


class Channel(Protocol):
    """Something that mail can leave by."""

    def send(self, message: EmailMessage) -> None:
        """Hands the message over. Raises CannotSend."""


class FileChannel:
    """Keeps each mail as an ``.eml`` file, for demonstrations."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Writes the message; sent again, it lands in the same file."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        (self._folder / f"{name}.eml").write_bytes(bytes(message))


class SmtpChannel:
    """Hands each mail to a mail server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: EmailMessage) -> None:
        """Delivers the message to the server. Raises CannotSend when it cannot be reached or refuses."""
        settings = self._settings
        try:
            with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SMTP_SECONDS) as server:
                if settings.smtp_starttls:
                    server.starttls(context=ssl.create_default_context())
                if settings.smtp_user:
                    server.login(settings.smtp_user, settings.smtp_password)
                server.send_message(message)
        except ABOUT_ONE_MAIL as error:
            raise CannotSend(type(error).__name__, is_outage=False) from error
        except (smtplib.SMTPException, OSError) as error:
            raise CannotSend(type(error).__name__, is_outage=True) from error


def channel_for(settings: Settings) -> Channel:
    """The channel that the settings ask for."""
    return SmtpChannel(settings) if settings.smtp_host else FileChannel(settings.instance / "mail")
