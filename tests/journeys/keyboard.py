"""Somebody who has only a keyboard: Tab, the arrows, Space, Enter and letters."""

from datetime import date
from typing import Any

from playwright.sync_api import Locator

from tests.journeys.walker import Walker

LONGEST_WAY = 90
IS_FOCUSED = "element => element === document.activeElement"
# How the focused element looks: itself, and for radios and checkboxes the mark that its label draws.
LOOKS_FOCUSED = """() => {
  const element = document.activeElement;
  const look = () => [[element, null], [element.nextElementSibling, "::before"], [element, "::before"]]
    .filter(([one]) => one)
    .map(([one, part]) => getComputedStyle(one, part))
    .map((style) => [style.outline, style.boxShadow, style.backgroundColor, style.borderColor, style.color].join())
    .join("|");
  const focused = look();
  element.blur();
  const plain = look();
  element.focus({ preventScroll: true, focusVisible: true });
  return focused !== plain;
}"""
PLACE = """() => {
  const element = document.activeElement;
  const { top, bottom, width, height } = element.getBoundingClientRect();
  const inMain = element.closest("main form") !== null;
  return {
    words: element.tagName + " " + (element.innerText || element.name || element.id),
    is_body: element === document.body,
    top: top + scrollY,
    group: element.type === "radio" ? element.name : "",
    is_in_window: bottom > 0 && top < innerHeight && width > 0 && height > 0,
    is_in_form: inMain,
  };
}"""


class KeyboardWalker(Walker):
    """Goes the same ways without a pointer. At each stop the focus must be seen, and may not jump up the form."""

    def arrives(self) -> None:
        """Judges the page, and finds the skip link first, unless the page put the focus on what went wrong."""
        super().arrives()
        if self.page.locator(".nhsuk-error-summary").count():
            assert self.page.locator(".nhsuk-error-summary").evaluate(IS_FOCUSED)
            return
        self.page.keyboard.press("Tab")
        skip = self.page.locator("a", has_text="Skip to main content")
        assert skip.evaluate(IS_FOCUSED), "the first stop is not the skip link"
        assert self.page.evaluate(LOOKS_FOCUSED)

    def skips_to_main(self) -> None:
        """Takes the skip link: the next stop is behind the header."""
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Tab")
        assert self.page.evaluate("document.activeElement.closest('main') !== null")

    def _goes_on(self, target: Locator) -> None:
        self._tabs_to(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.arrives()

    def chooses(self, *labels: str, of: str = "") -> None:
        place = self.page.get_by_role("group", name=of) if of else self.page
        for label in labels:
            self._selects(place.get_by_label(label, exact=True))

    def writes(self, label: str, text: str) -> None:
        self._types(self.page.get_by_label(label, exact=True), text)

    def picks(self, label: str, option: str) -> None:
        field = self.page.get_by_label(label, exact=True)
        self._tabs_to(field)
        self.page.keyboard.type(option)
        assert field.locator("option:checked").inner_text() == option

    def dates(self, legend: str, day: date) -> None:
        group = self.page.get_by_role("group", name=legend)
        for part, value in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
            self._types(group.get_by_label(part, exact=True), str(value))

    def _types(self, field: Locator, text: str) -> None:
        self._tabs_to(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def _selects(self, choice: Locator) -> None:
        """Reaches a group by Tab, one of its members by the arrows; Space selects the first, and checkboxes."""
        if choice.get_attribute("type") == "radio":
            self._tabs_to(self.page.locator(f"input[name='{choice.get_attribute('name')}']"))
            for _ in range(LONGEST_WAY):
                if choice.evaluate(IS_FOCUSED):
                    break
                self.page.keyboard.press("ArrowDown")
        else:
            self._tabs_to(choice)
        if not choice.is_checked():
            self.page.keyboard.press("Space")
        assert choice.is_checked()

    def _tabs_to(self, target: Locator) -> None:
        """Presses Tab until one of the elements has the focus; each stop on the way is looked at."""
        last = self._stop()
        for _ in range(LONGEST_WAY):
            if target.evaluate_all("all => all.includes(document.activeElement)"):
                return
            self.page.keyboard.press("Tab")
            here = self._stop()
            if last["is_in_form"] and here["is_in_form"]:
                assert here["top"] >= last["top"] - 2, f"from {last['words']!r} up to {here['words']!r}"
            last = here
        raise AssertionError(f"the keyboard does not reach {target}")

    def _stop(self) -> dict[str, Any]:
        place: dict[str, Any] = self.page.evaluate(PLACE)
        if not place["is_body"]:
            assert place["is_in_window"], f"the focus is out of sight: {place['words']!r}"
            assert self.page.evaluate(LOOKS_FOCUSED), f"the focus does not show: {place['words']!r}"
        return place
