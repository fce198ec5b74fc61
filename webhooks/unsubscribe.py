"""The address in an email's ``List-Unsubscribe``: one click stops that category of email (RFC 8058).

A mail reader posts ``List-Unsubscribe=One-Click`` and needs no page; a person who opens the link gets a button, because
scanners open links too and must not unsubscribe anybody. Letters and texts go on.
"""

from collections.abc import Callable
from datetime import datetime
from html import escape

from flask import Blueprint, Response
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from comms.accounts import consent
from comms.channels.unsubscribe import read_unsubscribe_token
from comms.history import NewEvent, record
from comms.outbox import Message

from .contract import Office

_WORDS = {
    "en": (
        "Stop these emails?",
        "Stop these emails",
        "You will get no more of these emails.",
        "This link is not valid.",
    ),
    "es": (
        "¿Dejar de recibir estos correos?",
        "Dejar de recibirlos",
        "Ya no recibirá estos correos.",
        "Este enlace no es válido.",
    ),
}


def add_routes(routes: Blueprint, office: Office) -> None:
    """``GET`` and ``POST /u/<token>``."""

    def confirm(token: str) -> Response:
        return _answer(lambda: _form(office, token))

    def revoke(token: str) -> Response:
        return _answer(lambda: _revoke(office, token))

    routes.get("/u/<token>", endpoint="unsubscribe_form")(confirm)
    routes.post("/u/<token>", endpoint="unsubscribe")(revoke)


def _answer(act: Callable[[], Response]) -> Response:
    try:
        return act()
    except SQLAlchemyError:
        response = _page("en", "<p>Please try again in a few minutes.</p>", 503)
        response.headers["Retry-After"] = "60"
        return response


def _form(office: Office, token: str) -> Response:
    with office.database.read() as session:
        message = _message(session, office, token)
        if message is None:
            return _not_valid()
        question, button, _, _ = _WORDS[_language(message)]
        shown = f"<h1>{question}</h1><p>{escape(message.recipient)}</p>"
        return _page(_language(message), f'{shown}<form method="post"><button>{button}</button></form>')


def _revoke(office: Office, token: str) -> Response:
    found: list[str] = []

    def work(session: Session) -> None:
        found.clear()
        if (message := _message(session, office, token)) is not None:
            found.append(_language(message))
            _record(session, message, office.clock.now())

    office.database.run(work)
    return _page(found[0], f"<p>{_WORDS[found[0]][2]}</p>") if found else _not_valid()


def _message(session: Session, office: Office, token: str) -> Message | None:
    message_id = read_unsubscribe_token(office.settings, token)
    if message_id is None:
        return None
    return session.scalar(select(Message).where(Message.id == message_id, Message.channel == "email"))


def _record(session: Session, message: Message, now: datetime) -> None:
    if consent.blocked(session, "email", [message.recipient], message.category):
        return
    accounts = consent.record(
        session,
        channel="email",
        address=message.recipient,
        category=message.category,
        action="revoked",
        source="one_click",
        evidence=f"one-click unsubscription from email {message.id}",
        at=now,
        account_id=message.account_id,
    )
    words = f"{message.recipient} wants no more emails of the kind “{message.category}” (one-click unsubscription)"
    record(
        session,
        [
            NewEvent(
                account, now, "consent.revoked", words, "in", "email", "customer", "message", message.id,
                {"category": message.category},
            )
            for account in accounts
        ],
        now,
    )  # fmt: skip


def _language(message: Message) -> str:
    return message.language if message.language in _WORDS else "en"


def _not_valid() -> Response:
    words = "".join(f"<p>{words[3]}</p>" for words in _WORDS.values())
    return _page("en", words, 404)


def _page(language: str, content: str, status: int = 200) -> Response:
    html = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>Email</title><main>{content}</main></html>"
    )
    headers = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return Response(html, status, content_type="text/html; charset=utf-8", headers=headers)
