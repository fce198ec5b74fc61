"""The whole way of a notice and a reply, over real HTTP: the city's export in, three channels out, receipts and replies
back through signed posts, a promise read back, confirmed, and kept by the payment file."""

import csv
import io
import json
import logging
import threading
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from sqlalchemy import func, select
from werkzeug.serving import make_server

from comms import campaigns, outbox
from comms.accounts.importing import import_accounts, import_payments
from comms.accounts.schema import Account, Payment
from comms.app import create_app
from comms.clock import FileClock
from comms.desk.access.users import add_user
from comms.history import timeline, verify
from comms.history.schema import ContactEvent, WebhookEvent
from comms.notices import segments
from comms.office import Office
from comms.outbox import Dispatcher, Doorbell, Message
from comms.outbox.mailing import hand_over_letters
from comms.outbox.pacing import Unpaced
from comms.promises.schema import Promise
from comms.sandbox import start
from comms.settings import ROOT, Settings
from comms.signing import read_message_token
from tests.desk.conftest import Browser
from tests.support import policies
from tests.support.exports import accounts_file, payment_row, payments_file
from tests.support.servers import free_port
from webhooks import understand

SAMPLE = ROOT / "cities" / "duluth-mn" / "sample" / "accounts-2026-11-20.csv"
CALM = {"webhook_delay_ms": (1, 4), "event_batch_ms": 5, "undelivered_rate": 0, "bounce_rate": 0, "magic": False}
CHANNELS = {"SMS": ("CELL_PHONE", "218-555-77{:02}"), "EMAIL": ("EMAIL", "hostile{}@example.com"), "LETTER": None}
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """A cut of the city's export: customers who owe, and its four hostile names, each once a channel."""
    with SAMPLE.open(encoding="cp1252", newline="") as handle:
        everybody = list(csv.DictReader(handle))
    owing = [row for row in everybody if row["STATUS"] == "A" and row["CLASS"] == "R" and row["BAL_30"] > "40"]
    hostile = [row for row in everybody if row["ACCT_NO"].startswith("77")]
    assert len(hostile) == 4
    phoned = [row for row in owing if row["CELL_PHONE"].startswith("218-555") and "NOTEXT" not in row["FLAGS"]]
    cut = {row["ACCT_NO"]: row for row in phoned[:3] + owing[:25]}
    for number, (row, reached) in enumerate((row, how) for row in hostile for how in CHANNELS.values()):
        given = dict.fromkeys(("HOME_PHONE", "CELL_PHONE", "EMAIL", "FLAGS"), "")
        given |= {"ACCT_NO": f"77000{number:02}-00", "BAL_30": "60.00", "PD_GAS": "60.00"}
        given |= {"OLDEST_DUE_DT": "10/20/2026", "STATUS": "A", "CLASS": "R"}
        if reached:
            given[reached[0]] = reached[1].format(number)
        cut[given["ACCT_NO"]] = row | given
    return list(cut.values())


class Town:
    """The office, its web server, and the carriers who post to it."""

    def __init__(self, office: Office, carriers, clock_file: Path) -> None:
        self.office, self.carriers, self.clock_file = office, carriers, clock_file
        pacers = {"sms": Unpaced(), "email": Unpaced()}
        self.dispatcher = Dispatcher(
            office.database, office.clock, office.city, office.channels, pacers, secret=office.settings.secret,
            owner="test", threads=8,
        )  # fmt: skip

    def send(self) -> None:
        """What the workers do, until nothing is due."""
        while any(self.dispatcher.deliver(lane).total for lane in ("urgent", "sms", "email")):
            pass

    def hear(self) -> None:
        """Wait until the carriers have posted everything; understand it, and send the answers."""
        assert self.carriers.drain(20)
        while understand(self.office):
            pass
        self.send()
        assert self.carriers.drain(20)
        while understand(self.office):
            pass

    def says(self, phone: str, words: str) -> str:
        """A customer texts; the last text that this phone got afterwards."""
        self.carriers.text_from(phone, words)
        self.hear()
        return [row["body"] for row in self.carriers.ledger("twilio") if row["to"] == phone][-1]

    def go_to(self, *when: int) -> None:
        FileClock.put(self.clock_file, datetime(*when, tzinfo=ZoneInfo("America/Chicago")))

    def scalars(self, query):
        with self.office.database.read() as session:
            return list(session.scalars(query))

    def accepted(self) -> Counter:
        """How often each message was accepted, by the carriers' own ledgers."""
        secret, found = self.office.settings.secret, Counter()
        for row in self.carriers.ledger():
            token = (row["custom_args"] or {}).get("message_token") or row["callback"].rpartition("/")[2].partition(
                "?"
            )[0]
            found[read_message_token(secret, token)] += 1
        return found


