"""The handlers' pages: what waits for them, one case at a time, and one page for each act."""

from app.web.casework import acts, decisions, show, worklist
from app.web.casework.pages import bp

__all__ = ["acts", "bp", "decisions", "show", "worklist"]
