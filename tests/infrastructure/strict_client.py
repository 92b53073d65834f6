"""A client that reads every answer as a suspicious colleague would, and fills in forms as a person does."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urljoin

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from app.database import open_connections
from tests.infrastructure.canaries import Canaries
from tests.infrastructure.markup import Form, Page

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SIGN_IN = "/sign-in"


class SignsIn(Protocol):
    """Somebody with an account, as the factories make them."""

    @property
    def email(self) -> str: ...

    @property
    def password(self) -> str: ...


class StrictClient(FlaskClient):
    """Checks each response, the hops of a redirect among them, and fails with all that is wrong with it."""

    canaries: Canaries | None = None

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        faults = [fault for hop in (*response.history, response) for fault in self._faults(hop)]
        faults += self._left_behind()
        assert not faults, f"{response.request.method} {response.request.path}: {'; '.join(faults)}"
        return response

    def page(self, url: str, *, status: int = HTTPStatus.OK) -> Page:
        """The page at an address, which must answer with ``status``; redirects are followed."""
        response = self.get(url, follow_redirects=True)
        assert response.status_code == status, f"{url} answers {response.status}"
        return Page.parse(response.text)

    def sign_in(self, person: SignsIn) -> TestResponse:
        """Signs in through the real form. The session must exist afterwards."""
        response = self.submit(SIGN_IN, {"email": person.email, "password": person.password})
        assert response.status_code == HTTPStatus.FOUND, f"cannot sign in: {response.status}"
        return response

    def submit(
        self, url: str, answers: Mapping[str, Any] | None = None, *, follow_redirects: bool = False
    ) -> TestResponse:
        """Opens a page, fills in the form that asks for these answers, and sends it with its hidden fields.

        A field keeps what the page shows unless ``answers`` names it; a value of None empties it.
        """
        shown = self.get(url, follow_redirects=True)
        assert shown.status_code == HTTPStatus.OK, f"{url} answers {shown.status}"
        form = form_for(Page.parse(shown.text), answers or {})
        sent = form.filled({name: _listed(value) for name, value in (answers or {}).items()})
        target = urljoin(shown.request.url, form.action)
        return self.post(target, data=sent, follow_redirects=follow_redirects)

    def _faults(self, response: TestResponse) -> list[str]:
        faults = []
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and response.status_code != 503:
            faults.append(f"answers {response.status}")
        if response.headers.get("Content-Security-Policy") != CONTENT_SECURITY_POLICY:
            faults.append("not the content security policy")
        if response.headers.get("X-Content-Type-Options") != "nosniff":
            faults.append("may be sniffed")
        if response.mimetype == "text/html" and not response.location:
            faults += Page.parse(response.text).faults()
        if self._is_public(response) and response.headers.getlist("Set-Cookie"):
            faults.append("a cookie on a public page")
        return faults

    def _is_public(self, response: TestResponse) -> bool:
        try:
            endpoint, _ = self.application.url_map.bind("").match(response.request.path, method="GET")
        except (HTTPException, RequestRedirect):
            return False
        return str(endpoint).startswith("public.")

    def _left_behind(self) -> list[str]:
        app: Flask = self.application
        faults = []
        if still_open := open_connections(app):
            faults.append(f"{still_open} connections to the database are still in use")
        if self.canaries is not None:
            faults += [f"logged: {line}" for line in self.canaries.in_logs()]
            faults += [f"mailed: {name}" for name in self.canaries.in_mail()]
        return faults


def form_for(page: Page, answers: Mapping[str, Any]) -> Form:
    """The one form that is posted and has all these fields; the last of several, as the page's own comes last."""
    posted = [form for form in page.forms() if form.method == "post"]
    fitting = [form for form in posted if form.asks_for(answers)]
    known = [sorted(form.fields) for form in posted]
    assert fitting, f"no form asks for {sorted(answers)}; the page's forms ask for {known}"
    return fitting[-1]


def _listed(value: Any) -> list[Any]:
    """A field's values as Werkzeug sends them: texts, or files as (stream, name)."""
    if value is None:
        return []
    several = value if isinstance(value, list) else [value]
    return [item if isinstance(item, tuple) else str(item) for item in several]
