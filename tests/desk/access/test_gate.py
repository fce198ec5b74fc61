"""The gate: no route without a permission, no form from elsewhere, no page without its headers."""

import re
from itertools import pairwise

import pytest

from comms.desk.access.permissions import ROLES, Permission, allows
from tests.desk import story

ACCOUNT = f"/accounts/{story.MARIA}"
OPEN_TO_ALL = {
    "/assets/<digest>/<path:name>", "/sign-in", "/sign-in/code", "/sign-in/sso", "/sign-in/sso/back",
    "/sign-in/sso/signed-out",
}  # fmt: skip
"""What a person who has not signed in may ask for."""
FOR_ONESELF = {
    "/sign-out", "/me/sign-ins/<name>/end", "/me/sign-out-everywhere", "/me/password", "/me/codes/begin",
    "/me/codes/confirm", "/me/codes/off",
}  # fmt: skip
"""Forms that change nothing but what is one's own, whatever the role."""
PARTS = {"number": story.MARIA, "username": "park"}
"""What stands in an address in place of a part; a number in place of every other."""


def desk_rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("desk.")]


def asks(app):
    """Every address of the desk with every method it answers and the permission it needs."""
    for rule in desk_rules(app):
        path = re.sub(r"<(\w+:)?(\w+)>", lambda part: "1" if part[1] else PARTS.get(part[2], "1"), rule.rule)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule.rule, path, method, app.view_functions[rule.endpoint].permission


def ask(browser, path, method):
    return browser.get(path) if method == "GET" else browser.post(path, page="/")


def test_every_route_declares_the_permission_it_needs(app):
    needs = [(rule, permission) for rule, _, _, permission in asks(app)]
    assert all(isinstance(permission, Permission) for _, permission in needs)
    assert {rule for rule, permission in needs if permission is Permission.ANYONE} == OPEN_TO_ALL


def test_nobody_who_has_not_signed_in_gets_past_the_gate(app, browser):
    for rule, path, method, permission in asks(app):
        if permission is Permission.ANYONE:
            continue
        answer = browser.get(path) if method == "GET" else browser.post(path)
        assert answer.status_code in (303, 401), (method, rule)
        assert "Delgado" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("username", ["vera", "park", "osei"])
def test_no_role_gets_past_a_permission_it_lacks(app, browser, username):
    browser.sign_in(username)
    role = {"vera": "viewer", "park": "collector", "osei": "supervisor"}[username]
    for rule, path, method, permission in asks(app):
        if not allows(role, permission):
            assert ask(browser, path, method).status_code == 403, (method, rule)


def test_a_form_that_changes_something_asks_for_more_than_a_viewer_may(app):
    weak = {rule for rule, _, method, permission in asks(app) if method != "GET" and allows("viewer", permission)}
    assert weak <= FOR_ONESELF | OPEN_TO_ALL


def test_a_viewer_sees_everything_and_changes_nothing(afternoon, browser):
    browser.sign_in("vera")
    page = browser.get(f"{ACCOUNT}?task=1").get_data(as_text=True)
    assert "$412.86" in page
    assert "Your role may read this record" in page
    assert "Resolve" not in page
    assert "<textarea" not in page
    for path in (
        f"{ACCOUNT}/text",
        f"{ACCOUNT}/note",
        f"{ACCOUNT}/redraw",
        "/tasks/1/resolve",
        "/replies/1/meaning",
        "/replies/1/assign",
    ):
        answer = browser.post(path, {"text": "hello"}, page="/")
        assert answer.status_code == 403
        assert "Ask a supervisor" in answer.get_data(as_text=True)


def test_each_role_may_do_what_the_one_before_it_may():
    granted = [ROLES[role] for role in ("viewer", "collector", "supervisor", "administrator")]
    assert all(less <= more for less, more in pairwise(granted))
    assert not allows("nobody", Permission.ANYONE)


def test_a_form_without_its_token_is_refused(clerk):
    answer = clerk.client.post(f"{ACCOUNT}/note", base_url="https://localhost", data={"text": "forged"})
    assert answer.status_code == 400
    assert "This form is too old" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
     {"Origin": "null"}],
)  # fmt: skip
def test_a_form_from_another_site_is_refused_even_with_a_token(clerk, headers):
    answer = clerk.post(f"{ACCOUNT}/note", {"text": "forged"}, page=ACCOUNT, headers=headers)
    assert answer.status_code == 403


def test_a_form_from_our_own_page_is_taken(clerk):
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "https://localhost"}
    assert clerk.post(f"{ACCOUNT}/note", {"text": "ours"}, page=ACCOUNT, headers=headers).status_code == 303


def test_another_host_name_is_not_served(browser):
    assert browser.client.get("/sign-in", base_url="https://evil.example").status_code == 400


@pytest.mark.parametrize("path", ["/sign-in", "/", "/nothing", ACCOUNT, "/find?q=larson"])
def test_every_answer_has_the_security_headers(clerk, path):
    headers = clerk.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "max-age" in headers["Strict-Transport-Security"]


def test_an_answer_refused_before_anything_ran_has_them_too(browser):
    answer = browser.client.post("/sign-in", base_url="https://localhost", data={"username": "park"})
    assert answer.status_code == 400
    assert "Content-Security-Policy" in answer.headers


def test_no_page_holds_a_script_or_a_style_of_its_own(clerk):
    for path in ("/sign-in", "/", ACCOUNT, "/worklists/unmatched", "/find?q=larson", "/nothing"):
        page = clerk.get(path).get_data(as_text=True)
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert " onclick=" not in page


def test_a_page_is_compressed_only_for_ourselves(clerk):
    accept = {"Accept-Encoding": "gzip"}
    assert clerk.get("/", headers=accept | {"Sec-Fetch-Site": "none"}).headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in clerk.get("/", headers=accept | {"Sec-Fetch-Site": "cross-site"}).headers
    assert "Content-Encoding" not in clerk.get("/", headers=accept).headers
