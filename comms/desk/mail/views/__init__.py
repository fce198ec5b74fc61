"""The pages of mail. One module a page.

A view takes a ``Visit`` and answers; its route names the permission it needs.
"""

from . import batches, proof, returned, scan

__all__ = ["ROUTES"]

_PAGES = (batches, proof, returned, scan)
ROUTES = tuple(route for page in _PAGES for route in page.ROUTES)
