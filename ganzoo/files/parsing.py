"""YAML and JSON that somebody else may have written: a value, or a ValueError with one sentence."""

from __future__ import annotations

import json
import re
from typing import Any, TypeGuard

BRACKETS, DEEPEST = re.compile(r"[\[\]{}]"), 100
MAX_VALUES = 100_000  # of a document, each counted as often as it is referred to


def parse_json(text: str | bytes) -> Any:
    """Return what JSON holds. Raises ValueError with one sentence for what is not JSON."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value is a finite number: Python reads NaN, infinity and any number of digits from JSON too."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**63 and value == value


def parse_yaml(text: str) -> Any:
    """Return what YAML holds. Raises ValueError with one sentence for what is not YAML, or too much of it."""
    import yaml

    _check_depth(text)
    try:
        value = yaml.safe_load(text)
        count = _count(value, {})
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except (
        yaml.YAMLError,
        ValueError,
        TypeError,
        OverflowError,
    ) as error:  # a date of month 13, a number of 5,000 digits
        raise ValueError(" ".join(str(error).split())[:200].rstrip(".")) from error
    if count > MAX_VALUES:
        raise ValueError(f"its references make it more than {MAX_VALUES:,} values")
    return value


def _check_depth(text: str) -> None:
    """Raise ValueError for brackets in brackets: the time of the parser grows with the square of the depth."""
    depth = 0
    for bracket in BRACKETS.findall(text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        if depth > DEEPEST:
            raise ValueError("it is nested too deeply")


def _count(value: Any, known: dict[int, float]) -> float:
    """Return the number of values; what was counted once is remembered, and what holds itself is endless."""
    if not isinstance(value, (dict, list, tuple, set)):
        return 1
    if id(value) not in known:
        known[id(value)] = float("inf")
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_count(each, known) for each in inner)
    return known[id(value)]
