"""Option types for sizes as people type them: 2GB, 500M."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import click


class Amount(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A whole number, optionally with K, M, G or T (powers of 1000) or Ki, Mi, Gi or Ti (powers of 1024)."""

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
            self.fail(f"'{value}' is not a size. Write it like {self.example}.", param, ctx)
        return int(number)


class Bytes(Amount):
    """Bytes, such as "2GB"."""

    unit, example = "b?", "2GB"


class Pixels(Amount):
    """Pixels, such as "500M"."""
