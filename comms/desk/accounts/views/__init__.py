"""The pages of one account: the record, and every act beside it. One module a page.

A view takes a ``Visit`` and answers; its route names the permission it needs.
"""

from . import (
    account,
    arrangement,
    as_sent,
    consent,
    copies,
    deed,
    find,
    hold,
    meaning,
    notice,
    printing,
    promise,
    promise_acts,
    stage,
    trail,
    undo,
    unmatched,
    watching,
    writing,
)

__all__ = ["ROUTES"]

_PAGES = (
    trail,
    find,
    account,
    as_sent,
    printing,
    watching,
    writing,
    undo,
    deed,
    promise,
    copies,
    consent,
    notice,
    stage,
    arrangement,
    promise_acts,
    hold,
    meaning,
    unmatched,
)
ROUTES = tuple(route for page in _PAGES for route in page.ROUTES)
