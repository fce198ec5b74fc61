"""Somebody at a browser who does what docs/desk.md says: presses what is on the screen by its words, and remembers what
the pages showed."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Download, Locator, Page

from tests.desk import chromium


@dataclass
class Clerk:
    """The seven tasks, each as the handbook tells it. ``seen`` is all that the pages said meanwhile,
    ``too_wide`` are those that did not fit the screen."""

    page: Page
    seen: list[str] = field(default_factory=list)
    too_wide: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Remember what can be read now, and whether the page fits."""
        self.seen.append(self.page.inner_text("body"))
        if chromium.overflow(self.page):
            self.too_wide.append(self.page.url)

    def reads(self, words: str) -> Locator:
        """Wait until the words can be read, and look around."""
        found = self.page.get_by_text(words).filter(visible=True).first
        found.wait_for()
        self.look()
        return found

    def menu(self, word: str) -> None:
        """A word of the line along the top, which a phone has behind Menu."""
        bar, menu = self.page.get_by_role("banner"), self.page.get_by_role("button", name="Menu")
        self.look()
        if menu.is_visible():
            menu.click()
            self.look()
        if word == "Sign out":
            bar.get_by_role("button", name=word).click()
        else:
            bar.get_by_role("link", name=word).click()
            bar.locator("[aria-current=page]", has_text=word).wait_for(state="attached")
        self.look()

    def press(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("link", name=name).first.click()

    def sign_in(self, username: str, password: str) -> None:
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.look()
        self.press("Sign in")
        self.reads("for a person")

    def find(self, name: str) -> None:
        """Task 1: look at who has written, go home, and find one of them by name."""
        self.follow("Replies that need a person")
        self.reads(name)
        self.menu("Home")
        self.page.get_by_role("searchbox").fill(name)
        self.page.get_by_role("button", name="Find").click()
        self.reads("Service address")
        self.follow(name)
        self.reads("Contact history")

    def read_the_history(self, words: str) -> str:
        """Task 2: what was said, the letters alone, and everything again."""
        history = self.page.get_by_role("region", name="Messages, letters, calls, payments and notes, oldest first")
        self.reads(words)
        only = self.page.get_by_role("list", name="Show only")
        only.get_by_role("link", name="Letters").click()
        only.locator("[aria-current=true]", has_text="Letters").wait_for()
        self.look()
        only.get_by_role("link", name="All", exact=True).click()
        self.reads(words)
        return history.inner_text()

    def answer(self, name: str, words: str) -> None:
        """Task 3: from the list to the customer; a look at the saved replies; words of one's own."""
        self.menu("Home")
        self.follow("Replies that need a person")
        self.reads("the most urgent first")
        self.follow(name)
        self.reads("Contact history")
        self.page.locator("summary", has_text="Saved replies").click()
        saved = self.page.locator("details.saved").get_by_role("button")
        saved.first.wait_for()
        self.look()
        saved.first.click()
        assert self.page.get_by_label("Text to").input_value()
        self.page.get_by_label("Text to").fill(words)
        self.press("Send text")
        self.reads("Take it back")

    def record_a_promise(self) -> None:
        """Task 4: half of it, on the first day that is offered, by text; then on to the next matter."""
        self.follow("Record a promise")
        self.page.get_by_label("The customer pays").wait_for()
        self.look()
        form = self.page.locator(".act")
        form.get_by_role("button", name="Half").first.click()
        form.locator("[data-fill=day-1]").first.click()
        self.page.get_by_label("It was said").select_option(label="By text")
        self.press("Record the promise")
        self.reads("Recorded")
        self.press("Resolve and next")
        self.reads("Resolved")

    def scan(self, why: str) -> str:
        """Task 5: as there is no paper, the number of a letter that was mailed, from its batch; whose letter it was."""
        self.menu("Mail")
        self.reads("All batches")
        mailed = self.page.get_by_role("row").filter(has=self.page.get_by_text("mailed", exact=True)).last
        batch = mailed.get_by_role("link").inner_text()
        mailed.get_by_role("link").click()
        self.reads("Letters in it")
        letters = self.page.get_by_role("table", name="Letters in the batch").get_by_role("row")
        letter = letters.filter(has=self.page.get_by_text("Mailed", exact=True)).first
        whose = letter.get_by_role("link").first.inner_text()
        number = int(letter.get_by_role("link").last.inner_text().partition(",")[0])
        self.menu("Mail")
        self.follow("Scan returned mail")
        self.page.get_by_label("What is printed on it").select_option(label=why)
        *_, day, count = batch.split("-")
        self.page.get_by_label("Number of the piece").fill(f"{day}-{int(count)}-{number}")
        self.page.keyboard.press("Enter")
        self.reads("The letter counts as not delivered")
        return whose

    def sign_out(self) -> None:
        self.menu("Sign out")
        self.reads("User name")

    def approve_and_let_go(self) -> str:
        """Task 6: look the run through, approve it, type what the page says; what was typed."""
        self.follow("Approvals")
        self.reads("Runs, policies and lists")
        self.follow("Run of")
        self.reads("What is different from the run before")
        self.press("Approve this run")
        label = self.reads("To let it go, type").inner_text()
        phrase = label.partition("type ")[2].strip()
        self.page.get_by_label("To let it go, type").fill(phrase)
        self.press("Let the run go")
        self.reads("looked at again")
        return phrase

    def export(self, first: str, last: str, folder: Path) -> Path:
        """Task 7: everything from ``first`` to ``last``, as Excel; the file."""
        self.menu("Reports")
        self.reads("Export the correspondence log")
        self.follow("Export the correspondence log")
        self.page.get_by_label("From").fill(first)
        self.page.get_by_label("To", exact=True).fill(last)
        self.page.get_by_label("Everything").check()
        self.page.get_by_label("Excel").check()
        self.press("Export")
        self.reads("Download Excel")
        with self.page.expect_download() as waiting:
            self.follow("Download Excel")
        return self._kept(waiting.value, folder)

    @staticmethod
    def _kept(download: Download, folder: Path) -> Path:
        path = folder / download.suggested_filename
        download.save_as(path)
        return path
