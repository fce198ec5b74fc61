"""The desk: the pages that staff work in.

``blueprint(office)`` holds the pages; ``install(app, office)`` gives an application the desk's cookies, form tokens,
security headers and error pages. One module of ``views`` is one page or one worklist; each route names the permission
it needs, and one gate (``gate.guarded``) stands before all of them.
"""

from typing import TYPE_CHECKING

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from comms.settings import ROOT

from . import errors, formats, headers, navigation
from .assets import our_assets
from .gate import Route, csrf, guarded
from .permissions import Permission
from .provider import Provider
from .views import (
    account,
    agendas,
    arrangement,
    as_sent,
    campaigns,
    consent,
    copies,
    deed,
    excel_lists,
    find,
    hold,
    home,
    log,
    mail,
    mail_back,
    mail_proof,
    mail_scan,
    me,
    meaning,
    notice,
    notices,
    policies,
    policy_acts,
    policy_moves,
    printing,
    promise,
    promise_acts,
    reports,
    run,
    run_acts,
    samples,
    shutoff,
    shutoff_acts,
    sign_in,
    sign_in_sso,
    staff,
    stage,
    task_acts,
    tasks,
    trail,
    undo,
    unmatched,
    watching,
    worklists,
    writing,
)

if TYPE_CHECKING:
    from comms.office import Office

__all__ = ["blueprint", "install"]

_VIEWS = (
    sign_in,
    sign_in_sso,
    me,
    staff,
    trail,
    home,
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
    worklists,
    agendas,
    unmatched,
    tasks,
    task_acts,
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
    reports,
    log,
    notices,
    mail,
    mail_proof,
    mail_back,
    mail_scan,
)


def blueprint(office: "Office") -> Blueprint:
    """The pages of the desk for one office."""
    desk = Blueprint("desk", __name__, template_folder=str(ROOT / "templates"))
    routes = [route for module in _VIEWS for route in module.ROUTES]
    for route in routes:
        _add(desk, office, route)
    sections = navigation.sections(routes)
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


def install(app: Flask, office: "Office") -> None:
    """Give the application what the pages need around them: cookies and form tokens, headers, error pages."""
    headers.install(app, office)
    csrf.init_app(app)
    errors.install(app, office)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _add(desk: Blueprint, office: "Office", route: Route) -> None:
    endpoint = f"{route.view.__module__.rpartition('.')[2]}.{route.view.__name__}".replace(".", "_")
    desk.add_url_rule(route.rule, endpoint, guarded(office, route), methods=list(route.methods))
