"""What acts on a case share, in whichever room: its reference, the version a form was opened with, a stale page."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from flask import abort, make_response, redirect, render_template, request, url_for

from app.domain.errors import StaleCase
from app.domain.references import MistypedReference, read_reference
from app.domain.workflow import Definition
from app.queries.timeline import END, Entry
from app.web.forms import Form, HiddenField, kept_texts

# What has not the shape of a reference is looked up all the same, so that every miss costs the same.
NO_REFERENCE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What happened in a case while a form was open, for one reader: "staff", "reporter" or "adviser"."""

    entries: Sequence[Entry]
    reader: str
    definition: Definition


class ActForm(Form):
    """A form about a case, which remembers how old the page is that it stands on."""

    version = HiddenField()
    seen = HiddenField()

    @property
    def seen_version(self) -> int:
        """The version of the case that the page showed; 0, which no case ever has, for anything odd."""
        return number_in(self.version.data)

    @property
    def seen_seq(self) -> int:
        """The last entry of the timeline that the page showed."""
        return number_in(self.seen.data)

    def open_on(self, version: int, seq: int) -> None:
        """Notes what the page shows, unless the form was sent from an earlier one."""
        if not self.is_submitted():
            self.version.data = str(version)
            self.seen.data = str(seq)


def number_in(text: str | None) -> int:
    """The number that a hidden field carries; 0 for anything odd."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def before() -> int:
    """Where the wanted page of a timeline ends: at the newest entry, unless the address says otherwise."""
    return number_in(request.args.get("before")) or END


def canonical(written: str) -> str:
    """The reference as it is kept. Another way of writing it is led there; a slip is told before any look-up."""
    try:
        reference = read_reference(written)
    except MistypedReference:
        abort(make_response(render_template("errors/slip.html"), 404))
    if reference is not None and reference != written and request.method == "GET":
        known = {**(request.view_args or {}), "reference": reference}
        abort(redirect(url_for(str(request.endpoint), **known)))
    return reference or NO_REFERENCE


@contextmanager
def fresh(address: str, *, changed: Callable[[], Changed]) -> Iterator[None]:
    """Answers with the page of code 409 where the case moved on meanwhile, with what the person wrote.

    ``changed`` is asked only then; it raises NotFound for somebody who may not know of the case any more.
    """
    try:
        yield
    except StaleCase:
        page = render_template("errors/moved-on.html", changed=changed(), case_url=address, kept=kept_texts())
        abort(make_response(page, 409))
