"""An office with its webhook routes behind a real HTTP server, and carriers that sign."""

import itertools
import json
import threading
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from sqlalchemy import select, update
from twilio.request_validator import RequestValidator
from werkzeug.serving import WSGIRequestHandler, make_server

from comms import outbox, replies
from comms.db import bulk_insert
from comms.history.schema import WebhookEvent
from comms.outbox.schema import Message
from comms.replies.schema import InboundMessage
from comms.settings import SANDBOX_TWILIO_TOKEN, Settings
from comms.signing import message_token
from comms.worklist import open_tasks
from tests.support import build
from webhooks import blueprint

PUBLIC = "https://comms.example.gov"
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
SID = "SM" + "0" * 31 + "1"
REFUSED = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is refused never reaches the database, so that one kind of it will do."""


@dataclass
class RememberingBell:
    """Remembers who was rung, and lets a test wait for it."""

    rung: list[str] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)

    def ring(self, lane, ids=()):
        self.rung.append(lane)
        self.heard.set()
        return True


@pytest.fixture
def webhook_settings(tmp_path):
    return Settings(
        _env_file=None, comms_var=tmp_path / "var", secret_key="test-key", public_url=PUBLIC,
        sendgrid_webhook_public_key=PUBLIC_KEY, sendgrid_inbound_secret="inbound-secret",
    )  # fmt: skip


@pytest.fixture
def make_office(webhook_settings, clock, city):
    def make(database, **more):
        given = {
            "settings": webhook_settings, "database": database, "clock": clock, "city": city, "renderer": None,
            "doorbell": RememberingBell(),
        }  # fmt: skip
        return SimpleNamespace(**(given | more))

    return make


@pytest.fixture
def office(database, make_office):
    return make_office(database)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *args: Any) -> None:
        pass


@contextmanager
def serving(office, port=0):
    app = Flask("test")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.register_blueprint(blueprint(office))
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Carrier(f"http://127.0.0.1:{server.port}", office)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def carrier(office):
    with serving(office) as made:
        yield made


class Carrier:
    """Posts as the carriers do: signed for ``PUBLIC_URL``, sent to the server."""

    def __init__(self, url, office):
        self.url, self.office = url, office
        self.http = urllib3.PoolManager(retries=False, timeout=20)

    def send(self, method, target, body=b"", headers=None):
        answer = self.http.urlopen(method, self.url + target, body=body, headers=headers or {}, redirect=False)
        return answer.status, answer.data.decode(), answer.headers

    def twilio(self, target, params, *, token=SANDBOX_TWILIO_TOKEN, signature=None, signed_url=None, **headers):
        pairs = list(params.items()) if isinstance(params, dict) else list(params)
        if signature is None:
            signature = RequestValidator(token).compute_signature(signed_url or PUBLIC + target, Pairs(pairs))
        given = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", target, urlencode(pairs).encode(), given)

    def text(self, body="hello", sid=SID, sender="+12185550101", **more):
        given = {"MessageSid": sid, "From": sender, "To": "+12185550100", "Body": body, "NumMedia": "0"}
        return self.twilio("/webhooks/twilio/sms", given | more)

    def status(self, status, token="1-x", sid=SID, **more):
        params = {"MessageSid": sid, "MessageStatus": status, "To": "+12185550101"} | more
        return self.twilio(f"/webhooks/twilio/status/{token}", params)

    def events(self, events, *, raw=None, timestamp="1795449600", signature=None, **headers):
        body = raw if raw is not None else (",\r\n".join(json.dumps(e) for e in events)).join("[]").encode() + b"\r\n"
        if signature is None:
            made = KEY.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
            signature = b64encode(made).decode()
        given = {
            "Content-Type": "application/json;charset=utf-8",
            "X-Twilio-Email-Event-Webhook-Signature": signature,
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }
        return self.send("POST", "/webhooks/sendgrid/events", body, given | headers)

    def mail(self, parts, *, secret="inbound-secret", boundary="xYzZY", tail=True, **headers):
        body = multipart(parts, boundary, tail)
        given = {"Content-Type": f"multipart/form-data; boundary={boundary}"} | headers
        return self.send("POST", f"/webhooks/sendgrid/inbound/{secret}", body, given)


class Pairs(list):
    """Repeated names for the SDK's validator."""

    def __iter__(self):
        return iter([name for name, _ in list.__iter__(self)])

    def getlist(self, name):
        return [value for key, value in list.__iter__(self) if key == name]


def multipart(parts, boundary="xYzZY", tail=True):
    body = b""
    for name, value, *more in parts:
        extra = "".join(more)
        raw = value if isinstance(value, bytes) else value.encode()
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + raw + b"\r\n"
    return body + (f"--{boundary}--\r\n".encode() if tail else b"")


