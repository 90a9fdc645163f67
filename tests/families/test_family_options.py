"""Every option that has limits refuses what is beyond them, with one error that names the option."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Annotated, Any, Literal, get_origin

import family_cases
import pytest

from ganzoo import catalog
from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.errors import OptionError

# What every built-in recipe refuses, beside options of its own.
RECIPES: dict[str, list[Any]] = {
    "image_size": [-1],
    "channels": [-1],
    "in_channels": [-1],
    "depth": [-1],
    "learning_rate": [0.0, -1.0, math.nan],
    "beta1": [1.0],
    "beta2": [-0.1],
    "schedule": ["step", ""],
    "decay_from": [-0.1, 1.1, math.nan],
    "warmup": [-0.5, 1.0, math.nan],
    "clip_norm": [-1.0, math.inf, math.nan, "short"],
    "discriminator_learning_rate": [-1e-4, math.inf, math.nan],
    "discriminator_steps": [0, -2, 1.5],
    "r1": [-1.0, math.inf, math.nan],
    "r1_every": [0, -16, 0.5],
}


def shared(spec: str) -> dict[str, list[Any]]:
    """Return what of `RECIPES` an entry has: all, part (those without an adversary), or nothing."""
    known = options.names(catalog.find(spec)) if spec.startswith("recipe:") else ()
    return {name: wrong for name, wrong in RECIPES.items() if name in known}


WRONG: dict[str, dict[str, list[Any]]] = {
    "generator:dcgan": {
        "image_size": [50, 8, 512],
        "latent_dim": [0],
        "width": [0, -4],
        "channels": [0],
        "norm": ["x"],
    },
    "generator:lsgan": {"image_size": [50], "latent_dim": [0], "width": [0], "channels": [0]},
    "generator:vanilla": {"image_size": [3, 257], "latent_dim": [0], "width": [-1], "channels": [0]},
    "generator:resnet": {"width": [0], "blocks": [-1], "norm": ["layer"], "in_channels": [0], "antialias": ["left"]},
    "generator:unet": {"width": [0], "image_size": [100, 16], "out_channels": [0]},
    "discriminator:dcgan": {"image_size": [18], "width": [0], "norm": ["layer"]},
    "discriminator:lsgan": {"image_size": [9], "width": [-1]},
    "discriminator:vanilla": {"image_size": [0, 512], "width": [0], "channels": [0]},
    "discriminator:patchgan": {"receptive_field": [33, 0], "width": [0], "in_channels": [0]},
    "discriminator:patchgan-multiscale": {"scales": [0, 7], "width": [0], "receptive_field": [2]},
    "loss:hinge": {"scales": ["max"]},
    "loss:wasserstein": {"scales": [""]},
    "loss:relativistic": {"scales": ["max"]},
    "loss:relativistic-average": {"scales": ["max"]},
    "regularizer:r1": {"weight": [-1.0, math.nan, math.inf], "every": [0, -1, 1.5]},
    "regularizer:r2": {"weight": [-1.0], "every": [0]},
    "regularizer:gradient-penalty": {"weight": [-0.1], "every": [0]},
    "regularizer:lecam": {"weight": [-0.1, math.inf], "every": [0], "decay": [-0.1, 1.0, math.nan]},
    "loss:non-saturating": {"real_label": [0.0, 1.1, math.nan]},
    "loss:least-squares": {"a": [math.nan], "b": [math.inf], "c": ["one"], "factor": [0.0, -1.0, math.inf]},
    "loss:wgan-gp": {"penalty": [-1.0, math.nan, math.inf]},
    "extractor:efficientnet-lite0": {"size": [-1, 31, 64.5]},
    "extractor:efficientnet-lite2": {"size": [-1, 31, 64.5]},
    "extractor:timm": {"model": [""], "layer": [-2, 0.5]},
    "recipe:dcgan": shared("recipe:dcgan"),
    "recipe:lsgan": shared("recipe:lsgan"),
    "recipe:vanilla": shared("recipe:vanilla"),
    "recipe:pix2pix": {
        **shared("recipe:dcgan"),
        "direction": ["up"],
        "enlarge": [0.5, 9.0],
        "l1_weight": [-1.0, math.nan],
    },
    "recipe:cyclegan": {
        **shared("recipe:dcgan"),
        "enlarge": [0.9, math.nan],
        "cycle_weight": [-1.0],
        "identity_weight": [math.inf],
        "pool_size": [-1, 1.5],
        "preserve_background": [-1.0, math.nan],
        "foreground_classes": ["", "3", "9-3", "a-b"],
    },
    **{spec: {**shared(spec), **wrong} for spec, wrong in family_cases.gathered("WRONG").items()},
}
RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("generator:resnet", {"blocks": 0}),
    ("loss:non-saturating", {"real_label": 0.9}),
    ("loss:wgan-gp", {"penalty": 0.0}),
    ("discriminator:patchgan-multiscale", {"scales": 1}),
    ("recipe:cyclegan", {"pool_size": 0, "decay_from": 1.0, "enlarge": 1.0, "cycle_weight": 0.0}),
    ("recipe:dcgan", {"image_size": 100, "channels": 1, "beta1": 0.0}),  # another's generator may take 100 pixels
    ("generator:vanilla", {"image_size": 4, "latent_dim": 1, "width": 1}),
    ("discriminator:vanilla", {"image_size": 256, "width": 1}),
    ("recipe:pix2pix", {"image_size": 0, "l1_weight": 0.0}),
    ("extractor:efficientnet-lite0", {"size": 32}),
    ("extractor:efficientnet-lite2", {"size": 32}),
    ("extractor:timm", {"layer": 0}),
    ("recipe:lsgan", {"clip_norm": 0.0, "warmup": 0.0, "decay_from": 0.0, "schedule": "cosine"}),
    ("recipe:vanilla", {"r1": 0.0, "r1_every": 16, "discriminator_steps": 5, "discriminator_learning_rate": 0.0}),
    ("recipe:cyclegan", {"augment": "color,translation,cutout"}),
    ("recipe:pix2pix", {"augment": " cutout , color "}),
]


@pytest.mark.parametrize("spec", WRONG)
def test_values_beyond_the_limits_are_refused_by_name(spec: str) -> None:
    entry = catalog.find(spec)
    for name, values in WRONG[spec].items():
        for value in values:
            text = refusal(entry, {name: value})
            assert text.startswith(f"{spec}: ")
            assert f"{name}={value!r}" in text
            assert text.endswith(".")
            assert ".." not in text.replace("0..", "").replace("1..", "")
            assert "\n" not in text and "Input should" not in text


@pytest.mark.parametrize("entry", [entry for entry in catalog.entries() if fields(entry.config)], ids=lambda e: e.spec)
def test_nothing_is_converted_and_infinity_is_no_number(entry: Entry) -> None:
    for name, default in options.as_dict(options.parse(entry, {})).items():
        for value in wrong_types(default):
            text = refusal(entry, {name: value})
            assert text.startswith(f"{entry.spec}: {name}={value!r} should be ")
            assert text.endswith(f". The default is {default!r}.")


def wrong_types(default: Any) -> list[Any]:
    """Return values of other types than a default's, and others that JSON does not hold."""
    if isinstance(default, bool):
        return [1, "true", None]
    if isinstance(default, int):
        return [str(default), default + 0.5, None, [default], {1, 2}]
    if isinstance(default, float):
        return [str(default), True, None, [default], math.nan, math.inf, -math.inf, 1j]
    return [3, True, None, b"x"]


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda entry: entry.spec)
def test_an_option_with_another_default_keeps_its_limits(entry: Entry) -> None:
    hints = options.hints_of(entry.config)
    for base in entry.config.__mro__[1:-1]:
        for name, hint in options.hints_of(base).items():
            if get_origin(hint) is Annotated:
                assert get_origin(hints[name]) in (Annotated, Literal), f"{entry.config.__name__}.{name}"


