"""What leaves: the requests as the carriers get them, and asking a carrier what it has."""

import json
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from comms.channels import CannotAsk, Outcome
from comms.channels.unsubscribe import read_unsubscribe_token
from comms.signing import message_token, read_message_token
from tests.support.servers import free_port

from .conftest import http, mail_to, text_to

MESSAGE = json.dumps({"sid": "SM" + "1" * 32, "status": "accepted"}).encode()
AN_HOUR = timedelta(hours=1)


def body_of(request):
    return request.partition(b"\r\n\r\n")[2]


def headers_of(request):
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_a_text(odd_server, open_to):
    url, requests = odd_server(http(201, MESSAGE))
    text = "Año 50% & más: é 😀 +1"
    open_to("sms", url, public_url="https://comms.example.gov").send(text_to(text=text))
    form = parse_qs(body_of(requests[0]).decode())
    assert form["Body"] == [text]
    assert form["To"] == ["+12185550101"]
    assert form["MessagingServiceSid"][0].startswith("MG")
    assert form["StatusCallback"] == [
        f"https://comms.example.gov/webhooks/twilio/status/{message_token(b'test-key', 1)}"
    ]
    assert headers_of(requests[0])["authorization"].startswith("Basic ")


def test_a_text_from_a_number(odd_server, open_to):
    url, requests = odd_server(http(201, MESSAGE))
    open_to("sms", url, twilio_from_number="+12185550100").send(text_to())
    assert parse_qs(body_of(requests[0]).decode())["From"] == ["+12185550100"]


def test_the_environment_bends_nothing(odd_server, open_to, monkeypatch):
    for name in ("TWILIO_EDGE", "TWILIO_REGION"):
        monkeypatch.setenv(name, "ashburn")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    url, requests = odd_server(http(201, MESSAGE))
    assert open_to("sms", url).send(text_to()).outcome is Outcome.ACCEPTED
    sendgrid, mails = odd_server(http(202, b"", X_Message_Id="abc"))
    assert open_to("email", sendgrid).send(mail_to()).carrier_id == "abc"
    assert len(requests) == len(mails) == 1


def mail_as_sent(odd_server, open_to, outgoing, **more):
    url, requests = odd_server(http(202, b"", X_Message_Id="abc"))
    assert open_to("email", url, **more).send(outgoing).outcome is Outcome.ACCEPTED
    return json.loads(body_of(requests[0]))


def test_a_mail(odd_server, open_to):
    mail = mail_as_sent(odd_server, open_to, mail_to(), email_from="Duluth Utilities <billing@duluth.example.gov>")
    assert mail["from"] == {"email": "billing@duluth.example.gov", "name": "Duluth Utilities"}
    assert mail["reply_to"] == mail["from"]
    person = mail["personalizations"][0]
    assert person["to"] == [{"email": "maria@example.com", "name": "Maria Jensen"}]
    assert [part["type"] for part in mail["content"]] == ["text/plain", "text/html"]
    assert mail["categories"] == ["billing"]
    assert mail["tracking_settings"]["click_tracking"]["enable"] is False
    assert mail["tracking_settings"]["open_tracking"]["enable"] is False


@pytest.mark.parametrize(
    ("given", "name"), [("answers@parse.example.gov", "Duluth Utilities"), ("Desk <answers@parse.example.gov>", "Desk")]
)
def test_answers_to_a_mail_go_where_inbound_parse_reads_them(odd_server, open_to, given, name):
    mail = mail_as_sent(odd_server, open_to, mail_to(), email_from="billing@duluth.example.gov", email_reply_to=given)
    assert mail["from"]["email"] == "billing@duluth.example.gov"
    assert mail["reply_to"] == {"email": "answers@parse.example.gov", "name": name}


def test_only_an_opaque_token_travels_with_a_mail(odd_server, open_to):
    mail = mail_as_sent(odd_server, open_to, mail_to(message_id=77))
    custom = mail.get("custom_args") or mail["personalizations"][0]["custom_args"]
    assert list(custom) == ["message_token"]
    assert read_message_token(b"test-key", custom["message_token"]) == 77


def headers_sent(mail):
    return mail.get("headers") or mail["personalizations"][0].get("headers", {})


@pytest.mark.parametrize(
    ("purpose", "due"), [("dunning", True), ("informational", True), ("legal", False), ("conversational", False)]
)
def test_unsubscribing_is_offered_where_it_is_due(odd_server, open_to, channel_settings, purpose, due):
    headers = headers_sent(mail_as_sent(odd_server, open_to, mail_to(message_id=5, purpose=purpose)))
    assert ("List-Unsubscribe" in headers) is due
    if due:
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        token = headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]
        assert read_unsubscribe_token(channel_settings(), token) == 5


