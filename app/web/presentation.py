"""What templates can say: filters and functions, who is looking, and where the NHS macros are found.

No rule of casework lives here. Nothing here reads the session: a page without a sign-in stays without one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app, g, request
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from jinja2 import ChainableUndefined, ChoiceLoader, PackageLoader
from markupsafe import Markup, escape

from app.domain.guidance import Contact
from app.domain.permissions import ADVISERS, HANDLERS, Permission, is_granted
from app.domain.vocabulary import Role
from app.web import assets, catalogue, moments, prose, reasons, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks at a signed-in page, in words; the access layer leaves one in ``g.viewer``."""

    name: str
    role: Role
    organisation_name: str

    @property
    def role_words(self) -> str:
        """The role as it follows a name: "clinical lead"; empty for somebody without a part in casework."""
        return "" if self.role is Role.MEMBER else words.bare_role(self.role)

    @property
    def room(self) -> str:
        """employer, mdo or personal: whose room the page is, by the role that the viewer acts in."""
        if self.role in ADVISERS:
            return "mdo"
        return "personal" if self.role is Role.MEMBER else "employer"

    @property
    def room_words(self) -> str:
        """What the strip under the header calls the room; administrators and auditors read no case in it."""
        if self.role in HANDLERS:
            return _("employer’s room")
        if self.role is Role.ADMINISTRATOR:
            return _("administration: people and rules, never what a case says")
        return self.role_words


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One link of the main navigation."""

    label: str
    url: str
    current: bool


# The layout also stands where accounts are not served, so it knows these by address.
SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
ACCOUNT = "/account"

# Label, address, and the permission without which the link would lead nowhere.
NAVIGATION: tuple[tuple[object, str, Permission], ...] = (
    (_l("Worklist"), "/cases", Permission.CASE_LIST),
    (_l("Members"), "/advice", Permission.ADVICE_LIST),
    (_l("People"), "/people", Permission.PEOPLE_MANAGE),
    (_l("Organisation"), "/organisation", Permission.PEOPLE_MANAGE),
    (_l("My reports"), "/reports", Permission.REPORT_READ),
)


class StrictUndefined(ChainableUndefined):
    """Lets the NHS macros ask for options nobody gave, and refuses to print what is not there."""

    def __str__(self) -> str:
        raise self._undefined_exception(self._undefined_message)

    def __html__(self) -> str:
        raise self._undefined_exception(self._undefined_message)


def paragraphs(text: str) -> Markup:
    """People's own text as paragraphs, escaped, with its line breaks."""
    blocks = [block.strip("\n") for block in text.replace("\r\n", "\n").split("\n\n")]
    line_break = Markup("<br>")
    return Markup("").join(
        Markup("<p>{}</p>").format(line_break.join(escape(line) for line in block.split("\n")))
        for block in blocks
        if block.strip()
    )


def first_error(errors: Any) -> str:
    """The first message of a field, also of a form inside a form, whose errors are a mapping."""
    while not isinstance(errors, str) and errors:
        errors = next(iter(errors.values() if isinstance(errors, Mapping) else errors))
    return str(errors or "")


def page_language() -> str:
    """The language of the page for its ``lang`` attribute."""
    return str(get_locale() or "en")


def is_demonstration() -> bool:
    """Whether everything in this installation is invented."""
    return bool(current_app.extensions["candour"].settings.is_demonstration)


def support_lines() -> Sequence[Contact]:
    """The lines that stand on every reporter's page, from dated data."""
    contacts: Sequence[Contact] = current_app.extensions["candour"].guidance.support.strip
    return contacts


def navigation(viewer: Viewer) -> list[NavigationItem]:
    """The links that this viewer's role can follow, in a fixed order."""
    return [
        NavigationItem(str(label), address, current=f"{request.path}/".startswith(f"{address}/"))
        for label, address, permission in NAVIGATION
        if is_granted(viewer.role, permission)
    ]


def who_is_looking() -> dict[str, Any]:
    """What every template may rely on: ``viewer`` (or none), ``nav`` and ``now``."""
    viewer: Viewer | None = g.get("viewer")
    now: datetime = g.get("now") or current_app.extensions["candour"].clock()
    return {"viewer": viewer, "nav": navigation(viewer) if viewer else [], "now": now}


FILTERS = {
    "capped": words.capped,
    "clock_time": moments.clock_time,
    "due_in_words": moments.due_in_words,
    "due_kind": moments.due_kind,
    "first_error": first_error,
    "inline_markdown": prose.inline_markdown,
    "iso": moments.iso,
    "long_date": moments.long_date,
    "markdown": prose.markdown,
    "moment": moments.moment,
    "paragraphs": paragraphs,
    "plain_date": moments.plain_date,
    "role_in_sentence": words.role_in_sentence,
    "sentence": words.sentence,
    "short_date": moments.short_date,
    "short_moment": moments.short_moment,
    "stamp": moments.stamp,
    "state_kind": words.state_kind,
    "state_words": words.state_words,
    "time_left": moments.time_left,
    "why_days": reasons.why_days,
    "why_lines": reasons.why_lines,
    "words": words.words,
}
FUNCTIONS: Mapping[str, object] = {
    "account_path": ACCOUNT,
    "asset": assets.asset,
    "is_demonstration": is_demonstration,
    "page_language": page_language,
    "sign_in_path": SIGN_IN,
    "sign_out_path": SIGN_OUT,
    "support_lines": support_lines,
}


def init_app(app: Flask) -> None:
    """Adds filters, functions, the NHS templates and what every page knows."""
    assets.init_app(app)
    catalogue.init_app(app)
    own = app.jinja_loader
    app.jinja_loader = ChoiceLoader([*([own] if own else []), PackageLoader("nhsuk_frontend_jinja")])
    environment = app.jinja_env
    # Flask goes by the ending of the name, and the NHS templates end in .jinja.
    environment.autoescape = True
    environment.undefined = StrictUndefined
    environment.trim_blocks = True
    environment.lstrip_blocks = True
    environment.filters.update(FILTERS)
    environment.globals.update(FUNCTIONS)
    app.context_processor(who_is_looking)
