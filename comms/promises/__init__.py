"""What customers promised to pay, and which payments kept it.

A promise is ``proposed`` until the customer says YES (or a clerk enters it); only an ``open`` one holds dunning, one an
account. ``consider`` holds an offer against the office's limits, ``arrange`` makes a schedule within them; ``propose``,
``open_``, ``withdraw``, ``supersede`` and ``refuse`` are what people do, ``enter`` what staff take (``weigh`` says what
would become of it), ``approve`` the supervisor's word; ``evaluate`` is what the payment files do to it. ``why`` says in
words what a verdict names.
"""

from .arranging import Arranged, arrange
from .entering import Entered, Weighed, approve, arrangement_for, enter, open_before, owed, weigh
from .evaluation import Evaluation, due, evaluate
from .lifecycle import (
    Change,
    PromiseError,
    broken_before,
    open_,
    parts_of,
    propose,
    refuse,
    supersede,
    withdraw,
)
from .policy import Part, Policy, PolicyError, Verdict, consider, load_policy
from .wording import why

__all__ = [
    "Arranged",
    "Change",
    "Entered",
    "Evaluation",
    "Part",
    "Policy",
    "PolicyError",
    "PromiseError",
    "Verdict",
    "Weighed",
    "approve",
    "arrange",
    "arrangement_for",
    "broken_before",
    "consider",
    "due",
    "enter",
    "evaluate",
    "load_policy",
    "open_",
    "open_before",
    "owed",
    "parts_of",
    "propose",
    "refuse",
    "supersede",
    "weigh",
    "why",
    "withdraw",
]
