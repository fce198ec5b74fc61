"""Saved replies: in the customer's language, filled, and only where they can be said."""

import html

import pytest

from comms.accounts import finding
from comms.desk.accounts import saved_replies
from comms.notices.segments import count
from comms.promises.schema import Promise
from tests.desk import story

ACCOUNT = f"/accounts/{story.MARIA}"
LONGEST = {
    "name": "Wolfeschlegelstein-Bergerdorff", "past_due": "$12,345.67", "as_of": "Wed Nov 25",
    "office_phone": "218-555-0140", "pay_phone": "218-555-0141", "pay_url": "https://pay.duluth-mn.example.gov",
    "clerk": "Bartholomew O.", "promised": "$12,345.67", "promised_by": "Wed Nov 25",
}  # fmt: skip


def offered(office, number: str, language="en", **more) -> dict[str, str]:
    with office.database.read() as session:
        account = finding.by_number(session, number)
        found = saved_replies.ready(
            session, office.city, account, language, "J. Park", **({"may_ask": True} | more)
        )  # fmt: skip
    return {one.id: one.text for one in found}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("reply", saved_replies.load(), ids=lambda one: one.id)
def test_every_reply_is_within_three_texts_at_its_longest(city, reply, language):
    words = reply.words[language].format_map(LONGEST | {"hours": getattr(city.hours, language)})
    assert count(words).segments <= 3
    assert "{" not in words


def test_both_languages_say_the_same_fields_where_it_matters():
    for one in saved_replies.load():
        english, spanish = (
            saved_replies.SavedReply("", "", {lang: one.words[lang]}, False).fields for lang in ("en", "es")
        )
        assert english == spanish, one.id


def test_a_reply_is_filled_with_the_accounts_facts(afternoon):
    replies = offered(afternoon, story.MARIA)
    assert replies["balance"].startswith("Your past-due amount is $412.86 as of Fri Nov 20. You can pay at https://")
    assert "promise-reminder" not in replies, "no promise is open"


def test_in_the_customers_language(clerk):
    page = html.unescape(clerk.get(ACCOUNT).get_data(as_text=True))
    assert "Tiene $412.86 vencidos al vie 20 nov." in page
    assert "Your past-due amount" not in page


def test_the_promise_that_is_open_is_named(afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        session.query(Promise).where(Promise.account_id == account.id).update({"status": "open"})
    assert "$206.43 by Sat Dec 5" in offered(afternoon, story.MARIA)["promise-reminder"]


def test_nothing_that_asks_for_money_is_offered_under_a_hold_that_forbids_it(clerk, afternoon):
    page = clerk.get("/accounts/0000711-11").get_data(as_text=True)
    assert 'value="thanks"' in page
    assert 'value="balance"' not in page
    assert "balance" not in offered(afternoon, "0000711-11", may_ask=False)


def test_who_owes_nothing_is_not_told_what_he_owes(afternoon):
    assert "balance" not in offered(afternoon, "0000404-04")


def test_without_a_script_it_is_put_after_what_was_typed(clerk):
    answer = clerk.post(f"{ACCOUNT}/redraw", {"text": "Hola.", "mode": "text", "fill": "thanks"}, page=ACCOUNT)
    page = html.unescape(answer.get_data(as_text=True))
    assert "Hola.\nGracias, Maria Delgado-Ruiz. Lo anotamos en su cuenta. - J. Park</textarea>" in page
    unknown = clerk.post(f"{ACCOUNT}/redraw", {"text": "Hola.", "mode": "text", "fill": "nonsense"}, page=ACCOUNT)
    assert ">Hola.</textarea>" in unknown.get_data(as_text=True)


def test_a_customers_name_is_words_and_never_a_field(afternoon):
    assert story.HOSTILE in offered(afternoon, "0000666-13")["thanks"]


def test_where_no_text_may_be_written_no_reply_is_offered(clerk):
    assert 'id="saved"' not in clerk.get("/accounts/0000210-02").get_data(as_text=True)


REPLY = '[[reply]]\nid = "a"\ntitle = "A"\nen = "{words}"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [(REPLY, "'es'"), (REPLY.replace("words", "debt") + 'es = "x"', "no field debt"), ("nonsense", "nonsense.toml"),
     ((REPLY.replace("{words}", "x") + 'es = "x"\n') * 2, "same id")],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_where(tmp_path, text, said):
    path = tmp_path / "nonsense.toml"
    path.write_text(text)
    with pytest.raises(saved_replies.SavedRepliesError, match=said):
        saved_replies.load(path)
