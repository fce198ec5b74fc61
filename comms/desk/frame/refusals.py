"""What a room refuses, as the desk says it: without the command that the same sentence recommends in a terminal."""

import re

_NEXT_STEP = re.compile(r"\s*;?\s*\bnext step: comms .*$", re.DOTALL | re.IGNORECASE)
_COMMAND = re.compile(r"(?:\s+with)?: (?:comms |--).*$", re.DOTALL)


def in_words(error: Exception | str) -> str:
    """``Run 5 is paused by dana. Next step: comms campaign resume 5`` is ``Run 5 is paused by dana.``"""
    said = _COMMAND.sub(".", _NEXT_STEP.sub("", str(error))).strip()
    return said if said.endswith((".", "!", "?")) else f"{said}."
