"""Work that is the same in every test, done once a test process.

Each test opens databases and applications of its own. SQLAlchemy keeps the statements it compiled with the database's
engine, and Werkzeug writes a function for each of an application's addresses: without these two a test spends more
time on that than on what it is about.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from comms.db import engine as opening


class Statements:
    """Engines of one kind of database share the dialect of one that has connected, and what it compiled."""

    def __init__(self) -> None:
        self._compiled: LRUCache = LRUCache(5000)
        self._first: dict[str, Engine] = {}

    def learn(self, engine: Engine) -> None:
        """From now on engines of this kind are like this one, which has connected to the server of these tests."""
        self._first[engine.dialect.name] = engine

    def open(self, *given, **options) -> Engine:
        made = create_engine(*given, **options)
        made._compiled_cache = self._compiled
        if first := self._first.get(made.dialect.name):
            made.dialect = first.dialect
        return made


@contextmanager
def statements() -> Iterator[Statements]:
    kept = Statements()
    opening.create_engine = kept.open
    yield kept
    opening.create_engine = create_engine


@contextmanager
def addresses() -> Iterator[None]:
    """Applications with the same addresses share the functions that write them."""
    kept, compile_builder = {}, Rule._compile_builder

    def once(rule: Rule, append_unknown: bool = True):
        given = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if given not in kept:
            kept[given] = compile_builder(rule, append_unknown)
        return kept[given]

    Rule._compile_builder = once
    yield
    Rule._compile_builder = compile_builder
