"""The catalog knows code: (kind, name) -> Entry, out of every plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache

from ganzoo.catalog import discovery
from ganzoo.contracts.config import Config
from ganzoo.contracts.entry import DATA_KINDS, KINDS, Entry
from ganzoo.contracts.tasks import TASKS
from ganzoo.errors import DuplicateName, GanzooError, OptionError, PluginError, UnknownName, suggest

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def entries(kind: str | None = None) -> list[Entry]:
    """Return every entry, or those of one kind, sorted by kind and name."""
    return [entry for (entry_kind, _), entry in sorted(_table().items()) if kind in (None, entry_kind)]


def find(spec: str) -> Entry:
    """Return the entry that ``spec`` names, as "generator:resnet".

    Raises OptionError for a malformed spec, UnknownName with a suggestion for an unknown one.
    """
    kind, colon, name = spec.partition(":")
    if not colon or kind not in KINDS:
        raise OptionError(
            f"'{spec}' is not an entry. Write KIND:NAME with one of the kinds {', '.join(KINDS)}; "
            f"`ganzoo list --entries` shows them all."
        )
    entry = _table().get((kind, name))
    if entry is None:
        known = [entry.name for entry in entries(kind)]
        raise UnknownName(
            f"No {kind} is called '{name}'.{suggest(name, known)} `ganzoo list --entries` shows all {len(known)}."
        )
    return entry


def origin(spec: str) -> str:
    """Return the name of the plugin that supplies ``spec``."""
    entry = find(spec)
    return _origins()[(entry.kind, entry.name)]


def refusals() -> dict[str, GanzooError]:
    """Return the error that each plugin causes here for every use of the catalog, by the plugin's name.

    Of two that claim one name both are named, but never one of ganzoo's own.
    """
    return dict(_collected().refusals)


def refresh() -> None:
    """Forget the table, and what plugins were found."""
    discovery.refresh()
    _collected.cache_clear()


def _table() -> dict[tuple[str, str], Entry]:
    return _sound().table


def _origins() -> dict[tuple[str, str], str]:
    return _sound().origins


@dataclass
class _Collected:
    table: dict[tuple[str, str], Entry] = field(default_factory=dict)
    origins: dict[tuple[str, str], str] = field(default_factory=dict)
    refusals: dict[str, GanzooError] = field(default_factory=dict)

    def add(self, plugin: str, entry: Entry) -> None:
        key = (entry.kind, entry.name)
        if key in self.table:
            self._refuse_both(entry, self.origins[key], plugin)
        else:
            self.table[key], self.origins[key] = entry, plugin

    def _refuse_both(self, entry: Entry, *claimants: str) -> None:
        one, other = (discovery.described(name) for name in claimants)
        error = DuplicateName(
            f"Two plugins add the {entry.kind} '{entry.name}': {one} and {other}. Uninstall one, or rename yours."
        )
        third_party = [name for name in claimants if discovery.distribution_of(name) != "ganzoo-core"]
        for name in third_party or claimants:
            self.refusals.setdefault(name, error)


def _sound() -> _Collected:
    """Return what was collected, or raise what is wrong with the first plugin that is refused."""
    discovery.manager()  # raises for a hook that is misused
    collected = _collected()
    for error in collected.refusals.values():
        raise error.with_traceback(None)  # raised every time: each would make its traceback longer
    return collected


@cache
def _collected() -> _Collected:
    collected = _Collected()
    for implementation in discovery.registered().hook.ganzoo_entries.get_hookimpls():
        plugin = implementation.plugin_name
        try:
            added = _entries_of(plugin, implementation.function)
        except PluginError as error:
            collected.refusals.setdefault(plugin, error)
        else:
            for entry in added:
                collected.add(plugin, entry)
    return collected


def _entries_of(plugin: str, hook: object) -> list[Entry]:
    try:
        returned = list(hook())  # type: ignore[operator]
    except (Exception, SystemExit) as error:  # third-party code may raise anything
        raise PluginError(
            f"The plugin {discovery.described(plugin)} failed in ganzoo_entries: {discovery.one_line(error)}. "
            "It should return a list of ganzoo.Entry; fix or uninstall it."
        ) from error
    for entry in returned:
        _check(plugin, entry)
    return returned


def _check(plugin: str, entry: object) -> None:
    """Refuse an entry that breaks the contract, naming plugin, entry and field."""
    if not isinstance(entry, Entry):
        raise PluginError(
            f"The plugin {discovery.described(plugin)} returned {entry!r} from ganzoo_entries, not a ganzoo.Entry."
            " Fix or uninstall it."
        )
    complaint = next(_complaints(entry), None)
    if complaint:
        raise PluginError(
            f"The plugin {discovery.described(plugin)} adds {entry.spec}, whose {complaint}. Fix or uninstall it."
        )


def _complaints(entry: Entry) -> Iterator[str]:
    """Yield what is wrong with an entry. Nothing is certain of its fields: a plugin may have put anything there."""
    if entry.kind not in KINDS:
        yield f"kind '{entry.kind}' is not one of {', '.join(KINDS)}"
    if not isinstance(entry.name, str) or not _NAME.fullmatch(entry.name):
        yield f"name {entry.name!r} is not lower case with hyphens, as 'my-gan'"
    if not callable(entry.build):
        yield "build cannot be called"
    if not isinstance(entry.summary, str) or len(entry.summary.splitlines()) != 1:
        yield "summary is not one line of text"
    if entry.kind == "generator" and entry.task not in TASKS:
        yield f"task '{entry.task}' is not one of {', '.join(TASKS)}"
    if entry.kind == "recipe" and entry.data not in DATA_KINDS:
        yield f"data '{entry.data}' is not one of {', '.join(DATA_KINDS)}"
    yield from _config_complaints(entry.config)
    yield from _parts_complaints(entry)


def _config_complaints(config: object) -> Iterator[str]:
    if not isinstance(config, type) or not issubclass(config, Config):
        yield "config is not a subclass of ganzoo.Config"
    elif "__dataclass_fields__" not in vars(config):  # its options would silently be none
        yield f"config {config.__name__} lacks @dataclass(frozen=True)"
    else:
        for option in fields(config):
            if option.default is MISSING and option.default_factory is MISSING:
                yield f"option '{option.name}' has no default"


def _parts_complaints(entry: Entry) -> Iterator[str]:
    if not isinstance(entry.batch_size, int) or entry.batch_size < 1:
        yield f"batch_size {entry.batch_size!r} is not a whole number from 1 up"
    if not isinstance(entry.parts, Mapping):
        yield f"parts {entry.parts!r} are not a dict of role to entry"
    elif entry.parts and entry.kind != "recipe":
        yield "parts are for recipes only"
    else:
        for role, part in entry.parts.items():
            kind, _, name = str(part).partition(":")
            if kind not in KINDS or kind == "recipe" or not name:
                yield f"part '{role}' is {part!r}, not KIND:NAME as 'generator:resnet'"
