"""Reading single cells: money, dates, codes, phones, emails and names, as clerks and billing systems write them."""

from datetime import date

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comms.accounts.importing import names, parsers, points
from comms.accounts.importing.parsers import UnreadableCellError


@pytest.mark.parametrize(
    ("cell", "cents"),
    [
        ("12.50", 1250), ("$12.50", 1250), ("($12.50)", -1250), ("(12.50)", -1250), ("$(12.50)", -1250),
        ("-12.50", -1250), ("-$12.50", -1250), ("$-12.50", -1250), ("12.50-", -1250), ("$1,234.00", 123400),
        ("1,234,567.89", 123456789), ("12", 1200), ("12.5", 1250), (".50", 50), (" 0.00 ", 0), ("", None), ("  ", None),
    ],
)  # fmt: skip
def test_money_is_read(cell, cents):
    assert parsers.money(cell) == cents


@pytest.mark.parametrize(
    "cell",
    ["12,3x", "12,50", "1e5", "NaN", "$", "(", "(5", "5)", "-(5)", "--5", "1.234", "1 234.00", "١٢", "1,23,456", "0x10",
     "99999999999999999999", "=1+1", "12.50 CR"],
)  # fmt: skip
def test_what_is_no_money_is_refused_and_named(cell):
    with pytest.raises(UnreadableCellError):
        parsers.money(cell)


@given(st.integers(-(10**11), 10**11), st.sampled_from(["{:,.2f}", "${:,.2f}", "{:.2f}"]), st.sampled_from("(-"))
def test_every_way_of_writing_an_amount_reads_back_to_the_cent(cents, form, minus):
    whole, part = divmod(abs(cents), 100)
    text = form.format(0).replace("0.00", "") + (f"{whole:,}" if "," in form else f"{whole}") + f".{part:02}"
    if cents < 0:
        text = f"({text})" if minus == "(" else f"-{text}"
    assert parsers.money(text) == cents


@given(st.text(max_size=12))
def test_any_text_is_an_amount_or_a_refusal(text):
    try:
        found = parsers.money(text)
    except UnreadableCellError as error:
        assert str(error)
    else:
        assert found is None or isinstance(found, int)


@given(st.dates(date(1970, 1, 1), date(2099, 12, 31)), st.sampled_from(["%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y"]))
def test_a_date_reads_back(day, form):
    assert parsers.dates((form,))(day.strftime(form)) == day


@pytest.mark.parametrize("cell", ["13/45/2026", "02/30/2026", "2026", "11/31/2026", "1/1/1900", "soon", "١/١/٢٠٢٦"])
def test_what_is_no_date_is_refused(cell):
    with pytest.raises(UnreadableCellError, match="write it like 11/30/2026"):
        parsers.dates(("%m/%d/%Y",))(cell)


@given(st.text(max_size=12))
def test_any_text_is_a_date_or_a_refusal(text):
    try:
        found = parsers.dates(("%m/%d/%Y",))(text)
    except UnreadableCellError:
        return
    assert found is None or isinstance(found, date)


def test_days_past_due_count_back_from_the_day_of_the_file():
    read = parsers.days_before(date(2026, 11, 20))
    assert [read(cell) for cell in ("30", "0", "")] == [date(2026, 10, 21), None, None]
    for cell in ("-1", "1.5", "99999", "x"):
        with pytest.raises(UnreadableCellError):
            read(cell)


def test_a_code_is_read_in_any_case_and_an_unknown_one_names_the_known():
    read = parsers.code({"EN": "en", "ES": "es"})
    assert [read(cell) for cell in ("EN", " es ", "")] == ["en", "es", None]
    with pytest.raises(UnreadableCellError, match="allowed: EN, ES"):
        read("FR")


def test_text_comes_without_control_characters():
    assert parsers.text("  Scott\tStone\x00\u202e  Jr ") == "Scott Stone Jr"
    assert parsers.text("Pen\u0303a") == "Peña"
    with pytest.raises(UnreadableCellError, match="too many"):
        parsers.text("x" * 301)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("218/555-1730", "+12185551730"), ("(218) 555-1730", "+12185551730"), ("218.555.1730", "+12185551730"),
        ("+1 218 555 1730", "+12185551730"), ("12185551730", "+12185551730"), ("2185551730", "+12185551730"),
        ("555-1730", "+12185551730"),
    ],
)  # fmt: skip
def test_a_phone_is_read_in_every_shape(raw, value):
    assert points.phone(raw, "218").value == value


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("911", "Too short"), ("218-555-01", "Too short"), ("000-000-0000", "All zeros"), ("see notes", "No digits"),
        ("NONE", "says there is none"), ("218555-2545 x12", "extension"), ("+52 55 1234 5678", "outside"),
        ("876-555-1234", "outside"), ("999-555-1234", "no area code 999"), ("218-123-4567", "begins with 123"),
        ("800-555-0199", "toll-free"), ("218-911-1234", "No number begins with 911"),
        ("2185551730 2185551731", "Too long"), ("1115551234", "no area code 111"),
    ],
)  # fmt: skip
def test_a_phone_that_cannot_be_used_says_why(raw, reason):
    read = points.phone(raw, "218")
    assert read.value is None and reason in read.reason


