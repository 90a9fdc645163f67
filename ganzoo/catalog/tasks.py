"""The tasks of the catalog: ganzoo's own and those that plugins add."""

from __future__ import annotations

from ganzoo import catalog
from ganzoo.contracts.tasks import TASKS, Task
from ganzoo.errors import UnknownName, suggest


def names() -> list[str]:
    """Return the names of all tasks, ganzoo's own first."""
    found = [entry.name for entry in catalog.entries("task")]
    return [*(name for name in TASKS if name in found), *(name for name in found if name not in TASKS)]


def find(name: str) -> Task:
    """Return the task called ``name``.

    Raises:
        UnknownName: With a suggestion, if there is none.
    """
    known = names()
    if name not in known:
        raise UnknownName(f"No task is called '{name}'.{suggest(name, known)} The tasks are: {', '.join(known)}.")
    entry = catalog.find(f"task:{name}")
    task: Task = entry.build(entry.config())
    return task
