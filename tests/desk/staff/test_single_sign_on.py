"""Coming in with the city account: who gets in, as whom, and which answers are not believed."""

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select

from comms.desk.access import users
from comms.desk.access.provider import Provider, SignOnError
from comms.desk.schema import User
from comms.office import Office
from comms.settings import Settings
from tests.desk import story
from tests.desk.conftest import Browser, make_app
from tests.support.identity_provider import CLIENT, SECRET, identity_provider, visit

ROLES = "City Collectors=collector; CN=Supervisors,OU=Water=supervisor"


@pytest.fixture
def provider(clock):
    with identity_provider(lambda: clock.now().timestamp()) as running:
        running.person["groups"] = ["City Collectors"]
        yield running


@pytest.fixture
def signing_on(afternoon, provider):
    """The office with single sign-on, roles by group."""
    return office_with(afternoon, provider, oidc_roles=ROLES)


def office_with(office: Office, provider, **more) -> Office:
    settings = Settings(
        _env_file=None, comms_var=office.settings.comms_var, secret_key="test-key", public_url="https://localhost",
        oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET, **more,
    )  # fmt: skip
    return Office(settings, office.database, office.clock, office.city, office.doorbell)


def come_in(browser: Browser, target: str = "/", **changed):
    """Go to the provider and come back, with the parameters of the way back changed."""
    leaving = browser.get("/sign-in/sso?" + urlencode({"next": target}))
    assert leaving.status_code == 303, leaving.get_data(as_text=True)
    back = visit(leaving.headers["Location"]) | changed
    return browser.get("/sign-in/sso/back?" + urlencode({k: v for k, v in back.items() if v is not None}))


def said(answer) -> str:
    return " ".join(answer.get_data(as_text=True).split())


def test_somebody_of_a_group_comes_in_with_its_role_and_is_led_to_the_page_they_wanted(signing_on, provider):
    browser = Browser(make_app(signing_on))
    assert "Sign in with your city account" in said(browser.get("/sign-in?next=/find"))
    answer = come_in(browser, "/find?q=larson")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/find?q=larson")
    page = said(browser.get("/me"))
    assert "Maria Berg" in page
    assert "your city account" in page
    with signing_on.database.read() as session:
        user = users.find_user(session, "m.berg")
        assert (user.role, user.email, user.password_hash) == ("collector", "m.berg@city.example", "")
        assert user.sso_subject == f"{provider.issuer} 8f1e"


def test_the_request_carries_state_nonce_and_a_pkce_challenge_and_no_secret(signing_on):
    leaving = Browser(make_app(signing_on)).get("/sign-in/sso")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(leaving.headers["Location"]).query).items()}
    assert asked["redirect_uri"] == "https://localhost/sign-in/sso/back"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 43
    assert len(asked["nonce"]) >= 43
    assert SECRET not in leaving.headers["Location"]


def test_the_highest_of_several_groups_counts_and_a_changed_group_holds_from_the_next_time(signing_on, provider):
    browser = Browser(make_app(signing_on))
    provider.person["groups"] = ["City Collectors", "CN=Supervisors,OU=Water", "Bowling"]
    come_in(browser)
    assert role_of(signing_on, "m.berg") == "supervisor"
    provider.person |= {"groups": ["City Collectors"], "preferred_username": "maria.berg", "email": "new@city.example"}
    come_in(browser)
    assert role_of(signing_on, "m.berg") == "collector", "the same person, known by the subject"
    assert role_of(signing_on, "maria.berg") is None


def role_of(office, username):
    with office.database.read() as session:
        return session.scalar(select(User.role).where(User.username == username))


@pytest.mark.parametrize("groups", [[], ["Bowling"], None, "Bowling", 7])
def test_somebody_of_no_group_stays_out_and_is_told_whom_to_ask(signing_on, provider, groups):
    provider.person["groups"] = groups
    browser = Browser(make_app(signing_on))
    answer = come_in(browser)
    assert (answer.status_code, "looks after the groups" in said(answer)) == (403, True)
    assert browser.get("/").status_code == 303
    assert role_of(signing_on, "m.berg") is None


