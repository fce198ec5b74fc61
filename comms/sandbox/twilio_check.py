"""What Twilio's Messages API asks of a request's parameters: each known name has a form that its text must have.

Source: Twilio's API description (2010-04-01, Messages). A name that Twilio does not know is ignored, as Twilio does.
"""

import re
from collections.abc import Mapping

_BOOLEAN = re.compile("true|false", re.IGNORECASE)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d+)?", re.ASCII)


def _sid(prefix: str) -> re.Pattern[str]:
    return re.compile(f"{prefix}[0-9a-fA-F]{{32}}")


_FORMS: dict[str, re.Pattern[str]] = {
    "AddressRetention": re.compile("retain|obfuscate"),
    "ApplicationSid": _sid("AP"),
    "Attempt": _INTEGER,
    "ContentRetention": re.compile("retain|discard"),
    "ContentSid": _sid("HX"),
    "ForceDelivery": _BOOLEAN,
    "MaxPrice": _NUMBER,
    "MessagingServiceSid": _sid("MG"),
    "ProvideFeedback": _BOOLEAN,
    "RiskCheck": re.compile("enable|disable"),
    "ScheduleType": re.compile("fixed"),
    "SendAsMms": _BOOLEAN,
    "ShortenUrls": _BOOLEAN,
    "SmartEncoded": _BOOLEAN,
    "Status": re.compile("canceled"),
    "TrafficType": re.compile("free"),
    "ValidityPeriod": _INTEGER,
}


def unreadable(form: Mapping[str, str]) -> str | None:
    """The first parameter whose text is not what its name asks for; an empty one counts as not given."""
    for name, text in form.items():
        pattern = _FORMS.get(name)
        if pattern is not None and text and not pattern.fullmatch(text):
            return name
    return None
