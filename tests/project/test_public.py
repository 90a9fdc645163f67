"""What users and plugin authors depend on: public names, hooks, and a new family as one new folder."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest
from conftest import picture

import ganzoo
import ganzoo.testing
import ganzoo_plugins
from ganzoo import catalog
from ganzoo.catalog import discovery
from ganzoo.contracts import hookspecs

PUBLIC = [
    "AdversarialConfig",
    "Card",
    "Channel",
    "Check",
    "ClassCount",
    "Config",
    "DataSource",
    "DetectedCheckpoint",
    "Diagnosis",
    "Discriminator",
    "DoubledSize",
    "Engine",
    "Enlargement",
    "Entry",
    "Extractor",
    "Family",
    "Features",
    "Format",
    "Fraction",
    "Frames",
    "GanzooError",
    "Generator",
    "Importer",
    "InstanceNorm",
    "LatentConfig",
    "LatentRecipe",
    "Loss",
    "LossConfig",
    "Metric",
    "MetricContext",
    "MetricResult",
    "MetricValue",
    "Model",
    "NonNegativeFloat",
    "NonNegativeInt",
    "OpenFile",
    "OutputSpec",
    "Parts",
    "PositiveFloat",
    "PositiveInt",
    "ProperFraction",
    "Raster",
    "Reader",
    "Recipe",
    "RecipeConfig",
    "Regularizer",
    "RegularizerConfig",
    "Task",
    "TranslationConfig",
    "UnpairedRecipe",
    "Writer",
    "__version__",
    "at_least_float32",
    "build",
    "compare",
    "distill",
    "evaluate",
    "export",
    "fetch_file",
    "hookimpl",
    "import_checkpoint",
    "info",
    "list_models",
    "load",
    "mean_absolute_error",
    "metric",
    "resume",
    "save_clip",
    "sliced_wasserstein",
    "split_size",
    "train",
]


def test_public_list_is_complete_and_sorted():
    assert sorted(ganzoo.__all__) == PUBLIC
    assert ganzoo.__all__[1:] == sorted(ganzoo.__all__[1:])


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_exists_is_shown_by_dir_and_is_documented(name):
    value = getattr(ganzoo, name)
    assert name in dir(ganzoo)
    assert name in ("__version__", "hookimpl") or inspect.getdoc(value)


def public_functions():
    """Yield (name, function) of ganzoo, of its classes' methods, and of ganzoo.testing."""
    for module, names in ((ganzoo, ganzoo.__all__), (ganzoo.testing, dir(ganzoo.testing))):
        for name in names:
            value = getattr(module, name)
            if inspect.isfunction(value) and not name.startswith("_") and value.__module__.startswith("ganzoo"):
                yield f"{module.__name__}.{name}", value
            elif inspect.isclass(value) and module is ganzoo:
                methods = ((key, each) for key, each in vars(value).items() if inspect.isfunction(each))
                yield from ((f"ganzoo.{name}.{key}", each) for key, each in methods if not key.startswith("_"))


# What overrides a method of `RecipeContract`, which documents it.
RECIPES = ("LatentRecipe", "UnpairedRecipe")
OVERRIDES = {f"ganzoo.{name}.{method}" for name in RECIPES for method in ("sample", "validate")}


def test_every_public_function_documents_its_arguments_in_google_style():
    for name, function in public_functions():
        text = inspect.getdoc(function)
        assert text and text.splitlines()[0].endswith((".", "?", ":")), name
        parameters = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
        named = [each.name for each in parameters if each.kind is not inspect.Parameter.VAR_KEYWORD]
        if name not in OVERRIDES and len(named) > 1:
            missing = [each for each in named if not documented(each, text)]
            assert not missing, f"{name}: {missing}"


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda entry: entry.spec)
def test_every_option_is_documented(entry):
    texts = [inspect.cleandoc(base.__doc__ or "") for base in entry.config.__mro__]
    own = [name for name in vars(entry.config).get("__annotations__", {}) if not name.startswith("_")]
    assert [name for name in own if not documented(name, "\n".join(texts))] == []


def documented(name, text):
    return re.search(rf"(?m)^    (\w+, )*\*{{0,2}}{name}(, \w+)*:", text) is not None


