"""The catalogue of words, found once a request. A page says a hundred things, and looking each time costs more."""

from babel import support
from flask import Flask, g, has_app_context
from flask_babel import Domain


class KeptDomain(Domain):
    """A domain that keeps the catalogue it found beside the language; Flask-Babel drops both together."""

    def get_translations(self) -> support.NullTranslations:
        """The catalogue in the language of this request."""
        if not has_app_context():
            return support.NullTranslations()
        kept = getattr(g.get("_flask_babel"), "babel_translations", None)
        if kept is None:
            kept = super().get_translations()  # type: ignore[no-untyped-call]  # upstream
            g.get("_flask_babel").babel_translations = kept
        found: support.NullTranslations = kept
        return found


def init_app(app: Flask) -> None:
    """Has every sentence, in templates and in Python, looked up through the kept catalogue."""
    domain = KeptDomain()  # type: ignore[no-untyped-call]  # upstream
    app.extensions["babel"].instance.domain_instance = domain
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of Jinja's i18n extension
        gettext=lambda text: domain.get_translations().ugettext(text),
        ngettext=lambda one, many, count: domain.get_translations().ungettext(one, many, count),
        newstyle=True,
    )
    # Without the detour by which the alias finds its own function again.
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]
