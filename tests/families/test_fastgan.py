"""FastGAN's networks and training against the formulas of arXiv:2101.04775 in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from exact import make
from learning import Measures, falling_rates
from torch import Tensor, nn

import ganzoo
from ganzoo import GanzooError, LatentRecipe
from ganzoo.contracts.recipe import StepState
from ganzoo_plugins.fastgan.networks import Decoder, Excitation, Noise, crop

PARTS: dict[str, Any] = {"generator": {"width": 2, "latent_dim": 5}, "discriminator": {"width": 2}}


def recipe(**values: Any) -> Any:
    values = {"image_size": 64, "channels": 3, "decoder_width": 2, "augment": "", **values}
    made = make("fastgan", PARTS, **values)
    made.step_state = StepState(0, random=torch.Generator().manual_seed(0))
    return made


def images(count: int = 2, channels: int = 3) -> Tensor:
    return torch.rand(count, channels, 64, 64, generator=torch.Generator().manual_seed(2)) * 2 - 1


def test_a_small_map_gates_the_channels_of_a_large_one() -> None:
    torch.manual_seed(0)
    layer = Excitation(3, 2).double().eval()
    small, large = torch.randn(2, 3, 8, 8, dtype=torch.double), torch.randn(2, 2, 20, 20, dtype=torch.double)
    pooled = small.unflatten(2, (4, 2)).unflatten(4, (4, 2)).mean((3, 5))
    first, second = layer.layers[1].weight, layer.layers[3].weight[:, :, 0, 0]
    hidden = F.leaky_relu(torch.einsum("oihw,nihw->no", first, pooled), 0.1)
    gates = 1 / (1 + torch.exp(-hidden @ second.T))
    torch.testing.assert_close(layer(small, large), gates[:, :, None, None] * large)


def test_convolutions_have_a_largest_singular_value_of_one() -> None:
    torch.manual_seed(0)
    layer = Excitation(12, 8).layers[1]
    for _ in range(30):  # each pass improves the estimate
        layer(torch.randn(1, 12, 4, 4))
    assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("size", "gates"), [(64, []), (128, ["128"]), (256, ["128", "256"]), (512, ["128", "256", "512"])]
)
def test_layers_of_128_to_512_pixels_are_excited_by_those_16_times_smaller(size: int, gates: list[str]) -> None:
    network = ganzoo.build("generator:fastgan", image_size=size, width=8, latent_dim=4)
    assert list(network.excitations) == gates
    widths = {int(name): stage[1].out_channels // 2 for name, stage in network.stages.items()}
    assert widths == {side: min(128, 1024 // side) for side in widths}
    for name in gates:
        assert network.excitations[name].layers[1].in_channels == widths[int(name) // 16]


def test_an_image_depends_on_its_latent_alone() -> None:
    torch.manual_seed(0)
    network = ganzoo.build("generator:fastgan", image_size=64, width=2, latent_dim=4).eval()
    for module in network.modules():
        if isinstance(module, Noise):
            nn.init.constant_(module.strength, 0.5)
    latents = torch.randn(3, 4)
    torch.testing.assert_close(network(latents)[1:2], network(latents[1:2]), rtol=0, atol=1e-5)


def test_the_discriminator_scores_what_it_encodes() -> None:
    network = ganzoo.build("discriminator:fastgan", image_size=64, width=2).eval()
    half, whole = network.encode(images())
    assert half.shape == (2, network.encoded[0], 16, 16) and whole.shape == (2, network.encoded[1], 8, 8)
    assert torch.equal(network(images()), network.logits(whole)) and network(images()).shape == (2, 1, 5, 5)


@pytest.mark.parametrize(("doublings", "size"), [(2, 32), (3, 64), (4, 128)])
def test_decoders_double_8x8_features(doublings: int, size: int) -> None:
    assert Decoder(6, 1, doublings, 2)(torch.randn(2, 6, 8, 8)).shape == (2, 1, size, size)


def test_crops_begin_at_their_corners() -> None:
    maps = torch.arange(2 * 36.0).view(2, 1, 6, 6)
    found = crop(maps, torch.tensor([[0, 2], [3, 1]]), (3, 3))
    assert torch.equal(found, torch.stack([maps[0, :, 0:3, 2:5], maps[1, :, 3:6, 1:4]]))


def test_the_discriminator_minimizes_a_hinge_and_what_it_reconstructs_wrongly() -> None:
    made = recipe(reconstruction_weight=3.0)
    made.discriminator.eval()  # batch statistics and estimates of singular values do not move
    made.decoders.eval()
    real, fake = images(), -images().flip(0)
    found = made.discriminator_loss(real, fake)

    critic = made.discriminator
    hinge = F.relu(1 - critic(real)).mean() + F.relu(1 + critic(fake)).mean()
    large, small = critic.encode(real)
    draws = torch.rand(2, 2, generator=torch.Generator().manual_seed(0))
    corners = [[int(9 * number) for number in row] for row in draws.tolist()]
    pieces = [one[:, y : y + 8, x : x + 8] for one, (y, x) in zip(large, corners, strict=True)]
    squares = [one[:, 4 * y : 4 * y + 32, 4 * x : 4 * x + 32] for one, (y, x) in zip(real, corners, strict=True)]
    target = F.interpolate(torch.stack(squares), scale_factor=2, mode="bilinear")
    errors = perceptual(made, made.decoders["whole"](small), real)
    errors = errors + perceptual(made, made.decoders["part"](torch.stack(pieces)), target)
    assert found.item() == pytest.approx((hinge + 3 * errors).item(), rel=1e-5)


def perceptual(made: LatentRecipe, first: Tensor, second: Tensor) -> Tensor:
    """LPIPS with all weights 1, pixel by pixel."""
    total = torch.zeros(())
    for a, b in zip(made.features(first), made.features(second), strict=True):  # type: ignore[attr-defined]
        a, b = (each / each.square().sum(1, keepdim=True).sqrt().clamp_min(1e-12) for each in (a, b))
        total = total + (a - b).square().sum(1).mean()
    return total


def test_decoders_learn_with_the_discriminator_and_other_channels_are_compared_one_by_one() -> None:
    made = recipe(channels=2)
    before = [each.detach().clone() for each in made.decoders.parameters() if each.dim() > 1]
    losses = made.step({"image": images(channels=2)})
    assert all(loss.isfinite() for loss in losses.values())
    after = [each for each in made.decoders.parameters() if each.dim() > 1]
    assert not any(torch.equal(*pair) for pair in zip(before, after, strict=True))


def test_a_discriminator_without_features_is_refused() -> None:
    with pytest.raises(GanzooError, match=r"discriminator:dcgan has no features to decode\. Use --part discriminator"):
        make("fastgan", {"discriminator": {"width": 2}}, {"discriminator": "dcgan"}, image_size=64, channels=1)


@pytest.mark.learning
def test_the_discriminator_learns_to_reconstruct(double: None, seed: int, measured: Measures) -> None:
    parts = {"generator": {"width": 2, "latent_dim": 5}, "discriminator": {"width": 8}}
    values: dict[str, Any] = {"image_size": 64, "channels": 1, "decoder_width": 8, "augment": "", "learning_rate": 2e-3}
    made: Any = make("fastgan", parts, seed=seed, **values)
    blocks = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    batch = {"image": blocks.repeat_interleave(8, 2).repeat_interleave(8, 3)}
    losses = []
    for step in falling_rates(made, 16):
        made.step_state = StepState(step, random=torch.Generator().manual_seed(step + 1000 * seed))
        losses.append(made.reconstruction_loss(batch["image"]).item())
        made.step(batch)
    start = sum(losses[:3]) / 3
    measured("reconstruction", sum(losses[-3:]) / 3, limit=0.7 * start, untrained=start)
