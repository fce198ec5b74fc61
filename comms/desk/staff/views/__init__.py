"""The pages about staff: signing in, one's own page, and the administrator's. One module a page.

A view takes a ``Visit`` and answers; its route names the permission it needs.
"""

from . import me, sign_in, sign_in_sso, users

__all__ = ["ROUTES"]

_PAGES = (sign_in, sign_in_sso, me, users)
ROUTES = tuple(route for page in _PAGES for route in page.ROUTES)
