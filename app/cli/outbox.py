"""``flask outbox``: mail that waits to be sent."""

import getpass
import json
from dataclasses import asdict

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from app.domain.actors import Act, operator
from app.services import delivery, installing

group = AppGroup("outbox", help="Mail that waits to be sent.")


@group.command("deliver")
@with_appcontext
def deliver() -> None:
    """Send once what is waiting, and print what was done as one JSON object of counts."""
    installing.prepare_new()
    now = current_app.extensions["candour"].clock()
    delivered = delivery.deliver(now=now)
    delivery.note_delivery(delivered, act=Act(actor=operator(getpass.getuser()), now=now))
    click.echo(json.dumps(asdict(delivered)))
