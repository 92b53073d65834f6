"""Who is asking and whether they may come near: declared on each view, enforced before each request.

Silence means no. Pages of the blueprint ``public`` never touch a session or a user.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask, Request, current_app, g, redirect, request, session, url_for
from flask.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_user, logout_user

from app.domain.actors import Act, Actor, ActorKind
from app.domain.deadlines import local
from app.domain.errors import NotAllowed, NotFound
from app.domain.permissions import ADVISERS, HANDLERS, MDO_ROOM, Permission, is_granted
from app.domain.vocabulary import Role
from app.installation import Installation
from app.queries import people
from app.services.accounts import session_id_of
from app.web.errors import signed_out_page
from app.web.presentation import Viewer

View = TypeVar("View", bound=Callable[..., Any])

NAMES_A_CASE = frozenset({"reference", "draft_id"})
KEEPS_NO_CASES = frozenset({Role.AUDITOR, Role.CUSTODIAN, Role.RECORDS_OFFICER, Role.BOARD_READER})


class Open(Enum):
    """What a view declares that everybody may reach."""

    TO_EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The signed-in person of this request, as Flask-Login knows them."""

    token: str = field(repr=False)
    who: people.SignedIn
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What the cookie holds: a random token that the database knows by its hash only."""
        return self.token


def init_app(app: Flask) -> None:
    """Sessions, the signed-in person, and the rule that silence means no."""
    manager = LoginManager()
    manager.session_protection = None
    manager.user_loader(load_visitor)
    manager.init_app(app, add_context_processor=False)
    app.session_interface = SessionsOffPublicPages(app)
    app.before_request(enforce_access)


def requires(permission: Permission, *, fresh: bool = False) -> Callable[[View], View]:
    """Declares what a view asks of whoever calls it; ``fresh`` if also the password, entered just now."""

    def declare(view: View) -> View:
        vars(view)["access"] = permission
        vars(view)["needs_fresh_proof"] = fresh
        return view

    return declare


def public(view: View) -> View:
    """Declares that everybody may reach a view."""
    vars(view)["access"] = Open.TO_EVERYBODY
    return view


def declared_access(app: Flask, endpoint: str) -> Permission | Open | None:
    """What the view behind an endpoint declares, or its blueprint; none where both are silent."""
    if endpoint == "static" or endpoint.startswith("public."):
        return Open.TO_EVERYBODY
    access: Permission | Open | None = getattr(app.view_functions[endpoint], "access", None)
    return access


def needs_fresh_proof(app: Flask, endpoint: str | None) -> bool:
    """Whether the view behind an endpoint asks for a proof of who somebody is that is minutes old."""
    return bool(endpoint and getattr(app.view_functions[endpoint], "needs_fresh_proof", False))


def enforce_access() -> ResponseReturnValue | None:
    """Refuses what was not declared, asks for a sign-in, and hides cases from roles that see none.

    Raises NotAllowed, or NotFound where the address names a case, a report or a draft.
    """
    if not isinstance(session, NullSession):
        g.viewer = viewer_of(signed_in())
    if request.endpoint is None:
        return None
    match declared_access(current_app, request.endpoint):
        case Open.TO_EVERYBODY:
            return None
        case Permission() as permission:
            return _admit(permission)
        case _:
            raise NotAllowed("the view declares nothing")


def _admit(permission: Permission) -> ResponseReturnValue | None:
    who = signed_in()
    if who is None:
        return _to_sign_in()
    if permission in MDO_ROOM and current_actor().is_proved_at_work:
        raise NotFound("only a workplace's mailbox has shown who this is")
    if is_granted(who.role, permission):
        return None
    if NAMES_A_CASE & (request.view_args or {}).keys():
        raise NotFound("this role sees no such thing")
    if who.role is None:
        return redirect(url_for("account.choose_membership"))
    raise NotAllowed("the role lacks the permission")


def _to_sign_in() -> ResponseReturnValue:
    """The way to sign in and back again. Whoever sent a form is first shown what they wrote: nothing keeps it."""
    if request.method == "POST":
        return signed_out_page(_address())
    return redirect(url_for("account.sign_in", next=_address()))


def _address() -> str | None:
    """Where to go on after signing in: the page that was asked for, or that has the form."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        return None
    return request.full_path if request.query_string else request.path


