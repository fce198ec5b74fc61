"""One's own page, the administrator's pages, and who saw and did what."""

import pytest
from sqlalchemy import select

from comms.desk.access import sessions
from comms.desk.access.audit import note_down
from comms.desk.accounts import audit_trail
from comms.desk.frame import formats
from comms.desk.schema import AuditEvent, User
from tests.desk import story
from tests.desk.conftest import Browser

ACCOUNT = f"/accounts/{story.MARIA}"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW = "cold harbor morning fog"


def said(answer) -> str:
    return " ".join(answer.get_data(as_text=True).split())


@pytest.fixture
def ada(app) -> Browser:
    browser = Browser(app)
    assert browser.sign_in("admin").status_code == 303
    return browser


def audit(office) -> list[tuple[str, str, str]]:
    with office.database.read() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.action.like("user.%")).order_by(AuditEvent.id))
        return [(row.username, row.action, row.facts.get("user", "")) for row in rows]


def test_one_sees_where_one_is_signed_in_and_ends_one_of_them(clerk, app):
    elsewhere = Browser(app)
    elsewhere.sign_in(headers={"User-Agent": FIREFOX})
    page = clerk.get("/me").get_data(as_text=True)
    assert "Firefox on Windows" in page
    assert page.count("Sign out there") == 1, "the one at hand is ended at the top"
    action = page.split('action="/me/sign-ins/')[1].split('"')[0]
    assert clerk.post(f"/me/sign-ins/{action}", page="/me").status_code == 303
    assert elsewhere.get("/").status_code == 303
    assert clerk.get("/").status_code == 200


def test_nobody_ends_the_sign_in_of_another(clerk, ada):
    name = ada.get("/me").get_data(as_text=True)
    clerk_page = clerk.get("/me").get_data(as_text=True)
    assert "Sign out there" not in name + clerk_page
    assert clerk.post("/me/sign-ins/0123456789abcdef/end", page="/me").status_code == 303
    assert ada.get("/").status_code == 200


def test_signing_out_everywhere_means_here_too(clerk, app):
    elsewhere = Browser(app)
    elsewhere.sign_in()
    assert clerk.post("/me/sign-out-everywhere", page="/me").headers["Location"] == "/sign-in"
    assert clerk.get("/").status_code == 303
    assert elsewhere.get("/").status_code == 303


def test_a_new_password_asks_for_the_old_one_and_ends_the_other_sign_ins(clerk, app):
    elsewhere = Browser(app)
    elsewhere.sign_in()
    form = {"password": story.PASSWORD, "new": NEW, "again": NEW}
    for wrong, why in (
        ({"password": "wrong"}, "not your present password"), ({"again": "another one here"}, "not the same both"),
        ({"new": "short", "again": "short"}, "at least 12"),
    ):  # fmt: skip
        answer = clerk.post("/me/password", form | wrong, page="/me")
        assert (answer.status_code, why in said(answer)) == (422, True)
    assert clerk.post("/me/password", form, page="/me").status_code == 303
    assert clerk.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 303
    assert elsewhere.sign_in(password=NEW).headers["Location"] == "/"


def test_a_stolen_session_does_not_guess_the_password_for_long(clerk):
    for _ in range(5):
        clerk.post("/me/password", {"password": "wrong"}, page="/me")
    assert "Too many wrong passwords" in said(clerk.post("/me/password", {"password": story.PASSWORD}, page="/me"))


def test_the_navigation_shows_staff_to_administrators_only(ada, clerk):
    assert 'href="/staff"' in ada.get("/").get_data(as_text=True)
    assert 'href="/staff"' not in clerk.get("/").get_data(as_text=True)


def test_an_administrator_adds_somebody(ada, app, afternoon):
    form = {"username": "K.Moe", "name": "Kim Moe", "email": "Kim@City.example", "role": "supervisor"}
    refused = ada.post("/staff", form | {"password": "short"}, page="/staff")
    page = refused.get_data(as_text=True)
    assert (refused.status_code, "at least 12 characters" in page) == (422, True)
    assert 'value="Kim Moe"' in page
    assert "short" not in page
    assert ada.post("/staff", form | {"password": NEW}, page="/staff").status_code == 303
    assert Browser(app).sign_in("k.moe", NEW).headers["Location"] == "/"
    assert ("admin", "user.added", "k.moe") in audit(afternoon)


def test_an_administrator_changes_a_role_and_it_holds_at_once(ada, clerk, afternoon):
    assert clerk.get(f"{ACCOUNT}/audit").status_code == 403
    form = {"name": "J. Park", "email": "", "role": "supervisor"}
    assert ada.post("/staff/park", form, page="/staff/park").status_code == 303
    assert clerk.get(f"{ACCOUNT}/audit").status_code == 200
    assert "role supervisor instead of collector" in said(ada.get("/staff/park"))
    assert ("admin", "user.changed", "park") in audit(afternoon)


