"""The contract of recipes: what the training loop needs."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch  # noqa: TID253 - testing networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.contracts.config import AdversarialConfig, Config
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.generator import Generator
from ganzoo.recipes.recipe import Recipe
from ganzoo.testing.expectations import BATCH, PIXELS, SEED, equal, random_images, require, require_images
from ganzoo.testing.parts import RecordingParts

CLASSES, FRAMES = 3, 4  # of labeled data and of clips


def check_recipe(
    entry: Entry,
    values: Mapping[str, Any] | None = None,
    *,
    parts: Mapping[str, str] | None = None,
    part_options: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Check one step on small random images, then everything else that the training loop needs.

    Options image_size, channels, classes and frames that are 0 become `PIXELS`, 3, `CLASSES` and `FRAMES`, as the loop
    takes them from the data. If the config is an `AdversarialConfig`, the recipe must follow its options.

    Args:
        entry: The recipe's entry.
        values: Its options.
        parts: Role to entry, as ``--part ROLE=NAME``.
        part_options: Role to options of the part, as ``--set ROLE.KEY=VALUE``.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    with torch.random.fork_rng(devices=[]):
        config = _filled(entry, values or {})

        def build(seed: int, recording: RecordingParts | None = None, **changes: Any) -> Recipe:
            torch.manual_seed(seed)
            changed = dataclasses.replace(config, **changes)
            chosen = recording or RecordingParts(entry, parts or {}, part_options or {})
            recipe: Recipe = entry.build(changed, chosen)
            recipe.config = changed  # as the loop does
            recipe.regularizers = chosen.build_regularizers()
            return recipe

        recording = RecordingParts(entry, parts or {}, part_options or {})
        recipe, batch = build(SEED, recording), _batch(entry, config)
        _check_anatomy(entry, recipe)
        _check_step(entry, recipe, batch)
        recording.require_regularizers()
        _check_resuming(entry, recipe, build(SEED + 1), batch)
        _check_uses(entry, recipe, batch)
        if isinstance(config, AdversarialConfig):
            _check_adversarial_options(entry, build, batch)


def _filled(entry: Entry, values: Mapping[str, Any]) -> Config:
    filled = options.as_dict(options.parse(entry, values))
    for name, value in (("image_size", PIXELS), ("channels", 3), ("classes", CLASSES), ("frames", FRAMES)):
        if filled.get(name) == 0:
            filled[name] = value
    if "discriminator_steps" in filled:
        filled["discriminator_steps"] = 1  # the checked steps update every network
    return options.parse(entry, filled)


def _batch(entry: Entry, config: Config) -> dict[str, Tensor]:
    """Return a batch of random images, as the loop has it for the recipe's kind of data."""
    names = {"paired": ["input", "target"], "unpaired": ["a", "b"], "clips": ["clip"]}.get(entry.data, ["image"])
    pixels, channels = getattr(config, "image_size", PIXELS), getattr(config, "channels", 3)
    of_inputs = getattr(config, "in_channels", 0) or channels
    frames = [getattr(config, "frames", FRAMES)] if entry.data == "clips" else []
    size = (pixels, getattr(config, "image_width", 0) or pixels)
    drawn = random_images(len(names), BATCH, max(channels, of_inputs), *frames, *size).unbind()
    counts = [of_inputs if name in ("input", "a") else channels for name in names]
    batch = {name: each[:, :count] for name, each, count in zip(names, drawn, counts, strict=True)}
    if entry.data == "labeled" or (entry.data == "clips" and hasattr(config, "classes")):
        batch["label"] = torch.arange(BATCH) % int(getattr(config, "classes", CLASSES))
    return batch


def _check_anatomy(entry: Entry, recipe: Any) -> None:
    require(isinstance(recipe, Recipe), entry, f"builds {type(recipe).__name__}, not a ganzoo.Recipe")
    require(bool(recipe.networks), entry, "has no networks")
    for name, network in recipe.networks.items():
        require(isinstance(network, nn.Module), entry, f"has a network '{name}' that is not a torch.nn.Module")
    groups = [group["params"] for each in recipe.optimizers.values() for group in each.param_groups]
    trained = [id(parameter) for group in groups for parameter in group]
    require(len(trained) == len(set(trained)), entry, "trains a parameter with two optimizers")
    for name, parameter in _parameters(recipe).items():
        require(not parameter.requires_grad or id(parameter) in trained, entry, f"trains {name} with no optimizer")
    require("" in recipe.exports, entry, 'names no main generator in exports: {"": "generator"}')
    for name in recipe.exports.values():
        require(name in recipe.networks, entry, f"exports '{name}', which is not one of its networks")
        require(isinstance(recipe.networks[name], Generator), entry, f"exports '{name}', which is not a generator")
        built = hasattr(recipe.networks[name], "architecture")
        require(built, entry, f"exports '{name}', which was not built by parts.build: it could not be loaded")


def _parameters(recipe: Recipe) -> dict[str, nn.Parameter]:
    return {f"{name}.{key}": p for name, network in recipe.networks.items() for key, p in network.named_parameters()}


