"""Headers that every answer carries, and the id by which an answer can be found in the log."""

import secrets

from flask import Flask, Response, abort, g, request

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# "none" is somebody at their own browser: a form sent once more after a restart.
OURS = frozenset({"same-origin", "none"})
A_YEAR = 365 * 24 * 60 * 60


def name_the_request() -> None:
    """Gives the request a random id, which says nothing about its time or its sender."""
    g.request_id = secrets.token_hex(8)


def refuse_other_sites() -> None:
    """Refuses a form of which the browser says that another site sent it; old browsers say nothing."""
    if request.method not in SAFE_METHODS and request.headers.get("Sec-Fetch-Site", "none") not in OURS:
        abort(403)


def harden(response: Response) -> Response:
    """Sets the headers. Only over a secure connection is the browser told to stay with secure ones."""
    response.headers.update(HEADERS)
    response.headers["Cache-Control"] = cache_control()
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={A_YEAR}"
    return response


def cache_control() -> str:
    """Public pages are asked for again; nothing else is kept. Built files are served before we are asked."""
    return "no-cache" if request.blueprint == "public" else "no-store"


def init_app(app: Flask) -> None:
    """Names each request first and hardens each answer last; refuses what other sites send."""
    app.before_request(name_the_request)
    app.before_request(refuse_other_sites)
    app.after_request(harden)
