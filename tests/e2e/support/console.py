"""The console in a tab: what a person does there, and what must never happen meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

from tests.e2e.support.stack import OPS

Colours = Literal["light", "dark"]

WIDE = (1280, 900)
NARROW = (375, 800)
LOCAL = ("data:", "blob:")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]
STILL = "*, *::before, *::after { animation: none !important; transition: none !important; }"


@dataclass
class Console:
    """One tab, and whoever is signed in there."""

    url: str
    page: Page
    calls: list[str] = field(default_factory=list)
    """URLs of everything that the page asked for."""
    changes: list[str] = field(default_factory=list)
    """What of it was more than a question: method, URL and body. A dry run is a question."""
    faults: list[str] = field(default_factory=list)
    """What the page said as an error or a warning, what it threw, and requests to elsewhere."""

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.url}/console{path}")

    def sign_in(self, secret: str = OPS) -> None:
        """By the form, at whatever address one is."""
        self.page.get_by_label("Token").fill(secret)
        self.button("Sign in").click()

    def button(self, name: str | re.Pattern[str]) -> Locator:
        found: Locator = self.page.get_by_role("button", name=name, exact=True)
        return found

    def heading(self, name: str | re.Pattern[str]) -> Locator:
        found: Locator = self.page.get_by_role("heading", name=name)
        return found

    @property
    def dialog(self) -> Locator:
        found: Locator = self.page.get_by_role("dialog")
        return found

    @property
    def path(self) -> str:
        """What follows /console in the address bar."""
        address: str = self.page.url
        return address.removeprefix(f"{self.url}/console")

    def overflow(self) -> int:
        """Pixels by which the page is wider than the screen."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return wider

    def violations(self) -> list[str]:
        """What axe finds on the page as it stands, in light, and in dark as far as colours go."""
        # A colour on its way to another is neither.
        self.page.evaluate(
            "css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);"
            " document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]; }",
            STILL,
        )
        self.page.evaluate(Axe().axe_script)
        self.page.emulate_media(color_scheme="light")
        found = [f"light: {one}" for one in self._axe(RULES)]
        self.page.emulate_media(color_scheme="dark")
        return [*found, *(f"dark: {one}" for one in self._axe(OF_COLOUR))]

    def _axe(self, rules: list[str]) -> list[str]:
        found = self.page.evaluate(
            "rules => axe.run({runOnly: rules, resultTypes: ['violations']})", rules
        )
        return [
            f"{one['id']}: {[node['target'] for node in one['nodes']][:3]} {one['help']}"
            for one in found["violations"]
        ]

    def forgive(self, pattern: str) -> None:
        """What a test brings about on purpose, such as an answer 401, is no fault."""
        self.faults = [fault for fault in self.faults if not re.search(pattern, fault)]

    def _watch(self) -> None:
        def said(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                where = message.location["url"]
                self.faults.append(f"{message.type}: {message.text} {where}")

        def asked(request: Request) -> None:
            self.calls.append(request.url)
            body = request.post_data or ""
            if request.method not in {"GET", "HEAD"} and '"dryRun":true' not in body:
                self.changes.append(f"{request.method} {request.url} {body}")
            if not request.url.startswith((f"{self.url}/", *LOCAL)):
                self.faults.append(f"a request to elsewhere: {request.url}")

        self.page.on("console", said)
        self.page.on("pageerror", lambda error: self.faults.append(f"thrown: {error}"))
        self.page.on("request", asked)


@contextmanager
def visit(
    browser: Browser,
    url: str,
    secret: str | None = OPS,
    *,
    colours: Colours = "light",
    size: tuple[int, int] = WIDE,
) -> Iterator[Console]:
    """A tab of a browser that has never been here; signed in unless ``secret`` is None."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=colours,
        timezone_id="Europe/Berlin",
        locale="en-GB",
    )
    context.set_default_timeout(15_000)
    try:
        if secret is not None:
            answer = context.request.post(f"{url}/api/session", data={"token": secret})
            assert answer.ok, answer.text()
        console = Console(url, context.new_page())
        console._watch()
        yield console
        assert console.calls, "the tab has not been used"
        assert console.faults == [], console.faults
    finally:
        context.close()
