"""A policy in words and as a picture: everything in the file is said, and the picture can be read without seeing it."""

import re
from datetime import date
from xml.etree import ElementTree

import pytest

from comms.campaigns.policies import declared_order, load_policy, parse_policy, timeline
from comms.campaigns.policies.wording import sections
from comms.city import load_city
from comms.notices import Catalogue
from comms.settings import ROOT

SVG = "{http://www.w3.org/2000/svg}"
WORDS = """
policy = "late-bills"
version = 3
title = "Late bills & <others>"
effective = { from = 2026-10-01, to = 2027-09-30 }
approved_by = ["supervisor", "administrator"]

[enter]
class = "residential"
past_due_at_least = 25.00
past_due_at_most = 900.00
oldest_due_days = 5
services = ["gas", "water"]
occupancy = "tenant"
broken_promises_at_most = 3
languages = "es"

[exit]
past_due_at_most = 5.00

[reentry]
cool_down_days = 14
restart_at = "reminder"

[caps]
per_household = { "7d" = 3, "30d" = 6 }

[[step]]
id = "reminder"
notice = "past-due-reminder"
after = { due_days = 5 }
send = { first_of = ["sms", "letter"], fallback_after = "24h" }

[[step]]
id = "second"
title = "Second reminder"
notice = "past-due-reminder"
after = { step = "reminder", days = 1 }
send = { first_of = ["email", "letter"] }
unless = { returned_mail = true }
skip_if_late = true

[[step]]
id = "disconnect-notice"
notice = "disconnect-notice"
after = { step = "reminder", days = 10, count = "business" }
send = { all_of = ["letter"], also = ["sms"] }
when = { broken_promises_at_least = 1 }
counts_when = "mailed"
required = true
approve = "supervisor"
copies = ["third_party", "landlord"]
disconnect_after_days = 30

[[step]]
id = "order"
action = "field_order"
after = { step = "disconnect-notice", days = 15 }
require = { steps = ["disconnect-notice"], days = 20 }

[on_promise]
kept = "next_step"
broken = "jump_to:disconnect-notice"
cool_down_days = 2

[challenger]
title = "email first"
share = 0.25
seed = "autumn"
from = 2026-10-01
to = 2027-03-31
step = [{ id = "reminder", send = { first_of = ["email", "sms", "letter"] } }, { id = "second", drop = true }]
"""
SAID = (
    'Version 3 of late-bills: "Late bills & <others>".',
    "from October 1, 2026 to September 30, 2027",
    "approved by a person with the role supervisor and a person with the role administrator, never by its author",
    "it is residential, is active, is lived in by its tenant, owes $25.00 or more past due, owes $900.00 or less past "
    "due, has an unpaid bill that was due 5 days ago or longer, is past due on natural gas or water, broke 3 promises "
    "or fewer in the last year and is written to in Spanish",
    "comes in again 14 days later at the earliest",
    'comes back within 180 days, it begins at "Reminder"',
    "is $5.00 or less",
    "status, class or occupancy is no longer one that comes in",
    "5 days after the oldest unpaid bill was due",
    'the notice "Past-due reminder" goes out by text message, or else by letter',
    "no delivery is reported within 24 hours",
    '1 day after "Reminder" counted',
    "Not for an account that had a letter returned from its address",
    "passed over when the step after it is due already",
    '10 business days after "Reminder" counted',
    "by letter, and by text message as well where that may be used",
    "Only for an account that broke 1 promise or more in the last year",
    "the day the post office has the letter; a letter that comes back undoes it",
    "never passed over, however late the run is",
    "A supervisor approves every run",
    "to the third party named on the account and the landlord",
    "at least 30 days after the run",
    "an order to disconnect becomes possible",
    'with 20 days passed since it counted: "Disconnect notice"',
    "After a promise was kept, the next step comes when it would have come without the promise",
    "After a promise was partly kept, the policy goes on where it stood",
    'After a promise was broken, the next step is "Disconnect notice"',
    "waits 2 days first",
    "at most 3 times in 7 days and 6 times in 30 days",
    "25% go another way (email first)",
    '"Reminder" goes out by email, or else by text message, or else by letter',
    '"Second reminder" is left out',
)


@pytest.fixture
def catalogue(renderer) -> Catalogue:
    return renderer.catalogue


@pytest.fixture
def told(city, catalogue) -> str:
    """All sentences of the policy above."""
    found = sections(parse_policy(WORDS, "late-bills.toml"), city, catalogue)
    return "\n".join(line for section in found for line in section.lines)


@pytest.mark.parametrize("said", SAID)
def test_everything_in_the_file_is_said_in_a_sentence(told, said):
    assert said in told


def test_no_word_of_the_machine_is_left_in_the_sentences(told):
    assert not re.search(r"\b(None|True|False|sms|field_order|third_party|resume_same_step)\b", told)
    assert "  " not in told and ".." not in told


def test_a_policy_without_steps_says_that_it_leaves_its_accounts_alone(city):
    policy = load_policy(city, "small-balances")
    told = "\n".join(line for section in sections(policy, city) for line in section.lines)
    assert "leaves its accounts alone" in told


def test_the_timeline_counts_business_days_by_the_citys_calendar(city):
    stops = timeline.stops(parse_policy(WORDS, "late-bills.toml"), city)
    assert [(stop.step.id, stop.day) for stop in stops] == [
        ("reminder", 5), ("second", 6), ("disconnect-notice", 21), ("order", 41),
    ]  # fmt: skip
    assert stops[0].on == date(2026, 10, 10), "for a bill due on Monday, October 5"


@pytest.mark.parametrize("slug", ["duluth-mn", "kent-oh"])
def test_every_shipped_policy_has_a_picture_with_a_title_and_a_description(slug):
    city = load_city(slug)
    catalogue = Catalogue.load(ROOT, city)
    for name in declared_order(city):
        policy = load_policy(city, name)
        root = ElementTree.fromstring(timeline.svg(policy, city, catalogue))
        assert root.get("role") == "img"
        named = {
            element.get("id"): element.text or "" for element in root if element.tag in (SVG + "title", SVG + "desc")
        }
        title, description = (named[part] for part in root.get("aria-labelledby").split())
        assert title == policy.title
        for section in sections(policy, city, catalogue):
            assert all(line in description for line in section.lines), name


def test_what_staff_wrote_is_text_in_the_picture_and_never_markup(city, catalogue):
    root = ElementTree.fromstring(timeline.svg(parse_policy(WORDS, "late-bills.toml"), city, catalogue))
    words = [element.text for element in root.iter(SVG + "text")]
    assert "Late bills & <others>" in words
    assert {"champion, 75%", "challenger, 25%", "Day 21", "Second reminder"} <= set(words)


def test_nothing_in_the_picture_runs_over_its_edge(city, catalogue):
    for words in (WORDS, WORDS.replace("Late bills & <others>", "A title that goes on and on, " * 8)):
        root = ElementTree.fromstring(timeline.svg(parse_policy(words, "late-bills.toml"), city, catalogue))
        for element in root.iter(SVG + "text"):
            width = len(element.text or "") * float(element.get("font-size")) * timeline.CHARACTER
            start = float(element.get("x")) - (width / 2 if element.get("text-anchor") == "middle" else 0)
            assert start >= 0 and start + width <= timeline.WIDTH, element.text
            assert float(element.get("y")) < float(root.get("height"))