def test_star_import_gives_the_public_names():
    names: dict[str, object] = {}
    exec("from ganzoo import *", names)
    assert set(PUBLIC) <= set(names)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ganzoo' has no attribute 'lode'"):
        _ = ganzoo.lode


def test_type_checkers_see_the_names_that_are_loaded_lazily():
    tree = ast.parse(Path(ganzoo.__file__).read_text(encoding="utf-8"))
    (checking,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.asname: node.module for node in checking.body for alias in node.names}
    assert seen == {name: home for name, home in ganzoo._HOMES.items()}
    assert all(hasattr(importlib.import_module(home), name) for name, home in seen.items())


@pytest.mark.parametrize("file", sorted(Path(ganzoo_plugins.__file__).parent.glob("**/__init__.py")), ids=str)
def test_what_type_checkers_see_of_a_family_can_be_imported_from_it(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    checking = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    parts = file.parent.relative_to(Path(ganzoo_plugins.__file__).parent).parts
    module = importlib.import_module(".".join(("ganzoo_plugins", *parts)))
    for node in checking[0].body if checking else ():
        home = importlib.import_module(f".{node.module}", module.__name__)
        for alias in node.names:
            assert getattr(module, alias.name) is getattr(home, alias.name)
    if "__getattr__" in vars(module):
        with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
            _ = module.Nothing


def test_there_are_hooks_for_entries_cards_commands_and_training():
    assert set(discovery.HOOKS) >= {"ganzoo_entries", "ganzoo_cards", "ganzoo_commands", "ganzoo_train_step"}


@pytest.mark.parametrize("hook", discovery.HOOKS)
def test_hook_is_specified_and_its_docstring_names_each_argument(hook):
    specification = getattr(hookspecs, hook)
    assert hasattr(specification, "ganzoo_spec")
    words = set(inspect.getdoc(specification).replace("``", " ").replace(":", " ").split())
    assert [name for name in inspect.signature(specification).parameters if name not in words] == []
    assert "return" in specification.__annotations__


FAMILY = '''
"""A family on the fly."""
from dataclasses import dataclass
from ganzoo import Config, Entry, hookimpl

@dataclass(frozen=True)
class PaintConfig(Config):
    latent_dim: int = 3

def build(config):
    from .networks import Paint
    return Paint(config.latent_dim)

@hookimpl
def ganzoo_entries():
    return [
        Entry(kind="generator", name="paint", config=PaintConfig, build=build,
              task="unconditional-image-generation", summary="One color a picture"),
    ]
'''

NETWORKS = """
import torch
from torch import nn

class Paint(nn.Module):
    image_size, out_channels = 16, 3

    def __init__(self, latent_dim):
        super().__init__()
        self.latent_dim = latent_dim
        self.layer = nn.Linear(latent_dim, 3)

    def forward(self, latents):
        return torch.tanh(self.layer(latents))[:, :, None, None].expand(-1, -1, 16, 16)
"""


@pytest.mark.usefixtures("fresh")
def test_new_family_is_one_new_folder(tmp_path, monkeypatch):
    family = tmp_path / "families" / "paint"
    family.mkdir(parents=True)
    (family / "__init__.py").write_text(FAMILY)
    (family / "networks.py").write_text(NETWORKS)
    monkeypatch.setattr(ganzoo_plugins, "__path__", [*ganzoo_plugins.__path__, str(family.parent)])
    catalog.refresh()

    assert catalog.origin("generator:paint") == "ganzoo_plugins.paint"
    assert "ganzoo_plugins.paint" in [plugin.name for plugin in discovery.plugins()]
    assert ganzoo.build("generator:paint", latent_dim=2).layer.in_features == 2

    data = tmp_path / "pictures"
    data.mkdir()
    for number in range(2):
        picture(16, 16, number).save(data / f"{number}.png")
    run = ganzoo.train(
        "dcgan",
        data,
        tmp_path / "run",
        steps=1,
        batch_size=2,
        device="cpu",
        options={"image_size": 16},
        parts={"generator": "paint"},
        part_options={"discriminator": {"width": 4}},
    )
    (made,) = ganzoo.load(f"dir:{run}", device="cpu").generate(1)
    assert made.size == (16, 16)
    assert len(made.getcolors()) == 1
