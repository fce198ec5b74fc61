"""What SendGrid posts, events and mail: kept once, answered rightly, and never a 500."""

import json

import pytest

from .conftest import REFUSED, a_mail, an_event


def test_a_batch_of_events_is_kept_one_row_each_as_it_came(carrier, kept):
    first = b'{"event":"delivered",  "sg_event_id":"e1","x":"\\ud800\\u0000"}'
    raw = b"[ " + first + b' ,\r\n{"event": "open","sg_event_id":"e2"}]\r\n'
    assert carrier.events([], raw=raw)[0] == 204
    rows = kept()
    assert [row.event_key for row in rows] == ["e1", "e2"]
    assert rows[0].body == first.decode()


def test_events_that_come_again_are_harmless(carrier, kept):
    assert carrier.events([an_event(key="e1"), an_event(key="e1"), an_event(key="e2")])[0] == 204
    assert carrier.events([an_event(key="e2"), an_event(key="e3")])[0] == 204
    assert [row.event_key for row in kept()] == ["e1", "e2", "e3"]


def test_an_empty_batch_is_thanked_for(carrier, kept):
    assert carrier.events([])[0] == 204
    assert kept() == []


@pytest.mark.parametrize(
    "odd",
    [
        "hello",
        None,
        42,
        [1, 2],
        {},
        an_event(key=None),
        an_event(key=""),
        an_event(key="x" * 101),
        an_event(key={"a": 1}),
    ],
)
def test_what_is_not_an_event_is_kept_with_the_others(carrier, kept, odd):
    assert carrier.events([odd, an_event()])[0] == 204
    rows = kept()
    assert len(rows) == 2
    assert rows[0].event_key.startswith("sha256:")
    assert json.loads(rows[0].body) == odd


BAD_BODIES = {
    "empty": b"",
    "an object": b'{"event":"delivered"}',
    "not closed": b'[{"event":"delivered"}',
    "no comma": b"[1 2]",
    "trailing comma": b"[1,]",
    "something after": b"[] []",
    "not UTF-8": b'["\xff"]',
    "a raw NUL": b'["\x00"]',
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "a number without end": b"[" + b"9" * 10_000 + b"]",
    "not JSON": b"[nonsense]",
}


@pytest.mark.parametrize("raw", BAD_BODIES.values(), ids=BAD_BODIES.keys())
@REFUSED
def test_events_that_cannot_be_read(carrier, kept, raw):
    assert carrier.events([], raw=raw)[0] == 400
    assert kept() == []


@REFUSED
def test_events_that_sendgrid_did_not_sign(carrier, kept):
    for changes in ({"signature": ""}, {"signature": "AAAA"}, {"signature": "é".encode("latin-1").decode("latin-1")}):
        assert carrier.events([an_event()], **changes)[0] == 403
    assert carrier.events([an_event()], **{"Content-Type": "text/plain"})[0] == 415
    assert kept() == []


def test_a_mail_is_kept(carrier, kept):
    assert carrier.mail(a_mail("Año\n\n> quoted"))[0] == 200
    [row] = kept()
    mail = json.loads(row.body)
    assert (row.kind, mail["text"], mail["envelope"]["from"]) == (
        "email.inbound",
        "Año\n\n> quoted",
        "maria@example.com",
    )
    assert mail["message_id"] == "<m1@mail.example.com>"


def test_a_mail_that_comes_again_is_harmless(carrier, kept):
    assert carrier.mail(a_mail(spam_score="0.1"))[0] == 200
    assert carrier.mail(a_mail(spam_score="0.2"), boundary="another")[0] == 200
    assert carrier.mail(a_mail("something else"))[0] == 200
    assert len(kept()) == 2


def test_each_field_has_its_own_charset(carrier, kept):
    charsets = json.dumps({"text": "windows-1252", "subject": "iso-8859-1", "from": "no-such-charset"})
    parts = a_mail(text="“Año”".encode("windows-1252"), subject="Año".encode("latin-1"), charsets=charsets)
    assert carrier.mail(parts)[0] == 200
    mail = json.loads(kept()[0].body)
    assert (mail["text"], mail["subject"], mail["cut"]) == ("“Año”", "Año", False)


