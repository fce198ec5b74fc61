"""Markdown with Jinja in it, read once into a tree that every channel is written from.

Each ``{{ value }}`` and ``{% statement %}`` becomes one private-use character before the Markdown is parsed, so the
structure of a notice is fixed by its author alone. What a customer is called is put in later, into places that already
exist: customer data never meets the Markdown parser.

A statement on a line of its own works on blocks: paragraphs, list items, table rows. Inside a line it works on words.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import jinja2
from markdown_it import MarkdownIt
from markdown_it.token import Token

FIRST = 0xF0000
MARK = re.compile("[\U000f0000-\U000ffffd]")
_LEFT_OVER = re.compile(r"\*\*|\]\(|^#+ |\*(?=\w)|(?<=\w)\*")
"""Markdown that did not become structure, because it is not closed or not set off."""
_LONE = re.compile("[\\s\U000f0000-\U000ffffd]+")

Role = Literal["open", "middle", "close"]
_ROLES: dict[str, Role] = {
    "if": "open",
    "for": "open",
    "elif": "middle",
    "else": "middle",
    "endif": "close",
    "endfor": "close",
}


class TemplateError(ValueError):
    """A template that an author must mend; the message names the file and the line."""


@dataclass(frozen=True)
class Value:
    """``{{ source }}``."""

    source: str


@dataclass(frozen=True)
class Statement:
    """``{% source %}``."""

    source: str
    role: Role
    line: int


@dataclass(frozen=True)
class Element:
    """A piece of structure, named as in HTML."""

    tag: str
    children: "tuple[Node, ...]" = ()
    href: "tuple[str | Value, ...]" = ()
    align: str = ""


Node = str | Value | Statement | Element
Fold = Callable[[str], str | None]
"""Gives the value of an expression that is the same in every message (the city's phone), or None."""


@dataclass
class Marked:
    """A template's text with a private-use character for each value and statement."""

    file: str
    text: str = ""
    marks: list[Value | Statement] = field(default_factory=list)

    def mark(self, node: Value | Statement) -> str:
        self.marks.append(node)
        return chr(FIRST + len(self.marks) - 1)

    def node(self, char: str) -> Value | Statement:
        return self.marks[ord(char) - FIRST]


_LEXER = jinja2.Environment(autoescape=True)


def marked(source: str, file: str, fold: Fold = lambda _: None) -> Marked:
    """Replace every value and statement of ``source``. Comments go; other Jinja tags are refused."""
    found = Marked(file)
    out: list[str] = []
    inside: list[str] | None = None
    try:
        for line, kind, text in _LEXER.lex(source):
            if kind == "data":
                if MARK.search(text):
                    raise TemplateError(f"{file}:{line}: private-use characters cannot stand in a template")
                out.append(text.replace("{", found.mark(Value('"{"'))) if "{" in text else text)
            elif kind in ("variable_begin", "block_begin"):
                inside = []
            elif kind in ("variable_end", "block_end") and inside is not None:
                words = "".join(inside).strip()
                out.append(_value(found, words, fold) if kind == "variable_end" else _statement(found, words, line))
                inside = None
            elif inside is not None:
                inside.append(text)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{file}:{error.lineno}: {error.message}") from None
    if inside is not None:
        raise TemplateError(f"{file}:{source.count(chr(10)) + 1}: a {{{{ or {{% is not closed")
    found.text = "".join(out)
    return found


def _value(found: Marked, words: str, fold: Fold) -> str:
    constant = fold(words)
    if constant is None:
        return found.mark(Value(words))
    return found.mark(Value(repr(constant)))


def _statement(found: Marked, words: str, line: int) -> str:
    role = _ROLES.get(words.split(maxsplit=1)[0] if words else "")
    if role is None:
        allowed = "if, elif, else, endif, for, endfor, include"
        raise TemplateError(f"{found.file}:{line}: {{% {words} %}} cannot stand here; allowed: {allowed}")
    return found.mark(Statement(words, role, line))


def _only_statements(text: str, found: Marked) -> bool:
    marks = MARK.findall(text)
    return bool(marks and _LONE.fullmatch(text)) and all(isinstance(found.node(m), Statement) for m in marks)


def _spaced(found: Marked) -> str:
    """Give lines of statements blank lines around them, or, right below a table row, a row of their own."""
    lines = found.text.split("\n")
    lone = [_only_statements(line, found) for line in lines]
    out: list[str] = []
    for i, line in enumerate(lines):
        if not lone[i]:
            out.append(line)
            continue
        before = next((lines[j] for j in range(i - 1, -1, -1) if not lone[j]), "")
        in_table = before.startswith("|")
        out.extend([f"| {line.strip()} |"] if in_table else ["", line.strip(), ""])
    return "\n".join(out)


def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False}).enable("table")
    parser.disable(
        ["image", "html_block", "html_inline", "code", "fence", "reference", "autolink", "backticks", "lheading"]
    )
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


_PARSER = _markdown()


def compile_markdown(found: Marked) -> tuple[Node, ...]:
    """The tree of a marked Markdown text; statements are hoisted to the structure they work on, and must balance."""
    builder = _Builder(found)
    tree = builder.blocks(_PARSER.parse(_spaced(found)))
    _balanced(tree, found.file)
    return tree


