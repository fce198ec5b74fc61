"""A sandbox for a test process, fresh for each test; the official SDKs pointed at it; someone who hears webhooks."""

import base64
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import urllib3
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import CustomArg, Mail
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from comms.clock import FileClock
from comms.sandbox import start
from comms.settings import SANDBOX_SENDGRID_KEY, SANDBOX_TWILIO_SERVICE, SANDBOX_TWILIO_SID, SANDBOX_TWILIO_TOKEN
from tests.sandbox.judge import Judge
from tests.sandbox.receiver import Receiver

MESSAGES = f"/2010-04-01/Accounts/{SANDBOX_TWILIO_SID}/Messages.json"
MONDAY = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def clock_file(tmp_path_factory):
    return tmp_path_factory.mktemp("sandbox-clock") / "clock.json"


@pytest.fixture(scope="session")
def running(tmp_path_factory, clock_file):
    FileClock.put(clock_file, MONDAY)
    receiver = Receiver()
    # Everybody's phone works unless a test says otherwise; retries follow at once.
    calm = {"webhook_delay_ms": [1, 4], "event_batch_ms": 5, "retry_after_ms": 5, "undelivered_rate": 0}
    calm |= {"bounce_rate": 0, "open_rate": 0}
    var = tmp_path_factory.mktemp("sandbox")
    with start(var, seed=7, clock=clock_file, public_url=receiver.url, faults=calm) as sandbox:
        yield sandbox, receiver
    receiver.close()


@pytest.fixture
def sandbox(running, clock_file):
    FileClock.put(clock_file, MONDAY)
    sandbox, receiver = running
    sandbox.reset()
    receiver.forget()
    return sandbox


@pytest.fixture
def receiver(running, sandbox):
    return running[1]


@pytest.fixture
def twilio(sandbox):
    client = Client(SANDBOX_TWILIO_SID, SANDBOX_TWILIO_TOKEN, http_client=TwilioHttpClient(timeout=10))
    client.edge = client.region = None
    client.api.base_url = sandbox.url
    return client


@pytest.fixture
def sendgrid(sandbox):
    client = SendGridAPIClient(SANDBOX_SENDGRID_KEY, host=sandbox.url)
    client.client.timeout = 10
    return client


@pytest.fixture
def judge(sandbox):
    """The sandbox again, with a judge before it that notes every exchange."""
    made = Judge(sandbox.url)
    yield made
    made.close()


@pytest.fixture
def text(twilio, receiver):
    """Send one text through the official SDK."""

    def send(to="+12185550123", body="Your bill is past due.", **more):
        if "from_" not in more:
            more.setdefault("messaging_service_sid", SANDBOX_TWILIO_SERVICE)
        more.setdefault("status_callback", f"{receiver.url}/webhooks/twilio/status/token")
        return twilio.messages.create(to=to, body=body, **more)

    return send


@pytest.fixture
def mail(sendgrid):
    """Send one email through the official SDK; returns its message id."""

    def send(to="ann@example.com", subject="Past due", message_id="m-1", **more):
        message = Mail("office@duluth.example", to, subject, "Please pay.", "<p>Please pay.</p>")
        message.add_custom_arg(CustomArg("message_id", message_id))
        return sendgrid.send(message).headers["X-Message-Id"]

    return send


@pytest.fixture
def call(sandbox):
    """One plain HTTP request to the sandbox (or to the whole address given), with the account's credentials: status,
    headers, parsed body."""
    http = urllib3.PoolManager(retries=False, timeout=10)
    pair = base64.b64encode(f"{SANDBOX_TWILIO_SID}:{SANDBOX_TWILIO_TOKEN}".encode()).decode()

    def request(method, path, form=None, body=None, **headers):
        mail = "/v3/" in path
        given = {
            "Authorization": f"Bearer {SANDBOX_SENDGRID_KEY}" if mail else f"Basic {pair}",
            "Content-Type": "application/json" if mail else "application/x-www-form-urlencoded",
        }
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if form is not None:
            body = urlencode(form)
        elif isinstance(body, (dict, list)):
            body = json.dumps(body)
        answer = http.request(method, path if path.startswith("http") else sandbox.url + path, body=body, headers=given)
        return answer.status, answer.headers, json.loads(answer.data) if answer.data else None

    return request
