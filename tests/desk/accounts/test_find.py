"""Finding an account by whatever the person at the counter has."""

import re

import pytest
from sqlalchemy import select

from comms.desk.schema import AuditEvent
from tests.desk import story
from tests.support import workbooks


@pytest.mark.parametrize(
    "query",
    [story.MARIA, "4822137", "0048221-37 ", "(218) 555-4417", "218.555.4417", "+1 218 555 4417",
     "Maria.DR@example.org"],
)  # fmt: skip
def test_a_number_a_phone_or_an_email_jumps_to_the_account(clerk, query):
    answer = clerk.get("/find", query_string={"q": query})
    assert (answer.status_code, answer.headers.get("Location")) == (303, f"/accounts/{story.MARIA}")


@pytest.mark.parametrize("query", ["delgado", "DELGADO-RUIZ, Maria", "maria ruiz", "1427 east superior"])
def test_a_name_or_an_address_gives_a_list(clerk, query):
    page = clerk.get("/find", query_string={"q": query}).get_data(as_text=True)
    assert "Maria Delgado-Ruiz" in page
    assert "$412.86" in page
    assert f'href="/accounts/{story.MARIA}"' in page


def test_a_long_list_is_read_page_by_page_without_a_gap_or_a_repetition(clerk):
    seen, path = [], "/find?q=larson"
    while path:
        page = clerk.get(path).get_data(as_text=True)
        seen += re.findall(r'href="/accounts/(0007\d{3}-5)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following and following[1].replace("&amp;", "&")
    assert seen == [f"0007{n:03d}-5" for n in range(130)]


def test_nothing_found_says_what_to_try(clerk):
    page = clerk.get("/find?q=zebra").get_data(as_text=True)
    assert "No account matches “zebra”" in page
    assert "without dashes" in page


def test_an_empty_search_asks_for_something(clerk):
    assert "Put an account number" in clerk.get("/find?q=+").get_data(as_text=True)


@pytest.mark.parametrize("query", ["%", "_", "'", '"><script>', "{{8*8}}", "\x00", "x" * 5000, "💧", "0" * 300])
def test_a_hostile_search_finds_nothing_and_shows_as_text(clerk, query):
    answer = clerk.get("/find", query_string={"q": query})
    assert answer.status_code == 200
    assert "><script>" not in answer.get_data(as_text=True)
    assert "64" not in re.findall(r"“(.*?)”", answer.get_data(as_text=True))


def test_a_search_is_written_into_the_audit(clerk, afternoon):
    clerk.get("/find?q=delgado")
    with afternoon.database.read() as session:
        line = session.scalars(select(AuditEvent).where(AuditEvent.action == "account.searched")).one()
    assert (line.username, line.facts) == ("park", {"query": "delgado", "accounts": [story.MARIA]})


def test_what_was_found_is_taken_into_excel(clerk, afternoon):
    assert 'href="/find/excel?q=larson"' in clerk.get("/find?q=larson").get_data(as_text=True)
    answer = clerk.get("/find/excel?q=larson")
    heads, *rows = workbooks.rows(answer.data)
    assert list(heads.values()) == ["Customer", "Account", "Service address", "Past due", "Status"]
    assert [row["B"] for row in rows] == [f"0007{n:03d}-5" for n in range(130)]
    with afternoon.database.read() as session:
        line = session.scalars(select(AuditEvent).where(AuditEvent.action == "list.exported")).one()
    assert (line.facts["query"], len(line.facts["accounts"])) == ("larson", 130)


def test_a_viewer_takes_nothing_out(browser):
    browser.sign_in("vera")
    assert "/find/excel" not in browser.get("/find?q=larson").get_data(as_text=True)
    assert browser.get("/find/excel?q=larson").status_code == 403
