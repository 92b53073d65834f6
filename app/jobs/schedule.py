"""Calls the jobs at their times, in the background of a serving process."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from app.jobs.tick import deliver, forget, hand_over, tick

HOUR = 3600


def start(app: Flask) -> BackgroundScheduler:
    """Starts ticking, at once; a tick that is late or still running is left out, the next one catches up."""
    installation = app.extensions["candour"]
    scheduler = BackgroundScheduler(timezone="UTC")
    often = installation.settings.tick_seconds
    for job, seconds in ((tick, often), (deliver, often), (hand_over, HOUR), (forget, HOUR)):
        scheduler.add_job(
            partial(_inside, app, job, installation.clock),
            "interval",
            seconds=seconds,
            next_run_time=installation.clock(),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            id=job.__name__,
        )
    scheduler.start()
    return scheduler


def _inside(app: Flask, job: Callable[..., None], clock: Callable[[], datetime]) -> None:
    with app.app_context():
        job(now=clock())
