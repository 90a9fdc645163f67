"""The networks of DCGAN and LSGAN: sizes, parameters, initial weights, spectral norm."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo.errors import OptionError

ENTRIES = ["generator:dcgan", "discriminator:dcgan", "generator:lsgan", "discriminator:lsgan"]


def count(spec: str, **options: object) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in ganzoo.build(spec, **options).parameters())


def test_dcgan_has_as_many_parameters_as_the_reference_at_64_pixels() -> None:
    assert count("generator:dcgan") == 3_576_704
    assert count("discriminator:dcgan") == 2_765_568


def test_lsgan_has_the_layers_of_figure_5_at_112_pixels() -> None:
    generator = 1024 * 7 * 7 * 256 + 2 * 256  # linear, batch norm
    generator += 4 * (9 * 256 * 256 + 2 * 256)  # two doublings, each followed by a layer of stride 1
    generator += 9 * 256 * 128 + 2 * 128 + 9 * 128 * 64 + 2 * 64 + 9 * 64 * 3 + 3
    assert count("generator:lsgan") == generator
    discriminator = 25 * 3 * 64 + 64 + 25 * (64 * 128 + 128 * 256 + 256 * 512) + 2 * (128 + 256 + 512) + 512 * 49 + 1
    assert count("discriminator:lsgan") == discriminator


@pytest.mark.parametrize("size", [16, 28, 32, 48, 64, 112, 128, 256])
@pytest.mark.parametrize("family", ["dcgan", "lsgan"])
def test_every_size_that_is_4_to_7_times_a_power_of_two_works(family: str, size: int) -> None:
    channels = 1 if size == 28 else 3
    generator = ganzoo.build(f"generator:{family}", image_size=size, channels=channels, width=2, latent_dim=5)
    images = generator(torch.randn(2, 5))
    assert images.shape == (2, channels, size, size)
    judge = ganzoo.build(f"discriminator:{family}", image_size=size, channels=channels, width=2)
    assert judge(images).shape == (2, 1)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(("size", "near"), [(50, "48 or 56"), (0, "16 or 20"), (9, "16 or 20"), (512, "224 or 256")])
def test_any_other_size_is_refused_with_the_nearest_that_work(entry: str, size: int, near: str) -> None:
    with pytest.raises(OptionError, match=rf"{entry}: image_size={size} is not .*; use {near}\. The default is"):
        ganzoo.build(entry, image_size=size)


@pytest.mark.parametrize("entry", ENTRIES)
def test_weights_are_drawn_from_a_normal_distribution_of_0_02(entry: str) -> None:
    torch.manual_seed(0)
    network = ganzoo.build(entry, image_size=32, width=16)
    weights = torch.cat([p.detach().flatten() for p in network.parameters() if p.dim() > 1])
    assert abs(weights.mean().item()) < 3e-4
    assert weights.std().item() == pytest.approx(0.02, rel=0.01)
    assert (weights.abs() < 0.02).float().mean().item() == pytest.approx(0.6827, abs=0.01)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    scales = torch.cat([norm.weight.detach() for norm in norms])
    assert scales.mean().item() == pytest.approx(1, abs=0.01)
    assert scales.std().item() == pytest.approx(0.02, rel=0.25)
    assert all(not p.any() for name, p in network.named_parameters() if name.endswith("bias"))


@pytest.mark.parametrize("entry", ["generator:dcgan", "discriminator:dcgan"])
def test_spectral_norm_brings_the_largest_singular_value_of_every_layer_to_one(entry: str) -> None:
    torch.manual_seed(0)
    network = ganzoo.build(entry, image_size=16, width=4, norm="spectral")
    with torch.no_grad():
        for _ in range(60):
            network(torch.zeros(1, 100) if entry.startswith("generator") else torch.zeros(1, 3, 16, 16))
    network.eval()
    layers = [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d))]
    assert len(layers) == 3
    for layer in layers:
        # A transposed convolution's weight is (in, out, k, k): outputs first, as the paper flattens it.
        weight = layer.weight.detach().double()
        weight = weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else weight
        assert torch.linalg.svdvals(weight.flatten(1))[0].item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("norm", "norms"), [("batch", 3), ("none", 0), ("spectral", 0)])
def test_the_discriminator_has_no_batch_norm_on_its_first_layer_nor_its_last(norm: str, norms: int) -> None:
    network = ganzoo.build("discriminator:dcgan", image_size=64, width=2, norm=norm)
    kinds = [type(module) for module in network.layers]
    assert kinds.count(nn.BatchNorm2d) == norms
    assert nn.BatchNorm2d not in (kinds[1], kinds[-1])
