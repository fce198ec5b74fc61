"""The pages of campaigns and notices. One module a page.

A view takes a ``Visit`` and answers; its route names the permission it needs.
"""

from . import (
    campaigns,
    excel_lists,
    notices,
    policies,
    policy_acts,
    policy_moves,
    run,
    run_acts,
    samples,
    shutoff,
    shutoff_acts,
)

__all__ = ["ROUTES"]

_PAGES = (
    campaigns,
    run,
    run_acts,
    samples,
    policies,
    policy_acts,
    policy_moves,
    shutoff,
    shutoff_acts,
    excel_lists,
    notices,
)
ROUTES = tuple(route for page in _PAGES for route in page.ROUTES)
