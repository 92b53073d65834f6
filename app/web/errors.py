"""Every error that a person can meet, each with its page. Nothing of the cause shows.

A rule of casework that was broken is worded here once. What is not listed becomes the page of code 500, which
names the request and nothing else.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

from flask import Flask, Response, g, make_response, render_template
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]  # it ships no types
from werkzeug.exceptions import HTTPException, InternalServerError

from app.domain.errors import (
    ActionNotAllowed,
    AlreadySubmitted,
    CannotRecord,
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
from app.web import logs
from app.web.forms import kept_texts

# A conflict answers as if there were nothing, so that nobody learns from it what exists.
PAGES: Mapping[type[DomainError], tuple[str, int]] = {
    NotFound: ("404", 404),
    NotAllowed: ("403", 403),
    StaleCase: ("moved-on", 409),
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


def on_domain_error(error: DomainError) -> Response:
    """The page for a broken rule; a rule without a page is a mistake of ours."""
    page, code = PAGES.get(type(error), ("500", 500))
    if code >= 500:
        logs.failed(error)
    kept = kept_texts() if code == 409 else ()
    response = _page(page, code, minutes=ceil(getattr(error, "seconds", 60) / 60), kept=kept)
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


def signed_out_page(next_address: str | None) -> Response:
    """The page for a form of somebody whose session has ended: what they wrote, and the way back after signing in."""
    return _page("signed-out", 403, kept=kept_texts(), next_address=next_address)


def on_expired_form(_error: CSRFError) -> Response:
    """The page for a form that was open for too long, with what was written in it."""
    return _page("expired", 400, kept=kept_texts())


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
