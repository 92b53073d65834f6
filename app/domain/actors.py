"""Who acts, and when: the two facts that every act and every disclosure carries."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.vocabulary import Role


class ActorKind(StrEnum):
    """A person in one membership, the clock, or the operator at the command line."""

    PERSON = "person"
    CLOCK = "clock"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody acting in one membership, with the blind tokens that conflicts are read from.

    ``tokens`` stand for the person in the organisation of the membership, and in those other bodies on whose
    cases they work (``outside``); they exclude in any part of a case. ``close_tokens`` stand for people they
    report to, deputise for or are related to, and exclude where such a person is the subject. An adviser's
    ``tokens`` stand for their own workplaces too, whose doctors they do not advise; ``also_advises`` says that
    somebody acting for a workplace advises at an MDO, and so may see no case of it.
    ``is_proved_at_work`` says that the password was set by whoever reads a workplace's mail: it opens no MDO's room.
    """

    kind: ActorKind
    person_id: UUID | None = None
    membership_id: UUID | None = None
    organisation_id: UUID | None = None
    outside: frozenset[UUID] = frozenset()
    role: Role | None = None
    account: str = ""
    is_proved_at_work: bool = False
    tokens: frozenset[bytes] = field(default=frozenset(), repr=False)
    close_tokens: frozenset[bytes] = field(default=frozenset(), repr=False)
    also_advises: bool = False

    @property
    def is_person(self) -> bool:
        """Whether a person acts, not the clock or the operator."""
        return self.kind is ActorKind.PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act: its actor, its instant (aware UTC) and the request it came in."""

    actor: Actor
    now: datetime
    request_id: str = ""


CLOCK = Actor(kind=ActorKind.CLOCK)


def operator(account: str) -> Actor:
    """The operator of the installation at the command line, by system account."""
    return Actor(kind=ActorKind.OPERATOR, account=account)
