"""Every page of the desk, found by the map of its addresses: read by everybody, at every size, and fit to be used.

An address that answers HTML and has no example in ``addresses`` fails here. Each page is loaded once, in an office
where everything shows something (``full_house``), looked at by axe at both sizes and measured at four (``looking``).
"""

from collections import Counter

import pytest
from sqlalchemy.exc import OperationalError

from tests.desk import addresses, chromium, full_house, looking
from tests.desk.addresses import FILES, MAILS, ONWARD, PAGES
from tests.desk.conftest import Browser, make_app
from tests.desk.test_assets import FIRST_VISIT, LATER

pytestmark = pytest.mark.browser

OURS = ("postMessage", "Failed to load resource")
"""Complaints of the console that are no fault: axe knocks at frames in which nothing runs; a refusal has its status."""


NO_FORM = ("sign in, code", "signed out, the city account is not")
"""What somebody who is not signed in may see, and is not the page to sign in."""


@pytest.fixture(scope="session")
def full_app(sqlite_template, tmp_path_factory, quick_passwords):
    """The office where every address shows something, made once a test process, with two ways to fail."""
    with full_house.opened(sqlite_template, tmp_path_factory.mktemp("full")) as office:
        app = make_app(office)

        def crash():
            raise ZeroDivisionError("a bug")

        def no_database():
            raise OperationalError("select 1", {}, Exception("connection refused"))

        app.add_url_rule("/crash", "crash", crash)
        app.add_url_rule("/no-database", "no_database", no_database)
        yield app


@pytest.fixture(scope="session")
def window(full_app, one_chromium):
    """A window of each person, signed in when it is first asked for; ``""`` is nobody."""
    with chromium.served(full_app) as address:
        kept = {}

        def of(who: str):
            if not who or who not in kept:
                page, _ = chromium.window(one_chromium, address)
                kept[who] = page
                if who:
                    page.goto("/sign-in")
                    addresses.signs_in(who)(page)
                    page.wait_for_url(f"{address}/")
            return kept[who]

        yield of


@pytest.fixture
def administrator(full_app) -> Browser:
    browser = Browser(full_app)
    assert browser.sign_in("admin").status_code == 303
    return browser


def rule_of(app, path: str) -> str:
    """The rule of the URL map that answers a path."""
    rule, _ = app.url_map.bind("localhost").match(path.partition("?")[0], return_rule=True)
    return rule.rule


def test_every_address_has_an_example(full_app):
    wanted = {
        rule.rule for rule in full_app.url_map.iter_rules() if "GET" in rule.methods and rule.endpoint != "desk.assets"
    }
    paths = [example.path for name, example in PAGES.items() if name != "not found"]
    shown = (
        {rule_of(full_app, path) for path in (*paths, *MAILS, *FILES, *ONWARD)}
        | addresses.brought()
        | addresses.EXCUSED
    )
    assert wanted - shown == {"/static/<path:filename>"}


def test_files_are_no_pages_and_other_addresses_lead_to_one(administrator):
    kinds = {path: administrator.get(path) for path in (*FILES, *ONWARD)}
    assert [path for path in FILES if kinds[path].status_code != 200 or kinds[path].mimetype == "text/html"] == []
    assert [kinds[path].status_code for path in ONWARD] == [303] * len(ONWARD)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_fits_and_breaks_no_rule_of_its_own(window, full_app, name):
    example = PAGES[name]
    page = window(example.who)
    said, asked = [], []
    told = {
        "console": lambda m: said.append(m.text) if m.type in ("error", "warning") else None,
        "pageerror": lambda error: said.append(str(error)),
        "request": lambda request: asked.append("/" + request.url.split("/", 3)[3]),
    }
    for event, heard in told.items():
        page.on(event, heard)
    try:
        page.set_viewport_size(chromium.DESKTOP)
        page.goto(example.path, wait_until="networkidle")
        if example.act:
            example.act(page)
        assert (page.inner_text("h1") == "Sign in") is (not example.who and name not in NO_FORM), "the page itself"
        found = looking.complaints(page)
    finally:
        for event, heard in told.items():
            page.remove_listener(event, heard)
    urls = full_app.url_map.bind("localhost")
    brought = {rule_of(full_app, path) for path in asked if urls.test(path.partition("?")[0])}
    assert set(example.brings) <= brought
    assert found + [line for line in said if not any(known in line for known in OURS)] == []


