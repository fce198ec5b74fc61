"""A letter as plain text: what the contact history and the desk show of it."""

from collections.abc import Sequence
from typing import Any

from comms.notices.letter_content import LetterContent


def letter_text(content: LetterContent) -> str:
    """The letter's words in reading order: title, body, and a line for each row of a table. No address."""
    return "\n\n".join([content.title, *_blocks(content.blocks)]).strip() + "\n"


def _blocks(nodes: Sequence[Any]) -> list[str]:
    out: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            if node.strip():
                out.append(node.strip())
        elif node["t"] in ("ul", "ol"):
            marks = (f"{n}." if node["t"] == "ol" else "-" for n in range(1, len(node["c"]) + 1))
            out.append("\n".join(f"{mark} {_inline(item['c'])}" for mark, item in zip(marks, node["c"], strict=True)))
        elif node["t"] == "table":
            out.append("\n".join(_rows(node["c"])))
        elif node["t"] == "blockquote":
            out += _blocks(node["c"])
        elif node["c"]:
            out.append(_inline(node["c"]))
    return out


def _rows(nodes: Sequence[Any]) -> list[str]:
    lines: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            continue
        if node["t"] == "tr":
            lines.append("  ".join(_inline(cell["c"]) for cell in node["c"] if not isinstance(cell, str)))
        else:
            lines += _rows(node["c"])
    return lines


def _inline(nodes: Sequence[Any]) -> str:
    return "".join(
        node if isinstance(node, str) else "\n" if node["t"] == "br" else _inline(node["c"]) for node in nodes
    ).strip(" ")
