"""The history narrowed by channel, kind, days and words, and on paper."""

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from comms.accounts import finding
from comms.desk.accounts import narrowing
from comms.desk.accounts.narrowing import Narrow
from comms.desk.accounts.views import printing
from comms.desk.schema import AuditEvent
from comms.history import timeline
from comms.history.schema import HistoryHead
from tests.desk import story

ACCOUNT = f"/accounts/{story.MARIA}"


def history(clerk, query: str) -> str:
    page = clerk.get(f"{ACCOUNT}?{query}").get_data(as_text=True)
    return html.unescape(page[page.index('<div class="entries">') : page.index('<form id="composer"')])


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [("words=meter", "Service address OK", "Su cuenta"), ("words=VENCIDA", "Su cuenta está", "meter"),
     ("words=esta+VENCIDÁ", "Su cuenta está", "meter"), ("words=maria.dr@example.org", "Su cuenta", "meter"),
     ("about=money", "Payment of $200.00", "Su cuenta"), ("about=customer", "puedo dividir", "Payment of"),
     ("about=office", "recordatorio", "puedo dividir"), ("about=failed", "returned by USPS", "recordatorio"),
     ("from=2026-11-17", "meter reader", "recordatorio"), ("to=2026-11-13", "recordatorio", "meter reader"),
     ("from=2026-11-13&to=2026-11-13", "recordatorio", "Payment of"),
     ("show=texts&words=saldo", "recordatorio", "puedo dividir"), ("from=whenever&about=gossip", "Su cuenta", "zebra")],
)  # fmt: skip
def test_the_history_is_narrowed_by_its_address(clerk, query, there, gone):
    shown = history(clerk, query)
    assert there in shown
    assert gone not in shown


def test_what_was_asked_stands_in_the_form_again(clerk):
    page = clerk.get(f"{ACCOUNT}?words=%22m%C3%A9ter%22&about=money&from=2026-11-01&to=2026-11-30").get_data(
        as_text=True
    )
    assert 'value="&#34;méter&#34;"' in page
    assert '<option value="money" selected>' in page
    assert 'name="from" value="2026-11-01"' in page
    assert 'class="narrowing" open' in page


def test_nothing_found_says_what_was_looked_for(clerk):
    assert "Nothing here is letters, with “zebra”." in history(clerk, "show=letters&words=zebra")


def test_who_came_from_a_list_stays_in_it(clerk):
    page = html.unescape(clerk.get(f"{ACCOUNT}?task=1&who=nobody&words=meter").get_data(as_text=True))
    assert 'href="/accounts/0048221-37?show=texts&words=meter&task=1&who=nobody"' in page
    assert '<input type="hidden" name="who" value="nobody">' in page


def test_words_are_looked_for_in_the_whole_history_and_paged(afternoon, monkeypatch):
    monkeypatch.setattr(narrowing, "PIECE", 7)
    with afternoon.database.read() as session:
        account = finding.by_number(session, "0000555-50")
        seen, before = [], None
        while True:
            found = narrowing.find(
                session, afternoon.city, account.id, Narrow(words="question"), before=before, limit=10
            )
            seen = [entry.content["text"] for entry in found.entries] + seen
            if (before := found.before) is None:
                break
    numbers = [int(re.search(r"Question (\d+)", text)[1]) for text in seen]
    assert numbers == sorted(numbers)
    assert len(numbers) == 45


def test_a_long_search_stops_and_goes_on_with_earlier(afternoon, monkeypatch):
    monkeypatch.setattr(narrowing, "PIECE", 5)
    monkeypatch.setattr(narrowing, "FURTHEST", 10)
    with afternoon.database.read() as session:
        account = finding.by_number(session, "0000555-50")
        found = narrowing.find(session, afternoon.city, account.id, Narrow(words="zebra"), limit=10)
    assert found.entries == []
    assert found.before is not None


def test_the_print_view_opens_every_word_and_says_who_printed_it_when(clerk, afternoon):
    page = html.unescape(clerk.get(f"{ACCOUNT}/print").get_data(as_text=True))
    for said in (
        "printed Mon, Nov 23, 2026, 10:00:00 AM CST by J. Park", "Please pay $612.86 by November 13",
        "Tuesday, November 3, 2026",
        "Tue, Nov 3, 2026, 10:00:00 AM CST", "Not delivered: The phone was off or out of reach (code 30003)",
        "to (218) 555-4417", "from (218) 555-4417",
    ):  # fmt: skip
        assert said in page
    assert "<details" not in page
    with afternoon.database.read() as session:
        assert (
            session.scalars(select(AuditEvent).where(AuditEvent.action == "account.printed")).one().username == "park"
        )


def test_the_print_view_holds_what_an_attorney_compares(clerk, afternoon):
    """The number of each event, the SHA-256 of what was written, the head of the chain; a long history goes on."""
    page = html.unescape(clerk.get(f"{ACCOUNT}/print").get_data(as_text=True))
    with afternoon.database.read() as session:
        account = finding.by_number(session, story.MARIA)
        head = session.get(HistoryHead, account.id)
        letter = next(e for e in timeline(session, account.id) if e.channel == "letter")
    assert f"The history has {head.position} events" in page and head.hash in page
    assert f"No. {letter.position} · SHA-256 {letter.content_digest}" in page
    assert f'href="/accounts/{story.MARIA}/messages/{letter.subject_id}">As it was sent</a>' in page


def test_a_history_longer_than_one_print_goes_on(clerk, monkeypatch):
    monkeypatch.setattr(printing, "MOST", 20)
    path, seen = "/accounts/0000555-50/print", []
    while path:
        page = html.unescape(clerk.get(path).get_data(as_text=True))
        seen += re.findall(r"No\. (\d+)", page)
        onward = re.search(r'href="([^"]+)">The earlier events', page)
        path = onward[1] if onward else ""
    assert sorted(map(int, seen)) == list(range(1, 91))


def test_the_print_view_is_narrowed_too_and_says_so(clerk):
    page = html.unescape(clerk.get(f"{ACCOUNT}/print?show=texts&from=2026-11-20").get_data(as_text=True))
    assert "Only: texts, from Nov 20" in page
    assert "meter reader" not in page


def test_days_are_the_citys(clerk, afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        late = (
            story.NOW - timedelta(days=1) + timedelta(hours=13, minutes=30)
        )  # 11:30 PM in Duluth, the next day in UTC
        story.happened(session, account.id, late, "payment.posted", "Payment of $7.77 posted", actor="cis")
    assert "$7.77" in history(clerk, "from=2026-11-22&to=2026-11-22")
    assert "$7.77" not in history(clerk, "from=2026-11-23")
