"""What acts on a case share, in whichever room: its reference, the version a form was opened with, a stale page."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from flask import abort, make_response, redirect, render_template, request, url_for

from app.domain.errors import NotFound, StaleCase
from app.domain.references import MistypedReference, read_reference
from app.web.errors import Change, stale_page
from app.web.forms import Form, HiddenField


class ActForm(Form):
    """A form about a case, which remembers how old the page is that it stands on."""

    version = HiddenField()
    state = HiddenField()

    @property
    def seen_version(self) -> int:
        """The version of the case that the page showed; 0, which no case ever has, for anything odd."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def open_on(self, version: int, state: str) -> None:
        """Notes what the page shows, unless the form was sent from an earlier one."""
        if not self.is_submitted():
            self.version.data = str(version)
            self.state.data = state


def canonical(written: str) -> str:
    """The reference as it is kept. Another way of writing it is led there; a slip is told before any look-up.

    Raises NotFound for what is no reference.
    """
    try:
        reference = read_reference(written)
    except MistypedReference:
        abort(make_response(render_template("errors/slip.html"), 404))
    if reference is None:
        raise NotFound("this is no reference")
    if reference != written and request.method == "GET":
        known = {**(request.view_args or {}), "reference": reference}
        abort(redirect(url_for(str(request.endpoint), **known)))
    return reference


@contextmanager
def fresh(address: str, *, changed: Callable[[], Sequence[Change]]) -> Iterator[None]:
    """Answers with the page of code 409 where the case moved on meanwhile.

    ``changed`` is asked only then; it raises NotFound for somebody who may not know of the case any more.
    """
    try:
        yield
    except StaleCase:
        abort(stale_page(changes=changed(), case_url=address))
