"""What the carriers' answers look like, in brief (facts from Twilio's and SendGrid's published descriptions)."""

from email.utils import parsedate_to_datetime

from jsonschema import Draft202012Validator, FormatChecker

_formats = FormatChecker()


@_formats.checks("rfc2822", raises=(ValueError, TypeError))
def _is_rfc2822(value: object) -> bool:
    return not isinstance(value, str) or parsedate_to_datetime(value) is not None


def _sid(prefixes: str, null: bool = False) -> dict:
    return {"type": ["string", "null"] if null else "string", "pattern": f"^({prefixes})[0-9a-fA-F]{{32}}$"}


_TEXT = {"type": ["string", "null"]}
_TIME = {"type": ["string", "null"], "format": "rfc2822"}
_STATUSES = [
    *("queued", "sending", "sent", "failed", "delivered", "undelivered", "receiving", "received", "accepted"),
    *("scheduled", "read", "partially_delivered", "canceled"),
]

_MESSAGE_FIELDS = {
    "body": _TEXT,
    "num_segments": {"type": "string", "pattern": r"^\d+$"},
    "direction": {"enum": ["inbound", "outbound-api", "outbound-call", "outbound-reply"]},
    "from": _TEXT,
    "to": _TEXT,
    "date_created": _TIME,
    "date_updated": _TIME,
    "date_sent": _TIME,
    "price": _TEXT,
    "price_unit": {"type": ["string", "null"], "pattern": "^[A-Z]{3}$"},
    "error_message": _TEXT,
    "error_code": {"type": ["integer", "null"]},
    "uri": {"type": "string", "pattern": "^/2010-04-01/"},
    "account_sid": _sid("AC"),
    "num_media": {"type": "string", "pattern": r"^\d+$"},
    "status": {"enum": _STATUSES},
    "messaging_service_sid": _sid("MG", null=True),
    "sid": _sid("SM|MM"),
    "api_version": {"const": "2010-04-01"},
    "subresource_uris": {"type": "object"},
}
MESSAGE = {
    "type": "object",
    "properties": _MESSAGE_FIELDS,
    "required": list(_MESSAGE_FIELDS),
    "additionalProperties": False,
}

_RELATIVE = {"type": ["string", "null"], "pattern": "^/2010-04-01/"}
_PAGE_FIELDS = {
    "messages": {"type": "array", "items": MESSAGE},
    "uri": _RELATIVE,
    "first_page_uri": _RELATIVE,
    "next_page_uri": _RELATIVE,
    "previous_page_uri": _RELATIVE,
    "page": {"type": "integer"},
    "page_size": {"type": "integer"},
    "start": {"type": "integer"},
    "end": {"type": "integer"},
}
PAGE = {
    "type": "object",
    "properties": _PAGE_FIELDS,
    "required": list(_PAGE_FIELDS),
    "additionalProperties": False,
}

TWILIO_ERROR = {
    "type": "object",
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string", "minLength": 1},
        "more_info": {"type": "string", "pattern": "^https://www.twilio.com/docs/errors/[0-9]+$"},
        "status": {"type": "integer", "minimum": 400},
    },
    "required": ["code", "message", "more_info", "status"],
    "additionalProperties": False,
}

SENDGRID_ERROR = {
    "type": "object",
    "properties": {
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "message": {"type": "string", "minLength": 1},
                    "field": {"type": ["string", "null"]},
                    "help": {"type": "string"},
                },
                "required": ["message", "field"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["errors"],
}


def check(schema: dict, value: object) -> None:
    """Fail with everything about ``value`` that is not as the carrier's description says."""
    wrong = [
        f"{list(error.path)}: {error.message}"
        for error in Draft202012Validator(schema, format_checker=_formats).iter_errors(value)
    ]
    assert wrong == []
