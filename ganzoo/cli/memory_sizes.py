"""Option types for sizes as people type them: 2GB, 500M."""

from __future__ import annotations

from typing import Any, ClassVar

import click

from ganzoo.files.limits import parse_amount


class Amount(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A whole number, optionally with K, M, G or T (powers of 1000) or Ki, Mi, Gi or Ti (powers of 1024)."""

    name = "amount"
    unit: ClassVar[str] = ""
    example: ClassVar[str] = "500M"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_amount(value, self.unit)
        except ValueError:
            self.fail(f"'{value[:100]}' is not a size. Write it like {self.example}.", param, ctx)


class Bytes(Amount):
    """Bytes, such as "2GB"."""

    unit, example = "b?", "2GB"


class Pixels(Amount):
    """Pixels, such as "500M"."""
