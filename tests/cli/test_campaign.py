"""``comms plan``, ``release``, ``campaign status`` and ``send``."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from comms.accounts import consent
from comms.campaigns.schema import Night
from comms.city import load_city
from comms.clock import FileClock
from comms.outbox import Message
from tests.support import build, policies


def queued(database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count(Message.id)))


@pytest.fixture
def office(imported, database, clock):
    """The export is in, the payments of the day too, and the city's policies are in use."""
    with database.begin() as session:
        policies.activate(session, load_city("duluth-mn"))
        build.import_file(session, kind="payments", covers_until=clock.now().date(), finished_at=clock.now())
    return imported


def test_a_night_from_plan_to_status(office, database):
    said = office("plan")
    assert said.code == 0, said
    assert said.out.startswith("Run 1 for 2026-11-23: commercial-past-due version 1,")
    assert "reminder                        2  by text 2  $100.00 past due, about $0.05 to send" in said.out
    assert "2 contacts in 2 households: 2 messages" in said.out
    assert "hold-dispute                    1" in said.out
    assert "No earlier run to compare with." in said.out
    assert said.out.rstrip().endswith("Nothing is sent yet. Next step: comms release 1")
    assert queued(database) == 0
    said = office("release", "1")
    assert said.code == 0, said
    assert "Run 1 released: 2 by sms queued, $0.05 to send." in said.out
    assert "comms doctor" in said.err, "no Redis runs here, and the clerk is told"
    assert queued(database) == 2
    assert "done" in office("campaign", "status").out
    said = office("campaign", "status", "1")
    assert "decisions: 2 released" in said.out and "sms     2 queued" in said.out


def test_programs_read_json(office):
    planned = office("plan", "--json").json
    assert (planned["run"], planned["counts"]["contacts"], planned["brakes"]) == (1, 2, [])
    assert planned["counts"]["channels"] == {"sms": 2}
    assert planned["diff"]["previous_id"] is None
    released = office("release", "1", "--json").json
    assert (released["queued"], released["dropped"], released["workers_rung"]) == ({"sms": 2}, {}, False)
    assert released["cost_micros"] == 4 * 11_800
    (run,) = office("campaign", "status", "--json").json
    assert (run["run"], run["state"], run["planned_for"], run["contacts"]) == (1, "done", "2026-11-23", 2)
    assert office("campaign", "status", "1", "--json").json["messages"] == {"sms": {"queued": 2}}
    assert office("campaign", "stop", "1", "--because", "Rehearsal", "--json").json["cancelled"] == {"sms": 2}


def test_what_changed_since_the_plan_is_told_at_the_release(office, database):
    office("plan")
    with database.begin() as session:
        build.hold(session, 1, "medical")
    assert "Left alone after all, because of changes since the plan: 1 (hold-medical)." in office("release", "1").out


def test_a_held_run_is_lifted_by_another_person(office, database):
    with database.begin() as session:
        session.execute(delete(build.ImportFile).where(build.ImportFile.kind == "payments"))
    said = office("plan", "--by", "dana")
    assert said.code == 1, "it is planned, and somebody must look"
    assert "held by payments-file: No payments file was ever taken in." in said.out
    assert 'Next step: comms release 1 --lift payments-file --because "…" --by NAME' in said.out
    said = office("release", "1", "--by", "dana")
    assert said.code == 2 and "Run 1 is held" in said.err
    said = office("release", "1", "--by", "dana", "--lift", "payments-file", "--because", "The first night")
    assert said.code == 2 and "dana planned run 1; somebody else lifts its brakes" in said.err
    said = office("release", "1", "--by", "pat", "--lift", "payments-file", "--because", "The first night")
    assert said.code == 0, said
    assert "lifted by pat (The first night)" in office("campaign", "status", "1").out


def test_the_second_night_says_what_is_different(office, database, clock, tmp_path):
    office("plan")
    office("release", "1")
    with database.begin() as session:
        session.execute(update(Message).values(state="delivered", submitted_at=clock.now()))
    FileClock.put(tmp_path / "clock.json", clock.now() + timedelta(days=1))
    said = office("plan")
    assert "2 go                 the step reminder was taken ($100.00)" in said.out
    assert said.out.rstrip().endswith("Next step: nothing; there is nobody to write to")
    said = office("campaign", "diff", "2")
    assert "0000001-10     reminder by sms, $50.00 -> waiting" in said.out
    assert len(office("campaign", "diff", "2", "--accounts", "1", "--json").json["rows"]) == 1


