"""Whatever a customer is called, a message keeps its structure and shows the name as written."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comms.city import load_city
from comms.notices import Catalogue, Renderer, sample_fields
from comms.notices.checking import shape_of_html, shape_of_letter, shape_of_text
from comms.notices.fields import HOSTILE_NAMES, clean
from comms.settings import ROOT

CITY = load_city("duluth-mn")
RENDERER = Renderer(Catalogue.load(ROOT, CITY), CITY)
USUAL = sample_fields(CITY)
NOTICES = ["past-due-reminder", "disconnect-notice", "returned-mail-address-request", "promise-confirmation"]

nasty = st.one_of(
    st.text(min_size=1, max_size=60),
    st.text(alphabet=string.punctuation + " \n\ta1", min_size=1, max_size=60),
    st.lists(
        st.sampled_from(
            ["{{", "}}", "{%", "%}", "{#", "<b>", "</p>", "&lt;", "**", "](", "|", "\n\n", "# ", "- ", "1. ", "`", "$",
             "#eval(", "@a", "<l>", "\\", '"', "'", "\U000f0000", "\U000f0003", "=1+1", "-->", "<!--", "\x00", "\u202e"]
        ),
        min_size=1, max_size=12,
    ).map("".join),
    st.sampled_from(HOSTILE_NAMES),
).filter(clean)  # fmt: skip


def renamed(name):
    return USUAL.with_(name=name, service_address=name, mailing_address=name, account_number=name)


@pytest.mark.parametrize("notice", NOTICES)
@given(name=nasty)
@settings(max_examples=60, deadline=None)
def test_a_name_never_changes_the_structure_of_a_message(notice, name):
    usual, hostile = renamed("Maria Jensen"), renamed(name)
    shown = clean(name)
    before, after = RENDERER.email(notice, "en", usual), RENDERER.email(notice, "en", hostile)
    page = shape_of_html(after.html)
    assert page.structure == shape_of_html(before.html).structure
    assert shown in page.words
    assert shape_of_text(after.text).structure == shape_of_text(before.text).structure
    assert shown in after.text
    letter = shape_of_letter(RENDERER.letter(notice, "en", hostile))
    assert letter.structure == shape_of_letter(RENDERER.letter(notice, "en", usual)).structure
    assert shown in letter.words


@given(name=nasty)
@settings(max_examples=60, deadline=None)
def test_a_subject_stays_one_line(name):
    subject = RENDERER.email("staff-reply", "en", USUAL.with_(text=name or "x", clerk=name)).subject
    assert "\n" not in subject
    assert "\r" not in subject
