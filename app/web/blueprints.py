"""Which audiences the application serves, and where."""

from flask import Flask

from app.web import account, administration, advice, casework, public, reporting

AUDIENCES = (public.bp, account.bp, administration.bp, casework.bp, advice.bp, reporting.bp)


def init_app(app: Flask) -> None:
    """Registers the pages of every audience."""
    for audience in AUDIENCES:
        app.register_blueprint(audience)
