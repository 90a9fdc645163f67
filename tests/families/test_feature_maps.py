"""Feature maps: those of the networks they are named after, of images in [-1, 1]."""

from __future__ import annotations

from pathlib import Path

import pytest
import random_weights
import torch

import ganzoo
from ganzoo import GanzooError
from ganzoo_plugins.extractors import files, lite


def test_lite_maps_are_those_of_the_network_with_its_batch_norms() -> None:
    """Each of timm's own levels is one of ours: norms are folded in, and the range is the network's."""
    maps = ganzoo.build("features:efficientnet-lite0")
    assert (len(maps.channels), maps.reductions) == (8, (2, 2, 4, 8, 16, 16, 32, 32))
    whole = lite.network(files.read(lite.weights_file())).eval()
    images = torch.rand(2, 3, 64, 96) * 2 - 1
    pixels = (images + 1) * 127.5
    with torch.no_grad():
        theirs = whole.forward_intermediates((pixels - 127) / 128, intermediates_only=True)
        ours = maps(images)
    assert len(theirs) == 5
    for level in theirs:
        nearest = min((level - one).norm() / level.norm() for one in ours if one.shape == level.shape)
        assert nearest < 1e-5


def test_timm_maps_are_normalized_as_timm_says(tmp_path: Path) -> None:
    import timm

    path = random_weights.tiny_timm(tmp_path / "weights.pth")
    maps = ganzoo.build("features:timm", model=random_weights.TINY_TIMM, weights=str(path))
    plain = timm.create_model(random_weights.TINY_TIMM, features_only=True).eval()
    state = files.read(path)
    plain.load_state_dict({name: tensor for name, tensor in state.items() if name in plain.state_dict()})
    images = torch.rand(1, 3, 64, 64)
    data = timm.data.resolve_data_config(model=plain)
    mean, std = (torch.tensor(data[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
    with torch.no_grad():
        expected, found = plain((images - mean) / std), maps(images * 2 - 1)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 5])
def test_timm_maps_take_any_number_of_channels(tmp_path: Path, channels: int) -> None:
    options = {"model": random_weights.TINY_TIMM, "weights": str(random_weights.tiny_timm(tmp_path / "weights.pth"))}
    rgb, other = (
        ganzoo.build("features:timm", **options),
        ganzoo.build("features:timm", **options, in_channels=channels),
    )
    images = torch.rand(2, channels, 64, 64, requires_grad=True)
    maps = other(images)
    assert [each.shape[1] for each in maps] == list(other.channels) == list(rgb.channels)
    maps[-1].square().sum().backward()
    assert images.grad is not None and images.grad.abs().sum((0, 2, 3)).min() > 0
    with pytest.raises(GanzooError, match=f"with {channels} channels, not the shape"):
        other(torch.zeros(1, 3, 64, 64))


def test_wrong_shapes_and_names_are_told() -> None:
    maps = ganzoo.build("features:efficientnet-lite0")
    with pytest.raises(GanzooError, match=r"not the shape \(1, 2, 8, 8\)"):
        maps(torch.zeros(1, 2, 8, 8))
    with pytest.raises(GanzooError, match=r"no network 'vgg91'\. Did you mean"):
        ganzoo.build("features:timm", model="vgg91")
