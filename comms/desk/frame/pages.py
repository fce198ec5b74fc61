"""Making a page: the frame around every template, and the last touches to the answer."""

import gzip
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import Response, current_app, render_template, request
from markupsafe import Markup

from comms.desk.access.gate import Visit
from comms.desk.access.permissions import Permission
from comms.desk.frame import formats, navigation, words
from comms.desk.frame.assets import HTMX, USWDS, Assets

SMALLEST_PACKED = 1024


def assets() -> Assets:
    """The files that pages name."""
    found = current_app.extensions["desk.assets"]
    assert isinstance(found, Assets)
    return found


def page(
    visit: Visit, template: str, counts: Mapping[str, int] | None = None, status: int = 200, **values: Any
) -> Response:
    """Render ``templates/desk/<template>`` in the frame. ``counts``: open tasks by kind, for the navigation. A template
    asks for a permission by its name: ``{% if may("SEND_NOTICES") %}``."""
    frame = {
        "visit": visit,
        "staff": visit.staff,
        "city": visit.office.city,
        "mode": visit.office.settings.comms_mode.value,
        "sections": navigation.open_to(visit.staff, current_app.extensions["desk.sections"]),
        "badge": sum((counts or {}).values()),
        "may": lambda name: visit.staff is not None and visit.staff.may(Permission[name]),
        "sso": visit.office.settings.oidc_label if visit.office.settings.single_sign_on else "",
        "may_work": visit.staff is not None and visit.staff.may(Permission.WORK_LISTS),
        "asset": assets().url,
        "uswds": lambda name: assets().url(f"{USWDS}/{name}"),
        "htmx": assets().url(f"{HTMX}/htmx.min.js"),
        "icon": _icon,
        "words": words,
        "person": lambda name: words.actor(name, visit.names),
        "time_of": lambda at: _time(at, formats.clock_time(at, visit.office.city.zone), visit),
        "moment": lambda at: _time(at, formats.moment(at, visit.now, visit.office.city.zone), visit),
        "whole_time": lambda at: _time(at, formats.full_time(at, visit.office.city.zone), visit),
        "waited": lambda since: _time(since, formats.span(visit.now - since), visit),
        "day": lambda value: _day(value, visit.today),
        "readable": lambda text: words.readable(text, visit.today),
    }
    return packed(Response(render_template(f"desk/{template}", **frame, **values), status, mimetype="text/html"))


def packed(response: Response) -> Response:
    """Compress a page. Only for requests of our own pages: another site must not learn a secret in it from its length
    (the BREACH attack), and a browser tells us who asks."""
    asked_by_us = request.headers.get("Sec-Fetch-Site") in ("same-origin", "none")
    body = response.get_data()
    if asked_by_us and request.accept_encodings.quality("gzip") > 0 and len(body) >= SMALLEST_PACKED:
        response.set_data(gzip.compress(body, 6))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _icon(name: str) -> Markup:
    sheet = assets().url(f"{USWDS}/img/icons.svg")
    return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        sheet, name
    )


def _time(at: datetime, text: str, visit: Visit) -> Markup:
    full = formats.full_time(at, visit.office.city.zone)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(timespec="seconds"), full, text)


def _day(value: date | None, today: date) -> Markup:
    if value is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), formats.day(value, today))
