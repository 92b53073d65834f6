"""What nobody has yet held against its live source, for the list "check before you rely on this"."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _

from app.domain.classification import Category
from app.installation import Installation


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Where it stands, and what is to be checked."""

    where: str
    what: str


def unchecked(installation: Installation) -> Iterator[Unchecked]:
    """Every statement, page, card and telephone number that is not verified, by where it stands."""
    guidance = installation.guidance
    yield from (
        Unchecked(_("Guidance: %(page)s", page=page.title), what) for page, what in guidance.to_check()
    )
    yield from (
        Unchecked(_("Support: %(who)s", who=contact.who), contact.to_check)
        for contact in guidance.support.contacts
        if contact.to_check
    )
    yield from (
        Unchecked(_("Defence organisation: %(name)s", name=mdo.name), mdo.to_check)
        for mdo in guidance.mdos
        if mdo.to_check
    )
    for category in installation.categories.by_code.values():
        yield from _of(category)
    yield from _of_clocks(installation)
    yield from _shown_to_reporters(installation)


def _shown_to_reporters(installation: Installation) -> Iterator[Unchecked]:
    """Cards and pages of forms, each once."""
    what = _("Its telephone numbers and facts")
    cards = (card.title for card in installation.cards.by_code.values() if card.is_unchecked)
    pages = (page.title for form in installation.forms.values() for page in form.pages if page.is_unchecked)
    yield from (Unchecked(_("Card: %(title)s", title=title), what) for title in cards)
    yield from (Unchecked(_("Form: %(title)s", title=title), what) for title in dict.fromkeys(pages))


def _of(category: Category) -> Iterator[Unchecked]:
    statements = [*category.statutory, *([category.source] if category.source else [])]
    for statement in statements:
        if statement.is_unchecked:
            yield Unchecked(_("Category: %(words)s", words=category.words), statement.words)


def _of_clocks(installation: Installation) -> Iterator[Unchecked]:
    """A source on which the clocks of several workflows rest stands in the list once."""
    clocks = [clock for one in installation.workflows.values() for clock in one.clocks.values()]
    for clock in {clock.code: clock for clock in clocks if clock.is_unchecked}.values():
        yield Unchecked(_("Date: %(words)s", words=clock.label), clock.source)
