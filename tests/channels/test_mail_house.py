"""A batch of letters: whole or not at all, the same however often it is made, and its totals true."""

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest

from comms.channels.mail_house import LetterPiece, MailHouseError, write_batch
from comms.channels.mail_house.data_file import Row, write_rows
from comms.notices import Catalogue, Renderer
from comms.settings import ROOT
from tests.support.build import NOW

MADE_AT = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def content():
    from comms.accounts.schema import Account
    from comms.city import load_city
    from comms.clock import FixedClock
    from comms.outbox import facts_for

    city = load_city("duluth-mn")
    account = Account(
        number="0000042-00", name="Maria Jensen", service_address="42 E Superior St", mailing_address={},
        past_due_cents=12050,
        current_cents=0, service_past_due={"gas": 12050}, balance_as_of=NOW.date(), oldest_due_on=NOW.date(),
    )  # fmt: skip
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    fields = facts_for(city, FixedClock(NOW), account, due_date=NOW.date())
    return renderer.letter("past-due-reminder", "en", fields)


@pytest.fixture
def piece(content):
    def make(seq, **more):
        given = {
            "seq": seq, "piece_id": f"batch-1-{seq:05d}", "message_id": 100 + seq, "content": content,
            "name": "Maria Jensen", "address": ("42 E Superior St", "Duluth MN 55802"), "notice": content.notice,
            "version": content.version, "language": "en", "amount_cents": 12050,
        }  # fmt: skip
        return LetterPiece(**(given | more))

    return make


@pytest.fixture
def make(tmp_path, city):
    def act(pieces, name="batch-1", created_at=MADE_AT):
        return write_batch(f"file:{tmp_path / 'out'}", name, pieces, city=city, created_at=created_at)

    return act


def seen(tmp_path):
    """What the mail house sees."""
    return sorted(path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith("."))


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def table(folder):
    return list(csv.DictReader(io.StringIO((Path(folder) / "letters.csv").read_bytes().decode(), newline="")))


def test_a_batch(make, piece, tmp_path):
    batch = make([piece(1), piece(2, amount_cents=0), piece(3, amount_cents=999)])
    assert seen(tmp_path) == []
    assert batch.publish()
    assert seen(tmp_path) == ["batch-1"]
    files = contents(batch.folder)
    assert sorted(files) == ["letters.csv", "letters.pdf", "manifest.json"]
    manifest = json.loads(files["manifest.json"])
    for name, told in manifest["files"].items():
        assert told == {"sha256": hashlib.sha256(files[name]).hexdigest(), "bytes": len(files[name])}
    pages = len(pypdfium2.PdfDocument(files["letters.pdf"]))
    assert manifest["counts"] == {"pieces": 3, "pages": pages, "left_out": 0}
    assert manifest["control_totals"] == {"last_page": pages, "amount_cents": 13049}
    assert (manifest["job_id"], manifest["created_at"]) == ("batch-1", "2026-11-23T22:00:00+00:00")
    assert (batch.pieces, batch.pages, batch.amount_cents) == (3, pages, 13049)


def test_each_row_names_its_own_pages(make, piece):
    batch = make([piece(1, name="Ann A"), piece(2, name="Bo B", address=("Apt 3", "9 Elm St", "Kent OH 44240"))])
    batch.publish()
    pdf = pypdfium2.PdfDocument((Path(batch.folder) / "letters.pdf").read_bytes())
    rows = table(batch.folder)
    assert [(int(row["first_page"]), int(row["last_page"])) for row in rows] == list(batch.ranges)
    for row in rows:
        assert row["name"] in pdf[int(row["first_page"]) - 1].get_textpage().get_text_range()
        assert int(row["pages"]) == int(row["last_page"]) - int(row["first_page"]) + 1
    assert (rows[1]["address1"], rows[1]["address3"], rows[1]["account_ending"]) == ("Apt 3", "Kent OH 44240", "4200")
    assert rows[0]["amount"] == "120.50"


def test_the_same_batch_again_is_the_same_bytes_and_no_second_one(make, piece, tmp_path):
    first = make([piece(1), piece(2)])
    assert first.publish()
    before = contents(first.folder)
    again = make([piece(1), piece(2)])
    assert again.manifest == first.manifest
    assert not again.publish()
    assert contents(first.folder) == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["batch-1"]


