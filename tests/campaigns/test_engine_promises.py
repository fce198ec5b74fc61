"""What a promise does to an episode: it holds while it is open, and moves the day or the step when it ended."""

from datetime import date

import pytest

from comms.campaigns.engine import judge
from comms.campaigns.night import Contacts, PromiseEnd
from comms.rules import ActiveHold
from tests.support.nights import STEPS, at, night, policy, running, subject, taken

REMINDED = taken("reminder", date(2026, 10, 6))
NOBODY = Contacts()


def promising(**effects):
    words = "".join(f'{key} = "{effect}"\n' if isinstance(effect, str) else f"{key} = {effect}\n"
                    for key, effect in effects.items())  # fmt: skip
    return policy(STEPS + "\n[on_promise]\n" + words)


def ended(status, on):
    return PromiseEnd(status, at(on))


def outcome(bills, on, *steps, promise=None, **account):
    return judge(night(on, bills), subject(**account), running(bills, *(steps or (REMINDED,)), promise=promise), NOBODY)


def test_an_open_promise_holds_dunning():
    promised = ActiveHold("promise", date(2026, 10, 30), None, "")
    held = judge(night(date(2026, 10, 6), promising()), subject(holds=[promised]), running(promising()), NOBODY)
    assert (held.kind, held.rule, held.next_on) == ("protected", "hold-promise", date(2026, 10, 31))


@pytest.mark.parametrize("status", ["kept", "partial"])
def test_after_a_kept_promise_the_days_to_the_next_step_are_counted_from_its_end(status):
    kept = ended(status, date(2026, 10, 20))
    assert outcome(promising(), date(2026, 10, 29), promise=kept).next_on == date(2026, 10, 30)
    assert outcome(promising(), date(2026, 10, 30), promise=kept).step == "notice"


def test_after_a_broken_promise_the_next_step_comes_as_soon_as_it_would_have():
    broken = ended("broken", date(2026, 10, 20))
    assert outcome(promising(), date(2026, 10, 20), promise=broken).step == "notice"
    early = ended("broken", date(2026, 10, 9))
    assert outcome(promising(), date(2026, 10, 15), promise=early).next_on == date(2026, 10, 16), "the spacing holds"


def test_nothing_happens_while_the_promise_cools_down():
    broken = ended("broken", date(2026, 10, 20))
    cooled = outcome(promising(cool_down_days=3), date(2026, 10, 22), promise=broken)
    assert (cooled.kind, cooled.next_on) == ("waiting", date(2026, 10, 23))
    assert outcome(promising(cool_down_days=3), date(2026, 10, 23), promise=broken).step == "notice"


def test_a_promise_that_a_step_followed_says_nothing_more():
    broken = ended("broken", date(2026, 10, 20))
    steps = (REMINDED, taken("notice", date(2026, 10, 21)))
    assert outcome(promising(cool_down_days=9), date(2026, 11, 4), *steps, promise=broken).step == "final"


def test_a_promise_before_the_first_step_delays_it_by_the_cool_down_alone():
    kept = ended("kept", date(2026, 10, 20))
    bills = promising(cool_down_days=2)
    before = running(bills, promise=kept)
    assert judge(night(date(2026, 10, 21), bills), subject(), before, NOBODY).next_on == date(2026, 10, 22)
    assert judge(night(date(2026, 10, 22), bills), subject(), before, NOBODY).step == "reminder"


THREE = STEPS.replace(
    '[[step]]\nid = "notice"',
    """[[step]]
id = "second"
notice = "past-due-reminder"
after = { step = "reminder", days = 7 }
send = { first_of = ["email"] }
[[step]]
id = "notice\"""",
).replace('{ step = "reminder", days = 10 }', '{ step = "second", days = 10 }')


def test_a_broken_promise_may_jump_past_what_is_not_required():
    bills = policy(THREE + '[on_promise]\nbroken = "jump_to:notice"\n')
    broken = ended("broken", date(2026, 10, 12))
    waits = outcome(bills, date(2026, 10, 14), promise=broken)
    assert (waits.rule, waits.step, waits.next_on) == ("not-due-yet", "notice", date(2026, 10, 23)), "7 and 10 days"
    assert outcome(bills, date(2026, 10, 23), promise=broken).step == "notice"


def test_a_jump_never_passes_over_a_required_step():
    bills = policy(THREE + '[on_promise]\nbroken = "jump_to:final"\n')
    broken = ended("broken", date(2026, 11, 10))
    assert outcome(bills, date(2026, 11, 12), promise=broken).step == "notice"


def test_a_kept_promise_may_go_back_to_a_friendly_reminder_and_what_followed_starts_again():
    bills = policy(STEPS + '[on_promise]\nkept = "jump_to:reminder"\n')
    steps = (REMINDED, taken("notice", date(2026, 10, 16)))
    kept = ended("kept", date(2026, 10, 27))
    again = outcome(bills, date(2026, 10, 27), *steps, promise=kept)
    assert (again.step, again.occurrence) == ("reminder", 2)
    steps = (*steps, taken("reminder", date(2026, 10, 27), occurrence=2))
    after = outcome(bills, date(2026, 11, 6), *steps, promise=kept)
    assert (after.step, after.occurrence) == ("notice", 2)
