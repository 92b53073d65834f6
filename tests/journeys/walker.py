"""Somebody who finds their way by what they read: links, buttons and fields by their words, never by their names."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from itertools import count

from playwright.sync_api import Locator, Page, Route

from app.services.casting import Employed
from tests.factories import PASSWORD
from tests.infrastructure.browser import DESKTOP, HEIGHT, PHONE, axe, cut_off_at_the_left, scrolls_sideways

CHANGING = re.compile(
    r'name="csrf_token"[^>]*value="[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|C-\w{4}-\w{4}-\w'
)
PATIENCE = 15_000  # milliseconds; only a missing element is ever waited for so long
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)


class Inspector:
    """Judges a page at both widths: whether axe finds something in it, and whether it scrolls sideways."""

    def __init__(self, visit: Callable[..., Page], known_good: set[str]) -> None:
        self._visit = visit
        self._known_good = known_good
        self._number = count()

    @cached_property
    def _desk(self) -> Page:
        """Where pages without scripts are looked at: axe itself needs them."""
        return self._visit()

    def judge(self, page: Page, *, scripts: bool) -> None:
        """Fails with everything that keeps somebody from using the page."""
        html = page.content()
        fingerprint = sha256(f"{scripts} {CHANGING.sub('', html)}".encode()).hexdigest()
        if fingerprint in self._known_good:
            return
        shown = page if scripts else self._laid_out(html, page.url)
        assert self._faults(shown) == [], page.url
        self._known_good.add(fingerprint)

    def _faults(self, page: Page) -> list[str]:
        """What is wrong at 320 and at 1280 pixels; the window is left as it was."""
        before = page.viewport_size
        faults = []
        for width in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            faults += [f"{width} px: {fault}" for fault in axe(page)]
            faults += [f"{width} px: cut off at the left: {words}" for words in cut_off_at_the_left(page)]
            faults += [f"{width} px: scrolls sideways"] if scrolls_sideways(page) else []
        if before is not None:
            page.set_viewport_size(before)
        return faults

    def _laid_out(self, html: str, url: str) -> Page:
        """The same page as a browser without scripts lays it out, in one that can run axe."""

        def answer(route: Route) -> None:
            route.fulfill(body=SCRIPT.sub("", html), content_type="text/html; charset=utf-8")

        address = f"{url.split('?', maxsplit=1)[0]}?look={next(self._number)}"
        self._desk.route(address, answer)
        self._desk.goto(address)
        return self._desk


@dataclass
class Walker:
    """One person at a browser. Every page that they come to is judged before they go on."""

    page: Page
    inspector: Inspector = field(repr=False)
    scripts: bool = True

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)

    def goes_to(self, path: str) -> None:
        """Types an address."""
        self.page.goto(path)
        self.arrives()

    def arrives(self) -> None:
        """Has come to a page."""
        self.inspector.judge(self.page, scripts=self.scripts)

    def follows(self, words: str) -> None:
        """Takes the first link with these words."""
        link = self.page.locator("a", has_text=words).first
        assert link.count(), f"no link {words!r} on {self.page.url}: {self.text}"
        self._opened_to(link)
        self._goes_on(link)

    def presses(self, words: str = "Continue") -> None:
        """Presses a button."""
        button = self.page.get_by_role("button", name=words, exact=True).first
        assert button.count(), f"no button {words!r} on {self.page.url}: {self.text}"
        self._goes_on(button)

    def _goes_on(self, target: Locator) -> None:
        with self.page.expect_navigation():
            target.click()
        self.arrives()

    def _opened_to(self, target: Locator) -> None:
        """Opens the menu in which a link is kept."""
        if not target.is_visible():
            self.page.locator("details", has=target).last.locator("summary").click()

    def opens(self, summary: str) -> None:
        """Opens what a page keeps folded, and has it judged."""
        self.page.locator("summary", has_text=summary).first.click()
        self.arrives()

    def chooses(self, *labels: str, of: str = "") -> None:
        """Ticks or selects by label, in the group with the legend ``of`` where several have such a label."""
        place = self.page.get_by_role("group", name=of) if of else self.page
        for label in labels:
            assert place.get_by_label(label, exact=True).count(), f"no choice {label!r}: {self.text}"
            place.get_by_label(label, exact=True).check()

    def writes(self, label: str, text: str) -> None:
        """Writes into the field with this label."""
        self.page.get_by_label(label, exact=True).fill(text)

    def picks(self, label: str, option: str) -> None:
        """Picks from a native list."""
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def dates(self, legend: str, day: date) -> None:
        """Writes a day in three parts."""
        group = self.page.get_by_role("group", name=legend)
        for part, value in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
            group.get_by_label(part, exact=True).fill(str(value))

    def answers(self, *labels: str, of: str = "") -> None:
        """Selects and continues."""
        self.chooses(*labels, of=of)
        self.presses()

    def is_told(self, *errors: str) -> None:
        """Reads the summary of what is wrong, and each line again beside its field."""
        summary = self.page.locator(".nhsuk-error-summary__list li").all_inner_texts()
        assert summary == list(errors), summary
        beside = self.page.locator(".nhsuk-error-message").all_inner_texts()
        assert [text.removeprefix("Error:").strip() for text in beside] == list(errors), beside
        assert self.page.title().startswith("Error: ")

    def signs_in(self, who: Employed) -> None:
        """From the start page to their own."""
        self.goes_to("/")
        self.follows("Sign in")
        self.proves(who)

    def proves(self, who: Employed) -> None:
        """Enters address and password."""
        self.writes("E-mail address", who.email)
        self.writes("Password", PASSWORD)
        self.presses("Sign in")

    @property
    def heading(self) -> str:
        """What the page is called."""
        return self.page.locator("h1").inner_text()

    @property
    def text(self) -> str:
        """What a person reads, spaces collapsed."""
        return " ".join(self.page.locator("body").inner_text().split())

    @property
    def status(self) -> int:
        """The code with which the present address answers."""
        answer = self.page.request.get(self.page.url, max_redirects=0)
        return answer.status
