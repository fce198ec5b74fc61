"""What is wrong in a policy's file, in words: the key, what is wrong with it, and what is allowed there."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails


def complaint(problem: ErrorDetails, loc: Sequence[int | str], table: type[BaseModel], whole: str) -> str:
    """``enter.clas: is not a key of a policy; allowed: class``. ``loc`` is the key within ``table``; ``whole`` is what
    the file is about."""
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        said = f"is not a key of a {whole}; allowed: {', '.join(_keys_at(loc[:-1], table))}"
    elif problem["type"] == "missing":
        said = "is missing; add it"
    return f"{'.'.join(map(str, loc)) or whole}: {said}"


def _keys_at(loc: Sequence[int | str], table: type[BaseModel]) -> list[str]:
    """The keys that the table at ``loc`` within ``table`` may have, as they are written."""
    for part in loc:
        for name, about in table.model_fields.items():
            if part in (name, about.alias):
                table = next(_tables(about.annotation), table)
    return [about.alias or name for name, about in table.model_fields.items()]


def _tables(kind: Any) -> Iterator[type[BaseModel]]:
    """The tables that a type speaks of, however deep they stand: itself, or what it is a tuple or an option of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from _tables(inner)
