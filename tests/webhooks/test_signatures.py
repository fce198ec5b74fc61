"""Is it really the carrier? The same answers as the carriers' own libraries, from the raw bytes."""

from base64 import b64decode, b64encode
from urllib.parse import parse_qsl, urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook
from twilio.request_validator import RequestValidator

from comms.settings import Settings
from webhooks.signatures import TwilioSignature, raw_target, sendgrid_key, sendgrid_signature_holds

from .conftest import KEY, PUBLIC_KEY, Pairs

TOKEN = "0123456789abcdef0123456789abcdef"

FORMS = {
    "plain": [("Body", "hello"), ("From", "+12185550101")],
    "empty values": [("Body", ""), ("MediaUrl0", "")],
    "no fields": [],
    "repeated names": [("A", "2"), ("A", "1"), ("A", "2"), ("B", "x")],
    "spaces and newlines kept": [("Body", "  a\r\nb\t ")],
    "accents": [("Body", "Año ñandú")],
    "emoji and full width": [("Body", "😀＝"), ("😀", "1"), ("＝", "2")],
    "markup": [("Body", "<b>&amp;'\"%27</b>")],
    "unknown parameters": [("NewThing", "1"), ("Body", "x")],
}
URLS = [
    ("https://comms.example.gov", "/webhooks/twilio/sms"),
    ("https://comms.example.gov", "/webhooks/twilio/status/12-AbC_-9"),
    ("https://comms.example.gov", "/webhooks/twilio/sms?a=%C3%A9&b=%27%7B"),
    ("https://comms.example.gov", "/webhooks/twilio/sms?bodySHA256=abc"),
    ("https://comms.example.gov:8443", "/webhooks/twilio/sms"),
    ("http://127.0.0.1:8000", "/webhooks/twilio/sms"),
    ("http://comms.example.gov", "/webhooks/twilio/sms"),
    ("https://example.gov/comms", "/webhooks/twilio/sms"),
]


@pytest.mark.parametrize(("public", "target"), URLS)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_what_twilio_signs_is_believed(public, target, form):
    signature = RequestValidator(TOKEN).compute_signature(public + target, Pairs(form))
    assert TwilioSignature(public, [TOKEN]).holds(target, form, signature)
    assert RequestValidator(TOKEN).validate(public + target, Pairs(form), signature)


@pytest.mark.parametrize(
    "change",
    [
        lambda target, form: (target + "x", form),
        lambda target, form: (target + "?a=1", form),
        lambda target, form: (target, [*form, ("Extra", "1")]),
        lambda target, form: (target, form[1:]),
        lambda target, form: (target, [(name, value + " ") for name, value in form]),
    ],
)
def test_anything_changed_is_not(change):
    target, form = "/webhooks/twilio/sms", FORMS["plain"]
    signature = RequestValidator(TOKEN).compute_signature("https://comms.example.gov" + target, dict(form))
    changed_target, changed_form = change(target, form)
    assert not TwilioSignature("https://comms.example.gov", [TOKEN]).holds(changed_target, changed_form, signature)


@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))), max_size=6
    ),
    st.sampled_from(URLS),
    st.sampled_from([TOKEN, "another"]),
)
def test_we_and_the_sdk_always_agree(form, url, signed_with):
    public, target = url
    pairs = parse_qsl(urlencode(form), keep_blank_values=True)
    signature = RequestValidator(signed_with).compute_signature(public + target, Pairs(pairs))
    ours = TwilioSignature(public, [TOKEN]).holds(target, pairs, signature)
    assert ours == RequestValidator(TOKEN).validate(public + target, Pairs(pairs), signature) == (signed_with == TOKEN)


@pytest.mark.parametrize("signed_port", ["", ":443"])
def test_twilio_may_sign_with_or_without_the_port(signed_port):
    signature = RequestValidator(TOKEN).compute_signature(f"https://comms.example.gov{signed_port}/x", {"a": "b"})
    assert TwilioSignature("https://comms.example.gov", [TOKEN]).holds("/x", [("a", "b")], signature)


def test_every_token_is_good_while_they_are_rotated():
    for token in ("new", "old"):
        signature = RequestValidator(token).compute_signature("https://comms.example.gov/x", {"a": "b"})
        assert TwilioSignature("https://comms.example.gov", ["new", "old"]).holds("/x", [("a", "b")], signature)
        assert not TwilioSignature("https://comms.example.gov", ["newer"]).holds("/x", [("a", "b")], signature)


