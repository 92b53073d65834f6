"""What every page must be: strict HTML5, one heading, labels, nothing inline, nothing from elsewhere."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib

FIELDS = frozenset({"input", "select", "textarea"})
WITHOUT_LABEL = frozenset({"hidden", "submit", "button", "image", "reset"})
LOADED = (("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("form", "action"))


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed page. Parsing raises html5lib's ParseError for the first thing that is not HTML5."""

    root: Element

    @classmethod
    def parse(cls, html: str) -> "Page":
        """The page, by the strict rules of HTML5."""
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        root: Element = parser.parse(html)
        return cls(root)

    def all(self, *tags: str) -> Iterator[Element]:
        """The elements with one of these tags, in document order."""
        return (element for element in self.root.iter() if element.tag in tags)

    def text(self) -> str:
        """What a person reads in the body, spaces collapsed."""
        return " ".join(text_of(next(self.all("body"))).split())

    def faults(self) -> list[str]:
        """What is wrong with the page, in words; empty for a good one."""
        return [
            *self._about_headings(),
            *self._about_ids(),
            *self._about_labels(),
            *self._about_inline(),
            *self._about_elsewhere(),
            *self._about_forms(),
        ]

    def _about_headings(self) -> Iterator[str]:
        if not any(text_of(title).strip() for title in self.all("title")):
            yield "no title"
        if not next(self.all("html")).get("lang"):
            yield "no language"
        headings = sum(1 for _ in self.all("h1"))
        if headings != 1:
            yield f"{headings} h1 headings"

    def _about_ids(self) -> Iterator[str]:
        counted = Counter(value for element in self.root.iter() if (value := element.get("id")))
        yield from (f"id {value!r} {count} times" for value, count in counted.items() if count > 1)
        for element in self.root.iter():
            for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
                for value in element.get(attribute, "").split():
                    if value not in counted:
                        yield f"{attribute} points at {value!r}, which is not there"

    def _about_labels(self) -> Iterator[str]:
        labelled = {label.get("for") for label in self.all("label") if text_of(label).strip()}
        wrapped = {id(field) for label in self.all("label") for field in label.iter() if field.tag in FIELDS}
        for field in self.all(*FIELDS):
            named = field.get("aria-label") or field.get("aria-labelledby")
            needs_no_label = field.tag == "input" and field.get("type") in WITHOUT_LABEL
            if not (named or needs_no_label or id(field) in wrapped or field.get("id") in labelled):
                yield f"no label for {field.get('name')!r}"

    def _about_inline(self) -> Iterator[str]:
        yield from ("a style element" for _ in self.all("style"))
        for script in self.all("script"):
            if not script.get("src") or text_of(script).strip():
                yield "an inline script"
        for element in self.root.iter():
            yield from (
                f"inline {name} on {element.tag}" for name in element.attrib if _is_inline(element, name)
            )

    def _about_elsewhere(self) -> Iterator[str]:
        for tag, attribute in LOADED:
            for element in self.all(tag):
                if urlsplit(element.get(attribute, "")).netloc:
                    yield f"{tag} reaches elsewhere: {element.get(attribute)}"

    def _about_forms(self) -> Iterator[str]:
        for form in self.forms():
            if form.method == "post" and "csrf_token" not in form.fields:
                yield f"a form without csrf_token: {form.action!r}"

    def forms(self) -> "list[Form]":
        """Every form of the page, in document order."""
        return [Form.read(element) for element in self.all("form")]


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a browser without scripts would send it: each name with its present values.

    ``buttons`` holds the named buttons in document order; whoever presses Enter presses the first.
    """

    action: str
    method: str
    fields: dict[str, list[str]]
    buttons: list[tuple[str, str]]

    @classmethod
    def read(cls, element: Element) -> "Form":
        """The form and what its fields hold now."""
        fields: dict[str, list[str]] = {}
        for field in element.iter():
            if field.tag in FIELDS and field.get("name"):
                fields.setdefault(field.attrib["name"], []).extend(_present_values(field))
        return cls(element.get("action", ""), element.get("method", "get").lower(), fields, _buttons(element))

    def asks_for(self, names: Collection[str]) -> bool:
        """Whether a person could give these names a value here."""
        return set(names) <= {*self.fields, *(name for name, _ in self.buttons)}

    def filled(self, answers: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """What the form sends once these answers replace what it shows."""
        pressed = {} if any(name in answers for name, _ in self.buttons) else dict(self.buttons[:1])
        chosen = {name: [value] for name, value in pressed.items()} | self.fields | dict(answers)
        return {name: values for name, values in chosen.items() if values}


def _buttons(form: Element) -> list[tuple[str, str]]:
    return [
        (element.attrib["name"], element.get("value", ""))
        for element in form.iter()
        if element.get("name")
        and (element.tag == "button" or (element.tag == "input" and element.get("type") == "submit"))
    ]


def _is_inline(element: Element, attribute: str) -> bool:
    value = element.attrib[attribute].strip().lower()
    return attribute == "style" or attribute.startswith("on") or value.startswith("javascript:")


def _present_values(field: Element) -> list[str]:
    if field.tag == "select":
        return _chosen(field)
    if field.tag == "textarea":
        return [text_of(field)]
    kind = field.get("type", "text")
    if kind in {"submit", "button", "image", "file", "reset"}:
        return []
    if kind in {"checkbox", "radio"}:
        return [field.get("value", "on")] if "checked" in field.attrib else []
    return [field.get("value", "")]


def _chosen(select: Element) -> list[str]:
    options = [(option.get("value", text_of(option)), option) for option in select.iter("option")]
    chosen = [value for value, option in options if "selected" in option.attrib]
    if chosen or "multiple" in select.attrib:
        return chosen
    return [value for value, _ in options[:1]]


def text_of(element: Element) -> str:
    """All text inside an element."""
    return "".join(element.itertext())
