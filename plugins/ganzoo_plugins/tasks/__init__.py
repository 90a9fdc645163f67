"""Entries for the tasks of `ganzoo.contracts.tasks`."""

from __future__ import annotations

from ganzoo import Family
from ganzoo.contracts.tasks import TASKS

family = Family(__name__)
for task in TASKS.values():
    family.task(task)

ganzoo_entries = family.entries
