"""Adaptive augmentation against section 3.1 of arXiv:2006.06676, through the recipes that generate from latents."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo import LatentRecipe, catalog
from ganzoo.catalog import options
from ganzoo.catalog.building import ChosenParts
from ganzoo.contracts.recipe import StepState
from ganzoo.errors import OptionError
from ganzoo.layers.diffaugment import diff_augment
from ganzoo.recipes.adaptive_augmentation import AdaptiveAugmentation

SMALL: dict[str, dict[str, Any]] = {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}}
STYLES: dict[str, dict[str, Any]] = {
    "generator": {"width": 4, "widest": 4, "latent_dim": 6, "depth": 1},
    "discriminator": {"width": 4, "widest": 4},
}
PARTS = {"dcgan": SMALL, "lsgan": SMALL, "vanilla": SMALL, "cgan": SMALL, "acgan": SMALL, "stylegan": STYLES}


def build(name: str, parts: dict[str, str] | None = None, **values: Any) -> LatentRecipe:
    entry = catalog.find(f"recipe:{name}")
    torch.manual_seed(0)
    given = {"image_size": 16, "channels": 1, "augment": "flip,translation", "augment_target": 0.6, **values}
    if name in ("cgan", "acgan"):
        given["classes"] = 2
    recipe = entry.build(options.parse(entry, given), ChosenParts(entry, parts or {}, PARTS.get(name, {})))
    assert isinstance(recipe, LatentRecipe)
    return recipe


def batch(count: int = 4) -> dict[str, Tensor]:
    images = torch.rand(count, 1, 16, 16, generator=torch.Generator().manual_seed(2)) * 2 - 1
    return {"image": images, "label": torch.arange(count) % 2}


def alone(tensors: Any) -> None:
    """Average over one process."""


def test_the_probability_follows_the_mean_sign_of_real_logits() -> None:
    adaptive = AdaptiveAugmentation(target=0.6)
    adaptive.observe(torch.tensor([[3.0], [0.1], [2.0], [-0.1]]), alone)  # 1/2
    adaptive.observe(torch.tensor([[3.0], [0.1], [2.0], [0.1]]), alone)  # 1, so 3/4 in all
    adaptive.adjust(1000)
    assert adaptive.probability == pytest.approx(1000 / 500_000)
    adaptive.observe(torch.tensor([[1.0], [1.0], [1.0], [-1.0]]), alone)  # 1/2, below the target
    adaptive.adjust(400)
    assert adaptive.probability == pytest.approx(600 / 500_000)
    adaptive.observe(-torch.ones(4, 1), alone)
    adaptive.adjust(10_000)
    assert adaptive.probability == 0
    for _ in range(3):
        adaptive.observe(torch.ones(4, 1), alone)
        adaptive.adjust(300_000)
    assert adaptive.probability == 1


def test_an_image_counts_once_however_many_patches_and_scales_it_has_and_from_the_loss_s_boundary() -> None:
    adaptive = AdaptiveAugmentation(target=0.1, boundary=0.5)
    patches = [torch.tensor([[0.0, 2.0, 2.0], [0.0, 0.0, 0.0]]), torch.tensor([[0.6], [0.9]])]
    adaptive.observe(patches, alone)  # means over scales: (4/3 + 0.6) / 2 and 0.45
    assert adaptive.signs == [0.0]


@pytest.mark.parametrize("name", PARTS)
def test_every_fourth_step_of_a_recipe_moves_the_probability_by_its_images(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = build(name)
    adaptive = recipe.adaptive
    assert adaptive is not None
    monkeypatch.setattr(adaptive, "observe", lambda logits, average: adaptive.signs.append(float(len(logits) == 4)))
    found = []
    for step in range(8):
        recipe.step_state = StepState(step, random=torch.Generator().manual_seed(step))
        losses = recipe.step(batch())
        found.append(recipe.augment_probability)
        assert losses["augment_probability"] == pytest.approx(found[-1])
    increment = 4 * 4 / 500_000
    assert found == pytest.approx([0, 0, 0, *[increment] * 4, 2 * increment])


def test_a_confident_discriminator_raises_it_and_micro_batches_count_together() -> None:
    recipe = build("dcgan")
    for micro_batch in (0, 1):
        recipe.step_state = StepState(3, micro_batch, 2)
        recipe.loss.discriminator(torch.ones(4, 1), torch.zeros(4, 1))
        assert recipe.augment_probability == (0 if micro_batch == 0 else 4 * 8 / 500_000)


@pytest.mark.parametrize("name", ["wgan", "wgan-gp", "r3gan"])
def test_a_loss_without_a_boundary_is_refused_with_those_that_have_one(name: str) -> None:
    with pytest.raises(OptionError, match=r"no boundary between real and generated\. Use --part loss=non-saturating"):
        build(name)


def test_least_squares_have_their_boundary_halfway() -> None:
    assert build("lsgan").adaptive.boundary == 0.5  # type: ignore[union-attr]
    assert build("dcgan", {"loss": "hinge"}).adaptive.boundary == 0  # type: ignore[union-attr]


def test_a_target_without_augmentations_is_refused() -> None:
    with pytest.raises(OptionError, match="augment_target needs augmentations: set augment=flip"):
        build("dcgan", augment="")


def test_each_image_is_changed_with_the_probability() -> None:
    random = torch.Generator().manual_seed(0)

    def uniform(count: int, *shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=random)

    ramp = torch.arange(8.0).expand(4000, 1, 8, 8)
    share = (diff_augment(ramp, "flip", uniform, 0.3)[:, 0, 0, 0] == 7).float().mean().item()
    assert share == pytest.approx(0.15, abs=0.02)
    assert torch.equal(diff_augment(ramp, "flip,rotation,color", uniform, 0.0), ramp)


def test_a_resumed_run_goes_on_with_the_probability() -> None:
    recipe, other = build("stylegan", augment_target=1e-9), build("stylegan", augment_target=1e-9)
    for step in range(6):
        recipe.step_state = StepState(step, random=torch.Generator().manual_seed(step))
        recipe.step(batch())
    other.load_state(recipe.state())
    assert other.adaptive.state() == recipe.adaptive.state()  # type: ignore[union-attr]
    assert len(recipe.adaptive.signs) == 2  # type: ignore[union-attr]
    build("dcgan", augment_target=0.0).load_state(recipe.state())
    recipe.load_state({"mean_length": torch.zeros(())})  # of a run before this option
