"""Pages for everybody: the start page, guidance, support, promises. No session, no cookie, nobody's name."""

from app.web.public.views import bp

__all__ = ["bp"]