def test_seven_digits_stay_unusable_where_area_codes_overlap():
    assert points.phone("555-1730", None).value is None


def test_an_empty_mask_is_no_phone_at_all():
    assert points.phone("(  )   -    ", "218") is None


@given(st.from_regex(r"\+?1?[ (./-]{0,2}[2-9][0-9]{2}[) ./-]{0,2}[2-9][0-9]{2}[ ./-]{0,2}[0-9]{4}", fullmatch=True))
def test_a_phone_is_what_the_phone_library_makes_of_it(raw):
    read = points.phone(raw, None)
    if read.value is not None:
        assert read.value == phonenumbers.format_number(phonenumbers.parse(raw, "US"), 0)
        assert phonenumbers.is_possible_number(phonenumbers.parse(raw, "US"))


@given(st.text(max_size=25))
def test_any_text_is_a_phone_or_has_a_reason(raw):
    read = points.phone(raw, "218")
    assert read is None or (read.value is None) != (read.reason is None) or read.reason == "Area code 218 was added"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("declined", "declined"), ("Baker@", "Nothing stands after"), ("@example.com", "Nothing stands before"),
        ("customer@@example.com", "more than one @"), ("Katrina Gibson@example.com", "space"), ("no email", "none"),
        ("maría@example.com", "letter í"), ("someone", "no @"), ("a@b", "no dot"), ("a..b@x.com", "does not read"),
    ],
)  # fmt: skip
def test_an_email_that_cannot_be_used_says_why(raw, reason):
    read = points.email(raw)
    assert read.value is None and reason in read.reason


def test_an_email_is_kept_in_lower_case():
    assert points.email(" Scott.Stone1@Example.org ").value == "scott.stone1@example.org"
    assert points.email("  ") is None


@pytest.mark.parametrize(
    ("given_name", "person", "addressed"),
    [
        ("STONE, SCOTT", True, "Scott Stone"),
        ("Rodriguez, Don W.", True, "Don W. Rodriguez"),
        ("Kelly Lewis", True, "Kelly Lewis"),
        ("EVANS KENT & DARREN", True, "Kent & Darren Evans"),
        ("  CUMMINGS,CHARLES ", True, "Charles Cummings"),
        ("MCCOY, JONATHON", True, "Jonathon McCoy"),
        ("D'AMICO, JO ANN", True, "Jo Ann D'Amico"),
        ("VÁZQUEZ, VICENTE", True, "Vicente Vázquez"),
        ("SMITH JR, JOHN", True, "John Smith Jr"),
        ("SMITH, JOHN JR", True, "John Smith Jr"),
        ("NG, BO", True, "Bo Ng"),
        ("CHURCH, MARY", True, "Mary Church"),
        ("NORTH SHORE PROPERTIES, DULUTH", True, "North Shore Properties, Duluth"),
        ("SMITH-JONES, MARY & BOB", True, "Mary & Bob Smith-Jones"),
        ("O'MALLEY'S PUB & GRILL", False, "O'Malley's Pub & Grill"),
        ("O'MALLEY'S PUB & GRILL", True, "O'Malley's Pub & Grill"),
        ("MJ RENTALS (MGMT)", False, "MJ Rentals (MGMT)"),
        ("ST. MARK A.M.E. CHURCH", False, "St. Mark A.M.E. Church"),
        ("ISD 709 - LOWELL ELEM", False, "ISD 709 - Lowell Elem"),
        ("NORTH SHORE PROPERTIES LLC", False, "North Shore Properties LLC"),
        ("Lakeview Apts, LLC", True, "Lakeview Apts, LLC"),
        ("D'Amico Bros., Inc.", False, "D'Amico Bros., Inc."),
        ('Twin Ports Laundry "Express"', False, 'Twin Ports Laundry "Express"'),
        ('=HYPERLINK("http://evil.example","x")', True, '=HYPERLINK("http://evil.example","x")'),
        ("<script>alert(1)</script>", True, "<script>alert(1)</script>"),
        ("{{ 7*7 }} {% raw %}", True, "{{ 7*7 }} {% raw %}"),
    ],
)
def test_a_name_is_written_as_a_letter_addresses_it(given_name, person, addressed):
    assert names.addressed(given_name, person=person) == addressed


@given(st.text(max_size=40), st.booleans())
def test_no_letter_of_a_name_is_lost(name, person):
    addressed = names.addressed(name, person=person)
    kept = sorted(letter for letter in name.casefold() if letter.isalnum())
    assert sorted(letter for letter in addressed.casefold() if letter.isalnum()) == kept
