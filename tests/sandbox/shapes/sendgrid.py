"""SendGrid: the body of mail/send, its errors, the events it posts and the form of its Inbound Parse."""

from . import BOOLEAN, EMAIL, INTEGER, STRING, TEXT, null_or, one_of, some, strict

_PERSON = strict({"email": EMAIL}, {"name": STRING})
_PEOPLE = some(_PERSON, maxItems=1000)
_SWITCH = strict({}, {"enable": BOOLEAN})
_NAMED = {"type": "object", "additionalProperties": STRING}

MAIL = strict(
    {
        "personalizations": some(
            strict(
                {"to": some(_PERSON, minItems=1, maxItems=1000)},
                {
                    "from": _PERSON,
                    "cc": _PEOPLE,
                    "bcc": _PEOPLE,
                    "subject": TEXT,
                    "headers": _NAMED,
                    "substitutions": _NAMED | {"maxProperties": 10_000},
                    "dynamic_template_data": {"type": "object"},
                    "custom_args": _NAMED | {"maxProperties": 10_000},
                    "send_at": INTEGER,
                },
            ),
            minItems=1,
            maxItems=1000,
        ),
        "from": _PERSON,
    },
    {
        "reply_to": _PERSON,
        "reply_to_list": _PEOPLE | {"uniqueItems": True},
        "subject": TEXT,
        "content": some(strict({"type": TEXT, "value": TEXT})),
        "attachments": some(
            strict(
                {"content": TEXT, "filename": STRING},
                {"type": TEXT, "disposition": one_of("inline", "attachment"), "content_id": STRING},
            )
        ),
        "template_id": STRING,
        "headers": _NAMED,
        "categories": some({"type": "string", "maxLength": 255}, uniqueItems=True, maxItems=10),
        "custom_args": _NAMED,
        "send_at": INTEGER,
        "batch_id": STRING,
        "asm": strict({"group_id": INTEGER}, {"groups_to_display": some(INTEGER, maxItems=25)}),
        "ip_pool_name": {"type": "string", "minLength": 2, "maxLength": 64},
        "mail_settings": strict(
            {},
            {
                "bypass_list_management": _SWITCH,
                "bypass_spam_management": _SWITCH,
                "bypass_bounce_management": _SWITCH,
                "bypass_unsubscribe_management": _SWITCH,
                "footer": strict({}, {"enable": BOOLEAN, "text": STRING, "html": STRING}),
                "sandbox_mode": _SWITCH,
            },
        ),
        "tracking_settings": strict(
            {},
            {
                "click_tracking": strict({}, {"enable": BOOLEAN, "enable_text": BOOLEAN}),
                "open_tracking": strict({}, {"enable": BOOLEAN, "substitution_tag": STRING}),
                "subscription_tracking": strict(
                    {}, {"enable": BOOLEAN, "text": STRING, "html": STRING, "substitution_tag": STRING}
                ),
                "ganalytics": strict(
                    {},
                    {"enable": BOOLEAN}
                    | {f"utm_{name}": STRING for name in ("source", "medium", "term", "content", "campaign")},
                ),
            },
        ),
    },
)
"""The document gives ``custom_args`` at the top the type string; the API and the SDK take an object of strings."""

ERROR = strict(
    {
        "errors": some(
            strict({"message": TEXT, "field": null_or(STRING)}, {"help": {"type": "object"}}),
            minItems=1,
        )
    },
    {"id": STRING},
)

_KEY = {"type": "string", "pattern": r"^[A-Za-z0-9_-]{1,100}$"}
_TOLD = {"email": EMAIL, "timestamp": {"type": "integer", "minimum": 1_500_000_000}, "sg_event_id": _KEY}
_OPTIONAL = {"category": some(STRING, minItems=1, maxItems=10)}
_IDS = {"sg_message_id": TEXT, "smtp-id": {"type": "string", "pattern": r"^<[^<>@\s]+@[^<>@\s]+>$"}}
_OVER_SMTP = {"ip": {"type": "string", "pattern": r"^\d+(\.\d+){3}$"}, "tls": {"type": "integer", "enum": [0, 1]}}
_STATUS = {"type": "string", "pattern": r"^[245]\.\d+\.\d+$"}
_READER = {"sg_message_id": TEXT, "useragent": TEXT, "ip": _OVER_SMTP["ip"]}
_SMTP_ID = {"smtp-id": _IDS["smtp-id"]}

_EVENTS: dict[str, tuple[dict, dict]] = {
    "processed": (_IDS, {"pool": strict({"name": STRING, "id": INTEGER})}),
    "deferred": (_IDS | {"response": TEXT, "attempt": {"type": "string", "pattern": r"^\d+$"}}, _OVER_SMTP),
    "delivered": (_IDS | {"response": TEXT}, _OVER_SMTP),
    "bounce": (
        {"type": one_of("bounce", "blocked"), "reason": TEXT, "status": _STATUS},
        _IDS | _OVER_SMTP | {"bounce_classification": TEXT},
    ),
    "dropped": (_IDS | {"reason": TEXT}, {"status": _STATUS}),
    "open": (_READER | {"sg_machine_open": BOOLEAN}, _SMTP_ID | {"sg_content_type": one_of("html", "amp")}),
    "click": (
        _READER | {"url": TEXT, "url_offset": strict({"index": INTEGER, "type": one_of("html", "text")})},
        _SMTP_ID,
    ),
    "spamreport": ({"sg_message_id": TEXT}, _SMTP_ID),
    "unsubscribe": ({"sg_message_id": TEXT}, _SMTP_ID),
}


def event(word: str, custom: tuple[str, ...] = ()) -> dict:
    """One event of the Event Webhook (sendgrid/docs, event.md): ``custom`` names the mail's own arguments, which come
    as fields beside SendGrid's. An asynchronous bounce has no ids."""
    required, optional = _EVENTS[word]
    own = dict.fromkeys(custom, STRING)
    return strict(_TOLD | {"event": {"type": "string", "const": word}} | required | own, _OPTIONAL | optional)


EVENT_WORDS = tuple(_EVENTS)

INBOUND_PARSE = strict(
    {
        **dict.fromkeys(("headers", "dkim", "to", "from", "subject", "envelope", "charsets", "SPF"), STRING),
        "sender_ip": _OVER_SMTP["ip"],
        "attachments": {"type": "string", "pattern": r"^\d+$"},
    },
    {
        **dict.fromkeys(("text", "html", "cc", "spam_report", "attachment-info", "content-ids"), STRING),
        "spam_score": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    },
    patternProperties={r"^attachment[1-9]\d*$": STRING},
    dependentRequired={"spam_score": ["spam_report"], "spam_report": ["spam_score"]},
)
"""The form's text fields (sendgrid/docs, setting-up-the-inbound-parse-webhook.md)."""
ENVELOPE = strict({"to": some(EMAIL, minItems=1), "from": STRING})
CHARSETS = {"type": "object", "additionalProperties": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}}
ATTACHMENT_INFO = {
    "type": "object",
    "patternProperties": {
        r"^attachment[1-9]\d*$": strict(
            {"filename": STRING, "type": TEXT}, {"name": STRING, "charset": STRING, "content-id": STRING}
        )
    },
    "additionalProperties": False,
}
