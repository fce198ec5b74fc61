"""Signing in with a code and with the city account, and the pages about staff, in a real Chromium."""

from datetime import timedelta

import pyotp
import pytest

from comms.desk.access import codes, users
from comms.office import Office
from comms.settings import Settings
from tests.desk import chromium
from tests.desk.conftest import make_app
from tests.support.identity_provider import CLIENT, SECRET, identity_provider

pytestmark = pytest.mark.browser

LONG = "maximiliana.wolfeschlegelsteinhausenbergerdorff@utilities.city.example"


@pytest.fixture
def served(afternoon, clock):
    """The afternoon with single sign-on at a provider of ours, and one user whose name fits nowhere."""
    with afternoon.database.begin() as session:
        users.add_user(session, username=LONG[:60], name="Wolfeschlegelsteinhausenbergerdorff, Maximiliana", email=LONG,
                       role="supervisor", password="", at=clock.now())  # fmt: skip
        users.disable(session, "vera", clock.now())
    with identity_provider(lambda: clock.now().timestamp()) as provider:
        provider.person["groups"] = ["desk"]
        app = []
        with chromium.served(lambda environ, start: app[0](environ, start)) as address:
            settings = Settings(
                _env_file=None, comms_var=afternoon.settings.comms_var, secret_key="test-key", public_url=address,
                oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET,
                oidc_roles="desk=administrator",
            )  # fmt: skip
            app.append(make_app(Office(settings, afternoon.database, clock, afternoon.city, afternoon.doorbell)))
            yield address


def test_codes_are_set_up_and_asked_for_by_keyboard(one_chromium, served, clock):
    page, _ = chromium.signed_in(one_chromium, served)
    page.goto("/me/codes")
    page.press("main button", "Enter")
    page.wait_for_selector(".qr")
    phone = pyotp.TOTP("".join(page.locator(".key span").all_inner_texts()))
    page.fill("#code", phone.generate_otp(int(clock.now().timestamp()) // codes.STEP))
    page.press("#code", "Enter")
    page.wait_for_selector("text=Codes are on since")
    page.click("text=Sign out")
    page.context.close()

    clock.advance(timedelta(seconds=codes.STEP))
    page, _ = chromium.signed_in(one_chromium, served, chromium.PHONE, to="/sign-in/code?*")
    assert chromium.violations(page) == []
    assert page.evaluate("document.activeElement.id") == "code"
    page.keyboard.type(phone.generate_otp(int(clock.now().timestamp()) // codes.STEP))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served}/")
    page.context.close()


def test_the_city_account_leads_to_the_page_that_was_wanted(one_chromium, served):
    page, complaints = chromium.window(one_chromium, served)
    page.goto("/staff")
    assert chromium.violations(page) == []
    page.click("text=Sign in with your city account")
    page.wait_for_url(f"{served}/staff")
    assert page.locator("text=Maria Berg").first.is_visible()
    assert complaints == []
    page.context.close()
