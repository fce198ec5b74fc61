"""The pages of reports and of the log. One module a page.

A view takes a ``Visit`` and answers; its route names the permission it needs.
"""

from . import log, reports

__all__ = ["ROUTES"]

_PAGES = (reports, log)
ROUTES = tuple(route for page in _PAGES for route in page.ROUTES)
