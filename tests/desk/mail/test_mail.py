"""Batches of letters at the desk: their totals, the day they were mailed, the letters in them, and proofs."""

import re

import pytest
from sqlalchemy import select

from comms.desk.frame import printed
from comms.desk.frame.printed import NotPrintedError
from comms.desk.mail import batches, proofs
from comms.desk.mail.proofs import chosen
from comms.desk.schema import AuditEvent
from comms.office import Office
from comms.outbox import mail_acks
from comms.outbox.schema import MailBatch
from comms.settings import Settings
from tests.desk.conftest import Browser, make_app
from tests.desk.mail import mail_story
from tests.desk.mail.mail_story import FRESH, INGRID, MAILED
from tests.desk.mail.test_scanning import seen, state

BATCH = f"/mail/batches/{FRESH}"
NEW = f"{FRESH}-00002"
PNG = b"\x89PNG"


@pytest.fixture
def house(afternoon, tmp_path):
    """The office with one batch that was mailed and one that the mail house has since this morning."""
    mail_story.mailed(afternoon.database, afternoon.city)
    mail_story.handed_over(afternoon.database, afternoon.city, tmp_path / "house")
    settings = Settings(
        _env_file=None, comms_var=afternoon.settings.comms_var, secret_key="test-key",
        mailhouse_url=f"file:{tmp_path / 'house'}",
    )  # fmt: skip
    return Office(settings, afternoon.database, afternoon.clock, afternoon.city, afternoon.doorbell)


@pytest.fixture
def clerk(house):
    clerk = Browser(make_app(house))
    clerk.sign_in()
    return clerk


def say(clerk, on="2026-11-23", **more):
    return clerk.post(f"{BATCH}/acknowledge", {"mailed-on": on} | more, page=BATCH)


def batch(office, name=FRESH):
    with office.database.read() as session:
        found = batches.named(session, name)
        session.expunge_all()
    return found


def test_batches_are_listed_and_those_without_a_day_stand_first(clerk):
    page = seen(clerk.get("/mail"))
    assert "Whose mailing day is not known 1" in page
    assert re.search(rf"{FRESH} with the mail house 3 6 \$360.00 9:00 AM not known", page)
    assert re.search(rf"{MAILED} mailed 2 2 \$0.00 Nov 18, 10:00 AM Nov 18", page)
    assert "These were all." in seen(clerk.get("/mail?before=1"))


def test_a_batch_shows_its_totals_its_manifest_and_its_letters(clerk, house):
    page = seen(clerk.get(BATCH))
    assert "Letters 3 3 agrees" in page and "Amount $360.00 $360.00 agrees" in page
    assert "letters.pdf" in page and batch(house).manifest["files"]["letters.pdf"]["sha256"] in page
    assert page.count("Astrid Lund") == 3 and "does not agree" not in page
    with house.database.begin() as session:
        row = session.scalars(select(MailBatch).where(MailBatch.name == FRESH)).one()
        row.manifest = row.manifest | {"counts": row.manifest["counts"] | {"pieces": 4}}
    assert "Letters 4 3 does not agree" in seen(clerk.get(BATCH))


def test_a_matter_leads_to_its_batch(clerk, house):
    with house.database.begin() as session:
        row = batches.named(session, FRESH)
        row.handed_over_at = row.handed_over_at.replace(day=16)
        mail_acks.ask_for_days(session, house.city, house.clock)
        path = f"/mail/batches/by-number/{row.id}"
    assert f'href="{path}"' in clerk.get("/worklists/runs-and-mail").get_data(as_text=True)
    assert clerk.get(path).location == BATCH
    assert clerk.get("/mail/batches/by-number/99999").status_code == 404


def test_a_batch_that_is_not_there(clerk):
    for path in ("/mail/batches/nothing", "/mail/batches/nothing/proof", f"{BATCH}/letters/99-1.png"):
        assert clerk.get(path).status_code == 404


def test_the_day_it_was_mailed_is_taken_in_once(clerk, house):
    answer = say(clerk, pieces="3", statement="PS-77")
    assert (answer.status_code, answer.location) == (303, BATCH)
    page = seen(clerk.get(BATCH))
    assert "3 letters count as mailed on Nov 23." in page and "Its letters count from that day." in page
    assert state(house, NEW) == "mailed" and ("housekeeping", ()) in house.doorbell.rung
    with house.database.read() as session:
        audit = session.scalars(select(AuditEvent).where(AuditEvent.action == "mail.acknowledged")).one()
    assert audit.facts == {"batch": FRESH, "day": "2026-11-23", "statement": "PS-77", "mailed": 3}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"on": ""}, "Give the day on which the post office accepted the letters."),
        ({"on": "2026-11-30"}, "2026-11-30 is still to come."),
        ({"on": "2026-11-01"}, "so it was not mailed on 2026-11-01"),
        ({"pieces": "2"}, "The statement says 2 pieces were mailed, and of duluth-mn-20261123-01 it would be 3."),
        ({"pieces": "two"}, "is no number"),
        ({"rejected": "duluth-mn-20261118-01-00001, torn"}, "is no piece of batch"),
    ],
)
def test_a_day_that_cannot_be_comes_back_with_the_reason(clerk, house, form, said):
    answer = say(clerk, **form)
    assert answer.status_code == 422 and said in seen(answer)
    assert all(value in answer.get_data(as_text=True) for key, value in form.items() if key != "on")
    assert batch(house).mailed_at is None


