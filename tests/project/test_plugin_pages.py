"""The pages for plugin authors: every example runs and keeps its contract, and every hook is documented."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from conftest import ROOT
from training_cases import train

import ganzoo
from ganzoo import testing
from ganzoo.catalog.discovery import HOOKS
from ganzoo.contracts import hookspecs
from ganzoo.contracts.entry import KINDS

KINDS_PAGE, HOOKS_PAGE = ((ROOT / "docs" / "plugins" / name).read_text() for name in ("kinds.md", "hooks.md"))
EXAMPLES = dict(re.findall(r"```python\n# example: ([a-z-]+)\n(.*?)```", KINDS_PAGE, re.S))
HOOK_EXAMPLES = dict(re.findall(r"```python\n# hook: (\w+)\n(.*?)```", HOOKS_PAGE, re.S))
SMALL: dict[str, dict[str, Any]] = {"recipe:brightness": {"image_size": 16}, "recipe:perceptual": {"image_size": 32}}


RESNET = {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4, "receptive_field": 16}}


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Run a block as a module of its own."""
    made = ModuleType("printed_example")
    made.__file__ = str(Path("printed") / "__init__.py")
    sys.modules[made.__name__] = made
    exec(compile(request.param, "printed_example", "exec"), vars(made))
    yield made
    del sys.modules[made.__name__]


@pytest.mark.parametrize("module", EXAMPLES.values(), ids=list(EXAMPLES), indirect=True)
def test_an_example_keeps_its_contract(module: ModuleType) -> None:
    entries = module.ganzoo_entries()
    assert entries
    for entry in entries:
        small = {role: {"width": 4} for role in ("generator", "discriminator")} if entry.kind == "recipe" else {}
        testing.check_entry(entry, SMALL.get(entry.spec, {}), part_options=small)


def test_a_cyclegan_with_a_perceptual_loss_takes_at_most_15_lines() -> None:
    lines = [line for line in EXAMPLES["perceptual"].splitlines() if line.strip()]
    assert len(lines) <= 15


def test_another_network_in_pix2pix_takes_none(tmp_path: Path) -> None:
    assert "--part generator=resnet" in KINDS_PAGE
    run = train("pix2pix", tmp_path, steps=1, parts={"generator": "resnet"}, part_options=RESNET)
    assert ganzoo.info(f"dir:{run}").entry == "generator:resnet"


def test_every_kind_is_on_the_page() -> None:
    headings = " ".join(re.findall(r"^## (.*)$", KINDS_PAGE, re.M)).lower()
    assert [kind for kind in KINDS if kind not in headings] == []


def test_every_hook_is_documented_with_its_arguments() -> None:
    for hook in HOOKS:
        arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
        assert f"{hook}({arguments})" in HOOKS_PAGE, hook


@pytest.mark.parametrize("module", HOOK_EXAMPLES.values(), ids=list(HOOK_EXAMPLES), indirect=True)
def test_an_example_of_a_hook_does_what_it_says(module: ModuleType, tmp_path: Path) -> None:
    if hasattr(module, "ganzoo_cards"):
        assert module.ganzoo_cards() == Path("printed") / "registry.json"
    if hasattr(module, "ganzoo_commands"):
        group = click.Group()
        module.ganzoo_commands(group)
        assert list(group.commands) == ["hello"]
    if hasattr(module, "ganzoo_train_step"):
        module.ganzoo_train_start(tmp_path, {"loggers": ["csv"]})
        module.ganzoo_train_step(tmp_path, 3, {"generator": 0.5})
        assert (tmp_path / "losses.csv").read_text() == "step,name,value\n3,generator,0.5\n"
