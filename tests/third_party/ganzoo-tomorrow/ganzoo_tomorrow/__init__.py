"""An entry of a kind, and a hook, that this ganzoo does not have, beside an entry that it has."""

from __future__ import annotations

from ganzoo import Config, Entry, hookimpl


def build(config: Config) -> object:
    return config


@hookimpl
def ganzoo_entries() -> list[Entry]:
    return [
        Entry("hologram", "tomorrow", Config, build, "Of a kind that does not exist yet"),
        Entry("loss", "of-today", Config, build, "Of a kind that exists"),
    ]


@hookimpl
def ganzoo_dream(night: object) -> None:
    """A hook that does not exist yet."""