def test_what_cannot_be_changed_is_shown_again_with_the_reason(ada):
    answer = ada.post("/staff/park", {"name": "Jo", "email": "no address", "role": "viewer"}, page="/staff/park")
    assert (answer.status_code, "is no email address" in said(answer)) == (422, True)
    assert 'value="Jo"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "form", "why"),
    [
        ("/staff/admin", {"name": "Ada", "role": "viewer"}, "Nobody changes their own role"),
        ("/staff/admin/disable", {}, "Nobody disables themselves"),
        ("/staff/park/password", {"password": "short"}, "at least 12 characters"),
    ],
)
def test_an_administrator_cannot_lock_everybody_out(ada, path, form, why):
    answer = ada.post(path, form, page="/staff/admin")
    assert (answer.status_code, why in said(answer)) == (422, True)


def test_helping_somebody_who_cannot_get_in(ada, app, clerk, afternoon):
    for deed in ("disable", "enable", "codes-off", "untie", "sign-out"):
        assert ada.post(f"/staff/park/{deed}", page="/staff/park").status_code == 303
        if deed == "disable":
            assert Browser(app).sign_in().status_code == 422
    assert clerk.get("/").status_code == 303
    assert ada.post("/staff/park/password", {"password": NEW}, page="/staff/park").status_code == 303
    assert Browser(app).sign_in(password=NEW).headers["Location"] == "/"
    deeds = [action for who, action, user in audit(afternoon) if (who, user) == ("admin", "park")]
    assert deeds == [
        "user.disable", "user.enable", "user.codes_off", "user.untie", "user.sign_out", "user.password_given",
    ]  # fmt: skip


def test_there_is_no_page_for_nobody(ada):
    assert ada.get("/staff/nobody").status_code == 404
    assert ada.post("/staff/park/promote", page="/staff").status_code == 404


def test_who_saw_and_did_what_with_an_account(app, clerk):
    clerk.get(ACCOUNT)
    clerk.get(ACCOUNT)
    clerk.post(f"{ACCOUNT}/note", {"text": "Called."}, page=ACCOUNT)
    supervisor = Browser(app)
    supervisor.sign_in("osei")
    page = said(supervisor.get(f"{ACCOUNT}/audit"))
    assert "Added a private note" in page
    assert 'Opened the record <span class="quiet">3 times</span>' in page, "twice to read, once for the form's token"
    assert page.index("Added a private note") < page.index("Opened the record")
    changes = said(supervisor.get(f"{ACCOUNT}/audit?show=changes"))
    assert "Added a private note" in changes
    assert "Opened the record" not in changes
    assert "R. Osei" in said(supervisor.get(f"{ACCOUNT}/audit")), "who looks at this page is on it"


def test_a_long_trail_is_read_page_by_page(afternoon):
    account_id = 1
    with afternoon.database.begin() as session:
        for n in range(audit_trail.PER_PAGE + 5):
            note_down(session, username="gone", action=f"hold.placed_{n}", at=story.NOW, account_id=account_id)
    with afternoon.database.read() as session:
        asked = {"changes_only": True, "today": story.NOW.date()}
        first = audit_trail.read(session, afternoon.city, account_id, before=None, **asked)
        rest = audit_trail.read(session, afternoon.city, account_id, before=first.before, **asked)
    steps = [step for page in (first, rest) for day in page.days for step in day.steps]
    assert len(steps) == audit_trail.PER_PAGE + 5
    assert rest.before is None
    assert (steps[0].who, steps[0].what) == ("gone", f"Hold placed {audit_trail.PER_PAGE + 4}")


def test_signing_in_again_ends_the_sign_in_that_the_browser_had(clerk, afternoon):
    before = clerk.client.get_cookie("__Host-session", domain="localhost").value
    token = clerk.get("/me").get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    form = {"username": "osei", "password": story.PASSWORD, "csrf_token": token}
    assert clerk.client.post("/sign-in", base_url="https://localhost", data=form).status_code == 303
    assert "R. Osei" in said(clerk.get("/me"))
    assert sessions.who(afternoon.database, before, story.NOW) is None


def test_signing_in_is_written_down(clerk, afternoon):
    assert ("park", "user.signed_in", "") in audit(afternoon)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18 Safari/604", "Safari on an iPhone"),
        ("curl/8", "A browser"),
        ("", "A browser"),
    ],
)  # fmt: skip
def test_a_browser_is_called_what_people_call_it(agent, words):
    assert formats.browser(agent) == words


def test_a_user_without_a_password_is_opened_by_none(afternoon, browser):
    with afternoon.database.begin() as session:
        session.scalars(select(User).where(User.username == "park")).one().password_hash = ""
    for password in ("", "a password that opens nothing", story.PASSWORD):
        assert browser.sign_in(password=password).status_code == 422
