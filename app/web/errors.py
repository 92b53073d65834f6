"""Every error that a person can meet, each with its page. Nothing of the cause shows.

A rule of casework that was broken is worded here once. What is not listed becomes the page of code 500, which
names the request and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]  # it ships no types
from werkzeug.exceptions import HTTPException, InternalServerError

from app.domain.errors import (
    ActionNotAllowed,
    AlreadySubmitted,
    CannotRecord,
    ConflictOfInterest,
    DomainError,
    InvalidInput,
    KeysMissing,
    NobodyEligible,
    NotAllowed,
    NotAvailable,
    NotFound,
    StaleCase,
    TryAgainLater,
)

# A conflict answers as if there were nothing, so that nobody learns from it what exists.
PAGES: Mapping[type[DomainError], tuple[str, int]] = {
    NotFound: ("404", 404),
    ConflictOfInterest: ("404", 404),
    NotAllowed: ("403", 403),
    StaleCase: ("409", 409),
    ActionNotAllowed: ("not-any-more", 409),
    AlreadySubmitted: ("not-any-more", 409),
    NotAvailable: ("not-any-more", 409),
    NobodyEligible: ("503", 503),
    CannotRecord: ("503", 503),
    KeysMissing: ("503", 503),
    TryAgainLater: ("429", 429),
    InvalidInput: ("400", 400),
}
HTTP_PAGES = {400: "400", 403: "403", 404: "404", 405: "404", 413: "413", 429: "429", 503: "503"}
NOT_TEXT = {"csrf_token", "version", "password"}
LONGEST_KEPT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that somebody else changed: what, how it was, how it is, and by which role and when."""

    what: str
    before: str
    after: str
    by: str


def stale_page(*, changes: Sequence[Change] = (), case_url: str = "") -> Response:
    """The page of code 409: what changed, what the person wrote, and the way to the case as it is now."""
    page = render_template("errors/409.html", changes=changes, case_url=case_url, kept=_kept())
    return make_response(page, 409)


def on_domain_error(error: DomainError) -> Response:
    """The page for a broken rule; a rule without a page is a mistake of ours."""
    if isinstance(error, StaleCase):
        return stale_page()
    page, code = PAGES.get(type(error), ("500", 500))
    response = _page(page, code, minutes=ceil(getattr(error, "seconds", 60) / 60))
    if isinstance(error, TryAgainLater):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def on_http_error(error: HTTPException) -> Response:
    """The page for what Flask refuses. Redirects and the like pass unchanged."""
    code = error.code or 500
    if code < 400:
        return make_response(error.get_response())
    response = _page(HTTP_PAGES.get(code, "500" if code >= 500 else "400"), code, minutes=1)
    response.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    return response


def on_expired_form(_error: CSRFError) -> Response:
    """The page for a form that was open for too long."""
    return _page("expired", 400)


def on_failure(_error: InternalServerError) -> Response:
    """The page for everything that we did not foresee."""
    return _page("500", 500)


def init_app(app: Flask) -> None:
    """Registers the handlers, the most particular first."""
    app.register_error_handler(CSRFError, on_expired_form)
    app.register_error_handler(DomainError, on_domain_error)
    app.register_error_handler(InternalServerError, on_failure)
    app.register_error_handler(HTTPException, on_http_error)


def _page(name: str, code: int, **known: Any) -> Response:
    page = render_template(f"errors/{name}.html", request_id=g.get("request_id", ""), **known)
    return make_response(page, code)


def _kept() -> list[str]:
    """The longer texts of the form that was sent, so that they can be copied; never a password."""
    values = (value for name, value in request.form.items() if name not in NOT_TEXT)
    return [value[:LONGEST_KEPT] for value in values if " " in value.strip()]
