"""Letters on paper: what a window shows, which pages are whose, and what cannot be printed."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from unicodedata import normalize

import pypdfium2
import pytest

from comms.notices import FieldError, letter_page, sample_fields
from comms.notices import letters as setting
from comms.notices.fields import HOSTILE_NAMES
from comms.notices.letters import LetterError, typeset, typeset_one
from tests.support import barcodes

AT = datetime(2026, 11, 23, 16, tzinfo=UTC)
INCH = 72


@pytest.fixture
def page(renderer, duluth):
    def make(name="Maria Jensen", notice="promise-confirmation", language="en", **changes):
        fields = sample_fields(duluth).with_(name=name, **changes)
        content = renderer.letter(notice, language, fields)
        return letter_page(content, [name, "1417 E Superior St", "Duluth MN 55805"], piece_id="B1-000001")

    return make


def text_of(pdf, first=1, last=None):
    document = pypdfium2.PdfDocument(pdf)
    last = last or len(document)
    return "\n".join(document[i].get_textpage().get_text_range() for i in range(first - 1, last))


def characters(pdf):
    """Every character of every page with its place, to a tenth of a point."""
    sheets = [sheet.get_textpage() for sheet in pypdfium2.PdfDocument(pdf)]
    return [
        Counter(
            (words.get_text_range(i, 1), *(round(side, 1) for side in words.get_charbox(i)))
            for i in range(words.count_chars())
        )
        for words in sheets
    ]


def boxes(pdf, number=0):
    """Text of a page with its place: (text, left, top, right, bottom) in inches from the top left corner."""
    sheet = pypdfium2.PdfDocument(pdf)[number]
    high = sheet.get_height()
    words = sheet.get_textpage()
    for i in range(words.count_rects()):
        left, bottom, right, top = words.get_rect(i)
        place = (left / INCH, (high - top) / INCH, right / INCH, (high - bottom) / INCH)
        yield words.get_text_bounded(left, bottom, right, top), *place


def test_only_the_address_stands_where_the_window_can_look(page):
    for language in ("en", "es"):
        pdf = typeset_one(page(notice="disconnect-notice", language=language), AT)
        seen = [box for box in boxes(pdf) if box[1] < 5.375 and box[4] > 2.042 and box[2] < 3.625]
        assert [box[0].strip() for box in seen] == ["Maria Jensen", "1417 E Superior St", "Duluth MN 55805"]
        for _, left, top, right, bottom in seen:
            assert left >= 0.875 and right <= 4.375
            assert top >= 2.5 and bottom <= 3.167


def test_the_longest_address_still_stands_in_the_window(page, duluth):
    worst = sample_fields(duluth, worst=True)
    content = page(notice="promise-confirmation").content
    long = letter_page(content, [worst.name, worst.service_address, "Saint Augustine MN 55802-1234"])
    zone = [box for box in boxes(typeset_one(long, AT)) if 2.042 < box[2] < 3.625]
    assert "Featherstonehaugh" in " ".join(box[0] for box in zone)
    assert max(box[4] for box in zone) <= 3.167
    assert max(box[3] for box in zone) <= 4.375


def test_pages_are_counted_letter_by_letter(page):
    done = typeset([page(), page(notice="disconnect-notice"), page("Ann Lee")], AT)
    assert done.pages == ((1, 1), (2, 3), (4, 4))
    assert done.page_count == 4
    assert "Ann Lee" in text_of(done.pdf, 4, 4)
    assert "Page 2 of 2" in text_of(done.pdf, 3, 3)


def test_only_following_pages_say_which_page_of_how_many(page):
    done = typeset([page(notice="disconnect-notice"), page("Ann Lee", "disconnect-notice", language="es"), page()], AT)
    assert done.pages == ((1, 2), (3, 4), (5, 5))
    heads = [text_of(done.pdf, i, i).splitlines()[0] for i in range(1, 6)]
    assert heads[1].endswith("Page 2 of 2")
    assert heads[3].endswith("Página 2 de 2")
    assert {heads[0], heads[2], heads[4]} == {"Duluth Utilities"}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("notice", ["disconnect-notice", "past-due-reminder", "payment-received"])
def test_a_letter_is_printed_as_its_archived_copy_looks(page, notice, language):
    letter = page(notice=notice, language=language)
    assert characters(typeset([letter], AT).pdf) == characters(typeset_one(letter, AT))


def test_a_paragraph_longer_than_a_page_runs_on_to_the_next(page):
    letter = page()
    words = [f"word{i}" for i in range(1500)]
    wordy = replace(letter.content, blocks=[{"t": "p", "c": [" ".join(words)]}])
    done = typeset([replace(letter, content=wordy)], AT)
    assert done.pages == ((1, 3),)
    printed = text_of(done.pdf).split()
    assert [word for word in printed if word.startswith("word")] == words


def test_the_same_letters_and_time_give_the_same_bytes(page):
    first, second = typeset([page(), page("Ann Lee")], AT), typeset([page(), page("Ann Lee")], AT)
    assert first.pdf == second.pdf
    assert typeset([page(), page("Ann Lie")], AT).pdf != first.pdf


def test_more_letters_than_a_chunk_are_joined(page, monkeypatch):
    monkeypatch.setattr(setting, "CHUNK", 2)
    done = typeset([page(f"Customer {i}") for i in range(5)], AT)
    assert done.pages == tuple((i, i) for i in range(1, 6))
    assert "Customer 4" in text_of(done.pdf, 5, 5)


def test_a_letter_that_cannot_be_printed_is_left_out_and_named(page):
    done = typeset([page(), page("王小明"), page("Ann Lee")], AT)
    assert done.pages == ((1, 1), None, (2, 2))
    (unset,) = done.unset
    assert unset.index == 1
    assert "王 (U+738B" in unset.reason
    assert "0000283-62" in unset.reason
    with pytest.raises(LetterError, match="Latin letters"):
        typeset_one(page("Ivan 😀"), AT)


def test_a_picture_of_several_characters_is_named_by_those_one_sees(page):
    with pytest.raises(LetterError) as refused:
        typeset_one(page("Zoë 👩‍👧"), AT)
    assert "printed: 👩 (U+1F469, WOMAN), 👧 (U+1F467, GIRL). Ask" in str(refused.value)


@pytest.mark.parametrize("name", ["W" * 100, "Zoë " + "i" * 90, "Z" + "a\u0301" * 60])
def test_a_name_without_a_space_stays_on_the_sheet(page, name):
    """The address in what the window always shows, the greeting between the margins; and all its letters are there."""
    letter = page(name)
    for pdf in (typeset_one(letter, AT), typeset([letter], AT).pdf):
        assert all(box[1] > 0 and box[3] < 8 for box in boxes(pdf))
        assert all(box[3] <= 4.375 for box in boxes(pdf) if 2.5 < box[2] < 3.167 and box[1] < 5.375)
        words = "".join(text_of(pdf).split()).replace("\u200b", "")
        assert normalize("NFC", "".join(name.split())) in normalize("NFC", words)


def test_nothing_but_letters_that_cannot_be_printed_is_an_empty_file(page):
    done = typeset([page("王")], AT)
    assert (done.pages, done.page_count, len(done.unset)) == ((None,), 0, 1)


@pytest.mark.parametrize("name", ["Đặng Thị Hoa", "Łukasz Żółć", "José Núñez", "Ελένη", "Иван", "O’Brien – Smith"])
def test_names_of_many_countries_are_printed(page, name):
    assert name in text_of(typeset_one(page(name), AT))


def test_hostile_names_are_printed_as_they_are(page):
    done = typeset([page(name) for name in HOSTILE_NAMES], AT)
    assert not done.unset
    for (first, last), name in zip(done.pages, HOSTILE_NAMES, strict=True):
        printed = "".join(text_of(done.pdf, first, last).split())
        assert "".join(name.split()) in printed


def test_a_bill_has_a_stub_with_its_scanline(page):
    printed = text_of(typeset_one(page(notice="disconnect-notice"), AT), 1, 1)
    assert "Please detach and return" in printed
    assert "000000028362 000017107 120826" in printed
    assert "B1-000001" in printed
    assert "Please detach" not in text_of(typeset_one(page(), AT))


PIECE = "duluth-mn-20261124-01-00003"
LONGEST_PIECE = "duluth-mn-20261124-99-99999"


@pytest.mark.parametrize("piece_id", [PIECE, LONGEST_PIECE])
@pytest.mark.parametrize("notice", ["disconnect-notice", "promise-confirmation"])
def test_the_number_of_the_piece_is_scanned_from_every_letter_with_a_coupon_or_without(page, notice, piece_id):
    letter = replace(page(notice=notice), piece_id=piece_id)
    printed = typeset([letter, page()], AT).pdf
    (code,) = [one for one in barcodes.on_page(printed, dpi=200) if one.top < 3.6 and one.kind == "Code 128"]
    assert f"duluth-mn-{code.text}" == piece_id
    assert piece_id in text_of(printed, 1, 1)
    assert piece_id.removeprefix("duluth-mn-") in barcodes.bars(typeset_one(letter, AT))[0]


def test_the_bars_of_the_piece_stand_where_no_window_looks_and_nothing_touches_them(page, duluth):
    """On the panel that is folded to the front (3.667 in), right of all that the window can ever show (5.375 in) with
    ten modules of white before them, below the facts of the head."""
    worst = sample_fields(duluth, worst=True)
    content = page(notice="disconnect-notice", name=worst.name).content
    letter = letter_page(content, [worst.name, worst.service_address, "Duluth MN 55802"], piece_id=LONGEST_PIECE)
    pdf = typeset_one(letter, AT)
    (code,) = [one for one in barcodes.on_page(pdf) if one.top < 3.6]
    assert (code.left > 5.375 + 0.11, code.right < 8.5 - 0.8) == (True, True)
    assert (code.top > 2.2, code.bottom < 3.5) == (True, True)
    assert max(bottom for _, _, top, _, bottom in boxes(pdf) if top < 1.5) < code.top - 0.5
    assert len(barcodes.on_page(pdf)) == 3, "beside them the code to pay with and the coupon's"


def test_an_overlong_number_is_printed_narrower_and_still_read(page):
    letter = replace(page(), piece_id="a-much-longer-number-00001")
    (code,) = barcodes.on_page(typeset_one(letter, AT), dpi=600)
    assert code.text == "a-much-longer-number-00001" and code.left > 5.375 + 0.1


def test_a_letter_that_is_no_piece_of_a_batch_has_no_bars(page):
    assert barcodes.on_page(typeset_one(replace(page(), piece_id=""), AT)) == []


def test_one_letter_is_a_tagged_file_in_its_language(page):
    pdf = typeset_one(page(language="es"), AT)
    assert b"/StructTreeRoot" in pdf or pypdfium2.PdfDocument(pdf).is_tagged()
    assert pypdfium2.PdfDocument(pdf).get_metadata_dict()["Title"] == "Su promesa de pago"


@pytest.mark.parametrize("address", [[], ["Ann Lee"], ["a", "b", "c", "d", "e"], "\n\n"])
def test_an_address_has_two_to_four_lines(page, address):
    with pytest.raises(FieldError, match="two to 4 lines"):
        letter_page(page().content, address)


def test_an_address_may_be_one_text(page):
    assert letter_page(page().content, "Ann Lee\n1 Main St\nKent OH 44240").address[2] == "Kent OH 44240"
