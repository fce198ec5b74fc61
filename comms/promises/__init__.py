"""What customers promised to pay, and which payments kept it.

A promise is ``proposed`` until the customer says YES (or a clerk enters it); only an ``open`` one holds dunning, one an
account. ``consider`` holds an offer against the office's limits; ``propose``, ``open_``, ``withdraw``, ``supersede``
and ``refuse`` are what people do; ``evaluate`` is what the payment files do to it.
"""

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

__all__ = [
    "Change",
    "Evaluation",
    "Part",
    "Policy",
    "PolicyError",
    "PromiseError",
    "Verdict",
    "broken_before",
    "consider",
    "due",
    "evaluate",
    "load_policy",
    "open_",
    "parts_of",
    "propose",
    "refuse",
    "supersede",
    "withdraw",
]