def a_mail(text="I can pay Friday", sender="maria@example.com", **more):
    fields = {
        "headers": f"From: Maria <{sender}>\nMessage-ID: <m1@mail.example.com>\nDate: Mon, 23 Nov 2026 16:00 +0000\n",
        "from": f"Maria <{sender}>", "to": "utilities@duluth.example.gov", "subject": "Re: Your account",
        "text": text, "envelope": json.dumps({"to": ["utilities@duluth.example.gov"], "from": sender}),
        "charsets": json.dumps({"text": "UTF-8", "subject": "UTF-8"}), "attachments": "0",
    } | more  # fmt: skip
    return [(name, value) for name, value in fields.items() if value is not None]


def an_event(word="delivered", key="e1", **more):
    return {"event": word, "sg_event_id": key, "email": "maria@example.com", "timestamp": 1795449600} | more


@pytest.fixture
def kept(database):
    """The rows of ``webhook_event``, oldest first."""

    def read():
        with database.read() as session:
            return list(session.scalars(select(WebhookEvent).order_by(WebhookEvent.id)))

    return read


@pytest.fixture
def keep(database, clock):
    """Puts a row into ``webhook_event`` as the intake would."""
    numbers = itertools.count(1)

    def act(kind, body, *, key=None, token=None, provider=None, **more):
        row = {
            "provider": provider or ("twilio" if kind.startswith("sms") else "sendgrid"), "kind": kind,
            "event_key": key or f"key-{next(numbers)}", "token": token, "body": body, "headers": {},
            "received_at": clock.now(), "state": "new", "tries": 0,
        } | more  # fmt: skip
        with database.begin() as session:
            bulk_insert(session, WebhookEvent, [row])

    return act


@pytest.fixture
def status(keep):
    def act(word, token=None, *, sid=SID, to="+12185550101", **more):
        keep("sms.status", urlencode({"MessageSid": sid, "MessageStatus": word, "To": to} | more), token=token)

    return act


@pytest.fixture
def event(keep):
    def act(word, token=None, *, email="maria@example.com", **more):
        given = {"event": word, "email": email, "sg_event_id": "x", "timestamp": 1795449000} | more
        keep("email.event", json.dumps(given | ({"message_token": token} if token else {})))

    return act


@pytest.fixture
def text(keep):
    def act(body, sender="+12185550101", sid=None, **more):
        sid = sid or f"SM{abs(hash(body)):032x}"[:34]
        form = {"MessageSid": sid, "From": sender, "To": "+12185550100", "Body": body} | more
        keep("sms.inbound", urlencode(form), key=sid)

    return act


@pytest.fixture
def submitted(database, clock):
    """A message that the carrier has taken; returns its id and token."""

    def act(channel="sms", carrier_id=SID, **more):
        with database.begin() as session:
            account = build.account(session, **more)
            [message_id] = outbox.enqueue(session, [build.draft(account.id, channel=channel)], clock)
            session.execute(
                update(Message)
                .where(Message.id == message_id)
                .values(state="submitted", carrier_id=carrier_id, submitted_at=clock.now(), state_at=clock.now())
            )
        return message_id, message_token(b"test-key", message_id)

    return act


@dataclass
class Handled:
    lanes: tuple[str, ...] = ("urgent",)


@pytest.fixture
def handled(monkeypatch):
    """Stands in for the understanding of replies: remembers their texts, in order; what is in ``fails`` raises."""

    class Replies:
        texts: list[str] = []  # noqa: RUF012
        fails: set[str] = set()  # noqa: RUF012

    seen = Replies()
    seen.texts, seen.fails = [], set()

    def handle(session, inbound_id, **_):
        inbound = session.get(InboundMessage, inbound_id)
        if inbound.text in seen.fails:
            session.execute(update(InboundMessage).values(intent="half done"))
            raise ValueError("cannot be understood")
        inbound.handling = "noted"
        seen.texts.append(inbound.text)
        return Handled()

    monkeypatch.setattr(replies, "handle", handle)
    return seen


def state_of(database, message_id):
    with database.read() as session:
        return session.scalar(select(Message.state).where(Message.id == message_id))


def rows(database):
    with database.read() as session:
        statement = select(WebhookEvent.state, WebhookEvent.tries, WebhookEvent.outcome).order_by(WebhookEvent.id)
        return [tuple(row) for row in session.execute(statement)]


def tasks(database, kind):
    with database.read() as session:
        return [task.reason for task in open_tasks(session, [kind])]
