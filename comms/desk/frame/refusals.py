"""What a room refuses, as the desk says it: without the command that the same sentence recommends in a terminal."""

import re

_NEXT_STEP = re.compile(r"\s*;?\s*\bnext step: comms .*$", re.DOTALL | re.IGNORECASE)
_POINTER = re.compile(r"(?<=[.!?])\s+(?:See|List|Look)\b[^.:]*: (?:comms |--).*$", re.DOTALL)
"""A sentence that only points at the command: ``List them: comms shutoff list``."""
_COMMAND = re.compile(r"(?:\s+with)?: (?:comms |--).*$", re.DOTALL)


def in_words(error: Exception | str) -> str:
    """``Run 5 is paused by dana. Next step: comms campaign resume 5`` is ``Run 5 is paused by dana.``"""
    said = _COMMAND.sub(".", _POINTER.sub("", _NEXT_STEP.sub("", str(error)))).strip()
    return said if said.endswith((".", "!", "?")) else f"{said}."
