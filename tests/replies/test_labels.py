"""What a clerk says a reply means is kept, told, exported, and obeyed where the law wants it at once."""

import json
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from comms.accounts import Account, ConsentEvent, consent
from comms.history import timeline
from comms.replies import Instalment
from comms.replies.labels import MEANINGS, LabelError, correct, export
from comms.replies.schema import InboundMessage, ReplyLabel
from comms.replies.understanding.model import INTENTS
from tests.replies.conftest import PHONE, customer, queue_a_reminder, state_of

FRIDAY = Instalment(5000, date(2026, 11, 27))


@pytest.fixture
def means(office):
    def act(inbound_id, intent, *instalments, by="user:park", **more):
        return office.database.run(
            lambda session: correct(
                session, office.city, office.clock, inbound_id, intent=intent, instalments=instalments, by=by, **more
            )
        )

    return act


def labels(office):
    return office.ask(lambda session: list(export(session)))


def corrections(office, account_id):
    entries = office.ask(lambda session: timeline(session, account_id))
    return [(entry.actor, entry.summary, entry.facts) for entry in entries if entry.kind == "reply.corrected"]


def test_a_correction_is_an_example_in_the_format_of_the_corpus(office, means):
    customer(office, past_due_cents=12000, current_cents=3000)
    handled = office.text("the check is in the mail ok")
    done = means(handled.inbound_id, "promise", FRIDAY, note="called her: by Friday")
    assert (done.confirmed, done.news, done.opted_out) == (False, True, False)
    (line,) = labels(office)
    received = datetime.fromisoformat(line.pop("received_at"))
    assert received == office.clock.now()
    assert received.utcoffset() == timedelta(hours=-6)
    assert line == {
        "id": f"r{handled.inbound_id}", "text": "the check is in the mail ok", "tz": "America/Chicago",
        "past_due_cents": 12000, "total_cents": 15000, "intent": "promise",
        "instalments": [{"amount_cents": 5000, "date": "2026-11-27"}], "lang": "en", "note": "called her: by Friday",
    }  # fmt: skip


def test_the_history_says_what_was_understood_and_what_it_means(office, means):
    account_id = customer(office)
    handled = office.text("i already paid that on monday")
    means(handled.inbound_id, "promise", FRIDAY)
    ((actor, summary, facts),) = corrections(office, account_id)
    assert actor == "user:park"
    assert summary == "The reply means: a promise to pay $50.00 on 2026-11-27; it was taken for: already paid"
    assert facts["understood"]["intent"] == "paid"
    assert facts["means"] == {"intent": "promise", "instalments": [{"amount_cents": 5000, "date": "2026-11-27"}]}


def test_a_clerk_who_confirms_makes_an_example_too(office, means):
    account_id = customer(office)
    handled = office.text("i already paid that on monday")
    assert means(handled.inbound_id, "paid").confirmed
    assert [line["intent"] for line in labels(office)] == ["paid"]
    assert [summary for _, summary, _ in corrections(office, account_id)] == [
        "The reply was understood rightly: already paid"
    ]


def test_all_of_it_is_what_is_past_due(office, means):
    customer(office, past_due_cents=12000)
    handled = office.text("i will pay all of it on friday")
    assert means(handled.inbound_id, "promise", Instalment(12000, date(2026, 11, 27))).confirmed


def test_a_later_word_takes_the_place_of_an_earlier_one_and_the_same_word_is_told_once(office, means):
    account_id = customer(office)
    handled = office.text("i already paid that on monday")
    means(handled.inbound_id, "paid")
    assert not means(handled.inbound_id, "paid", by="user:osei").news
    means(handled.inbound_id, "dispute", by="user:osei")
    assert [line["intent"] for line in labels(office)] == ["dispute"]
    assert len(corrections(office, account_id)) == 2
    assert office.ask(lambda s: s.scalars(select(ReplyLabel.labelled_by)).all()) == ["user:osei"]


def test_what_was_owed_when_it_came_not_what_is_owed_now(office, means):
    account_id = customer(office, past_due_cents=12000, current_cents=0)
    handled = office.text("i will pay half on friday")
    with office.database.begin() as session:
        session.get(Account, account_id).past_due_cents = 700
    means(handled.inbound_id, "promise", Instalment("half", date(2026, 11, 27)))
    assert [line["past_due_cents"] for line in labels(office)] == [12000]