def test_samples_are_read_before_anything_leaves(office, tmp_path):
    said = office("plan", "--samples", str(tmp_path / "samples"))
    assert "sample:" in said.out
    assert sorted(file.name for file in (tmp_path / "samples").iterdir()) == [
        "residential-past-due.reminder.sms.en.0000001-10.txt",
        "residential-past-due.reminder.sms.en.0000002-10.txt",
    ]
    said = office("campaign", "samples", "1", "--each", "2")
    assert said.out.count("reminder by sms in en, account") == 2
    assert "To: " in said.out and "Segments: 2" in said.out
    assert office("campaign", "samples", "1", str(tmp_path / "again")).out.strip().endswith(".txt")


def test_a_run_is_paused_gone_on_with_and_stopped(office, database):
    office("plan")
    office("release", "1")
    assert "Run 1 is paused; 2 messages are held." in office("campaign", "pause", "1").out
    assert "Run 1 for 2026-11-23: paused by" in office("campaign", "status", "1").out
    said = office("campaign", "resume", "1")
    assert "Run 1 goes on; 2 messages are queued again." in said.out
    said = office("campaign", "stop", "1", "--because", "The wrong file")
    assert "Run 1 is stopped. Messages called back: 2 by sms; decisions not written: 0." in said.out
    said = office("campaign", "stop", "1", "--because", "The wrong file")
    assert said.code == 2 and "was stopped already" in said.err


def test_watching_ends_when_there_is_nothing_to_come(office, database):
    office("plan")
    office("release", "1")
    with database.begin() as session:
        session.execute(update(Message).values(state="delivered"))
    said = office("campaign", "status", "1", "--watch")
    assert said.code == 0 and "2 delivered" in said.out
    assert "Run 1" in said.err


def test_a_run_is_approved_in_a_role(office):
    office("plan", "--by", "dana")
    said = office("campaign", "approve", "1", "--by", "pat", "--role", "supervisor")
    assert said.out == "Run 1 is approved by pat. Next step: comms release 1\n"
    assert "approved by pat, supervisor" in office("campaign", "status", "1").out
    said = office("campaign", "approve", "1", "--by", "dana", "--role", "supervisor")
    assert said.code == 2 and "dana planned run 1; somebody else approves it." in said.err


def test_nights_are_listed(office, database):
    assert "set COMMS_NIGHT to an hour" in office("campaign", "nights").out
    at = build.NOW
    with database.begin() as session:
        session.add(Night(on=at.date(), state="missed", started_at=at, lease_until=at, words="The machine was off."))
    assert office("campaign", "nights").out == "2026-11-23  missed   The machine was off.\n"
    assert office("campaign", "nights", "--json").json[0]["state"] == "missed"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("plan", "garbage"), "garbage is not in use and in effect on 2026-11-23. Policies that are:"),
        (("release", "9"), "There is no run 9. See the runs with: comms campaign status"),
        (("campaign", "status", "9"), "There is no run 9. Next step: comms campaign status"),
        (("campaign", "diff", "9"), "There is no run 9. Next step: comms campaign status"),
        (("campaign", "pause", "9"), "There is no run 9."),
        (("release", "one"), "'one' is not a valid integer"),
    ],
)
def test_refusals_say_what_to_do(office, arguments, says):
    said = office(*arguments)
    assert said.code == 2
    assert says in said.err
    assert "Traceback" not in said.err


def test_without_a_policy_in_use_the_clerk_is_told_how_to_get_one(comms, database):
    said = comms("plan")
    assert said.code == 2 and "comms policy activate" in said.err


def test_a_run_is_released_once(office, database):
    office("plan")
    assert office("release", "1").code == 0
    said = office("release", "1")
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
        (("0000004-10", "past-due-reminder"), "balance: past due $0.00"),
        (("0000002-10", "past-due-reminder"), "opted out"),
        (("0000001-10", "disconnect-notice", "--channel", "letter"), "goes out by its policy"),
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
