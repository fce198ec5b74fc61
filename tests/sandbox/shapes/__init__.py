"""The carriers' contracts as JSON Schemas of our own: every field with its type, and no field beyond them.

What is stated about requests and answers follows the carriers' public OpenAPI documents: twilio/twilio-oai
``spec/json/twilio_api_v2010.json`` (info.version 1.0.0, commit d50069b, 2026-04) and twilio/sendgrid-oai
``tsg_mail_v3.json`` (commit dbe0e0d, 2026-01). Those say nothing of error bodies of Twilio and of any webhook; for
these, and wherever we are stricter than the documents (a field that may be null there and never is), the source is
named beside the schema.
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

_formats = FormatChecker(formats=())
_EMAIL = re.compile(r"[^@\s<>()\[\],:;\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_RFC2822 = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} \+0000")


@_formats.checks("rfc2822", raises=(ValueError, TypeError))
def _is_rfc2822(value: object) -> bool:
    return not isinstance(value, str) or (_RFC2822.fullmatch(value) and parsedate_to_datetime(value) is not None)


@_formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or ("T" in value and datetime.fromisoformat(value).tzinfo is not None)


@_formats.checks("uri", raises=ValueError)
def _is_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    return value.isascii() and not re.search(r"\s", value) and bool(parts.scheme and parts.hostname)


@_formats.checks("email")
def _is_email(value: object) -> bool:
    return not isinstance(value, str) or _EMAIL.fullmatch(value) is not None


@_formats.checks("phone-number")
def _is_phone_number(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"\+[1-9]\d{6,14}", value) is not None


STRING = {"type": "string"}
TEXT = {"type": "string", "minLength": 1}
INTEGER = {"type": "integer"}
BOOLEAN = {"type": "boolean"}
EMAIL = {"type": "string", "format": "email"}
URI = {"type": "string", "format": "uri"}
TIME = {"type": "string", "format": "date-time"}


def null_or(schema: dict) -> dict:
    return schema | {"type": [schema["type"], "null"]}


def one_of(*words: str) -> dict:
    return {"type": "string", "enum": list(words)}


def some(item: dict, **limits: object) -> dict:
    return {"type": "array", "items": item} | limits


def strict(required: dict | None = None, optional: dict | None = None, **more: object) -> dict:
    """An object with all of ``required``, perhaps some of ``optional``, and nothing else."""
    required, optional = required or {}, optional or {}
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    } | more


def findings(schema: dict, value: object) -> list[str]:
    """Everything about ``value`` that is not as the schema says."""
    checker = Draft202012Validator(schema, format_checker=_formats)
    return [f"{error.json_path}: {error.message[:300]}" for error in checker.iter_errors(value)]


def check(schema: dict, value: object) -> None:
    assert findings(schema, value) == []


def read_form(schema: dict, pairs: Iterable[tuple[str, str]]) -> dict:
    """The fields of a form or a query with the types that the schema gives them: text that says 7 is a number where a
    number is due. What cannot be read so, or comes twice where one value is due, is left for ``check`` to find."""
    form: dict = {}
    for name, text in pairs:
        given = schema["properties"].get(name, {})
        kind = given.get("type")
        if kind == "array":
            is_object = given["items"].get("type") == "object"
            form.setdefault(name, []).append(json.loads(text) if is_object else text)
        elif name in form:
            form[name] = [form[name], text]
        else:
            form[name] = _typed(kind, text)
    return form


def _typed(kind: object, text: str) -> object:
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    return text
