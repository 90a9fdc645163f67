"""Finds plugins: the folders of ganzoo_plugins first, then every package with a ``ganzoo`` entry point.

Both go through `_register`. A plugin that cannot be imported, or misuses a hook, is skipped, so that one broken package
never takes the others away. `announce` says so once; `ganzoo plugins` shows it. GANZOO_PLUGINS_OFF=name,name leaves
plugins out without importing them; a name is that of the plugin, its entry point or its package. GANZOO_PREFER=name
says whose entry counts where two plugins add one name. Plugins that were made for another version are skipped.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import pluggy

import ganzoo_plugins
from ganzoo.catalog import entry_points
from ganzoo.catalog.entry_points import Candidate
from ganzoo.contracts import hookspecs
from ganzoo.contracts.api import API, OLDEST_API
from ganzoo.errors import PluginError, suggest
from ganzoo.files.terminal import clean, one_line
from ganzoo.version import __version__

OFF, PREFER = "GANZOO_PLUGINS_OFF", "GANZOO_PREFER"
_announced: set[str] = set()
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("ganzoo_"))


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found. ``error`` is empty when it was loaded.

    name          the module, as the entry point names it; the same in every message about the plugin
    distribution  the package it came with, which is what one installs
    """

    name: str
    distribution: str
    version: str
    error: str = ""


@dataclass
class _Found:
    manager: pluggy.PluginManager
    plugins: list[Plugin]
    misuses: dict[str, PluginError]  # by the plugin's name


@dataclass(frozen=True)
class _Loaded:
    """A candidate's module, or the ``error`` for which it is skipped."""

    candidate: Candidate
    module: Any
    error: str


def manager() -> pluggy.PluginManager:
    """Return the plugin manager with every plugin that can be used; found once a process. Says what was skipped."""
    announce()
    return registered()


def registered() -> pluggy.PluginManager:
    """Return the plugin manager, and say nothing; for those who report what was skipped."""
    return _found().manager


def misuses() -> dict[str, PluginError]:
    """Return what is wrong with plugins that misuse a hook, by the plugin's name."""
    return dict(_found().misuses)


def third_party() -> pluggy.PluginManager:
    """Return the manager of third-party plugins alone; ganzoo's own, which have no cards, are not imported for it."""
    return _third_party().manager


def announce() -> None:
    """Log which plugins were skipped, and why; each once a process."""
    _announce(_found())


def announce_third_party() -> None:
    """Log the same of third-party plugins alone: for every command, as most need not import ganzoo's own."""
    _announce(_third_party())


def _announce(found: _Found) -> None:
    for plugin in found.plugins:
        if plugin.error and not plugin.error.startswith("off: "):
            warn_once(f"Skipped the plugin {plugin.name} from {plugin.distribution}: {plugin.error}")
    for misuse in found.misuses.values():
        warn_once(f"Skipped: {misuse}")


def warn_once(text: str) -> None:
    """Log a warning on a plugin, once a process; on the command line it is a line on stderr."""
    if text not in _announced:
        import logging  # imported only after a mistake

        _announced.add(text)
        logging.getLogger("ganzoo").warning("%s", clean(text))


def plugins() -> list[Plugin]:
    """Return every plugin found, loaded or not, built-in ones first."""
    return list(_found().plugins)


def problems() -> list[Plugin]:
    """Return the plugins that could not be imported, or were switched off, each with the reason."""
    return [plugin for plugin in plugins() if plugin.error]


def plugin(name: str) -> Plugin:
    """Return the plugin ``name``; one that was registered by hand has no package or version."""
    return next((plugin for plugin in plugins() if plugin.name == name), Plugin(name, name, ""))


def distribution_of(name: str) -> str:
    """Return the package that the plugin ``name`` came with, which is what one installs."""
    return next((plugin.distribution for plugin in plugins() if plugin.name == name), name)


def described(name: str) -> str:
    """Return the plugin ``name`` with its package as messages have it: "'my_nets' of my-gans"."""
    return _described(name, distribution_of(name))


def refresh() -> None:
    """Forget what was found: the next call looks again. For tests, and after installing a plugin."""
    importlib.invalidate_caches()
    for remembered in (_found, _third_party, _loaded_third_party):
        remembered.cache_clear()
    _announced.clear()


@cache
def _found() -> _Found:
    return _registered([*map(_loaded, _built_in()), *_loaded_third_party()])


@cache
def _third_party() -> _Found:
    return _registered(_loaded_third_party())


@cache
def _loaded_third_party() -> list[_Loaded]:
    return [_loaded(candidate) for candidate in entry_points.find()]


def _loaded(candidate: Candidate) -> _Loaded:
    module, error = (None, candidate.error) if candidate.error else _imported(candidate)
    return _Loaded(candidate, module, error or _api_error(module))


