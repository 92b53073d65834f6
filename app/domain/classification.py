"""From what people say it was about to the category of the case."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.vocabulary import Identifiability, Kind, Severity, StillLive, Visibility

ELSE = "OTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence about the law or guidance.

    ``is_unchecked``: nobody has held it against the live source yet, so administrators are told so and nobody is
    shown it as law.
    """

    words: str
    is_unchecked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What kind of matter a case is. People see ``words``, never the code.

    ``default`` is how urgent it is before more is known; ``default_live`` the same for a live stream. ``topic``
    names the guidance, None where there is none.
    """

    code: str
    words: str
    default: Severity
    default_live: Severity
    card: str
    topic: str | None
    statutory: tuple[Statement, ...]
    source: Statement | None
    is_speech_weighed_first: bool

    def is_takedown_promised(self, still_live: StillLive | None) -> bool:
        """Whether a reporter is told by when somebody checks that it is down: the rule before and after sending."""
        return still_live is not StillLive.NO and not self.is_speech_weighed_first

    def is_weighed_before_takedown(self, still_live: StillLive | None) -> bool:
        """Whether they are told instead that the right to speak is weighed up first."""
        return still_live is not StillLive.NO and self.is_speech_weighed_first


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """All categories, and the order in which one of several becomes the main one."""

    version: int
    by_code: Mapping[str, Category]
    order: tuple[str, ...]

    def __getitem__(self, code: str) -> Category:
        """The category of that code, or KeyError."""
        return self.by_code[code]

    def rank(self, code: str) -> int:
        """0 for the code that comes before all others as the main one."""
        return self.order.index(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """Words in a doctor's own report and in a concern, and a hint for both."""

    own: str
    concern: str
    hint: str = ""

    def spoken(self, voice: str) -> str:
        """The words for ``voice``: "self" or "concern"."""
        return self.concern if voice == "concern" else self.own


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One answer to "which is closest?", written ``about.detail``, and what follows from it.

    ``codes_by`` applies where the code depends on whether a patient could be recognised. ``implies`` are answers
    that follow, so nobody is asked for them; the visibility "usual" means that of the platform.
    """

    code: str
    words: Worded
    card: str
    shown: frozenset[Kind]
    codes: tuple[str, ...] = ()
    codes_by: Mapping[Identifiability, tuple[str, ...]] | None = None
    is_live: bool = False
    implies: Mapping[str, str] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """The answer to "what is this mainly about?" under which this one stands."""
        return self.code.partition(".")[0]

    def codes_for(self, identifiability: Identifiability) -> tuple[str, ...]:
        """The categories, the main one of this answer first."""
        return self.codes_by[identifiability] if self.codes_by else self.codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A place where something is posted or sent, and who can usually see it there."""

    code: str
    group: str
    words: Worded
    usual: Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The reference data that turns answers into facts: categories, details and platforms, in their order."""

    categories: Categories
    about: Mapping[str, Worded]
    details: Mapping[str, Detail]
    platforms: Mapping[str, Platform]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """The main code, the further ones (each starts duties of its own), and whether it was a live stream."""

    main: str
    also: tuple[str, ...]
    is_live: bool

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes, the main one first."""
        return (self.main, *self.also)


def classify(
    catalogue: Catalogue, *, detail: str | None, patient_how: str | None, identifiability: Identifiability
) -> Classified:
    """The codes of ``detail`` and of ``patient_how``, without doubles; "something else" only when alone."""
    chosen = [catalogue.details[code] for code in (detail, patient_how) if code]
    codes = {code for one in chosen for code in one.codes_for(identifiability)}
    first, *others = sorted(codes - {ELSE} or {ELSE}, key=catalogue.categories.rank)
    return Classified(main=first, also=tuple(others), is_live=any(one.is_live for one in chosen))
