"""The record of one account: its facts, and everything said and done."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from comms.accounts import finding
from comms.desk.accounts import conversation
from comms.desk.schema import AuditEvent
from comms.outbox import Message
from comms.promises.schema import Promise
from tests.desk import story

ACCOUNT = f"/accounts/{story.MARIA}"


@pytest.fixture
def page(clerk) -> str:
    return clerk.get(ACCOUNT).get_data(as_text=True)


def words(page: str) -> str:
    """The page as one reads it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace(" ,", ",")


FACTS = ["Maria Delgado-Ruiz", "Past due $412.86", "61–90 days", "Sep 14 (70 days)", "$200.00 · Nov 7",
     "Energy assistance pending $150.00 · since Nov 16", "Application of Nov 18", "waiting for the customer&#39;s YES",
     "$206.43 by Dec 5 $206.43 by Dec 19", "(218) 555-4417 agreed to texts",
     "maria.dr@example.org no opt-out on record",
     "Language Spanish", "1427 E Superior St Apt 3", "PO Box 88", "cannot be mailed to", "as of Nov 20",
     "Natural gas $206.43 Water $206.43"]  # fmt: skip
LINES = ["Tue, Nov 3", "10-day past-due notice by letter", "Please pay $612.86 by November 13", "Mailed",
     "Email · “Su factura de agua está vencida”", "Payment of $200.00 posted", "Billing system",
     "Call, 4 minutes", "R. Osei", "Returned by the post office: Attempted, not known",
     "Service address OK per meter reader.", "J. Park · 10:00 AM", "Yesterday",
     "Not delivered: The phone was off or out of reach (code 30003)", "Today",
     "Hola, puedo dividir el resto en 2 pagos? 5 de dic y 19 de dic", "Needs a reply · 2 h 14 min"]  # fmt: skip


def test_the_card_says_what_a_clerk_must_know(page):
    shown = words(page)
    assert [fact for fact in FACTS if fact not in shown] == []


def test_the_history_holds_every_channel_with_its_words_and_what_became_of_it(page):
    shown = words(page)
    assert [line for line in LINES if line not in shown] == []


def test_the_history_runs_from_old_to_new(page):
    shown = [page.index(day) for day in ("Tue, Nov 3", "Thu, Nov 5", "Tue, Nov 17", "Yesterday", "Today")]
    assert shown == sorted(shown)
    assert page.index('id="newest"') > page.index("Today")


@pytest.mark.parametrize(
    ("shown", "there", "gone"),
    [("texts", "puedo dividir", "10-day"), ("email", "Su cuenta", "puedo dividir"), ("letters", "10-day", "Su cuenta"),
     ("notes", "meter reader", "10-day"), ("nonsense", "10-day", "nothing at all")],
)  # fmt: skip
def test_a_filter_stands_in_the_address(clerk, shown, there, gone):
    page = clerk.get(f"{ACCOUNT}?show={shown}").get_data(as_text=True)
    assert there in page
    assert gone not in page


def test_a_long_history_opens_at_its_end_and_is_paged_back(clerk):
    said, path = [], "/accounts/0000555-50?show=texts"
    while path:
        page = clerk.get(path).get_data(as_text=True)
        said = re.findall(r"(?:Question|Answer) (\d+)", page) + said
        earlier = re.search(r'class="earlier"><a href="([^"]+before=[^"]+)"', page)
        path = earlier and earlier[1].replace("&amp;", "&")
    assert said == [str(n) for n in range(90)]
    assert "This is the beginning" in page


def test_customers_text_is_never_markup(clerk):
    page = clerk.get("/accounts/0000666-13").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}} &#39;O&#34;Brien &amp; Söhne" in page
    assert "<b>Bold</b>" not in page


def test_another_spelling_of_the_number_leads_to_the_usual_one(clerk):
    assert clerk.get("/accounts/4822137").headers["Location"] == ACCOUNT


def test_every_view_is_written_into_the_audit(clerk, afternoon):
    clerk.get(ACCOUNT)
    clerk.get(f"{ACCOUNT}?show=letters")
    with afternoon.database.read() as session:
        account = finding.by_number(session, story.MARIA)
        lines = session.scalars(select(AuditEvent).where(AuditEvent.account_id == account.id)).all()
    assert [(line.username, line.action, line.facts["show"]) for line in lines] == [
        ("park", "account.viewed", "all"),
        ("park", "account.viewed", "letters"),
    ]


def test_the_carriers_single_reports_are_folded_unless_one_asks_for_every_step(afternoon, clerk):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        story.happened(
            session, account.id, story.NOW, "delivery.sent", "Text to +12185554417 sent", direction="out",
            channel="sms", actor="carrier", subject_type="message", subject_id=1,
        )  # fmt: skip
    assert "4417 sent" not in clerk.get(ACCOUNT).get_data(as_text=True)
    assert "4417 sent" in clerk.get(f"{ACCOUNT}?steps=all").get_data(as_text=True)


def test_a_message_that_waits_says_when_it_goes_out(afternoon, city):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        number = story.sent(session, account.id, "Later", story.NOW, state="queued")
        session.get(story.Message, number).next_attempt_at = story.NOW + timedelta(hours=22)
        session.flush()
        pane = conversation.read(session, city, account.id, now=story.NOW)
    assert pane.days[-1].items[-1].state == "Goes out at 8:00 AM tomorrow"


def test_what_was_read_in_the_message_stands_beside_it(page):
    assert "Read in it: $206.43 by Dec 5, an amount by Dec 19" in words(page)


def test_an_account_without_a_history_says_so(clerk):
    assert "Nothing has been said or sent yet." in clerk.get("/accounts/0000000-77").get_data(as_text=True)


def test_a_reason_that_begins_like_the_state_is_said_once(afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        message = session.scalars(select(Message).where(Message.state == "returned")).first()
        message.error_text = "Returned by the post office: attempted, not known"
        session.flush()
        pane = conversation.read(session, afternoon.city, account.id, now=story.NOW)
    (item,) = [item for day in pane.days for item in day.items if item.sent == message.id]
    assert (item.state, item.why) == ("Returned by the post office", "attempted, not known")


def test_what_must_not_be_missed_stands_under_the_name_where_the_facts_are_folded(clerk, afternoon):
    with afternoon.database.begin() as session:
        for promise in session.scalars(select(Promise)):
            promise.status = "broken"
    page = clerk.get(ACCOUNT).get_data(as_text=True)
    under = page[page.index("folded-chips") :].partition("</p>")[0]
    assert "Promise broken" in under and "Energy assistance pending" in under


def test_the_record_leads_to_its_log_and_the_form_begins_with_all_of_its_days(browser):
    browser.sign_in("osei")
    assert f'href="/reports/log?account={story.MARIA}"' in browser.get(ACCOUNT).get_data(as_text=True)
    page = browser.get(f"/reports/log?account={story.MARIA}").get_data(as_text=True)
    assert 'name="from" value="2026-11-03"' in page and 'name="to" value="2026-11-23"' in page
    assert f'name="account" value="{story.MARIA}"' in page
