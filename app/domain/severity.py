"""How urgent a case is suggested to be. A named person decides; lowering it needs a reason."""

from dataclasses import dataclass

from app.domain.classification import Category
from app.domain.report import Particulars, RiskNow, SeverityReason
from app.domain.vocabulary import Harm, Identifiability, Severity, StillLive, Visibility

BY_HARM = {Harm.H2: Severity.MEDIUM, Harm.H3: Severity.HIGH, Harm.H4: Severity.CRITICAL}
STEPS = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """A suggested severity with the rules that led to it, the strongest first."""

    severity: Severity
    because: tuple[SeverityReason, ...]


def suggest(facts: Particulars, *, category: Category) -> Suggested:
    """The highest that category, harm and reach call for; then a step for spread and one for a repeat.

    Somebody at risk today makes it critical whatever else was said.
    """
    suggested = _repeated(facts, _spread(facts, _highest(facts, category)))
    if facts.risk_now is not RiskNow.YES:
        return suggested
    others = suggested.because if suggested.severity is Severity.CRITICAL else ()
    return Suggested(severity=Severity.CRITICAL, because=(SeverityReason.RISK_NOW, *others))


def _highest(facts: Particulars, category: Category) -> Suggested:
    """The highest of the rules that stand beside each other; every rule that reaches it is a reason."""
    reached = [_by_category(facts, category)]
    if facts.harm in BY_HARM:
        reached.append((BY_HARM[facts.harm], SeverityReason.HARM))
    if _is_recognised_by(facts, Visibility.V3):
        reached.append((Severity.HIGH, SeverityReason.RECOGNISED_WIDELY))
    # Unknown counts as still there until somebody has checked.
    if _is_recognised_by(facts, Visibility.V4) and facts.still_live in {StillLive.YES, StillLive.UNKNOWN}:
        reached.append((Severity.CRITICAL, SeverityReason.STILL_PUBLIC))
    highest = max((severity for severity, _ in reached), key=lambda severity: severity.rank)
    return Suggested(severity=highest, because=tuple(why for severity, why in reached if severity is highest))


def _by_category(facts: Particulars, category: Category) -> tuple[Severity, SeverityReason]:
    if facts.live_stream and category.default_live is not category.default:
        return category.default_live, SeverityReason.LIVE_STREAM
    return category.default, SeverityReason.CATEGORY


def _is_recognised_by(facts: Particulars, least: Visibility) -> bool:
    return facts.identifiability is Identifiability.I3 and (facts.visibility or Visibility.V0) >= least


def _spread(facts: Particulars, so_far: Suggested) -> Suggested:
    """A step up where it spread widely, never above high."""
    if facts.visibility is not Visibility.V5 or so_far.severity.rank >= Severity.HIGH.rank:
        return so_far
    return _one_up(so_far, SeverityReason.SPREAD)


def _repeated(facts: Particulars, so_far: Suggested) -> Suggested:
    """A step up where it happened before within two years."""
    if not facts.repeat or so_far.severity is Severity.CRITICAL:
        return so_far
    return _one_up(so_far, SeverityReason.REPEAT)


def one_up(severity: Severity) -> Severity:
    """The next step, or the highest."""
    return STEPS[min(severity.rank + 1, len(STEPS) - 1)]


def _one_up(so_far: Suggested, why: SeverityReason) -> Suggested:
    return Suggested(severity=one_up(so_far.severity), because=(*so_far.because, why))
