"""Customers write back, and answer what they are asked."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select

from comms.promises.schema import Promise
from comms.replies.schema import Conversation, InboundMessage

from . import cast
from .billing import Posting
from .stage import Stage
from .waiting import hear_back
from .words import bar, many, say


def write_back(on: Stage, coming: Sequence[Posting]) -> None:
    """Everything that ``cast`` has them say. ``coming`` are payments of days to come, so that some keep their word."""
    at = on.office
    with at.database.read() as session:
        lines = list(cast.script(session, coming, at.city.local_date(on.now())))
    all_write(on, lines, "Customers write back")
    asked = [replace(line, words=line.then) for line in lines if line.then and _is_asked(on, line)]
    all_write(on, asked, "Customers answer what was asked")
    with at.database.read() as session:
        understood = session.scalar(select(func.count(InboundMessage.id)).where(InboundMessage.handling == "answered"))
        promised = session.scalar(select(func.count(Promise.id)).where(Promise.status == "open"))
    say(
        f"{many(len(lines) + len(asked), 'text or email', 'texts and emails')} came back; {understood or 0} were "
        f"answered at once, {many(promised or 0, 'promise')} to pay read back, confirmed and noted."
    )


def all_write(on: Stage, lines: Sequence[cast.Line], words: str) -> None:
    """Have customers write, and wait until all of it is understood."""
    with bar(words) as update:
        for number, line in enumerate(lines, 1):
            _write(on, line)
            update(number, len(lines))
    hear_back(on)


def _write(on: Stage, line: cast.Line) -> None:
    if line.channel == "sms":
        on.carriers.text_from(line.sender, line.words)
    else:
        on.carriers.mail_from(line.sender, on.office.city.email, "Re: your account", line.words)


def _is_asked(on: Stage, line: cast.Line) -> bool:
    with on.office.database.read() as session:
        state = session.scalar(
            select(Conversation.state).where(Conversation.channel == line.channel, Conversation.address == line.sender)
        )
    return state == "confirming_promise"