def local_path(address: str | None) -> str | None:
    """The address if it stays on this site; none for another host, a scheme or anything odd."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return None
    if not address.isprintable() or "\\" in address:
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc else address


def landing(role: Role | None) -> str:
    """Where a person goes on after signing in, by role."""
    if role is None:
        return url_for("account.choose_membership")
    if role in HANDLERS:
        return "/cases"
    if role in ADVISERS:
        return url_for("account.show") if current_actor().is_proved_at_work else "/advice"
    if role is Role.ADMINISTRATOR:
        return url_for("administration.people")
    return url_for("account.show") if role in KEEPS_NO_CASES else "/reports"


def installation() -> Installation:
    """What the running installation is made of."""
    built: Installation = current_app.extensions["candour"]
    return built


def current_now() -> datetime:
    """The instant of this request, read once."""
    if "now" not in g:
        g.now = installation().clock()
    now: datetime = g.now
    return now


def current_act() -> Act:
    """Who acts in this request, when, and which request it is."""
    request_id: str = g.setdefault("request_id", uuid4().hex)
    return Act(actor=current_actor(), now=current_now(), request_id=request_id)


def current_actor() -> Actor:
    """The person of this request with their tokens, found once; nobody in particular before a sign-in."""
    if "actor" not in g:
        who = signed_in()
        nobody = Actor(kind=ActorKind.PERSON)
        g.actor = people.actor_of(who, on=local(current_now()).date()) if who else nobody
    actor: Actor = g.actor
    return actor


def signed_in() -> people.SignedIn | None:
    """The session of this request, if it counts."""
    return current_user.who if isinstance(current_user, Visitor) else None


def viewer_of(who: people.SignedIn | None) -> Viewer | None:
    """Whose page this is, for the layout. Somebody without a role yet is shown as a member of nothing."""
    if who is None:
        return None
    return Viewer(name=who.name, role=who.role or Role.MEMBER, organisation_name=who.organisation_name or "")


def load_visitor(token: str) -> Visitor | None:
    """Who a token belongs to, if its session still counts."""
    who = people.signed_in(session_id_of(token), at=current_now())
    return Visitor(token=token, who=who) if who else None


def start_session(token: str) -> None:
    """Forgets whatever this browser held and goes on as whom the token belongs to."""
    session.clear()
    g.pop("actor", None)
    visitor = load_visitor(token)
    if visitor is None:
        raise NotFound("the session does not count")
    login_user(visitor)
    # Flask-Login keeps a hash of address and browser here, which nobody needs.
    session.pop("_id", None)


def forget_session() -> None:
    """Forgets whatever this browser held."""
    logout_user()
    session.clear()
    g.pop("actor", None)


class SessionsOffPublicPages(SecureCookieSessionInterface):
    """Cookie sessions, but for public pages and static files: those neither read nor write one."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    @cached_property
    def public_starts(self) -> frozenset[str]:
        """First parts of the addresses of public pages. Raises RuntimeError where others share one."""
        starts: dict[bool, set[str]] = {True: set(), False: set()}
        for rule in self._app.url_map.iter_rules():
            is_public = rule.endpoint == "static" or rule.endpoint.startswith("public.")
            starts[is_public].add(_first_part(rule.rule))
        if shared := starts[True] & starts[False]:
            raise RuntimeError(f"public pages share an address with others: {sorted(shared)}")
        return frozenset(starts[True])

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """None, which becomes a null session, on public pages."""
        return None if _first_part(request.path) in self.public_starts else super().open_session(app, request)


def _first_part(path: str) -> str:
    return path.lstrip("/").split("/", 1)[0]
