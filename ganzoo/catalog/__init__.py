"""The catalog knows code: (kind, name) -> `Entry`, from every plugin."""

from ganzoo.catalog.entries import by_plugin, entries, find, origin, refresh, refusals

__all__ = ["by_plugin", "entries", "find", "origin", "refresh", "refusals"]