def _check_step(entry: Entry, recipe: Recipe, batch: Mapping[str, Tensor]) -> None:
    before = {name: parameter.detach().clone() for name, parameter in _parameters(recipe).items()}
    original = {name: tensor.clone() for name, tensor in batch.items()}
    losses = recipe.step(batch)
    require(isinstance(losses, dict) and bool(losses), entry, "does not return a dict of named losses from step()")
    recipe.step(batch)  # layers behind one that starts at zero change in the second step only
    for name, loss in losses.items():
        scalar = isinstance(loss, Tensor) and loss.dim() == 0 and bool(loss.isfinite())
        require(scalar, entry, f"returns a loss '{name}' that is not a finite scalar tensor")
    require(equal(original, batch), entry, "changes the batch in step()")
    for name, parameter in _parameters(recipe).items():
        require(bool(parameter.isfinite().all()), entry, f"makes {name} infinite in two steps")
        if parameter.requires_grad and parameter.dim() > 1:
            require(not torch.equal(parameter, before[name]), entry, f"does not train {name}")


def _check_resuming(entry: Entry, recipe: Recipe, other: Recipe, batch: Mapping[str, Tensor]) -> None:
    """Load the state into another recipe, as from a checkpoint; both must then take the same step."""
    file = io.BytesIO()
    torch.save(_whole_state(recipe), file)
    file.seek(0)
    try:
        state = torch.load(file, weights_only=True)
    except Exception as error:  # pickle's errors are of many kinds
        raise AssertionError(
            f"{entry.spec} returns something from state() that a checkpoint cannot hold: {error}"
        ) from error
    for name, network in other.networks.items():
        network.load_state_dict(state["networks"][name])
    for name, optimizer in other.optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    other.load_state(state["recipe"])
    for role, regularizer in other.regularizers.items():
        regularizer.load_state(state["regularizers"][role])
    for each in (recipe, other):
        torch.manual_seed(SEED)
        each.step(batch)
    for name in recipe.networks:
        same = equal(recipe.networks[name].state_dict(), other.networks[name].state_dict())
        require(same, entry, f"does not continue as before when resumed: '{name}' differs after a step")


def _whole_state(recipe: Recipe) -> dict[str, Any]:
    return {
        "networks": {name: network.state_dict() for name, network in recipe.networks.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in recipe.optimizers.items()},
        "recipe": recipe.state(),
        "regularizers": {role: regularizer.state() for role, regularizer in recipe.regularizers.items()},
    }


def _check_uses(entry: Entry, recipe: Recipe, batch: Mapping[str, Tensor]) -> None:
    """Check sample, validate and learning_rate, as the loop calls them: in inference mode, without gradients."""
    for network in recipe.networks.values():
        network.eval()
    with torch.no_grad():
        images = recipe.sample(recipe.networks, batch)
        measures = recipe.validate(recipe.networks, batch)
    whole = isinstance(images, Tensor) and images.dim() == 4 and len(images) > 0
    require(whole, entry, "does not return images (N, C, H, W) from sample()")
    require(len(images) % BATCH == 0, entry, f"returns {len(images)} images from sample() for a batch of {BATCH}")
    require_images(entry, images, tuple(images.shape))
    for name, value in measures.items():
        require(math.isfinite(value), entry, f"measures {name}={value} in validate()")
    rates = [recipe.learning_rate(progress) for progress in (0.0, 0.25, 0.5, 0.75, 1.0)]
    require(
        all(math.isfinite(rate) and rate >= 0 for rate in rates),
        entry,
        f"has learning_rate factors {rates}, not numbers of 0 or more",
    )
    require(rates[0] > 0, entry, "has a learning_rate factor of 0 at the start")


def _check_adversarial_options(entry: Entry, build: Callable[..., Recipe], batch: Mapping[str, Tensor]) -> None:
    """Check that each option of `AdversarialConfig` has an effect; the schedule and clipping are core's."""

    def first_losses(**changes: Any) -> dict[str, float]:
        recipe = build(SEED, **changes)
        torch.manual_seed(SEED)
        return {name: torch.as_tensor(loss).detach().item() for name, loss in recipe.step(batch).items()}

    plain = first_losses(augment="", r1=0.0)
    require(
        first_losses(augment="color,translation,cutout", r1=0.0) != plain,
        entry,
        "ignores its option augment: give discriminators self.augment(images), for real and generated images",
    )
    require(
        first_losses(augment="", r1=10.0, r1_every=1) != plain,
        entry,
        "ignores its option r1: add self.penalty(discriminator, real, fake) to the discriminator's loss",
    )
    _check_update_rates(entry, build, batch)


def _check_update_rates(entry: Entry, build: Callable[..., Recipe], batch: Mapping[str, Tensor]) -> None:
    """Check discriminator_learning_rate and discriminator_steps: with 2, generators do not change in the first step."""
    recipe = build(SEED, discriminator_steps=2, learning_rate=1e-3, discriminator_learning_rate=3e-3)
    published = [recipe.networks[name] for name in recipe.exports.values()]
    before = [parameter.detach().clone() for network in published for parameter in network.parameters()]
    groups = [group for optimizer in recipe.optimizers.values() for group in optimizer.param_groups]
    require(
        any(group["lr"] > 1e-3 for group in groups),  # a recipe may scale both
        entry,
        "ignores its option discriminator_learning_rate: build the discriminator's optimizer with "
        "self.adam(discriminator, discriminator=True)",
    )
    recipe.step(batch)
    after = [parameter for network in published for parameter in network.parameters()]
    require(
        all(torch.equal(*pair) for pair in zip(before, after, strict=True)),
        entry,
        "ignores its option discriminator_steps: update generators only if self.is_generator_step()",
    )
