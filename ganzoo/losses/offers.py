"""Third-party functions get what they name among their parameters, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any


def takes(function: Callable[..., Any], name: str) -> bool:
    """Tell whether a function has a parameter called ``name``."""
    return name in signature(function).parameters


def call(function: Callable[..., Any], *arguments: Any, **offers: Any) -> Any:
    """Call a function with ``arguments``, and with those of ``offers`` that it has a parameter for and are not None."""
    named = {name: value for name, value in offers.items() if value is not None and takes(function, name)}
    return function(*arguments, **named)
