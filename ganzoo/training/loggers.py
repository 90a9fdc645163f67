"""Which services plugins can log a run to. A plugin names them in GANZOO_LOGGERS and listens to the training events."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from ganzoo.catalog import discovery
from ganzoo.errors import MissingPackage, UnknownName, suggest


def known() -> dict[str, str]:
    """Return the loggers of all plugins, name to the package that each needs."""
    found: dict[str, str] = {}
    for _, plugin in discovery.registered().list_name_plugin():
        found |= dict(getattr(plugin, "GANZOO_LOGGERS", {}))
    return found


def check(names: Sequence[str]) -> None:
    """Raise UnknownName for a logger that no plugin has, MissingPackage for one whose package is not installed."""
    packages = known()
    for name in names:
        if name not in packages:
            raise UnknownName(
                f"No logger is called '{name}'.{suggest(name, packages)} There are: {', '.join(packages)}."
            )
        if importlib.util.find_spec(packages[name]) is None:
            raise MissingPackage.of(f"The logger '{name}'", packages[name], name)
