"""A real Chromium for the tests of the pages, and the desk served to it."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from tests.desk import story

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
PLACES = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def chromium_path() -> str:
    """The browser to drive: ``CHROMIUM``, or Debian's. Without one the tests are skipped, but fail where CI=true."""
    for place in (os.environ.get("CHROMIUM", ""), *PLACES):
        if place and Path(place).is_file():
            return place
    message = f"no Chromium: install chromium-headless-shell, or name one in CHROMIUM (looked at {', '.join(PLACES)})"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a free port of the loopback, for as long as the block lasts; yields its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)


def window(browser: Browser, address: str, size: ViewportSize = DESKTOP, **more: Any) -> tuple[Page, list[str]]:
    """A page of its own on what is served there, and what the browser's console complains of on it."""
    context = browser.new_context(viewport=size, base_url=address, **more)
    # The pages that watch ask every ten seconds while nothing moves.
    context.set_default_timeout(30_000)
    page, complaints = context.new_page(), []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def signed_in(
    browser: Browser, address: str, size: ViewportSize = DESKTOP, who: str = "park", to: str = "/", **more: Any
) -> tuple[Page, list[str]]:
    """The same, of somebody of the story who has given name and password and was led ``to``."""
    page, complaints = window(browser, address, size, **more)
    page.goto("/sign-in")
    page.fill("#username", who)
    page.fill("#password", story.PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{address}{to}")
    return page, complaints


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA: one line each, with the first place."""
    page.evaluate(AXE)
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
        ".then(r => r.violations.map(v => `${v.id}: ${v.help} (${v.nodes.length}) ${v.nodes[0].html.slice(0, 160)}"
        " ${v.nodes[0].failureSummary}`))"
    )
    return list(found)


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
