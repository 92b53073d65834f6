"""What an organisation's administrators do: people and their roles, closures, what is still to be checked.

No case, and no number of cases, is ever shown here.
"""

from app.web.administration.views import bp

__all__ = ["bp"]
