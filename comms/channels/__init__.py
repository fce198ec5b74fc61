"""How a message leaves: one ``Channel`` a carrier, four outcomes, and the carriers' error codes as data.

``open_channel("sms" | "email", ...)`` gives a channel whose ``send`` may be called from many threads and never
raises for what a carrier does; ``look_for`` asks the carrier what became of a message whose outcome is not known.
``errors`` explains a carrier's code; ``statuses`` turns a carrier's words into the outbox's states; ``mail_house``
writes a batch of letters.
"""

from .contract import CannotAsk, Channel, ChannelNotAllowed, Found, Outcome, Outgoing, Result
from .opening import open_channel

__all__ = [
    "CannotAsk",
    "Channel",
    "ChannelNotAllowed",
    "Found",
    "Outcome",
    "Outgoing",
    "Result",
    "open_channel",
]