class _Builder:
    def __init__(self, found: Marked) -> None:
        self._found = found

    def pieces(self, text: str) -> Iterator[str | Value | Statement]:
        at = 0
        for mark in MARK.finditer(text):
            if mark.start() > at:
                yield text[at : mark.start()]
            yield self._found.node(mark.group())
            at = mark.end()
        if at < len(text):
            yield text[at:]

    def blocks(self, tokens: Sequence[Token]) -> tuple[Node, ...]:
        stack: list[tuple[Token | None, list[Node]]] = [(None, [])]
        for token in tokens:
            if token.type == "inline":
                stack[-1][1].extend(self.inline(token.children or []))
            elif token.nesting == 1:
                stack.append((token, []))
            elif token.nesting == -1:
                opened, children = stack.pop()
                assert opened is not None
                stack[-1][1].extend(self._block(opened, children))
            elif token.type == "hr":
                stack[-1][1].append(Element("hr"))
            else:
                raise TemplateError(f"{self._found.file}: {token.type} is not used in notices")
        return _merged_lists(stack[0][1])

    def _block(self, token: Token, children: list[Node]) -> list[Node]:
        tag = token.tag
        if tag == "p" and children and all(isinstance(c, Statement) or c in (" ", "") for c in children):
            return [child for child in children if isinstance(child, Statement)]
        if tag == "tr":
            inner = [c for cell in children if isinstance(cell, Element) for c in cell.children]
            if inner and all(isinstance(c, Statement) for c in inner):
                return inner
        if tag == "li" and children and isinstance(children[0], Element) and children[0].tag == "p":
            children = [*children[0].children, *children[1:]]
        style = str(token.attrs.get("style", ""))
        return [Element(tag, _merged_lists(children), align=style.rpartition(":")[2])]

    def inline(self, tokens: Sequence[Token]) -> list[Node]:
        stack: list[tuple[Token | None, list[Node]]] = [(None, [])]
        for token in tokens:
            here = stack[-1][1]
            if token.type in ("text", "text_special"):
                if token.type == "text" and (left := _LEFT_OVER.search(token.content)):
                    raise TemplateError(
                        f"{self._found.file}: {left.group()!r} is left over; close it, or put a space beside it"
                    )
                here.extend(self.pieces(token.content))
            elif token.type == "softbreak":
                here.append(" ")
            elif token.type == "hardbreak":
                here.append(Element("br"))
            elif token.nesting == 1:
                stack.append((token, []))
            elif token.nesting == -1:
                opened, children = stack.pop()
                assert opened is not None
                stack[-1][1].append(self._span(opened, children))
            else:
                raise TemplateError(f"{self._found.file}: {token.type} is not used in notices")
        return stack[0][1]

    def _span(self, token: Token, children: list[Node]) -> Element:
        href: list[str | Value] = []
        for piece in self.pieces(str(token.attrs.get("href", ""))):
            if isinstance(piece, Statement):
                raise TemplateError(f"{self._found.file}:{piece.line}: a statement cannot stand in a link's address")
            href.append(piece)
        return Element(token.tag, tuple(children), tuple(href))


def _merged_lists(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """One list where statements between items had cut it in several."""
    out: list[Node] = []
    i = 0
    while i < len(nodes):
        node = nodes[i]
        starts = isinstance(node, Element) or (isinstance(node, Statement) and node.role == "open")
        merged, end = _one_list(nodes, i) if starts else (None, i)
        out.append(merged or node)
        i = end if merged else i + 1
    return tuple(out)


def _one_list(nodes: Sequence[Node], start: int) -> tuple[Element | None, int]:
    """The list that begins at ``start`` with the balanced statements in and around it, and where it ends.

    A list that is wholly inside an ``if`` stays there (else it could be left empty); a ``for`` around one goes in.
    """
    first = nodes[start]
    certain = isinstance(first, Statement) and first.source.startswith("for")
    items: list[Node] = []
    found: Element | None = None
    tag, depth, end = "", 0, start
    for i in range(start, len(nodes)):
        node = nodes[i]
        if isinstance(node, Statement):
            depth += {"open": 1, "middle": 0, "close": -1}[node.role]
            if depth < 0 or (depth == 0 and node.role == "middle"):
                break
            items.append(node)
        elif isinstance(node, Element) and node.tag in ("ul", "ol") and tag in ("", node.tag):
            tag = node.tag
            items.extend(node.children)
            certain = certain or depth == 0
        else:
            break
        if depth == 0 and tag and certain:
            found, end = Element(tag, tuple(items)), i + 1
    return found, end


def _balanced(nodes: Sequence[Node], file: str) -> None:
    opened: list[Statement] = []
    for node in nodes:
        if isinstance(node, Element):
            _balanced(node.children, file)
        elif isinstance(node, Statement):
            if node.role == "open":
                opened.append(node)
            elif not opened or (node.role == "close" and node.source != f"end{opened[-1].source.split()[0]}"):
                raise TemplateError(f"{file}:{node.line}: {{% {node.source} %}} has no beginning in the same place")
            elif node.role == "close":
                opened.pop()
    if opened:
        raise TemplateError(f"{file}:{opened[-1].line}: {{% {opened[-1].source} %}} has no end in the same place")
