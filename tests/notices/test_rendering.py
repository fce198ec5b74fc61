"""A notice and the facts of one account become the exact words that go out."""

from dataclasses import FrozenInstanceError
from datetime import date

import pytest

from comms.city import LANGUAGES
from comms.notices import (
    FieldError,
    Installment,
    LetterContent,
    NoticeError,
    NoticeFields,
    TemplateError,
    sample_fields,
)
from comms.notices.checking import shape_of_html
from comms.notices.compiling import marked
from comms.notices.formats import FormatError

FRIDAY = date(2026, 11, 27)


@pytest.fixture
def fields(duluth):
    return sample_fields(duluth)


def test_the_read_back_is_the_offices_sentence(renderer, fields):
    asked = fields.with_(promise=[Installment(5000, FRIDAY)])
    english = renderer.sms("promise-readback", "en", asked)
    assert english.text == "You are promising $50.00 by Fri Nov 27. Reply YES to confirm, or NO."
    assert (english.encoding, english.segments) == ("GSM-7", 1)
    spanish = renderer.sms("promise-readback", "es", asked)
    assert spanish.text == "Usted promete $50.00 para el vie 27 nov. Responda SI para confirmar, o NO."


def test_a_saturday_in_spanish_loses_its_accent_in_a_text_message_only(renderer, fields):
    asked = fields.with_(promise=[Installment(5000, date(2026, 11, 28))])
    text = renderer.sms("promise-readback", "es", asked)
    assert "sab 28 nov" in text.text
    assert text.encoding == "GSM-7"
    assert "sáb 28 nov" in renderer.email("promise-readback", "es", asked).text


def test_every_notice_renders_on_every_channel_in_both_cities(renderer, kent_renderer):
    for one in (renderer, kent_renderer):
        facts = sample_fields(one.city)
        for notice in one.catalogue:
            for language in LANGUAGES:
                assert one.sms(notice.name, language, facts).version == notice.version
                email = one.email(notice.name, language, facts)
                assert f'<html lang="{language}"' in email.html
                assert "{{" not in email.html + email.text + email.subject
                assert "None" not in email.text
                assert not any(char >= "\U000f0000" for char in email.html + email.text)
                if "letter" in notice.channels:
                    content = one.letter(notice.name, language, facts)
                    assert content.blocks[0]["t"] == "h1"
                    assert LetterContent.from_json(content.as_json()) == content


def test_styles_stand_in_the_elements_and_dark_colours_in_the_head(renderer, fields):
    page = renderer.email("past-due-reminder", "en", fields).html
    assert "prefers-color-scheme: dark" in page
    assert '<h1 style="' in page
    assert "<title>Your Duluth Utilities account has a past-due balance</title>" in page
    assert 'name="viewport"' in page


def test_the_charges_are_a_table_in_html_and_lines_in_text(renderer, fields):
    email = renderer.email("past-due-reminder", "en", fields)
    assert "Natural gas: $81.27\nWater: $44.15\n" in email.text
    assert email.html.count("<tr>") == 6
    assert 'scope="col"' in email.html


def test_the_button_goes_to_the_accounts_own_page(renderer, fields):
    own = fields.with_(pay_url="https://pay.duluth-mn.example.gov/a/17?x=1&y=2")
    email = renderer.email("past-due-reminder", "en", own)
    assert own.pay_url in shape_of_html(email.html).links
    assert f"Pay $171.07 online: {own.pay_url}\n" in email.text


def test_a_payment_page_elsewhere_is_refused(renderer, fields):
    for channel in (renderer.sms, renderer.email, renderer.letter):
        with pytest.raises(FormatError, match="off the city's domains"):
            channel("past-due-reminder", "en", fields.with_(pay_url="https://evil.example/pay"))


def test_winter_rights_go_with_a_winter_disconnection_in_minnesota_only(renderer, kent_renderer, fields):
    winter = renderer.email("disconnect-notice", "en", fields.with_(winter=True)).text
    summer = renderer.email("disconnect-notice", "en", fields.with_(winter=False)).text
    assert "Cold Weather Rule" in winter
    assert "Cold Weather Rule" not in summer
    kent = sample_fields(kent_renderer.city).with_(winter=True)
    ohio = kent_renderer.email("disconnect-notice", "en", kent).text
    assert "Cold Weather" not in ohio
    assert "Minnesota" not in ohio