def _registered(loaded: Iterable[_Loaded]) -> _Found:
    pm = pluggy.PluginManager("ganzoo")
    pm.add_hookspecs(hookspecs)
    found: list[Plugin] = []
    misuses: dict[str, PluginError] = {}
    for each in loaded:
        candidate = each.candidate
        if not each.error:
            try:
                _register(pm, candidate.name, candidate.distribution, each.module)
            except PluginError as misuse:
                misuses.setdefault(candidate.name, misuse)
        plugin = Plugin(candidate.name, candidate.distribution, candidate.version, each.error)
        if plugin not in found:  # a package may name one module under two entry points
            found.append(plugin)
    packages = {plugin.name: plugin.distribution for plugin in reversed(found)}
    for name, unknown in _unknown_hooks(pm, packages):
        misuses.setdefault(name, unknown)
    return _Found(pm, found, misuses)


def is_preferred(name: str) -> bool:
    """Tell whether GANZOO_PREFER names the plugin ``name`` or its package."""
    return bool(_listed(PREFER) & {name, distribution_of(name)})


def _listed(variable: str) -> set[str]:
    return {name.strip() for name in os.environ.get(variable, "").split(",")} - {""}


def _imported(candidate: Candidate) -> tuple[Any, str]:
    """Return the module and an empty string, or why it could not be imported."""
    if _listed(OFF) & {candidate.name, candidate.point, candidate.distribution}:
        return None, f"off: {OFF} names it"
    try:
        return candidate.load(), ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a third-party import may raise anything
        return None, one_line(error)


def _api_error(module: Any) -> str:
    """Return why a plugin made for another version of the API is skipped; "" if it fits."""
    try:
        made_for = int(getattr(module, "GANZOO_API", OLDEST_API))
    except (TypeError, ValueError):
        return "GANZOO_API is not a whole number"
    except KeyboardInterrupt:
        raise
    except BaseException:  # a module that raises when it is looked at is reported where its hooks are
        return ""
    if made_for > API:
        return f"made for version {made_for} of the plugin API, you have {API}: update ganzoo-core"
    if made_for < OLDEST_API:
        return f"made for version {made_for} of the plugin API, you have {OLDEST_API} to {API}: update the plugin"
    return ""


def _register(pm: pluggy.PluginManager, name: str, distribution: str, module: Any) -> None:
    """Register one plugin; raise PluginError where it misuses a hook that ganzoo has."""
    who = _described(name, distribution)
    try:
        if any(module is other for other in pm.get_plugins()):  # one module under two entry points is one plugin
            return
        for hook in HOOKS:
            if callable(getattr(module, hook, None)) and pm.parse_hookimpl_opts(module, hook) is None:
                raise PluginError(
                    f"The plugin {who} has {hook} without @ganzoo.hookimpl above it. "
                    "Add it there, or uninstall the plugin."
                )
        pm.register(module, name)
    except (PluginError, KeyboardInterrupt):
        raise
    except BaseException as error:  # of pluggy, or of what the plugin is made of
        with contextlib.suppress(Exception):  # pluggy keeps what it registered before the error
            pm.unregister(name=name)
        invalid = isinstance(error, pluggy.PluginValidationError)
        reason = " ".join(str(error).split()) if invalid else one_line(error)
        raise PluginError(
            f"The plugin {who} misuses a hook: {reason}."
            " ganzoo.contracts.hookspecs shows each hook's arguments; fix the plugin or uninstall it."
        ) from error


def _unknown_hooks(pm: pluggy.PluginManager, packages: dict[str, str]) -> Iterator[tuple[str, PluginError]]:
    """Yield plugin and error for hooks that ganzoo lacks; pluggy's own ``check_pending`` would suggest nothing."""
    for hook in vars(pm.hook).values():
        if isinstance(hook, pluggy.HookCaller) and not hook.has_spec():
            for implementation in hook.get_hookimpls():
                if not implementation.optionalhook:
                    name = implementation.plugin_name
                    who = _described(name, packages.get(name, name))
                    yield (
                        name,
                        PluginError(
                            f"The plugin {who} implements '{hook.name}', which is not a hook of"
                            f" ganzoo.{suggest(hook.name, HOOKS)} The hooks are: {', '.join(HOOKS)}."
                        ),
                    )


def _described(name: str, distribution: str) -> str:
    return f"'{name}'" if distribution == name else f"'{name}' of {distribution}"


def _built_in() -> Iterator[Candidate]:
    for info in sorted(pkgutil.iter_modules(ganzoo_plugins.__path__), key=lambda info: info.name):
        path = f"{ganzoo_plugins.__name__}.{info.name}"
        yield Candidate(path, "ganzoo-core", __version__, partial(importlib.import_module, path), info.name)
