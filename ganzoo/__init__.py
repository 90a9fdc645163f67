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
    from ganzoo.cards.card import Card as Card
    from ganzoo.cards.registry import list_models as list_models
    from ganzoo.catalog.building import build as build
    from ganzoo.checkpoints.import_checkpoint import import_checkpoint as import_checkpoint
    from ganzoo.contracts.config import AdversarialConfig as AdversarialConfig
    from ganzoo.contracts.config import Config as Config
    from ganzoo.contracts.config import LatentConfig as LatentConfig
    from ganzoo.contracts.config import LossConfig as LossConfig
    from ganzoo.contracts.config import RecipeConfig as RecipeConfig
    from ganzoo.contracts.config import RegularizerConfig as RegularizerConfig
    from ganzoo.contracts.config import TranslationConfig as TranslationConfig
    from ganzoo.contracts.data_source import DataSource as DataSource
    from ganzoo.contracts.discriminator import Discriminator as Discriminator
    from ganzoo.contracts.engine import Engine as Engine
    from ganzoo.contracts.engine import Format as Format
    from ganzoo.contracts.entry import Entry as Entry
    from ganzoo.contracts.extractor import Extractor as Extractor
    from ganzoo.contracts.family import Family as Family
    from ganzoo.contracts.feature_maps import Features as Features
    from ganzoo.contracts.generator import Generator as Generator
    from ganzoo.contracts.hookspecs import hookimpl as hookimpl
    from ganzoo.contracts.importer import DetectedCheckpoint as DetectedCheckpoint
    from ganzoo.contracts.importer import Importer as Importer
    from ganzoo.contracts.limits import Check as Check
    from ganzoo.contracts.limits import ClassCount as ClassCount
    from ganzoo.contracts.limits import Enlargement as Enlargement
    from ganzoo.contracts.limits import Fraction as Fraction
    from ganzoo.contracts.limits import NonNegativeFloat as NonNegativeFloat
    from ganzoo.contracts.limits import NonNegativeInt as NonNegativeInt
    from ganzoo.contracts.limits import PositiveFloat as PositiveFloat
    from ganzoo.contracts.limits import PositiveInt as PositiveInt
    from ganzoo.contracts.limits import ProperFraction as ProperFraction
    from ganzoo.contracts.loss import Loss as Loss
    from ganzoo.contracts.metric import Diagnosis as Diagnosis
    from ganzoo.contracts.metric import Metric as Metric
    from ganzoo.contracts.metric import MetricContext as MetricContext
    from ganzoo.contracts.metric import MetricResult as MetricResult
    from ganzoo.contracts.metric import MetricValue as MetricValue
    from ganzoo.contracts.metric import metric as metric
    from ganzoo.contracts.reader import Frames as Frames
    from ganzoo.contracts.reader import Reader as Reader
    from ganzoo.contracts.recipe import Parts as Parts
    from ganzoo.contracts.regularizer import Regularizer as Regularizer
    from ganzoo.contracts.tasks import Task as Task
    from ganzoo.contracts.writer import OpenFile as OpenFile
    from ganzoo.contracts.writer import OutputSpec as OutputSpec
    from ganzoo.contracts.writer import Writer as Writer
    from ganzoo.errors import GanzooError as GanzooError
    from ganzoo.evaluation.compare_models import compare as compare
    from ganzoo.evaluation.evaluate import evaluate as evaluate
    from ganzoo.exporting.export import export as export
    from ganzoo.hub.known_files import fetch_file as fetch_file
    from ganzoo.image_io.video.clip_files import save_clip as save_clip
    from ganzoo.layers.image_sizes import DoubledSize as DoubledSize
    from ganzoo.layers.image_sizes import split_size as split_size
    from ganzoo.layers.instance_norm import InstanceNorm as InstanceNorm
    from ganzoo.loading.load import info as info
    from ganzoo.loading.load import load as load
    from ganzoo.loading.model import Model as Model
    from ganzoo.losses.mean_absolute_error import mean_absolute_error as mean_absolute_error
    from ganzoo.losses.precision import at_least_float32 as at_least_float32
    from ganzoo.rasters.channel import Channel as Channel
    from ganzoo.rasters.raster import Raster as Raster
    from ganzoo.recipes.latent import LatentRecipe as LatentRecipe
    from ganzoo.recipes.recipe import Recipe as Recipe
    from ganzoo.recipes.sliced_wasserstein import sliced_wasserstein as sliced_wasserstein
    from ganzoo.recipes.unpaired import UnpairedRecipe as UnpairedRecipe
    from ganzoo.training.distill import distill as distill
    from ganzoo.training.train import resume as resume
    from ganzoo.training.train import train as train

