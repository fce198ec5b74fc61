"""Pages for what goes wrong: a sentence and a next step, in the look of the desk, without the database."""

from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException, ServiceUnavailable

from comms.desk.access.gate import CSRFError, Visit
from comms.desk.frame.pages import page
from comms.office import Office

MEANINGS = {
    400: ("This request could not be read", "Go back, load the page again, and try once more."),
    403: ("You may not do this", "Your role does not allow it. Ask a supervisor or an administrator."),
    404: ("There is no such page", "Check the address, or search by account number, name, phone or address."),
    405: ("This address does not work that way", "Go back to the page you came from and use its buttons."),
    413: ("That is too much at once", "Shorten what you wrote, or send a file in parts, and send it again."),
    429: ("Too many requests", "Wait a minute, then try again."),
    500: (
        "Something went wrong on our side",
        "Nothing you sent was half done. Try again; if it stays, tell the administrator.",
    ),
    503: (
        "The service cannot answer right now",
        "The database does not answer. Nothing is lost; try again in a minute.",
    ),
}
"""What a person is told for each status: what happened, and what to do."""

PLAIN_PATHS = ("/webhooks/", "/api/", "/healthz", "/readyz", "/metrics", "/assets/")
"""Addresses that programs ask: they get one line of text."""


def install(app: Flask, office: Office) -> None:
    """Answer every error of the application with its page."""

    def answer(error: HTTPException) -> Response:
        return _answer(office, error)

    def old_form(_: CSRFError) -> Response:
        return answer(BadRequest("This form is too old, or your browser sent it without its cookie."))

    def must_sign_in(_: HTTPException) -> Response:
        """A form or a fragment of somebody whose session has ended: what was written is given back."""
        problem = "Your session has ended and nothing was sent. Sign in to go on."
        return page(
            _nobody(office), "sign_in.html", status=401, next=_page_before(), username="", problem=problem,
            draft=_draft(),
        )  # fmt: skip

    def no_database(error: Exception) -> Response:
        app.logger.error("the database does not answer", exc_info=error)
        return answer(ServiceUnavailable())

    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(CSRFError, old_form)
    app.register_error_handler(401, must_sign_in)
    app.register_error_handler(OperationalError, no_database)
    app.register_error_handler(PoolTimeout, no_database)


def _answer(office: Office, error: HTTPException) -> Response:
    """The page of an error; a program gets it as a line."""
    code = error.code or 500
    title, advice = MEANINGS.get(code) or MEANINGS[400 if code < 500 else 500]
    said = error.description if error.description != type(error).description else None
    if request.path.startswith(PLAIN_PATHS):
        response = Response(f"{title}. {said or advice}\n", code, mimetype="text/plain")
    else:
        response = page(
            _nobody(office), "error.html", status=code, title=title, said=said, advice=advice, draft=_draft(),
            searchable=code == 404, again=code >= 500 and request.method == "GET",
            reference=g.get("request_id", "") if code >= 500 else "",
        )  # fmt: skip
    if code == 503:
        response.headers["Retry-After"] = "60"
    if allowed := error.get_response().headers.get("Allow"):
        response.headers["Allow"] = allowed
    return response


def _nobody(office: Office) -> Visit:
    return Visit(office, None, office.clock.now())


def _draft() -> str:
    """What was written in a form that could not be taken, so that it is not lost."""
    try:
        return request.form.get("text", "")
    except HTTPException:
        return ""


def _page_before() -> str:
    """The page of ours that a form was on."""
    before = urlsplit(request.referrer or "")
    return f"{before.path}?{before.query}".rstrip("?") if before.netloc == request.host else "/"
