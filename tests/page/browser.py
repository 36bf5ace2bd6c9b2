"""Debian's Chromium, and all that goes on in it while it looks at a page."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from tests.lab.shell import LabError, tool

WIDE = (1360, 900)
PHONE = (360, 740)
# Only who hangs waits as long as that.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
_SERIOUS = {"serious", "critical"}
# Chromium drops all that is under way when this machine gets or loses an address, and beside these
# tests others start containers.
_DISTURBED = "net::ERR_NETWORK_CHANGED"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window; it finds no host but this one."""
    program = tool("chromium")
    if program is None:
        raise LabError("chromium is not installed: python -m tests.lab.prepare --tests")
    flags = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    # Letters without coloured edges: a picture is half as large.
    flags += ["--disable-lcd-text"]
    # Its sandbox wants another user than root.
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


class Visit:
    """A page that is looked at.

    ``asked`` are the URLs of all requests. ``faults`` is what should not happen: errors and
    warnings on the console (what the page's policy forbids is told there), errors of scripts,
    dialogs. A test that brings some of that about excuses it, by a part of its words.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._context = context
        self.url = url
        self.asked: list[str] = []
        self.excused: list[str] = []
        self.faults: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("console", self._hear)
        self.page.on("dialog", self._dismiss)
        context.on("page", lambda page: self.faults.append(f"window: {page.url}"))

    def open(self) -> None:
        """Look at the page until it shows what the process says."""
        while not self._loaded():
            print(f"{self.url}: {_DISTURBED}; opened again")

    def _loaded(self) -> bool:
        """False if a part of it was lost because another test changed the machine's networks."""
        before = len(self.faults)
        try:
            self.page.goto(self.url)
        except Error as error:
            if _DISTURBED not in str(error):
                raise
            return False
        if any(_DISTURBED in fault for fault in self.faults[before:]):
            return False
        self("#link[data-state=live]").wait_for()
        return True

    def __call__(self, selector: str) -> Locator:
        """What is found by a selector."""
        return self.page.locator(selector)

    def texts(self, selector: str) -> list[str]:
        """The text of each."""
        return self.page.locator(selector).all_text_contents()

    @property
    def unexcused(self) -> list[str]:
        """Faults that no test has brought about."""
        excused = [*self.excused, _DISTURBED]
        return [fault for fault in self.faults if not any(word in fault for word in excused)]

    @property
    def strangers(self) -> list[str]:
        """Requests to another origin than the page's own."""
        own = urlsplit(self.url).netloc
        return [url for url in self.asked if urlsplit(url).netloc != own]

    def axe(self) -> list[str]:
        """Faults of accessibility that are serious or critical, as axe finds them."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{fault['id']}: {node['target']} {node['failureSummary']}"
            for fault in found
            if fault["impact"] in _SERIOUS
            for node in fault["nodes"]
        ]

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            self.faults.append(f"{said.type}: {said.text}")

    def _dismiss(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def close(self) -> None:
        """Look no more."""
        self._context.close()


def visit(
    browser: Browser, url: str, size: Sequence[int] = WIDE, *, is_dark: bool = False, scale: int = 1
) -> Visit:
    """A new visitor, who has never been there."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if is_dark else "light",
        device_scale_factor=scale,
        accept_downloads=True,
    )
    return Visit(context, url)
