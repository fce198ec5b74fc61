"""Sending one notice by hand: shown on every way as it would leave, with the rules' word, and asked once more."""

import pytest
from sqlalchemy import select

from comms.desk.schema import AuditEvent
from comms.outbox import Message
from tests.desk import story
from tests.desk.reading import OLE, account_id, seen

FORM = f"/accounts/{OLE}/notice"
MARIA = f"/accounts/{story.MARIA}/notice"


def queued(office):
    with office.database.read() as session:
        found = session.scalars(
            select(Message).where(Message.notice == "past-due-reminder", Message.state == "queued")
        ).all()
        session.expunge_all()
    return found


def test_every_way_is_shown_as_it_would_leave(clerk):
    page = seen(clerk.get(FORM))
    assert "Text may be used" in page and "Letter may be used" in page
    assert "account ending 1101 is $120.00 past due" in page
    assert "Email may not be used Email address:" in page
    assert "Send by text" in page and "Send by letter" in page and "Send by email" not in page
    assert "Payment received" in page and "(no payment is known)" in page


def test_it_is_written_in_the_customers_language(clerk):
    page = clerk.get(MARIA).get_data(as_text=True)
    assert "Responda ALTO" in page and "In Spanish, the customer’s language" in page
    assert "Asunto" not in page and 'lang="es"' in page


def test_pressing_the_button_queues_it_once(clerk, afternoon):
    form = {"notice": "past-due-reminder", "channel": "sms"}
    shown = clerk.get(FORM).get_data(as_text=True)
    once = {"once": shown.split('name="once" value="')[1].split('"')[0]}
    answer = clerk.post(FORM, form | once, page=FORM)
    assert (answer.status_code, answer.location) == (303, f"/accounts/{OLE}")
    assert "Past-due reminder by text is on its way." in seen(clerk.get(answer.location))
    assert clerk.post(FORM, form | once, page=FORM).status_code == 303
    (message,) = queued(afternoon)
    assert (message.channel, message.recipient) == ("sms", "+12185550911")
    assert afternoon.doorbell.rung == [("sms", (message.id,))]
    with afternoon.database.read() as session:
        (audit,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "notice.sent")).all()
    assert (audit.account_id, audit.facts["message"]) == (account_id(afternoon), message.id)


@pytest.mark.parametrize(
    ("number", "form", "said"),
    [
        ("0000210-02", {"notice": "past-due-reminder", "channel": "sms"}, "may not be sent past-due-reminder by sms"),
        (OLE, {"notice": "disconnect-notice", "channel": "letter"}, "goes out by its policy, which keeps its clock"),
        (OLE, {"notice": "payment-received", "channel": "sms"}, "no payment is known"),
        (OLE, {"notice": "past-due-reminder", "channel": "fax"}, "has no form for fax"),
        (OLE, {"notice": "love-letter", "channel": "sms"}, "No notice"),
    ],
)
def test_what_may_not_go_is_refused_with_the_reason(clerk, afternoon, number, form, said):
    page = f"/accounts/{number}/notice"
    answer = clerk.post(page, form, page=page)
    assert (answer.status_code, said in seen(answer)) == (409, True)
    assert queued(afternoon) == []


def test_a_notice_that_has_nothing_to_say_says_why(clerk):
    page = seen(clerk.get(f"{FORM}?notice=promise-confirmation"))
    assert "has nothing to say to this account: there is no open promise" in page


def test_the_email_stands_in_a_frame_that_runs_nothing_and_the_letter_is_a_picture(clerk):
    page = clerk.get(f"{MARIA}/email?notice=past-due-reminder")
    assert "sandbox; default-src 'none'" in page.headers["Content-Security-Policy"]
    assert b"412.86" in page.data
    assert clerk.get(f"{FORM}/letter.png?notice=past-due-reminder").data.startswith(b"\x89PNG")
    assert clerk.get(f"{FORM}/letter.pdf?notice=past-due-reminder").data.startswith(b"%PDF")
    assert clerk.get(f"{FORM}/letter.pdf?notice=disconnect-notice").status_code == 404
    assert clerk.get(f"{MARIA}/letter.png?notice=past-due-reminder").status_code == 404, "her letters came back"
    assert "letter.png" not in clerk.get(MARIA).get_data(as_text=True)


def test_the_words_are_checked_with_the_longest_data(clerk):
    assert "in order with the longest data" in seen(clerk.get(f"{FORM}/checks?notice=past-due-reminder"))


def test_a_viewer_may_not(browser):
    browser.sign_in("vera")
    assert browser.get(FORM).status_code == 403