def test_attachments_leave_their_names_only(carrier, kept):
    info = json.dumps({"attachment1": {"filename": "bill.pdf", "type": "application/pdf"}})
    parts = [
        *a_mail(**{"attachments": "2", "attachment-info": info}),
        ("attachment1", b"%PDF secret content" * 1000, '; filename="x.pdf"\r\nContent-Type: application/pdf'),
        ("attachment2", b"secret content", '; filename="../../etc/passwd"\r\nContent-Type: text/plain'),
    ]
    assert carrier.mail(parts)[0] == 200
    row = kept()[0]
    assert "secret" not in row.body
    assert json.loads(row.body)["attachments"] == [
        {"name": "bill.pdf", "type": "application/pdf"},
        {"name": "passwd", "type": "text/plain"},
    ]


def test_a_mail_of_html_alone_has_its_words(carrier, kept):
    html = "<style>p{}</style><p>I can <b>pay</b></p><script>x()</script><div>Friday&nbsp;&amp; so</div>"
    assert carrier.mail(a_mail(text=None, html=html))[0] == 200
    assert json.loads(kept()[0].body)["text"] == "I can pay\nFriday & so"


RAW_MAIL = (
    b"From: Maria <maria@example.com>\r\nTo: u@x.example\r\nSubject: =?utf-8?q?A=C3=B1o?=\r\nMessage-ID: <raw@x>\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=latin-1\r\n\r\n"
    b"A\xf1o\r\n"
    b"--b\r\nContent-Type: application/pdf; name=bill.pdf\r\nContent-Disposition: attachment; filename=bill.pdf\r\n\r\n"
    b"secret content\r\n--b--\r\n"
)


def test_a_mail_as_its_raw_message(carrier, kept):
    parts = [("email", RAW_MAIL), ("envelope", json.dumps({"to": ["u@x.example"], "from": "maria@example.com"}))]
    assert carrier.mail(parts)[0] == 200
    row = kept()[0]
    mail = json.loads(row.body)
    assert (mail["subject"], mail["text"].strip(), mail["message_id"]) == ("Año", "Año", "<raw@x>")
    assert mail["attachments"] == [{"name": "bill.pdf", "type": "application/pdf"}]
    assert "secret" not in row.body


@pytest.mark.parametrize(
    ("changes", "automatic"),
    [
        ({}, False),
        ({"headers": "From: m@x.example\nAuto-Submitted: auto-replied\n"}, True),
        ({"headers": "From: m@x.example\nAuto-Submitted: no\n"}, False),
        ({"headers": "From: m@x.example\nPrecedence: bulk\n"}, True),
        ({"envelope": '{"to":["u@x.example"],"from":""}'}, True),
        ({"envelope": '{"to":["x"'}, False),
        ({"envelope": '["x"]'}, False),
        ({"charsets": "not json", "attachments": "many", "attachment-info": "[1]"}, False),
    ],
)
@REFUSED
def test_a_mail_that_a_machine_wrote_is_known_as_such(carrier, kept, changes, automatic):
    assert carrier.mail(a_mail(**changes))[0] == 200
    assert json.loads(kept()[0].body)["automatic"] is automatic


def test_a_mail_too_long_is_cut_and_says_so(carrier, kept):
    assert carrier.mail(a_mail("x" * 3_000_000))[0] == 200
    mail = json.loads(kept()[0].body)
    assert (len(mail["text"]), mail["cut"]) == (512 * 1024, True)


def test_a_mail_with_a_nul_can_be_kept(carrier, kept):
    assert carrier.mail(a_mail("a\0b"))[0] == 200
    assert json.loads(kept()[0].body)["text"] == "a\0b"


@REFUSED
def test_mails_that_are_none(carrier, kept):
    assert carrier.mail(a_mail(), secret="another")[0] == 403
    assert carrier.mail(a_mail(), secret="%ff%00")[0] == 403
    assert carrier.mail(a_mail(), **{"Content-Type": "application/json"})[0] == 415
    assert carrier.mail(a_mail(), **{"Content-Type": "multipart/form-data"})[0] == 400
    assert carrier.mail(a_mail(), tail=False)[0] == 400
    assert carrier.mail([("subject", "x")])[0] == 400
    assert carrier.mail([(f"f{n}", "x") for n in range(600)])[0] == 413
    assert kept() == []
