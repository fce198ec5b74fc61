"""Both carriers put together: one process, one ledger, one set of switches."""

import logging
from pathlib import Path

from comms.clock import Clock
from comms.sandbox import sendgrid, twilio
from comms.sandbox.draws import Draws
from comms.sandbox.faults import REFUSALS, Fault, Faults, Switches
from comms.sandbox.http import Answer, Request
from comms.sandbox.inbound import Inbound
from comms.sandbox.ledger import Ledger, Row
from comms.sandbox.lifecycle import Lifecycle
from comms.sandbox.messages import Messages
from comms.sandbox.signing import SendGridKey, write_public_key
from comms.sandbox.webhooks_out import Webhooks
from comms.settings import SANDBOX_INBOUND_SECRET, SANDBOX_TWILIO_TOKEN

log = logging.getLogger(__name__)

_SENDS = (("POST", "/Messages.json"), ("POST", "/v3/mail/send"))


class Carriers:
    """Twilio and SendGrid, and the control API beside them. Made inside a running event loop."""

    def __init__(self, *, var: Path, seed: int, clock: Clock, public_url: str, switches: Switches) -> None:
        draws = Draws(seed)
        public_url = public_url.rstrip("/")
        self._at_start = switches
        self._clock = clock
        self.era = 0
        self.ledger = Ledger()
        self.faults = Faults(draws, switches)
        self.key = SendGridKey(seed)
        self.messages = Messages()
        self.webhooks = Webhooks(
            token=SANDBOX_TWILIO_TOKEN, key=self.key, faults=self.faults, draws=draws, ledger=self.ledger
        )
        self.lifecycle = Lifecycle(
            webhooks=self.webhooks,
            faults=self.faults,
            draws=draws,
            ledger=self.ledger,
            clock=clock,
            events_url=f"{public_url}/webhooks/sendgrid/events",
        )
        self.twilio = twilio.TwilioApi(
            lifecycle=self.lifecycle,
            ledger=self.ledger,
            messages=self.messages,
            draws=draws,
            faults=self.faults,
            clock=clock,
        )
        self.sendgrid = sendgrid.SendGridApi(lifecycle=self.lifecycle, ledger=self.ledger, draws=draws, clock=clock)
        self.inbound = Inbound(
            twilio=self.twilio,
            messages=self.messages,
            webhooks=self.webhooks,
            draws=draws,
            clock=clock,
            sms_url=f"{public_url}/webhooks/twilio/sms",
            mail_url=f"{public_url}/webhooks/sendgrid/inbound/{SANDBOX_INBOUND_SECRET}",
        )
        write_public_key(var, self.key)

    def handle(self, request: Request) -> Answer:
        """Answer what is asked of a carrier; whatever goes wrong in here is logged and answered with a 500."""
        try:
            return self._carry(request)
        except Exception:
            log.exception("request failed")
            return Answer(twilio.refuse(20500))

    def reset(self) -> None:
        """Forget everything and put the switches back as they were at start; SIDs go on from a new series."""
        self.era += 1
        self.webhooks.forget()
        self.lifecycle.forget()
        self.messages.forget()
        self.ledger.forget()
        self.twilio.opted_out.clear()
        self.faults.switches = self._at_start
        self.faults.script([])

    def _carry(self, request: Request) -> Answer:
        carrier = "sendgrid" if request.path.startswith("/v3/") else "twilio"
        self.ledger.requests[carrier] += 1
        sends = any(request.method == method and request.path.endswith(path) for method, path in _SENDS)
        fault = self.faults.draw(sends)
        delay = self.faults.latency()
        if fault in REFUSALS:
            self.ledger.refused[carrier][fault] += 1
            return Answer(self._refusal(carrier, REFUSALS[fault]), delay)
        rows: tuple[Row, ...]
        if carrier == "twilio":
            handled = self.twilio.handle(request, delay, self.era)
            payload, rows = handled.payload, handled.rows
        else:
            payload, rows = self.sendgrid.handle(request, delay, self.era)
        if rows and fault in (Fault.ACCEPT_THEN_DROP, Fault.ACCEPT_THEN_500):
            for row in rows:
                row.answered = False
            payload = b"" if fault is Fault.ACCEPT_THEN_DROP else self._refusal(carrier, 500)
        return Answer(payload, delay)

    def _refusal(self, carrier: str, status: int) -> bytes:
        if carrier == "twilio":
            return twilio.refuse(twilio.REFUSAL_CODES[status])
        return sendgrid.refuse(status, self._clock.now().timestamp())
