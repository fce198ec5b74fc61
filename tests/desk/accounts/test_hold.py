"""Placing, reviewing and ending a hold at the desk."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from comms import worklist
from comms.accounts import Hold
from comms.desk.schema import AuditEvent
from comms.field import FieldList, FieldOrder
from comms.history import timeline
from tests.desk import story
from tests.desk.reading import OLE, account_id, seen
from tests.support import build

FORM = f"/accounts/{OLE}/hold"


def holds_of(office, number=OLE):
    with office.database.read() as session:
        found = session.scalars(
            select(Hold).where(Hold.account_id == account_id(office, number)).order_by(Hold.id)
        ).all()
        session.expunge_all()
    return found


@pytest.fixture
def dispute(afternoon):
    """A hold on Ole's account that is due for review."""
    with afternoon.database.begin() as session:
        hold = build.hold(session, account_id(afternoon), "dispute", note="Meter is tested", review_on=None)
        return hold.id


def test_a_hold_is_placed_with_its_kind_its_end_and_its_reason(clerk, afternoon):
    form = {
        "hold-kind": "medical",
        "note": "Letter of Dr. Lee,  oxygen at home",
        "ends-on": "2026-12-23",
        "amount": "$80",
    }
    answer = clerk.post(FORM, form, page=FORM)
    assert (answer.status_code, answer.location) == (303, f"/accounts/{OLE}")
    (hold,) = holds_of(afternoon)
    assert (hold.kind, hold.note, f"{hold.ends_on}") == ("medical", "Letter of Dr. Lee, oxygen at home", "2026-12-23")
    assert (hold.source, hold.amount_cents, hold.review_on) == ("user:park", 8000, None)
    assert "Medical hold placed, until Dec 23." in seen(clerk.get(answer.location))
    assert ("housekeeping", ()) in afternoon.doorbell.rung
    with afternoon.database.read() as session:
        audit = session.scalars(select(AuditEvent).where(AuditEvent.action == "hold.placed")).one()
        kinds = [entry.kind for entry in timeline(session, hold.account_id)]
    assert (audit.username, audit.facts) == ("park", {"hold": hold.id, "kind": "medical"})
    assert "hold.placed" in kinds


def test_without_a_last_day_it_is_looked_at_after_a_month(clerk, afternoon):
    clerk.post(FORM, {"hold-kind": "office", "note": "Meter is tested"}, page=FORM)
    (hold,) = holds_of(afternoon)
    assert (hold.ends_on, f"{hold.review_on}") == (None, "2026-12-23")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"note": "Meter is tested"}, "Choose what kind of hold it is."),
        ({"hold-kind": "promise", "note": "Meter is tested"}, "'promise' is not a kind of hold"),
        ({"hold-kind": "office", "note": "hm"}, "The note must say why"),
        ({"hold-kind": "office", "note": "Meter is tested", "ends-on": "2026-11-01"}, "give a later end"),
        ({"hold-kind": "office", "note": "Meter is tested", "ends-on": "soon"}, "Last day: 'soon' is no date"),
        ({"hold-kind": "office", "note": "Meter is tested", "amount": "0"}, "above nothing"),
    ],
)
def test_what_cannot_be_comes_back_with_the_words(clerk, afternoon, form, said):
    answer = clerk.post(FORM, form, page=FORM)
    assert (answer.status_code, said in seen(answer)) == (422, True)
    assert form["note"] in answer.get_data(as_text=True)
    assert holds_of(afternoon) == []


def test_a_quick_choice_fills_the_last_day_without_a_script(clerk, afternoon):
    answer = clerk.post(FORM, {"hold-kind": "office", "fill": "ends:2026-12-07"}, page=FORM)
    page = answer.get_data(as_text=True)
    assert 'value="2026-12-07"' in page and '<option value="office" selected>' in page
    assert holds_of(afternoon) == []


def test_a_hold_that_still_stands_is_looked_at_again(clerk, afternoon, dispute):
    page = f"/accounts/{OLE}/holds/{dispute}"
    assert "Meter is tested" in seen(clerk.get(page))
    form = {"note": "The shop has the meter", "again": "2026-12-15", "until": "2026-12-20"}
    assert clerk.post(f"{page}/review", form, page=page).status_code == 303
    (hold,) = holds_of(afternoon)
    assert (f"{hold.review_on}", f"{hold.ends_on}", hold.released_at) == ("2026-12-15", "2026-12-20", None)


def test_a_review_needs_a_day_to_come_and_what_was_seen(clerk, dispute):
    page = f"/accounts/{OLE}/holds/{dispute}"
    answer = clerk.post(f"{page}/review", {"note": "looked", "again": "2026-11-01"}, page=page)
    assert (answer.status_code, "Give a day after today" in seen(answer)) == (422, True)
    answer = clerk.post(f"{page}/review", {"note": "hm", "again": "2026-12-15"}, page=page)
    assert (answer.status_code, "what was seen" in seen(answer)) == (422, True)


def test_a_hold_is_ended_with_a_reason_and_once(clerk, afternoon, dispute):
    page = f"/accounts/{OLE}/holds/{dispute}"
    assert clerk.post(f"{page}/release", {"because": ""}, page=page).status_code == 422
    assert clerk.post(f"{page}/release", {"because": "The meter is right"}, page=page).status_code == 303
    (hold,) = holds_of(afternoon)
    assert hold.released_by == "user:park"
    answer = clerk.post(f"{page}/release", {"because": "The meter is right"}, page=page)
    assert "had ended already" in seen(clerk.get(answer.location))
    assert "It holds nothing any more." in seen(clerk.get(page))


def test_a_hold_of_another_account_is_not_there(clerk, dispute):
    assert clerk.get(f"/accounts/0000210-02/holds/{dispute}").status_code == 404
    page = "/accounts/0000210-02/hold"
    answer = clerk.post(f"/accounts/0000210-02/holds/{dispute}/release", {"because": "The meter is right"}, page=page)
    assert answer.status_code == 404


def test_a_truck_is_called_back_by_a_hold(clerk, afternoon):
    with afternoon.database.begin() as session:
        made = FieldList(
            name="shutoff-2026-11-24", kind="shutoff", for_day=date(2026, 11, 24), state="issued", left_out=[],
            manifest={},
            made_by="osei", made_at=afternoon.clock.now(),
        )  # fmt: skip
        session.add(made)
        session.flush()
        order = FieldOrder(
            number="D261124-001", list_id=made.id, account_id=account_id(afternoon), kind="disconnect", services=[],
            state="issued", amount_cents=12000, evidence=[], facts_version=1,
            created_at=afternoon.clock.now() - timedelta(hours=2),
        )  # fmt: skip
        session.add(order)
    clerk.post(FORM, {"hold-kind": "medical", "note": "Letter of Dr. Lee"}, page=FORM)
    with afternoon.database.read() as session:
        assert session.scalar(select(FieldOrder.state)) == "recalled"


def test_a_viewer_may_not(browser):
    browser.sign_in("vera")
    assert browser.get(FORM).status_code == 403


def test_the_matter_opens_the_record_with_the_hold_beside_the_history(clerk, afternoon, dispute):
    with afternoon.database.begin() as session:
        task = worklist.open_task(
            session, kind="hold_review", dedupe_key=f"hold:{dispute}", reason="Look at the hold again.", at=story.NOW,
            account_id=account_id(afternoon), subject_type="hold", subject_id=dispute,
        )  # fmt: skip
    answer = clerk.get(f"/accounts/{OLE}?task={task}")
    assert answer.status_code == 200
    assert "Meter is tested" in seen(answer) and "Text reply" in seen(answer)