def test_another_batch_under_the_same_name_is_refused(make, piece):
    first = make([piece(1)])
    first.publish()
    before = contents(first.folder)
    with pytest.raises(MailHouseError, match="handed over before"):
        make([piece(2)]).publish()
    assert contents(first.folder) == before


def test_a_damaged_batch_is_not_taken_for_whole(make, piece):
    first = make([piece(1)])
    first.publish()
    (Path(first.folder) / "letters.csv").write_bytes(b"")
    with pytest.raises(MailHouseError, match="damaged"):
        make([piece(1)]).publish()


def test_a_crash_while_writing_leaves_nothing(make, piece, tmp_path, monkeypatch):
    def crash(_):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("comms.channels.folders.flush", crash)
        with pytest.raises(MailHouseError, match="no space"):
            make([piece(1)])
    assert list((tmp_path / "out").iterdir()) == []
    assert make([piece(1)]).publish()


def test_what_is_not_published_is_not_seen_and_can_be_thrown_away(make, piece, tmp_path):
    batch = make([piece(1)])
    assert seen(tmp_path) == []
    batch.discard()
    assert list((tmp_path / "out").iterdir()) == []


def test_a_letter_that_cannot_be_set_does_not_hold_up_the_others(make, piece):
    letters = [piece(1, name="𐎀𐎁 Ugarit"), piece(2), piece(3, address=("1", "2", "3", "4", "5"))]
    batch = make(letters)
    assert batch.ranges[0] is None
    assert batch.ranges[1] is not None
    assert batch.ranges[2] is None
    assert set(batch.refused) == {101, 103}
    assert all("." in reason for reason in batch.refused.values())
    batch.publish()
    assert [row["piece_id"] for row in table(batch.folder)] == ["batch-1-00002"]
    assert json.loads((Path(batch.folder) / "manifest.json").read_bytes())["counts"]["left_out"] == 2


def test_a_batch_of_nothing_is_none(make, piece, tmp_path):
    batch = make([piece(1, address=())])
    assert (batch.pieces, batch.publish()) == (0, False)
    assert not (tmp_path / "out").exists() or seen(tmp_path) == []


@pytest.mark.parametrize("name", ["=cmd()", "+1+1", "-2", "@SUM(A1)", "\t=1"])
def test_a_name_is_never_a_formula(make, piece, name):
    batch = make([piece(1, name=name + ' "Smith", Jr\nX')])
    batch.publish()
    cell = table(batch.folder)[0]["name"]
    assert cell.startswith("'")
    assert cell.endswith('"Smith", Jr X')


def test_no_cell_of_any_spelling_is_a_formula():
    row = Row(1, "=p", ("＝1", "a\r\n=b", "", "@c"), 1, 1, "-n", "v", "en", "+1", 0)
    cells = next(csv.DictReader(io.StringIO(write_rows([row]).decode(), newline="")))
    assert (cells["piece_id"], cells["name"], cells["address1"]) == ("'=p", "'＝1", "a =b")
    assert (cells["address3"], cells["notice"], cells["account_ending"]) == ("'@c", "'-n", "'+1")


def test_a_credit_is_a_number(make, piece):
    batch = make([piece(1, amount_cents=-505), piece(2, amount_cents=5)])
    batch.publish()
    assert [row["amount"] for row in table(batch.folder)] == ["-5.05", "0.05"]
    assert batch.amount_cents == -500


@pytest.mark.parametrize("name", ["", "../up", ".hidden", "a/b", "a b", "x" * 101])
def test_a_name_that_is_none(make, piece, name):
    with pytest.raises(MailHouseError, match="not a batch name"):
        make([piece(1)], name=name)


def test_two_letters_with_one_piece_id(make, piece):
    with pytest.raises(MailHouseError, match="same piece id"):
        make([piece(1), replace(piece(2), piece_id="batch-1-00001")])


@pytest.mark.parametrize(
    ("url", "said"),
    [("sftp://user@host/in", "not supported yet"), ("ftp://x", "not understood"), ("", "not understood")],
)
def test_only_a_folder_takes_batches(piece, city, url, said):
    with pytest.raises(MailHouseError, match=said):
        write_batch(url, "batch-1", [piece(1)], city=city, created_at=MADE_AT)
