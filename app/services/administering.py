"""Whether an actor administers an organisation, and how an act is signed in its log."""

from uuid import UUID

from app.domain.actors import Act, ActorKind
from app.domain.errors import NotAllowed
from app.domain.permissions import Permission, is_granted


def require_administrator(organisation_id: UUID, *, act: Act) -> None:
    """Raises NotAllowed for everybody but an administrator of this organisation and the operator."""
    actor = act.actor
    if actor.kind is ActorKind.OPERATOR:
        return
    is_granted_here = actor.role is not None and is_granted(actor.role, Permission.PEOPLE_MANAGE)
    if not is_granted_here or actor.organisation_id != organisation_id:
        raise NotAllowed("only an administrator of this organisation may")


def signed(act: Act) -> str:
    """The role that did it: an administrator, or the operator at the command line."""
    return act.actor.role or act.actor.kind
