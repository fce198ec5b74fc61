"""What needs a person: the clerk's lists, whatever raised the matter, and who sees to it when."""

from .schema import Task
from .tasks import ASIDE, Pile, amend, counts, of, open_task, open_tasks, piles, reopen, resolve
from .working import assign, bring_back, customer_wrote, set_aside, wake

__all__ = [
    "ASIDE", "Pile", "Task", "amend", "assign", "bring_back", "counts", "customer_wrote", "of", "open_task",
    "open_tasks", "piles", "reopen", "resolve", "set_aside", "wake",
]  # fmt: skip
