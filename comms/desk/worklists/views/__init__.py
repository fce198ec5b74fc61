"""The pages of the lists. One module a page.

A view takes a ``Visit`` and answers; its route names the permission it needs.
"""

from . import agendas, home, matters, task_acts, tasks

__all__ = ["ROUTES"]

_PAGES = (home, matters, agendas, tasks, task_acts)
ROUTES = tuple(route for page in _PAGES for route in page.ROUTES)
