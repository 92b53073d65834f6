"""A person's own account: sign in and out, choose a role, use a code, change the password, end sessions."""

from app.web.account.views import bp

__all__ = ["bp"]
