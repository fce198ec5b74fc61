"""What customers say about being written to, taken at the desk; and who else gets copies."""

import pytest
from sqlalchemy import select

from comms.accounts import copy_recipients
from comms.accounts.schema import Account, ConsentEvent
from comms.desk.schema import AuditEvent
from comms.outbox import Message
from tests.desk import story
from tests.desk.reading import OLE, account_id, seen

CONSENT, COPIES = f"/accounts/{OLE}/consent", f"/accounts/{OLE}/copies"
WORD = {"address": "+12185550911", "channel": "sms", "action": "revoked", "category": "all"}


def test_every_address_shows_what_was_said_and_the_lines_behind_it(clerk):
    page = seen(clerk.get(f"/accounts/{story.MARIA}/consent"))
    assert "(218) 555-4417" in page and "Texts: agreed" in page and "Calls: nothing was said" in page
    assert "wants texts, written down by paper form: Form of Mar 3" in page
    assert "maria.dr@example.org" in page and "Emails: nothing was said" in page
    page = seen(clerk.get("/accounts/0000210-02/consent"))
    assert "Texts: opted out" in page and "wants no texts, written down by sms: STOP" in page


def test_a_word_said_on_the_phone_counts_at_once(clerk, afternoon):
    with afternoon.database.begin() as session:
        waits = story.sent(session, account_id(afternoon), "You owe.", story.NOW, state="queued", to="+12185550911")
    said = WORD | {"evidence": "By phone today, Ole himself"}
    answer = clerk.post(CONSENT, said, page=CONSENT)
    page = seen(clerk.get(answer.location))
    assert "(218) 555-0911: wants no texts. 1 message was called back." in page and "Texts: opted out" in page
    with afternoon.database.read() as session:
        line = session.scalars(select(ConsentEvent).where(ConsentEvent.address == "+12185550911")).one()
        assert session.get(Message, waits).state == "cancelled"
        audit = session.scalars(select(AuditEvent).where(AuditEvent.action == "consent.revoked")).one()
    assert (line.source, line.evidence) == ("user:park", "By phone today, Ole himself")
    assert audit.account_id == account_id(afternoon)
    clerk.post(CONSENT, said | {"action": "granted", "category": "billing"}, page=CONSENT)
    assert "wants texts (about bills)" in seen(clerk.get(CONSENT))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence": "ok"}, "Say who said it, how and when"),
        ({"address": "+12185554417"}, "does not have that address"),
        ({"channel": "email"}, "does not have that address"),
        ({"action": "maybe"}, "Choose what is wanted"),
        ({"category": "love"}, "Choose what is wanted"),
    ],
)
def test_a_word_without_its_evidence_is_not_taken(clerk, afternoon, change, said):
    answer = clerk.post(CONSENT, WORD | {"evidence": "By phone today"} | change, page=CONSENT)
    assert (answer.status_code, said in seen(answer)) == (422, True)
    with afternoon.database.read() as session:
        found = session.scalars(select(ConsentEvent).where(ConsentEvent.address == "+12185550911")).all()
    assert found == []


NEW = {"copy-kind": "third_party", "name": "Ada Gunderson", "authority": "Signed request of Nov 20"}


def recipients(office):
    with office.database.read() as session:
        return copy_recipients.ever(session, account_id(office))


def test_a_recipient_of_copies_is_written_down_and_ended(clerk, afternoon):
    form = NEW | {"email": "Ada@Example.org", "language": "es"}
    answer = clerk.post(COPIES, form, page=COPIES)
    assert answer.status_code == 303
    (one,) = recipients(afternoon)
    assert (one.name, one.email, one.language, one.source) == ("Ada Gunderson", "ada@example.org", "es", "user:park")
    assert "Copies go to Ada Gunderson." in seen(clerk.get(answer.location))
    assert "Copies go to Ada Gunderson." in seen(clerk.get(f"/accounts/{OLE}/stage"))
    clerk.post(f"{COPIES}/{one.id}/end", page=COPIES)
    assert "ended" in seen(clerk.get(COPIES))
    assert clerk.post(f"/accounts/0000210-02/copies/{one.id}/end", page=COPIES).status_code == 404


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (NEW, "a copy needs somewhere to go"),
        (NEW | {"email": "nowhere"}, "cannot be written to"),
        (NEW | {"line1": "12 Main St"}, "two letters of the state"),
        (NEW | {"authority": "me", "email": "a@example.org"}, "why they may be told"),
        (NEW | {"email": "a@example.org", "to": "2026-11-01"}, "give a later end"),
    ],
)
def test_a_recipient_that_cannot_be_comes_back_with_the_words(clerk, afternoon, form, said):
    answer = clerk.post(COPIES, form, page=COPIES)
    assert (answer.status_code, said in seen(answer)) == (422, True)
    assert 'value="Ada Gunderson"' in answer.get_data(as_text=True)
    assert recipients(afternoon) == []


def test_an_account_that_wants_copies_and_has_nobody_says_so(clerk, afternoon):
    with afternoon.database.begin() as session:
        session.get_one(Account, account_id(afternoon)).flags = ["third_party_notice"]
    assert "Ask the customer who." in seen(clerk.get(COPIES))


def test_a_viewer_reads_but_does_not_write(browser):
    browser.sign_in("vera")
    assert "Write down" not in seen(browser.get(CONSENT))
    assert "Somebody new" not in seen(browser.get(COPIES))
    assert browser.post(CONSENT, WORD, page=COPIES).status_code == 403