def test_a_shared_key_names_its_algorithm():
    signature = RequestValidator(TOKEN).compute_signature("https://comms.example.gov/x", {"a": "b"}, "HMAC_SHA256")
    check = TwilioSignature("https://comms.example.gov", [TOKEN])
    assert check.holds("/x", [("a", "b")], signature, "key=k1,algorithm=HMAC_SHA256")
    assert not check.holds("/x", [("a", "b")], signature)


def test_a_prefix_that_a_proxy_removed_or_left_is_the_same():
    signature = RequestValidator(TOKEN).compute_signature("https://example.gov/comms/x", {"a": "b"})
    check = TwilioSignature("https://example.gov/comms", [TOKEN])
    assert check.holds("/x", [("a", "b")], signature)
    assert check.holds("/comms/x", [("a", "b")], signature)


@pytest.mark.parametrize("signature", ["", "x", "é", "=" * 1000, None, b64encode(b"0" * 20).decode()])
def test_nonsense_is_a_no_and_not_an_error(signature):
    assert not TwilioSignature("https://comms.example.gov", [TOKEN]).holds("/x", [("a", "\ud800")], signature)
    assert not TwilioSignature("https://comms.example.gov", [TOKEN]).holds("/x", [("a", "b")], signature)
    assert not TwilioSignature("https://comms.example.gov", []).holds("/x", [], signature)


@pytest.mark.parametrize(
    ("environ", "target"),
    [
        ({"RAW_URI": "/a?b=%27"}, "/a?b=%27"),
        ({"REQUEST_URI": "/a%2Fb"}, "/a%2Fb"),
        ({"RAW_URI": "https://other.example:99/a?b=http://c"}, "/a?b=http://c"),
        ({"RAW_URI": "https://other.example"}, ""),
        (
            {"PATH_INFO": "/webhooks/twilio/status/1-Ab_-", "QUERY_STRING": "x=%27"},
            "/webhooks/twilio/status/1-Ab_-?x=%27",
        ),
        ({"PATH_INFO": "/é".encode().decode("latin-1"), "QUERY_STRING": ""}, "/%C3%A9"),
    ],
)
def test_the_target_as_it_came(environ, target):
    assert raw_target(environ) == target


def sendgrid_signed(body, timestamp="1795449600"):
    return b64encode(KEY.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


@pytest.mark.parametrize("body", [b"[]\r\n", '[{"a":"😀"}]'.encode(), b"\xff\xfe"])
def test_what_sendgrid_signs_is_believed(body):
    assert sendgrid_signature_holds(PUBLIC_KEY, "1795449600", sendgrid_signed(body), body)
    if body != b"\xff\xfe":
        library = EventWebhook(PUBLIC_KEY)
        assert library.verify_signature(body.decode(), sendgrid_signed(body), "1795449600")


def test_a_key_between_pem_lines_is_the_same_key():
    pem = f"-----BEGIN PUBLIC KEY-----\n{PUBLIC_KEY}\n-----END PUBLIC KEY-----"
    assert sendgrid_signature_holds(pem, "1", sendgrid_signed(b"x", "1"), b"x")


@pytest.mark.parametrize(
    ("key", "timestamp", "signature"),
    [
        (PUBLIC_KEY, "1795449601", "good"),
        (PUBLIC_KEY, None, "good"),
        (PUBLIC_KEY, "é", "good"),
        (PUBLIC_KEY, "1795449600", None),
        (PUBLIC_KEY, "1795449600", "not base64!"),
        (PUBLIC_KEY, "1795449600", b64encode(b"\x30\x06\x02\x01\x01\x02\x01\x01").decode()),
        ("", "1795449600", "good"),
        ("nonsense", "1795449600", "good"),
        (b64encode(b64decode(PUBLIC_KEY)[:-1]).decode(), "1795449600", "good"),
    ],
)
def test_nonsense_for_sendgrid_is_a_no_and_not_an_error(key, timestamp, signature):
    made = sendgrid_signed(b"[]") if signature == "good" else signature
    assert not sendgrid_signature_holds(key, timestamp, made, b"[]")


def test_the_sandbox_leaves_its_key_beside_the_database(tmp_path):
    settings = Settings(_env_file=None, comms_var=tmp_path)
    assert sendgrid_key(settings) == ""
    (tmp_path / "sandbox-sendgrid.pub").write_text("abc\n")
    assert sendgrid_key(settings) == "abc"
    assert sendgrid_key(Settings(_env_file=None, comms_var=tmp_path, comms_mode="live")) == ""
