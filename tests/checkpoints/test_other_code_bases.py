"""Generators of other code bases: imported, they compute what their own code does, or they are refused by a sentence.

The table of docs/guides/import.md lists the cases of this file.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from code_bases import Code, leaky
from code_bases.enlargers import collection_srgan, leftthomas, pytorch_gan_esrgan, pytorch_gan_srgan
from code_bases.latents import (
    pytorch_gan_dcgan,
    pytorch_gan_perceptron,
    studiogan,
    torchgan_names,
    transposed,
    zoo_names,
)
from code_bases.translators import (
    affine_norm,
    animegan,
    collection_names,
    collection_unet,
    pytorch_gan_names,
    pytorch_gan_unet,
    residual,
    stargan,
    unknown_names,
)
from conftest import ROOT
from torch import Tensor, nn

import ganzoo
from ganzoo.checkpoints.import_checkpoint import import_checkpoint
from ganzoo.checkpoints.opened import OpenedCheckpoint, open_checkpoint
from ganzoo.errors import WeightsError
from ganzoo.inference.tiling.strips import Strips

CASES: dict[str, Callable[[], Code]] = {
    "leftthomas's SRGAN": leftthomas,
    "leftthomas's SRGAN, twice": lambda: leftthomas(ups=1),
    "PyTorch-GAN's SRGAN": pytorch_gan_srgan,
    "PyTorch-GAN's ESRGAN": pytorch_gan_esrgan,
    "Machine-Learning-Collection's SRGAN": collection_srgan,
    "AnimeGANv2": animegan,
    "PyTorch-GAN's pix2pix": pytorch_gan_unet,
    "Machine-Learning-Collection's pix2pix": collection_unet,
    "PyTorch-GAN's CycleGAN": lambda: residual(pytorch_gan_names),
    "Machine-Learning-Collection's CycleGAN": lambda: residual(collection_names, up="3", down_edges="reflect"),
    "unknown names, affine norms": lambda: residual(unknown_names, affine_norm, "3"),
    "unknown names, batch norms, kernel 4": lambda: residual(unknown_names, nn.BatchNorm2d, "4"),
    "PyTorch-GAN's DCGAN": pytorch_gan_dcgan,
    "PyTorch-GAN's DCGAN of old": lambda: pytorch_gan_dcgan("conv_model"),
    "PyTorch-GAN's perceptron": pytorch_gan_perceptron,
    "PyTorch-GAN's perceptron, RGB": lambda: pytorch_gan_perceptron(shape=(3, 8, 8)),
    "TorchGAN's DCGAN": lambda: transposed(torchgan_names, leaky),
    "TorchGAN's DCGAN without norms": lambda: transposed(torchgan_names, leaky, normed=False),
    "pytorch_GAN_zoo's DCGAN": lambda: transposed(zoo_names, torch.relu, last_bias=False),
    "StudioGAN": studiogan,
    "StudioGAN with spectral norms": lambda: studiogan(spectral=True),
}


def lively(network: nn.Module) -> nn.Module:
    """Give every weight and statistic a value that shows when it goes astray."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif tensor.is_floating_point() and not name.endswith(("weight_u", "weight_v")):
                tensor.normal_(0, 0.4 if tensor.dim() == 1 else 1.2 / math.sqrt(tensor[0].numel()))
    return network.eval()


def in_doubles(network: nn.Module) -> nn.Module:
    """Return it in float64, in which processors agree; its spectral norms are applied first, as an import does."""
    for layer in network.modules():
        if hasattr(layer, "weight_orig"):
            nn.utils.remove_spectral_norm(layer)
    return network.double()


def opened(content: Any, tmp_path: Path) -> OpenedCheckpoint:
    torch.save(content, tmp_path / "net.pth")
    return open_checkpoint(tmp_path / "net.pth", checked=False)


def inputs_of(found: OpenedCheckpoint) -> Tensor:
    torch.manual_seed(1)
    if found.card.latent_dim:
        return torch.randn(2, found.card.latent_dim, dtype=torch.float64)
    return torch.rand(2, 3, 16, 32, dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize("case", CASES)
def test_a_generator_computes_what_its_own_code_does(case: str, tmp_path: Path) -> None:
    theirs = lively(CASES[case]())
    found = opened({"state_dict": theirs.state_dict(), "epoch": 3}, tmp_path)
    inputs = inputs_of(found)
    weights = sum(tensor.numel() for tensor in theirs.parameters())
    with torch.no_grad():
        expected, ours = in_doubles(theirs)(inputs), in_doubles(found.network)(inputs)
    assert expected.std() > 0.05
    assert ours.shape == expected.shape
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-6)  # some constants of ours are of float32
    assert abs(found.card.parameters - weights) <= 40  # but for PReLUs that are not used


