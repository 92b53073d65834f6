"""A real browser against a real server, and the question whether everybody can use the page."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.infrastructure import programs

AXE = programs.ROOT / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
DESKTOP = 1280
PHONE = 320
HEIGHT = 900


class QuietHandler(WSGIRequestHandler):
    """Serves without a line for each request."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  Werkzeug's own name
        """Says nothing."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address of the application while the block runs, served by threads of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, name="test server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """One Chromium; each test gets a context of its own from it."""
    executable = programs.chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Somebody with a browser of their own, who notes every fault that a developer's console would show."""

    def __init__(self, browser: Browser, address: str, *, width: int, scripts: bool) -> None:
        self.address = address
        self.faults: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": HEIGHT},
            java_script_enabled=scripts,
            locale="en-GB",
            timezone_id="Europe/London",
            reduced_motion="reduce",
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script failed: {error}"))
        self.context.on("request", self._note_request)

    def close(self) -> list[str]:
        """Ends the visit; answers what went wrong in it."""
        self.context.close()
        return self.faults

    def _note_console(self, message: ConsoleMessage) -> None:
        # Chromium writes a line for each answer of 400 and above; tests of those expect it.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.faults.append(f"left the machine: {request.url}")


def axe(page: Page) -> list[str]:
    """What axe finds against WCAG 2.0 to 2.2 A and AA and its best practices, a line for each place."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe_source(AXE))
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {violation['help']}: {' '.join(map(str, node['target']))}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def _axe_source(path: Path) -> str:
    return f"{path.read_text(encoding='utf-8')}\nundefined"


def cut_off_at_the_left(page: Page) -> list[str]:
    """Open menus and their like that begin left of the window, where nobody can scroll to."""
    return page.evaluate(_CUT_OFF)  # type: ignore[no-any-return]  # whatever the script answers


_CUT_OFF = """() => [...document.querySelectorAll("main details")].flatMap((folded) => {
    const before = folded.open;
    folded.open = true;
    const out = [...folded.querySelectorAll(":scope > :not(summary)")]
        .filter((shown) => shown.getBoundingClientRect().left < 0);
    folded.open = before;
    return out.map((shown) => shown.textContent.trim().slice(0, 60));
})"""


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wider