def test_an_answer_stays_in_its_thread(odd_server, open_to):
    sent = mail_as_sent(odd_server, open_to, mail_to(in_reply_to="<a@b>\r\nBcc: all@example.com"))
    headers = headers_sent(sent)
    assert headers["In-Reply-To"] == "<a@b> Bcc: all@example.com"
    assert headers["Message-ID"].startswith("<1-")


@pytest.mark.parametrize("token", ["", "5", "5-", "5-x", "-1-x", "x-y", "99999999999999999999-a", "５-a"])
def test_an_unsubscribe_link_cannot_be_made_up(channel_settings, token):
    assert read_unsubscribe_token(channel_settings(), token) is None
    assert read_unsubscribe_token(channel_settings(), message_token(b"test-key", 5)) is None


def test_hostile_names_stay_data(carriers, open_to):
    name = "=cmd|' /C calc'!A0 \"<b>\"\r\nBcc: x@example.com"
    channel = open_to("email", carriers.url)
    assert channel.send(mail_to(recipient_name=name, subject="Subj\r\nect: x")).outcome in (
        Outcome.ACCEPTED,
        Outcome.REFUSED_FOR_GOOD,
    )


def test_many_threads_share_a_few_kept_alive_connections(carriers, open_to):
    channel = open_to("sms", carriers.url)
    results = []

    def send(start):
        results.extend(channel.send(text_to(message_id=start + n)).outcome for n in range(10))

    threads = [threading.Thread(target=send, args=(100 * n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [Outcome.ACCEPTED] * 160
    assert len(list(carriers.ledger())) == 160


def looked_for(channel, outgoing, known=()):
    now = datetime.now(UTC)
    return channel.look_for(outgoing, now - AN_HOUR, now, known)


def test_a_text_whose_answer_was_lost_is_found(carriers, open_to):
    channel = open_to("sms", carriers.url)
    carriers.faults(next=["accept_then_drop"])
    assert channel.send(text_to()).outcome is Outcome.AMBIGUOUS
    found = looked_for(channel, text_to())
    assert found is not None
    assert found.carrier_id == next(carriers.ledger())["id"]
    assert found.status in {"submitted", "sent", "delivered"}
    assert found.at.utcoffset() == timedelta()


def test_a_text_still_in_the_carriers_queue_is_found(carriers, open_to):
    channel = open_to("sms", carriers.url)
    carriers.faults(next=["accept_then_500"], webhook_delay_ms=[60000, 60000], list_hides_unsent=True)
    assert channel.send(text_to()).outcome is Outcome.AMBIGUOUS
    assert looked_for(channel, text_to()) is not None


def test_a_text_that_was_never_taken_is_not_found(carriers, open_to):
    channel = open_to("sms", carriers.url)
    carriers.faults(next=["503"])
    assert channel.send(text_to()).outcome is Outcome.REFUSED_NOW
    assert looked_for(channel, text_to()) is None


def test_another_message_with_the_same_words_is_not_taken_for_it(carriers, open_to):
    channel = open_to("sms", carriers.url)
    first = channel.send(text_to()).carrier_id
    assert looked_for(channel, text_to(), known=[first]) is None
    second = channel.send(text_to()).carrier_id
    assert looked_for(channel, text_to(), known=[first]).carrier_id == second
    assert looked_for(channel, text_to()).carrier_id == first, "the earliest one"
    assert looked_for(channel, text_to(text="Other words")) is None
    assert looked_for(channel, text_to(recipient="+12185550102")) is None


def test_a_text_sent_long_before_is_not_taken_for_it(carriers, open_to):
    channel = open_to("sms", carriers.url)
    channel.send(text_to())
    later = datetime.now(UTC) + AN_HOUR
    assert channel.look_for(text_to(), later, later + AN_HOUR, ()) is None


@pytest.mark.parametrize(
    "answer", [http(503, b"x"), http(200, b"no JSON"), http(200, b"{}"), http(401, b"{}"), lambda c: None]
)
def test_a_carrier_that_cannot_be_asked(odd_server, open_to, answer):
    url, _ = odd_server(answer)
    with pytest.raises(CannotAsk):
        looked_for(open_to("sms", url), text_to())


def test_sendgrid_cannot_be_asked(carriers, open_to):
    with pytest.raises(CannotAsk):
        looked_for(open_to("email", carriers.url), mail_to())
