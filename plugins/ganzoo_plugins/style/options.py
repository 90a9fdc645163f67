"""A limit that the options of all three methods share."""

from __future__ import annotations

from ganzoo import Config


def require_at_least(least: float, config: Config, *names: str) -> None:
    """Raise ValueError for an option that is not a number from ``least`` on."""
    for name in names:
        if not least <= getattr(config, name) < float("inf"):
            raise ValueError(f"{name}={getattr(config, name)} should be a number, {least:g} or above")
