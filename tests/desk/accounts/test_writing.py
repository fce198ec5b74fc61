"""The reply box: what goes out, what is refused and why, and that nothing written is lost."""

import html
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from comms.accounts import consent, finding
from comms.desk.accounts import composing
from comms.desk.schema import AuditEvent
from comms.history import timeline, verify
from comms.outbox import Message
from comms.worklist import Task
from tests.desk import story

ACCOUNT = f"/accounts/{story.MARIA}"
NIGHT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
"""11:30 in the evening in Duluth."""


def messages(office) -> list[Message]:
    with office.database.read() as session:
        return list(session.scalars(select(Message).where(Message.notice == "staff-reply").order_by(Message.id)))


def reply(clerk, text: str, *, page: str = ACCOUNT, path: str = f"{ACCOUNT}/text", **form):
    return clerk.post(path, {"text": text} | form, page=page)


def test_a_text_is_queued_frozen_and_rung_for(clerk, afternoon):
    answer = reply(clerk, "Sí, dos pagos está bien.")
    assert answer.headers["Location"] == f"{ACCOUNT}#newest"
    (message,) = messages(afternoon)
    assert (message.recipient, message.body_text) == ("+12185554417", "Sí, dos pagos está bien.")
    assert (message.state, message.lane, message.purpose, message.language) == (
        "queued",
        "urgent",
        "conversational",
        "es",
    )
    assert (message.encoding, message.segments) == ("UCS-2", 1)
    assert message.in_reply_to_id is not None
    assert message.next_attempt_at == story.NOW + timedelta(seconds=10), "it can be taken back until then"
    assert afternoon.doorbell.later == [(timedelta(seconds=10), "urgent", (message.id,))]
    page = clerk.get(ACCOUNT).get_data(as_text=True)
    assert "Your text to Maria Delgado-Ruiz is on its way." in page
    assert "Sí, dos pagos está bien." in page


def test_it_is_in_the_history_under_the_clerks_name_and_in_the_audit(clerk, afternoon):
    reply(clerk, "Two payments are fine.")
    with afternoon.database.read() as session:
        account = finding.by_number(session, story.MARIA)
        newest = timeline(session, account.id)[-1]
        assert (newest.kind, newest.actor, newest.content["text"]) == (
            "notice.queued", "user:park", "Two payments are fine.",
        )  # fmt: skip
        assert verify(session, account.id)[1] == []
        assert session.scalar(select(func.count()).where(AuditEvent.action == "text.queued")) == 1


def test_the_same_form_sent_twice_is_one_text(clerk, afternoon):
    for _ in range(2):
        assert reply(clerk, "Once.", once="the-same-form").status_code == 303
    assert len(messages(afternoon)) == 1


def test_typeset_quotes_leave_as_typewriter_ones(clerk, afternoon):
    reply(clerk, "It’s “fine” – thanks…\r\nCity\t \x07")
    (message,) = messages(afternoon)
    assert message.body_text == 'It\'s "fine" - thanks...\nCity'
    assert (message.encoding, message.segments) == ("GSM-7", 1)


@pytest.mark.parametrize(
    ("text", "said"), [("", "nothing to send"), (" \n ", "nothing to send"), ("x" * 1601, "at most 1,600")]
)  # fmt: skip
def test_a_text_that_cannot_be_sent_says_why_and_is_kept(clerk, afternoon, text, said):
    answer = reply(clerk, text)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page
    assert text.strip() in page
    assert messages(afternoon) == []


def test_a_reply_written_before_a_newer_message_arrived_is_not_sent(clerk, afternoon):
    page = clerk.get(ACCOUNT).get_data(as_text=True)
    seen = page.split('name="seen" value="')[1].split('"')[0]
    with afternoon.database.begin() as session:
        story.wrote(session, None, "forget it, i paid", story.NOW, sender="+12185554417")
    answer = reply(clerk, "Please pay “soon”", seen=seen)
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 409
    assert "The customer wrote while you did." in page
    assert "forget it, i paid" in page, "though no history has it yet"
    assert "Please pay “soon”</textarea>" in page, "the draft is as it was typed"
    assert messages(afternoon) == []
    assert reply(clerk, "Thank you!").status_code == 303, "who has seen it may answer"


def test_the_page_hears_of_a_newer_message_by_itself(clerk, afternoon):
    assert clerk.get(f"{ACCOUNT}/newer?seen=9999").status_code == 204
    answer = clerk.get(f"{ACCOUNT}/newer?seen=0")
    assert "The customer just wrote" in answer.get_data(as_text=True)


def test_the_page_can_be_drawn_again_without_losing_the_draft(clerk):
    answer = clerk.post(f"{ACCOUNT}/redraw", {"text": "half a", "mode": "note"}, page=ACCOUNT)
    page = answer.get_data(as_text=True)
    assert "half a</textarea>" in page
    assert 'id="mode-note" checked' in page


@pytest.mark.parametrize(
    ("number", "reason", "way_out"),
    [("0000210-02", "opted out of texts", "texts START"), ("0000404-04", "wrong number", "Ask for a new number"),
     ("0000000-77", "no phone number that takes texts", "Write a letter")],
)  # fmt: skip
def test_the_box_is_locked_with_the_reason_and_the_way_out(clerk, afternoon, number, reason, way_out):
    page = clerk.get(f"/accounts/{number}").get_data(as_text=True)
    assert reason in page
    assert way_out in page
    assert "Send text" not in page
    answer = clerk.post(f"/accounts/{number}/text", {"text": "hello"}, page=f"/accounts/{number}")
    assert answer.status_code == 422
    assert messages(afternoon) == []


