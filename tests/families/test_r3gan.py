"""R3GAN's networks and training against formulas written by hand in float64 (arXiv:2501.05441); learning."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, averaged, falling_rates
from torch import Tensor, nn
from white_discs import distance, train

import ganzoo
from ganzoo import Recipe
from ganzoo.contracts.recipe import StepState
from ganzoo_plugins.r3gan.networks import Block

PARTS: dict[str, Any] = {
    "generator": {"width": 4, "widest": 8, "blocks": 1, "group_size": 4, "latent_dim": 5},
    "discriminator": {"width": 4, "widest": 8, "blocks": 1, "group_size": 4},
}


def recipe_at(step: int, steps: int = 8, **values: Any) -> Recipe:
    """Return a small recipe whose blocks do something, before the step after ``step``."""
    recipe = make("r3gan", PARTS, image_size=16, channels=1, **values)
    stir(*recipe.networks.values())
    recipe.step_state = StepState(step, steps=steps, random=torch.Generator().manual_seed(step))
    return recipe


def stir(*networks: nn.Module) -> None:
    """Move biases and zero weights away from zero."""
    torch.manual_seed(3)
    with torch.no_grad():
        for network in networks:
            for name, parameter in network.named_parameters():
                if name.endswith(("bias", "last.weight")):
                    parameter += 0.3 * torch.randn_like(parameter)


def images(count: int = 4) -> dict[str, Tensor]:
    return {"image": torch.rand(count, 1, 16, 16, generator=torch.Generator().manual_seed(2)) * 2 - 1}


# ---- networks --------------------------------------------------------------------------------------------------------


def test_a_block_adds_a_bottleneck_turned_outside_in() -> None:
    block = Block(4, group_size=4, blocks_in_network=3).double()
    stir(block)
    features = torch.randn(2, 4, 5, 5, dtype=torch.double)
    inner = torch.einsum("oi,nihw->nohw", block.first.weight[:, :, 0, 0], features) + block.first.bias[:, None, None]
    inner = F.leaky_relu(inner, 0.2)
    groups = [
        F.conv2d(part, weight, bias, padding=1)
        for part, weight, bias in zip(
            inner.split(4, 1), block.grouped.weight.split(4), block.grouped.bias.split(4), strict=True
        )
    ]
    inner = F.leaky_relu(torch.cat(groups, 1), 0.2)
    expected = features + torch.einsum("oi,nihw->nohw", block.last.weight[:, :, 0, 0], inner)
    torch.testing.assert_close(block(features), expected)


def test_blocks_begin_as_the_identity_with_fix_ups_weights() -> None:
    torch.manual_seed(0)
    block = Block(64, group_size=16, blocks_in_network=16)
    features = torch.randn(1, 64, 4, 4)
    assert torch.equal(block(features), features)
    he, scale = math.sqrt(2 / 1.04), 16 ** (-1 / 4)
    assert block.first.weight.std().item() == pytest.approx(he * scale / math.sqrt(64), rel=0.03)
    assert block.grouped.weight.std().item() == pytest.approx(he * scale / math.sqrt(16 * 9), rel=0.03)


def test_stages_double_their_channels_down_to_the_widest_and_have_the_papers_shape() -> None:
    torch.manual_seed(0)
    network = ganzoo.build("discriminator:r3gan", image_size=28, channels=1, width=16, widest=32)
    shapes = [(len(stage), stage[0].grouped.weight.shape, stage[0].grouped.groups) for stage in network.stages]
    assert shapes == [(2, (32, 16, 3, 3), 2), (2, (64, 16, 3, 3), 4), (2, (64, 16, 3, 3), 4)]
    assert [isinstance(each, nn.Identity) for each in network.transitions] == [False, True]
    assert network.basis.weight.shape == (32, 1, 7, 7)
    norms = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)
    assert not any(isinstance(module, norms) for module in network.modules())


def test_groups_are_as_large_as_divides_their_channels() -> None:
    assert [Block(width, 16, 1).grouped.groups for width in (4, 6, 12, 32)] == [1, 3, 3, 4]


def test_a_generator_scales_its_basis_and_doubles_by_bilinear_interpolation() -> None:
    torch.manual_seed(0)
    network = ganzoo.build("generator:r3gan", image_size=16, channels=1, **PARTS["generator"]).double().train()
    latents = torch.randn(2, 5, dtype=torch.double)
    features = torch.einsum("cl,nl->nc", network.linear.weight, latents)[:, :, None, None] * network.basis
    for transition in network.transitions:  # fresh blocks are the identity
        features = transition(F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False))
    expected = network.to_image(features)
    torch.testing.assert_close(network(latents), expected)
    assert network.eval()(latents * 100).abs().max() == 1


def test_a_discriminator_reduces_by_bilinear_interpolation_and_ends_in_a_depthwise_convolution() -> None:
    torch.manual_seed(0)
    network = ganzoo.build("discriminator:r3gan", image_size=16, channels=1, **PARTS["discriminator"]).double()
    pictures = images()["image"].double()
    features = network.from_image(pictures)
    for transition in network.transitions:
        features = transition(F.interpolate(features, scale_factor=0.5, mode="bilinear", align_corners=False))
    pooled = (features * network.basis.weight[:, 0]).sum((2, 3))
    torch.testing.assert_close(network(pictures), pooled @ network.linear.weight.T)


# ---- training --------------------------------------------------------------------------------------------------------


def exact_losses(exact: dict[str, nn.Module], batch: Tensor, latents: Tensor, gamma: float) -> list[Tensor]:
    """Return the paper's losses of both networks, and take the discriminator's step between them."""
    generator, critic = exact["generator"], exact["discriminator"]
    fake = generator(latents)
    reals = batch.double().requires_grad_(True)
    fakes = fake.detach().requires_grad_(True)
    loss_d = torch.log1p(torch.exp(critic(fakes) - critic(reals))).mean()
    for each in (reals, fakes):
        slopes = [torch.autograd.grad(score, each, create_graph=True)[0][row] for row, score in enumerate(critic(each))]
        loss_d = loss_d + gamma / 2 * torch.stack([(slope**2).sum() for slope in slopes]).mean()
    step_down(loss_d, critic)
    loss_g = torch.log1p(torch.exp(critic(batch.double()) - critic(fake))).mean()
    step_down(loss_g, generator)
    return [loss_d, loss_g]


@pytest.mark.parametrize(
    ("step", "gamma"),
    [(0, 2.0), (2, 2.0 * (0.1 + 0.9 / 2)), (4, 2.0 * 0.1), (7, 2.0 * 0.1)],
)
def test_a_step_is_relativistic_with_both_penalties_and_gamma_falls(step: int, gamma: float) -> None:
    recipe, batch = recipe_at(step, r1=2.0), images()
    descend_plainly(recipe)
    exact, before = doubles(recipe), flat(recipe)
    latents = torch.randn(4, 5, generator=torch.Generator().manual_seed(step)).double()
    losses = recipe.step(batch)
    loss_d, loss_g = exact_losses(exact, batch["image"], latents, gamma)
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-5)
    assert losses["generator"].item() == pytest.approx(loss_g.item(), rel=1e-5)
    assert max(differences(recipe, before, exact).values()) < 1e-3


@pytest.mark.parametrize(("step", "gamma"), [(0, 3 * 2.0), (1, 0.0)])
def test_lazy_penalties_are_rarer_and_stronger(step: int, gamma: float) -> None:
    recipe, batch = recipe_at(step, steps=0, r1=2.0, r1_every=3), images()
    exact = doubles(recipe)
    latents = torch.randn(4, 5, generator=torch.Generator().manual_seed(step)).double()
    losses = recipe.step(batch)
    loss_d, _ = exact_losses(exact, batch["image"], latents, gamma)
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-5)


def test_rates_and_beta2_change_in_the_burn_in() -> None:
    for step, share in ((0, 1.0), (1, (1 + math.cos(math.pi / 4)) / 2), (2, 0.5), (4, 0.0), (7, 0.0)):
        recipe = recipe_at(step, learning_rate_end=0.2)
        assert recipe.learning_rate(step / 8) == pytest.approx(0.2 + 0.8 * share)
        recipe.step(images())
        for optimizer in recipe.optimizers.values():
            first, second = optimizer.param_groups[0]["betas"]
            assert (first, second) == (0, pytest.approx(0.99 - 0.09 * share))
    flat_rates = make("r3gan", PARTS, image_size=16, channels=1, burn_in=0.0, schedule="linear")
    assert [flat_rates.learning_rate(progress) for progress in (0.0, 0.5, 0.75)] == [0.25, 0.25, 0.125]


def test_penalties_are_taken_in_single_precision_within_autocast() -> None:
    plain, half = recipe_at(0), recipe_at(0)
    losses = plain.step(images())
    with torch.autocast("cpu", torch.bfloat16):
        fake = half.generator(half.latents(4, torch.device("cpu")))
        loss = half.discriminator_loss(images()["image"], fake.detach())
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(losses["discriminator"].item(), rel=0.05)


def test_other_regularizers_are_added() -> None:
    class Two:
        def value(self, *arguments: Any, **named: Any) -> float:
            return 2.0

    recipe = recipe_at(0)
    fake = torch.zeros(4, 1, 16, 16)
    before = recipe.discriminator_loss(images()["image"], fake).item()
    recipe = copy.copy(recipe)
    recipe.regularizers = {"two": Two()}
    assert recipe.discriminator_loss(images()["image"], fake).item() == pytest.approx(before + 2)


@pytest.mark.learning
def test_discs_are_learned(double: None, seed: int, measured: Measures) -> None:
    parts = {
        "generator": {"width": 8, "widest": 16, "blocks": 1, "latent_dim": 8},
        "discriminator": {"width": 8, "widest": 16, "blocks": 1},
    }
    values: dict[str, Any] = {"r1": 0.3, "r1_end": 1.0, "r1_every": 4, "learning_rate": 3e-3, "learning_rate_end": 1.0}
    recipe = make("r3gan", parts, image_size=16, channels=1, seed=seed, burn_in=0.0, **values)
    start = distance(recipe)
    train(recipe, averaged(recipe, falling_rates(recipe, 300)), batch_size=32, seed=seed)
    measured("distance", distance(recipe), limit=0.72 * start, untrained=start)
