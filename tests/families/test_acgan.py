"""acgan: equations 2 and 3 in float64, the paper's networks, and that the class is learned."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from discs import CLASSES, PIXELS, discs, right
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, averaged, falling_rates
from torch import Tensor, nn

import ganzoo
from ganzoo import GanzooError, sliced_wasserstein

SMALL: dict[str, dict[str, Any]] = {
    "generator": {"width": 4, "latent_dim": 6},
    "discriminator": {"width": 2, "dropout": 0.0},
}


def log_chance(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean log P(C = c | X), from the softmax written out."""
    chances = logits.exp() / logits.exp().sum(1, keepdim=True)
    return chances[torch.arange(len(labels)), labels].log().mean()


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_a_step_is_equations_2_and_3(weight: float) -> None:
    recipe = make("acgan", SMALL, channels=1, image_size=16, classes=CLASSES, class_weight=weight)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), discs(4, 2)
    torch.manual_seed(5)
    losses = recipe.step(batch)

    torch.manual_seed(5)
    latents, real, labels = torch.randn(4, 6).double(), batch["image"].double(), batch["label"]
    generator, judge = exact["generator"], exact["discriminator"]
    fake = generator(latents, labels)
    (source_x, class_x), (source_z, class_z) = judge.classified(real), judge.classified(fake.detach())
    l_s = torch.sigmoid(source_x).log().mean() + (1 - torch.sigmoid(source_z)).log().mean()
    l_c = log_chance(class_x, labels) + log_chance(class_z, labels)
    loss_d = -(l_s + weight * l_c)
    step_down(loss_d, judge)
    source_z, class_z = judge.classified(fake)
    loss_g = -(torch.sigmoid(source_z).log().mean() + weight * log_chance(class_z, labels))
    step_down(loss_g, generator)
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-5)
    assert losses["generator"].item() == pytest.approx(loss_g.item(), rel=1e-5)
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_validation_tells_the_share_of_classes_that_the_discriminator_gets_wrong() -> None:
    recipe = make("acgan", SMALL, channels=1, image_size=16, classes=CLASSES)
    batch = discs(60, 3)
    for network in recipe.networks.values():
        network.eval()
    with torch.no_grad():
        found = recipe.validate(recipe.networks, batch)
        said = recipe.networks["discriminator"].classified(batch["image"])[1].argmax(1).tolist()
    wrong = sum(one != other for one, other in zip(said, batch["label"].tolist(), strict=True))
    assert list(found) == ["distance", "class_error"] and found["class_error"] == pytest.approx(wrong / 60)


@pytest.mark.parametrize(("judge", "options"), [("dcgan", {"width": 4}), ("cgan", {"width": 4})])
def test_a_discriminator_that_tells_no_class_is_refused(judge: str, options: dict[str, Any]) -> None:
    with pytest.raises(
        GanzooError, match=f"discriminator:{judge} does not predict classes.*as acgan, or the recipe cgan"
    ):
        make("acgan", {"discriminator": options}, {"discriminator": judge}, channels=1, image_size=16, classes=3)


def test_the_networks_are_those_of_table_2() -> None:
    """110 numbers to 384 maps of 4x4, 192, 96, 3; and 16, 32, ..., 512 by strides 2, 1 in turn."""
    generator = ganzoo.build("generator:acgan")
    kernels = [m.weight for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert generator.linear.weight.shape == (384 * 16, 110)
    assert [tuple(weight.shape) for weight in kernels] == [(384, 192, 5, 5), (192, 96, 5, 5), (96, 3, 5, 5)]
    judge = ganzoo.build("discriminator:acgan")
    layers = [m for m in judge.modules() if isinstance(m, nn.Conv2d)]
    assert [(m.out_channels, m.stride[0], m.kernel_size[0]) for m in layers] == [
        (16, 2, 3), (32, 1, 3), (64, 2, 3), (128, 1, 3), (256, 2, 3), (512, 1, 3)
    ]  # fmt: skip
    assert (judge.source.weight.shape, judge.kind.weight.shape) == ((1, 512 * 16), (10, 512 * 16))
    assert [m.p for m in judge.modules() if isinstance(m, nn.Dropout)] == [0.5] * 6
    assert [m.num_features for m in judge.modules() if isinstance(m, nn.BatchNorm2d)] == [32, 64, 128, 256, 512]
    assert {m.negative_slope for m in judge.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}


@pytest.mark.parametrize("spec", ["generator:acgan", "discriminator:acgan"])
def test_weights_are_drawn_from_a_normal_distribution_of_0_02_and_biases_are_zero(spec: str) -> None:
    torch.manual_seed(0)
    network = ganzoo.build(spec, image_size=28, width=16)
    weights = torch.cat([p.detach().flatten() for p in network.parameters() if p.dim() > 1])
    assert weights.std().item() == pytest.approx(0.02, rel=0.01) and abs(weights.mean().item()) < 3e-4
    assert all(not p.any() for name, p in network.named_parameters() if name.endswith("bias"))


def test_one_pass_gives_both_kinds_of_logits() -> None:
    judge = ganzoo.build("discriminator:acgan", image_size=28, channels=1, width=2, classes=7).eval()
    images, passes = torch.rand(3, 1, 28, 28), []
    judge.layers.register_forward_pre_hook(lambda module, inputs: passes.append(1))
    source, classes = judge.classified(images)
    assert len(passes) == 1 and classes.shape == (3, 7)
    assert torch.equal(source, judge(images))


@pytest.mark.learning
def test_it_learns_to_make_the_class_that_is_asked_for(double: None, seed: int, measured: Measures) -> None:
    """Random weights make no clear disc anywhere; a generator deaf to its label is right for a third."""
    small = {"generator": {"width": 12, "latent_dim": 4}, "discriminator": {"width": 4, "dropout": 0.0}}
    options = {"learning_rate": 1e-3, "class_weight": 2.0}
    recipe = make("acgan", small, image_size=PIXELS, channels=1, classes=CLASSES, seed=seed, **options)
    before = judged(recipe)
    torch.manual_seed(1 + seed)
    for step in averaged(recipe, falling_rates(recipe, 400)):
        recipe.step(discs(64, 100 + step + 1000 * seed))
    after = judged(recipe)
    measured("wrong classes", 1 - after["right"], limit=0.3, untrained=1 - before["right"])
    measured("distance", after["distance"], limit=0.6 * before["distance"], untrained=before["distance"])
    measured("class error", after["class_error"], limit=0.1, untrained=before["class_error"])


def judged(recipe: Any) -> dict[str, float]:
    """Return what validation says, and the share of pictures of the class asked for."""
    real = discs(300, 7)
    for network in recipe.networks.values():
        network.eval()
    with torch.no_grad():
        made = recipe.sample(recipe.networks, real)
        found = recipe.validate(recipe.networks, real)
    for network in recipe.networks.values():
        network.train()
    other = sliced_wasserstein(made, discs(300, 8)["image"])
    return {**found, "distance": other, "right": right(made, real["label"])}
