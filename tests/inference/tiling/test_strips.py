"""Generators in strips: the result they have untiled, within the memory they are given."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import run_python
from torch import Tensor, nn

import ganzoo
from ganzoo.errors import OptionError
from ganzoo.inference.tiling import timelines
from ganzoo.inference.tiling.passes import plan_passes
from ganzoo.inference.tiling.strips import Moments, Strips
from ganzoo.layers.replace_custom_layers import replace_custom_layers

AMPLE = 1 << 30
NEAR = 3e-5  # strips and whole images, each rounded to float32 in its own order: 1.4e-5 under SSE 4.1


@pytest.fixture(autouse=True)
def many_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures would be one strip."""
    monkeypatch.setitem(timelines.STRIP, "cpu", 4096)


def generator(spec: str, **options: Any) -> nn.Module:
    """A generator as if trained: with running statistics and a last layer that are not the initial ones."""
    torch.manual_seed(0)
    made: nn.Module = ganzoo.build(spec, **options).eval().requires_grad_(False)
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.1, 0.5)
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            layer.weight.normal_(0, 0.1)
    return made


def picture(height: int, width: int) -> Tensor:
    """A picture whose top and bottom differ, as do their statistics."""
    noise = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return noise * torch.linspace(0.1, 1, height)[:, None]


def by_strips(
    strips: Strips, images: Tensor, memory: int = AMPLE, progress: Callable[[float], None] | None = None
) -> Tensor:
    made: list[Tensor] = []

    def put(first: int, rows: Tensor) -> None:
        assert first == sum(one.shape[2] for one in made)
        made.append(rows.clone())

    height, width = images.shape[2:]
    strips.run(lambda first, last: images[:, :, first:last], height, width, put, memory, progress)
    return torch.cat(made, 2)


FAMILIES = [
    *(("generator:resnet", {"norm": norm, "width": 4, "blocks": 2, "global_skip": skip}, (100, 52))
      for norm in ("instance", "batch") for skip in (False, True)),
    *(("generator:unet", {"norm": norm, "width": 4, "image_size": 32}, (96, 160)) for norm in ("batch", "instance")),
    ("generator:unet", {"test_statistics": "image", "width": 4, "image_size": 32}, (96, 160)),
    ("generator:efficientnet-unet", {"width": 4}, (96, 160)),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "options", "size"), FAMILIES)
