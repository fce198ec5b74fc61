"""A form that is refused leads from its message to the field that is at fault, with what was typed still in it."""

import re

import pytest
from sqlalchemy import select

from comms.worklist import Task
from tests.desk.reading import OLE

AT = f"/accounts/{OLE}"
WORD = {"address": "+12185550911", "channel": "sms", "action": "revoked", "category": "all"}
COPY = {"copy-kind": "third_party", "name": "Ada Gunderson", "authority": "Signed request", "email": "a@example.org"}


def at_fault(answer) -> str:
    """The field that the message names; it stands once on the page, and the message links to it."""
    page = answer.get_data(as_text=True)
    (field,) = re.findall(r'data-fault="([^"]+)"', page)
    assert page.count(f'id="{field}"') == 1
    assert f'<a href="#{field}">Go to the field</a>' in page
    return field


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        ("arrangement", {"down": "lots", "show": "1"}, "arr-down"),
        ("arrangement", {"installments": "many", "show": "1"}, "arr-number"),
        ("arrangement", {"income": "little", "show": "1"}, "arr-income"),
        ("consent", WORD | {"evidence": "ok"}, "evidence-1"),
        ("consent", WORD | {"evidence": "By phone", "action": "maybe"}, "action-1"),
        ("copies", COPY | {"name": " "}, "copy-name"),
        ("copies", COPY | {"authority": "me"}, "copy-why"),
        ("copies", COPY | {"email": ""}, "copy-email"),
        ("copies", COPY | {"email": "nowhere"}, "copy-email"),
        ("copies", COPY | {"line1": "12 Main St"}, "copy-line1"),
        ("copies", COPY | {"from": "soon"}, "copy-from"),
        ("copies", COPY | {"to": "2026-11-01"}, "copy-to"),
    ],
)
def test_the_message_leads_to_the_field(clerk, path, form, field):
    answer = clerk.post(f"{AT}/{path}", form, page=f"{AT}/{path}")
    assert (answer.status_code, at_fault(answer)) == (422, field)


def test_an_account_that_is_not_there_stays_in_the_box_of_its_message(clerk, afternoon):
    with afternoon.database.read() as session:
        inbound = session.scalars(select(Task.subject_id).where(Task.kind == "unmatched_reply")).one()
    answer = clerk.post(f"/replies/{inbound}/assign", {"account": "0009999-99"}, page="/worklists/unmatched")
    assert (answer.status_code, at_fault(answer)) == (422, f"account-{inbound}")
    assert f'id="account-{inbound}" name="account" value="0009999-99"' in answer.get_data(as_text=True)
