"""Whether a plugin fits this ganzoo, and which plugin something needs that is not installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from ganzoo import catalog
from ganzoo.catalog import discovery
from ganzoo.errors import GanzooError, MissingPackage, UnknownName


def used_plugins(specs: Iterable[str]) -> dict[str, str]:
    """Return the third-party packages that add these entries, name to version."""
    found = {plugin.name: plugin for plugin in discovery.plugins()}
    origins = [found.get(catalog.origin(spec)) for spec in specs]
    return {
        plugin.distribution: plugin.version for plugin in origins if plugin and plugin.distribution != "ganzoo-core"
    }


def require_entries(what: str, specs: Iterable[str], plugins: Mapping[str, str]) -> None:
    """Raise UnknownName, with the plugins to install, where an entry that a file names is not installed.

    Args:
        what: The file, as messages name it.
        specs: "kind:name" of each entry.
        plugins: The packages that the file was made with, name to version.
    """
    for spec in specs:
        try:
            catalog.find(spec)
        except UnknownName as error:
            raise UnknownName(
                f"{what} needs the entry '{spec}', which no installed plugin has.{install_hint(plugins)}"
            ) from error


@contextmanager
def naming_plugins(plugins: Mapping[str, str]) -> Iterator[None]:
    """Add to an error which of these packages, name to version, is not installed: it may be the reason."""
    try:
        yield
    except MissingPackage:
        raise
    except GanzooError as error:
        hint = install_hint(plugins)
        if not hint or hint in str(error):
            raise
        raise type(error)(f"{error}{hint}") from error


def install_hint(plugins: Mapping[str, str]) -> str:
    """Return which of these packages, name to version, to install; "" if all are there."""
    installed = {_normal(plugin.distribution) for plugin in discovery.plugins() if not plugin.error}
    missing = [f"{name} {version}".strip() for name, version in plugins.items() if _normal(name) not in installed]
    if not missing:
        return ""
    names = " and ".join(missing)
    return f" Install the plugin it was made with: {names}." if len(missing) == 1 else f" It was made with {names}."


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