@pytest.fixture
def town(database, tmp_path, clock, city):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    clock_file = tmp_path / "clock.json"
    FileClock.put(clock_file, clock.now())
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    var = tmp_path / "var"
    with ExitStack() as stack:
        carriers = stack.enter_context(start(var, seed=3, clock=clock_file, public_url=public, faults=CALM))
        settings = Settings(
            _env_file=None, comms_var=var, secret_key="test-key", public_url=public, sandbox_url=carriers.url
        )
        office = Office(settings, database, FileClock(clock_file), city, Doorbell(""))
        made = Town(office, carriers, clock_file)
        stack.callback(made.dispatcher.close)
        server = make_server("127.0.0.1", port, create_app(office), threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        yield made


def test_the_whole_way(town, rows, tmp_path, capsys):
    office = town.office
    # The export comes in, tonight is planned and let go.
    summary = import_accounts(office.database, office.city, office.clock, accounts_file(tmp_path, rows))
    assert (summary.state, summary.rows) == ("done", len(rows))
    paid = payments_file(
        tmp_path,
        [payment_row(1, "T800", ACCT_NO=rows[5]["ACCT_NO"], AMOUNT="0.50", PAY_DT="11/21/2026")],
        "2026-11-21_to_11-22",
    )
    import_payments(office.database, office.city, office.clock, paid)
    with office.database.begin() as session:
        policies.activate(session, office.city, "residential-past-due")
    run_id = campaigns.plan(office.database, office.city, office.clock, office.renderer.catalogue)
    released = campaigns.release(office.database, office.city, office.clock, office.renderer, run_id, by="test")
    assert set(released.queued) == {"sms", "email", "letter"}
    # It leaves by three channels, and the carriers tell what became of it.
    town.send()
    (batch,) = hand_over_letters(office.database, office.city, office.clock, office.settings.mailhouse)
    assert batch.pieces == released.queued["letter"]
    town.hear()
    states = Counter((m.channel, m.state) for m in town.scalars(select(Message)))
    assert states == {
        ("sms", "delivered"): released.queued["sms"], ("email", "delivered"): released.queued["email"],
        ("letter", "handed_over"): released.queued["letter"],
    }  # fmt: skip
    assert set(town.accepted().values()) == {1}
    _hostile_names_are_text(town, Path(batch.folder))
    # A customer promises, in words of her own.
    english = (Message.channel == "sms", Message.language == "en", Message.amount_cents.between(6001, 20000))
    message = town.scalars(select(Message).where(*english).order_by(Message.id))[0]
    phone, account_id = message.recipient, message.account_id
    assert town.says(phone, "i can pay 50 friday") == (
        "You are promising $50.00 by Fri Nov 27. Reply YES to confirm, or NO."
    )
    assert [p.status for p in town.scalars(select(Promise))] == ["proposed"]
    assert town.says(phone, "YES").startswith("Thank you. We noted $50.00 by Fri Nov 27")
    (promise,) = town.scalars(select(Promise))
    assert (promise.account_id, promise.status) == (account_id, "open")
    # The payment comes in, and the promise is kept.
    (account,) = town.scalars(select(Account).where(Account.id == account_id))
    town.go_to(2026, 12, 3, 10)
    paid = payment_row(1, "T900", ACCT_NO=account.number, PAY_DT="11/27/2026")
    late = payment_row(1, "T901", ACCT_NO=rows[-1]["ACCT_NO"], PAY_DT="12/02/2026", AMOUNT="1.00")
    took = import_payments(
        office.database, office.city, office.clock, payments_file(tmp_path, [paid, late], "2026-11-21_to_12-02")
    )
    followed = campaigns.follow(office.database, office.city, office.renderer, office.clock, took.touched)
    assert followed.evaluation.counts()["kept"] == 1
    assert [p.status for p in town.scalars(select(Promise))] == ["kept"]
    # All of it is in her history, in order, and proved.
    with office.database.read() as session:
        kinds = [entry.kind for entry in timeline(session, account_id)]
        assert all(verify(session, chain)[1] == [] for chain in session.scalars(select(Account.id)))
    in_order = (
        "notice.queued",
        "delivery.delivered",
        "reply.received",
        "promise.opened",
        "payment.posted",
        "promise.kept",
    )
    assert [kind for kind in dict.fromkeys(kinds) if kind in in_order] == list(in_order)
    assert set(town.scalars(select(WebhookEvent.state))) == {"understood"}
    _nobody_is_named_in(capsys.readouterr().err)


def _hostile_names_are_text(town: Town, batch: Path) -> None:
    """What the export calls four customers is shown as written on every channel, and does nothing anywhere."""
    with town.office.database.read() as session:
        hostile = list(session.scalars(select(Account).where(Account.number.startswith("77")).order_by(Account.id)))
        names = {account.name for account in hostile}
        assert len(hostile) == 12 and len(names) == 4
        written = {m.account_id: m for m in session.scalars(select(Message))}
    by_channel = Counter(written[account.id].channel for account in hostile)
    assert by_channel == {"sms": 4, "email": 4, "letter": 4}
    ledger = {row["to"]: row for row in town.carriers.ledger()}
    for account in hostile:
        message = written[account.id]
        if message.channel == "sms":
            body = ledger[message.recipient]["body"]
            assert body == message.body_text and "$60.00" in body
            assert "<" not in body and "{" not in body and segments.count(body).encoding == "GSM-7"
        elif message.channel == "email":
            assert account.name in message.body_text
            html = message.body_html
            assert "<script" not in html.lower() and "alert(1)</script>" not in html and ">49<" not in html
    letters = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(batch / "letters.pdf"))
    flat = "".join(letters.split())
    assert all("".join(name.split()) in flat for name in names), "in the letters, as written"
    with (batch / "letters.csv").open(encoding="utf-8-sig", newline="") as handle:
        cells = [cell for row in csv.reader(handle) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))], "no cell is a formula"
    manifest = json.loads((batch / "manifest.json").read_text("utf-8"))
    assert manifest
    with town.office.database.begin() as session:
        add_user(
            session, username="park", name="J. Park", role="collector", password=PASSWORD, at=town.office.clock.now()
        )
    browser = Browser(create_app(town.office))
    assert browser.sign_in("park", PASSWORD).status_code == 303
    for account in hostile:
        page = browser.get(f"/accounts/{account.number}").get_data(as_text=True)
        assert "<script>alert" not in page and "evil.example</a>" not in page
        shown = io.StringIO()
        assert _text_of(page, shown).count(account.name) >= 1


