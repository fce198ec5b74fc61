"""What SendGrid's v3/mail/send asks of a request body, as findings with the field they are about.

Sources: SendGrid's mail description (fields, limits) and its page of mail errors (facts: sg-oai, errors.md).
"""

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Callable, Iterator
from typing import Any

MOST_PERSONALIZATIONS = 1000
MOST_RECIPIENTS = 1000
MOST_CUSTOM_ARGS = 10_000
"""Bytes of custom arguments in one request."""
LONGEST_WAIT = 72 * 3600
"""Seconds that ``send_at`` may lie ahead."""

Finding = tuple[str, str | None]
"""What is wrong, and the field, such as ``personalizations.0.to``."""

_EMAIL = re.compile(r"[^@\s\"<>(),:;\[\]]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_RESERVED_HEADERS = frozenset(
    (
        *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
        *("to", "from", "subject", "reply-to", "cc", "bcc"),
    )
)

_KINDS: dict[str, type] = {
    "personalizations": list,
    "from": dict,
    "reply_to": dict,
    "reply_to_list": list,
    "subject": str,
    "content": list,
    "attachments": list,
    "template_id": str,
    "headers": dict,
    "categories": list,
    "custom_args": dict,
    "send_at": int,
    "batch_id": str,
    "asm": dict,
    "ip_pool_name": str,
    "mail_settings": dict,
    "tracking_settings": dict,
}
_PERSONAL_KINDS: dict[str, type] = {
    "from": dict,
    "to": list,
    "cc": list,
    "bcc": list,
    "subject": str,
    "headers": dict,
    "substitutions": dict,
    "dynamic_template_data": dict,
    "custom_args": dict,
    "send_at": int,
}

_SWITCH: dict[str, Any] = {"enable": bool}
_SHAPES: dict[str, Any] = {
    "asm": {"group_id": int, "groups_to_display": list},
    "mail_settings": {
        "bypass_list_management": _SWITCH,
        "bypass_spam_management": _SWITCH,
        "bypass_bounce_management": _SWITCH,
        "bypass_unsubscribe_management": _SWITCH,
        "footer": {"enable": bool, "text": str, "html": str},
        "sandbox_mode": _SWITCH,
    },
    "tracking_settings": {
        "click_tracking": {"enable": bool, "enable_text": bool},
        "open_tracking": {"enable": bool, "substitution_tag": str},
        "subscription_tracking": {"enable": bool, "text": str, "html": str, "substitution_tag": str},
        "ganalytics": {"enable": bool}
        | dict.fromkeys(("utm_source", "utm_medium", "utm_term", "utm_content", "utm_campaign"), str),
    },
}
_ATTACHMENT: dict[str, Any] = dict.fromkeys(("content", "type", "filename", "disposition", "content_id"), str)


def findings(mail: dict[str, Any], now: float) -> list[Finding]:
    """Everything wrong with a request body; ``now`` is Unix time. Empty means it would be accepted."""
    wrong_kind = list(_kinds(mail, _KINDS, ""))
    if wrong_kind:
        return wrong_kind
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _senders(mail),
        lambda: _personalizations(mail, now),
        lambda: _content(mail),
        lambda: _attachments(mail),
        lambda: _headers(mail, "headers"),
        lambda: _custom_args(mail),
        lambda: _categories(mail),
        lambda: _send_at(mail, "send_at", now),
        lambda: _settings(mail),
    )
    return [finding for check in checks for finding in check()]


def _kinds(value: dict[str, Any], kinds: dict[str, type], where: str) -> Iterator[Finding]:
    for name, part in value.items():
        kind = kinds.get(name)
        if kind is None:
            yield f"{name} is not a known property.", where + name
        elif not isinstance(part, kind) or isinstance(part, bool):
            yield f"{name} has the wrong type.", where + name


def _address(value: object, field: str) -> Iterator[Finding]:
    if not isinstance(value, dict) or not isinstance(value.get("email"), str):
        yield "An object with an email is required.", f"{field}.email"
        return
    if not _EMAIL.fullmatch(value["email"]) or len(value["email"]) > 254:
        yield "This is not a valid email address.", f"{field}.email"
    if not isinstance(value.get("name", ""), str) or value.keys() - {"email", "name"}:
        yield "An address has an email and a name, both strings.", field


def _senders(mail: dict[str, Any]) -> Iterator[Finding]:
    yield from _address(mail.get("from"), "from")
    if "reply_to" in mail:
        yield from _address(mail["reply_to"], "reply_to")
    if "reply_to" in mail and "reply_to_list" in mail:
        yield "reply_to and reply_to_list exclude each other.", "reply_to"
    for at, address in enumerate(mail.get("reply_to_list", [])):
        yield from _address(address, f"reply_to_list.{at}")


def _personalizations(mail: dict[str, Any], now: float) -> Iterator[Finding]:
    people = mail.get("personalizations")
    if not people:
        yield "At least one personalization is required.", "personalizations"
        return
    if len(people) > MOST_PERSONALIZATIONS:
        yield f"At most {MOST_PERSONALIZATIONS} personalizations are taken.", "personalizations"
        return
    recipients = 0
    for at, person in enumerate(people):
        where = f"personalizations.{at}"
        if not isinstance(person, dict):
            yield "A personalization is an object.", where
            continue
        wrong_kind = list(_kinds(person, _PERSONAL_KINDS, f"{where}."))
        yield from wrong_kind
        if wrong_kind:
            continue
        if not person.get("to"):
            yield "At least one recipient is required.", f"{where}.to"
        recipients += sum(len(person.get(kind, [])) for kind in ("to", "cc", "bcc"))
        yield from _recipients(person, where)
        yield from _headers(person, f"{where}.headers")
        yield from _send_at(person, f"{where}.send_at", now)
        if not (person.get("subject") or mail.get("subject") or mail.get("template_id")):
            yield "A subject is required.", "subject"
    if recipients > MOST_RECIPIENTS:
        yield f"At most {MOST_RECIPIENTS} recipients are taken in one request.", "personalizations"