def test_an_opt_out_that_arrives_while_one_writes_still_holds(clerk, afternoon):
    with afternoon.database.begin() as session:
        consent.record(
            session, channel="sms", address="+12185554417", action="revoked", source="sms", evidence="STOP",
            at=story.NOW,
        )  # fmt: skip
    assert reply(clerk, "hello").status_code == 422
    assert messages(afternoon) == []


def test_a_number_of_somebody_else_is_not_written_to(clerk, afternoon):
    answer = reply(clerk, "hello", to="+12185550911")
    assert answer.status_code == 422
    assert "takes no texts from us" in answer.get_data(as_text=True)


def test_at_night_a_text_waits_for_the_morning(clerk, afternoon, clock):
    clock.set(NIGHT)
    clerk.sign_in()
    page = clerk.get(ACCOUNT).get_data(as_text=True)
    assert "Send at 8:00 AM tomorrow" in page
    assert "Send text" not in page
    reply(clerk, "Good morning!")
    (message,) = messages(afternoon)
    assert message.next_attempt_at == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    assert afternoon.doorbell.rung == [("urgent", ())]
    assert "goes out at 8:00 AM tomorrow" in clerk.get(ACCOUNT).get_data(as_text=True)


def test_a_text_begun_in_the_evening_does_not_go_out_at_night(clerk, afternoon, clock):
    clock.set(NIGHT)
    clerk.sign_in()
    answer = reply(clerk, "Good evening!", later="")
    assert answer.status_code == 422
    assert "can go out at 8:00 AM tomorrow" in answer.get_data(as_text=True)
    assert messages(afternoon) == []


def test_a_hold_that_matters_is_shown_where_one_writes(clerk):
    page = clerk.get("/accounts/0000711-11").get_data(as_text=True)
    assert "Do not ask for payment" in page
    phones = page.partition('id="to"')[2].partition("</select>")[0]
    assert phones.count("<option") == 2, "one may choose between two phones"


def test_under_a_bankruptcy_no_text_leaves_before_the_clerk_says_that_it_asks_for_nothing(clerk, afternoon):
    page = "/accounts/0000711-11"
    answer = reply(clerk, "Your service stays on.", page=page, path=f"{page}/text")
    assert answer.status_code == 422
    shown = html.unescape(answer.get_data(as_text=True))
    assert "Do not ask for payment" in shown and "Say below that your text keeps to it" in shown
    assert "Your service stays on.</textarea>" in shown
    assert messages(afternoon) == []
    assert reply(clerk, "Your service stays on.", page=page, path=f"{page}/text", heeded="1").status_code == 303
    with afternoon.database.read() as session:
        audit = session.scalars(select(AuditEvent).where(AuditEvent.action == "text.queued")).one()
    assert "bankruptcy" in audit.facts["heeded"][0]


def test_an_answer_goes_to_the_phone_that_the_customer_wrote_from(clerk, afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, "0000711-11")
        story.wrote(session, account.id, "my other phone", story.NOW, sender="+16125550712")
    reply(clerk, "Hello there", page="/accounts/0000711-11", path="/accounts/0000711-11/text", heeded="1")
    assert [message.recipient for message in messages(afternoon)] == ["+16125550712"]


def test_a_note_is_kept_and_never_sent(clerk, afternoon):
    answer = clerk.post(f"{ACCOUNT}/note", {"text": "Called back,\nno answer. <b>"}, page=ACCOUNT)
    assert answer.status_code == 303
    page = clerk.get(f"{ACCOUNT}?show=notes").get_data(as_text=True)
    assert "Called back,\nno answer. &lt;b&gt;" in page
    assert messages(afternoon) == []
    with afternoon.database.read() as session:
        account = finding.by_number(session, story.MARIA)
        newest = timeline(session, account.id)[-1]
    assert (newest.kind, newest.channel, newest.actor) == ("note.added", "note", "user:park")


@pytest.mark.parametrize("text", ["", "x" * 8001])
def test_a_note_that_cannot_be_kept_says_why(clerk, text):
    answer = clerk.post(f"{ACCOUNT}/note", {"text": text}, page=ACCOUNT)
    assert answer.status_code == 422
    assert 'id="mode-note" checked' in answer.get_data(as_text=True)


def test_send_resolve_and_next_goes_on_with_the_list(clerk, afternoon):
    with afternoon.database.read() as session:
        task = session.scalars(select(Task).where(Task.reason == "Proposes two dates")).one()
    page = f"{ACCOUNT}?task={task.id}"
    answer = reply(clerk, "Fine.", page=page, resolve="1")
    assert answer.headers["Location"].startswith("/accounts/0000666-13?task=")
    with afternoon.database.read() as session:
        done = session.get(Task, task.id)
        assert (done.state, done.resolved_by, done.resolution) == ("resolved", "user:park", "Answered by text")
        account = finding.by_number(session, story.MARIA)
        assert [entry.kind for entry in timeline(session, account.id)[-2:]] == ["notice.queued", "task.resolved"]


@pytest.mark.parametrize("char", ["’", "…", "–", "\u00a0", "½"])
def test_the_counter_in_the_browser_knows_what_the_server_replaces(char):
    from json import loads

    from comms.notices.segments import plain

    assert loads(composing.alphabet()["plain"])[char] == plain(char)


def test_a_session_is_not_kept_alive_by_the_page_asking_for_news(clerk, clock):
    clock.advance(timedelta(minutes=20))
    assert clerk.get(f"{ACCOUNT}/newer?seen=9999").status_code == 204
    clock.advance(timedelta(minutes=20))
    assert clerk.get(f"{ACCOUNT}/newer?seen=9999", headers={"HX-Request": "true"}).status_code == 401
