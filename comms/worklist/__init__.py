"""What needs a person: the clerk's lists, whatever raised the matter."""

from .schema import Task
from .tasks import amend, counts, open_task, open_tasks, resolve

__all__ = ["Task", "amend", "counts", "open_task", "open_tasks", "resolve"]
