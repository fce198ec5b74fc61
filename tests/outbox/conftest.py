"""An outbox with scripted carriers."""

import random
import threading
from dataclasses import dataclass

import pytest

from comms.clock import FixedClock
from comms.db import Database
from comms.outbox import Dispatcher
from comms.outbox.pacing import Unpaced
from tests.outbox.carriers import ScriptedCarrier


@dataclass
class Outbox:
    """A database, a clock, two carriers and dispatchers on demand."""

    database: Database
    clock: FixedClock
    city: object
    sms: ScriptedCarrier
    email: ScriptedCarrier
    stopping: threading.Event

    def dispatcher(self, owner: str = "w1", threads: int = 8, **more) -> Dispatcher:
        return Dispatcher(
            self.database, self.clock, self.city, {"sms": self.sms, "email": self.email},
            {"sms": Unpaced(), "email": Unpaced()}, secret=b"k", owner=owner, threads=threads,
            stopping=self.stopping, draw=random.Random(1), **more,
        )  # fmt: skip


@pytest.fixture
def outbox(database, clock, city) -> Outbox:
    sms, email = ScriptedCarrier("sms", "twilio"), ScriptedCarrier("email", "sendgrid")
    return Outbox(database, clock, city, sms, email, threading.Event())
