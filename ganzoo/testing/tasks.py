"""The contract of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.tasks import INPUTS, Task
from ganzoo.testing.expectations import require


def check_task(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check a task: its name is the entry's, and inputs and outputs are those that ganzoo can pass.

    Args:
        entry: The task's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    task = entry.build(options.parse(entry, values or {}))
    require(isinstance(task, Task), entry, f"builds {type(task).__name__}, not a ganzoo.Task")
    require(task.name == entry.name, entry, f"builds a task called '{task.name}'")
    require(task.source in ("latents", "image"), entry, f"has the source {task.source!r}, not 'latents' or 'image'")
    require(task.output in ("image", "clip"), entry, f"has the output {task.output!r}, not 'image' or 'clip'")
    known = isinstance(task.inputs, tuple) and set(task.inputs) <= set(INPUTS)
    require(known, entry, f"has the inputs {task.inputs!r}, not a tuple of {', '.join(INPUTS)}")
    require(isinstance(task.tag, str) and bool(task.tag), entry, "has no tag, its name on the Hugging Face Hub")
