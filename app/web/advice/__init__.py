"""The MDO's room: an adviser's members, and the private thread with each of them."""

from app.web.advice.views import bp

__all__ = ["bp"]