def test_a_reply_from_nobody_we_know_can_be_labelled(office, means):
    handled = office.text("who is this", sender="+12185550177")
    means(handled.inbound_id, "help")
    assert [(line["intent"], line["past_due_cents"]) for line in labels(office)] == [("help", 0)]


def test_of_an_email_the_words_alone(office, means):
    handled = office.text(
        "Paid it Monday.\n\nOn Mon, Nov 23, 2026 at 9:00 AM Duluth Utilities <x@example.gov> wrote:\n> Please pay",
        channel="email", sender="maria@example.com",
    )  # fmt: skip
    means(handled.inbound_id, "paid")
    assert [line["text"] for line in labels(office)] == ["Paid it Monday."]


def test_only_replies_since_a_day(office, means):
    customer(office)
    early = office.text("ok", at=office.clock.now() - timedelta(days=9))
    late = office.text("ok thanks")
    for handled in (early, late):
        means(handled.inbound_id, "confirm_yes")
    since = office.clock.now() - timedelta(days=1)
    assert [one["id"] for one in office.ask(lambda s: list(export(s, since)))] == [f"r{late.inbound_id}"]


def test_an_opt_out_that_was_not_understood_takes_effect(office, means):
    account_id = customer(office)
    reminder = queue_a_reminder(office, account_id)
    handled = office.text("i already paid that on monday")
    done = means(handled.inbound_id, "opt_out")
    assert done.opted_out
    assert state_of(office, reminder) == "cancelled"
    assert office.ask(lambda s: consent.blocked(s, "sms", [PHONE])) == {PHONE}
    line = office.ask(lambda s: s.scalars(select(ConsentEvent)).one())
    assert (line.source, line.evidence, line.inbound_id) == (
        "user:park", "i already paid that on monday", handled.inbound_id,
    )  # fmt: skip
    assert {"reply.corrected", "consent.revoked"} <= set(office.kinds(account_id))
    assert not means(handled.inbound_id, "opt_out", by="user:osei").opted_out, "once"


def test_nobody_is_opted_in_by_a_label(office, means):
    customer(office)
    office.text("STOP")
    handled = office.text("thanks")
    means(handled.inbound_id, "opt_in")
    assert office.ask(lambda s: consent.blocked(s, "sms", [PHONE])) == {PHONE}


@pytest.mark.parametrize(
    ("intent", "instalments", "says"),
    [
        ("mood", (), "'mood' is no meaning"),
        ("promise", (), "A promise has at least one amount or day"),
        ("paid", (FRIDAY,), "belong to a promise only"),
        ("promise", (Instalment(0, None),), "more than nothing"),
        ("promise", (Instalment(10**12, None),), "at most $1,000,000"),
        ("promise", (Instalment("lots", None),), "'lots' is no amount"),
        ("promise", (FRIDAY,) * 25, "No promise has more than 24 parts"),
    ],
)
def test_what_cannot_be_a_label(small_office, intent, instalments, says):
    handled = small_office.text("ok")
    with pytest.raises(LabelError) as refused, small_office.database.begin() as session:
        correct(
            session, small_office.city, small_office.clock, handled.inbound_id, intent=intent,
            instalments=instalments, by="user:park",
        )  # fmt: skip
    assert says in str(refused.value)


def test_a_reply_that_is_not_there(small_office):
    with pytest.raises(LabelError, match="There is no reply 4711"), small_office.database.begin() as session:
        correct(session, small_office.city, small_office.clock, 4711, intent="paid", by="user:park")


def test_every_intent_has_words():
    assert set(MEANINGS) == set(INTENTS)


def test_a_line_can_be_written_and_read(office, means):
    customer(office)
    handled = office.text("ñandú 😀 \u2028 paid")
    means(handled.inbound_id, "paid")
    assert json.loads(json.dumps(labels(office)[0]))["text"] == office.ask(
        lambda s: s.get(InboundMessage, handled.inbound_id).text
    )
