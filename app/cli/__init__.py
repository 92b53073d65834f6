"""The commands of ``flask``: each group in a module of its own. Their help texts are the documentation."""

from flask import Flask

from app.cli import deadlines, demo, outbox, people, workflow

GROUPS = (deadlines.group, demo.group, outbox.group, people.group, workflow.group)


def init_app(app: Flask) -> None:
    """Adds every group of commands."""
    for group in GROUPS:
        app.cli.add_command(group)
