"""A person at a form: the form, the answers so far, what the form must know of them, and where they are in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _

from app.domain.errors import NotFound
from app.domain.form import Context, Form, Page, PageKind, Problem, Question
from app.domain.particulars import Answers, only
from app.domain.questionnaire import (
    about_how_many,
    ask,
    missing,
    next_page,
    page_number,
    previous_page,
    prune,
    route,
    with_page,
)
from app.domain.vocabulary import Kind
from app.queries.people import DirectoryRow
from app.services import drafts
from app.services.drafts import OpenDraft
from app.web.access import current_act, current_actor, installation
from app.web.reporting.circumstances import context_of, workplace_of

SLUGS: Mapping[str, Kind] = {
    "self-report": Kind.SELF_REPORT,
    "concern": Kind.CONCERN,
    "advice": Kind.ADVICE,
}
CHECK, TELL = "check", "tell"
# Where an MDO's cases may not be kept, these answers lead to a page with telephone numbers.
MDO_CHOICES = frozenset({"mdo", "both"})
# Whoever raised a concern about a group that they were in may tell of their own part.
BEGUN: Mapping[tuple[Kind, str], Answers] = {
    (Kind.SELF_REPORT, "group"): {"about": "group", "detail": "group.present"}
}
MDO_QUESTIONS = frozenset({"mdo", "membership_number"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything one request needs of a form. ``draft`` is None until the first answer was kept."""

    form: Form
    context: Context
    draft: OpenDraft | None = None
    answers: Answers = field(default_factory=dict, repr=False)

    @property
    def slug(self) -> str:
        """The form in addresses."""
        return next(slug for slug, kind in SLUGS.items() if kind is self.form.kind)

    @property
    def version(self) -> int:
        """The version of the draft that pages carry; 0 before there is one."""
        return self.draft.version if self.draft else 0

    @property
    def lane(self) -> str:
        """Whose room the pages are: an MDO's, or the employer's."""
        return "mdo" if self.form.kind is Kind.ADVICE else "employer"

    @property
    def is_for_phone_only(self) -> bool:
        """Whether the form leads to an MDO and no MDO's cases may be kept here."""
        return self.form.kind is Kind.ADVICE and not self.context.is_mdo_lane_open

    @property
    def lacks_workplace(self) -> bool:
        """Whether there is no employer here to whom a concern could go."""
        return self.form.kind is Kind.CONCERN and not self.context.workplaces

    @property
    def place(self) -> UUID | None:
        """The organisation whose people the directory lists."""
        return workplace_of(self.answers, self.context.workplaces)

    @property
    def reworded(self) -> int:
        """The version that the draft was begun with, where the form has changed since; else 0."""
        begun = self.draft.form_version if self.draft else self.form.version
        return begun if begun < self.form.version else 0

    @property
    def first(self) -> str:
        """The page that the form begins with."""
        return self.pages[0].code

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages that apply with the answers so far."""
        return route(self.form, self.answers, self.context)

    def page(self, code: str) -> Page:
        """A page ready for the screen. Raises NotFound for one that the form lacks, and for the check."""
        known = self.form.page(code)
        if known is None or known.kind is PageKind.CHECK:
            raise NotFound("the form has no such page")
        page = ask(self.form, code, self.answers, self.context)
        return page if self.context.is_mdo_lane_open else _without_mdos(page)

    def applies(self, code: str) -> bool:
        """Whether the answers so far lead over that page."""
        return code in {page.code for page in self.pages}

    def number(self, code: str) -> int:
        """Where the page stands among those that apply, from 1."""
        return page_number(self.form, self.answers, code, context=self.context)

    @property
    def total(self) -> int:
        """How many pages there are with the answers so far."""
        return about_how_many(self.form, self.answers, self.context)

    @property
    def lacking(self) -> Sequence[Problem]:
        """What must still be answered before sending."""
        return missing(self.form, self.answers, self.context)

    def address(self, code: str, *, back: str | None = None) -> str:
        """Where a page is: under the draft, or under the form while there is none. ``back`` leads back there."""
        if self.draft is None:
            return url_for(".first_question", form=self.slug, page=code)
        return url_for(".question", draft_id=self.draft.id, page=code, back=back)

    @property
    def start(self) -> str:
        """Where the form begins."""
        return url_for(".start", form=self.slug)

    def before(self, code: str) -> str:
        """Where "Back" leads."""
        earlier = previous_page(self.form, self.answers, code, context=self.context)
        return self.address(earlier) if earlier else self.start

    def after(self, code: str) -> str:
        """Where "Continue" leads."""
        return self.address(next_page(self.form, self.answers, code, context=self.context))

    @property
    def resumed(self) -> str:
        """Where somebody carries on: what is missing first, else the check."""
        lacking = self.lacking
        return self.address(lacking[0].page if lacking else CHECK)

    def rechecked(self, after: str) -> str:
        """Where somebody goes on who came from the check to change one page: help, what is missing, the check."""
        following = next_page(self.form, self.answers, after, context=self.context)
        if self._is_help(following):
            return self.address(following, back=CHECK)
        lacking = self.lacking
        return self.address(lacking[0].page, back=CHECK) if lacking else self.address(CHECK)

    def _is_help(self, code: str) -> bool:
        """Whether a page of the form stands in between to help, and asks nothing."""
        page = self.form.page(code)
        return page is not None and page.kind is PageKind.HELP

    def answered(self, page: Page, new: Answers) -> tuple[dict[str, str | list[str]], int]:
        """All answers after a page was answered, and how many were dropped because they no longer apply."""
        asked = ask(self.form, page.code, self.answers, self.context)
        return prune(self.form, with_page(self.answers, asked, new), self.context)

    def kept(self, answers: Answers, *, version: int) -> UUID:
        """Keeps the answers, in a new draft if there is none. Raises StaleCase and NotFound."""
        act = current_act()
        if self.draft is None:
            return drafts.start(self.form.kind, form_version=self.form.version, answers=answers, act=act)
        drafts.keep(self.draft.id, version, answers=answers, act=act)
        return self.draft.id


def kind_of(slug: str) -> Kind:
    """The form that an address names. Raises NotFound for any other."""
    if slug not in SLUGS:
        raise NotFound("there is no such form")
    return SLUGS[slug]


def new_desk(kind: Kind, *, begun: str = "") -> Desk:
    """Somebody at a form of which nothing is kept. ``begun`` names what is filled in already, if anything."""
    answers = BEGUN.get((kind, begun), {})
    return Desk(form=installation().forms[kind], context=context_of({}), answers=answers)


def desk_of(draft_id: UUID, *, found: Sequence[DirectoryRow] = ()) -> Desk:
    """Somebody at their own draft. Raises NotFound for anybody else's."""
    draft = drafts.open_draft(draft_id, actor=current_actor())
    context = context_of(draft.answers, found=found)
    form = installation().forms[draft.kind]
    answers, _dropped = prune(form, draft.answers, context)
    if not context.is_mdo_lane_open and answers.get(TELL) in MDO_CHOICES:
        del answers[TELL]
    return Desk(form=form, context=context, draft=draft, answers=answers)


def chooses_phone(desk: Desk, submitted: Mapping[str, list[str]]) -> bool:
    """Whether somebody wants to tell an MDO where no MDO's cases may be kept."""
    return not desk.context.is_mdo_lane_open and bool(MDO_CHOICES & set(submitted.get(TELL, [])))


def name_of(desk: Desk, question: str, code: str) -> str:
    """The words of an option of a question that was answered, by its stored value."""
    page = ask(desk.form, code, desk.answers, desk.context)
    value = only(desk.answers, question)
    options = (option for one in page.questions if one.code == question for option in one.options)
    return next((option.label for option in options if option.value == value), "")


def _without_mdos(page: Page) -> Page:
    """The page without anything that asks who somebody's MDO is; choosing one is said to lead to a phone call."""
    kept = (one for one in page.questions if one.code not in MDO_QUESTIONS)
    return replace(page, questions=tuple(_by_phone(one) if one.code == TELL else one for one in kept))


def _by_phone(question: Question) -> Question:
    hint = _("We show you the telephone numbers. Nothing is stored.")
    options = (replace(one, hint=hint) if one.value in MDO_CHOICES else one for one in question.options)
    return replace(question, options=tuple(options))
