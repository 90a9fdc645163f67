"""The plugin contract, as functions: ganzoo runs them for its own entries, and you run them for yours.

    import pytest
    from ganzoo import testing

    @pytest.mark.parametrize("spec", ["generator:tiny", "loss:mine", "recipe:mine"])
    def test_the_contract_holds(spec):
        testing.check_entry(spec)

Small networks make it fast: ``check_entry("generator:resnet", {"width": 4})``, and for a recipe
``check_entry("recipe:dcgan", {"image_size": 16}, part_options={"generator": {"width": 4}})``. To go without an
installed plugin, hand over an `Entry` itself (a recipe's parts are looked up in the catalog).

Every function raises AssertionError that names the entry and what is broken, and leaves the random numbers of torch
as it found them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from ganzoo import catalog
from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.errors import OptionError
from ganzoo.testing.engines import check_engine, check_format
from ganzoo.testing.expectations import require
from ganzoo.testing.extractors import check_extractor
from ganzoo.testing.features import check_features
from ganzoo.testing.importers import check_importer
from ganzoo.testing.losses import check_loss
from ganzoo.testing.networks import check_discriminator, check_generator
from ganzoo.testing.recipes import check_recipe

__all__ = [
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
    "check_options",
    "check_recipe",
]

HEAVY = ("torch", "timm", "pydantic", "huggingface_hub")


def check_entry(
    entry: Entry | str,
    values: Mapping[str, Any] | None = None,
    *,
    parts: Mapping[str, str] | None = None,
    part_options: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Check one entry, given as an `Entry` or as "kind:name", with ``values`` for its options.

    ``parts`` and ``part_options`` are a recipe's, by role: what ``--part`` and ``--set ROLE.KEY=VALUE`` say.
    """
    entry = catalog.find(entry) if isinstance(entry, str) else entry
    values = dict(values or {})
    check_options(entry)
    if entry.kind == "recipe":
        check_recipe(entry, values, parts=parts or {}, part_options=part_options or {})
    else:
        checks = {
            "generator": check_generator,
            "discriminator": check_discriminator,
            "loss": check_loss,
            "extractor": check_extractor,
            "features": check_features,
            "engine": check_engine,
            "format": check_format,
            "importer": check_importer,
        }
        checks[entry.kind](entry, values)


def check_options(entry: Entry) -> None:
    """Check that the default options survive JSON, and that an option that does not exist is refused."""
    config = options.parse(entry, {})
    written = json.loads(json.dumps(options.as_dict(config)))
    require(options.parse(entry, written) == config, entry, "options differ after JSON: use plain types")
    try:
        options.parse(entry, {"no_such_option": 1})
    except OptionError:
        return
    raise AssertionError(f"{entry.spec} takes an option that it does not have: its config should extend ganzoo.Config")


def check_import(module: str) -> None:
    """Check, in a process of its own, that importing a plugin's ``module`` imports nothing heavy.

    `ganzoo list` imports every plugin: torch, timm, pydantic and huggingface_hub belong inside functions.
    """
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{module} cannot be imported: {done.stderr.strip()}")
    heavy = done.stdout.strip()
    if heavy != "[]":
        raise AssertionError(f"{module} imports {heavy} when it is imported; do that inside build()")
