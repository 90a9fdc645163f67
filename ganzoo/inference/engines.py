"""What can run a network. So far: torch, eagerly."""

from __future__ import annotations

from ganzoo.errors import DeviceError, suggest

ENGINES = ("torch",)


def check(name: str) -> None:
    """Raise DeviceError for an engine that does not exist; "auto" means torch."""
    if name not in ("auto", *ENGINES):
        raise DeviceError(f"No engine is called '{name}'.{suggest(name, ENGINES)} Engines: auto, {', '.join(ENGINES)}.")
