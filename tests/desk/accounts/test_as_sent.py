"""A message as it was sent: a letter as it is printed, an email in its frame, and the proof that it is unchanged."""

from datetime import date

import pypdfium2
import pytest
from sqlalchemy import select, update

from comms.accounts import Account, finding
from comms.desk.schema import AuditEvent
from comms.history.schema import ContactContent
from comms.notices import Catalogue, Renderer
from comms.office import Office
from comms.outbox import Message, enqueue, facts_for, letter_address, write
from comms.outbox.schema import MailBatch
from comms.settings import ROOT
from tests.desk import story
from tests.desk.conftest import Browser, make_app
from tests.desk.mail import mail_story
from tests.desk.reading import seen
from tests.support import build

MARIA = f"/accounts/{story.MARIA}"


@pytest.fixture
def posted(afternoon, city, tmp_path) -> tuple[Office, str, int]:
    """An office that handed letters over this morning; the account and the message of one of them."""
    settings = afternoon.settings.model_copy(update={"mailhouse_url": f"file:{tmp_path / 'house'}"})
    office = Office(settings, afternoon.database, afternoon.clock, city, afternoon.doorbell)
    mail_story.handed_over(office.database, city, tmp_path / "house", number=2)
    with office.database.read() as session:
        letter = session.scalars(select(Message).where(Message.batch_id.is_not(None)).order_by(Message.id)).first()
        return office, session.get_one(Account, letter.account_id).number, letter.id


@pytest.fixture
def reader(posted) -> Browser:
    """A viewer, for reading is all that this asks for."""
    browser = Browser(make_app(posted[0]))
    browser.sign_in("vera")
    return browser


def email_of(office, number=story.MARIA) -> int:
    """An email as a policy sends it, in the customer's language."""
    renderer = Renderer(Catalogue.load(ROOT, office.city), office.city)
    with office.database.begin() as session:
        account = finding.by_number(session, number)
        draft = write(
            renderer, account, channel="email", notice="past-due-reminder", recipient="maria.dr@example.org",
            fields=facts_for(office.city, office.clock, account, due_date=date(2026, 12, 4)), dedupe_key="email:1",
            facts_version=1,
        )  # fmt: skip
        return enqueue(session, [draft], office.clock)[0]


def test_a_letter_is_cut_from_the_file_that_the_mail_house_was_given(reader, posted):
    _, number, message = posted
    page = reader.get(f"/accounts/{number}/messages/{message}")
    told = seen(page)
    assert "Cut from the file that was handed to the mail house" in told
    assert "SHA-256 of the content" in told and "What is shown here has it." in told
    assert "With the mail house" in told and "piece duluth-mn-20261123-01-00001" in told
    pages = page.get_data(as_text=True).count(f"/accounts/{number}/messages/{message}/page-")
    pdf = reader.get(f"/accounts/{number}/messages/{message}/letter.pdf")
    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    document = pypdfium2.PdfDocument(pdf.data)
    assert len(document) == pages
    assert "Astrid Lund" in document[0].get_textpage().get_text_range()
    assert reader.get(f"/accounts/{number}/messages/{message}/page-1.png").data[:4] == b"\x89PNG"
    assert reader.get(f"/accounts/{number}/messages/{message}/page-{pages + 1}.png").status_code == 404


def test_it_is_set_again_from_what_was_kept_when_the_file_is_gone(reader, posted, tmp_path):
    office, number, message = posted
    with office.database.read() as session:
        name = session.scalars(select(MailBatch.name)).one()
    for file in (tmp_path / "house").rglob("*.pdf"):
        assert name in str(file)
        file.unlink()
    assert "Set in type again from what was kept" in seen(reader.get(f"/accounts/{number}/messages/{message}"))
    pdf = reader.get(f"/accounts/{number}/messages/{message}/letter.pdf").data
    assert "Astrid Lund" in pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()


