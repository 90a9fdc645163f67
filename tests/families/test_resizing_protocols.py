"""Extractors that resize as other protocols do: clean-fid's, and DINOv2 at 224 pixels; against the formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_weights
import torch
from safetensors.torch import save_file

import ganzoo
from ganzoo_plugins.extractors import inception


def cubic(x: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -0.5."""
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def weights(before: int, after: int) -> np.ndarray:
    """Return (after, before): what each old pixel adds to each new one; the kernel widens where pixels are dropped."""
    scale = max(before / after, 1.0)
    centers = (np.arange(after) + 0.5) * before / after
    found = cubic((np.arange(before)[None] + 0.5 - centers[:, None]) / scale)
    return found / found.sum(1, keepdims=True)


def resize(images: np.ndarray, side: int) -> np.ndarray:
    """Return images (..., H, W) of side x side, in float64."""
    high, wide = images.shape[-2:]
    return weights(high, side) @ images.astype(np.float64) @ weights(wide, side).T


def pictures(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("shape", [(2, 3, 32, 32), (1, 1, 40, 301), (1, 3, 640, 350)], ids=str)
def test_clean_resizing_is_the_bicubic_formula_in_float_for_each_channel(shape: tuple[int, ...]) -> None:
    given = pictures(*shape)
    made = inception.resize_like_clean_fid(given)
    assert made.dtype == torch.float32 and made.shape == (*shape[:2], 299, 299)
    expected = resize(given.numpy(), 299).clip(0, 255)
    assert np.abs(made.numpy() - expected).max() < 2e-3
    rounded = np.abs(made.numpy() - np.round(made.numpy()))
    assert rounded.max() > 0.4, "nothing is rounded to 8 bits"


@torch.inference_mode()
def test_clean_inception_has_a_name_and_a_protocol_of_its_own(tmp_path: Path) -> None:
    file = random_weights.inception(tmp_path / "inception.pth")
    usual, clean = (
        ganzoo.build("extractor:inception", weights=str(file), resizing=how) for how in ("tensorflow", "clean")
    )
    file.unlink()  # 95 MB
    assert clean.label == f"{usual.label}-clean" and clean.resizing != usual.resizing
    given = pictures(1, 3, 64, 64)
    inputs = torch.from_numpy((resize(given.numpy(), 299).clip(0, 255) - 128) / 128).float()
    assert (clean(given) - usual.compute(inputs)).norm() < 1e-3 * clean(given).norm()
    assert (usual(given) - clean(given)).norm() > 1e-2 * clean(given).norm()


@torch.inference_mode()
def test_dinov2_gives_its_class_token_at_the_size_that_is_asked_for(tmp_path: Path) -> None:
    import timm

    torch.manual_seed(0)
    model = "vit_small_patch14_dinov2"
    network: Any = timm.create_model(model).eval()
    for parameter in network.parameters():
        parameter.add_(0.02 * torch.randn_like(parameter))
    save_file({name: each.half() for name, each in network.state_dict().items()}, tmp_path / "weights.safetensors")
    extractor = ganzoo.build("extractor:timm", model=model, weights=str(tmp_path / "weights.safetensors"), size=56)
    (tmp_path / "weights.safetensors").unlink()  # 44 MB
    assert extractor.label == f"timm-{model}-56" and extractor.resizing == "bicubic with antialias to 56x56"
    given = pictures(2, 3, 90, 70)
    mean, deviation = (np.array(each)[:, None, None] for each in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    inputs = torch.from_numpy((resize(given.numpy(), 56).clip(0, 255) / 255 - mean) / deviation).float()

    own = extractor.network
    assert torch.equal(own.blocks[3].attn.qkv.weight, network.blocks[3].attn.qkv.weight.half().float())
    grid = network.pos_embed.half().float()[:, 1:].view(1, 37, 37, -1).permute(0, 3, 1, 2)
    places = torch.nn.functional.interpolate(grid, size=(4, 4), mode="bicubic", antialias=True).flatten(2).mT
    patches = torch.nn.functional.conv2d(inputs, own.patch_embed.proj.weight, own.patch_embed.proj.bias, stride=14)
    hidden = torch.cat(
        [(own.cls_token + network.pos_embed.half().float()[:, :1]).expand(2, -1, -1), patches.flatten(2).mT + places], 1
    )
    for block in own.blocks:
        hidden = block(hidden)
    features = extractor(given)
    assert features.shape == (2, 384)
    assert (features - own.norm(hidden)[:, 0]).norm() < 1e-3 * features.norm()
