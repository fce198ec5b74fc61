"""One-time codes: set up alone, asked for after the password, good once."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pyotp
import pytest

from comms.desk.access import codes, sessions, users
from comms.desk.access.guessing import NOBODYS, Wait
from comms.desk.schema import User
from tests.desk import story
from tests.desk.conftest import Browser

KEY = b"test-key"
STEP = timedelta(seconds=codes.STEP)


@pytest.fixture
def park(database, clock) -> int:
    with database.begin() as session:
        return users.add_user(
            session, username="park", name="J. Park", role="collector", password=story.PASSWORD, at=clock.now()
        )  # fmt: skip


@pytest.fixture
def phone(database, clock, park) -> pyotp.TOTP:
    """Park's phone, set up; its first code is used."""
    with database.begin() as session:
        user = session.get(User, park)
        maker = pyotp.TOTP(codes.begin(session, user, KEY))
        assert codes.confirm(session, user, KEY, shown(maker, clock), clock.now())
    clock.advance(STEP)
    return maker


def shown(phone: pyotp.TOTP, clock) -> str:
    """What the phone shows now."""
    return phone.generate_otp(int(clock.now().timestamp()) // codes.STEP)


def take(database, park, code, clock, key=KEY) -> bool:
    with database.begin() as session:
        return codes.take(session, session.get(User, park), key, code, clock.now())


def half(database, clock) -> str:
    """The key of somebody whose password was right."""
    tried = sessions.sign_in(
        database, username="park", password=story.PASSWORD, client=NOBODYS, secret=KEY, user_agent="t", now=clock.now()
    )
    assert tried.code
    return tried.key


def finish(database, clock, key, code) -> sessions.SignIn:
    return sessions.finish(database, key, code, secret=KEY, user_agent="t", now=clock.now())


def test_a_code_works_once(database, clock, park, phone):
    code = shown(phone, clock)
    assert take(database, park, f" {code[:3]} {code[3:]} ", clock)
    assert not take(database, park, code, clock)
    clock.advance(STEP)
    assert take(database, park, shown(phone, clock), clock)


def test_a_code_that_comes_twice_at_once_works_once(database, clock, park, phone):
    code, together, taken = shown(phone, clock), Barrier(2), []

    def attempt():
        together.wait()
        taken.append(database.run(lambda s: codes.take(s, s.get(User, park), KEY, code, clock.now())))

    threads = [Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False, True]


def test_a_code_seen_before_a_later_one_was_used_is_worth_nothing(database, clock, park, phone):
    old = shown(phone, clock)
    clock.advance(STEP)
    assert take(database, park, shown(phone, clock), clock)
    assert not take(database, park, old, clock), "it is within the drift, and refused all the same"


def test_the_phones_clock_may_be_half_a_minute_wrong_and_no_more(database, clock, park, phone):
    code = shown(phone, clock)
    clock.advance(2 * STEP)
    assert not take(database, park, code, clock)
    ahead = phone.generate_otp(int(clock.now().timestamp()) // codes.STEP + 1)
    assert take(database, park, ahead, clock)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345"])
def test_what_is_no_code_is_refused(database, clock, park, phone, code):
    assert not take(database, park, code, clock)


def test_the_secret_is_sealed_and_another_key_opens_it_for_nobody(database, clock, park, phone):
    with database.read() as session:
        user = session.get(User, park)
        assert phone.secret not in user.totp_secret
        assert codes.secret_of(user, KEY) == phone.secret
        assert codes.secret_of(user, b"another key") is None
    assert not take(database, park, shown(phone, clock), clock, key=b"another key")


def test_codes_in_force_are_not_set_up_over(database, clock, park, phone):
    with pytest.raises(codes.CodeError, match="Turn them off first"), database.begin() as session:
        codes.begin(session, session.get(User, park), KEY)


def test_a_password_alone_opens_nothing(database, clock, phone):
    key = half(database, clock)
    assert sessions.who(database, key, clock.now()) is None
    assert sessions.halfway(database, key, clock.now()) == "park"


def test_the_code_opens_a_session_under_a_new_key_and_the_old_one_is_worth_nothing(database, clock, phone):
    key = half(database, clock)
    whole = finish(database, clock, key, shown(phone, clock)).key
    assert whole != key
    assert sessions.who(database, whole, clock.now()).username == "park"
    clock.advance(STEP)
    assert finish(database, clock, key, shown(phone, clock)).key is None


def test_halfway_lasts_ten_minutes(database, clock, phone):
    key = half(database, clock)
    clock.advance(timedelta(minutes=11))
    assert finish(database, clock, key, shown(phone, clock)) == sessions.SignIn(None)


def test_after_five_wrong_codes_the_right_one_waits_too_and_the_password_does_not_wipe_them_out(database, clock, phone):
    for _ in range(5):
        key = half(database, clock)
        assert finish(database, clock, key, "000000").key is None
    key = half(database, clock)
    refused = finish(database, clock, key, shown(phone, clock))
    assert (refused.key, refused.wait) == (None, Wait(timedelta(minutes=15)))
    clock.advance(timedelta(minutes=15))
    assert finish(database, clock, half(database, clock), shown(phone, clock)).key


def test_an_administrator_takes_the_codes_off(database, clock, park, phone):
    key = half(database, clock)
    with database.begin() as session:
        users.take_codes_off(session, "park", clock.now())
    assert finish(database, clock, key, shown(phone, clock)).key is None
    tried = sessions.sign_in(
        database, username="park", password=story.PASSWORD, client=NOBODYS, secret=KEY, user_agent="t", now=clock.now()
    )
    assert (tried.code, tried.key is not None) == (False, True)


def key_on(page: str) -> str:
    return "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", page))


