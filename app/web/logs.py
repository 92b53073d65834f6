"""The log: one line of JSON for each event, by which a failure is found again without saying whose it was.

A line holds the event, ids, and for a failure the kinds of exception and the places in the program. It never
holds a message, a value or an address: those may be words of somebody. ``logging`` calls name the event and put
ids into ``extra``.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from traceback import walk_tb
from types import TracebackType
from typing import Any

from flask import Flask, g, has_request_context, request

OURS = "app"
# What may stand beside an event: ids, and the code of an error.
NAMED = re.compile(r"[a-z_]+_id|error")
SAFE = re.compile(r"[\w.:-]{1,64}", re.ASCII)
EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")


class Lines(logging.Handler):
    """Writes each record as a line to standard error, wherever that leads now."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line."""
        sys.stderr.write(f"{self.format(record)}\n")


class AsJson(logging.Formatter):
    """A record as JSON. Arguments of messages are left out: libraries put anything into them."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        line = {
            "at": _written_at(record),
            "level": record.levelname.lower(),
            "event": _event(record),
            **_request(),
            **_ids(vars(record)),
            **_failure(record),
        }
        return json.dumps(line, ensure_ascii=True)


def _event(record: logging.LogRecord) -> str:
    """Our events have names; of a library's message only its logger is told."""
    is_named = isinstance(record.msg, str) and EVENT.fullmatch(record.msg)
    return str(record.msg) if is_named else f"library.{record.name}"


def _written_at(record: logging.LogRecord) -> str:
    """To the second for staff and jobs; to the minute for pages that anybody may open."""
    at = datetime.fromtimestamp(record.created, UTC)
    is_public = has_request_context() and request.blueprint in {None, "public"}
    return at.strftime("%Y-%m-%dT%H:%MZ" if is_public else "%Y-%m-%dT%H:%M:%SZ")


def _request() -> Mapping[str, str]:
    """Which request it was, and the pattern of its address; never the address itself."""
    if not has_request_context():
        return {}
    route = request.url_rule.rule if request.url_rule else ""
    return {"request_id": g.get("request_id", ""), "route": route, "method": request.method}


def _ids(known: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        name: str(value)
        for name, value in known.items()
        if NAMED.fullmatch(name) and SAFE.fullmatch(str(value))
    }


def _failure(record: logging.LogRecord) -> Mapping[str, object]:
    """The kinds of exception, the outermost first, and where the first of them came from."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return {}
    return {"exceptions": list(_kinds(error)), "frames": list(_frames(error.__traceback__))}


def _kinds(error: BaseException) -> Iterator[str]:
    following: BaseException | None = error
    told: set[int] = set()  # one that is raised again while it is handled leads back to itself
    while following is not None and id(following) not in told:
        told.add(id(following))
        yield f"{type(following).__module__}.{type(following).__qualname__}"
        following = following.__cause__ or following.__context__


def _frames(traceback: TracebackType | None) -> Iterator[str]:
    for frame, number in walk_tb(traceback):
        yield f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_name}:{number}"


def failed(error: BaseException) -> None:
    """Writes down that a request failed; its id is the code on the page that the person saw."""
    logging.getLogger(__name__).error("request.failed", exc_info=error)


def _unforeseen(exc_info: Any) -> None:
    failed(exc_info[1])


def init_app(app: Flask) -> None:
    """Sends everything that is logged through one handler, and tells failures by their ids alone."""
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    if not any(isinstance(one, Lines) for one in root.handlers):
        handler = Lines()
        handler.setFormatter(AsJson())
        root.addHandler(handler)
    ours.setLevel(logging.INFO)
    app.log_exception = _unforeseen  # type: ignore[method-assign]  # Flask's own line would hold the address
