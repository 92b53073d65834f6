"""The catalogue of words, found once a request. A page says a hundred things, and looking each time costs more."""

from babel import support
from flask import Flask
from flask_babel import Domain, _get_current_context


class KeptDomain(Domain):
    """A domain that keeps the catalogue it found beside the language; Flask-Babel drops both together."""

    def get_translations(self) -> support.NullTranslations:
        """The catalogue in the language of this request."""
        request = _get_current_context()
        if request is None:
            return support.NullTranslations()
        kept: support.NullTranslations | None = getattr(request, "babel_translations", None)
        if kept is None:
            kept = request.babel_translations = super().get_translations()  # type: ignore[no-untyped-call]  # upstream
        return kept


def init_app(app: Flask) -> None:
    """Has every sentence, in templates and in Python, looked up through the kept catalogue."""
    app.extensions["babel"].instance.domain_instance = KeptDomain()  # type: ignore[no-untyped-call]  # upstream
    # Without the detour by which the alias finds its own function again.
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]