# Public name -> the module that has it.
_HOMES = {
    "AdversarialConfig": "ganzoo.contracts.config",
    "at_least_float32": "ganzoo.losses.precision",
    "build": "ganzoo.catalog.building",
    "compare": "ganzoo.evaluation.compare_models",
    "Card": "ganzoo.cards.card",
    "Channel": "ganzoo.rasters.channel",
    "Check": "ganzoo.contracts.limits",
    "ClassCount": "ganzoo.contracts.limits",
    "Config": "ganzoo.contracts.config",
    "DetectedCheckpoint": "ganzoo.contracts.importer",
    "Diagnosis": "ganzoo.contracts.metric",
    "DataSource": "ganzoo.contracts.data_source",
    "Discriminator": "ganzoo.contracts.discriminator",
    "distill": "ganzoo.training.distill",
    "DoubledSize": "ganzoo.layers.image_sizes",
    "Engine": "ganzoo.contracts.engine",
    "Enlargement": "ganzoo.contracts.limits",
    "Entry": "ganzoo.contracts.entry",
    "evaluate": "ganzoo.evaluation.evaluate",
    "export": "ganzoo.exporting.export",
    "Extractor": "ganzoo.contracts.extractor",
    "Features": "ganzoo.contracts.feature_maps",
    "Family": "ganzoo.contracts.family",
    "fetch_file": "ganzoo.hub.known_files",
    "Format": "ganzoo.contracts.engine",
    "Fraction": "ganzoo.contracts.limits",
    "Frames": "ganzoo.contracts.reader",
    "GanzooError": "ganzoo.errors",
    "Generator": "ganzoo.contracts.generator",
    "hookimpl": "ganzoo.contracts.hookspecs",
    "import_checkpoint": "ganzoo.checkpoints.import_checkpoint",
    "Importer": "ganzoo.contracts.importer",
    "info": "ganzoo.loading.load",
    "InstanceNorm": "ganzoo.layers.instance_norm",
    "LatentRecipe": "ganzoo.recipes.latent",
    "list_models": "ganzoo.cards.registry",
    "load": "ganzoo.loading.load",
    "Loss": "ganzoo.contracts.loss",
    "LatentConfig": "ganzoo.contracts.config",
    "LossConfig": "ganzoo.contracts.config",
    "mean_absolute_error": "ganzoo.losses.mean_absolute_error",
    "Metric": "ganzoo.contracts.metric",
    "metric": "ganzoo.contracts.metric",
    "MetricContext": "ganzoo.contracts.metric",
    "MetricResult": "ganzoo.contracts.metric",
    "MetricValue": "ganzoo.contracts.metric",
    "Model": "ganzoo.loading.model",
    "NonNegativeFloat": "ganzoo.contracts.limits",
    "NonNegativeInt": "ganzoo.contracts.limits",
    "OpenFile": "ganzoo.contracts.writer",
    "OutputSpec": "ganzoo.contracts.writer",
    "Parts": "ganzoo.contracts.recipe",
    "PositiveFloat": "ganzoo.contracts.limits",
    "PositiveInt": "ganzoo.contracts.limits",
    "ProperFraction": "ganzoo.contracts.limits",
    "Raster": "ganzoo.rasters.raster",
    "Reader": "ganzoo.contracts.reader",
    "Recipe": "ganzoo.recipes.recipe",
    "RecipeConfig": "ganzoo.contracts.config",
    "Regularizer": "ganzoo.contracts.regularizer",
    "RegularizerConfig": "ganzoo.contracts.config",
    "resume": "ganzoo.training.train",
    "save_clip": "ganzoo.image_io.video.clip_files",
    "sliced_wasserstein": "ganzoo.recipes.sliced_wasserstein",
    "split_size": "ganzoo.layers.image_sizes",
    "Task": "ganzoo.contracts.tasks",
    "train": "ganzoo.training.train",
    "TranslationConfig": "ganzoo.contracts.config",
    "UnpairedRecipe": "ganzoo.recipes.unpaired",
    "Writer": "ganzoo.contracts.writer",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganzoo' has no attribute '{name}'")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
