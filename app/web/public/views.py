"""The pages that anybody may read without being known."""

from flask import Blueprint, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from app.config import Settings
from app.domain.guidance import Guidance
from app.domain.vocabulary import Nation
from app.services import deadlines, delivery

bp = Blueprint("public", __name__)

# Audiences do not import each other: these addresses are what they agree on.
WAYS_IN = {
    "self_report": "/report/self-report",
    "concern": "/report/concern",
    "advice": "/report/advice",
}
# The parts of the library: name in the data, and the heading the template words.
GROUPS = ("topics", "after", "concern")


def _guidance() -> Guidance:
    guidance: Guidance = current_app.extensions["candour"].guidance
    return guidance


def _settings() -> Settings:
    settings: Settings = current_app.extensions["candour"].settings
    return settings


@bp.get("/")
def start() -> ResponseReturnValue:
    """The four ways in, and what happens to a report."""
    return render_template("public/start.html", ways=WAYS_IN)


@bp.get("/guidance")
def guidance_library() -> ResponseReturnValue:
    """Every page of the library, the topics in the version that is in force."""
    library = _guidance()
    current = [page for page in library.group("topics") if page.in_force_until is None]
    pages = {name: current if name == "topics" else library.group(name) for name in GROUPS}
    return render_template("public/guidance-library.html", pages=pages)


@bp.get("/guidance/<page_id>")
def guidance_page(page_id: str) -> ResponseReturnValue:
    """One page in one version, with the way to its other version. NotFound becomes the page of code 404."""
    library = _guidance()
    page = library.page(page_id)
    others = [other for other in library.versions(page.topic) if other != page] if page.topic else []
    body = page.body.replace("{operator}", _settings().operator_name)
    return render_template("public/guidance-page.html", page=page, body=body, others=others)


@bp.get("/support")
def support() -> ResponseReturnValue:
    """Whom to turn to, everywhere first and then by nation."""
    contacts = _guidance().support
    everywhere = [one for one in contacts.contacts if one.nations == frozenset(Nation)]
    by_nation = [
        (nation, [one for one in contacts.for_nation(nation) if one not in everywhere]) for nation in Nation
    ]
    return render_template("public/support.html", everywhere=everywhere, by_nation=by_nation)


@bp.get("/can-and-cannot")
def can_and_cannot() -> ResponseReturnValue:
    """What is promised, and what nobody should expect."""
    return render_template("public/can-and-cannot.html", settings=_settings())


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """What is kept, for whom and for how long."""
    return render_template("public/privacy.html", settings=_settings(), regulator=_guidance().regulator)


@bp.get("/accessibility")
def accessibility() -> ResponseReturnValue:
    """How the pages are made usable, and what has not been tried."""
    return render_template("public/accessibility.html")


@bp.get("/elsewhere")
def elsewhere() -> ResponseReturnValue:
    """Where nurses, other staff, patients and the public can turn."""
    return render_template("public/elsewhere.html", page=_guidance().page("elsewhere"))


@bp.get("/mdo-phone")
def mdo_phone() -> ResponseReturnValue:
    """The telephone lines of the MDOs; nothing is stored here."""
    return render_template("public/mdo-phone.html", mdos=_guidance().mdos)


@bp.get("/health")
def health() -> ResponseReturnValue:
    """Whether the service answers, the clock is on time and mail leaves; nothing about how late, or of what."""
    now = current_app.extensions["candour"].clock()
    is_well = deadlines.is_on_time(now=now) and not delivery.gave_up_lately(now=now)
    return jsonify(status="ok" if is_well else "failing"), 200 if is_well else 503
