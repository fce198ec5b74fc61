"""From the tree of a notice to what each channel carries: HTML, plain text, and the JSON that a letter is set from.

Each writer returns the source of a Jinja template; compiled once, it only puts values into places.
"""

import html
import json
from collections.abc import Sequence
from typing import Any

from comms.notices.compiling import Element, Marked, Node, Statement, Value

_RULER = "----------------------------------------"


def expression(value: Value) -> str:
    return f"{{{{ {value.source} }}}}"


def address_of(href: Sequence[str | Value]) -> Value:
    """A link's address as one checked expression."""
    parts = [repr(part) if isinstance(part, str) else f"({part.source})" for part in href]
    return Value(f"({' ~ '.join(parts)}) | link")


def is_action(node: Node) -> bool:
    """A paragraph that is one link and nothing else: the button of an email, the code beside a letter's table."""
    return (
        isinstance(node, Element)
        and node.tag == "p"
        and len(node.children) == 1
        and isinstance(node.children[0], Element)
        and node.children[0].tag == "a"
    )


class HtmlWriter:
    """HTML with marks still in it, so that styles can be moved inline once; ``unmark`` then puts the Jinja back.

    Statements stand as comments, which an HTML parser leaves where they are, even between table rows.
    """

    def __init__(self, marks: Marked) -> None:
        self._marks = marks

    def write(self, nodes: Sequence[Node]) -> str:
        return "".join(self._node(node) for node in nodes)

    def _mark(self, node: Value | Statement) -> str:
        return self._marks.mark(node)

    def _node(self, node: Node) -> str:
        if isinstance(node, str):
            return html.escape(node, quote=False)
        if isinstance(node, Value):
            return self._mark(node)
        if isinstance(node, Statement):
            return f"<!--{self._mark(node)}-->"
        if node.tag in ("br", "hr"):
            return f"<{node.tag}>"
        inner = self.write(node.children)
        if is_action(node):
            return f'<p class="action">{inner}</p>'
        attributes = ""
        if node.href:
            attributes = f' href="{self._mark(address_of(node.href))}"'
        if node.tag == "th":
            attributes += ' scope="col"'
        if node.align:
            attributes += f' align="{node.align}"'
        return f"<{node.tag}{attributes}>{inner}</{node.tag}>"


class TextWriter:
    """Plain text for the text part of an email: one line a paragraph, for the reader's program to wrap."""

    def __init__(self) -> None:
        self.counters: set[str] = set()
        """Names given to the counters of numbered lists whose items depend on the message."""

    def write(self, nodes: Sequence[Node]) -> str:
        return "".join(self._block(node) for node in nodes)

    def _block(self, node: Node) -> str:
        if isinstance(node, Statement):
            return f"{{% {node.source} %}}"
        if not isinstance(node, Element):
            return self._inline(node)
        if node.tag in ("h1", "h2", "h3"):
            rule = "=" if node.tag == "h1" else "-"
            fixed = all(isinstance(child, str) for child in node.children)
            line = rule * (sum(len(str(child)) for child in node.children) if fixed else len(_RULER))
            return f"{self._all(node.children)}\n{line}\n\n"
        if node.tag == "p":
            return f"{self._all(node.children)}\n\n"
        if node.tag in ("ul", "ol"):
            return self._list(node) + "\n"
        if node.tag == "table":
            return self._table(node) + "\n"
        if node.tag == "blockquote":
            return self.write(node.children)
        if node.tag == "hr":
            return f"{_RULER}\n\n"
        return self._inline(node)

    def _list(self, node: Element) -> str:
        counter = f"item{len(self.counters) + 1}"
        counted = node.tag == "ol" and any(isinstance(child, Statement) for child in node.children)
        out = []
        if counted:
            self.counters.add(counter)
            out.append(f"{{% set {counter} = counter() %}}")
        number = 0
        for child in node.children:
            if isinstance(child, Statement):
                out.append(self._block(child))
            elif isinstance(child, Element):
                number += 1
                sign = f"{{{{ {counter} | next_number }}}}." if counted else f"{number}." if node.tag == "ol" else "-"
                out.append(f"{sign} {self._item(child)}\n")
        return "".join(out)

    def _item(self, item: Element) -> str:
        blocks = ("p", "ul", "ol", "table")
        parts = []
        for child in item.children:
            nested = isinstance(child, Element) and child.tag in blocks
            parts.append("\n  " + self._block(child).strip().replace("\n", "\n  ") if nested else self._inline(child))
        return "".join(parts)

    def _table(self, table: Element) -> str:
        out = []
        for section in table.children:
            assert isinstance(section, Element)
            for row in section.children:
                if isinstance(row, Statement):
                    out.append(self._block(row))
                elif isinstance(row, Element) and (section.tag != "thead" or len(row.children) > 2):
                    cells = [self._all(cell.children) for cell in row.children if isinstance(cell, Element)]
                    out.append((": " if len(cells) == 2 else " | ").join(cells) + "\n")
        return "".join(out)

    def _all(self, nodes: Sequence[Node]) -> str:
        return "".join(self._inline(node) for node in nodes)

    def _inline(self, node: Node) -> str:
        if isinstance(node, str):
            return node
        if isinstance(node, Value):
            return expression(node)
        if isinstance(node, Statement):
            return f"{{% {node.source} %}}"
        if node.tag == "br":
            return "\n"
        words = self._all(node.children)
        if node.tag != "a":
            return words
        first = node.href[0] if node.href else ""
        if node.children == node.href or (isinstance(first, str) and first.startswith(("tel:", "mailto:"))):
            return words
        return f"{words}: {expression(address_of(node.href))}"


class TreeWriter:
    """JSON with Jinja in it. Every list ends in ``null``, so that a statement may drop any item before it."""

    def write(self, nodes: Sequence[Node]) -> str:
        return "[" + "".join(self._node(node) for node in nodes) + "null]"

    def _node(self, node: Node) -> str:
        if isinstance(node, str):
            return json.dumps(node, ensure_ascii=False) + ","
        if isinstance(node, Value):
            return f'"{expression(node)}",'
        if isinstance(node, Statement):
            return f"{{% {node.source} %}}"
        head = f'{{ "t":{json.dumps(node.tag)}'
        if node.align:
            head += f',"align":{json.dumps(node.align)}'
        if node.href:
            head += f',"href":"{expression(address_of(node.href))}"'
        if is_action(node):
            head += ',"action":true'
        return f'{head},"c":{self.write(node.children)} }},'


def tidy_tree(nodes: Sequence[Any]) -> list[Any]:
    """The tree without the closing nulls, with neighbouring words joined."""
    out: list[Any] = []
    for node in nodes:
        if isinstance(node, str):
            if out and isinstance(out[-1], str):
                out[-1] += node
            elif node:
                out.append(node)
        elif node is not None:
            out.append({**node, "c": tidy_tree(node["c"])})
    return out


def unmark(text: str, marks: Marked) -> str:
    """Put the Jinja back where the marks are."""
    out: list[str] = []
    for char in text:
        if "\U000f0000" <= char <= "\U000ffffd":
            node = marks.node(char)
            out.append(expression(node) if isinstance(node, Value) else f"{{% {node.source} %}}")
        else:
            out.append(char)
    return "".join(out).replace("<!--{%", "{%").replace("%}-->", "%}")


def words_of(nodes: Sequence[Any]) -> str:
    """The words of a letter's tree, for searching."""
    return " ".join(node if isinstance(node, str) else words_of(node["c"]) for node in nodes)
