"""Money, dates, phones and plurals as people write them."""

from datetime import date

import pytest

from comms.notices.fields import Installment, clean
from comms.notices.formats import FormatError, filters, last4, money, phone, plural
from comms.notices.letter_content import luhn, scanline

FRIDAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("cents", "written"),
    [(0, "$0.00"), (5, "$0.05"), (123450, "$1,234.50"), (-500, "-$5.00"), (123456789012, "$1,234,567,890.12")],
)
def test_money(cents, written):
    assert money(cents) == written


@pytest.mark.parametrize("wrong", [1.5, "12", None, True])
def test_money_is_whole_cents_only(wrong):
    with pytest.raises(FormatError):
        money(wrong)


@pytest.mark.parametrize(
    ("language", "name", "written"),
    [
        ("en", "date", "November 27, 2026"),
        ("es", "date", "27 de noviembre de 2026"),
        ("en", "weekday_date", "Friday, November 27, 2026"),
        ("es", "weekday_date", "viernes, 27 de noviembre de 2026"),
        ("en", "short_date", "Fri Nov 27"),
        ("es", "short_date", "vie 27 nov"),
    ],
)
def test_dates_in_both_languages(duluth, language, name, written):
    assert filters(duluth, language)[name](FRIDAY) == written


def test_a_date_filter_refuses_what_is_no_date(duluth):
    with pytest.raises(FormatError):
        filters(duluth, "en")["date"]("2026-11-27")


def test_installments_read_like_a_sentence(duluth):
    parts = [Installment(5000, FRIDAY), Installment(2500, date(2026, 12, 4)), Installment(100, date(2026, 12, 11))]
    english, spanish = filters(duluth, "en")["installments"], filters(duluth, "es")["installments"]
    assert english(parts[:1]) == "$50.00 by Fri Nov 27"
    assert english(parts) == "$50.00 by Fri Nov 27, $25.00 by Fri Dec 4 and $1.00 by Fri Dec 11"
    assert spanish(parts[:2]) == "$50.00 para el vie 27 nov y $25.00 para el vie 4 dic"


def test_phones_accounts_and_plurals():
    assert phone("+12185550140") == "218-555-0140"
    assert phone("911") == "911"
    assert last4("0000283-62") == "8362"
    assert last4("A²-77") == "77"
    assert (plural(1, "day", "days"), plural(1234, "day", "days")) == ("1 day", "1,234 days")


def test_services_are_named_by_the_city(duluth, kent):
    assert filters(duluth, "es")["service"]("gas") == "Gas natural"
    assert filters(kent, "en")["service"]("other") == "Other charges"
    with pytest.raises(FormatError, match="has no service 'gas'; services: water"):
        filters(kent, "en")["service"]("gas")


def test_a_link_off_the_citys_domains_is_refused(duluth):
    link = filters(duluth, "en")["link"]
    assert link("https://pay.duluth-mn.example.gov/x") == "https://pay.duluth-mn.example.gov/x"
    for wrong in ("https://bit.ly/abc", "javascript:alert(1)", "http://pay.duluth-mn.example.gov"):
        with pytest.raises(FormatError, match="off the city's domains"):
            link(wrong)


def test_a_field_is_one_clean_line():
    assert clean("  Ann\n\tLee\u202e\x00 ") == "Ann Lee"


def test_the_scanline_ends_in_a_check_digit():
    line = scanline("0000283-62", 17107, date(2026, 12, 8))
    assert line.startswith("000000028362 000017107 120826 ")
    digits = line.replace(" ", "")
    assert luhn(digits[:-1]) == int(digits[-1])
    assert scanline("²", -5, date(2026, 12, 8)).startswith("000000000000 000000000 120826 ")
    assert luhn("7992739871") == 3  # the textbook's own example
