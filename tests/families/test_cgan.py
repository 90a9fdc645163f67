"""cgan: equation 2 in float64, the paper's perceptrons, what the class changes, and that it is learned."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from discs import CLASSES, PIXELS, discs, right
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, falling_rates
from torch import Tensor

import ganzoo
from ganzoo import GanzooError, sliced_wasserstein

SMALL: dict[str, dict[str, Any]] = {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}}
PERCEPTRONS = {"generator": "cgan-mlp", "discriminator": "cgan-mlp"}
DRY: dict[str, dict[str, Any]] = {  # without dropout, a step can be repeated elsewhere
    "generator": {"width": 8, "label_width": 6, "latent_width": 5, "latent_dim": 6, "dropout": 0.0},
    "discriminator": {"width": 6, "label_width": 4, "dropout": 0.0},
}


def parameters(spec: str, **options: Any) -> int:
    return sum(parameter.numel() for parameter in ganzoo.build(spec, **options).parameters())


# ---- the game --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "parts"), [(SMALL, {}), (DRY, PERCEPTRONS)], ids=["convolutions", "perceptrons"])
def test_a_step_is_equation_2_with_the_class_in_both_networks(options: dict[str, Any], parts: dict[str, str]) -> None:
    recipe = make("cgan", options, parts, channels=1, image_size=16, classes=CLASSES)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), discs(4, 2)
    torch.manual_seed(5)
    losses = recipe.step(batch)

    torch.manual_seed(5)
    latents, real, labels = torch.randn(4, 6).double(), batch["image"].double(), batch["label"]
    generator, judge = exact["generator"], exact["discriminator"]
    fake = generator(latents, labels)
    chances = torch.sigmoid(judge(real, labels)), torch.sigmoid(judge(fake.detach(), labels))
    loss_d = -(chances[0].log().mean() + (1 - chances[1]).log().mean())
    step_down(loss_d, judge)
    loss_g = -torch.sigmoid(judge(fake, labels)).log().mean()
    step_down(loss_g, generator)
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-5)
    assert losses["generator"].item() == pytest.approx(loss_g.item(), rel=1e-5)
    assert max(differences(recipe, before, exact).values()) < 1e-3


@pytest.mark.parametrize("parts", [{}, PERCEPTRONS], ids=["convolutions", "perceptrons"])
def test_the_discriminator_judges_the_same_picture_by_its_class(parts: dict[str, str]) -> None:
    recipe = make("cgan", SMALL if not parts else DRY, parts, channels=1, image_size=16, classes=CLASSES)
    judge, image = recipe.networks["discriminator"].eval(), discs(1, 0)["image"].expand(CLASSES, -1, -1, -1)
    with torch.no_grad():
        logits = judge(image, torch.arange(CLASSES)).flatten().tolist()
    assert len({round(value, 5) for value in logits}) == CLASSES


def test_a_penalty_is_taken_at_pictures_of_their_class() -> None:
    options = {**SMALL, "discriminator": {"width": 4, "norm": "none"}, "loss": {"penalty": 5.0}}
    recipe = make("cgan", options, {"loss": "wgan-gp"}, channels=1, image_size=16, classes=CLASSES, r1=3.0)
    given, batch = [], discs(4, 1)
    recipe.networks["discriminator"].register_forward_pre_hook(lambda module, inputs: given.append(inputs[1].tolist()))
    recipe.step(batch)
    labels = batch["label"].tolist()
    assert given == [labels * 2, labels, labels, labels]  # both sides at once, the loss's penalty, R1, the generator's


def test_samples_have_the_classes_of_the_batch() -> None:
    recipe = make("cgan", SMALL, channels=1, image_size=16, classes=CLASSES)
    recipe.networks["generator"].eval()
    latents = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))
    batch = discs(5, 0)
    assert torch.equal(recipe.sample(recipe.networks, batch), recipe.networks["generator"](latents, batch["label"]))


@pytest.mark.parametrize("judge", ["dcgan", "vanilla", "acgan"])
def test_a_discriminator_that_is_not_told_the_class_is_refused(judge: str) -> None:
    with pytest.raises(
        GanzooError, match=f"discriminator:{judge} does not take the class.*Use one that does, such as cgan"
    ):
        make("cgan", {"discriminator": {"width": 4}}, {"discriminator": judge}, channels=1, image_size=16, classes=3)


# ---- networks --------------------------------------------------------------------------------------------------------


def test_the_perceptrons_are_the_papers() -> None:
    generator = 100 * 200 + 200 + 10 * 1000 + 1000 + 1200 * 1200 + 1200 + 1200 * 784 + 784
    assert parameters("generator:cgan-mlp") == generator
    maxout = 784 * 240 * 5 + 240 * 5 + 10 * 50 * 5 + 50 * 5 + 290 * 240 * 4 + 240 * 4
    assert parameters("discriminator:cgan-mlp") == maxout + 240 + 1
    dropouts = [m.p for m in ganzoo.build("discriminator:cgan-mlp").modules() if isinstance(m, torch.nn.Dropout)]
    assert dropouts == [0.5] * 3


def test_the_perceptrons_latents_are_uniform_in_the_unit_cube() -> None:
    generator, seen = ganzoo.build("generator:cgan-mlp", width=8, label_width=4, latent_width=4, latent_dim=500), []
    generator.from_latents.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    latents = torch.randn(40, 500, generator=torch.Generator().manual_seed(1))
    generator(latents, torch.zeros(40, dtype=torch.int64))
    values = seen[0].flatten().sort().values
    assert values.min() >= 0 and values.max() <= 1
    assert (values - torch.linspace(0, 1, len(values))).abs().max() < 0.02  # Kolmogorov's distance, of 20,000 numbers
    assert torch.allclose(seen[0], torch.distributions.Normal(0, 1).cdf(latents), atol=1e-6)


def test_maxout_is_the_largest_of_its_pieces() -> None:
    judge = ganzoo.build("discriminator:cgan-mlp", width=3, image_size=4, label_width=2)
    layer, inputs = judge.from_images[0], torch.randn(5, 16)
    weight, bias = layer.linear.weight.detach().view(3, 5, 16), layer.linear.bias.detach().view(3, 5)
    expected = [[max(float(weight[u, p] @ x + bias[u, p]) for p in range(5)) for u in range(3)] for x in inputs]
    assert torch.allclose(layer(inputs), torch.tensor(expected), atol=1e-5)


def test_the_convolutional_pair_joins_class_and_picture_after_a_layer_of_their_own() -> None:
    assert parameters("generator:cgan", image_size=28, channels=1) == (
        100 * 128 * 49 + 10 * 32 * 49 + 2 * 160 + 160 * 64 * 16 + 2 * 64 + 64 * 16
    )
    assert parameters("discriminator:cgan", image_size=28, channels=1) == (
        16 * 64 + 64 + 10 * 16 * 196 + 80 * 128 * 16 + 2 * 128 + 128 * 49 + 1
    )
    judge = ganzoo.build("discriminator:cgan", image_size=28, channels=1, width=8)
    seen: list[Tensor] = []
    judge.layers.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    images, labels = torch.rand(2, 1, 28, 28), torch.tensor([3, 9])
    judge(images, labels)
    of_images = F.leaky_relu(F.conv2d(images, judge.from_images[0].weight, judge.from_images[0].bias, 2, 1), 0.2)
    of_labels = F.leaky_relu(judge.from_labels[0].table.weight[labels].view(2, 2, 14, 14), 0.2)
    assert torch.allclose(seen[0], torch.cat([of_images, of_labels], 1), atol=1e-6)


@pytest.mark.parametrize("spec", ["generator:cgan", "discriminator:cgan"])
def test_weights_are_dcgans_and_the_class_is_heard(spec: str) -> None:
    torch.manual_seed(0)
    network = ganzoo.build(spec, image_size=32, width=16)
    tables = [p.detach() for name, p in network.named_parameters() if "table" in name]
    others = [p.detach() for name, p in network.named_parameters() if p.dim() > 1 and "table" not in name]
    assert torch.cat([p.flatten() for p in others]).std().item() == pytest.approx(0.02, rel=0.02)
    assert torch.cat([p.flatten() for p in tables]).std().item() == pytest.approx(1, rel=0.02)


# ---- it learns -------------------------------------------------------------------------------------------------------


WIDE = {  # the paper's dropout is needed: without it, the perceptrons stay deaf to the class
    "generator": {"width": 128, "label_width": 128, "latent_width": 32, "latent_dim": 8},
    "discriminator": {"width": 96, "label_width": 96},
}
NARROW = {"generator": {"width": 8, "latent_dim": 4}, "discriminator": {"width": 8}}


@pytest.mark.learning
@pytest.mark.parametrize(
    ("options", "parts", "rates", "steps", "batch"),
    [(NARROW, {}, (2e-3, 2e-3), 300, 24), (WIDE, PERCEPTRONS, (1e-3, 6e-3), 900, 48)],
    ids=["convolutions", "perceptrons"],
)
def test_it_learns_to_make_the_class_that_is_asked_for(
    double: None,
    seed: int,
    measured: Measures,
    options: dict[str, Any],
    parts: dict[str, str],
    rates: tuple[float, float],
    steps: int,
    batch: int,
) -> None:
    """Random weights make no clear disc anywhere; a generator deaf to its label is right for a third.

    The perceptrons' discriminator learns faster than their generator, which otherwise may miss a class for good.
    """
    facts = {"image_size": PIXELS, "channels": 1, "classes": CLASSES}
    learning = {"learning_rate": rates[0], "discriminator_learning_rate": rates[1]}
    recipe = make("cgan", options, parts, seed=seed, **learning, **facts)
    before = judged(recipe)
    torch.manual_seed(1 + seed)
    for step in falling_rates(recipe, steps):
        recipe.step(discs(batch, 100 + step + 1000 * seed))
    after = judged(recipe)
    measured("wrong classes", 1 - after[0], limit=0.3, untrained=1 - before[0])
    measured("distance", after[1], limit=before[1] / 2, untrained=before[1])


def judged(recipe: Any) -> tuple[float, float]:
    """Return the share of pictures of the class asked for, and their distance to other real ones."""
    generator, real = recipe.networks["generator"].eval(), discs(300, 7)
    with torch.no_grad():
        made = recipe.sample(recipe.networks, real)
    generator.train()
    assert math.isfinite(made.abs().max().item())
    return right(made, real["label"]), sliced_wasserstein(made, discs(300, 8)["image"])