def test_the_authors_stargan_with_one_domain_at_a_time(tmp_path: Path) -> None:
    theirs = lively(stargan())
    found = opened(theirs.state_dict(), tmp_path)
    assert found.card.entry == "generator:stargan" and found.card.options["classes"] == 3
    images = torch.rand(2, 3, 16, 20, dtype=torch.float64) * 2 - 1
    with torch.no_grad():
        expected = theirs.double().train()(images)  # as its own test, which never calls eval()
        ours = found.network.double()(images, torch.tensor([1, 1]))
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", ["leftthomas's SRGAN", "AnimeGANv2", "unknown names, affine norms"])
def test_a_tensor_too_few_or_too_many_is_never_imported(case: str, tmp_path: Path) -> None:
    state = lively(CASES[case]()).state_dict()
    names = list(state)
    for left_out in (names[len(names) // 2], names[-1]):
        with pytest.raises(WeightsError, match=r"looks like|not from a supported code base|do not fit"):
            opened({name: tensor for name, tensor in state.items() if name != left_out}, tmp_path)
    with pytest.raises(WeightsError, match=r"looks like|not from a supported code base"):
        opened({**state, "extra.weight": torch.zeros(3, 3, 3, 3)}, tmp_path)


def test_what_shapes_do_not_show_is_said_and_can_be_set(tmp_path: Path) -> None:
    theirs = lively(residual(unknown_names, affine_norm, "3", edges="replicate"))
    torch.save(theirs.state_dict(), tmp_path / "net.pth")
    said = import_checkpoint(tmp_path / "net.pth", "mine/net", tmp_path / "guessed").messages
    assert any("assumed: padding=reflect" in line for line in said)
    assert any("order and shapes of its layers, all of them used" in line for line in said)
    assert any("instance norm with weights, ReLU, tanh at the end" in line for line in said)
    import_checkpoint(tmp_path / "net.pth", "mine/net", tmp_path / "set", values={"padding": "replicate"})
    images = torch.rand(1, 3, 16, 20) * 2 - 1
    with torch.no_grad():
        model = ganzoo.load(f"dir:{tmp_path / 'set'}", device="cpu", engine="torch")
        torch.testing.assert_close(model(images), theirs(images), rtol=0, atol=5e-6)


@pytest.mark.parametrize("case", ["leftthomas's SRGAN", "PyTorch-GAN's ESRGAN", "unknown names, affine norms"])
def test_imported_generators_run_in_exact_strips(case: str, tmp_path: Path) -> None:
    found = opened(lively(CASES[case]()).state_dict(), tmp_path)
    images = torch.rand(1, 3, 64, 48) * 2 - 1
    with torch.no_grad():
        whole = found.network(images)
    strips, result = Strips(found.network), torch.zeros_like(whole)

    def put(first: int, rows: Tensor) -> None:
        result[:, :, first : first + rows.shape[2]] = rows

    strips.run(lambda first, last: images[:, :, first:last], 64, 48, put, 10**7)
    torch.testing.assert_close(result, whole, rtol=0, atol=2e-5)


def test_an_imported_enlarger_must_resemble_a_photograph(tmp_path: Path) -> None:
    torch.save(lively(leftthomas()).state_dict(), tmp_path / "net.pth")
    with pytest.raises(WeightsError, match=r"photograph.*--no-check"):
        open_checkpoint(tmp_path / "net.pth")


# ---- refused ---------------------------------------------------------------------------------------------------------

REFUSED = {
    "StyleGAN2 in PyTorch": ("convs.0.conv.modulation.weight", "a generator of StyleGAN2"),
    "U-GAT-IT": ("UpBlock1_1.norm1.rho", "U-GAT-IT's generator"),
    "BigGAN": ("blocks.0.0.bn1.gain.weight", "batch norms depend on the class"),
    "StudioGAN with labels": ("blocks.0.0.bn1.embed0.weight", "batch norms depend on the class"),
    "PyTorch-GAN's UNIT": ("shared_block.conv_block.1.weight", "saves encoder and generator as two files"),
    "PyTorch-GAN's CGAN": ("label_emb.weight", "takes labels"),
    "pytorch_GAN_zoo's PGAN": ("scaleLayers.0.0.module.weight", "scaled while it runs"),
    "MONAI": ("conv.layer_0.0.conv.weight", "neither the strides nor the shape"),
    "SPADE": ("up_0.norm_0.mlp_shared.0.weight", "maps of classes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_known_and_not_here_is_refused_by_a_sentence(case: str, tmp_path: Path) -> None:
    name, complaint = REFUSED[case]
    with pytest.raises(WeightsError, match=f"The file holds .*{complaint}.*Use its own code"):
        opened({"first.weight": torch.zeros(3, 3), name: torch.zeros(4, 4, 3, 3)}, tmp_path)


class Persistent:
    """What StyleGAN's pickles hold: code, as text, that builds the network."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return eval, ("open('opened', 'w')",)


def test_a_file_that_only_code_can_open_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ffhq.pkl").write_bytes(pickle.dumps({"G_ema": Persistent()}, protocol=4))
    with pytest.raises(WeightsError, match="opening it would run that code, so it is refused"):
        open_checkpoint(tmp_path / "ffhq.pkl")
    assert not (tmp_path / "opened").exists()


def test_onnx_is_refused(tmp_path: Path) -> None:
    (tmp_path / "AnimeGANv3.onnx").write_bytes(b"\x08\x07\x12\x07pytorch" * 9)
    with pytest.raises(WeightsError, match="is an ONNX file, which has no names of layers"):
        open_checkpoint(tmp_path / "AnimeGANv3.onnx")


def test_the_table_of_the_docs_lists_every_case() -> None:
    text = (ROOT / "docs" / "guides" / "import.md").read_text(encoding="utf-8")
    for case in (*CASES, *REFUSED):
        assert f"| {case} |" in text, case
