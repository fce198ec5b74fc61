"""Opening a channel by its name, with the settings' limits on where it may connect."""

from comms.city import City
from comms.clock import Clock
from comms.settings import Settings

from .contract import Channel
from .email_sendgrid import SendGridEmail
from .sms_twilio import TwilioSms


def open_channel(name: str, settings: Settings, city: City, clock: Clock, *, connections: int | None = None) -> Channel:
    """The channel called ``sms`` or ``email``, with a pool of ``connections`` (default: the setting ``comms_threads``).

    Raises ``ChannelNotAllowed`` when sandbox mode is asked to connect off this machine, or a sender is missing.
    """
    size = connections or settings.comms_threads
    if name == "sms":
        return TwilioSms(settings, clock, connections=size)
    if name == "email":
        return SendGridEmail(settings, city, clock, connections=size)
    raise ValueError(f"There is no channel {name!r} that a carrier takes; there are sms and email.")
