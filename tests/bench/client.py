"""One visitor with one connection kept alive, as small as can be: what is timed is the server."""

import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlencode

HEAD_END = b"\r\n\r\n"
CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
COOKIE = re.compile(r"^set-cookie: ([^=]+)=([^;]*)", re.IGNORECASE | re.MULTILINE)
LENGTH = re.compile(r"^content-length: (\d+)", re.IGNORECASE | re.MULTILINE)
LOCATION = re.compile(r"^location: (\S+)", re.IGNORECASE | re.MULTILINE)


class WrongAnswerError(Exception):
    """The server did not answer as a measurement supposes: its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took from the first byte sent to the last byte read, in seconds."""

    status: int
    head: str
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def location(self) -> str:
        """Where it leads, or nothing."""
        found = LOCATION.search(self.head)
        return found[1] if found else ""

    def expect(self, status: int) -> "Answer":
        """Itself. Raises WrongAnswerError for another status."""
        if self.status != status:
            raise WrongAnswerError(f"answered {self.status}, not {status}: {self.text[:2000]}")
        return self


class Client:
    """Cookies are kept; redirects are not followed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: dict[str, str] = {}
        self._socket = self._connected()

    def get(self, path: str) -> Answer:
        """Asks for a page."""
        return self._ask(f"GET {path} HTTP/1.1\r\n{self._headers()}\r\n".encode())

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Sends a form."""
        body = urlencode(fields).encode()
        kind = "application/x-www-form-urlencoded"
        head = f"POST {path} HTTP/1.1\r\n{self._headers()}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        return self._ask(head.encode() + body)

    def sign_in(self, email: str, password: str) -> None:
        """Signs in through the form."""
        token = csrf_token(self.get("/sign-in").expect(200))
        self.post("/sign-in", {"email": email, "password": password, "csrf_token": token}).expect(302)

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()

    def _connected(self) -> socket.socket:
        connected = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def _headers(self) -> str:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return f"Host: 127.0.0.1:{self._port}\r\n" + (f"Cookie: {cookies}\r\n" if cookies else "")

    def _ask(self, message: bytes) -> Answer:
        started = time.perf_counter()
        try:
            received = self._exchanged(message)
        except ConnectionError:
            # The server ends a connection that rested too long.
            self._socket = self._connected()
            started = time.perf_counter()
            received = self._exchanged(message)
        seconds = time.perf_counter() - started
        head, _, body = received.partition(HEAD_END)
        answer = Answer(int(head[9:12]), head.decode("latin-1"), body, seconds)
        self._cookies.update(COOKIE.findall(answer.head))
        return answer

    def _exchanged(self, message: bytes) -> bytes:
        self._socket.sendall(message)
        received = b""
        while HEAD_END not in received:
            received += self._received()
        head_bytes = received.index(HEAD_END) + len(HEAD_END)
        length = LENGTH.search(received[:head_bytes].decode("latin-1"))
        whole = head_bytes + int(length[1] if length else 0)
        while len(received) < whole:
            received += self._received()
        return received

    def _received(self) -> bytes:
        part = self._socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server ended the connection")
        return part


def csrf_token(answer: Answer) -> str:
    """The token of the page's forms. Raises WrongAnswerError for a page without one."""
    found = CSRF.search(answer.text)
    if found is None:
        raise WrongAnswerError(f"no form: {answer.text[:2000]}")
    return unescape(found[1])


def times(ask: Callable[[], Answer], *, warm_up: int, requests: int) -> list[float]:
    """How long each of so many requests took, in seconds, after some that do not count."""
    for _ in range(warm_up):
        ask()
    return [ask().seconds for _ in range(requests)]
