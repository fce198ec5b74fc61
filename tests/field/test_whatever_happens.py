"""Whatever the order of payments, holds, proposals, recalls and reports: one open order at most, and no order without
an end that is told."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from comms import field
from comms.accounts import holds
from comms.field import FieldOrder, OrderError
from comms.field.orders import OPEN

ACTS = ("propose", "issue", "pay", "hold", "release", "recall", "look", "done", "not done", "reconnect")


@given(acts=st.lists(st.sampled_from(ACTS), min_size=3, max_size=14))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_open_order_and_every_end_is_told(acts, sqlite_department):
    office = sqlite_department
    office.clock.advance(timedelta(days=1))  # the office is the same one, and each story has a day of its own
    account = office.account()
    placed: list[int] = []
    names: list[str] = []
    for act in acts:
        office.clock.advance(timedelta(minutes=7))
        act_on(office, account, act, names, placed)
        check(office, account)


def act_on(office, account, act, names, placed):
    day = office.city.local_date(office.clock.now())
    with office.database.read() as session:
        mine = (FieldOrder.account_id == account, FieldOrder.state == "issued")
        out_there = list(session.scalars(select(FieldOrder).where(*mine)))
        kinds = {order.kind for order in field.open_orders(session, [account])}
    match act:
        case "propose" if "disconnect" not in kinds:
            names.append(office.propose(account, for_day=day))
            office.approve(names[-1])
        case "reconnect" if "reconnect" not in kinds:
            names.append(office.propose(account, for_day=day, kind="reconnect"))
            office.approve(names[-1])
        case "issue" if names:
            try:
                office.issue(names[-1])
            except OrderError as error:
                assert "Nothing is left" in str(error)
        case "pay":
            office.change(account, past_due_cents=3000)
        case "hold":
            with office.database.begin() as session:
                placed.append(holds.place(session, account, "medical", day, None, "", "test", office.clock.now()))
        case "release" if placed:
            with office.database.begin() as session:
                holds.release(session, placed.pop(), "test", office.clock.now())
        case "recall":
            office.recall(account)
        case "look":
            with office.database.begin() as session:
                field.look_over(session, office.city, office.clock)
        case "done" | "not done":
            at = office.clock.now().astimezone(office.city.zone).strftime("%Y-%m-%d %H:%M")
            for order in out_there:
                row = {"order": order.number, "result": act, "at": at, "by": "R. Berg", "reason": "as told"}
                told = office.report(row)
                assert told.refused == []
                assert office.report(row).known == 1


def check(office, account):
    with office.database.read() as session:
        mine = (FieldOrder.account_id == account, FieldOrder.state.in_(OPEN))
        rows = session.execute(select(FieldOrder.kind, func.count()).where(*mine).group_by(FieldOrder.kind))
        assert all(count == 1 for _, count in rows)
        for order in session.scalars(select(FieldOrder).where(FieldOrder.account_id == account)):
            ended = order.state not in OPEN
            assert (order.ended_at is not None) is ended
            assert (order.result is not None) is ended
            assert order.issued_at is not None or order.state not in ("issued", "done", "not_done")
        ends = session.execute(
            select(FieldOrder.state, func.count()).where(FieldOrder.account_id == account).group_by(FieldOrder.state)
        )
        told = office.told(account)
        for state, count in ends:
            if state in ("done", "not_done", "recalled"):
                assert told.count(f"field.{state}") == count
