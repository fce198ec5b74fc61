"""The Flask application: the doors for carriers and staff, and the three addresses that machines ask."""

import uuid
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, request

import webhooks
from comms import desk
from comms.desk.access.gate import csrf
from comms.desk.access.permissions import Permission
from comms.logs import configure
from comms.measures import exposition
from comms.office import Office

MAX_CONTENT = 32 * 1024 * 1024
"""Bytes: an Inbound Parse post is at most 30 MB (SendGrid). Each route sets a lower limit of its own."""


def create_app(office: Office | None = None) -> Flask:
    """The application for an office (by default, the one the environment describes)."""
    at = office or Office.open(pool_size=8)
    configure(at.settings.comms_log_level)
    if missing := at.settings.missing():
        raise SystemExit(f"The web application does not start. {' '.join(missing)} Next step: comms doctor")
    app = Flask("comms", static_folder=None, template_folder=None)
    app.config.update(SECRET_KEY=at.settings.secret, MAX_CONTENT_LENGTH=MAX_CONTENT, MAX_FORM_PARTS=500)
    app.before_request(_name_request)
    app.after_request(_tell_name)
    carriers = webhooks.blueprint(at)
    csrf.exempt(carriers)
    app.register_blueprint(carriers)
    app.register_blueprint(desk.blueprint(at))
    desk.install(app, at)
    _machine_routes(app, at)
    return app


def _name_request() -> None:
    """Log under this request's id and its route; the path itself may hold an account number or a secret."""
    g.request_id = uuid.uuid4().hex[:12]
    structlog.contextvars.clear_contextvars()
    route = request.url_rule.rule if request.url_rule else ""
    structlog.contextvars.bind_contextvars(request_id=g.request_id, route=route)


def _tell_name(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    return response


def _machine_routes(app: Flask, at: Office) -> None:
    def healthz() -> Any:
        """The process is alive."""
        return jsonify(status="ok")

    def readyz() -> Any:
        """The process can do its work: the database answers. Redis away is told, but is no reason to take it out."""
        database = at.database.answers()
        body = {"database": database, "redis": at.doorbell.answers()}
        return jsonify(**body), (200 if database else 503)

    def metrics() -> Response:
        """Prometheus text: what the database knows of the outbox, and this process's own counters."""
        return Response(
            exposition(at.database, at.clock, at.settings.day_limits),
            mimetype="text/plain; version=0.0.4; charset=utf-8",
        )

    for path, view in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        view.permission = Permission.ANYONE  # type: ignore[union-attr]
        app.add_url_rule(path, view.__name__, view)
