"""What holds for every address of the desk: nothing is kept by a cache, no form is taken without its token, and nobody
comes in with a key that was planted."""

import re

import pytest
from sqlalchemy import func, select

from comms.desk.access.gate import COOKIE
from comms.desk.schema import AuditEvent, UserSession
from tests.desk import story
from tests.desk.conftest import Browser
from tests.desk.mail import mail_story
from tests.desk.story import PASSWORD

PARTS = {"number": story.MARIA, "username": "park", "name": mail_story.MAILED, "slug": "replies", "digest": "x"}
"""What stands in an address in place of a part; a number in place of every other."""


def _part(part: re.Match[str]) -> str:
    return "1" if part[1] else PARTS.get(part[2], "1")


def rules(app, method):
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("desk.") and method in rule.methods and rule.endpoint != "desk.assets":
            yield rule.rule, re.sub(r"<(int:)?(\w+)>", _part, rule.rule)


def test_no_page_and_no_file_of_the_desk_is_kept_by_a_cache(afternoon, app, browser):
    mail_story.mailed(afternoon.database, afternoon.city)
    assert browser.sign_in("admin").status_code == 303
    paths = [*dict(rules(app, "GET")).values(), "/reports/sent.xlsx", "/reports/sent"]
    kept = {path: browser.get(path).headers.get("Cache-Control") for path in paths}
    assert {path: said for path, said in kept.items() if said != "no-store"} == {}


def test_no_form_of_the_desk_is_taken_without_its_token(afternoon, app, browser):
    assert browser.sign_in("admin").status_code == 303
    with afternoon.database.read() as session:
        before = session.scalar(select(func.count()).select_from(AuditEvent))
    for rule, path in rules(app, "POST"):
        assert browser.client.post(path, base_url="https://localhost", data={"x": "1"}).status_code == 400, rule
    with afternoon.database.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == before


def test_no_address_of_the_desk_is_served_under_another_host_name(app, browser):
    for method in ("GET", "POST"):
        for rule, path in rules(app, method):
            answer = browser.client.open(path, method=method, base_url="https://evil.example")
            assert answer.status_code == 400, rule
    lying = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}
    assert "evil" not in browser.get("/", headers=lying).headers["Location"]


def key_of(browser: Browser) -> str:
    return browser.client.get_cookie(COOKIE, domain="localhost").value


def test_a_planted_key_opens_nothing_before_signing_in_or_after(app, browser):
    browser.client.set_cookie(COOKIE, "planted", domain="localhost", secure=True)
    assert browser.get("/").status_code == 303
    assert browser.sign_in().status_code == 303
    assert key_of(browser) != "planted"
    thief = Browser(app)
    thief.client.set_cookie(COOKIE, "planted", domain="localhost", secure=True)
    assert thief.get("/").status_code == 303


def test_signing_in_once_more_ends_the_session_that_the_browser_had(afternoon, app, browser):
    assert browser.sign_in().status_code == 303
    first = key_of(browser)
    browser.client.delete_cookie(COOKIE, domain="localhost")
    page = browser.get("/sign-in").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    browser.client.set_cookie(COOKIE, first, domain="localhost", secure=True)
    form = {"csrf_token": token, "username": "osei", "password": PASSWORD}
    assert browser.client.post("/sign-in", base_url="https://localhost", data=form).status_code == 303
    assert key_of(browser) != first
    thief = Browser(app)
    thief.client.set_cookie(COOKIE, first, domain="localhost", secure=True)
    assert thief.get("/").status_code == 303
    with afternoon.database.read() as session:
        open_ones = session.scalars(select(UserSession).where(UserSession.revoked_at.is_(None))).all()
    assert len(open_ones) == 1


@pytest.mark.parametrize(
    "target",
    ["///evil.example", "/\t/evil.example", "https:evil.example", "/%0d%0aSet-Cookie:x=1", "http:/evil.example",
     "\\\\evil.example", "/\\/evil.example", " //evil.example", "/sign-in?next=//evil.example", "//evil.example/%2f.."],
)  # fmt: skip
def test_no_way_of_writing_an_address_leads_off_the_site(browser, target):
    asked = browser.post("/sign-in", {"username": "park", "password": PASSWORD, "next": target})
    there = asked.headers["Location"]
    assert there == "/" or (there == target and re.fullmatch(r"/[%A-Za-z0-9:=-]+", there))
    again = browser.get("/sign-in", query_string={"next": target}).headers["Location"]
    assert again == there
    assert not [cookie for cookie in asked.headers.getlist("Set-Cookie") if cookie.startswith("x=")]


def test_every_cookie_is_for_this_host_alone_secure_and_out_of_reach_of_scripts(browser):
    answer = browser.sign_in()
    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} >= {"__Host-session", "__Host-known"}
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert cookie.startswith("__Host-") and "Domain" not in cookie
