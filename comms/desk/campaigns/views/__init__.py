"""The pages of campaigns and notices. One module a page.

A view takes a ``Visit`` and answers; its route names the permission it needs.
"""

from . import (
    experiment,
    notices,
    policies,
    policy_acts,
    policy_moves,
    run,
    run_acts,
    runs,
    samples,
    shutoff,
    shutoff_acts,
    workbooks,
)

__all__ = ["ROUTES"]

_PAGES = (
    runs,
    run,
    run_acts,
    samples,
    policies,
    policy_acts,
    policy_moves,
    experiment,
    shutoff,
    shutoff_acts,
    workbooks,
    notices,
)
ROUTES = tuple(route for page in _PAGES for route in page.ROUTES)
