"""What happens in a run, told to plugins: strangers' code, which must neither stop nor change the training."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ganzoo.catalog import discovery
from ganzoo.training.randomness import undisturbed


class Events:
    """Calls the ``ganzoo_train_*`` hooks, each plugin by itself, with arguments of its own.

    A plugin that raises is named once through ``note``, and called again at the next event.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self.note = note
        self.failed: set[str] = set()

    def send(self, hook: str, **arguments: Any) -> None:
        """Call ``hook`` of every plugin that has it, in pluggy's order: the last one registered first."""
        manager = discovery.manager()
        implementations = getattr(manager.hook, hook).get_hookimpls()
        listeners = list({id(each.plugin): each.plugin for each in reversed(implementations)}.values())
        if not listeners:
            return
        with undisturbed():
            for listener in listeners:
                others = [plugin for plugin in listeners if plugin is not listener]
                try:
                    manager.subset_hook_caller(hook, others)(**copy.deepcopy(arguments))
                except (Exception, SystemExit) as error:
                    self._report(manager.get_name(listener) or repr(listener), hook, error)

    def _report(self, name: str, hook: str, error: BaseException) -> None:
        if name not in self.failed:
            self.failed.add(name)
            self.note(
                f"The plugin '{name}' failed in {hook}: {type(error).__name__}: {error}. Training goes on; "
                "further failures of this plugin are not shown. Mend or uninstall it."
            )
