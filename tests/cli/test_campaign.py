"""``comms plan``, ``release``, ``campaign status`` and ``send``."""

import pytest
from sqlalchemy import func, select

from comms.accounts import consent
from comms.outbox import Message
from tests.support import build


def queued(database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count(Message.id)))


def test_a_night_from_plan_to_status(imported, database):
    said = imported("plan")
    assert said.code == 0
    assert "Run 1: Residential past due" in said.out and "for 2026-11-23" in said.out
    assert "suppressed: hold-dispute" in said.out and "contact by sms" in said.out
    assert said.out.rstrip().endswith("Nothing is sent yet. Next step: comms release 1")
    assert queued(database) == 0
    said = imported("release", "1")
    assert said.code == 0
    assert "Run 1 released: 2 by sms queued." in said.out
    assert "comms doctor" in said.err, "no Redis runs here, and the clerk is told"
    assert queued(database) == 2
    assert "done" in imported("campaign", "status").out
    assert "sms     2 queued" in imported("campaign", "status", "1").out


def test_programs_read_json(imported):
    planned = imported("plan", "--json").json
    assert planned["run"] == 1
    assert planned["counts"]["contact by sms"] == 2
    assert imported("release", "1", "--json").json == {
        "run": 1, "queued": {"sms": 2}, "dropped": {}, "workers_rung": False,
    }  # fmt: skip
    (run,) = imported("campaign", "status", "--json").json
    assert (run["run"], run["state"], run["planned_for"]) == (1, "done", "2026-11-23")
    assert imported("campaign", "status", "1", "--json").json["messages"] == {"sms": {"queued": 2}}


def test_what_changed_since_the_plan_is_told_at_the_release(imported, database):
    imported("plan")
    with database.begin() as session:
        build.hold(session, 1, "medical")
    assert "Left alone after all, because of changes since the plan: 1 (hold-medical)." in imported("release", "1").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("plan", "garbage"), "No policy 'garbage'"),
        (("release", "9"), "There is no run 9. Next step: comms campaign status"),
        (("campaign", "status", "9"), "There is no run 9. Next step: comms campaign status"),
        (("release", "one"), "'one' is not a valid integer"),
    ],
)
def test_refusals_say_what_to_do(comms, database, arguments, says):
    said = comms(*arguments)
    assert said.code == 2
    assert says in said.err
    assert "Traceback" not in said.err


def test_a_run_is_released_once(imported, database):
    imported("plan")
    assert imported("release", "1").code == 0
    said = imported("release", "1")
    assert (said.code, queued(database)) == (2, 2)
    assert "Run 1 is done and cannot be released; plan a new one with: comms plan" in said.err


def test_without_a_run_the_clerk_is_told_how_to_make_one(comms, database):
    assert comms("campaign", "status").out == "No run yet. Next step: comms plan\n"
    assert comms("campaign", "status", "--json").json == []


def test_one_notice_to_one_account(imported, database):
    said = imported("send", "0000001-10", "past-due-reminder")
    assert said.code == 0
    assert said.out.startswith("Message 1 is queued:\nDuluth Utilities: account ending 0110 is $50.00 past due")
    sent = imported("send", "1-10", "past-due-reminder", "--channel", "email", "--json").json
    assert (sent["message"], sent["channel"]) == (2, "email")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("0000009-99", "past-due-reminder"), "No account 0000009-99. Search by name: comms history --find NAME"),
        (("0000001-10", "love-letter"), "love-letter"),
        (("0000003-10", "past-due-reminder"), "dispute"),
        (("0000004-10", "past-due-reminder"), "balance: past due 0 cents"),
        (("0000002-10", "past-due-reminder"), "opted out"),
        (("0000001-10", "disconnect-notice", "--channel", "letter"), "disconnect_date"),
        (("0000001-10", "past-due-reminder", "--channel", "fax"), "'fax' is not one of 'sms', 'email', 'letter'"),
    ],
)
def test_a_notice_that_may_not_be_sent_is_refused_with_the_reason(imported, database, clock, arguments, says):
    with database.begin() as session:
        consent.record(
            session, channel="sms", address="+12185550002", action="revoked", source="reply", evidence="STOP",
            at=clock.now(),
        )  # fmt: skip
    said = imported("send", *arguments)
    assert said.code == 2
    assert says in said.err
    assert queued(database) == 0


def test_caps_hold_for_notices_sent_by_hand(imported, database):
    for _ in range(3):
        assert imported("send", "0000001-10", "past-due-reminder").code == 0
    said = imported("send", "0000001-10", "past-due-reminder")
    assert said.code == 2
    assert "3 contacts with the household in 7 days, at most 3" in said.err
    assert queued(database) == 3


def test_letters_are_handed_to_the_mail_house(imported, database, tmp_path):
    assert imported("mail", "batch").out == "No letter is due.\n"
    assert imported("send", "0000001-10", "past-due-reminder", "--channel", "letter").code == 0
    (batch,) = imported("mail", "batch", "--json").json
    assert (batch["pieces"], batch["refused"]) == (1, 0)
    assert {path.name for path in (tmp_path / "var/mailhouse" / batch["batch"]).iterdir()} == {
        "letters.pdf", "letters.csv", "manifest.json",
    }  # fmt: skip
    assert imported("mail", "batch", "--json").json == []
