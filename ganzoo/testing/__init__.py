"""The plugin contract as test functions: ganzoo runs them for its own entries, and you can run them for yours.

    import pytest
    from ganzoo import testing

    @pytest.mark.parametrize("spec", ["generator:tiny", "loss:mine", "recipe:mine"])
    def test_the_contract_holds(spec):
        testing.check_entry(spec)

Small networks make this fast: ``check_entry("generator:resnet", {"width": 4})``, and for a recipe
``check_entry("recipe:dcgan", {"image_size": 16}, part_options={"generator": {"width": 4}})``. Pass an `Entry` itself to
check it without installing the plugin (a recipe's parts are looked up in the catalog).

Every function raises an AssertionError that names the entry and what is wrong, and leaves torch's random state as it
was.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ganzoo import catalog
from ganzoo.catalog import options
from ganzoo.catalog.entries import complaints
from ganzoo.catalog.tasks import names as task_names
from ganzoo.contracts.entry import Entry
from ganzoo.testing import unread_options
from ganzoo.testing.data_sources import check_data
from ganzoo.testing.engines import check_engine, check_format
from ganzoo.testing.expectations import require
from ganzoo.testing.extractors import check_extractor
from ganzoo.testing.features import check_features
from ganzoo.testing.importers import check_importer
from ganzoo.testing.losses import check_loss
from ganzoo.testing.metrics import check_metric
from ganzoo.testing.networks import check_discriminator, check_generator
from ganzoo.testing.readers import check_reader, check_writer
from ganzoo.testing.recipes import check_recipe
from ganzoo.testing.regularizers import check_regularizer
from ganzoo.testing.tasks import check_task

__all__ = [
    "CHECKS",
    "check_data",
    "check_declaration",
    "check_discriminator",
    "check_engine",
    "check_entry",
    "check_extractor",
    "check_features",
    "check_format",
    "check_generator",
    "check_import",
    "check_importer",
    "check_loss",
    "check_metric",
    "check_options",
    "check_reader",
    "check_recipe",
    "check_regularizer",
    "check_task",
    "check_writer",
]

# The check of each kind; recipes have one with more arguments.
CHECKS: dict[str, Callable[[Entry, Mapping[str, Any]], None]] = {
    "generator": check_generator,
    "discriminator": check_discriminator,
    "loss": check_loss,
    "regularizer": check_regularizer,
    "extractor": check_extractor,
    "features": check_features,
    "engine": check_engine,
    "format": check_format,
    "importer": check_importer,
    "metric": check_metric,
    "task": check_task,
    "reader": check_reader,
    "writer": check_writer,
    "data": check_data,
}
HEAVY = ("torch", "timm", "pydantic", "huggingface_hub")


def check_entry(
    entry: Entry | str,
    values: Mapping[str, Any] | None = None,
    *,
    parts: Mapping[str, str] | None = None,
    part_options: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Check one entry with everything that its kind requires.

    Args:
        entry: The entry, or "kind:name".
        values: Its options.
        parts: For a recipe: role to entry, as ``--part ROLE=NAME``.
        part_options: For a recipe: role to options of the part, as ``--set ROLE.KEY=VALUE``.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    entry = catalog.find(entry) if isinstance(entry, str) else entry
    check_declaration(entry)
    values = dict(values or {})
    check_options(entry)
    if entry.kind == "recipe":
        check_recipe(entry, values, parts=parts or {}, part_options=part_options or {})
    else:
        CHECKS[entry.kind](entry, values)


def check_declaration(entry: Entry) -> None:
    """Check what an entry says of itself: its kind, its name, the types of its fields.

    Raises:
        AssertionError: With the first thing that is wrong, in one sentence.
    """
    if not isinstance(entry, Entry):
        raise AssertionError(f"{entry!r} is not a ganzoo.Entry.")
    complaint = next(complaints(entry, task_names()), None)
    if complaint:
        raise AssertionError(f"{entry.spec}: its {complaint}.")


def check_options(entry: Entry) -> None:
    """Check that the default options survive JSON, and that something reads each of them."""
    config = options.parse(entry, {})
    written = json.loads(json.dumps(options.as_dict(config)))
    require(options.parse(entry, written) == config, entry, "options differ after JSON: use plain types")
    unread = ", ".join(unread_options.find(entry))
    require(not unread, entry, f"has options that nothing reads: {unread}. Use them, or remove them")


def check_import(module: str) -> None:
    """Check, in a separate process, that importing a plugin imports nothing heavy.

    `ganzoo list` imports every plugin, so import torch, timm, pydantic and huggingface_hub inside functions.

    Args:
        module: The plugin's module, as "ganzoo_tiny".

    Raises:
        AssertionError: If it imports one of them, or cannot be imported.
    """
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if process.returncode:
        raise AssertionError(f"{module} cannot be imported: {process.stderr.strip()}")
    heavy = process.stdout.strip()
    if heavy != "[]":
        raise AssertionError(f"{module} imports {heavy} when it is imported; import them inside build()")
