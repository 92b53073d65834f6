"""Serving: gunicorn with threads in one process, and the clock ticking beside it."""

import gc
import os
import signal
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # gunicorn has no types

from app.cli.connections import Log, Worker
from app.cli.demo import show_sign_ins
from app.jobs import schedule
from app.services import demonstration, installing

DEFAULT_PORT = 5000
THREADS = 8


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """One worker with threads; the clock starts in the worker, so that it ends with it."""

    def __init__(self, app: Flask, *, port: int) -> None:
        self._app = app
        self._port = port
        super().__init__()

    def load_config(self) -> None:
        """What gunicorn asks for: address, threads, and no line of a visitor in any log."""
        chosen: dict[str, Any] = {
            "bind": f"127.0.0.1:{self._port}",
            "workers": 1,
            "threads": THREADS,
            "worker_class": Worker,
            "keepalive": 15,
            "graceful_timeout": 5,
            "accesslog": None,
            "logger_class": Log,
            "loglevel": "warning",
            "post_worker_init": lambda _worker: self._begin(),
            "worker_int": lambda _worker: self._end(),
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def _begin(self) -> None:
        """What was loaded stays for good: looking through it again and again makes some requests slow."""
        # Ctrl-C reaches the whole group; the arbiter tells the worker, which must not hear of it twice.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gc.collect()
        gc.freeze()
        schedule.start(self._app)

    def _end(self) -> None:
        """Ends the worker at once: threads wait seconds for browsers that opened a connection and say nothing.

        What was not committed never was, so nothing is lost.
        """
        os._exit(0)

    def load(self) -> Flask:
        """The application itself."""
        return self._app


def main(app: Flask) -> None:
    """Prepares the installation, loads the demonstration on the first start, says where it is, and serves."""
    port = int(os.environ.get("PORT", DEFAULT_PORT))
    settings = app.extensions["candour"].settings
    with app.app_context():
        installing.prepare()
        if settings.is_demonstration:
            demonstration.load(now=app.extensions["candour"].clock())
            show_sign_ins()
        installing.let_go()
    click.echo(f"Candour serves http://127.0.0.1:{port} (Ctrl-C ends it)")
    Server(app, port=port).run()
