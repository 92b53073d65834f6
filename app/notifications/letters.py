"""What a mail says: one of six constant texts. No name, reference, category, role or content is ever in one."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.config import ROOT
from app.models.mail import MailKind

SUBJECTS = {
    MailKind.NEEDS_YOU: "A case needs you",
    MailKind.NEWS: "There is news for you",
    MailKind.DRAFT: "Something you saved will be deleted soon",
    MailKind.SIGN_IN: "A change to your account",
    MailKind.CODE: "A code for your account",
    MailKind.INVITED: "An organisation offers you a role",
}


def letter_box() -> Environment:
    """The environment in which texts of mails are rendered: plain text, nothing undefined."""
    return Environment(
        loader=FileSystemLoader(ROOT / "templates" / "email"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  plain text, and no word of a person's ever enters it
        keep_trailing_newline=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What stands on the outside of a mail; ``at`` is the instant of sending."""

    to: str
    sender: str
    at: datetime
    message_id: str


def letter(
    letters: Environment, kind: MailKind, stamp: Stamp, *, link: str, date: str = "", code: str = ""
) -> EmailMessage:
    """The mail of one kind. ``link`` is the constant start page."""
    message = EmailMessage()
    message["From"] = stamp.sender
    message["To"] = stamp.to
    message["Date"] = format_datetime(stamp.at)
    message["Subject"] = SUBJECTS[kind]
    message["Message-ID"] = stamp.message_id
    body = letters.get_template(f"{kind}.txt").render(link=link, date=date, code=code)
    message.set_content(body)
    return message
