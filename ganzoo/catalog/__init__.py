"""The catalog knows code: (kind, name) -> `Entry`, from every plugin."""

from ganzoo.catalog.entries import entries, find, origin, refresh, refusals

__all__ = ["entries", "find", "origin", "refresh", "refusals"]
