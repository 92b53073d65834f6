"""Connections of visitors: none keeps a thread waiting for long, and none is told of in the log."""

import errno
import socket
from contextlib import suppress
from selectors import EVENT_READ
from time import monotonic
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]  # gunicorn has no types
from gunicorn.glogging import Logger  # type: ignore[import-untyped]  # as above
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # as above
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]  # as above

# How many seconds a visitor has for the head of a request, for all of it, and to take the answer.
HEAD = 10
WHOLE = 30
ANSWER = 30


class Line(socket.socket):
    """A connection with a last moment: whoever sends byte by byte gains no time by it."""

    _until = 0.0

    @classmethod
    def over(cls, plain: socket.socket) -> "Line":
        """The same connection; the plain one is let go."""
        return cls(fileno=plain.detach())

    def allow(self, seconds: float) -> None:
        """From now on the visitor has so many seconds to send what is awaited; with none, nothing is."""
        self._until = monotonic() + seconds

    def setblocking(self, flag: bool, /) -> None:  # noqa: FBT001  as sockets have it
        """To block means to wait for as long as somebody may take to receive an answer."""
        self.settimeout(ANSWER if flag else 0)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """What has arrived. Raises ConnectionResetError after the last moment: gunicorn then hangs up."""
        usual = self.gettimeout()
        self.settimeout(min(ANSWER if usual is None else usual, max(0.0, self._until - monotonic())))
        try:
            return super().recv(bufsize, flags)
        except (TimeoutError, BlockingIOError) as error:
            raise ConnectionResetError(errno.ECONNRESET, "too slow") from error
        finally:
            self.settimeout(usual)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Gives a connection a thread once something arrives on it, and takes it back from the slow."""

    def enqueue_req(self, conn: Any) -> None:
        """A new connection waits without a thread for its first byte."""
        if isinstance(conn.sock, Line):
            super().enqueue_req(conn)
            return
        conn.sock = Line.over(conn.sock)
        conn.sock.setblocking(False)
        conn.timeout = monotonic() + HEAD
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, lambda sock: self.on_pending_socket_readable(conn, sock))

    def handle(self, conn: Any) -> Any:
        """Serves one request. Afterwards the line is not waited on: that would hold up everybody."""
        conn.sock.allow(HEAD)
        try:
            return super().handle(conn)
        finally:
            conn.sock.allow(0)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """The head is here; now there is time for the body."""
        conn.sock.allow(WHOLE - HEAD)
        return super().handle_request(req, conn)

    def handle_error(self, _req: Any, client: socket.socket, _addr: Any, exc: Exception) -> None:
        """Answers what cannot be read. The log gets the kind only: no address and no word of the request."""
        self.log.warning("a request failed: %s", type(exc).__name__)
        status = (400, "Bad Request") if isinstance(exc, ParseException) else (500, "Internal Server Error")
        with suppress(OSError):
            util.write_error(client, *status, "")


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own lines, to the minute."""

    datefmt = "[%Y-%m-%d %H:%M %z]"
