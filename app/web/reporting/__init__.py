"""A reporter's pages: the questions of each form, what is sent, and what becomes of it afterwards."""

from flask import Blueprint

bp = Blueprint("reporting", __name__)

import app.web.reporting.mine  # noqa: E402, F401  its views register themselves here
