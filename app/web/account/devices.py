"""The mark that a browser keeps after a success, so that a stranger's tries do not delay its owner."""

from flask import current_app, request
from werkzeug.wrappers import Response

A_YEAR = 365 * 24 * 60 * 60
LONGEST = 200


def presented() -> str:
    """The mark that this browser sent, if any; whether it is genuine the service finds out."""
    return request.cookies.get(_name(), "")[:LONGEST]


def keep(response: Response, device: str) -> Response:
    """The same answer, leaving a mark that only the pages of signing in ever see."""
    for path in ("/sign-in", "/account/code"):
        response.set_cookie(
            _name(),
            device,
            max_age=A_YEAR,
            path=path,
            secure=_is_secure(),
            httponly=True,
            samesite="Strict",
        )
    return response


def _name() -> str:
    return "__Secure-candour-device" if _is_secure() else "candour-device"


def _is_secure() -> bool:
    return bool(current_app.config["SESSION_COOKIE_SECURE"])
