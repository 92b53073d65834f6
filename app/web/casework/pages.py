"""What all pages of a case share: how it is opened, and where an act leads."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from app.services import disclosure
from app.services.disclosure import Opened
from app.web.access import current_act
from app.web.acting import canonical
from app.web.casework.wording import add_filters

bp = Blueprint("casework", __name__)
bp.record_once(lambda state: add_filters(state.app))


def opened(reference: str) -> Opened:
    """The case behind an address, after it was recorded that this person opened it.

    Raises NotFound for whatever this person may not know of.
    """
    return disclosure.open_case(canonical(reference), act=current_act())


def address_of(case: Opened) -> str:
    """Where the case is shown."""
    return url_for("casework.show", reference=case.file.reference)


def back_to(case: Opened) -> ResponseReturnValue:
    """Where an act leads: the case as it is now."""
    return redirect(address_of(case))