def test_an_email_is_shown_in_a_frame_that_runs_nothing(reader, posted):
    message = email_of(posted[0])
    page = reader.get(f"{MARIA}/messages/{message}").get_data(as_text=True)
    assert '<iframe class="email" sandbox title="Email: ' in page
    frame = reader.get(f"{MARIA}/messages/{message}/email")
    assert "sandbox; default-src 'none'" in frame.headers["Content-Security-Policy"]
    assert "412.86" in frame.get_data(as_text=True)


def test_the_record_leads_there_and_whoever_looked_is_written_down(reader, posted):
    office = posted[0]
    message = email_of(office)
    assert f'href="{MARIA}/messages/{message}">The email as it was sent</a>' in reader.get(MARIA).get_data(as_text=True)
    reader.get(f"{MARIA}/messages/{message}")
    with office.database.read() as session:
        line = session.scalars(select(AuditEvent).where(AuditEvent.action == "message.viewed")).one()
    assert (line.username, line.facts["message"]) == ("vera", message)


def test_words_that_were_tampered_with_are_told(reader, posted):
    office = posted[0]
    message = email_of(office)
    with office.database.begin() as session:
        digest = session.get_one(Message, message).content_digest
        kept = session.get_one(ContactContent, digest)
        changed = kept.content | {"text": "You owe nothing."}
        session.execute(update(ContactContent).where(ContactContent.digest == digest).values(content=changed))
    assert "These words are not the ones that were recorded." in seen(reader.get(f"{MARIA}/messages/{message}"))


def test_words_that_are_no_longer_kept_say_so_everywhere(reader, posted):
    office = posted[0]
    message = email_of(office)
    with office.database.begin() as session:
        digest = session.get_one(Message, message).content_digest
        session.delete(session.get_one(ContactContent, digest))
    assert "Its words are no longer kept" in seen(reader.get(f"{MARIA}/messages/{message}"))
    for page in (MARIA, f"{MARIA}/print"):
        assert "the retention schedule has purged the words" in seen(reader.get(page))
    assert reader.get(f"{MARIA}/messages/{message}/email").status_code == 404


def test_a_letter_of_which_only_the_words_are_kept(reader, posted):
    with posted[0].database.read() as session:
        account = finding.by_number(session, story.MARIA)
        letter = session.scalars(select(Message).where(Message.account_id == account.id, Message.channel == "letter"))
        message = letter.first().id
    assert "Please pay $612.86" in seen(reader.get(f"{MARIA}/messages/{message}"))
    refused = reader.get(f"{MARIA}/messages/{message}/letter.pdf")
    assert (refused.status_code, "only its words are kept" in seen(refused)) == (404, True)


def test_the_message_of_another_account_is_not_there(reader, posted):
    for path in (
        f"{MARIA}/messages/{posted[2]}",
        f"{MARIA}/messages/999999",
        f"{MARIA}/messages/{posted[2]}/letter.pdf",
    ):
        assert reader.get(path).status_code == 404


def test_every_step_has_its_full_time(clerk):
    assert "Tue, Nov 3, 2026, 10:00:00 AM CST</time>" in clerk.get(f"{MARIA}?steps=all").get_data(as_text=True)


def test_the_record_leads_to_the_address_and_says_when_letters_came_back(afternoon, clerk):
    page = clerk.get("/accounts/0000911-01").get_data(as_text=True)
    assert 'href="/accounts/0000911-01/address"' in page and "letters came back" not in page
    with afternoon.database.begin() as session:
        account = finding.by_number(session, "0000911-01")
        draft = build.draft(account.id, channel="letter", recipient=letter_address(account), facts_version=1)
        (message,) = enqueue(session, [draft], afternoon.clock)
        session.execute(update(Message).where(Message.id == message).values(state="returned", error_code="ANK"))
    page = clerk.get("/accounts/0000911-01").get_data(as_text=True)
    assert "letters came back" in page and "See to the address" in page