def test_groups_may_be_inside_a_claim_and_may_come_from_the_userinfo_endpoint(afternoon, provider):
    office = office_with(afternoon, provider, oidc_roles="desk-lead=supervisor", oidc_role_claim="realm_access.roles")
    provider.person["realm_access"] = {"roles": ["desk-lead"]}
    provider.from_userinfo = ("realm_access", "email")
    assert come_in(Browser(make_app(office))).headers["Location"] == "/"
    assert role_of(office, "m.berg") == "supervisor"
    assert "/userinfo" in provider.asked


def test_without_groups_only_those_come_in_whom_an_administrator_has_added(afternoon, provider):
    office = office_with(afternoon, provider)
    browser = Browser(make_app(office))
    answer = come_in(browser)
    assert (answer.status_code, "Ask an administrator" in said(answer)) == (403, True)
    with office.database.begin() as session:
        users.add_user(session, username="berg", name="", role="viewer", password="", at=story.NOW,
                       email="M.Berg@City.Example")  # fmt: skip
    assert come_in(browser).headers["Location"] == "/"
    provider.person["email"] = "another@city.example"
    assert come_in(browser).headers["Location"] == "/", "known by the subject from now on"
    assert role_of(office, "berg") == "viewer"


@pytest.mark.parametrize("verified", [False, "false", "true", None])
def test_an_address_that_was_never_checked_opens_nobodys_user(afternoon, provider, verified):
    office = office_with(afternoon, provider)
    with office.database.begin() as session:
        users.change_user(session, "admin", name="Ada", role="administrator", email="m.berg@city.example")
    provider.person["email_verified"] = verified
    expected = 303 if verified is None else 403
    assert come_in(Browser(make_app(office))).status_code == expected, "None: the directory says nothing"


def test_nobody_takes_the_user_name_of_somebody_else(signing_on, provider):
    provider.person |= {"preferred_username": "park", "email": "p@city.example"}
    answer = come_in(Browser(make_app(signing_on)))
    assert (answer.status_code, "There is a user &#39;park&#39; here already" in said(answer)) == (403, True)


def test_a_user_who_was_disabled_here_stays_out(signing_on):
    browser = Browser(make_app(signing_on))
    come_in(browser)
    with signing_on.database.begin() as session:
        users.disable(session, "m.berg", signing_on.clock.now())
    assert browser.get("/").status_code == 303, "at once"
    answer = come_in(browser)
    assert (answer.status_code, "is disabled" in said(answer)) == (403, True)


