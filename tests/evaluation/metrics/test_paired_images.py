"""Pairs of images: l1 and psnr by hand, ssim against scikit-image, lpips against torchmetrics' own function."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ganzoo.errors import DataError, HashMismatch, OptionError, WeightsError
from ganzoo.evaluation.metrics.l1 import l1
from ganzoo.evaluation.metrics.lpips import BACKBONES, fetch_lpips, load_lpips
from ganzoo.evaluation.metrics.psnr import psnr
from ganzoo.evaluation.metrics.ssim import ssim

SIDES = [(3, 40, 33), (1, 28, 28), (3, 11, 12)]


def images(channels: int = 3, height: int = 40, width: int = 33, count: int = 4) -> tuple[Tensor, Tensor]:
    """Return smooth images and noisier and noisier versions of them; half of the second is flat."""
    random = torch.Generator().manual_seed(0)
    plain = torch.rand(count, channels, height, width, generator=random) * 255
    truth = torch.nn.functional.avg_pool2d(plain, 5, 1, 2).round()
    truth[1, :, height // 2 :] = 200
    noise = torch.randn(truth.shape, generator=random) * torch.arange(1, count + 1)[:, None, None, None] ** 2
    return (truth + noise).clamp(0, 255).to(torch.uint8), truth.to(torch.uint8)


def for_skimage(image: Tensor) -> np.ndarray:
    return image.permute(1, 2, 0).numpy()


@pytest.mark.parametrize("side", SIDES)
def test_psnr_is_scikit_images(side: tuple[int, int, int]) -> None:
    from skimage.metrics import peak_signal_noise_ratio

    outputs, truth = images(*side)
    theirs = [
        peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=255) for a, b in zip(outputs, truth, strict=True)
    ]
    np.testing.assert_allclose(psnr(outputs, truth), theirs, rtol=1e-12)


def test_equal_images_have_the_psnr_of_one_step_in_one_value() -> None:
    _, truth = images(3, 40, 33)
    off_by_one = truth.clone()
    off_by_one[:, 0, 0, 0] ^= 1  # up or down by one step
    equal, nearly = psnr(truth, truth), psnr(off_by_one, truth)
    np.testing.assert_array_equal(equal, nearly)
    assert float(equal[0]) == pytest.approx(10 * math.log10(255**2 * 3 * 40 * 33))


def test_l1_is_a_share_of_the_range() -> None:
    black, white = torch.zeros(2, 3, 5, 5, dtype=torch.uint8), torch.full((2, 3, 5, 5), 255, dtype=torch.uint8)
    assert l1(black, white).tolist() == l1(white, black).tolist() == [1, 1]
    outputs, truth = images()
    expected = (outputs.double() / 255 - truth.double() / 255).abs().flatten(1).mean(1)
    np.testing.assert_allclose(l1(outputs, truth), expected, rtol=1e-12)


@pytest.mark.parametrize("side", SIDES)
def test_ssim_is_scikit_images(side: tuple[int, int, int]) -> None:
    from skimage.metrics import structural_similarity

    outputs, truth = images(*side)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    theirs = [
        structural_similarity(for_skimage(a), for_skimage(b), channel_axis=-1, **options)
        for a, b in zip(outputs, truth, strict=True)
    ]
    np.testing.assert_allclose(ssim(outputs, truth), theirs, rtol=1e-9)


def test_ssim_is_torchmetrics_inside_the_border() -> None:
    from torchmetrics.functional.image import structural_similarity_index_measure

    outputs, truth = (side.double() for side in images())
    options = {"data_range": 255.0, "reduction": "none", "return_full_image": True}
    _, everywhere = structural_similarity_index_measure(outputs, truth, **options)
    found = ssim(outputs.to(torch.uint8), truth.to(torch.uint8))
    np.testing.assert_allclose(found, everywhere[..., 5:-5, 5:-5].mean((1, 2, 3)), rtol=1e-9)
    assert (np.diff(found) < 0).all()  # noisier and noisier


def test_ssim_of_a_image_to_itself_and_to_its_negative() -> None:
    _, truth = images()
    np.testing.assert_allclose(ssim(truth, truth), 1, rtol=1e-12)
    assert (ssim(255 - truth, truth) < 0.5).all()


@pytest.mark.parametrize("measure", [l1, psnr, ssim])
def test_what_is_not_a_pair_is_refused(measure) -> None:  # type: ignore[no-untyped-def]
    outputs, truth = images()
    for wrong, says in (
        ((outputs[:2], truth), "not pairs"),
        ((outputs[..., :20], truth), "all of one size"),
        ((outputs[:0], truth[:0]), "at least one"),
        ((outputs.float(), truth), "uint8"),
        ((outputs[:, :2], truth[:, :2]), "1 or 3 channels"),
    ):
        with pytest.raises(DataError, match=says):
            measure(*wrong)


def test_ssim_refuses_images_below_its_window() -> None:
    outputs, truth = images(3, 10, 40)
    with pytest.raises(DataError, match="at least 11x11"):
        ssim(outputs, truth)


# ---- lpips


NETWORKS = {"alex": "alexnet", "squeeze": "squeezenet1_1"}


@pytest.fixture(scope="module")
def backbones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str, torch.nn.Module]]:
    """Return for each network a file of random weights as torchvision's, its SHA-256, and the network's features."""
    from torchvision import models

    found = {}
    for network, name in NETWORKS.items():
        with torch.random.fork_rng():
            torch.manual_seed(1)
            whole = getattr(models, name)(weights=None)
        state = {key: value for key, value in whole.state_dict().items() if key.startswith("features.")}
        path = tmp_path_factory.mktemp("weights") / f"{name}.pth"
        torch.save(state, path)
        found[network] = (path, hashlib.sha256(path.read_bytes()).hexdigest(), whole.features)
    return found


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("channels", [1, 3])
def test_lpips_is_torchmetrics_with_the_same_weights(
    network: str, channels: int, backbones: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchmetrics.functional.image import learned_perceptual_image_patch_similarity

    path, sha256, features = backbones[network]
    outputs, truth = images(channels, 64, 64)
    distance = load_lpips(path, network, sha256=sha256[:10])
    found = distance(outputs, truth)
    monkeypatch.setattr("torchmetrics.functional.image.lpips._get_tv_model_features", lambda *_: features)
    sides = ((side.expand(-1, 3, -1, -1) / 127.5 - 1).clamp(-1, 1) for side in (outputs, truth))
    theirs = learned_perceptual_image_patch_similarity(*sides, net_type=network, reduction="none")
    assert found.tolist() == pytest.approx(theirs.tolist(), rel=1e-5)
    assert (np.diff(found) > 0).all()  # noisier and noisier
    assert distance.sha256 == sha256


def test_lpips_of_equal_images_is_0_and_leaves_the_random_numbers_alone(backbones: dict) -> None:
    path, sha256, _ = backbones["alex"]
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    distance = load_lpips(path, "alex", sha256=sha256)
    assert torch.equal(torch.rand(4), expected)
    _, truth = images(3, 31, 31)
    assert distance(truth, truth).tolist() == [0, 0, 0, 0]


def test_lpips_refuses_small_images(backbones: dict) -> None:
    for network, (path, sha256, _) in backbones.items():
        smallest = BACKBONES[network].smallest
        distance = load_lpips(path, network, sha256=sha256)
        assert np.isfinite(distance(*images(3, smallest, smallest))).all()
        with pytest.raises(DataError, match=f"at least {smallest}x{smallest}"):
            distance(*images(3, smallest - 1, 60))


def test_lpips_takes_no_weights_but_torchvisions(backbones: dict) -> None:
    path, sha256, _ = backbones["alex"]
    with pytest.raises(HashMismatch, match=f"begins {sha256[:8]}, LPIPS needs 7be5be79"):
        load_lpips(path)
    with pytest.raises(WeightsError, match="No such file"):
        load_lpips(path.with_name("none.pth"))
    with pytest.raises(WeightsError, match="does not fit LPIPS"):
        load_lpips(path, "squeeze", sha256=sha256)
    with pytest.raises(OptionError, match="Did you mean 'alex'"):
        fetch_lpips("alexx")


def test_lpips_fetches_what_torchvision_names(backbones: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.models import AlexNet_Weights

    requests = []

    def fetch_file(url: str, sha256: str, **_: str) -> Path:
        requests.append((url, sha256))
        return backbones["alex"][0]

    monkeypatch.setattr("ganzoo.hub.known_files.fetch_file", fetch_file)
    with pytest.raises(HashMismatch):  # the file is checked however it came
        fetch_lpips()
    (url, sha256) = requests[0]
    assert url == AlexNet_Weights.IMAGENET1K_V1.url
    assert re.search(f"-{sha256}\\.pth$", url)


def test_backbones_are_torchvisions() -> None:
    from torchvision import models

    theirs = {
        "vgg": models.VGG16_Weights.IMAGENET1K_V1.url,
        "squeeze": models.SqueezeNet1_1_Weights.IMAGENET1K_V1.url,
    }
    for network, url in theirs.items():
        assert BACKBONES[network].url == url
        assert f"-{BACKBONES[network].sha256}.pth" in url
