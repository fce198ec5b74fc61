"""How guessing at passwords is slowed down: by name, by network, and never for the browser that somebody works in."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select

from comms.desk.access import guessing, sessions
from comms.desk.access.guessing import Client
from comms.desk.access.users import add_user, set_password
from comms.desk.schema import SignInFailure
from tests.desk import story
from tests.desk.conftest import Browser, make_app
from tests.desk.story import PASSWORD

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KEY = b"the service's key"
OFFICE, ATTACKER = Client.of("198.51.100.7"), Client.of("203.0.113.9")


@pytest.fixture
def staffed(database, clock):
    with database.begin() as session:
        story.staff(session, clock.now())
    return database


def attempt(database, clock, username="park", password="wrong", client=ATTACKER):
    clock.advance(timedelta(seconds=1))
    return sessions.sign_in(
        database, username=username, password=password, client=client, secret=KEY, user_agent="t", now=clock.now()
    )


def known(username="park", network="198.51.100.7", cookie=""):
    return Client.of(network, guessing.cookie_for(cookie, username, KEY))


def failures(database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(SignInFailure))


def test_one_password_tried_on_many_names_makes_the_network_wait(staffed, clock):
    tried = [attempt(staffed, clock, f"name{number}") for number in range(20)]
    assert [each.wait for each in tried] == [None] * 20
    held = attempt(staffed, clock, "park", PASSWORD)
    assert held.key is None and held.wait.address and timedelta(minutes=14) < held.wait.time < 15 * MINUTE
    assert attempt(staffed, clock, "park", PASSWORD, OFFICE).key, "another network does not wait"
    clock.advance(15 * MINUTE)
    assert attempt(staffed, clock, "park", PASSWORD).key


def test_a_hundred_wrong_ones_a_day_are_enough_from_one_network(staffed, clock):
    begun, names = clock.now(), count()
    for _ in range(5):
        for _ in range(20):
            assert attempt(staffed, clock, f"name{next(names)}").wait is None
        clock.advance(15 * MINUTE)
    held = attempt(staffed, clock, f"name{next(names)}")
    assert held.wait.address and held.wait.time > timedelta(hours=20)
    clock.advance(begun + DAY + MINUTE - clock.now())
    assert attempt(staffed, clock, f"name{next(names)}").wait is None


def test_an_office_behind_one_address_goes_on_while_somebody_guesses_from_there(staffed, clock):
    for number in range(20):
        attempt(staffed, clock, f"name{number}", client=OFFICE)
    assert attempt(staffed, clock, "osei", PASSWORD, OFFICE).wait.address, "a browser that nobody has signed in with"
    assert attempt(staffed, clock, "osei", PASSWORD, known("osei")).key


def test_clerks_who_mistype_and_then_get_in_do_not_make_their_office_wait(staffed, clock):
    for _ in range(30):
        for username in ("park", "osei"):
            assert attempt(staffed, clock, username, client=OFFICE).wait is None
            assert attempt(staffed, clock, username, PASSWORD, OFFICE).key
    assert failures(staffed) == 0


def test_an_attacker_cannot_keep_a_clerk_out_of_the_browser_they_work_in(staffed, clock):
    browser = known("park")
    for _ in range(40):
        for _ in range(6):
            attempt(staffed, clock)
        clock.advance(15 * MINUTE)
    assert attempt(staffed, clock, password=PASSWORD, client=OFFICE).wait, "in another browser the name waits"
    assert attempt(staffed, clock, password=PASSWORD, client=browser).key


def test_a_name_waits_longer_the_more_is_guessed(staffed, clock):
    """Five in a quarter of an hour, thirty a day, a hundred in a row for all who guess."""
    tries = 0
    for _ in range(60 * 96):
        if attempt(staffed, clock, client=Client.of(f"192.0.2.{tries % 250}")).wait is None:
            tries += 1
        else:
            clock.advance(15 * MINUTE)
        if tries in (30, 60, 90):
            clock.advance(DAY)
        if tries == 100:
            break
    held = attempt(staffed, clock, password=PASSWORD, client=OFFICE)
    assert tries == 100 and held.wait.time > 20 * DAY
    with staffed.begin() as session:
        set_password(session, "park", "a brand new phrase", clock.now())
    assert attempt(staffed, clock, password="a brand new phrase", client=OFFICE).key


def test_a_known_browser_may_not_guess_more_than_others(staffed, clock):
    browser = known()
    for _ in range(5):
        assert attempt(staffed, clock, client=browser).wait is None
    assert attempt(staffed, clock, password=PASSWORD, client=browser).wait
    assert attempt(staffed, clock, "osei", PASSWORD, browser).key, "it is known for one name and a stranger to others"
    with staffed.begin() as session:
        set_password(session, "park", "a brand new phrase", clock.now())
    assert attempt(staffed, clock, password="a brand new phrase", client=browser).key


@pytest.mark.parametrize("cookie", ["", ".", "abc", "a.b.c", "x" * 5000, "é.ü", "A" * 16 + "." + "B" * 16])
def test_a_cookie_that_we_did_not_make_makes_no_browser_known(staffed, clock, cookie):
    for _ in range(5):
        attempt(staffed, clock, client=Client.of("198.51.100.7", cookie))
    assert attempt(staffed, clock, password=PASSWORD, client=Client.of("198.51.100.7", cookie)).wait


def test_the_cookie_of_one_name_is_no_cookie_of_another_and_names_nobody(staffed):
    cookie = guessing.cookie_for("", "park", KEY)
    both = guessing.cookie_for(cookie, "osei", KEY)
    assert both.split(".")[0] == cookie.split(".")[0] and len(both.split(".")) == 3
    assert guessing.cookie_for(both, "osei", KEY) == both
    assert "park" not in both and "osei" not in both
    many = both
    for number in range(30):
        many = guessing.cookie_for(many, f"name{number}", KEY)
    assert len(many.split(".")) == 1 + guessing.MOST_NAMES


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("203.0.113.9", "::ffff:203.0.113.9", True), ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
     ("2001:db8:1:2::1", "2001:db8:1:3::1", False), ("203.0.113.9", "203.0.113.10", False), ("", "unix", True)],
)  # fmt: skip
def test_what_counts_as_one_place(one, other, same):
    assert (Client.of(one).network == Client.of(other).network) is same


def test_a_browser_is_known_after_signing_in_and_stays_so_after_signing_out(browser, app):
    answer = browser.sign_in()
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith("__Host-known=")]
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=15552000"} <= set(cookie.split("; "))
    browser.post("/sign-out", page="/")
    stranger = Browser(app)
    for _ in range(5):
        assert stranger.sign_in(password="wrong").status_code == 422
    refused = stranger.sign_in()
    assert refused.status_code == 429
    assert "sign in with a browser that you have signed in with before" in refused.get_data(as_text=True)
    assert browser.sign_in().status_code == 303


def spray(app, forwarded, proxies_address="192.0.2.1"):
    """Twenty names from the address that the header gives; then what a right password brings from another one."""
    guesser = Browser(app)
    for number in range(20):
        guesser.sign_in(
            f"name{number}", "wrong", headers=forwarded(number), environ_base={"REMOTE_ADDR": proxies_address}
        )
    return Browser(app).sign_in(
        headers={"X-Forwarded-For": "198.51.100.7"}, environ_base={"REMOTE_ADDR": proxies_address}
    )


def test_without_proxies_of_ours_the_header_is_not_believed(afternoon):
    assert spray(make_app(afternoon), lambda n: {"X-Forwarded-For": f"203.0.113.{n}"}).status_code == 429


def test_behind_a_proxy_of_ours_its_word_counts_and_what_the_client_added_does_not(afternoon, settings):
    app = make_app(replace(afternoon, settings=settings.model_copy(update={"comms_proxies": 1})))
    assert spray(app, lambda n: {"X-Forwarded-For": f"10.0.0.{n}, 203.0.113.9"}).status_code == 303
    refused = Browser(app).sign_in(headers={"X-Forwarded-For": "203.0.113.9"})
    assert refused.status_code == 429
    assert "Too many wrong passwords came from your network. Try again at" in refused.get_data(as_text=True)


def test_ones_own_password_is_counted_by_the_browser_one_works_in(clerk, app):
    stranger = Browser(app)
    for _ in range(5):
        stranger.sign_in(password="wrong")
    form = {"password": PASSWORD, "new": "three more words here", "again": "three more words here"}
    assert clerk.post("/me/password", form, page="/me").status_code == 303


def test_nobody_is_added_under_a_name_that_the_counts_use(staffed, clock):
    with pytest.raises(ValueError, match="user name"), staffed.begin() as session:
        add_user(session, username="code:park", name="x", role="viewer", password=PASSWORD, at=clock.now())
