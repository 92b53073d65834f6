"""What a browser may send in one request: so much, in so many parts. All that is refused before it is parsed."""

from io import BytesIO
from typing import IO, Any

from flask import Flask, Request, current_app
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from app.web.access import Open, declared_access

# Our longest form has some hundred fields; to take a million apart costs seconds.
MOST_PARTS = 1000
# Who has not signed in writes an address, a password, a code or a short text.
SIGNED_OUT = 64 * 1024


class FormParser(FormDataParser):
    """Counts the parts of an ordinary form first, as werkzeug does for one with files."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any = None
    ) -> tuple[IO[bytes], Any, Any]:
        """The form. Raises RequestEntityTooLarge."""
        if mimetype == "application/x-www-form-urlencoded":
            body = stream.read()
            if body.count(b"&") >= MOST_PARTS:
                raise RequestEntityTooLarge
            stream = BytesIO(body)
        return super().parse(stream, mimetype, content_length, options)


class BoundedRequest(Request):
    """A request that may be as large as its page needs."""

    form_data_parser_class = FormParser

    @property  # type: ignore[misc]  # nobody sets it
    def max_content_length(self) -> int | None:  # type: ignore[override]  # as above
        """How many bytes are read at most: fewer where everybody may send something."""
        if self.endpoint and declared_access(current_app, self.endpoint) is Open.TO_EVERYBODY:
            return SIGNED_OUT
        return super().max_content_length


def init_app(app: Flask) -> None:
    """Every request is read within its bounds, whoever reads it first."""
    app.request_class = BoundedRequest
