"""The field's report: each row taken or refused with why, the same file twice changing nothing."""

import csv
import io
import re

import pytest

from comms.field import CompletionFileError, write_refused


@pytest.fixture
def out_there(department):
    """Three accounts whose orders were given out; it is the afternoon of the day."""
    accounts = [department.account() for _ in range(3)]
    department.issued(*accounts)
    department.go_to(2026, 12, 3, 16)
    return accounts


DONE = {"order": "D261203-001", "result": "done", "at": "2026-12-03 10:40", "by": "R. Berg", "reason": ""}


def test_the_order_file_filled_in_is_taken(department, out_there):
    name = "shutoff-2026-12-03"
    rows = department.rows(name)
    rows[0] |= {"result": "Done", "at": "12/3/2026 10:40 AM", "by": "R. Berg"}
    rows[1] |= {"result": "not done", "by": "R. Berg", "reason": "dog in the yard"}
    told = department.report(*rows, header=list(rows[0]))
    assert (told.done, told.not_done, told.still_open, told.refused) == (1, 1, 1, [])
    first, second, third = (department.order(one) for one in out_there)
    assert (first.state, second.state, third.state) == ("done", "not_done", "issued")
    assert first.ended_at.astimezone(department.city.zone).strftime("%H:%M") == "10:40"
    assert (second.result, second.result_by) == ("dog in the yard", "field:R. Berg")
    assert department.told(out_there[0]) == ["field.issued", "field.done"]
    (task,) = department.tasks()
    assert task.reason.endswith("was not done: dog in the yard")


def test_the_same_file_twice_changes_nothing(department, out_there):
    department.report(DONE)
    again = department.report(DONE)
    assert (again.done, again.known, again.refused) == (0, 1, [])
    assert department.told(out_there[0]) == ["field.issued", "field.done"]


def test_a_row_that_stands_twice_in_a_file_counts_once(department, out_there):
    told = department.report(DONE, DONE)
    assert (told.done, told.known) == (1, 1)
    assert department.told(out_there[0]) == ["field.issued", "field.done"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"order": "D999"}, "no order D999"),
        ({"order": ""}, r"no order \(empty\)"),
        ({"result": "maybe"}, "write done or not done"),
        ({"by": ""}, "who was there"),
        ({"at": ""}, "at is empty"),
        ({"at": "this morning"}, "write day and time"),
        ({"at": "2026-12-04 10:40"}, "in the future"),
        ({"at": "2026-11-20 10:40"}, "before the order was issued"),
        ({"result": "not_done"}, "reason is empty"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_line(department, out_there, change, why):
    good = DONE | {"order": "D261203-002"}
    told = department.report(DONE | change, good)
    ((report, reason),) = told.refused
    assert report.line == 2
    assert told.done == 1
    assert re.search(why, reason)
    assert department.order(out_there[0]).state == "issued"


def test_what_was_told_otherwise_before_is_refused(department, out_there):
    department.report(DONE)
    told = department.report(DONE | {"result": "not_done", "reason": "nobody home"})
    assert "told as done before, by field:R. Berg" in told.refused[0][1]


def test_an_order_that_was_never_given_out_cannot_be_done(department):
    department.propose(department.account())
    department.go_to(2026, 12, 3, 16)
    assert "never issued" in department.report(DONE).refused[0][1]


def test_what_was_done_although_called_back_is_put_right(department, out_there):
    department.change(out_there[0], past_due_cents=0)
    department.recall(out_there[0])
    told = department.report(DONE)
    assert (told.done, told.against_recall) == (1, 1)
    assert department.order(out_there[0]).state == "done"
    assert [task.priority for task in department.tasks()] == [1, 1]
    assert any("Put it right today" in task.reason for task in department.tasks())


def test_what_was_called_back_and_not_done_is_as_it_should_be(department, out_there):
    department.change(out_there[0], past_due_cents=0)
    department.recall(out_there[0])
    told = department.report(DONE | {"result": "not done", "reason": "office called"})
    assert (told.known, told.not_done) == (1, 0)
    assert department.order(out_there[0]).state == "recalled"


def test_refused_rows_come_back_to_be_mended(department, out_there):
    refused = write_refused(department.report(DONE | {"at": "soon"}).refused).decode()
    (row,) = csv.DictReader(io.StringIO(refused))
    assert row["why_refused"].startswith("at is 'soon'")
    row["at"] = "2026-12-03 10:40"
    assert department.report(row, header=list(row)).done == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column order and no column result"),
        (b"order,amount\nD1,3\n", "no column result"),
        (b"x" * 5_000_001, "larger"),
    ],
)
def test_a_file_of_another_kind_is_refused_whole(department, content, words):
    with pytest.raises(CompletionFileError, match=words):
        department.report_bytes(content)


def test_a_spreadsheets_own_encoding_is_read(department, out_there):
    content = "order,result,at,by,reason\nD261203-001,not done,,R. Núñez,cerró el paso\n".encode("cp1252")
    assert department.report_bytes(content).not_done == 1
    assert department.order(out_there[0]).result == "cerró el paso"
