"""ganzoo: a plugin-based zoo of generative adversarial networks.

    zebra = ganzoo.load("cyclegan/horse2zebra")
    zebra.translate("photo.jpg").save("zebra.png")

Importing ganzoo imports no torch: every public name is loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganzoo.version import __version__

if TYPE_CHECKING:
    from ganzoo.building import build as build
    from ganzoo.distances import sliced_wasserstein as sliced_wasserstein
    from ganzoo.doublings import split_size as split_size
    from ganzoo.engine import Engine as Engine
    from ganzoo.engine import Format as Format
    from ganzoo.entry import AdversarialConfig as AdversarialConfig
    from ganzoo.entry import Config as Config
    from ganzoo.entry import Entry as Entry
    from ganzoo.entry import RecipeConfig as RecipeConfig
    from ganzoo.errors import GanzooError as GanzooError
    from ganzoo.evaluation.evaluating import evaluate as evaluate
    from ganzoo.exporting import export as export
    from ganzoo.hookspecs import hookimpl as hookimpl
    from ganzoo.hub import fetch_file as fetch_file
    from ganzoo.importing import Foreign as Foreign
    from ganzoo.importing import Importer as Importer
    from ganzoo.importing import import_checkpoint as import_checkpoint
    from ganzoo.inference.video.clipfiles import save_clip as save_clip
    from ganzoo.interfaces import Discriminator as Discriminator
    from ganzoo.interfaces import Extractor as Extractor
    from ganzoo.interfaces import Features as Features
    from ganzoo.interfaces import Generator as Generator
    from ganzoo.interfaces import Loss as Loss
    from ganzoo.interfaces import Recipe as Recipe
    from ganzoo.latent import LatentRecipe as LatentRecipe
    from ganzoo.loading import info as info
    from ganzoo.loading import load as load
    from ganzoo.model import Model as Model
    from ganzoo.norms import InstanceNorm as InstanceNorm
    from ganzoo.registry import Card as Card
    from ganzoo.registry import list_models as list_models
    from ganzoo.training.starting import resume as resume
    from ganzoo.training.starting import train as train
    from ganzoo.twoway import TwoWayRecipe as TwoWayRecipe
    from ganzoo.twoway import mean_error as mean_error

# Public name -> the module that has it.
_HOMES = {
    "AdversarialConfig": "ganzoo.entry",
    "Card": "ganzoo.registry",
    "Config": "ganzoo.entry",
    "Discriminator": "ganzoo.interfaces",
    "Engine": "ganzoo.engine",
    "Entry": "ganzoo.entry",
    "Extractor": "ganzoo.interfaces",
    "Features": "ganzoo.interfaces",
    "Format": "ganzoo.engine",
    "Foreign": "ganzoo.importing",
    "GanzooError": "ganzoo.errors",
    "Generator": "ganzoo.interfaces",
    "Importer": "ganzoo.importing",
    "InstanceNorm": "ganzoo.norms",
    "LatentRecipe": "ganzoo.latent",
    "Loss": "ganzoo.interfaces",
    "Model": "ganzoo.model",
    "Recipe": "ganzoo.interfaces",
    "RecipeConfig": "ganzoo.entry",
    "TwoWayRecipe": "ganzoo.twoway",
    "build": "ganzoo.building",
    "evaluate": "ganzoo.evaluation.evaluating",
    "export": "ganzoo.exporting",
    "fetch_file": "ganzoo.hub",
    "hookimpl": "ganzoo.hookspecs",
    "import_checkpoint": "ganzoo.importing",
    "info": "ganzoo.loading",
    "list_models": "ganzoo.registry",
    "load": "ganzoo.loading",
    "mean_error": "ganzoo.twoway",
    "resume": "ganzoo.training.starting",
    "save_clip": "ganzoo.inference.video.clipfiles",
    "sliced_wasserstein": "ganzoo.distances",
    "split_size": "ganzoo.doublings",
    "train": "ganzoo.training.starting",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganzoo' has no attribute '{name}'")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
