"""What the doctor says of single sign-on, and of proxies before it."""

import time

import pytest

from tests.support.identity_provider import CLIENT, identity_provider


def found(comms, what="sign-on") -> tuple[str, str]:
    (one,) = [each for each in comms("doctor", "--json").json if each["what"] == what]
    return one["state"], one["says"]


@pytest.fixture(autouse=True)
def no_carriers(monkeypatch):
    monkeypatch.setattr("comms.cli.doctor._carriers", lambda settings: [])


def test_a_provider_that_answers_and_one_that_does_not(comms, monkeypatch):
    assert found(comms) == ("good", "user names and passwords; no identity provider is set")
    monkeypatch.setenv("OIDC_CLIENT_ID", CLIENT)
    assert found(comms) == ("bad", "OIDC_ISSUER and OIDC_CLIENT_ID belong together")
    with identity_provider(time.time) as provider:
        monkeypatch.setenv("OIDC_ISSUER", provider.issuer)
        assert found(comms) == ("good", f"{provider.issuer} answers; roles as given at the desk")
        monkeypatch.setenv("OIDC_ROLES", "City Collectors=collector")
        assert found(comms)[1].endswith("roles by groups")
        monkeypatch.setenv("OIDC_ROLES", "City Collectors=boss")
        assert found(comms) == ("bad", "OIDC_ROLES names no role of ours: boss")
        monkeypatch.setenv("OIDC_ROLES", "")
    assert found(comms)[0] == "bad", "it is gone"


def test_an_https_address_without_a_proxy_is_minded(comms, monkeypatch):
    assert found(comms, "proxies") == ("good", "in front of the web server: none")
    monkeypatch.setenv("PUBLIC_URL", "https://comms.city.example")
    assert found(comms, "proxies")[0] == "mind"
    monkeypatch.setenv("COMMS_PROXIES", "1")
    assert found(comms, "proxies") == ("good", "in front of the web server: 1, each adding to X-Forwarded-For")