def test_every_family_in_strips_is_itself_untiled(
    spec: str, options: dict[str, Any], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = generator(spec, **options)
    strips, exact = Strips(network), replace_custom_layers(network).double()
    for height, width in (size, (64, 32), (32, 224)):
        images = picture(height, width)
        untiled, expected = network(images), exact(images.double())
        rounding = (untiled - expected).abs().max()  # of float32, on this processor
        for rows, memory in ((1, AMPLE), (4096, AMPLE), (30_000, AMPLE), (4096, strips.memory(height, width) // 2)):
            monkeypatch.setitem(timelines.STRIP, "cpu", rows)
            made = by_strips(strips, images, memory)
            assert made.shape == untiled.shape and made.dtype == torch.float32 and expected.std() > 0.03
            assert (made - expected).abs().max() < 3 * rounding < 1e-4


def kinds(strips: Strips, height: int, width: int, memory: int) -> set[str]:
    """Return how a run keeps what norms look at: "memory", "file", or "" for what it computes again."""
    plan, timelines = plan_passes(strips._graph, strips._shapes(height, width), memory, "cpu")
    assert len(timelines) == len(plan.passes)
    return {plan.kinds.get(place, "") for place in strips._graph.sources.values()}


def test_little_memory_is_met_with_files_and_computing_again() -> None:
    network = generator("generator:resnet", width=4, blocks=2)
    strips, images = Strips(network), picture(100, 132)
    expected = network(images)
    used = {memory: kinds(strips, 100, 132, memory) for memory in (100_000, 160_000, AMPLE)}
    assert used == {100_000: {"", "file"}, 160_000: {"", "file", "memory"}, AMPLE: {"", "memory"}}
    for memory in used:
        torch.testing.assert_close(by_strips(strips, images, memory), expected, rtol=0, atol=NEAR)
    with pytest.raises(OptionError, match=r"not enough memory for 132x100 pixels.* need 1 MB .*--max-memory by 1 MB"):
        by_strips(strips, images, 30_000)


def test_a_network_without_norms_has_passes_of_its_own_where_memory_is_little() -> None:
    network = generator("generator:unet", width=4, image_size=32, norm="batch")
    strips, images = Strips(network), picture(96, 160)
    shapes = strips._shapes(96, 160)
    for memory, passes in ((AMPLE, 1), (200_000, 2), (100_000, 5)):
        assert len(plan_passes(strips._graph, shapes, memory, "cpu")[0].passes) == passes
        torch.testing.assert_close(by_strips(strips, images, memory), network(images), rtol=0, atol=NEAR)


def test_a_long_network_is_run_in_sections_where_memory_is_little() -> None:
    esrgan = {"num_filters": 8, "num_blocks": 7}
    network = generator("generator:spandrel", architecture="ESRGAN", network="RRDBNet", hyperparameters=esrgan)
    strips, images = Strips(network), picture(64, 40)
    for memory, passes in ((AMPLE, 1), (1_500_000, 8), (500_000, 85)):
        assert len(plan_passes(strips._graph, strips._shapes(64, 40), memory, "cpu")[0].passes) == passes
        torch.testing.assert_close(by_strips(strips, images, memory), network(images), rtol=0, atol=NEAR)


class Stranger(nn.Module):
    """Norms of all kinds, one ReLU for all, a branch with norms of its own, and twice the size."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Conv2d(3, 8, 5, padding=2, padding_mode="reflect"), nn.GroupNorm(2, 8))
        self.relu = nn.ReLU(inplace=True)
        self.left = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1), nn.InstanceNorm2d(8, affine=True), self.relu)
        self.right = nn.Sequential(nn.AvgPool2d(2), nn.BatchNorm2d(8, track_running_stats=False), nn.Upsample(None, 2))
        self.tail = nn.Sequential(nn.GroupNorm(1, 16), nn.Conv2d(16, 12, 3, padding=1), nn.PixelShuffle(2), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        features = self.relu(self.head(images))
        return self.tail(torch.cat([features + self.left(features), self.right(features)], 1))


@pytest.mark.parametrize("memory", [150_000, AMPLE])
def test_a_third_party_generator(memory: int) -> None:
    torch.manual_seed(0)
    network, images = Stranger().eval().requires_grad_(False), picture(50, 34)
    for parameter in network.parameters():
        parameter.normal_(0, 0.3)
    made = by_strips(Strips(network), images, memory)
    assert made.shape == (1, 3, 100, 68)
    torch.testing.assert_close(made, network(images), rtol=0, atol=NEAR)


def test_half_precision_is_kept_between_passes() -> None:
    network = generator("generator:resnet", width=4, blocks=1)
    images = picture(40, 48)
    made = by_strips(Strips(network.to(torch.bfloat16)), images)
    assert made.dtype == torch.float32
    assert (made - network(images.bfloat16()).float()).abs().mean() < 0.01


def test_moments_of_strips_are_those_of_the_whole_even_far_from_zero() -> None:
    rows = torch.randn(1, 6, 40, 9) * torch.linspace(0.1, 2, 40)[:, None] + 100 * torch.arange(6.0)[:, None, None]
    moments = Moments()
    for first, last in ((0, 1), (1, 20), (20, 40)):
        moments.add(rows[:, :, first:last])
    for groups in (0, 1, 3):
        mean, variance = moments.over(groups)
        flat = rows.double().view(groups or 6, -1)
        expected = [one.repeat_interleave(6 // len(flat)) for one in (flat.mean(1), flat.var(1, correction=0))]
        torch.testing.assert_close(mean.double(), expected[0], rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(variance.double(), expected[1], rtol=1e-5, atol=0)


def test_progress_rises_to_one_by_the_work_done() -> None:
    shares: list[float] = []
    by_strips(Strips(generator("generator:resnet", width=4, blocks=1)), picture(64, 64), progress=shares.append)
    assert len(shares) > 20 and shares == sorted(shares) and 0 < shares[0] < 0.2 and shares[-1] == pytest.approx(1)


def test_progress_counts_the_rows_that_a_deep_network_computes_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first row of 20 convolutions needs 21 rows of the image, and the last strips add little."""
    monkeypatch.setitem(timelines.STRIP, "cpu", 1)
    layers = [nn.Conv2d(3, 3, 3, padding=1) for _ in range(20)]
    shares: list[float] = []
    by_strips(Strips(nn.Sequential(*layers).eval()), picture(64, 16), progress=shares.append)
    steps = [after - before for before, after in zip([0.0, *shares], shares, strict=False)]
    assert len(steps) == 64 and sum(steps) == pytest.approx(1)
    assert steps[0] > 8 * steps[1] > 0 and steps[-1] < steps[1] / 2


def test_an_interrupted_run_leaves_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    strips, images = Strips(generator("generator:resnet", width=4, blocks=2)), picture(100, 132)
    most: list[int] = []

    def interrupt(share: float) -> None:
        most.append(len(os.listdir("/proc/self/fd")))
        if share > 0.5:
            raise KeyboardInterrupt

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(KeyboardInterrupt):
        by_strips(strips, images, 100_000, progress=interrupt)
    assert max(most) > before == len(os.listdir("/proc/self/fd")) and list(tmp_path.iterdir()) == []


MEASURE = """
import json, sys, torch, ganzoo
from ganzoo.inference.tiling.strips import Strips

def status(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

def peak(work):
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak begins anew
    before = status("VmRSS")
    work()
    return status("VmHWM") - before

torch.set_num_threads(1)
height, width, memory = map(int, sys.argv[1:])
network = ganzoo.build("generator:resnet", width=16, blocks=1).eval()
strips, images = Strips(network), torch.full((1, 3, height, width), 0.5)
run = lambda: strips.run(lambda a, b: images[:, :, a:b], height, width, lambda first, rows: None, memory)
with torch.inference_mode():
    network(images[:, :, :64, :64])
    print(json.dumps([peak(run), peak(lambda: network(images)) + images.nbytes, strips.memory(height, width)]))
"""


@pytest.mark.slow
def test_memory_is_bounded_and_that_of_an_untiled_pass_foretold() -> None:
    limit = 60_000_000
    process = run_python(MEASURE, 1536, 1536, limit)  # large enough for the allocator to give all back
    assert process.returncode == 0, process.stderr
    in_strips, untiled, foretold = json.loads(process.stdout)
    assert in_strips < 1.25 * limit < 0.5 * untiled
    assert 0.7 * untiled < foretold < 1.25 * untiled


class Attentive(nn.Module):
    """Squeeze and excitation over the whole image (arXiv:1709.01507), and one that asks for sizes."""

    in_channels, stride = 3, 1

    def __init__(self) -> None:
        super().__init__()
        self.head, self.tail = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 3, 3, padding=1)
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 4, 1), nn.ReLU(True), nn.Conv2d(4, 8, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        features = torch.relu(self.head(pictures))
        features = features * self.squeeze(features).sigmoid()
        count, channels, _, _ = features.size()
        weights = torch.mean(features * 2, dim=(2, 3), keepdim=True).view(count, channels, 1, 1)
        return self.tail(features + weights)


@pytest.mark.parametrize("memory", [AMPLE, 150_000])
def test_attention_over_the_whole_image_is_exact(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setitem(timelines.STRIP, "cpu", 4096)
    network = Attentive().eval()
    strips = Strips(network)
    for height, width in ((96, 64), (50, 33), (200, 20)):
        images = picture(height, width)
        with torch.inference_mode():
            expected = network(images)
        assert (by_strips(strips, images, memory) - expected).abs().max() < NEAR
