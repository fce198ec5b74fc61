"""One form sent twice, by a double click, the back button or an impatient hand, does what it says once."""

import html
import re

import pytest
from sqlalchemy import func, select

from comms.accounts import Hold
from comms.accounts.schema import Consent, ConsentEvent, CopyRecipient
from comms.history.schema import ContactEvent
from comms.outbox import Message
from comms.promises.schema import Promise
from comms.worklist import Task
from tests.desk.reading import OLE
from tests.support import build

ACCOUNT = f"/accounts/{OLE}"
FORMS = {
    "a text": (ACCOUNT, f"{ACCOUNT}/text", {"text": "Leave the house and call 911."}),
    "a note": (ACCOUNT, f"{ACCOUNT}/note", {"text": "Fire department called."}),
    "a call": (f"{ACCOUNT}/log", f"{ACCOUNT}/log", {"how": "talked", "text": "He is outside."}),
    "a promise": (
        f"{ACCOUNT}/promise",
        f"{ACCOUNT}/promise",
        {"amount-1": "80.00", "day-1": "12/04/2026", "source": "phone"},
    ),
    "a hold": (f"{ACCOUNT}/hold", f"{ACCOUNT}/hold", {"hold-kind": "medical", "note": "Letter of Dr. Lee"}),
    "a review": (
        f"{ACCOUNT}/holds/{{hold}}",
        f"{ACCOUNT}/holds/{{hold}}/review",
        {"again": "2026-12-20", "note": "Still tested"},
    ),
    "the end of a hold": (
        f"{ACCOUNT}/holds/{{hold}}",
        f"{ACCOUNT}/holds/{{hold}}/release",
        {"because": "Meter is right"},
    ),
    "a word about consent": (
        f"{ACCOUNT}/consent",
        f"{ACCOUNT}/consent",
        {"address": "+12185550911", "channel": "sms", "action": "granted", "category": "all",
         "evidence": "By phone today, Ole himself"},
    ),
    "a recipient of copies": (
        f"{ACCOUNT}/copies",
        f"{ACCOUNT}/copies",
        {"copy-kind": "third_party", "name": "Astrid Berg", "authority": "Form of Nov 20", "email": "a@example.org"},
    ),
    "a notice": (
        f"{ACCOUNT}/notice?notice=past-due-reminder",
        f"{ACCOUNT}/notice",
        {"notice": "past-due-reminder", "channel": "sms"},
    ),
    "an end": ("/worklists/replies", "/tasks/{task}/resolve", {"then": "next"}),
}  # fmt: skip


def counted(office) -> dict[str, int]:
    with office.database.read() as session:
        tables = (Message, ContactEvent, Hold, Promise, ConsentEvent, Consent, CopyRecipient)
        return {each.__tablename__: session.scalar(select(func.count()).select_from(each)) for each in tables}


@pytest.mark.parametrize("what", FORMS)
def test_the_same_form_twice_is_kept_once(clerk, afternoon, what):
    with afternoon.database.begin() as session:
        account_id = session.scalar(select(Task.account_id).where(Task.reason == "Gas smell"))
        task = session.scalar(select(Task.id).where(Task.reason == "Gas smell"))
        hold = build.hold(session, account_id, "dispute", note="Meter is tested").id if "hold" in FORMS[what][0] else 0
    page, path, typed = FORMS[what]
    shown = clerk.get(page.format(hold=hold)).get_data(as_text=True)
    fields = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', shown)
    sent = {name: html.unescape(value) for name, value in fields} | typed
    if "heeded" in shown:
        sent["heeded"] = "1"
    before = counted(afternoon)
    answers = []
    for _ in range(2):
        answers.append(clerk.client.post(path.format(hold=hold, task=task), base_url="https://localhost", data=sent))
        if len(answers) == 1:
            after = counted(afternoon)
    assert answers[0].status_code == 303, re.findall(r"usa-alert__text\">(.*?)<", answers[0].get_data(as_text=True))
    assert after != before
    assert counted(afternoon) == after
    assert answers[1].status_code in (303, 409), re.findall(
        r"usa-alert__text\">(.*?)<", answers[1].get_data(as_text=True)
    )