def _text_of(page: str, shown: io.StringIO) -> str:
    from html.parser import HTMLParser

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            shown.write(data)

    Reader().feed(page)
    return shown.getvalue()


def _nobody_is_named_in(logged: str) -> None:
    for personal in ("HYPERLINK", "alert(1)", "7*7", "555-", "1218555", "@example."):
        assert personal not in logged, personal


def test_two_imports_and_two_sweeps_at_once_double_nothing(database, city, clock, rows, tmp_path, two_at_once):
    accounts, payments = (
        accounts_file(tmp_path, rows),
        payments_file(tmp_path, [payment_row(1, f"T{n}", ACCT_NO=row["ACCT_NO"]) for n, row in enumerate(rows)]),
    )
    took = two_at_once(lambda: import_accounts(database, city, clock, accounts))
    assert {summary.state for summary in took} <= {"done", "stopped"}
    assert sum(summary.new for summary in took) == len(rows)
    took = two_at_once(lambda: import_payments(database, city, clock, payments))
    assert sum(summary.new for summary in took) == len(rows)
    with database.read() as session:
        assert session.scalar(select(func.count(Account.id))) == len(rows)
        assert session.scalar(select(func.count(Payment.id))) == len(rows)
        posted = session.scalar(select(func.count(ContactEvent.id)).where(ContactEvent.kind == "payment.posted"))
        assert posted == len(rows)
    clock.advance(timedelta(minutes=5))
    both = two_at_once(lambda: database.run(lambda session: outbox.sweep(session, clock)))
    assert [one.due for one in both] == [{}, {}]
