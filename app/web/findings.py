"""What a check of a workflow found, in words: which state, action, clock or row, and what to do about it."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from app.domain.checks import Problem
from app.domain.errors import InvalidInput
from app.domain.vocabulary import Role
from app.domain.workflow import Definition
from app.web.problems import problem
from app.web.words import role_in_sentence

# By code; the names in braces are those that the check gives.
WORDS = {
    "schema": _l("%(where)s cannot be read: %(detail)s."),
    "one-start": _l("A case must start in one state that is declared and is not final, not in “%(where)s”."),
    "unreachable-state": _l(
        "No case can ever come to the state “%(where)s”. Lead an action there, or remove it."
    ),
    "no-way-out": _l(
        "From the state “%(where)s” no case can ever be closed. Give it a way to a final state."
    ),
    "dead-transition": _l(
        "The action “%(where)s” can never be taken. Say from which states and by whom, or remove it."
    ),
    "dead-transition:outcome": _l(
        "The action “%(where)s” leads somewhere for the outcome “%(outcome)s”, which cases of this kind do not have."
    ),
    "unknown-name": _l(
        "%(where)s speaks of “%(name)s”, which does not exist. Declare it, or correct the name."
    ),
    "final-state-clock:clock": _l(
        "The clock “%(clock)s” would run in the final state “%(where)s”. Only the check-ins about detriment may."
    ),
    "final-state-clock:action": _l(
        "The action “%(action)s” leads out of the final state “%(where)s”. Only reopening may."
    ),
    "no-owner": _l(
        "In the state “%(where)s” nobody has the case. Say who has to act: the handler or the reporter."
    ),
    "no-owner:role": _l("%(where)s does not end with “%(role)s”: a case could be left with nobody."),
    "no-clock": _l(
        "In the state “%(where)s” a case can wait for ever: no clock is sure to run there. Start one."
    ),
    "endless-pause": _l(
        "The state “%(where)s” waits for the reporter without an end. Start a clock that leads on."
    ),
    "endless-pause:clock": _l(
        "“%(action)s” pauses the clock “%(clock)s”, and nothing starts it again if nobody does anything in “%(where)s”."
    ),
    "bad-limit": _l("%(where)s: %(detail)s"),
    "calendar-short": _l(
        "The calendar of %(calendar)s ends before the clock “%(where)s” could fall due. Load the next years’ holidays."
    ),
    "ladder-order": _l("The rungs of the clock “%(where)s” do not each come after the one before."),
    "ladder-loop": _l("The ladder of the clock “%(where)s” hands the case to the same person twice."),
    "ladder-loop:top": _l(
        "The ladder of the clock “%(where)s” must end with the organisation’s head and its auditor being told."
    ),
    "ladder-stuck": _l(
        "In the state “%(where)s” the clock “%(clock)s” can run out, but the case cannot be escalated there."
    ),
    "auto-loop": _l("Clocks alone would lead a case round through the state “%(where)s” for ever."),
    "route-to-subject:unresolved": _l(
        "The row “%(where)s” gives a concern about somebody not yet known to the %(role)s, who may be that person."
    ),
    "route-to-subject:reporter": _l(
        "The row “%(where)s” gives a confidential or anonymous concern to the %(role)s, who would know who reported."
    ),
    "route-to-subject:subject": _l(
        "The row “%(where)s” gives a concern about a %(role)s to a %(role)s, who may be that person."
    ),
    "no-outside-route": _l(
        "%(where)s names nobody from outside: if the person concerned held every role, nobody would be left."
    ),
    "no-holder": _l(
        "Nobody here holds the role of %(where)s without being the only one. Give it to one more person."
    ),
    "self-review": _l("“%(where)s” may be done by whoever raised the case. Somebody else must decide."),
    "table-gap": _l(
        "The routing table has no row for some reports. Add one, or end with a row without conditions."
    ),
    "table-shadow": _l("The row “%(where)s” never gets its turn: %(rows)s match everything before it."),
    "slow-severe": _l(
        "A critical case must be looked at within 4 hours: no clock that “%(where)s” meets is that quick."
    ),
    "unaudited": _l(
        "The action “%(where)s” leaves no entry in the trail. Give it the tag of an event as “audit”."
    ),
    "silent-withdrawal": _l(
        "“%(where)s” could end a case in which a patient may be at risk, or one that is being worked on."
    ),
    "map-gap": _l("The map does not say where a case in the state “%(where)s” goes."),
    "elapsed-no-oncall": _l(
        "The clock “%(where)s” also runs out at night, but nobody with a telephone number is on call then."
    ),
}
LIMIT_MISSING = "limit-missing"


def finding(found: Problem, definition: Definition | None = None) -> str:
    """One sentence about a check that failed; states, actions and clocks by their labels where they are known."""
    about = {name: _named(value, definition) for name, value in found.about.items()}
    return _template(found) % {"where": _named(found.where, definition), **about, **_limit_words(found)}


def _template(found: Problem) -> str:
    """The sentence for what the check names beside, if there is one of its own."""
    beside = (found.about.get("case"), *found.about)
    variants = (*(f"{found.code}:{one}" for one in beside), found.code)
    return str(next(WORDS[one] for one in variants if one in WORDS))


def _named(name: str, definition: Definition | None) -> str:
    """What people read for a name of the definition, with the name itself beside it."""
    if name in set(Role):
        return role_in_sentence(Role(name)).partition(" ")[2]
    if definition is None:
        return name
    labels = {state.name: state.label for state in definition.states.values()}
    labels |= {clock.code: clock.label for clock in definition.clocks.values()}
    labels |= {str(action): way.label for action, way in definition.transitions.items()}
    return f"{labels[name]} ({name})" if name in labels else name


def _limit_words(found: Problem) -> Mapping[str, str]:
    """A limit is refused in the words that the calculator has for it."""
    if found.code != "bad-limit":
        return {}
    code = found.about["detail"]
    if code == LIMIT_MISSING:
        return {"detail": str(_l("There is no limit for every urgency. Add one as “else”."))}
    return {"detail": problem(InvalidInput("limit", code))}
