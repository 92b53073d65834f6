"""What the machine can do at best, as the unit of all other figures.

H: a Flask page that says hello. T: a Flask page with a table of fifty rows read from the same database.
C: one row inserted and committed durably. No code of ours takes part.
"""

import sqlite3
import threading
import time
from dataclasses import replace
from typing import Any

import psycopg
from flask import Flask, render_template
from jinja2 import DictLoader
from sqlalchemy import make_url

from app.config import Settings
from tests.infrastructure.postgresql import APPLICATION

QUERY = 'SELECT reference, kind, state, severity, next_due_at FROM "case" WHERE closed_at IS NULL LIMIT 50'
PAGE = """<!doctype html><html lang="en"><head><title>Cases</title></head><body><h1>Cases</h1><table>
<thead><tr><th>Reference</th><th>Kind</th><th>State</th><th>Severity</th><th>Due</th></tr></thead><tbody>
{% for row in rows %}<tr>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></body></html>"""
ROW = b"x" * 200
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000")


def bare(settings: Settings) -> Flask:
    """The two pages, each as short as Flask allows; every thread keeps its connection."""
    app = Flask("bare")
    app.jinja_loader = DictLoader({"table.html": PAGE})
    kept = threading.local()

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/table")
    def table() -> str:
        if not hasattr(kept, "connection"):
            kept.connection = connected(settings)
        return render_template("table.html", rows=kept.connection.execute(QUERY).fetchall())

    return app


def connected(settings: Settings) -> Any:
    """A connection of the database's own driver, committing each statement durably."""
    url = make_url(settings.writer_url)
    if not settings.is_sqlite:
        return psycopg.connect(
            host=url.host, port=url.port or 5432, user=url.username, dbname=url.database, autocommit=True
        )
    connection = sqlite3.connect(str(url.database), isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def commits(settings: Settings, *, number: int) -> list[float]:
    """How long each of so many durable inserts took, in seconds."""
    _make_table(settings)
    connection = connected(settings)
    hole = "?" if settings.is_sqlite else "%s"
    taken = []
    for _ in range(number):
        started = time.perf_counter()
        connection.execute(f"INSERT INTO floor (value) VALUES ({hole})", (ROW,))
        taken.append(time.perf_counter() - started)
    connection.close()
    return taken


def _make_table(settings: Settings) -> None:
    """A table of its own, made by whoever may make tables."""
    connection = connected(replace(settings, database_url=settings.owner_url))
    if settings.is_sqlite:
        connection.execute("CREATE TABLE IF NOT EXISTS floor (id INTEGER PRIMARY KEY, value BLOB)")
    else:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value bytea)"
        )
        connection.execute(f"GRANT ALL ON floor TO {APPLICATION}")
    connection.close()
