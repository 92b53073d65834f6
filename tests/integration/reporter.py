"""Somebody who fills in forms through the pages, as a person does: one page after the other, by what it asks."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from werkzeug.test import TestResponse

from app.domain.form import Choice
from app.domain.vocabulary import Kind
from app.services import drafts
from app.services.casting import Employed
from tests.factories import PASSWORD, World
from tests.infrastructure.markup import Page, text_of
from tests.infrastructure.strict_client import StrictClient
from tests.unit.filling import FORMS, PLAIN, context, fill_in

FORMS_BY_SLUG = {"self-report": Kind.SELF_REPORT, "concern": Kind.CONCERN, "advice": Kind.ADVICE}
DATES = ("_on", "_by")
ASKED = frozenset(
    question.code for form in FORMS.values() for page in form.pages for question in page.questions
)


@dataclass(frozen=True, slots=True)
class Account:
    """How somebody of a world signs in."""

    email: str
    password: str = PASSWORD


@dataclass
class Reporter:
    """One signed-in person with a browser. ``pages`` are the codes of the pages they turned."""

    client: StrictClient
    world: World
    who: Employed
    pages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client.sign_in(Account(self.who.email))

    def draft(self, slug: str = "self-report", **changes: Any) -> UUID:
        """A draft with every answer that the form asks for, plain but for the changes; None leaves one out."""
        form = FORMS[FORMS_BY_SLUG[slug]]
        mdo = Choice(value=str(self.world.mdo_id), label="Harbour Medical Defence")
        named = {name: value for name, value in changes.items() if value is not None}
        answers = fill_in(form, context(mdos=(mdo,)), **{"mdo": mdo.value, "workplace": "", **named})
        kept = {name: value for name, value in answers.items() if name not in changes or name in named}
        return self.keep(slug, kept)

    def keep(self, slug: str, answers: dict[str, Any], *, form_version: int = 1) -> UUID:
        """A draft with exactly these answers, as they are stored."""
        act = self.world.act(self.who)
        with self.world.app.app_context():
            return drafts.start(FORMS_BY_SLUG[slug], form_version=form_version, answers=answers, act=act)

    def answers_in(self, draft_id: UUID) -> dict[str, Any]:
        """What a draft of this person holds."""
        actor = self.world.actor(self.who)
        with self.world.app.app_context():
            return dict(drafts.open_draft(draft_id, actor=actor).answers)

    def fill(self, slug: str, **changes: Any) -> str:
        """Answers a form up to its check, plainly but for ``changes``; answers the address of the check."""
        address = self.first(slug)
        while not address.endswith("/check"):
            address = self.turn(address, **changes)
        self.pages.append("check")
        return address

    def first(self, slug: str) -> str:
        """Where "Start now" leads."""
        return next(one for one in links(self.client.page(f"/report/{slug}")) if f"/{slug}/" in one)

    def turn(self, address: str, **changes: Any) -> str:
        """One page: answered and continued, or read and passed. Answers where that leads."""
        shown = self.client.page(address)
        self.pages.append(address.rsplit("/", 1)[1])
        asked = {name.removesuffix("-day") for form in shown.forms() for name in form.fields} & ASKED
        if not asked:
            return carry_on(shown)
        response = self.client.submit(address, self.typed(asked, **changes))
        assert response.status_code == 303, errors(Page.parse(response.text))
        return str(response.location)

    def typed(self, asked: frozenset[str] | set[str], **changes: Any) -> dict[str, Any]:
        """What to give the fields of a page."""
        given = {**PLAIN, "mdo": str(self.world.mdo_id), "workplace": str(self.world.hospital_id), **changes}
        given = {code: value for code, value in given.items() if code in asked}
        return {name: part for code, value in given.items() for name, part in as_fields(code, value).items()}

    def check(self, draft_id: UUID) -> Page:
        """The check of a draft."""
        return self.client.page(f"/drafts/{draft_id}/check")

    def send(self, draft_id: UUID) -> TestResponse:
        """Presses Send."""
        version = version_on(self.check(draft_id))
        return self.client.submit(f"/drafts/{draft_id}/check", {"version": version})

    def sent(self, draft_id: UUID) -> Page:
        """Presses Send, and reads the confirmation."""
        response = self.send(draft_id)
        assert response.status_code == 303, errors(Page.parse(response.text))
        return self.client.page(str(response.location))


def as_fields(code: str, value: Any) -> dict[str, Any]:
    """An answer as the fields of its form: a day in three parts."""
    if code.endswith(DATES) and isinstance(value, str) and value:
        on = date.fromisoformat(value)
        return {f"{code}-{part}": str(getattr(on, part)) for part in ("day", "month", "year")}
    return {code: value}


def links(page: Page) -> list[str]:
    """Where the links of a page lead."""
    return [one.get("href", "") for one in page.all("a")]


def carry_on(page: Page) -> str:
    """Where the green button of a page without questions leads."""
    buttons = [one for one in page.all("a") if "nhsuk-button" in one.get("class", "").split()]
    return buttons[0].attrib["href"]


def version_on(page: Page) -> str:
    """The version that the form of a page carries."""
    return next(form.fields["version"][0] for form in page.forms() if "version" in form.fields)


def draft_of(address: str) -> UUID:
    """The draft that an address names."""
    return UUID(address.split("/")[2])


def errors(page: Page) -> list[str]:
    """The lines of the summary at the top of a page."""
    return [
        text_of(item).strip()
        for one in of_class(page, "nhsuk-error-summary__list")
        for item in one.iter("li")
    ]


def beside(page: Page) -> list[str]:
    """The messages that stand beside fields."""
    return [text_of(one).replace("Error:", "").strip() for one in of_class(page, "nhsuk-error-message")]


def of_class(page: Page, name: str) -> list[Any]:
    """All elements of a class."""
    return [one for one in page.root.iter() if name in one.get("class", "").split()]


def texts(page: Page, name: str) -> list[str]:
    """What the elements of a class say."""
    return [" ".join(text_of(one).split()) for one in of_class(page, name)]


def shown_fields(page: Page) -> dict[str, list[str]]:
    """What the form with the questions holds."""
    return next(form.fields for form in page.forms() if "version" in form.fields)
