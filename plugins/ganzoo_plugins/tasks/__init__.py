"""Entries for the tasks of `ganzoo.contracts.tasks`."""

from __future__ import annotations

from functools import partial

from ganzoo import Config, Entry, hookimpl
from ganzoo.contracts.tasks import TASKS


def find(name, config):
    return TASKS[name]


@hookimpl
def ganzoo_entries():
    return [
        Entry("task", task.name, Config, partial(find, task.name), f"From {task.source} to {task.output}")
        for task in TASKS.values()
    ]