def test_setting_codes_up_and_signing_in_with_one(clerk, app, clock):
    elsewhere = Browser(app)
    elsewhere.sign_in()
    assert "Codes are off" in clerk.get("/me/codes").get_data(as_text=True)
    assert clerk.post("/me/codes/begin", page="/me/codes").status_code == 303
    page = clerk.get("/me/codes").get_data(as_text=True)
    phone = pyotp.TOTP(key_on(page))
    assert 'class="qr" role="img"' in page
    wrong = clerk.post("/me/codes/confirm", {"code": "000000"}, page="/me/codes")
    assert (wrong.status_code, key_on(wrong.get_data(as_text=True))) == (422, phone.secret)
    assert clerk.post("/me/codes/confirm", {"code": shown(phone, clock)}, page="/me/codes").status_code == 303
    assert phone.secret not in clerk.get("/me/codes").get_data(as_text=True), "shown while it is set up, never again"
    assert clerk.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 303, "signed out everywhere else"

    clock.advance(STEP)
    answer = elsewhere.post("/sign-in", {"username": "park", "password": story.PASSWORD, "next": "/find?q=larson"})
    assert answer.headers["Location"] == "/sign-in/code?next=%2Ffind%3Fq%3Dlarson"
    assert elsewhere.get("/").status_code == 303, "the password alone opens no page"
    asking = answer.headers["Location"]
    assert "was used already" in elsewhere.post("/sign-in/code", {"code": "1"}, page=asking).get_data(as_text=True)
    let_in = elsewhere.post("/sign-in/code", {"code": shown(phone, clock)}, page=asking)
    assert let_in.headers["Location"] == "/find?q=larson"
    assert elsewhere.get("/").status_code == 200


def test_codes_are_turned_off_with_the_password(clerk, clock):
    clerk.post("/me/codes/begin", page="/me/codes")
    phone = pyotp.TOTP(key_on(clerk.get("/me/codes").get_data(as_text=True)))
    clerk.post("/me/codes/confirm", {"code": shown(phone, clock)}, page="/me/codes")
    assert clerk.post("/me/codes/begin", page="/me/codes").status_code == 422
    assert clerk.post("/me/codes/off", {"password": "wrong"}, page="/me/codes").status_code == 422
    assert clerk.post("/me/codes/off", {"password": story.PASSWORD}, page="/me/codes").status_code == 303
    assert "Codes are off" in clerk.get("/me/codes").get_data(as_text=True)


def test_the_page_for_the_code_sends_those_away_who_gave_no_password(browser):
    answer = browser.get("/sign-in/code?next=/find")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=%2Ffind")


def test_too_many_codes_say_until_when(clerk, app, clock):
    clerk.post("/me/codes/begin", page="/me/codes")
    phone = pyotp.TOTP(key_on(clerk.get("/me/codes").get_data(as_text=True)))
    clerk.post("/me/codes/confirm", {"code": shown(phone, clock)}, page="/me/codes")
    guesser = Browser(app)
    guesser.sign_in()
    for _ in range(5):
        assert guesser.post("/sign-in/code", {"code": "000000"}, page="/sign-in/code").status_code == 422
    answer = guesser.post("/sign-in/code", {"code": "000000"}, page="/sign-in/code")
    assert (answer.status_code, "Try again at 10:16 AM" in answer.get_data(as_text=True)) == (429, True)