@pytest.mark.parametrize(
    "line", [f"{NEW}, address torn", f"{NEW}\taddress torn", f"{NEW} address torn", f'"{NEW}";"address torn"']
)
def test_what_the_mail_house_did_not_take_does_not_count(clerk, house, line):
    say(clerk, pieces="2", rejected=f"\n{line}\n")
    assert (state(house, NEW), state(house, f"{FRESH}-00001")) == ("failed", "mailed")
    page = seen(clerk.get(f"{BATCH}?state=failed"))
    assert "The mail house did not take it: address torn" in page and page.count("Astrid Lund") == 1


def test_a_day_that_was_wrong_is_taken_back_with_a_reason(clerk, house):
    say(clerk)
    assert clerk.post(f"{BATCH}/take-back", {"because": "no"}, page=BATCH).status_code == 422
    answer = clerk.post(f"{BATCH}/take-back", {"because": "That was another batch"}, page=BATCH)
    assert answer.status_code == 303 and "3 letters wait for it again" in seen(clerk.get(BATCH))
    assert state(house, NEW) == "handed_over" and batch(house).mailed_at is None
    again = clerk.post(f"{BATCH}/take-back", {"because": "That was another batch"}, page=BATCH)
    assert again.status_code == 422 and "there is nothing to take back" in seen(again)


def test_a_batch_that_waits_too_long_is_late(clerk, house, clock):
    with house.database.begin() as session:
        row = session.scalars(select(MailBatch).where(MailBatch.name == FRESH)).one()
        row.handed_over_at = row.handed_over_at.replace(day=16)
    assert "Late: 4 days" in seen(clerk.get("/mail"))


def test_a_proof_shows_the_file_that_was_handed_over(clerk):
    page = seen(clerk.get(f"{BATCH}/proof?piece=2"))
    assert "its checksum is the manifest’s" in page
    assert [f"{how}: number {seq}" in page for how, seq in (("Asked for", 2), ("First", 1), ("Last", 3))] == [True] * 3
    assert f"{BATCH}/letters/2-2.png" in clerk.get(f"{BATCH}/letters/2").get_data(as_text=True)
    answer = clerk.get(f"{BATCH}/letters/2-1.png")
    assert (answer.mimetype, answer.data[:4]) == ("image/png", PNG)
    assert clerk.get(f"{BATCH}/letters/2-3.png").status_code == 404
    assert "no letter number 77" in seen(clerk.get(f"{BATCH}/proof?piece=77"))


def test_without_the_file_the_letter_is_set_again_and_looks_the_same(clerk, house, tmp_path):
    before = clerk.get(f"{BATCH}/letters/2-1.png").data
    pdf = tmp_path / "house" / FRESH / "letters.pdf"
    pdf.write_bytes(pdf.read_bytes() + b"changed")
    page = seen(clerk.get(f"{BATCH}/proof"))
    assert "Set again from what is kept" in page
    assert clerk.get(f"{BATCH}/letters/2-1.png").data == before


def test_a_letter_of_which_only_the_words_are_kept_says_so(clerk, house):
    assert "Of this letter only its words are kept" in seen(clerk.get(f"/mail/batches/{MAILED}/letters/1"))
    with house.database.read() as session:
        sent = batches.letter(session, batches.named(session, MAILED), 1)
        assert sent.account.number == INGRID
        with pytest.raises(NotPrintedError):
            proofs.pages(house.city, batch(house, MAILED), sent, None, house.clock.now())


@pytest.mark.parametrize(
    ("numbers", "seqs"), [([], []), ([4], [4]), ([1, 2], [1, 2]), ([1, 5, 9], [1, 5, 9])]
)  # fmt: skip
def test_small_batches_are_proofed_whole(numbers, seqs):
    assert [one.seq for one in chosen(numbers, 1)] == seqs


def test_the_same_draw_gives_the_same_letters():
    many = range(1, 1001)
    assert chosen(many, 3) == chosen(many, 3) != chosen(many, 4)
    assert len({one.seq for one in chosen(many, 3)}) == 5


def test_a_file_is_looked_up_only_where_files_are_handed_over(house):
    found = printed.handed_over("sftp://mail.example/in", batch(house), house.clock.now())
    assert found is None
