"""A reporter's pages: the questions of each form, what is sent, and what becomes of it afterwards."""

from flask import Blueprint

bp = Blueprint("reporting", __name__)

# Their views register themselves here.
import app.web.reporting.mine  # noqa: E402
import app.web.reporting.questions  # noqa: E402
import app.web.reporting.saving  # noqa: E402
import app.web.reporting.sending  # noqa: E402
import app.web.reporting.starts  # noqa: E402, F401
