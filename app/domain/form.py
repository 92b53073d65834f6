"""What a form is made of: pages, questions, options, the conditions under which they apply, and who fills it in.

Forms are data, decoded by ``app.services.questionnaires``; how they read is in ``app.domain.questionnaire``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from app.domain.classification import Catalogue
from app.domain.vocabulary import Kind, Lane

Facts = Mapping[str, frozenset[str]]


class QuestionKind(StrEnum):
    """How a question is answered."""

    RADIOS = "radios"
    CHECKBOXES = "checkboxes"
    SELECT = "select"
    PERSON = "person"
    TEXT = "text"
    TEXTAREA = "textarea"
    DATE = "date"
    TIME = "time"


class PageKind(StrEnum):
    """Questions to answer, help that stands in between, or the last look before sending."""

    QUESTIONS = "questions"
    HELP = "help"
    CHECK = "check"


class OptionSource(StrEnum):
    """Where the options of a question come from, if not from a list of its own."""

    ABOUT = "about"
    DETAILS = "details"
    PATIENT_WAYS = "patient_ways"
    PLATFORMS = "platforms"
    WORKPLACES = "workplaces"
    MDOS = "mdos"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds where every named fact has one of its values."""

    wanted: tuple[tuple[str, frozenset[str]], ...]

    @property
    def leader(self) -> str:
        """The first fact it names; of a question's ``under``, the question that it hangs on."""
        return self.wanted[0][0]

    def holds(self, facts: Facts) -> bool:
        """True where all of it holds; a fact that is not known yet has no value."""
        return all(facts.get(name, frozenset()) & allowed for name, allowed in self.wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applies:
    """When something applies: where one of ``when`` holds (or there is none) and none of ``unless`` does."""

    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()

    def holds(self, facts: Facts) -> bool:
        """True where it applies with these facts."""
        if any(condition.holds(facts) for condition in self.unless):
            return False
        return not self.when or any(condition.holds(facts) for condition in self.when)


ALWAYS = Applies()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An answer to choose. ``note`` is shown once it is chosen; ``is_alone`` may not stand beside another."""

    value: str
    label: str
    hint: str = ""
    note: str = ""
    group: str = ""
    is_alone: bool = False
    lane: Lane | None = None
    applies: Applies = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Other words where a condition holds; an empty one leaves the usual words."""

    when: Condition
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. It must be answered where ``empty``, the message for a missing answer, is given.

    ``under`` is a condition on another answer of the same page. ``lane`` binds the answer to one room; without it
    the form's lane counts. ``excused_by`` is the checkbox that stands for "I do not know"; ``of`` the date that a
    time belongs to; ``not_before`` a question whose date may not be later, ``earliest`` that date once known.
    ``since`` is the version of the form in which the question got its present wording.
    """

    code: str
    kind: QuestionKind
    label: str
    hint: str = ""
    name: str = ""
    empty: str = ""
    source: OptionSource | None = None
    options: tuple[Option, ...] = ()
    limit: int = 0
    digits: int = 0
    lane: Lane | None = None
    applies: Applies = ALWAYS
    under: Condition | None = None
    excused_by: str = ""
    of: str = ""
    not_before: str = ""
    earliest: date | None = None
    may_be_future: bool = False
    since: int = 1
    variants: tuple[Variant, ...] = ()

    @property
    def required(self) -> bool:
        """True where an answer is needed to send."""
        return bool(self.empty)

    @property
    def first_field(self) -> str:
        """The field that an error links to: of a date, its day."""
        return f"{self.code}-day" if self.kind is QuestionKind.DATE else self.code

    def filled(self, message: str, **words: str) -> str:
        """A message about its answer, with {name}, {Name} and other words filled in."""
        words |= {"name": self.name, "Name": self.name[:1].upper() + self.name[1:]}
        for word, text in words.items():
            message = message.replace(f"{{{word}}}", text)
        return message

    def is_open(self, facts: Facts) -> bool:
        """True where the answer of the same page that it hangs on was given, or it hangs on none."""
        return self.under is None or self.under.holds(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVariant:
    """Another title or body where a condition holds; an empty one leaves the usual."""

    when: Condition
    title: str = ""
    body: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inset:
    """A paragraph that stands out on a page while its conditions hold."""

    text: str
    applies: Applies = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: questions, or help, or the check. ``messages`` are the errors that every page uses."""

    code: str
    kind: PageKind
    title: str
    questions: tuple[Question, ...] = ()
    applies: Applies = ALWAYS
    body: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    insets: tuple[Inset, ...] = ()
    carry_on: str = ""
    leave: str = ""
    variants: tuple[PageVariant, ...] = ()
    messages: Mapping[str, str] = field(default_factory=dict)
    is_unchecked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One kind of report in one language: all its pages in their order. The last one is the check.

    ``lane`` is who reads an answer that is bound to no room; shared-by-copy means each room that is told.
    ``narrative`` is the question whose answer is the report's own words.
    """

    kind: Kind
    version: int
    language: str
    name: str
    lane: Lane
    narrative: str
    pages: tuple[Page, ...]
    catalogue: Catalogue
    messages: Mapping[str, str]
    duty_lines: Mapping[str, str] = field(default_factory=dict)

    def page(self, code: str) -> Page | None:
        """The page of that code with all its questions, or None."""
        return next((page for page in self.pages if page.code == code), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something that the installation offers: an organisation or a person, by its id."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a form needs to know of the person who fills it in. ``now`` is aware.

    ``workplaces`` are their organisations but for MDOs, ``mdos`` the MDOs to choose from, ``people`` those found
    in the directory. ``is_mdo_lane_open``: the operator is independent, so MDO cases may be kept here.
    ``soon_until`` is the last day that counts as "within two working days". ``words`` fill the {names} in texts:
    org, regulator, operator, profession, a_profession, supervisor_role, mental_health_line; ``on_call`` is whole
    sentences.
    """

    now: datetime
    workplaces: tuple[Choice, ...]
    mdos: tuple[Choice, ...] = ()
    people: tuple[Choice, ...] = ()
    is_mdo_lane_open: bool = True
    leads_people: bool = False
    soon_until: date | None = None
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to put right: the page and question, the field to go to, and what to say."""

    page: str
    question: str
    field: str
    message: str