def refusal(entry: Entry, values: dict[str, Any]) -> str:
    with pytest.raises(OptionError) as caught:
        options.parse(entry, values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("blur", "'blur' is not an augmentation: use color, translation, cutout"),
        ("color,", "'' is not an augmentation"),
        ("color;cutout", "'color;cutout' is not an augmentation"),
        ("cutout,color,cutout", "'cutout' occurs twice in 'cutout,color,cutout'"),
    ],
)
def test_a_policy_with_another_word_is_refused_with_those_there_are(policy: str, message: str) -> None:
    entries = [entry for entry in catalog.entries("recipe") if "augment" in options.names(entry)]
    assert len(entries) > 15
    for entry in entries:
        text = refusal(entry, {"augment": policy})
        assert text.startswith(f"{entry.spec}: ") and message in text


def test_values_at_the_limits_are_taken() -> None:
    for spec, values in RIGHT:
        parsed = options.as_dict(options.parse(catalog.find(spec), values))
        assert {name: parsed[name] for name in values} == values


def test_every_built_in_entry_with_numbers_has_its_limits_tested() -> None:
    families = {
        entry.spec
        for entry in catalog.entries()
        if fields(entry.config) and catalog.origin(entry.spec).startswith("ganzoo_plugins.")
    }
    without = {"extractor:inception"}
    assert families - set(WRONG) == without, "whose only option is a path"
