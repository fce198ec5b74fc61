"""What a person reads when something goes wrong: a sentence and a next step, in the look of the desk."""

import pytest
from flask import abort
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.desk import story

ACCOUNT = f"/accounts/{story.MARIA}"


@pytest.fixture
def failing(app):
    """The application with an address for every way to fail."""
    app.add_url_rule("/fail/<int:code>", "fail", lambda code: abort(code))

    def crash():
        raise ZeroDivisionError("a bug")

    def no_database():
        raise OperationalError("select 1", {}, Exception("connection refused"))

    app.add_url_rule("/crash", "crash", crash)
    app.add_url_rule("/no-database", "no_database", no_database)
    return app


@pytest.mark.parametrize("code", [400, 403, 404, 405, 413, 418, 429, 500, 503])
def test_every_error_has_its_page(failing, browser, code):
    answer = browser.get(f"/fail/{code}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == code
    assert "<h1>" in page
    assert "Go to Home" in page
    assert "Traceback" not in page


def test_a_bug_is_no_traceback(failing, browser):
    answer = browser.get("/crash")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.get_data(as_text=True)
    assert "ZeroDivisionError" not in answer.get_data(as_text=True)


def test_without_the_database_one_is_told_to_wait(failing, browser):
    answer = browser.get("/no-database")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "try again in a minute" in answer.get_data(as_text=True)


def test_a_database_that_is_gone_is_told_on_the_sign_in_page_too(afternoon, browser):
    form = browser.get("/sign-in").get_data(as_text=True)
    assert "Sign in" in form
    with afternoon.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE sign_in_failure"))
    assert browser.sign_in().status_code == 503


def test_programs_get_one_line_of_text(failing, browser):
    answer = browser.get("/webhooks/nothing")
    assert answer.status_code == 404
    assert answer.mimetype == "text/plain"
    assert answer.get_data(as_text=True).count("\n") == 1


def test_the_wrong_method_names_the_right_one(clerk):
    answer = clerk.get(f"{ACCOUNT}/text")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_too_much_at_once_is_refused(clerk):
    answer = clerk.post(f"{ACCOUNT}/note", {"text": "x" * 70_000}, page=ACCOUNT)
    assert answer.status_code == 413
    assert "Shorten" in answer.get_data(as_text=True)


def test_what_was_written_comes_back_when_the_session_has_ended(clerk, clock):
    form = {"text": "half an hour of careful words"}
    page = clerk.get(ACCOUNT).get_data(as_text=True)
    assert "composer" in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    clock.advance(story.timedelta(minutes=31))
    answer = clerk.client.post(
        f"{ACCOUNT}/text", base_url="https://localhost", data=form | {"csrf_token": token},
        headers={"Referer": f"https://localhost{ACCOUNT}?task=1"},
    )  # fmt: skip
    back = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "half an hour of careful words" in back
    assert "nothing was sent" in back
    assert f'value="{ACCOUNT}?task=1"' in back


@pytest.mark.parametrize("number", ["9999999-99", "%00", "<b>", "x" * 300, "' OR 1=1"])
def test_an_account_that_is_not_there(clerk, number):
    answer = clerk.get(f"/accounts/{number}")
    assert answer.status_code == 404
    assert "There is no account" in answer.get_data(as_text=True)
    assert "<b>" not in answer.get_data(as_text=True)
