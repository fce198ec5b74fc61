"""The pages of mail. One module a page.

A view takes a ``Visit`` and answers; its route names the permission it needs.
"""

from . import mail, mail_back, mail_proof, mail_scan

__all__ = ["ROUTES"]

_PAGES = (mail, mail_proof, mail_back, mail_scan)
ROUTES = tuple(route for page in _PAGES for route in page.ROUTES)
