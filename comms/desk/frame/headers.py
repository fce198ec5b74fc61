"""The security headers of every answer, and the cookies of the forms.

No page holds a script or a style of its own, so the policy needs neither a nonce nor a hash, and the hook depends on
nothing that ran before it: an answer refused early has the same headers.
"""

from flask import Flask, Response, request

from comms.office import Office

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Set where an answer has not set its own. Strict-Transport-Security counts only over https (RFC 6797)."""
FRAMED = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
    )
}
"""For a message that is looked at in a frame of our page: its own styles count, and nothing in it runs or is sent."""


def install(app: Flask, office: Office) -> None:
    """Add the headers to every answer, and set the cookie that the forms' tokens live in."""
    app.config.setdefault("SECRET_KEY", None)
    app.secret_key = app.secret_key or office.settings.secret
    app.config.update(
        SESSION_COOKIE_NAME="__Host-form",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/assets/"):
            response.headers.pop("Set-Cookie", None)
        return response
