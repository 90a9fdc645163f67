"""What the tests of every entry need to know of each family: one module a family, so that a new one edits no other.

SMALL     entry -> options that make it small (others are checked with their defaults)
VARIANTS  (entry, options) worth checking too
WRONG     entry -> option -> values beyond its limits; a recipe's own, beside those that all recipes refuse
GOLDEN    case -> (recipe, options of its parts, its own options), whose first two updates are on file
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any


def gathered(name: str) -> Any:
    """Return the dicts, or lists, of that name in all modules here as one."""
    modules = [importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)]
    parts = [getattr(module, name) for module in modules if hasattr(module, name)] or [{}]
    if isinstance(parts[0], list):
        return [one for part in parts for one in part]
    joined: dict[str, Any] = {}
    for part in parts:
        assert not set(part) & set(joined), f"two families have {set(part) & set(joined)} in {name}"
        joined |= part
    return joined
