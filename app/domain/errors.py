"""What can go wrong in casework, one exception a rule. ``app.web.errors`` words each of them once."""


class DomainError(Exception):
    """A rule of casework was broken; the message is for developers, never for a page."""


class NotFound(DomainError):
    """There is no such thing, or the actor may not know that there is."""


class NotAllowed(DomainError):
    """The actor's role does not allow this act."""


class ActionNotAllowed(DomainError):
    """The workflow does not allow this action in the state the case is in."""


class NotAvailable(DomainError):
    """The chosen person cannot take the case; the cause is never told."""


class NobodyEligible(DomainError):
    """Nobody is left who may take the case, not even the outside reviewer."""


class StaleCase(DomainError):
    """Somebody else changed the case after the page was opened."""


class AlreadySubmitted(DomainError):
    """This draft was sent before; the case it became stands."""


class InvalidInput(DomainError, ValueError):
    """A value makes no sense here; ``field`` names it and ``code`` says why."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code


class TryAgainLater(DomainError):
    """There were too many tries in a short time; ``seconds`` says how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class CannotRecord(DomainError):
    """A disclosure could not be recorded, so nothing is shown."""


class KeysMissing(DomainError):
    """A keyring is not there, or not the one that was made: better no page than one without exclusions."""


class SealBroken(DomainError):
    """A sealed text does not open: wrong key, wrong row, or changed bytes."""
