"""Signing in: who gets in, how long they stay in, and how guessing is slowed down."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from comms.desk.access import passwords, sessions
from comms.desk.access.guessing import NOBODYS, Wait
from comms.desk.access.passwords import WeakPasswordError, check_strength, hashed, matches
from comms.desk.access.users import UserError, add_user, disable, set_password
from comms.desk.schema import SignInFailure, User, UserSession
from tests.desk.story import PASSWORD

MINUTE = timedelta(minutes=1)
KEY = b"the service's key"


@pytest.fixture
def park(database, clock) -> int:
    with database.begin() as session:
        return add_user(
            session, username="Park ", name="J. Park", role="collector", password=PASSWORD, at=clock.now()
        )  # fmt: skip


def attempt(database, clock, password=PASSWORD, username="park", client=NOBODYS):
    return sessions.sign_in(
        database, username=username, password=password, client=client, secret=KEY, user_agent="test", now=clock.now()
    )


def test_the_right_password_opens_a_session_that_the_database_knows_only_by_its_digest(database, clock, park):
    key = attempt(database, clock, username=" PARK").key
    assert sessions.who(database, key, clock.now()).name == "J. Park"
    with database.read() as session:
        stored = session.scalars(select(UserSession)).one()
        assert key not in (stored.key_digest, stored.user_agent)
        assert len(key) >= 43, "256 bits"


def test_a_password_is_kept_as_an_argon2id_hash_of_the_recommended_cost(monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher())
    assert passwords.hashed(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize(("username", "password"), [("park", "wrong"), ("nobody", PASSWORD), ("park", ""), ("", "")])
def test_anything_else_opens_nothing(database, clock, park, username, password):
    assert attempt(database, clock, password, username) == sessions.SignIn(None)


def test_a_session_ends_half_an_hour_after_it_was_last_used(database, clock, park):
    key = attempt(database, clock).key
    for _ in range(3):
        clock.advance(29 * MINUTE)
        assert sessions.who(database, key, clock.now())
    clock.advance(31 * MINUTE)
    assert sessions.who(database, key, clock.now()) is None


def test_a_timer_does_not_keep_a_session_alive(database, clock, park):
    key = attempt(database, clock).key
    clock.advance(20 * MINUTE)
    assert sessions.who(database, key, clock.now(), touch=False)
    clock.advance(20 * MINUTE)
    assert sessions.who(database, key, clock.now()) is None


def test_a_session_ends_twelve_hours_after_it_began_however_busy(database, clock, park):
    key = attempt(database, clock).key
    for _ in range(24):
        clock.advance(29 * MINUTE)
        assert sessions.who(database, key, clock.now())
    clock.advance(29 * MINUTE)
    assert sessions.who(database, key, clock.now()) is None


def test_signing_out_ends_the_session_for_every_copy_of_its_key(database, clock, park):
    key, other = attempt(database, clock).key, attempt(database, clock).key
    sessions.sign_out(database, key, clock.now())
    assert sessions.who(database, key, clock.now()) is None
    assert sessions.who(database, other, clock.now())


@pytest.mark.parametrize(
    "change",
    [lambda s, at: disable(s, "park", at), lambda s, at: set_password(s, "park", "a brand new phrase", at)],
)
def test_a_disabled_user_or_a_new_password_ends_all_sessions(database, clock, park, change):
    key = attempt(database, clock).key
    with database.begin() as session:
        change(session, clock.now())
    assert sessions.who(database, key, clock.now()) is None
    assert attempt(database, clock).key is None


def test_a_changed_role_holds_at_once(database, clock, park):
    key = attempt(database, clock).key
    with database.begin() as session:
        session.execute(update(User).values(role="viewer"))
    assert sessions.who(database, key, clock.now()).role == "viewer"


def test_after_five_wrong_passwords_the_name_waits_even_with_the_right_one(database, clock, park):
    for _ in range(5):
        assert attempt(database, clock, "wrong").wait is None
        clock.advance(MINUTE)
    assert attempt(database, clock) == sessions.SignIn(None, Wait(10 * MINUTE))
    assert attempt(database, clock, username="osei").wait is None, "another name does not wait"
    clock.advance(10 * MINUTE)
    assert attempt(database, clock).key


def test_tries_while_waiting_do_not_make_the_wait_longer(database, clock, park):
    for _ in range(50):
        attempt(database, clock, "wrong")
    clock.advance(15 * MINUTE)
    assert attempt(database, clock).key


def test_a_success_forgets_the_failures(database, clock, park):
    for _ in range(4):
        attempt(database, clock, "wrong")
    assert attempt(database, clock).key
    with database.read() as session:
        assert session.scalars(select(SignInFailure)).all() == []


@pytest.mark.parametrize("password", ["short", "x" * 300, "aaaaaaaaaaaaaaaa", "my name is park 1"])
def test_a_weak_password_is_refused_with_a_sentence(password):
    with pytest.raises(WeakPasswordError, match=r"\.$"):
        check_strength(password, "park")


def test_a_hash_that_is_none_matches_nothing():
    assert not matches("not a hash", "x")
    assert not matches(None, "a password that opens nothing")
    assert matches(hashed("a b c d"), "a b c d")


@pytest.mark.parametrize(
    ("username", "role"), [("park", "viewer"), ("x", "viewer"), ("a b", "viewer"), ("lee", "boss")]
)
def test_a_user_that_cannot_be_made_is_refused(database, clock, park, username, role):
    with pytest.raises(UserError, match=r"\w"), database.begin() as session:
        add_user(session, username=username, name="", role=role, password=PASSWORD, at=clock.now())


def test_the_cookie_is_for_this_host_only_and_out_of_reach_of_scripts(browser):
    answer = browser.sign_in()
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-session=")]
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_a_wrong_password_says_so_and_keeps_the_name(browser):
    answer = browser.sign_in(password="wrong")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "do not go together" in page
    assert 'value="park"' in page


def test_too_many_tries_say_until_when(browser):
    for _ in range(5):
        browser.sign_in(password="wrong")
    answer = browser.sign_in()
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Try again at 10:16 AM" in answer.get_data(as_text=True)


def test_one_is_led_to_the_page_one_wanted(browser):
    answer = browser.get("/find?q=larson&after=3")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=%2Ffind%3Fq%3Dlarson%26after%3D3"
    onward = browser.sign_in(page=answer.headers["Location"])
    assert onward.headers["Location"] == "/find?q=larson&after=3"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/sign-out", "\n/x"],
)
def test_one_is_never_led_off_the_site(browser, target):
    answer = browser.post("/sign-in", {"username": "park", "password": PASSWORD, "next": target})
    assert answer.headers["Location"] == "/"


def test_signing_out_takes_both_cookies_away(clerk):
    answer = clerk.post("/sign-out", page="/")
    assert answer.headers["Location"] == "/sign-in"
    assert clerk.get("/").status_code == 303
