"""Amounts, dated amounts and row numbers as they are typed on the command line."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from comms.promises import Part

MOST_CENTS = 10_000_000_00
"""Ten million dollars."""

ROW = click.IntRange(1, 2**63 - 1)
"""The number of a row in the database."""


class Dollars(click.ParamType[Any]):
    """An amount such as 50 or $1,250.75, as cents."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            cents = Decimal(str(value).strip().removeprefix("$").replace(",", "")) * 100
            if cents < 0 or cents != cents.to_integral_value():
                raise InvalidOperation
        except (ArithmeticError, ValueError):
            self.fail(f"{value!r} is not an amount; write it as 50 or 50.25.", param, ctx)
        if cents > MOST_CENTS:
            self.fail(f"{value!r} is more than any account owes; look at the figures again.", param, ctx)
        return int(cents)


class DatedAmount(click.ParamType[Any]):
    """``50.00@2026-12-04``: an amount by a day."""

    name = "amount@yyyy-mm-dd"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Part:
        if isinstance(value, Part):
            return value
        amount, _, day = str(value).partition("@")
        try:
            due_on = date.fromisoformat(day)
        except ValueError:
            self.fail(f"{value!r} is not an amount by a day; write it as 50.00@2026-12-04.", param, ctx)
        return Part(due_on, Dollars().convert(amount, param, ctx))