def _recipients(person: dict[str, Any], where: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for kind in ("to", "cc", "bcc"):
        for at, address in enumerate(person.get(kind, [])):
            wrong = list(_address(address, f"{where}.{kind}.{at}"))
            yield from wrong
            if not wrong and address["email"].lower() in seen:
                yield "An address may appear once in a personalization.", f"{where}.{kind}.{at}.email"
            if not wrong:
                seen.add(address["email"].lower())


def _content(mail: dict[str, Any]) -> Iterator[Finding]:
    parts = mail.get("content")
    if not parts:
        if not mail.get("template_id"):
            yield "At least one content part is required.", "content"
        return
    kinds = []
    for at, part in enumerate(parts):
        good = isinstance(part, dict) and part.keys() == {"type", "value"}
        if not good or not all(isinstance(value, str) and value for value in part.values()):
            yield "A content part has a type and a value, neither empty.", f"content.{at}"
            return
        kinds.append(part["type"].partition(";")[0].strip().lower())
    if kinds != sorted(kinds, key=lambda kind: {"text/plain": 0, "text/html": 1}.get(kind, 2)):
        yield "text/plain comes first, then text/html, then the rest.", "content"


def _attachments(mail: dict[str, Any]) -> Iterator[Finding]:
    for at, part in enumerate(mail.get("attachments", [])):
        where = f"attachments.{at}"
        wrong = list(_shaped(part, _ATTACHMENT, where))
        yield from wrong
        if wrong:
            continue
        if not part.get("filename") or not part.get("content"):
            yield "An attachment has a content and a filename.", where
            continue
        if part.get("disposition", "attachment") not in ("attachment", "inline"):
            yield "disposition is attachment or inline.", f"{where}.disposition"
        try:
            b64decode(part["content"], validate=True)
        except (BadBase64, ValueError):
            yield "An attachment's content is base64.", f"{where}.content"


def _headers(holder: dict[str, Any], where: str) -> Iterator[Finding]:
    for name, value in holder.get("headers", {}).items():
        if not isinstance(value, str):
            yield "A header's value is a string.", f"{where}.{name}"
        if name.lower() in _RESERVED_HEADERS:
            yield f"The header {name} is reserved.", f"{where}.{name}"


def _custom_args(mail: dict[str, Any]) -> Iterator[Finding]:
    size = 0
    holders = [(mail, "custom_args")]
    holders += [
        (person, f"personalizations.{at}.custom_args")
        for at, person in enumerate(mail.get("personalizations", []))
        if isinstance(person, dict)
    ]
    for holder, where in holders:
        args = holder.get("custom_args", {})
        if not isinstance(args, dict):
            continue  # found before, as a wrong type
        for name, value in args.items():
            if not isinstance(value, str):
                yield "A custom argument is a string.", f"{where}.{name}"
            else:
                size += len(name.encode("utf-8", "replace")) + len(value.encode("utf-8", "replace"))
    if size > MOST_CUSTOM_ARGS:
        yield f"Custom arguments take at most {MOST_CUSTOM_ARGS} bytes.", "custom_args"


def _categories(mail: dict[str, Any]) -> Iterator[Finding]:
    given = mail.get("categories", [])
    if not all(isinstance(name, str) and len(name) <= 255 for name in given):
        yield "A category is a string of at most 255 characters.", "categories"
    elif len(given) > 10 or len(set(given)) != len(given):
        yield "At most 10 categories are taken, each once.", "categories"


def _send_at(holder: dict[str, Any], field: str, now: float) -> Iterator[Finding]:
    if holder.get("send_at", 0) > now + LONGEST_WAIT:
        yield "send_at is at most 72 hours ahead.", field


def _settings(mail: dict[str, Any]) -> Iterator[Finding]:
    for name, shape in _SHAPES.items():
        yield from _shaped(mail.get(name, {}), shape, name)
    if "asm" in mail and "group_id" not in mail["asm"]:
        yield "asm needs a group_id.", "asm.group_id"
    groups = mail.get("asm", {}).get("groups_to_display")
    if isinstance(groups, list) and len(groups) > 25:
        yield "At most 25 groups are shown.", "asm.groups_to_display"
    if not 2 <= len(mail.get("ip_pool_name", "--")) <= 64:
        yield "ip_pool_name has 2 to 64 characters.", "ip_pool_name"


def _shaped(value: object, shape: dict[str, Any], where: str) -> Iterator[Finding]:
    """Findings for an object whose properties and their types, nested ones too, are all known."""
    if not isinstance(value, dict):
        yield f"{where} is an object.", where
        return
    for name, part in value.items():
        kind = shape.get(name)
        if isinstance(kind, dict):
            yield from _shaped(part, kind, f"{where}.{name}")
        elif kind is None or not isinstance(part, kind) or (isinstance(part, bool) and kind is not bool):
            yield f"{name} is not known here or has the wrong type.", f"{where}.{name}"
