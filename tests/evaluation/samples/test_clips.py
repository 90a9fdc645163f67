"""`ganzoo.evaluate` of models that make clips: frames as images, and motion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from evaluation_cases import add_extractor, grid_features
from PIL import Image
from torch import Tensor, nn

from ganzoo import sliced_wasserstein
from ganzoo.cards.card import TrainingInfo
from ganzoo.errors import DataError, OptionError
from ganzoo.evaluation.evaluate import evaluate
from ganzoo.evaluation.metrics.frechet import frechet_distance
from ganzoo.evaluation.statistics import moments
from ganzoo.loading.model import Model
from tests.cli.test_clips import clips as maker_of_clips
from tests.data.test_open_clips import gif
from tests.data.test_sources import idx_bytes

MOVED = {"motion": "bounce", "item_size": 8, "speed": 2.0, "frame_stride": 1}
GRID: dict[str, Any] = {"extractor": "grid", "device": "cpu", "resamples": 0}


@pytest.fixture(autouse=True)
def grid(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    add_extractor()


def model(generator: nn.Module | None = None, **options: Any) -> Model:
    outputs = maker_of_clips()
    training = TrainingInfo("dvdgan", steps=1, batch_size=1, seconds=1, hardware="cpu", options={**MOVED, **options})
    return Model(generator or outputs.generator, replace(outputs.card, training=training))


def lay_idx(folder: Path, count: int = 12) -> Path:
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 255, (count, 9, 9), np.uint8)
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(count, dtype=np.uint8) % 2))
    return folder


class Replay(nn.Module):
    """A generator that shows given clips one after the other, whatever it is given."""

    out_channels, latent_dim, image_size, frames, classes = 1, 4, 16, 3, 2

    def __init__(self, clips: Tensor) -> None:
        super().__init__()
        self.clips, self.shown = clips, 0

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        chosen = [(self.shown + n) % len(self.clips) for n in range(len(latents))]
        self.shown = (self.shown + len(latents)) % len(self.clips)
        return self.clips[chosen]


def real_clips(folder: Path) -> Tensor:
    from ganzoo.evaluation.samples.clips import open_clips
    from ganzoo.evaluation.samples.reading import Reading

    real = open_clips([str(folder)], Reading(), model().card)
    return real.first(len(real))


def test_what_shows_the_real_clips_is_perfect_and_stillness_is_seen_in_motion_alone(tmp_path: Path) -> None:
    folder = lay_idx(tmp_path / "set")
    clips = real_clips(folder)
    perfect = evaluate(model(Replay(clips)), folder, number=12, **GRID)
    assert perfect["swd-frames"] == perfect["swd-motion"] == 0 and perfect["kd-grid-4"] < 0, "unbiased: below 0"
    still = clips[:, :, :1].expand(-1, -1, 3, -1, -1).contiguous()
    found = {score.metric: score.value for score in evaluate(model(Replay(still)), folder, number=12, **GRID).scores}
    assert found["swd-motion"] > 5 * found["swd-frames"] > 0


def test_one_frame_of_each_clip_counts_as_a_image(tmp_path: Path) -> None:
    folder = lay_idx(tmp_path / "set")
    found = evaluate(model(), folder, metrics=["fd"], number=7, seed=3, **GRID)
    random = torch.Generator().manual_seed(3)
    latents = torch.stack([torch.randn(4, generator=random) for _ in range(7)])
    outputs = model()(latents, label=torch.arange(7) % 2)
    frames = [((outputs[n, 0, n % 3].numpy() + 1) * 127.5).round().astype(np.uint8) for n in range(7)]
    shown = [((one[0, n % 3].numpy() + 1) * 127.5).round().astype(np.uint8) for n, one in enumerate(real_clips(folder))]
    expected = frechet_distance(*(moments.compute(grid_features(np.stack(each))) for each in (frames, shown)))
    assert found["fd-grid-4"] == pytest.approx(expected, rel=1e-3)
    (score,) = found.scores
    assert (score.protocol.generated.count, score.protocol.real.count) == (7, 12)
    assert score.protocol.resizing.startswith("clips of 3 frames, 16x16, frame_stride 1, motion bounce, item_")
    assert score.protocol.real.split == "test"


def test_motion_is_the_distance_of_changes(tmp_path: Path) -> None:
    folder = lay_idx(tmp_path / "set")
    found = evaluate(model(), folder, metrics=["swd-motion"], **GRID)
    random = torch.Generator().manual_seed(0)
    outputs = model()(torch.stack([torch.randn(4, generator=random) for _ in range(12)]), label=torch.arange(12) % 2)
    changes = [
        each.diff(dim=2).transpose(1, 2).flatten(0, 1)
        for each in (((outputs + 1) * 127.5).round() / 127.5 - 1, real_clips(folder))
    ]
    assert found["swd-motion"] == pytest.approx(sliced_wasserstein(*changes), rel=1e-3)
    assert found.scores[0].protocol.settings == {"clips": 12, "times": 1000}


def test_videos_are_prepared_as_for_training(tmp_path: Path) -> None:
    for index in range(5):
        gif(tmp_path / "set" / f"{index}.gif", 13, first=10 * index, size=(16, 16))
    found = evaluate(model(motion="", frame_stride=2), tmp_path / "set", metrics=["swd-frames"], **GRID)
    assert found.scores[0].protocol.real.count == 10  # 7 frames of every video: 2 clips of 3
    held_out = evaluate(model(motion=""), tmp_path / "set", metrics=["swd-frames"], validation=0.3, **GRID)
    assert held_out.scores[0].protocol.real.split == "held out 0.3"


def test_what_does_not_go_together_is_reported(tmp_path: Path) -> None:
    folder = lay_idx(tmp_path / "set")
    with pytest.raises(OptionError, match="is evaluated on images: give --data"):
        evaluate(model(), **GRID)
    with pytest.raises(OptionError, match="omit size and train"):
        evaluate(model(), folder, size=32, **GRID)
    with pytest.raises(DataError, match=r"holds no videos.*motion=bounce"):
        evaluate(model(motion=""), folder, **GRID)
    (tmp_path / "still").mkdir()
    Image.new("L", (16, 16)).save(tmp_path / "still" / "a.png")
    with pytest.raises(OptionError, match="swd-motion is for models that generate clips"):
        evaluate(f"images:{tmp_path / 'still'}", tmp_path / "still", metrics=["swd-motion"], **GRID)
