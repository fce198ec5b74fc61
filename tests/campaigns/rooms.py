"""The whole office without a network: nights are planned and released, workers send to scripted carriers, carriers and
customers post to the real webhooks, the mail house takes letters and says when it mailed them, files are imported."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import select, update
from twilio.request_validator import RequestValidator

from comms import campaigns, outbox, promises, replies
from comms.accounts.importing import import_payments
from comms.accounts.schema import Account
from comms.channels import Outcome, Result
from comms.history import timeline
from comms.outbox import Message, State, mail_acks
from comms.outbox.fallback import fall_back
from comms.outbox.mailing import hand_over_letters
from comms.outbox.pacing import Unpaced
from comms.outbox.returned_mail import CameBack, take_in
from comms.outbox.schema import MailPiece
from comms.promises.schema import Promise
from comms.settings import SANDBOX_TWILIO_TOKEN, Settings
from comms.signing import message_token
from comms.worklist import open_tasks
from tests.campaigns.releasing import Doors
from tests.outbox.carriers import ScriptedCarrier
from tests.support.exports import payment_row, payments_file
from webhooks import blueprint, understand

PUBLIC = "https://comms.example.gov"
OFFICE = "+12185550100"


@dataclass
class Rooms(Doors):
    """The evenings, and everything around them."""

    folder: Path
    sms: ScriptedCarrier = field(default_factory=lambda: ScriptedCarrier("sms", "twilio"))
    email: ScriptedCarrier = field(default_factory=lambda: ScriptedCarrier("email", "sendgrid"))

    def __post_init__(self) -> None:
        self.settings = Settings(
            _env_file=None, comms_var=self.folder / "var", secret_key="test-key", public_url=PUBLIC
        )  # fmt: skip
        self.office = SimpleNamespace(
            settings=self.settings, database=self.database, clock=self.clock, city=self.city, renderer=self.renderer,
            doorbell=SimpleNamespace(ring=lambda *_: True),
        )  # fmt: skip
        app = Flask("rooms")
        app.register_blueprint(blueprint(self.office))
        self.http = app.test_client()
        self.dispatcher = outbox.Dispatcher(
            self.database, self.clock, self.city, {"sms": self.sms, "email": self.email},
            {"sms": Unpaced(), "email": Unpaced()}, secret=self.settings.secret, owner="w1", threads=1,
        )  # fmt: skip
        self.posts = 0

    # What the machines do

    def evening(self, *when: int) -> campaigns.Released:
        """On that day: plan, release, send what may leave."""
        self.go_to(*when)
        released = self.tonight()
        self.deliver()
        return released

    def deliver(self) -> None:
        """What the workers do, until nothing is due."""
        while any(self.dispatcher.deliver(lane).total for lane in ("urgent", "sms", "email")):
            pass

    def keep_house(self) -> None:
        """One round of housekeeping, and what it leads to."""
        for part in (
            lambda session: fall_back(session, self.city, self.renderer, self.clock),
            lambda session: outbox.show_failures(session, self.clock),
            lambda session: campaigns.redecide(session, self.city, self.renderer, self.clock),
            lambda session: promises.evaluate(session, self.city, self.clock),
            lambda session: replies.follow_up(session, self.city, self.clock, self.renderer),
            lambda session: outbox.sweep(session, self.clock),
        ):
            self.database.run(part)
        self.deliver()

    # What carriers and the post office say

    def reports(self, message: Message, word: str, **more: str) -> int:
        """Twilio posts the status of a text, and it is understood; the answer's code."""
        token = message_token(self.settings.secret, message.id)
        sid = message.carrier_id or self.message(message.id).carrier_id
        given = {"MessageSid": sid, "MessageStatus": word, "To": message.recipient} | more
        return self._post(f"/webhooks/twilio/status/{token}", given)

    def arrived(self, *, fate=lambda _: "delivered") -> None:
        """What carriers have is delivered, or whatever ``fate`` says of a message; None: nothing is heard of it."""
        now = self.clock.now()
        with self.database.begin() as session:
            gone = session.scalars(select(Message).where(Message.state.in_((State.SUBMITTED, State.SENT))))
            told = [(one, word) for one in gone.all() if (word := fate(one))]
            receipts = [
                outbox.Receipt(one.id, one.carrier_id, "twilio" if one.channel == "sms" else "sendgrid", word, now)
                for one, word in told
            ]
            outbox.fold(session, receipts, self.clock)

    def post(self) -> None:
        """The letters that are due go to the mail house, which sets them in type."""
        hand_over_letters(self.database, self.city, self.clock, f"file:{self.folder / 'mailhouse'}")

    def mailed(self) -> int:
        """The post office has accepted what the mail house had; how many letters."""
        with self.database.begin() as session:
            waiting = mail_acks.batches(session, waiting=True)
            today = self.city.local_date(self.clock.now())
            done = [mail_acks.acknowledge(session, self.city, self.clock, one.name, today, by="ana") for one in waiting]
        return sum(one.mailed for one in done)

    def comes_back(self, message_id: int, reason: str = "ANK") -> None:
        with self.database.begin() as session:
            piece = session.scalars(select(MailPiece.piece_id).where(MailPiece.message_id == message_id)).one()
            done = take_in(session, self.city, self.clock, [CameBack(piece, reason)], by="ana")
        assert done.taken == 1, done.refused

    # What people do

    def says(self, phone: str, words: str) -> str:
        """A customer texts; the last answer to that phone."""
        self.posts += 1
        given = {"MessageSid": f"SM{self.posts:032x}", "From": phone, "To": OFFICE, "Body": words, "NumMedia": "0"}
        assert self._post("/webhooks/twilio/sms", given) == 200
        self.deliver()
        sent = [outgoing.text for _, outgoing in self.sms.ledger if outgoing.recipient == phone]
        return sent[-1] if sent else ""

    def _post(self, target: str, given: dict[str, str]) -> int:
        signature = RequestValidator(SANDBOX_TWILIO_TOKEN).compute_signature(PUBLIC + target, given)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
        answer = self.http.post(target, data=urlencode(given), headers=headers)
        while understand(self.office):
            pass
        return answer.status_code

    def pays(self, *paid: tuple[int, str]) -> None:
        """Today's payments file: accounts and dollars; what follows, follows."""
        today = self.city.local_date(self.clock.now())
        self.posts += 1
        with self.database.read() as session:
            rows = [
                payment_row(0, f"P{self.posts}-{n}", ACCT_NO=session.get_one(Account, account).number, AMOUNT=dollars,
                            PAY_DT=f"{today:%m/%d/%Y}")
                for n, (account, dollars) in enumerate(paid)
            ]  # fmt: skip
        folder = self.folder / f"in-{self.posts}"
        folder.mkdir()
        done = import_payments(
            self.database, self.city, self.clock, payments_file(folder, rows, f"{today}_to_{today:%m-%d}")
        )
        assert done.state == "done", done
        self.follow(*(account for account, _ in paid))

    # What one sees

    def message(self, message_id: int) -> Message:
        return self.messages(Message.id == message_id)[0]

    def of(self, account: int, *where) -> list[Message]:
        """What was written to an account, without answers in a conversation."""
        return self.messages(Message.account_id == account, Message.purpose != "conversational", *where)

    def promise(self, account: int) -> Promise:
        with self.database.read() as session:
            return session.scalars(select(Promise).where(Promise.account_id == account)).one()

    def reached(self, account: int) -> dict[str, str]:
        """Where the account can be written to now, by channel."""
        with self.database.read() as session:
            return dict(campaigns.subject_of(session, self.city, account, self.clock.now()).facts.addresses)

    def tasks(self) -> list[str]:
        with self.database.read() as session:
            return [task.reason for task in open_tasks(session)]

    def lines(self, account: int) -> list[str]:
        """The contact history as a clerk reads it."""
        with self.database.read() as session:
            return [entry.summary for entry in timeline(session, account)]

    def age(self, account: int, days: int) -> None:
        """The oldest bill has been due for so many days."""
        due = self.city.local_date(self.clock.now()) - timedelta(days)
        with self.database.begin() as session:
            session.execute(update(Account).where(Account.id == account).values(oldest_due_on=due))


def refuses(code: str, detail: str, **more):
    """An answer of a carrier that will not take a message."""
    return Result(Outcome.REFUSED_FOR_GOOD, http_status=400, error_code=code, detail=detail, **more)
