"""Candour: doctors say early, speak up and put it right; each case reaches the right person in time."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask_babel import Babel
from flask_wtf import CSRFProtect  # type: ignore[import-untyped]  # it ships no types
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli, database
from app.config import Settings
from app.services.installing import installation_from, refuse_unsafe_start
from app.web import access, blueprints, bodies, errors, logs, presentation, proving, security


def utc_now() -> datetime:
    """The present instant, aware and in UTC; the only clock of a running installation."""
    return datetime.now(UTC)


def create_app(
    settings: Settings | None = None, *, clock: Callable[[], datetime] = utc_now, is_prepared: bool = True
) -> Flask:
    """The application, wired in reading order. Raises UnsafeSettingsError before anything starts.

    Whoever prepares the database afterwards says that it is not prepared yet; preparing asks the same.
    """
    settings = (settings or Settings.from_environment()).with_kept_secret()
    settings.refuse_unsafe()
    installation = installation_from(settings, clock=clock)
    app = Flask(
        __name__, template_folder="../templates", instance_path=str(Path(settings.instance).resolve())
    )
    app.config.from_mapping(settings.for_flask())
    app.extensions["candour"] = installation
    database.init_app(app, installation)
    Babel(app, default_timezone="Europe/London")  # type: ignore[no-untyped-call]  # it has no annotations
    CSRFProtect(app)
    for part in (logs, security, access, bodies, proving, errors, presentation, blueprints, cli):
        part.init_app(app)
    proxies = settings.trusted_proxies
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]  # as Flask documents
    if is_prepared:
        with app.app_context():
            refuse_unsafe_start()
    return app
