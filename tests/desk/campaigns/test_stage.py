"""Where an account stands and why, beside its history and on a page of its own."""

from sqlalchemy import select

from comms.accounts import Account
from comms.campaigns import Decision
from comms.desk.schema import AuditEvent
from comms.field import FieldList, FieldOrder
from comms.outbox import Message
from tests.desk.reading import seen

ANNA = "/accounts/0003108-08"
HELD = "/accounts/0003102-02"


def test_the_record_asks_for_the_card_after_itself_and_leads_there_without_a_script(collector):
    page = collector.get(ANNA).get_data(as_text=True)
    assert f'hx-get="{ANNA}/stage"' in page and f'href="{ANNA}/why"' in page


def test_the_card_tells_the_policy_its_steps_and_the_next_day(collector):
    page = collector.get(f"{ANNA}/stage")
    text = seen(page)
    assert "<html" not in page.get_data(as_text=True), "only the card"
    assert "Residential past due" in text and "Past-due reminder done" in text and "later" in text
    assert f'href="{ANNA}/why"' in page.get_data(as_text=True)


def test_an_account_on_hold_says_so(collector):
    assert "a hold stands against it" in seen(collector.get(f"{HELD}/stage"))


def test_the_whole_explanation_names_rules_with_their_sources(collector, office):
    text = seen(collector.get(f"{HELD}/why"))
    assert "Rules that had a say" in text and "stands against it" in text
    assert "The rules with the digest" in text and "comms policy" not in text
    with office.database.read() as session:
        audit = session.scalars(select(AuditEvent).where(AuditEvent.action == "account.viewed")).all()
    assert [one.facts for one in audit] == [{"page": "why"}]


def test_any_day_can_be_asked_for(collector):
    assert "Looked ahead with what is known today" in seen(collector.get(f"{ANNA}/why?on=2026-12-20"))
    assert "Nov 2: " in seen(collector.get(f"{ANNA}/why?on=2026-11-02"))
    answer = collector.get(f"{ANNA}/why?on=2029-01-01")
    assert (answer.status_code, "more than a year ahead" in seen(answer)) == (422, True)
    assert collector.get(f"{ANNA}/why?on=tomorrow").status_code == 422


def test_orders_of_the_field_stand_on_the_card(collector, office):
    now = office.clock.now()
    with office.database.begin() as session:
        account_id = session.scalar(select(Account.id).where(Account.number == "0003108-08"))
        made = FieldList(
            name="shutoff-2026-11-24", kind="shutoff", for_day=office.city.local_date(now), state="issued", left_out=[],
            manifest={}, made_by="osei", made_at=now,
        )  # fmt: skip
        session.add(made)
        session.flush()
        session.add(
            FieldOrder(
                number="D261124-001", list_id=made.id, account_id=account_id, kind="disconnect", services=[],
                state="issued", amount_cents=12000, evidence=[], facts_version=1, created_at=now,
            )
        )  # fmt: skip
    assert "D261124-001, to disconnect, $120.00 out with the field" in seen(collector.get(f"{ANNA}/stage"))
    assert "Shut-offNov 23the order is out with the Service Department" in seen(collector.get(ANNA))


def test_the_day_that_a_notice_named_stands_among_the_facts(collector, office):
    assert "Shut-offNo day is set" in seen(collector.get(ANNA))
    letter = (Message.channel == "letter") & Message.decision_id.is_not(None) & (Message.state == "mailed")
    with office.database.begin() as session:
        message = session.scalars(select(Message).where(letter)).first()
        message.fallback = {"fields": {"disconnect_date": "2026-12-30"}}
        number = session.get(Account, message.account_id).number
    assert "Shut-offDec 30or later" in seen(collector.get(f"/accounts/{number}"))
    with office.database.begin() as session:
        session.get(Message, message.id).state = "returned"
    assert "Shut-offNo day is set" in seen(collector.get(f"/accounts/{number}")), "it came back"


def test_the_next_step_stands_among_the_facts_once_it_is_worked_out(collector):
    assert f'href="{ANNA}/why"' in collector.get(ANNA).get_data(as_text=True).partition('id="next-step"')[2][:200]
    page = collector.get(f"{HELD}/stage")
    assert 'id="next-step" hx-swap-oob="true"' in page.get_data(as_text=True)
    assert "Next stepDisconnect notice" in seen(page)


def test_a_step_that_waits_for_the_run_to_be_let_go_is_the_next_one(collector, office):
    planned = (
        select(Account.number).join(Decision, Decision.account_id == Account.id).where(Decision.state == "planned")
    )
    with office.database.read() as session:
        number = session.scalars(planned.where(Decision.outcome == "contact").order_by(Account.id)).first()
    text = seen(collector.get(f"/accounts/{number}/stage"))
    assert "under way" in text and "waits for its release" in text.partition("Where it stands")[0]
    assert "None is due" not in text


def test_days_and_holds_are_said_as_clerks_say_them(collector):
    text = seen(collector.get(f"{HELD}/stage"))
    assert "Medical hold, without a last day" in text
    assert "2026-" not in text and "open-ended" not in text
