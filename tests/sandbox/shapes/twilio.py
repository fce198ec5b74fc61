"""Twilio: the Message resource, its lists, its requests, its errors and the forms it posts."""

from . import BOOLEAN, INTEGER, STRING, TEXT, TIME, URI, null_or, one_of, some, strict

VERSION = "2010-04-01"
COUNT = {"type": "string", "pattern": r"^\d+$"}
PHONE = {"type": "string", "format": "phone-number"}
RFC2822 = {"type": "string", "format": "rfc2822"}
PLACE = {"type": "string", "pattern": f"^/{VERSION}/Accounts/AC[0-9a-fA-F]{{32}}/"}
"""Where something is: Twilio's addresses are relative although the document calls those of a list URIs."""


def sid(prefixes: str) -> dict:
    return {"type": "string", "minLength": 34, "maxLength": 34, "pattern": f"^({prefixes})[0-9a-fA-F]{{32}}$"}


STATUSES = (
    *("queued", "sending", "sent", "failed", "delivered", "undelivered", "receiving", "received", "accepted"),
    *("scheduled", "read", "partially_delivered", "canceled"),
)

MESSAGE = strict(
    {
        "account_sid": sid("AC"),
        "api_version": {"type": "string", "const": VERSION},
        "body": STRING,
        "date_created": RFC2822,
        "date_sent": null_or(RFC2822),
        "date_updated": RFC2822,
        "direction": one_of("inbound", "outbound-api", "outbound-call", "outbound-reply"),
        "error_code": null_or(INTEGER),
        "error_message": null_or(TEXT),
        "from": null_or(PHONE),
        "messaging_service_sid": null_or(sid("MG")),
        "num_media": COUNT,
        "num_segments": COUNT,
        "price": null_or({"type": "string", "pattern": r"^-?\d+\.\d{5}$"}),
        "price_unit": null_or({"type": "string", "pattern": "^[A-Z]{3}$"}),
        "sid": sid("SM|MM"),
        "status": one_of(*STATUSES),
        "subresource_uris": strict({"media": PLACE}),
        "to": PHONE,
        "uri": PLACE,
    }
)
"""Stricter than the document, in which all may be null: Twilio's page of the Message resource says when one is."""

_PAGING = {
    "end": INTEGER,
    "first_page_uri": PLACE,
    "next_page_uri": null_or(PLACE),
    "page": INTEGER,
    "page_size": INTEGER,
    "previous_page_uri": null_or(PLACE),
    "start": INTEGER,
    "uri": PLACE,
}
MESSAGE_LIST = strict({"messages": some(MESSAGE)} | _PAGING)

MEDIUM = strict(
    {
        "account_sid": sid("AC"),
        "content_type": TEXT,
        "date_created": RFC2822,
        "date_updated": RFC2822,
        "parent_sid": sid("SM|MM"),
        "sid": sid("ME"),
        "uri": PLACE,
    }
)
MEDIA_LIST = strict({"media_list": some(MEDIUM)} | _PAGING)

CREATE = strict(
    {"To": PHONE},
    {
        "StatusCallback": URI,
        "ApplicationSid": sid("AP"),
        "MaxPrice": {"type": "number"},
        "ProvideFeedback": BOOLEAN,
        "Attempt": INTEGER,
        "ValidityPeriod": INTEGER,
        "ForceDelivery": BOOLEAN,
        "ContentRetention": one_of("retain", "discard"),
        "AddressRetention": one_of("retain", "obfuscate"),
        "SmartEncoded": BOOLEAN,
        "PersistentAction": some(STRING),
        "TrafficType": one_of("free"),
        "ShortenUrls": BOOLEAN,
        "ScheduleType": one_of("fixed"),
        "SendAt": TIME,
        "SendAsMms": BOOLEAN,
        "ContentVariables": STRING,
        "RiskCheck": one_of("enable", "disable"),
        "From": PHONE,
        "FallbackFrom": PHONE,
        "MessagingServiceSid": sid("MG"),
        "Body": STRING,
        "MediaUrl": some(URI),
        "ContentSid": sid("HX"),
    },
)
UPDATE = strict({}, {"Body": STRING, "Status": one_of("canceled")})
LIST = strict(
    {},
    {
        "To": PHONE,
        "From": PHONE,
        "DateSent": TIME,
        "DateSent<": TIME,
        "DateSent>": TIME,
        "PageSize": {"type": "integer", "minimum": 1, "maximum": 1000},
        "Page": {"type": "integer", "minimum": 0},
        "PageToken": STRING,
    },
)

CONSENT = strict(
    {
        "contact_id": PHONE,
        "correlation_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "sender_id": {"type": "string", "pattern": r"^(MG[0-9a-fA-F]{32}|\+[1-9]\d{6,14})$"},
        "status": one_of("opt-in", "opt-out"),
        "source": one_of("website", "offline", "opt-in-message", "opt-out-message", "others"),
    },
    {"date_of_consent": TIME},
)
CONSENTS = strict({"Items": some(CONSENT, minItems=1, maxItems=25)})
CONSENTS_ANSWER = strict(
    {
        "items": some(
            strict(
                {
                    "correlation_id": STRING,
                    "error_code": INTEGER,
                    "error_messages": some(TEXT),
                }
            )
        )
    }
)
"""Twilio's description of its accounts API (BulkConsents) and its page of the Consent Management API (at most 25)."""

ERROR = strict(
    {
        "code": {"type": "integer", "minimum": 10000, "maximum": 99999},
        "message": TEXT,
        "more_info": {"type": "string", "pattern": "^https://www.twilio.com/docs/errors/[0-9]{5}$"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
    }
)
"""Not in the document; Twilio's page "Twilio's response" (exceptions)."""

_ABOUT = {
    "MessageSid": sid("SM|MM"),
    "SmsSid": sid("SM|MM"),
    "AccountSid": sid("AC"),
    "ApiVersion": {"type": "string", "const": VERSION},
    "From": PHONE,
    "To": PHONE,
}
STATUS_CALLBACK = strict(
    _ABOUT | {"MessageStatus": one_of(*STATUSES), "SmsStatus": one_of(*STATUSES)},
    {
        "MessagingServiceSid": sid("MG"),
        "ErrorCode": {"type": "string", "pattern": "^[1-9][0-9]{4}$"},
        "RawDlrDoneDate": {"type": "string", "pattern": r"^\d{10}$"},
    },
    allOf=[
        {
            "if": {"required": ["ErrorCode"]},
            "then": {"properties": {"MessageStatus": {"enum": ["failed", "undelivered"]}}},
        },
        {
            "if": {"required": ["RawDlrDoneDate"]},
            "then": {"properties": {"MessageStatus": {"enum": ["delivered", "undelivered"]}}},
        },
    ],
)
"""Twilio's page "Outbound message status in status callbacks"; RawDlrDoneDate is YYMMDDhhmm."""

_PLACES = ("Country", "State", "City", "Zip")
INBOUND = strict(
    _ABOUT
    | {
        "SmsMessageSid": sid("SM|MM"),
        "Body": STRING,
        "NumMedia": COUNT,
        "NumSegments": COUNT,
        "SmsStatus": one_of("received"),
    },
    {
        "MessagingServiceSid": sid("MG"),
        "OptOutType": one_of("STOP", "START", "HELP"),
        **{f"{side}{part}": STRING for side in ("To", "From") for part in _PLACES},
    },
    dependentRequired={"OptOutType": ["MessagingServiceSid"]},
)
"""Twilio's page "Twilio's request to your incoming message webhook URL"; OptOutType is Advanced Opt-Out's."""
