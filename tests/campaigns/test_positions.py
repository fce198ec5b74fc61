"""Whether a step counts: read from what became of its messages and orders, anew every night."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from comms.campaigns import Decision
from comms.campaigns.policies import versions
from comms.campaigns.positions import News, of_action, of_contact, positions
from comms.field import FieldList, FieldOrder
from comms.outbox import Message, enqueue
from comms.outbox.schema import MailBatch
from comms.promises.schema import Promise
from comms.weather.schema import WeatherFeed
from tests.support import build

NOW = datetime(2026, 12, 1, 16, tzinfo=UTC)
EARLIER = NOW - timedelta(days=2)


def send(channel, *rest, required=True):
    return {"channel": channel, "rest": list(rest), "required": required, "until": None}


def news(channel, state, *, at=NOW, submitted=None, handed=None, mailed=None, more=False):
    return News(1, channel, state, at, submitted, handed, mailed, more)


def stands(sends, told, counts_when="accepted"):
    return of_contact(sends, told, counts_when, NOW)


# --- one message ---


@pytest.mark.parametrize(
    ("counts_when", "state", "expected"),
    [
        ("accepted", "queued", "pending"),
        ("accepted", "submitted", "counts"),
        ("accepted", "sent", "counts"),
        ("accepted", "delivered", "counts"),
        ("delivered", "submitted", "pending"),
        ("delivered", "delivered", "counts"),
        ("accepted", "held", "pending"),
        ("accepted", "unknown", "pending"),
        ("accepted", "failed", "undone"),
        ("accepted", "undelivered", "undone"),
        ("delivered", "cancelled", "undone"),
        ("delivered", "suppressed", "undone"),
    ],
)
def test_a_text_counts_when_the_policy_says(counts_when, state, expected):
    assert stands([send("sms")], [news("sms", state)], counts_when)[0] == expected


@pytest.mark.parametrize(
    ("counts_when", "state", "expected"),
    [
        ("mailed", "queued", "pending"),
        ("mailed", "batched", "pending"),
        ("mailed", "handed_over", "pending"),
        ("mailed", "mailed", "counts"),
        ("mailed", "returned", "undone"),
        ("accepted", "handed_over", "counts"),
        ("accepted", "returned", "undone"),
    ],
)
def test_a_letter_counts_from_the_post_office_or_from_the_mail_house(counts_when, state, expected):
    assert stands([send("letter")], [news("letter", state)], counts_when)[0] == expected


def test_a_letters_clock_starts_at_the_mailing_not_at_the_hand_off():
    told = [news("letter", "mailed", handed=NOW - timedelta(days=4), mailed=EARLIER)]
    assert stands([send("letter")], told, "mailed")[1] == EARLIER


def test_a_texts_clock_starts_when_the_carrier_took_it():
    assert stands([send("sms")], [news("sms", "delivered", submitted=EARLIER)])[1] == EARLIER
    assert stands([send("sms")], [news("sms", "delivered", submitted=EARLIER)], "delivered")[1] == NOW


# --- the next channel, and what is written anew ---


def test_a_failed_text_waits_for_its_next_channel_and_not_for_ever():
    failed = news("sms", "undelivered", at=NOW - timedelta(hours=1), more=True)
    assert stands([send("sms", "email")], [failed])[0] == "pending"
    assert stands([send("sms", "email")], [failed._replace(state_at=EARLIER)])[0] == "undone"


def test_a_step_counts_on_the_channel_that_arrived():
    told = [news("sms", "undelivered", more=True), news("email", "sent", submitted=EARLIER)]
    assert stands([send("sms", "email", "letter")], told)[:2] == ("counts", EARLIER)


def test_what_was_written_anew_takes_the_place_of_the_old():
    assert stands([send("sms")], [news("sms", "superseded"), news("sms", "queued")])[0] == "pending"
    assert stands([send("sms")], [news("sms", "superseded"), news("sms", "suppressed")])[0] == "undone"


def test_nothing_written_is_nothing_done():
    assert stands([send("sms")], []) == ("undone", None, "nothing was written")


def test_it_is_said_in_words_what_became_of_it():
    assert stands([send("letter")], [news("letter", "returned")], "mailed")[2] == (
        "the letter was returned by the post office"
    )


# --- several at once ---


BOTH = [send("letter"), send("email")]


def test_all_that_must_go_must_count_and_the_last_one_sets_the_clock():
    letter = news("letter", "mailed", mailed=EARLIER)
    assert stands(BOTH, [letter, news("email", "queued")])[0] == "pending"
    assert stands(BOTH, [letter, news("email", "delivered", submitted=NOW)])[:2] == ("counts", NOW)


def test_a_letter_that_came_back_undoes_the_step_whatever_else_arrived():
    assert stands(BOTH, [news("letter", "returned"), news("email", "delivered")])[0] == "undone"


def test_an_email_that_bounced_does_not_take_back_a_letter():
    told = [news("letter", "mailed", handed=EARLIER), news("email", "bounced")]
    assert stands(BOTH, told)[:2] == ("counts", EARLIER)


def test_what_only_goes_along_has_no_say():
    sends = [send("letter"), send("sms", required=False)]
    told = [news("letter", "mailed", mailed=EARLIER), news("sms", "failed")]
    assert stands(sends, told, "mailed")[0] == "counts"
    assert stands(sends, [news("letter", "queued"), news("sms", "delivered")], "mailed")[0] == "pending"


# --- acts outside ---


def order(state, *, created=NOW, ended=None, kind="disconnect", episode=1):
    return FieldOrder(kind=kind, state=state, created_at=created, ended_at=ended, episode_id=episode)


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([], "pending"),
        ([order("issued")], "pending"),
        ([order("done", ended=NOW)], "counts"),
        ([order("recalled")], "undone"),
        ([order("not_done")], "undone"),
        ([order("recalled"), order("proposed")], "pending"),
        ([order("done", ended=NOW, episode=2)], "pending"),
        ([order("done", ended=NOW, created=EARLIER)], "pending"),
        ([order("done", ended=NOW), order("done", ended=NOW, kind="reconnect")], "counts"),
    ],
)
def test_an_act_outside_stands_as_its_order_does(orders, expected):
    assert of_action(orders, 1, NOW - timedelta(hours=1))[0] == expected


# --- read from what is stored ---


def position(evenings, account):
    with evenings.database.read() as session:
        return positions(session, [account], versions.frozen(session), evenings.clock.now())[account]


def test_an_account_of_no_episode_stands_nowhere(evenings):
    assert position(evenings, evenings.account()).episode_id is None


def test_a_position_follows_the_message(evenings):
    account = evenings.account()
    run_id = evenings.plan()
    assert position(evenings, account).taken[0].why == "it is planned and waits for its release"
    evenings.let_go(run_id)
    assert position(evenings, account).taken[0].standing == "pending"
    evenings.arrive()
    (taken,) = position(evenings, account).taken
    assert (taken.step, taken.occurrence, taken.standing, taken.counts_at) == (
        "reminder", 1, "counts", evenings.clock.now(),
    )  # fmt: skip
    evenings.fate("undelivered", Message.account_id == account)
    evenings.clock.advance(timedelta(days=2))
    assert position(evenings, account).taken[0].why == "the text was not delivered"


def test_a_failed_contact_undoes_its_step_and_the_same_step_comes_again(evenings):
    account = evenings.account()
    evenings.tonight()
    evenings.fate("failed")
    evenings.night(2026, 11, 25)
    assert evenings.steps(account) == ["reminder", "reminder 2"]
    evenings.night(2026, 12, 8)
    assert evenings.steps(account) == ["reminder", "reminder 2"], "the ten days count from the one that arrived"
    evenings.night(2026, 12, 11)
    assert evenings.steps(account)[-1] == "disconnect-notice"


def test_returned_mail_undoes_the_notice_and_no_letter_goes_there_again(evenings):
    account = evenings.account()
    evenings.night(2026, 11, 23)
    evenings.night(2026, 12, 9)
    assert evenings.steps(account) == ["reminder", "disconnect-notice"]
    evenings.go_to(2026, 12, 21)
    evenings.fate("returned", Message.channel == "letter", error_code="ANK")
    evenings.night(2026, 12, 22)
    assert evenings.outcome(account) == ("protected", "reachable")
    street = {"line1": "7 New St", "line2": "", "city": "Duluth", "state": "MN", "zip": "55802"}
    evenings.change(account, mailing_address=street)
    evenings.night(2026, 12, 23)
    assert evenings.steps(account)[-1] == "disconnect-notice 2"


def test_a_step_that_the_episodes_version_does_not_have_any_more_can_still_be_read(small):
    account = small.account(phone=None)
    small.tonight()
    small.arrive()
    with small.database.begin() as session:
        session.execute(update(Decision).values(step="first-call"))
    assert position(small, account).taken[0].standing == "counts"


def test_a_copy_for_somebody_else_says_nothing_about_the_customer(small):
    account = small.account()
    small.tonight()
    (message,) = small.messages()
    small.fate("failed")
    with small.database.begin() as session:
        copied = build.draft(account, decision_id=message.decision_id, copy_of_id=message.id)
        enqueue(session, [copied], small.clock)
    small.fate("delivered", Message.copy_of_id.is_not(None))
    small.clock.advance(timedelta(days=2))
    assert position(small, account).taken[0].standing == "undone"


def test_a_letters_day_is_the_batchs(small):
    account = small.account(phone=None)
    small.tonight()
    with small.database.begin() as session:
        batch = MailBatch(
            name="B1", state="mailed", pieces=1, pages=1, amount_cents=0, manifest={}, created_at=EARLIER,
            handed_over_at=EARLIER, mailed_at=NOW,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        batch_id = batch.id
    small.fate("mailed", Message.channel == "letter", batch_id=batch_id)
    assert position(small, account).taken[0].counts_at == EARLIER, "a reminder counts from the mail house on"


def test_the_last_promise_of_the_episode_is_seen_and_older_ones_are_not(small):
    account = small.account()
    _promise(small, account, "broken", small.clock.now() - timedelta(days=40))
    small.night(2026, 11, 23)
    assert position(small, account).promise is None
    _promise(small, account, "kept_late", small.clock.now() + timedelta(days=3))
    _promise(small, account, "broken", small.clock.now() + timedelta(days=9))
    _promise(small, account, "withdrawn_customer", small.clock.now() + timedelta(days=12))
    assert position(small, account).promise.status == "broken"


def test_after_an_episode_its_end_is_known_for_the_cool_down(small):
    account = small.account()
    small.night(2026, 11, 23)
    small.change(account, past_due_cents=0)
    small.night(2026, 11, 24)
    stood = position(small, account)
    assert stood.episode_id is None and stood.policy == "residential-past-due"
    assert stood.closed_at == small.clock.now()


def test_an_order_that_was_done_ends_what_there_is_to_do(small):
    account = small.account()
    small.night(2026, 11, 23)
    small.night(2026, 12, 9)
    _no_heat(small, 2027, 5, 4)
    small.night(2027, 5, 4)
    assert small.outcome(account) == ("action", "field-order"), "after the winter"
    small.night(2027, 5, 5)
    assert small.outcome(account) == ("waiting", "under-way")
    _order(small, account, "recalled")
    _no_heat(small, 2027, 5, 6)
    small.night(2027, 5, 6)
    assert small.steps(account)[-1] == "shut-off 2"
    _order(small, account, "done")
    small.night(2027, 5, 10)
    assert small.outcome(account) == ("waiting", "all-steps-taken")


def _no_heat(evenings, *when):
    """The weather feed was read that morning; nobody is disconnected on what is not known."""
    read = datetime(*when, 9, tzinfo=evenings.city.zone)
    with evenings.database.begin() as session:
        session.add(WeatherFeed(issued_at=read, read_at=read, sha256="", alerts=0, refused=0))


def _promise(evenings, account, status, closed_at):
    with evenings.database.begin() as session:
        session.add(
            Promise(
                account_id=account, source="sms", category="standard", requested_terms=[], status=status,
                promised_cents=5000, debt_cents=5000, created_at=closed_at, created_on=date(2026, 11, 1),
                closed_at=closed_at,
            )
        )  # fmt: skip


def _order(evenings, account, state):
    now = evenings.clock.now()
    with evenings.database.begin() as session:
        listed = FieldList(
            name=f"L{evenings.count(FieldList.__table__)}", kind="shutoff", for_day=now.date(), state="issued",
            left_out=[], manifest={}, made_by="x", made_at=now,
        )  # fmt: skip
        session.add(listed)
        session.flush()
        session.add(
            FieldOrder(
                number=f"O{listed.id}", list_id=listed.id, account_id=account, kind="disconnect", services=[],
                episode_id=evenings.episodes(account)[-1].id, state=state, amount_cents=1, evidence=[],
                facts_version=1, created_at=now, ended_at=now,
            )
        )  # fmt: skip
