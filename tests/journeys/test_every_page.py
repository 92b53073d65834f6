"""Every page that can be opened is fit for everybody, wide and narrow: `/accessibility` promises it.

Whatever somebody can open, they open. An address that nobody opens fails here until somebody can.
"""

from collections.abc import Callable, Sequence

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.domain.vocabulary import Role
from app.services.casting import Employed
from tests.factories import World
from tests.infrastructure.strict_client import StrictClient
from tests.journeys.places import Places
from tests.journeys.walker import Walker

pytestmark = pytest.mark.engines("sqlite")  # how a page looks depends on no engine

# Who must be able to open which pages, the longest beginning counts. Everybody opens what else is open to them.
OWES: dict[str, tuple[str, ...]] = {
    "nobody": ("public.", "account.sign_in", "account.send_code", "account.use_code"),
    "doctor": ("reporting.", "account."),
    "handler": ("casework.",),
    "officer": ("casework.patient_data",),
    "adviser": ("advice.",),
    "administrator": ("administration.",),
}
# A file, words for a program, and addresses that only lead on.
NO_PAGES = {"static", "public.health", "reporting.resume"}
# What is open to everybody is looked at once, by the first of these.
FOR_EVERYBODY = {"nobody": (), "doctor": OWES["nobody"]}


@pytest.fixture
def places(world: World, another_client: Callable[[], StrictClient]) -> Places:
    """An installation with something behind every address."""
    return Places(world, another_client)


def pages(app: Flask) -> Sequence[Rule]:
    """Every route that shows a page."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return [rule for rule in rules if rule.endpoint not in NO_PAGES]


def people(places: Places, kind: str) -> Sequence[Employed | None]:
    """Those who stand for a kind of person; together they can open what it owes."""
    known: dict[str, Sequence[Employed | None]] = {
        "nobody": [None],
        "doctor": [places.doctor, places.commuter],
        "handler": places.owners(places.cases),
        "officer": [places.world.holder(Role.DATA_PROTECTION_OFFICER)],
        "adviser": places.owners(places.advised),
        "administrator": [places.world.holder(Role.ADMINISTRATOR)],
    }
    return known[kind]


def owed_by(endpoint: str) -> str | None:
    """Who must be able to open a page; None where nobody must."""
    begins = {prefix: kind for kind, prefixes in OWES.items() for prefix in prefixes}
    fitting = [prefix for prefix in begins if endpoint.startswith(prefix)]
    return begins[max(fitting, key=len)] if fitting else None


def open_to(app: Flask, kind: str) -> Sequence[Rule]:
    """The pages that a kind of person opens."""
    before = FOR_EVERYBODY.get(kind, (*OWES["nobody"], *OWES["doctor"]))
    return [rule for rule in pages(app) if not rule.endpoint.startswith(before)]


def opens_all(walker: Walker, places: Places, rules: Sequence[Rule], seen: dict[str, str]) -> None:
    """Opens everything that is open to them and was not looked at before; each page is judged at both widths."""
    for rule in rules:
        for shown, address in places.behind(rule):
            if shown not in seen and walker.page.request.get(address, max_redirects=0).status == 200:
                walker.goes_to(address)
                seen[shown] = rule.endpoint


@pytest.mark.parametrize("kind", OWES)
def test_every_page_is_fit_for_everybody(places: Places, walk: Callable[..., Walker], kind: str) -> None:
    rules = open_to(places.world.app, kind)
    seen: dict[str, str] = {}
    for who in people(places, kind):
        walker = walk()
        if who is not None:
            walker.signs_in(who)
        if who is places.commuter:
            walker.presses("Continue")
        opens_all(walker, places, rules, seen)
    owed = {rule.endpoint for rule in rules if owed_by(rule.endpoint) == kind}
    assert owed - set(seen.values()) == set()
    if kind == "doctor":
        assert {shown for shown, _ in places.questions()} - set(seen) == set()


def test_somebody_owes_every_page(app: Flask) -> None:
    assert [rule.endpoint for rule in pages(app) if owed_by(rule.endpoint) is None] == []
