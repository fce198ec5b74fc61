"""Scanning returned mail: what a scan writes down, what is warned of, what can be taken back."""

import re

import pytest
from sqlalchemy import select

from comms.accounts import finding
from comms.desk.mail import returns
from comms.desk.schema import AuditEvent
from comms.history import timeline
from comms.office import Office
from comms.outbox import Message, returned_addresses
from comms.outbox.schema import MailPiece
from comms.worklist import open_tasks
from tests.desk import story
from tests.desk.conftest import Browser, RememberingDoorbell, make_app
from tests.desk.mail import mail_story
from tests.desk.mail.mail_story import FIRST, INGRID, SECOND
from tests.support import barcodes, post, runs, workbooks

SCAN = "/mail/returned/scan"
SCRIPT = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def mail(afternoon):
    mail_story.mailed(afternoon.database, afternoon.city)
    return afternoon


@pytest.fixture
def clerk(mail, clerk):
    return clerk


def seen(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def scan(clerk, piece, reason="NSN", **more):
    return clerk.post(SCAN, {"piece": piece, "reason": reason} | more, page=SCAN, **SCRIPT)


def undo(clerk, piece):
    return clerk.post("/mail/returned/undo", {"piece": piece, "reason": "NSN"}, page=SCAN, **SCRIPT)


def state(office, piece):
    with office.database.read() as session:
        return post.letter(session, piece).state


def is_closed(office, number=INGRID):
    with office.database.read() as session:
        account = finding.by_number(session, number)
        return returned_addresses(session, [account.id]) == {account.id}


def test_a_scan_writes_the_return_down_and_says_what_follows(clerk, mail):
    answer = scan(clerk, FIRST)
    page = seen(answer)
    assert answer.status_code == 200 and 'data-tone="good"' in answer.get_data(as_text=True)
    assert "Came back: no such number." in page and "Ingrid Halvorsen" in page
    assert "The letter counts as not delivered." in page
    assert "No letter is printed to this address until it changes" in page
    assert "Scanned by you today 1" in page
    assert (state(mail, FIRST), is_closed(mail)) == ("returned", True)
    assert ("housekeeping", ()) in mail.doorbell.rung
    with mail.database.read() as session:
        account = finding.by_number(session, INGRID)
        (event,) = [each for each in timeline(session, account.id) if each.kind == "delivery.returned"]
        audit = session.scalars(select(AuditEvent).where(AuditEvent.action == "mail.returned")).one()
        (task,) = open_tasks(session, ["returned_mail"])
    assert event.actor == "user:park"
    assert (audit.account_id, audit.facts) == (account.id, {"piece": FIRST, "reason": "no such number"})
    assert task.account_id == account.id


def test_the_step_that_the_letter_stood_for_is_decided_anew(clerk, mail):
    with mail.database.begin() as session:
        account = finding.by_number(session, INGRID)
        decided = runs.decision(session, runs.run(session), account.id, step="final-notice")
        post.letter(session, FIRST).decision_id = decided.id
    assert "and so does its step (Final notice); the next night decides it anew." in seen(scan(clerk, FIRST))


def test_what_to_do_next_is_offered(clerk):
    page = scan(clerk, FIRST).get_data(as_text=True)
    for path in ("notice?notice=returned-mail-address-request", "notice?notice=past-due-reminder", "hold", "address"):
        assert f'href="/accounts/{INGRID}/{path}"' in page


def test_without_a_script_the_page_comes_back_with_the_reason_kept(clerk):
    answer = clerk.post(SCAN, {"piece": FIRST, "reason": "ANK"}, page=SCAN)
    assert answer.status_code == 303
    page = clerk.get(answer.location)
    assert "Came back: attempted, not known." in seen(page)
    assert '<option value="ANK" selected>' in page.get_data(as_text=True)


@pytest.mark.parametrize(
    "typed",
    ["20261118-1-1", " DULUTH-MN-20261118-01-00001 ", "*duluth-mn-20261118-01-00001*", "20261118-01-00001",
     "]C020261118-01-00001", "]c1duluth-mn-20261118-01-00001", "\x0220261118-01-00001\x03", "20261118-01-00001\x1d",
     "\x1d20261118-01-00001\r\n", "20261118-01-00001\t", "*20261118-01-00001*\r"],
)  # fmt: skip
def test_a_number_may_be_typed_short_or_in_capitals_or_with_what_a_scanner_adds(clerk, mail, typed):
    assert "Came back" in seen(scan(clerk, typed))
    assert state(mail, FIRST) == "returned"


def test_the_bars_that_are_printed_are_the_number_that_is_taken_in(clerk, afternoon, tmp_path):
    mail_story.handed_over(afternoon.database, afternoon.city, tmp_path)
    (pdf,) = tmp_path.glob("*/letters.pdf")
    with afternoon.database.read() as session:
        sent = session.scalars(select(MailPiece).order_by(MailPiece.id)).all()[-3:]
    for piece in sent:
        (first, _coupon) = barcodes.bars(pdf.read_bytes(), piece.first_page - 1)
        assert "Came back: no such number." in seen(scan(clerk, first))
        assert state(afternoon, piece.piece_id) == "returned"


def test_the_other_codes_of_a_letter_are_told_apart(clerk):
    for other, said in (
        ("0000000283620000171071208260", "That is the bar code of the payment coupon."),
        ("https://pay.duluth-mn.example.gov/?account=1", "That is the code to pay with."),
    ):
        assert f"{said} Scan the bars beside the address" in seen(scan(clerk, other))


def test_a_second_scan_is_warned_of_and_changes_nothing(clerk, mail):
    scan(clerk, FIRST)
    for reason in ("NSN", ""):
        again = scan(clerk, FIRST, reason)
        assert 'data-tone="warn"' in again.get_data(as_text=True)
        assert "Scanned before: no such number, by J. Park, 10:00 AM." in seen(again)
    other = seen(scan(clerk, FIRST, "DEC"))
    assert "If it is “deceased”, undo it and scan it again." in other
    with mail.database.read() as session:
        assert len(list(session.scalars(select(AuditEvent).where(AuditEvent.action == "mail.returned")))) == 1


@pytest.mark.parametrize(
    ("piece", "reason", "more", "said"),
    [
        ("duluth-mn-20261118-01-00099", "NSN", {}, "There is no piece duluth-mn-20261118-01-00099."),
        (FIRST, "", {}, "Choose first what is printed on it"),
        (FIRST, "NONSENSE", {}, "Choose first what is printed on it"),
        (FIRST, "NSN", {"on": "2026-11-30"}, "2026-11-30 is still to come."),
        (FIRST, "NSN", {"on": "2026-11-01"}, "it did not come back on 2026-11-01"),
        (FIRST, "NSN", {"on": "soon"}, "is no date"),
        ("<script>alert(1)</script>", "NSN", {}, "There is no piece"),
        ("", "NSN", {}, "There is no piece without a number"),
    ],
)
def test_what_cannot_be_is_said_and_kept(clerk, mail, piece, reason, more, said):
    answer = scan(clerk, piece, reason, **more)
    assert answer.status_code == 422 and said in seen(answer)
    assert 'data-tone="bad"' in answer.get_data(as_text=True) and "<script>alert" not in answer.get_data(as_text=True)
    assert state(mail, FIRST) == "mailed"
    whole = clerk.post(SCAN, {"piece": piece, "reason": reason} | more, page=SCAN)
    assert whole.status_code == 422 and "<h1>Scan returned mail</h1>" in whole.get_data(as_text=True)


def test_a_code_in_place_of_a_number_changes_the_reason(clerk, mail):
    assert "The next pieces: vacant." in seen(scan(clerk, "vac", "NSN"))
    whole = clerk.post(SCAN, {"piece": "vac", "reason": "NSN"}, page=SCAN)
    assert '<option value="VAC" selected>' in whole.get_data(as_text=True)
    assert state(mail, FIRST) == "mailed"


def test_a_scan_is_taken_back_and_can_be_scanned_again(clerk, mail):
    scan(clerk, FIRST)
    answer = undo(clerk, FIRST)
    assert f"{FIRST} is taken back" in seen(answer) and "Taken back" in seen(answer)
    assert "Scanned by you today 0" in seen(answer)
    assert (state(mail, FIRST), is_closed(mail)) == ("mailed", False)
    with mail.database.read() as session:
        assert open_tasks(session, ["returned_mail"]) == []
    assert "Came back: vacant." in seen(scan(clerk, FIRST, "VAC"))
    assert "Scanned by you today 1" in seen(clerk.get(SCAN))
    undo(clerk, FIRST)
    assert "there is nothing to take back" in seen(undo(clerk, FIRST))


def test_a_refused_letter_counts_and_a_passing_reason_closes_at_the_second(clerk, mail):
    assert "It was delivered and counts." in seen(scan(clerk, FIRST, "REF"))
    assert state(mail, FIRST) == "mailed"
    assert "the second one that comes back like this closes the address" in seen(scan(clerk, SECOND, "TA"))


def test_the_running_list_is_ones_own(clerk, app):
    scan(clerk, FIRST)
    other = Browser(app)
    other.sign_in("osei")
    assert "Nothing yet." in seen(other.get(SCAN))


def test_a_number_that_cannot_be_read_is_found_by_the_customer(clerk, mail):
    page = clerk.get("/mail/returned/find?q=halvorsen")
    assert f'value="{FIRST}"' in page.get_data(as_text=True) and "Past-due" in seen(page)
    assert "Nothing" not in seen(page) and "No letter went out to “zebra”" in seen(
        clerk.get("/mail/returned/find?q=zebra")
    )
    clerk.post(SCAN, {"piece": FIRST, "reason": "NSN"}, page="/mail/returned/find?q=halvorsen")
    assert f'value="{FIRST}"' not in clerk.get("/mail/returned/find?q=halvorsen").get_data(as_text=True)


def test_an_address_that_is_right_after_all_is_confirmed(clerk, mail):
    path = f"/accounts/{INGRID}/address"
    assert "There is nothing to put right here." in seen(clerk.get(path))
    scan(clerk, FIRST)
    assert "no letter goes there" in seen(clerk.get(path))
    assert clerk.post(path, {"because": "ok"}, page=path).status_code == 422
    answer = clerk.post(path, {"because": "By phone today, the mailbox was put up"}, page=path)
    assert answer.status_code == 303 and not is_closed(mail)
    again = clerk.post(path, {"because": "By phone today, the mailbox was put up"}, page=path)
    assert again.status_code == 422 and "letters go there" in seen(again)


def test_everything_that_came_back_is_listed_page_by_page(clerk, mail, monkeypatch):
    """Beside the two there is Maria's letter, which the story had come back without a piece's number."""
    monkeypatch.setattr(returns, "PER_PAGE", 1)
    scan(clerk, FIRST)
    scan(clerk, SECOND, "REF")
    with mail.database.read() as session:
        assert [line.piece for line in returns.every(session)] == [SECOND, FIRST, ""]
        first = returns.page(session, "")
        rest = returns.page(session, returns.key(first[0]))
    assert ([line.piece for line in first], [line.piece for line in rest]) == ([SECOND, FIRST], [FIRST, ""])
    page = seen(clerk.get("/mail/returned"))
    assert "2 addresses wait to be put right" in page and "No letter goes there" in page
    assert clerk.get("/mail/returned?after=nonsense_x").status_code == 200


def test_what_came_back_is_taken_out_as_excel(clerk):
    scan(clerk, FIRST)
    row = workbooks.rows(clerk.get("/mail/returned/excel").data)[1]
    assert [row[column] for column in "BCFGHI"] == [
        "Ingrid Halvorsen", INGRID, "no such number", FIRST, "J. Park", "No letter goes there",
    ]  # fmt: skip


def test_a_tray_on_both_databases(settings, database, clock, city):
    """Scan, scan again, take back, look at the lists: the same on SQLite and on PostgreSQL."""
    with database.begin() as session:
        story.whole(session, clock.now())
    mail_story.mailed(database, city)
    clerk = Browser(make_app(Office(settings, database, clock, city, RememberingDoorbell())))
    clerk.sign_in()
    assert "Came back" in seen(scan(clerk, FIRST)) and "Scanned before" in seen(scan(clerk, FIRST))
    assert "Came back" in seen(scan(clerk, SECOND, "DEC")) and "is taken back" in seen(undo(clerk, FIRST))
    for path in ("/mail", f"/mail/batches/{mail_story.MAILED}", f"/mail/batches/{mail_story.MAILED}/proof", SCAN,
                 "/mail/returned", "/mail/returned/excel", "/mail/returned/find?q=halvorsen",
                 f"/accounts/{mail_story.KARL}/address"):  # fmt: skip
        assert clerk.get(path).status_code == 200, path
    assert "See to the address" in seen(clerk.get("/worklists/returned-mail"))


def test_a_viewer_may_not(browser, mail):
    browser.sign_in("vera")
    for path in ("/mail", SCAN, "/mail/returned", f"/accounts/{INGRID}/address"):
        assert browser.get(path).status_code == 403
    with mail.database.read() as session:
        assert (
            session.scalar(select(Message.state).where(Message.state == "returned", Message.error_code == "NSN"))
            is None
        )