def test_no_page_is_heavy(administrator):
    """On the wire, compressed as for our own pages; what a page brings by itself is a page too."""
    ours = {"headers": {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}}
    paths = {one.path for one in PAGES.values() if one.who == "admin" and not one.act}
    heavy = {path: len(administrator.get(path, **ours).data) for path in sorted(paths)}
    assert len(heavy) > 40
    assert {path: size for path, size in heavy.items() if size > LATER} == {}


def test_a_first_visit_with_its_fonts_is_light(window):
    """Everything that a browser without anything kept needs to show Home, as it counts it itself."""
    page = window("").context.browser.new_context(base_url=window("admin").evaluate("location.origin")).new_page()
    page.goto("/sign-in")
    addresses.signs_in("admin")(page)
    page.wait_for_load_state("networkidle")
    fetched = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(one => [one.name, one.transferSize || one.encodedBodySize])"
    )
    page.context.close()
    assert any(name.endswith(".woff2") for name, _ in fetched)
    assert sum(size for _, size in fetched) <= FIRST_VISIT, fetched


@pytest.mark.parametrize("path", MAILS)
def test_a_mail_in_its_frame_is_accessible(window, administrator, path):
    """Nothing runs in the frame, so its content is looked at in a page of its own."""
    answer = administrator.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    page = window("").context.new_page()
    page.set_content(answer.get_data(as_text=True))
    found = chromium.violations(page)
    page.set_viewport_size(chromium.PHONE)
    found += looking.ask(page, "width")
    page.context.close()
    assert found == []


def test_every_page_has_a_title_of_its_own(full_app, administrator):
    titles = {}
    for example in PAGES.values():
        if example.who == "admin" and not example.act:
            text = administrator.get(example.path).get_data(as_text=True)
            titles.setdefault(text.split("<title>")[1].split("</title>")[0], set()).add(example.path.partition("?")[0])
    assert {title: paths for title, paths in titles.items() if len(paths) > 1} == {}


def test_the_checker_does_find_what_is_wrong(window):
    """So that an empty list of complaints means something."""
    page = window("").context.new_page()
    page.set_content(
        "<html><head><title>x</title><style>button {font-size: 6px; padding: 0; border: 0} button:focus {outline: 0}"
        "b {display: block; overflow: hidden; width: 3em}"
        "</style></head><body><img src=x><button>i</button><button>j</button><input>"
        "<b>Wolfeschlegelsteinhausenbergerdorff</b><p style='width: 500px'>wide</p></body></html>"
    )
    found = "\n".join(looking.complaints(page))
    page.context.close()
    for fault in ("image-alt", "0 h1", "no language", "names no page", "a target of", "no focus to be seen", "cut at",
                  "without a label", "wider than a window of 390"):  # fmt: skip
        assert fault in found, fault


def test_each_example_stands_once():
    assert [twice for twice, count in Counter(PAGES.values()).items() if count > 1] == []


SIX = ("/worklists/replies", addresses.MARIA, "/campaigns/2", "/reports", "/mail", "/notices")


def test_in_forced_colours_states_keep_their_borders_and_their_words(window):
    page = window("admin")
    page.set_viewport_size(chromium.DESKTOP)
    page.emulate_media(forced_colors="active")
    borders = {}
    for path in SIX:
        page.goto(path)
        for kind in (".chip", ".flash", ".bubble .said", ".badge", ".usa-button-group [aria-current]", ".note"):
            for one in page.locator(kind).all()[:3]:
                style = one.evaluate("one => [getComputedStyle(one).borderTopStyle, one.textContent.trim()]")
                borders.setdefault(kind, []).append(style[0] != "none" and style[1] != "")
    page.goto("/mail")
    tabs = page.locator(".tabs a").evaluate_all("all => all.map(one => getComputedStyle(one).borderBottomColor)")
    page.emulate_media(forced_colors="none")
    assert tabs[0] not in tabs[1:], "the tab one is on can be told from the others"
    assert {".chip", ".bubble .said", ".badge", ".note"} <= set(borders)
    assert all(all(kept) for kept in borders.values()), borders


def test_who_wants_less_motion_or_more_contrast_has_it(window):
    page = window("admin")
    page.emulate_media(reduced_motion="reduce", contrast="more")
    page.goto(addresses.MARIA)
    moving = "[...document.querySelectorAll('body *')].filter(one => getComputedStyle(one).transitionDuration !== '0s')"
    assert page.evaluate(f"{moving}.length") == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.quiet')).color") == "rgb(27, 27, 27)"
    page.emulate_media(reduced_motion="no-preference", contrast="no-preference")
