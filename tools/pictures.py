"""The pictures of the README, taken out of a demonstration that runs: ``python tools/pictures.py ADDRESS PASSWORD``.

Begin with a fresh ``comms demo``; its last screen names both. A letter is scanned on the way, and taken back.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
CHROMIUM = "/usr/bin/chromium-headless-shell"


def main(address: str, password: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = signed_in(browser, address, "park", password, DESKTOP)
        take(page, "home")
        page.goto("/worklists/replies")
        take(page, "replies")
        asks = page.get_by_role("row").filter(has_text="my hours got cut")
        record = asks.get_by_role("rowheader").get_by_role("link").get_attribute("href") or "/"
        page.goto(record)
        take(page, "account")
        page.goto("/worklists/approvals")
        page.get_by_role("link", name="Run of").click()
        take(page, "campaign")
        page.goto("/reports")
        take(page, "reports")
        page.goto("/mail")
        letters = page.get_by_role("row").filter(has=page.get_by_text("mailed", exact=True)).get_by_role("link")
        scan(page, letters.last.inner_text())
        phone = signed_in(browser, address, "reyes", password, PHONE)
        phone.goto(record)
        take(phone, "account-phone")
        browser.close()


def signed_in(browser: Browser, address: str, username: str, password: str, size: dict[str, int]) -> Page:
    page = browser.new_context(viewport=size, base_url=address).new_page()  # type: ignore[arg-type]
    page.goto("/sign-in")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")
    return page


def scan(page: Page, batch: str) -> None:
    """Three letters of a batch come back; the page with them."""
    page.goto("/mail/returned/scan")
    page.get_by_label("What is printed on it").select_option("NSN")
    for number in (5, 6, 7):
        page.get_by_label("Number of the piece").fill(f"{batch}-{number:05d}")
        page.keyboard.press("Enter")
        page.locator("#scanned td[data-name=Piece]", has_text=f"{batch}-{number:05d}").wait_for()
    take(page, "mail")
    rows = page.locator("#scanned tbody")
    while rows.get_by_role("button", name="Undo").count():
        rows.get_by_role("button", name="Undo").first.click()
        page.get_by_text("is taken back").first.wait_for()
        page.goto("/mail/returned/scan")


def take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
