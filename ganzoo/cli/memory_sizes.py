"""Sizes as people type them: 2GB, 500M."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import click


class Amount(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A whole number, perhaps with K, M or G (thousands), or KiB, MiB, GiB (1,024s)."""

    name = "amount"
    unit: ClassVar[str] = ""
    example: ClassVar[str] = "500M"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(rf"(\d+(?:\.\d+)?) ?([kmgt]?)(i?){self.unit}", value.strip(), re.IGNORECASE)
        number = (
            float(match[1]) * (1024 if match[3] else 1000) ** " kmgt".index(match[2].lower() or " ") if match else 0
        )
        if number < 1:
            self.fail(f"'{value}' is no size. Write it as {self.example}.", param, ctx)
        return int(number)


class Bytes(Amount):
    """Bytes, as "2GB"."""

    unit, example = "b?", "2GB"


class Pixels(Amount):
    """Pixels, as "500M"."""
