"""Nobody is shut off or referred whose notices are not proven, and for everybody left out one reads what is missing."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from comms.accounts import holds
from comms.campaigns.policies import versions
from comms.campaigns.schema import Episode
from comms.campaigns.sufficiency import Sufficiency, gate
from comms.city import load_city
from comms.notices import Catalogue, Renderer
from comms.notices.schema import NoticeVersion
from comms.outbox import insert_messages
from comms.rules import rulebook_of
from comms.settings import ROOT
from tests.support import build
from tests.support.notified import NOW, TUESDAY, Notified


@pytest.fixture
def office(database, clock, city, renderer, tmp_path) -> Notified:
    return Notified(database, clock, city, renderer, tmp_path)


@pytest.fixture
def asked(office):
    def ask(account_id: int, day: date = TUESDAY, act="field_order") -> Sufficiency:
        with office.database.read() as session:
            (found,) = gate(
                session, rulebook_of(office.city), office.renderer.catalogue, [account_id], day, now=office.clock.now(),
                act=act,
            )  # fmt: skip
        return found

    return ask


def test_an_account_with_both_notices_proven_passes(office, asked):
    found = asked(office.account())
    assert found.missing == ()
    assert [(proof.step, proof.mailed_on, proof.earliest_on) for proof in found.evidence] == [
        ("disconnect-notice", date(2026, 11, 10), date(2026, 11, 30)),
        ("final-notice", date(2026, 11, 25), date(2026, 12, 15)),
    ]
    assert found.amount_cents == 12000
    assert [due.service for due in found.services] == ["gas", "water"]
    assert any("no appeal is open" in words for words in found.establish)


def test_a_spanish_letter_proves_as_much(office, asked):
    assert asked(office.account(language="es")).missing == ()


def test_kent_asks_for_no_winter_packet_and_cuts_water_only(database, clock, tmp_path):
    city = load_city("kent-oh")
    office = Notified(database, clock, city, Renderer(Catalogue.load(ROOT, city), city), tmp_path)
    account = office.account(
        service_past_due={"water": 7000, "sewer": 5000}, service_zip="44240", affects_heat=None,
        mailing_address={"line1": "7 Main St", "line2": "", "city": "Kent", "state": "OH", "zip": "44240"},
    )  # fmt: skip
    with database.read() as session:
        (found,) = gate(session, rulebook_of(city), office.renderer.catalogue, [account], TUESDAY, now=clock.now())
    assert found.missing == ()
    assert [due.service for due in found.services] == ["water"]


@pytest.mark.parametrize("status", ["shut_off", "final", "inactive"])
def test_only_an_active_account_is_disconnected(office, asked, status):
    assert f"The account is not active but {status.replace('_', ' ')}." in asked(office.account(status=status)).missing


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"state": "queued"}, "has not left yet"),
        ({"state": "handed_over"}, "comms mail ack"),
        ({"state": "returned", "state_reason": "Attempted, not known."}, r"came back \(Attempted, not known\)"),
        ({"state": "failed", "error_text": "no room"}, r"could not be mailed \(no room\)"),
        ({"state": "cancelled"}, "called back before it left"),
        ({"recipient": "1 Old St\nDuluth MN 55802"}, "the address on file now is"),
        ({"notice_version": "f" * 64}, "words of the letter's version are not kept"),
        ({"notice": "past-due-reminder"}, "the policy wants disconnect-notice"),
        ({"body_text": "Please pay."}, "does not say what it must: amount"),
        ({"amount_cents": 999999}, "does not say what it must: amount"),
        ({"fallback": {"fields": {"disconnect_date": "2027-01-04"}}}, "service stays on until 2027-01-04"),
    ],
)
def test_a_letter_that_proves_nothing_is_named_with_why(office, asked, columns, words):
    account = office.account()
    office.alter(account, **columns)
    found = asked(account)
    assert not found.passes
    assert any(re.search(words, each) for each in found.missing), found.missing


def test_hand_off_is_not_mailing(office, asked):
    found = asked(office.account(mailed=False))
    assert len(found.missing) == 2
    assert all("the day the post office took it is not known" in each for each in found.missing)


def test_the_policys_waiting_days_run_from_the_mailing(office, asked):
    account = office.account()
    office.mailed(account, date(2026, 12, 2), "final-notice")
    assert asked(account).passes
    office.mailed(account, date(2026, 12, 3), "final-notice")
    (words,) = asked(account).missing
    assert words.endswith(
        "it was mailed on 2026-12-03, and the policy waits 20 calendar days after that, until 2026-12-23."
    )


def test_the_rules_own_waiting_days_hold_whatever_a_policy_says(office, asked):
    with office.database.begin() as session:
        stored = versions.find(session, "residential-past-due", 1)
        stored.content = stored.content.replace("days = 20 }", "days = 1 }")
    account = office.account()
    office.mailed(account, date(2026, 12, 9))
    office.mailed(account, date(2026, 12, 14), "final-notice")
    missing = asked(account).missing
    assert len(missing) == 2
    assert any("20 calendar days must have passed, which is on 2026-12-29" in words for words in missing)
    assert any("216B.097" in words for words in missing)


def test_a_winter_disconnection_needs_the_winter_packet(office, asked):
    account = office.account()
    letter = office.letter(account)
    office.alter(account, body_text=letter.body_text.replace("rights and responsibilities", "things to know"))
    (words,) = asked(account).missing
    assert words == "Disconnect notice: it does not say what it must: rights and responsibilities in the cold season."


def test_a_summer_disconnection_needs_no_winter_packet(office, asked):
    account = office.account()
    letter = office.letter(account)
    office.alter(account, body_text=letter.body_text.replace("rights and responsibilities", "things to know"))
    assert not any("cold season" in words for words in asked(account, date(2027, 6, 1)).missing)


@pytest.mark.parametrize("heat", [True, None])
def test_heat_that_is_or_may_be_affected_keeps_service_on_all_winter(office, asked, heat):
    account = office.account(affects_heat=heat)
    found = asked(account)
    assert found.wanting == ()
    (words,) = [words for words in found.against if "cwr-heat" in words]
    assert "216B.097" in words and words.lower().count("to establish") == 1 and "established" not in words


@pytest.mark.parametrize("day", [date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 2), date(2027, 1, 8)])
def test_nobody_is_disconnected_on_blocked_days(office, asked, day):
    found = asked(office.account(), day)
    assert found.wanting == ()
    assert found.against
    assert all("Possible from" in words for words in found.against)


def test_a_heat_alert_and_an_old_feed_keep_service_on(office, asked):
    account = office.account()
    office.weather("Heat Advisory", at=NOW - timedelta(minutes=20))
    assert any("extreme-heat" in words for words in asked(account).against)


def test_a_feed_that_was_not_read_lately_counts_as_an_alert(office, asked):
    account = office.account()
    office.clock.set(NOW + timedelta(hours=20))
    assert any("extreme-heat" in words for words in asked(account).against)


@pytest.mark.parametrize("kind", ["medical", "military", "bankruptcy", "dispute", "promise", "moratorium"])
def test_a_hold_on_the_day_keeps_service_on(office, asked, kind):
    account = office.account()
    with office.database.begin() as session:
        holds.place(session, account, kind, TUESDAY, TUESDAY, "", "test", NOW)
    assert any(f"hold-{kind}" in words for words in asked(account).against)
    assert not any(f"hold-{kind}" in words for words in asked(account, date(2026, 12, 29)).against)


def test_a_debt_that_was_paid_disconnects_nobody(office, asked):
    account = office.account()
    with office.database.begin() as session:
        build.payment(session, account, 12000, date(2026, 12, 21))
    found = asked(account)
    assert not found.passes
    assert found.amount_cents == 0


def test_old_files_let_nobody_through(office, asked):
    account = office.account()
    office.clock.set(NOW + timedelta(hours=100))
    office.weather(at=NOW + timedelta(hours=99))
    missing = asked(account, date(2026, 12, 29)).missing
    assert [words for words in missing if "older than 96 hours" in words] == [
        "The last file of payments is older than 96 hours. Next step: comms import payments FILE",
        "The last file of accounts is older than 96 hours. Next step: comms import accounts FILE",
    ]


def test_sewer_and_storm_water_alone_disconnect_nobody(office, asked):
    account = office.account(service_past_due={"sewer": 8000, "storm": 4000})
    assert "No service that is past due (sewer, storm) allows a disconnection." in asked(account).missing


def test_what_the_policy_has_not_decided_is_not_done(office, asked):
    (words,) = asked(office.account(decided=False)).missing
    assert words.startswith("Disconnection: it is not decided. See: comms why ")


def test_an_account_without_a_delinquency_is_on_no_list(office, asked):
    account = office.account()
    with office.database.begin() as session:
        session.query(Episode).update({"closed_at": NOW, "close_reason": "paid"})
    assert asked(account).missing[0].startswith("It has no open delinquency")


def test_the_copy_for_a_third_party_must_have_left(office, asked):
    account = office.account(copies=("third_party",))
    found = asked(account)
    assert [words for words in found.missing if "Ana Ruiz" in words] == [
        "Disconnect notice: the copy for Ana Ruiz (third party) has not left.",
        "Final notice: the copy for Ana Ruiz (third party) has not left.",
    ]
    with office.database.begin() as session:
        for notice in ("disconnect-notice", "final-notice"):
            letter = office.letter(account, notice)
            draft = build.draft(
                account, channel="letter", notice=notice, copy_of_id=letter.id, decision_id=letter.decision_id,
                dedupe_key=f"copy:{letter.decision_id}:1",
            )  # fmt: skip
            ((_, message_id, _),) = insert_messages(session, [draft], office.clock)
            session.get_one(type(letter), message_id).state = "mailed"
    assert asked(account).passes


def test_a_letter_written_anew_is_the_one_that_counts(office, asked):
    account = office.account()
    office.alter(account, state="superseded")
    assert "Disconnect notice: no letter was written for it." in asked(account).missing


def test_a_policy_without_a_referral_refers_nobody(office, asked):
    found = asked(office.account(), act="referral")
    assert any("has no step for a referral" in words for words in found.missing)


REFERRAL = """
policy = "tax-list"
version = 1
title = "To the county auditor"
effective = { from = 2026-10-01 }
[enter]
past_due_at_least = 25.00
oldest_due_days = 5
[exit]
past_due_at_most = 5.00
[[step]]
id = "disconnect-notice"
notice = "disconnect-notice"
after = { due_days = 5 }
send = { all_of = ["letter"] }
counts_when = "mailed"
required = true
disconnect_after_days = 38
[[step]]
id = "final-notice"
notice = "final-notice"
after = { step = "disconnect-notice", days = 14 }
send = { all_of = ["letter"] }
counts_when = "mailed"
required = true
disconnect_after_days = 24
[[step]]
id = "shut-off"
title = "Tax list"
action = "referral"
after = { step = "final-notice", days = 20 }
require = { steps = ["final-notice"], days = 20 }
"""


@pytest.fixture
def referring(office):
    from tests.support import policies

    with office.database.begin() as session:
        office.policy = policies.put_in_use(session, REFERRAL)
    return office


def test_a_referral_takes_only_what_may_be_certified(referring, asked):
    found = asked(referring.account(service_past_due={"gas": 6000, "water": 5000, "sewer": 1000}), act="referral")
    assert found.missing == ()
    assert [due.service for due in found.services] == ["water", "sewer"]
    assert found.amount_cents == 6000


def test_gas_alone_is_not_referred(referring, asked):
    found = asked(referring.account(service_past_due={"gas": 12000}), act="referral")
    assert any("allows a referral" in words for words in found.missing)


def test_the_kept_version_is_what_was_mailed(office, asked):
    account = office.account()
    with office.database.read() as session:
        kept = session.get_one(NoticeVersion, asked(account).evidence[0].version)
    assert kept.notice == "disconnect-notice"
    assert kept.first_used_at < datetime(2026, 11, 10, tzinfo=UTC)