@pytest.mark.parametrize(
    "spoil",
    [{"aud": "another client"}, {"aud": [CLIENT, "another"]}, {"aud": None}, {"iss": "https://evil.example"},
     {"nonce": "of another time"}, {"nonce": None}, {"exp": 1}, {"exp": None}, {"sub": None}, {"azp": "another"}],
    ids=str,
)  # fmt: skip
def test_a_token_that_is_not_for_us_now_is_not_believed(signing_on, provider, spoil):
    provider.spoil = spoil
    answer = come_in(Browser(make_app(signing_on)))
    assert (answer.status_code, "could not be confirmed" in said(answer)) == (403, True)
    assert "__Host-session" not in str(answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_a_token_signed_with_nothing_or_with_a_shared_secret_is_not_believed(signing_on, provider, alg):
    provider.alg = alg
    assert come_in(Browser(make_app(signing_on))).status_code == 403


@pytest.mark.parametrize(
    "changed", [{"state": "another"}, {"state": None}, {"code": "another"}, {"iss": "https://evil.example"}], ids=str
)
def test_an_answer_that_is_not_the_one_we_asked_for_is_not_taken(signing_on, changed):
    answer = come_in(Browser(make_app(signing_on)), **changed)
    assert answer.status_code == 403
    assert "again" in said(answer)


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(signing_on):
    app = make_app(signing_on)
    browser, other = Browser(app), Browser(app)
    back = visit(browser.get("/sign-in/sso").headers["Location"])
    address = "/sign-in/sso/back?" + urlencode(back)
    assert other.get(address).status_code == 403
    assert browser.get(address).status_code == 303
    assert browser.get(address).status_code == 403


def test_an_answer_after_ten_minutes_is_too_late(signing_on, clock):
    browser = Browser(make_app(signing_on))
    back = visit(browser.get("/sign-in/sso").headers["Location"])
    clock.advance(timedelta(minutes=11))
    assert "longer than ten minutes" in said(browser.get("/sign-in/sso/back?" + urlencode(back)))


def test_a_refusal_of_the_provider_is_told(signing_on, provider):
    provider.refuses = "access_denied"
    assert "did not let you in" in said(come_in(Browser(make_app(signing_on))))


def test_the_providers_new_key_is_fetched_and_its_document_is_not_read_each_time(signing_on, provider):
    browser = Browser(make_app(signing_on))
    come_in(browser)
    provider.new_key()
    assert come_in(browser).status_code == 303
    assert provider.asked.count("/.well-known/openid-configuration") == 1
    assert provider.asked.count("/keys") == 2


def test_a_provider_that_does_not_answer_leaves_the_other_way_open(afternoon):
    settings = Settings(
        _env_file=None, comms_var=afternoon.settings.comms_var, secret_key="test-key",
        oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT,
    )  # fmt: skip
    office = Office(settings, afternoon.database, afternoon.clock, afternoon.city, afternoon.doorbell)
    browser = Browser(make_app(office))
    answer = browser.get("/sign-in/sso")
    assert (answer.status_code, "sign in with a user name" in said(answer)) == (502, True)
    assert browser.sign_in().headers["Location"] == "/"


def test_a_document_of_another_issuer_is_refused(afternoon, provider):
    settings = office_with(afternoon, provider).settings
    provider.issuer = "https://evil.example"
    with pytest.raises(SignOnError, match="does not answer as it should"):
        Provider(settings).start(afternoon.clock.now())


def test_without_single_sign_on_there_is_no_such_door(browser):
    assert browser.get("/sign-in/sso").status_code == 404
    assert browser.get("/sign-in/sso/back?code=1&state=2").status_code == 404
    assert "city account" not in said(browser.get("/sign-in"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("oidc_issuer", "http://login.example"), ("oidc_roles", "Collectors"), ("oidc_roles", "a=collector; =viewer")],
)
def test_settings_that_would_not_do_are_refused(name, value):
    with pytest.raises(ValueError, match=r"it is no https|it names no role"):
        Settings(_env_file=None, **{name: value})


def test_signing_out_shows_where_to_sign_out_of_the_city_account_too(signing_on, provider):
    browser = Browser(make_app(signing_on))
    for way, form in (("/sign-out", "/"), ("/me/sign-out-everywhere", "/me")):
        come_in(browser)
        answer = browser.post(way, page=form)
        assert answer.headers["Location"] == "/sign-in/sso/signed-out"
        page = said(browser.get(answer.headers["Location"]))
        assert f'href="{provider.issuer}/leave?theme=city&amp;client_id={CLIENT}"' in page
        assert "Your city account is still signed in here" in page
        assert browser.get("/").status_code == 303, "signed out of the desk"


@pytest.mark.parametrize("leaving", [None, "javascript:alert(1)", "http://evil.example/x", "//evil.example:1/x"])
def test_a_provider_without_such_a_page_leaves_it_to_the_person(signing_on, provider, leaving):
    provider.leaving = leaving
    browser = Browser(make_app(signing_on))
    come_in(browser)
    browser.post("/sign-out", page="/")
    page = said(browser.get("/sign-in/sso/signed-out"))
    assert ("lock the screen" in page, "evil" in page) == (True, False)
    assert "alert" not in page


def test_who_came_with_a_password_is_led_to_the_sign_in_page(signing_on):
    browser = Browser(make_app(signing_on))
    browser.sign_in()
    assert browser.post("/sign-out", page="/").headers["Location"] == "/sign-in"


def test_a_provider_that_is_gone_keeps_nobody_from_signing_out(signing_on, monkeypatch):
    browser = Browser(make_app(signing_on))
    come_in(browser)
    assert browser.post("/sign-out", page="/").status_code == 303
    monkeypatch.setattr(Provider, "_document", lambda *_: (_ for _ in ()).throw(SignOnError("gone")))
    assert "lock the screen" in said(browser.get("/sign-in/sso/signed-out"))
