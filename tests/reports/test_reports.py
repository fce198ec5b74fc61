"""What the reports say of a small November, on both databases."""

from datetime import date

import pytest

from comms import reports
from comms.reports import Asked, RangeError, outcomes
from tests.support.month import POLICY

NOVEMBER = Asked.of(date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture
def read(counted, city):
    def make(name, asked=NOVEMBER):
        with counted.read() as session:
            return reports.REPORTS[name](session, city, asked)

    return make


def table(report):
    return [dict(zip([h.title for h in report.headings], row, strict=True)) for row in report.rows]


def test_the_funnel_tells_what_left_what_arrived_and_what_followed(read):
    report = read("delivery")
    text, total = table(report)[2], table(report)[3]
    assert text["Written"] == 4 and text["Went out"] == 4 and text["Arrived"] == 3
    assert total == {
        "Channel": "All", "Written": 8, "Called back before they left": 1, "Went out": 6, "Arrived": 4,
        "Customer wrote": 3, "Promised": 1, "Paid": 1, "Any of these": 3,
    }  # fmt: skip
    assert report.finding == (
        "67% of the 6 notices that went out arrived; after 50% the customer wrote, promised or paid within a week."
    )


def test_with_a_policy_only_its_notices_count(read):
    report = read("delivery", Asked.of(date(2026, 11, 1), date(2026, 11, 30), POLICY))
    assert table(report)[-1]["Written"] == 5


def test_messages_stand_at_the_day_they_left(read):
    report = read("sent")
    days = {row["Day"]: row for row in table(report)}
    assert days[date(2026, 11, 2)]["Text"] == 3
    assert days[date(2026, 11, 13)]["Letter"] == 2 and days[date(2026, 11, 12)]["Letter"] == 0
    assert days[date(2026, 11, 3)]["Text"] == 1, "an answer is a message too"
    assert report.finding.startswith("8 messages left; 75% of them by text. The busiest day was Nov 2 with 3.")
    assert len(report.chart.columns) == 30


def test_promises_are_judged_by_what_money_made_of_them(read):
    report = read("promises")
    assert report.finding == "67% of 3 promises were kept, worth $100.00."
    assert [row["Decided"] for row in table(report)] == [3]
    assert read("promises", Asked.of(NOVEMBER.first, NOVEMBER.last, POLICY)).finding.startswith("0% of 1 promise was")


def test_a_cure_belongs_to_the_last_step_before_it(read):
    rows = {row["Step"].lower(): row for row in table(read("cures"))}
    assert (rows["reminder"]["Accounts"], rows["reminder"]["Paid after it"]) == (3, 1)
    assert (rows["past due notice"]["Accounts"], rows["past due notice"]["Paid after it"]) == (2, 1)
    assert rows["past due notice"]["Of it settled"] == 12000


@pytest.mark.parametrize(
    ("paid", "said"),
    [
        ((0, 0, 6), "6 of 118 steps were followed by payment of the debt (5%)."),
        ((0, 5, 0), "5 of 118 steps were followed by payment of the debt (4%); most often Second, with 10%."),
        ((0, 5, 6), "11 of 118 steps were followed by payment of the debt (9%); of those that 20 accounts or more got, "
                    "most often Second, with 10%."),
    ],
)  # fmt: skip
def test_the_best_step_is_named_only_where_one_is_best(paid, said):
    sizes = zip(("First", "Second", "Final"), (50, 50, 18), paid, strict=True)
    rows = [("residential", step, of, cured, cured / of, 0, 0) for step, of, cured in sizes]
    assert outcomes._cures_finding(rows, NOVEMBER) == said


def test_answers_are_timed_by_person_and_service(read):
    report = read("replies")
    assert {row["Answered"]: row["All"] for row in table(report)} == {
        "The service, at once": 1, "15 to 60 minutes": 1, "Over 24 hours": 1, "Still waiting": 1,
        "Wanted no answer": 1,
    }  # fmt: skip
    assert report.finding == (
        "5 messages came in; the service answered 20% itself, and of the 2 that people answered 50% had an answer "
        "within an hour; 1 still waits."
    )


def test_debt_is_held_against_contacts(read):
    report = read("aging")
    (row,) = table(report)
    assert (row["Oldest bill"], row["Accounts"], row["Past due"]) == ("31–60 days", 4, 48000)
    assert (row["Not written to"], row["Once"], row["Twice"]) == (0, 2, 2)


def test_what_did_not_arrive_has_its_reason_in_words(read):
    rows = {row["Code"]: row for row in table(read("undeliverable"))}
    assert "ttempted" in rows["ANK"]["Reason"]
    assert "30003" in rows and rows["30003"]["What happened"] == "Not delivered"


def test_opt_outs_are_held_against_texts(read):
    assert read("opt-outs").finding == "1 opt-out by text: 166.7 for every 1,000 texts."
    assert read("opt-outs", Asked.of(NOVEMBER.first, NOVEMBER.last, POLICY)).rows == ()


@pytest.mark.parametrize("name", reports.REPORTS)
def test_a_time_in_which_nothing_happened_says_so(read, name):
    report = read(name, Asked.of(date(2025, 1, 1), date(2025, 1, 31)))
    assert report.rows == () and report.chart is None and report.finding.endswith(".")


@pytest.mark.parametrize("name", reports.REPORTS)
@pytest.mark.parametrize(("first", "marks"), [(date(2026, 1, 1), 49), (date(2024, 6, 1), 30)])
def test_a_long_time_is_told_in_weeks_and_months(read, name, first, marks):
    chart = read(name, Asked.of(first, date(2026, 11, 30))).chart
    if isinstance(chart, reports.Stacks):
        assert len(chart.columns) == marks
    if isinstance(chart, reports.Line):
        assert len(chart.points) == marks


def test_impossible_times_are_refused_with_a_sentence():
    with pytest.raises(RangeError, match="before the first"):
        Asked.of(date(2026, 11, 2), date(2026, 11, 1))
    with pytest.raises(RangeError, match="at most"):
        Asked.of(date(2020, 11, 2), date(2026, 11, 1))
