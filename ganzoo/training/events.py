"""Tells plugins what happens in a run. Their code must neither stop nor change the training."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ganzoo.catalog import discovery
from ganzoo.files.terminal import one_line
from ganzoo.training.randomness import undisturbed


class Events:
    """Calls the ``ganzoo_train_*`` hooks of each plugin separately, with its own copy of the arguments.

    A plugin that raises is named once through ``log``, and called again at the next event.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self.log = log
        self.failed: set[str] = set()

    def send(self, hook: str, **arguments: Any) -> None:
        """Call ``hook`` of every plugin that has it, in pluggy's order: the last registered first."""
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
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # third-party code may raise anything
                    self._report(manager.get_name(listener) or repr(listener), hook, error)

    def _report(self, name: str, hook: str, error: BaseException) -> None:
        if name not in self.failed:
            self.failed.add(name)
            self.log(
                f"The plugin '{name}' failed in {hook}: {one_line(error)}. Training goes on; "
                "further failures of this plugin are not shown. Fix or uninstall it."
            )
