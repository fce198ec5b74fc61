"""The desk: the pages that staff work in.

``blueprint(office)`` holds the pages; ``install(app, office)`` gives an application the desk's cookies, form tokens,
security headers and error pages. A room of the desk is a folder, and its ``views`` hold one module a page; each route
names the permission it needs, and one gate (``access.gate``) stands before all of them.
"""

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from comms.desk.access.gate import Route, csrf, guarded
from comms.desk.access.permissions import Permission
from comms.desk.access.provider import Provider
from comms.desk.accounts.views import ROUTES as ACCOUNTS
from comms.desk.campaigns.views import ROUTES as CAMPAIGNS
from comms.desk.frame import errors, formats, headers, navigation
from comms.desk.frame.assets import our_assets
from comms.desk.mail.views import ROUTES as MAIL
from comms.desk.reporting.views import ROUTES as REPORTING
from comms.desk.staff.views import ROUTES as STAFF
from comms.desk.worklists.views import ROUTES as WORKLISTS
from comms.office import Office
from comms.settings import ROOT

__all__ = ["ROUTES", "blueprint", "install"]

ROUTES = (*STAFF, *WORKLISTS, *ACCOUNTS, *CAMPAIGNS, *REPORTING, *MAIL)
"""Every address of the desk but those of its files."""


def blueprint(office: Office) -> Blueprint:
    """The pages of the desk for one office."""
    desk = Blueprint("desk", __name__, template_folder=str(ROOT / "templates"))
    for route in ROUTES:
        _add(desk, office, route)
    sections = navigation.sections(ROUTES)
    files = our_assets()

    def serve(digest: str, name: str) -> ResponseReturnValue:
        return files.serve(digest, name)

    serve.permission = Permission.ANYONE  # type: ignore[attr-defined]
    desk.add_url_rule("/assets/<digest>/<path:name>", "assets", serve)
    for name in ("money", "count", "address_of", "browser"):
        desk.add_app_template_filter(getattr(formats, name), name)
    kept = {"desk.assets": files, "desk.sections": sections, "desk.provider": Provider(office.settings)}
    desk.record_once(lambda state: state.app.extensions.update(kept))
    return desk


def install(app: Flask, office: Office) -> None:
    """Give the application what the pages need around them: cookies and form tokens, headers, error pages."""
    headers.install(app, office)
    csrf.init_app(app)
    errors.install(app, office)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _add(desk: Blueprint, office: Office, route: Route) -> None:
    endpoint = f"{route.view.__module__.rpartition('.')[2]}.{route.view.__name__}".replace(".", "_")
    desk.add_url_rule(route.rule, endpoint, guarded(office, route), methods=list(route.methods))
