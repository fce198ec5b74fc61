"""Looking at a page: axe-core, and what axe does not look at (``looking.js``)."""

from pathlib import Path

from playwright.sync_api import Page

from tests.desk import chromium

LOOKING = (Path(__file__).parent / "looking.js").read_text("utf-8")
ZOOMED = {"width": 640, "height": 450}
"""A window of 1280 by 900 at 200 percent."""
SMALLEST = {"width": 320, "height": 640}
"""1280 pixels at 400 percent (WCAG 2.1, 1.4.10)."""
TO_BE_SEEN = "outline, or a shadow"


def complaints(page: Page) -> list[str]:
    """Everything that is wrong with the page that stands there, at every size."""
    page.set_viewport_size(chromium.DESKTOP)
    found = [f"at 1280: {each}" for each in chromium.violations(page)]
    found += ask(page, "frame", "width", "cut", "targets", "labels")
    page.keyboard.press("Tab")
    found += ask(page, "focus")
    ask(page, "open")
    page.set_viewport_size(ZOOMED)
    found += [f"at 200 %: {each}" for each in ask(page, "width", "cut")]
    page.set_viewport_size(chromium.PHONE)
    found += [
        f"at 390: {each}" for each in (*chromium.violations(page), *ask(page, "width", "cut", "targets", "focus"))
    ]
    page.set_viewport_size(SMALLEST)
    found += [f"at 320: {each}" for each in ask(page, "width", "cut")]
    ask(page, "spaced")
    found += [f"with letters apart: {each}" for each in ask(page, "width", "cut")]
    ask(page, "unspaced")
    return found


def ask(page: Page, *what: str) -> list[str]:
    """Call functions of ``looking.js``; what they say together."""
    names = ", ".join(f'"{each}"' for each in what)
    return list(
        page.evaluate(f"() => {{ const look = {LOOKING}; return [{names}].flatMap(name => look[name]() ?? []); }}")
    )
