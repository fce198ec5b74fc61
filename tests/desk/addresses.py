"""An example for every address of the desk: pages, the parts that are brought into them, mails in their frames, files.

``PAGES`` are looked at, each with the parts (rules of the URL map) that it must bring. ``MAILS`` are documents of their
own in a frame. ``FILES`` are no HTML, ``ONWARD`` leads to another page. What stands nowhere here was not looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from playwright.sync_api import Page

from comms import reports
from comms.desk.worklists.lists import LISTS
from tests.desk import full_house, story
from tests.desk.mail import mail_story

MARIA, OLE = f"/accounts/{story.MARIA}", "/accounts/0000911-01"
LONG = f"/accounts/{full_house.LONG}"
POLICY = f"/campaigns/policies/{full_house.POLICY}"
BATCH = f"/mail/batches/{mail_story.FRESH}"
NOTICE = "/notices/disconnect-notice"
NOVEMBER = "from=2026-11-01&to=2026-11-30"
SHUT_OFF = "/campaigns/shutoff/lists/shutoff-2026-12-22"


@dataclass(frozen=True)
class Example:
    """A page: who looks at it (nobody: not signed in), what is done there first, and which parts it brings by then."""

    path: str
    who: str = "admin"
    brings: tuple[str, ...] = ()
    act: Callable[[Page], None] | None = None


def presses(label: str) -> Callable[[Page], None]:
    """Press a button, and wait for what comes back."""

    def act(page: Page) -> None:
        page.locator("main").get_by_role("button", name=label, exact=True).first.click()
        page.wait_for_load_state("networkidle")

    return act


def clicks(selector: str, wanted: str) -> Callable[[Page], None]:
    """Click what is chosen, and wait for ``wanted``."""

    def act(page: Page) -> None:
        page.locator(selector).first.click()
        page.wait_for_selector(wanted)

    return act


def waits(address: str) -> Callable[[Page], None]:
    """Wait until the page has asked for this by itself."""

    def act(page: Page) -> None:
        with page.expect_response(address):
            pass

    return act


def asks_for_more(page: Page) -> None:
    """What a record asks for by itself, again and again."""
    for part in ("newer", "others"):
        with page.expect_response(f"**/{part}*"):
            page.evaluate(f"htmx.trigger('#{part}', 'now')")


def signs_in(username: str, password: str = story.PASSWORD) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.fill("#username", username)
        page.fill("#password", password)
        page.press("#password", "Enter")
        page.wait_for_load_state("networkidle")

    return act


PAGES: dict[str, Example] = {
    "home": Example("/"),
    "home of a clerk": Example("/", "park"),
    "home of somebody with a long name": Example("/", full_house.LONG_USER),
    "lists": Example("/worklists"),
    **{f"list {each.slug}": Example(f"/worklists/{each.slug}") for each in LISTS},
    "replies, mine": Example("/worklists/replies?who=mine"),
    "set aside": Example("/worklists/failed-notices?state=aside"),
    "one's, of one kind": Example("/worklists/runs-and-mail?who=user:park&kind=mail_batch"),
    "promises due": Example("/worklists/promises-due"),
    "no promises due": Example("/worklists/promises-due?when=grace"),
    "holds ending": Example("/worklists/holds-ending"),
    "until when": Example("/tasks/snooze?task=1"),
    "found": Example("/find?q=larson"),
    "found one": Example("/find?q=delgado"),
    "found in messages": Example("/find?q=dividir"),
    "found too long": Example(f"/find?q={full_house.ENDLESS[:40]}"),
    "found nothing": Example("/find?q=zebra"),
    "account": Example(MARIA, brings=("/accounts/<number>/stage",)),
    "account of a task": Example(f"{MARIA}?task=1", "park"),
    "account of a task, as supervisor": Example(f"{MARIA}?task=1"),
    "account of a task set aside": Example("/accounts/0000404-04?task=5"),
    "account, saved replies": Example(MARIA, act=clicks("#saved summary", "#saved button")),
    "account, act beside it": Example(OLE, act=clicks("text=Place a hold", "#action .act")),
    "account, newer": Example(
        MARIA, brings=("/accounts/<number>/newer", "/accounts/<number>/others"), act=asks_for_more
    ),
    "account, note": Example(f"{MARIA}?write=note"),
    "account, letters": Example(f"{MARIA}?show=letters"),
    "account, narrowed to nothing": Example(f"{MARIA}?words=zebra&from=2026-01-01"),
    "account, every step": Example(f"{MARIA}?steps=all"),
    "account, hostile": Example("/accounts/0000666-13"),
    "account, too long": Example(LONG),
    "account, chatty": Example("/accounts/0000555-50"),
    "account, opted out": Example("/accounts/0000210-02"),
    "account, wrong number": Example("/accounts/0000404-04"),
    "account, no phone": Example("/accounts/0000000-77"),
    "account, bankrupt": Example("/accounts/0000711-11"),
    "account in a policy": Example("/accounts/0003103-03", brings=("/accounts/<number>/stage",)),
    "print": Example(f"{LONG}/print"),
    "print of nothing": Example(f"{MARIA}/print?words=zebra"),
    "letter as it was printed": Example("/accounts/0003106-06/messages/7"),
    "email as it was sent": Example("/accounts/0003105-05/messages/6"),
    "promise": Example(f"{OLE}/promise"),
    "promise, with an error": Example(f"{OLE}/promise", act=presses("Record the promise")),
    "promise of nothing": Example("/accounts/0000404-04/promise"),
    "one promise": Example(f"{MARIA}/promises/1"),
    "arrangement": Example(f"{OLE}/arrangement"),
    "hold": Example(f"{OLE}/hold"),
    "one hold": Example(f"{MARIA}/holds/7"),
    "log a call": Example(f"{MARIA}/log?how=talked"),
    "log a call, with an error": Example(f"{MARIA}/log?how=talked", act=presses("Put it into the history")),
    "notice": Example(f"{MARIA}/notice", brings=("/accounts/<number>/notice/checks",)),
    "notice with nothing to say": Example(f"{OLE}/notice?notice=payment-received"),
    "consent": Example(f"{MARIA}/consent"),
    "consent, no address": Example("/accounts/0000000-77/consent"),
    "copies": Example(f"{OLE}/copies"),
    "why": Example(f"{MARIA}/why"),
    "why, too long": Example(f"{LONG}/why"),
    "address": Example(f"/accounts/{mail_story.INGRID}/address"),
    "trail": Example(f"{MARIA}/audit"),
    "campaigns": Example("/campaigns"),
    "run that waits": Example("/campaigns/2"),
    "run under way": Example("/campaigns/3", brings=("/campaigns/<int:run_id>/progress",), act=waits("**/progress?*")),
    "run that is done": Example("/campaigns/1"),
    "run, samples": Example("/campaigns/2/samples"),
    "run, accounts": Example("/campaigns/2/accounts?outcome=contact"),
    "run, accounts left alone": Example("/campaigns/1/accounts?outcome=waiting"),
    "run, differences": Example("/campaigns/2/differences"),
    "run, differences of one kind": Example("/campaigns/2/differences?change=gone"),
    "policies": Example("/campaigns/policies"),
    "policy": Example(f"{POLICY}/2"),
    "policy, older": Example(f"{POLICY}/1"),
    "policies compared": Example(f"{POLICY}/2/compare?with=1"),
    "experiment": Example(f"{POLICY}/experiment"),
    "experiment of nothing": Example("/campaigns/policies/nothing/experiment"),
    "move": Example("/campaigns/moves/1"),
    "move that is not there": Example("/campaigns/moves/99"),
    "shut-off": Example("/campaigns/shutoff"),
    "shut-off list": Example(SHUT_OFF),
    "shut-off, who passes": Example("/campaigns/shutoff/propose"),
    "shut-off, turning on": Example("/campaigns/shutoff/propose?kind=reconnect"),
    "notices": Example("/notices"),
    "notice, its words": Example(f"{NOTICE}?worst=1&checks=1", brings=("/notices/<name>/<language>/letter",)),
    "notice, checked by itself": Example("/notices/final-notice", brings=("/notices/<name>/checks",)),
    "notice, compared": Example(f"/notices/past-due-reminder/compare?with={full_house.OLDER}"),
    "mail": Example("/mail"),
    "batch": Example(BATCH),
    "batch that is mailed": Example(f"/mail/batches/{mail_story.MAILED}"),
    "proof": Example(f"{BATCH}/proof", brings=("/mail/batches/<name>/letters/<int:seq>",)),
    "returned": Example("/mail/returned"),
    "scan": Example("/mail/returned/scan"),
    "scan a piece": Example(f"/mail/returned/scan?piece={mail_story.FIRST}&reason=NSN"),
    "which letter": Example("/mail/returned/find?q=halvorsen"),
    "which letter, nothing": Example("/mail/returned/find?q=zebra"),
    "reports": Example(f"/reports?{NOVEMBER}"),
    **{f"report {name}": Example(f"/reports/{name}?{NOVEMBER}") for name in reports.REPORTS},
    "report of nothing": Example("/reports/sent?from=2020-01-01&to=2020-01-31"),
    "report, with an error": Example("/reports/sent?from=2026-11-30&to=2026-11-01"),
    "log": Example("/reports/log"),
    "log, with an error": Example("/reports/log", act=presses("Export")),
    "log, being made": Example("/reports/log", "osei", ("/reports/log/files",), waits("**/reports/log/files")),
    "me": Example("/me"),
    "my codes": Example("/me/codes"),
    "my codes, being set up": Example("/me/codes", full_house.LONG_USER, act=clicks("main button", ".qr")),
    "staff": Example("/staff"),
    "colleague": Example("/staff/park"),
    "colleague, too long": Example(f"/staff/{full_house.LONG_USER}"),
    "sign in": Example("/sign-in", ""),
    "sign in, wrong": Example("/sign-in", "", act=signs_in("park", "wrong")),
    "sign in, code": Example("/sign-in", "", ("/sign-in/code",), signs_in("coda")),
    "sign in, city's service is down": Example("/sign-in/sso", ""),
    "sign in, begun elsewhere": Example("/sign-in/sso/back", ""),
    "signed out, the city account is not": Example("/sign-in/sso/signed-out", ""),
    "not found": Example("/nothing"),
    "not allowed": Example("/staff", "park"),
    "no database": Example("/no-database"),
    "a fault of ours": Example("/crash"),
}
MAILS = (
    "/accounts/0003105-05/messages/6/email",
    f"{MARIA}/notice/email?notice=past-due-reminder", f"{NOTICE}/en/email", f"{NOTICE}/es/email?worst=1",
)  # fmt: skip
FILES = (
    "/accounts/0003106-06/messages/7/letter.pdf", "/accounts/0003106-06/messages/7/page-1.png",
    "/find/excel?q=larson", "/campaigns/2/accounts/excel?outcome=contact", "/campaigns/2/differences/excel?change=new",
    "/campaigns/moves/1/excel", f"{SHUT_OFF}/excel", "/campaigns/shutoff/propose/excel",
    f"{OLE}/notice/letter.pdf?notice=past-due-reminder", f"{OLE}/notice/letter.png?notice=past-due-reminder",
    "/campaigns/2/samples/0/letter.pdf", "/campaigns/2/samples/0/page-1.png", f"{POLICY}/2/timeline.svg",
    f"{NOTICE}/en/letter.pdf", f"{NOTICE}/en/letter-1.png", "/reports/sent.xlsx", "/worklists/replies/excel",
    "/worklists/promises-due/excel", "/worklists/holds-ending/excel", "/mail/returned/excel", "/reports/log/1",
    f"{SHUT_OFF}/files/orders.csv", f"{BATCH}/letters/1-1.png",
)  # fmt: skip
EXCUSED = {"/campaigns/<int:run_id>/samples/<int:number>/email"}
"""No sample of tonight's run is an email; a notice's own email has the same frame and the same words."""
ONWARD = ("/mail/batches/by-number/1",)


def brought() -> set[str]:
    """The rules of parts that some page brings."""
    return set(chain.from_iterable(example.brings for example in PAGES.values()))