@pytest.mark.parametrize(
    ("mailed", "cut", "in_season"),
    [
        (date(2026, 9, 12), date(2026, 10, 1), True),
        (date(2026, 11, 23), date(2026, 12, 16), True),
        (date(2027, 4, 20), date(2027, 5, 12), True),
        (date(2026, 9, 1), date(2026, 9, 30), False),
        (date(2027, 5, 1), date(2027, 5, 21), False),
    ],
)
def test_the_season_goes_by_the_day_of_mailing_and_of_disconnection(fields, mailed, cut, in_season):
    assert fields.with_(winter=None, notice_date=mailed, disconnect_date=cut).winter is in_season


def test_a_balance_that_is_not_past_due_yet_counts_no_days(renderer, fields):
    assert "The oldest part" not in renderer.email("past-due-reminder", "en", fields.with_(days_past_due=-3)).text


def test_the_email_of_a_legal_notice_says_that_the_letter_counts(renderer, fields):
    assert "The notice that counts is the letter" in renderer.email("final-notice", "en", fields).text
    assert "This email is a copy" not in str(renderer.letter("final-notice", "en", fields).blocks)


def test_a_receipt_says_when_nothing_is_left(renderer, fields):
    clear = fields.with_(amount_due_cents=None)
    assert "Nothing is past due." in renderer.sms("payment-received", "en", clear).text
    assert "How to pay" not in renderer.email("payment-received", "en", clear).text


def test_a_clerks_answer_goes_out_as_written_a_paragraph_a_line(renderer, fields):
    answer = fields.with_(text="It is <b>not</b> due.\n\nCall me {{ name }}.", clerk=None)
    email = renderer.email("staff-reply", "en", answer)
    assert "It is &lt;b&gt;not&lt;/b&gt; due.</p>" in email.html
    assert email.text.startswith("It is <b>not</b> due.\n\nCall me {{ name }}.\n\n")
    assert renderer.sms("staff-reply", "en", answer).text == "It is <b>not</b> due.\nCall me {{ name }}."


def test_a_text_that_no_carrier_takes_is_refused(renderer, fields):
    with pytest.raises(NoticeError, match="1600"):
        renderer.sms("staff-reply", "en", fields.with_(text="x" * 1601, clerk=None))


def test_a_missing_field_is_named(renderer, fields):
    with pytest.raises(FieldError, match="disconnect-notice needs disconnect_date"):
        renderer.letter("disconnect-notice", "en", fields.with_(disconnect_date=None))


def test_facts_may_come_as_a_mapping(renderer, fields):
    given = {
        "account_number": "1-2", "name": "A", "service_address": "B", "notice_date": FRIDAY, "as_of": FRIDAY,
        "promise": [(5000, FRIDAY)],
    }  # fmt: skip
    assert "$50.00 by Fri Nov 27" in renderer.sms("promise-readback", "en", given).text
    with pytest.raises(FieldError, match="No field nmae"):
        renderer.sms("promise-readback", "en", {**given, "nmae": "A"})
    with pytest.raises(FieldError, match="as_of"):
        renderer.sms("promise-readback", "en", {k: v for k, v in given.items() if k != "as_of"})


def test_fields_cannot_be_changed_after_they_were_given(fields):
    with pytest.raises(FrozenInstanceError):
        fields.name = "Other"


def test_an_unknown_channel_or_language_says_what_there_is(renderer, fields):
    with pytest.raises(NoticeError, match=r"has no letter in 'en'\. It has: email in en"):
        renderer.letter("help-answer", "en", fields)
    with pytest.raises(NoticeError, match="has no sms in 'fr'"):
        renderer.sms("help-answer", "fr", fields)


@pytest.mark.parametrize(
    "source",
    [
        "{{ name.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ city.__dict__ }}",
        "{{ charges.append(1) }}",
        "{{ name.nothing }}",
    ],
)
def test_templates_run_in_a_sandbox(renderer, fields, source):
    template = renderer._line(source, "x", "sms", "en")
    with pytest.raises(Exception, match=r"unsafe|no attribute|undefined"):
        template.render(fields.__dict__)


def test_an_unknown_field_is_refused_before_anything_is_sent(renderer):
    with pytest.raises(TemplateError, match="unknown field shoe_size"):
        renderer._line("{{ shoe_size }}", "x", "sms", "en")


def test_the_citys_own_words_are_written_out_once(renderer):
    found = marked("{{ city.phone }} {{ name }}", "x", renderer._fold("en", "sms"))
    assert [node.source for node in found.marks] == ["'218-555-0140'", "name"]


def test_fields_are_plain_data():
    assert NoticeFields.__dataclass_params__.frozen
