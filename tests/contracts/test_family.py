"""`ganzoo.Family`: an entry is declared next to its options, and imports what it builds only then."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo import Config, Family, LossConfig, PositiveInt, RecipeConfig, RegularizerConfig
from ganzoo.contracts.family import ImportedWhenBuilt, own_options

CODE = """
class Made:
    def __init__(self, *parts, **options):
        self.parts, self.options = parts, options

def make(width):
    return width
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "paints"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "networks.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("paints", "paints.networks"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return "paints"


@dataclass(frozen=True)
class Options(Config):
    """One color a picture.

    Attributes:
        width: Its width.
    """

    width: PositiveInt = 3


def test_each_method_adds_an_entry_and_gives_the_options_back(package: str) -> None:
    family = Family(package, paper="arXiv:1406.2661")
    assert family.generator("paint", ".networks.Made", task="image-to-image")(Options) is Options
    family.discriminator("paint", ".networks.Made", summary="Looks", paper="arXiv:1")(Options)
    parts = {"generator": "generator:paint"}
    family.recipe("paint", ".networks.Made", data="images", batch_size=4, parts=parts)(Options)
    family.importer("old-paint", ".networks.Made", "Of another code base")
    generator, discriminator, recipe, importer = family.entries()
    assert (generator.spec, generator.config, generator.task) == ("generator:paint", Options, "image-to-image")
    assert (generator.summary, generator.paper) == ("One color a picture", "arXiv:1406.2661")
    assert (discriminator.summary, discriminator.paper) == ("Looks", "arXiv:1")
    assert (recipe.data, recipe.batch_size, recipe.parts) == ("images", 4, parts)
    assert (importer.spec, importer.config, importer.paper) == ("importer:old-paint", Config, "")
    assert "paints.networks" not in sys.modules


def test_networks_take_options_by_name_and_recipes_config_and_parts(package: str) -> None:
    build = ImportedWhenBuilt(package, ".networks.Made")
    assert build(Options(5)).options == {"width": 5}
    config, parts = RecipeConfig(), object()
    assert build(config, parts).parts == (config, parts)
    assert ImportedWhenBuilt(package, ".networks.make")(Options(7)) == 7
    assert ImportedWhenBuilt(package, "ganzoo.losses.hinge.HingeLoss")(LossConfig()) is not None


def test_a_function_is_called_with_the_config(package: str) -> None:
    family = Family(package)
    family.entry("extractor", "paint", lambda config: config.width)(Options)
    (entry,) = family.entries()
    assert (entry.build(Options(9)), entry.paper) == (9, "")


@pytest.mark.parametrize(("base", "own"), [(LossConfig, "margin"), (RegularizerConfig, "decay")])
def test_what_core_applies_is_not_passed_on(base: type[Config], own: str) -> None:
    config: Any = dataclass(frozen=True)(type("Own", (base,), {"__annotations__": {own: float}, own: 0.5}))()
    assert own_options(config) == {own: 0.5}


def test_a_family_is_a_plugin_by_its_hook(package: str) -> None:
    from ganzoo.catalog import discovery

    assert hasattr(Family(package).entries, "ganzoo_impl")
    assert "ganzoo_entries" in discovery.HOOKS
    assert ganzoo.build("generator:dcgan", width=2, image_size=16).architecture.options["width"] == 2
