"""Clips: cut out of videos and GIFs, or pictures set in motion."""

from __future__ import annotations

import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path

import moving
import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image
from torch import Tensor

from ganzoo import Config
from ganzoo.data.datasets import Augmentation
from ganzoo.data.moving_images import Motion, MovingImages, reflect, with_fixed_motion
from ganzoo.data.open_data import open_data
from ganzoo.errors import DataError, OptionError
from tests.data.test_sources import idx_bytes


@dataclass(frozen=True)
class Asked(Config):
    image_size: int = 0
    channels: int = 0
    enlarge: float = 1.0
    flip: bool = False
    frames: int = 0
    frame_stride: int = 1
    motion: str = ""
    item_size: int = 0
    speed: float = 3.0


MOVED = Asked(image_size=16, motion="bounce", item_size=8, frames=5)


def gif(path: Path, count: int, first: int = 0, size: tuple[int, int] = (12, 10)) -> Path:
    """Write a GIF whose frame n is all of the gray first + n, exactly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [Image.new("L", size, first + n) for n in range(count)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)
    return path


def levels(clips: Tensor) -> list[list[int]]:
    """Return the gray of each frame of each clip of one color."""
    assert (clips.amax((1, 3, 4)) - clips.amin((1, 3, 4))).max() < 1e-6
    return ((clips[:, 0, :, 0, 0] + 1) * 127.5).round().int().tolist()


def everything(dataset) -> dict[str, Tensor]:
    return dataset.batch(list(range(len(dataset))), torch.Generator().manual_seed(0))


# ---- videos ----------------------------------------------------------------------------------------------------------


def test_gifs_are_cut_into_clips_one_after_the_other(tmp_path: Path) -> None:
    gif(tmp_path / "a.gif", 7, 10)
    gif(tmp_path / "b.gif", 3, 100)
    gif(tmp_path / "c.gif", 2, 200)
    (tmp_path / "notes.txt").write_text("x")
    data = open_data(tmp_path, "clips", Asked(frames=3))
    assert (data.image_size, data.channels, data.frames, data.counts) == (10, 1, 3, {"clips": 3})
    clips = everything(data.train)["clip"]
    assert clips.shape == (3, 1, 3, 10, 10) and clips.is_contiguous() and clips.dtype == torch.float32
    assert levels(clips) == [[10, 11, 12], [13, 14, 15], [100, 101, 102]]
    assert data.notes == [
        "3 videos: 12x10 pixels, scaled to cover 10x10 (center crop).",
        "They are cut into clips of 3 frames, one after the other.",
        "1 video has fewer than 3 frames and is left out: c.gif.",
        "1 other file without a video suffix was ignored: notes.txt.",
    ]


def test_every_second_frame_is_taken(tmp_path: Path) -> None:
    gif(tmp_path / "a.gif", 9, 10)
    data = open_data(tmp_path, "clips", Asked(frames=2, frame_stride=2))
    assert levels(everything(data.train)["clip"]) == [[10, 12], [14, 16]]
    assert "clips of 2 frames (1 of every 2), one after" in data.notes[1]


def test_no_frames_asked_are_eight(tmp_path: Path) -> None:
    gif(tmp_path / "a.gif", 17)
    assert open_data(tmp_path, "clips", Asked()).frames == 8


def test_a_video_is_its_frames(tmp_path: Path) -> None:
    scene = list(moving.scene(9))
    moving.write(tmp_path / "a.mp4", scene, times=[512 * n for n in range(9)])
    data = open_data(tmp_path, "clips", Asked(image_size=48, frames=4))
    clips = everything(data.train)["clip"]
    assert clips.shape == (2, 3, 4, 48, 48)
    expected = np.stack([frame[:, 8:56] for frame in scene[:8]]).reshape(2, 4, 48, 48, 3).transpose(0, 4, 1, 2, 3)
    assert np.abs((clips.numpy() + 1) * 127.5 - expected).mean() < 2  # H.264, nearly without loss


def test_clips_of_a_video_are_trained_on_or_held_out_together(tmp_path: Path) -> None:
    for index in range(10):
        gif(tmp_path / "ab"[index % 2] / f"{index}.gif", 6, 20 * index)
    data = open_data(tmp_path, "clips", Asked(frames=3), 0.3)
    shown, hidden = everything(data.train), everything(data.validation)
    assert data.classes == ["a", "b"] and data.counts == {"clips": len(data.train)}
    for part, names in ((shown, None), (hidden, data.held_out)):
        videos = [level[0] // 20 for level in levels(part["clip"])]
        assert part["label"].tolist() == [video % 2 for video in videos]
        if names is not None:
            assert sorted(set(videos)) == sorted(int(Path(name).stem) for name in names)
            assert len(videos) == 2 * len(names)
    assert len(data.train) + len(data.validation) == 20
    assert "2 classes by folder: a (10), b (10)." in data.notes


@pytest.mark.parametrize("packed", [False, True])
def test_videos_on_disk_give_the_batches_of_videos_in_memory(tmp_path: Path, packed: bool) -> None:
    folder = tmp_path / "set"
    (folder / "x").mkdir(parents=True)
    (folder / "y").mkdir()
    gif(folder / "x" / "0.gif", 9, 30)
    for index in range(1, 4):
        moving.write(folder / "xy"[index % 2] / f"{index}.mp4", moving.scene(6 + index))
    path = folder
    if packed:
        path = tmp_path / "set.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(folder.rglob("*.*")):
                archive.write(file, file.relative_to(tmp_path))
    requested = Asked(image_size=16, enlarge=1.25, flip=True, frames=3, frame_stride=2)
    held = open_data(path, "clips", requested, 0.3)
    disk = pickle.loads(pickle.dumps(open_data(path, "clips", requested, 0.3, memory=1000)))
    assert held.train.in_memory and not disk.train.in_memory and not disk.validation.in_memory
    for one, other in ((held.train, disk.train), (held.validation, disk.validation)):
        indices = [(3 * index) % len(one) for index in range(2 * len(one))]
        for own in (slice(None), slice(1, 3)):
            first, second = (part.batch(indices, torch.Generator().manual_seed(3), own) for part in (one, other))
            assert all(torch.equal(first[name], second[name]) for name in first)
    assert any("they stay on disk" in note for note in disk.notes)


def test_frames_of_a_clip_are_cropped_and_mirrored_alike(tmp_path: Path) -> None:
    slope = np.add.outer(5 * np.arange(20), 7 * np.arange(20))
    frames = [Image.fromarray((slope + n).astype(np.uint8)) for n in range(4)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    data = open_data(tmp_path, "clips", Asked(image_size=16, enlarge=1.25, flip=True, frames=4))
    seen = set()
    for seed in range(12):
        clip = (data.train.batch([0], torch.Generator().manual_seed(seed))["clip"][0, 0] + 1) * 127.5
        assert clip.shape == (4, 16, 16)
        assert all(torch.allclose(clip[n] - clip[0], torch.tensor(float(n)), atol=1e-3) for n in range(4))
        seen.add(tuple(clip[0, 0, :2].round().int().tolist()))
    assert len(seen) > 4 and len({right > left for left, right in seen}) == 2


def test_broken_videos_are_named(tmp_path: Path) -> None:
    whole = gif(tmp_path / "good.gif", 9).read_bytes()
    (tmp_path / "page.gif").write_bytes(b"<html>")
    (tmp_path / "page.mp4").write_bytes(b"<html>")
    cut = moving.write(tmp_path / "cut.mp4", moving.scene(40), container={"movflags": "+faststart"})
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    with pytest.raises(DataError, match="3 of 4 videos") as caught:
        open_data(tmp_path, "clips", Asked())
    named = [line.strip().split(":")[0] for line in str(caught.value).splitlines()[1:]]
    assert named == ["cut.mp4", "page.gif", "page.mp4"] and whole
    assert "it is damaged at" in str(caught.value)


def test_what_holds_no_videos_is_reported_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no videos\. It is empty\. Videos end in \.mp4"):
        open_data(tmp_path, "clips", Asked())
    picture(9, 9).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"holds no videos.*--set motion=bounce"):
        open_data(tmp_path, "clips", Asked())
    gif(tmp_path / "a.gif", 3)
    with pytest.raises(DataError, match=r"No video in .* has 8 frames\. Set a smaller frames"):
        open_data(tmp_path, "clips", Asked())
    with pytest.raises(OptionError, match="Shards hold images"):
        open_data(str(tmp_path / "a-{0..3}.tar"), "clips", Asked())


@pytest.mark.parametrize(
    "wrong",
    [
        {"frames": 1},
        {"frame_stride": 0},
        {"motion": "jump"},
        {"item_size": -1},
        {"speed": 0.0},
        {"speed": float("inf")},
    ],
    ids=str,
)
def test_wrong_options_are_refused(tmp_path: Path, wrong: dict) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(OptionError, match=rf"^{name}={value!r} should be .*\. The default is"):
        open_data(tmp_path, "clips", Asked(**wrong))


# ---- pictures that move ----------------------------------------------------------------------------------------------


def blocks(count: int, size: int = 4) -> Tensor:
    return torch.arange(1, count + 1, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, size, size) * 50


def corners(clip: Tensor) -> list[tuple[int, int]]:
    """Return (top, left) of what is not black in each frame of (C, T, H, W)."""
    found = []
    for frame in clip.transpose(0, 1):
        rows, columns = ((frame > -1).any(0).any(axis).nonzero().flatten() for axis in (1, 0))
        found.append((int(rows[0]), int(columns[0])))
    return found


def test_places_are_reflected_at_the_borders() -> None:
    assert reflect(torch.tensor([0.0, 3, 5, 6, 9, 10, 11, -2, 23]), 5).tolist() == [0, 3, 5, 4, 1, 0, 1, 2, 3]


def test_a_image_moves_in_a_straight_line_and_bounces_off() -> None:
    motion = Motion(canvas=12, frames=7, speed=2.0)
    draws = torch.tensor([[0.0, 0.5, 0.0, 1.0], [0.75, 0.0, 0.25, 1.0]])  # to the right; down
    clips = motion.clips(torch.ones(2, 1, 4, 4), draws)
    assert corners(clips[0]) == [(0, left) for left in (4, 6, 8, 6, 4, 2, 0)]
    assert corners(clips[1]) == [(top, 0) for top in (6, 8, 6, 4, 2, 0, 2)]


def test_nothing_of_a_image_is_lost_or_changed() -> None:
    data = MovingImages(blocks(3), Augmentation(4, flip=False), Motion(12, 6, 5.0), torch.tensor([2, 0, 1]))
    batch = data.batch([0, 1, 2, 1], torch.Generator().manual_seed(0))
    assert batch["label"].tolist() == [2, 0, 1, 0]
    for clip, value in zip(batch["clip"], (50, 100, 150, 100), strict=True):
        assert (((clip + 1) * 127.5).round().sum((0, 2, 3)) == 16 * value).all()
        assert len(set(corners(clip))) > 3


def test_speeds_and_directions_are_spread_evenly() -> None:
    motion = Motion(canvas=1000, frames=2, speed=40.0)
    draws = torch.rand(4000, 4, generator=torch.Generator().manual_seed(1))
    places = torch.tensor(motion.places(draws, 4)).double()
    steps = (places[:, 1] - places[:, 0])[((places > 45) & (places < 950)).all(1).all(1)]
    length = steps.norm(dim=1)
    assert 19 < length.min() < 21 and 39 < length.max() < 41 and abs(length.mean() - 30) < 0.6
    assert steps.mean(0).abs().max() < 2.5  # five standard errors of 22 / sqrt(3000)


def test_a_batch_is_a_function_of_indices_and_seed_and_shares_are_its_parts() -> None:
    data = MovingImages(blocks(5, 6), Augmentation(4, flip=True), Motion(12, 4, 3.0))
    whole = data.batch([4, 0, 2, 2, 1], torch.Generator().manual_seed(7))["clip"]
    for own in (slice(0, 2), slice(2, 5)):
        assert torch.equal(data.batch([4, 0, 2, 2, 1], torch.Generator().manual_seed(7), own)["clip"], whole[own])
    assert not torch.equal(data.batch([4, 0, 2, 2, 1], torch.Generator().manual_seed(8))["clip"], whole)
    assert not torch.equal(whole[2], whole[3])  # the same picture moves anew


def test_held_out_images_move_the_same_way_in_whatever_batch() -> None:
    data = with_fixed_motion(MovingImages(blocks(5), Augmentation(4, flip=False), Motion(12, 4, 3.0)))
    whole = data.batch([0, 1, 2, 3, 4], torch.Generator().manual_seed(1))["clip"]
    assert torch.equal(data.batch([3], torch.Generator().manual_seed(2))["clip"][0], whole[3])


@pytest.mark.parametrize("channels", [0, 1, 3])
def test_idx_images_are_scaled_and_set_in_motion(tmp_path: Path, channels: int) -> None:
    pictures = np.full((30, 28, 28), 200, np.uint8) + np.arange(30, dtype=np.uint8)[:, None, None]
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(pictures))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(30, dtype=np.uint8) % 3))
    requested = Asked(image_size=32, channels=channels, motion="bounce", frames=5)
    data = open_data(tmp_path, "clips", requested, 0.2)
    assert (data.image_size, data.channels, data.frames, data.classes) == (32, channels or 1, 5, ["0", "1", "2"])
    batch = everything(data.train)
    assert batch["clip"].shape == (len(data.train), channels or 1, 5, 32, 32)
    assert ((batch["clip"] > 0).sum((1, 3, 4)) == 20 * 20 * (channels or 1)).all()  # five eighths of 32
    kept = [index for index in range(30) if str(index) not in data.held_out]
    assert batch["label"].tolist() == [index % 3 for index in kept]
    assert data.notes[-1].startswith("Each moves over a black canvas of 32x32, by up to 3 pixels a frame: a clip of 5")


@pytest.mark.parametrize("memory", [2**30, 100])
def test_a_folder_of_images_is_set_in_motion(tmp_path: Path, memory: int) -> None:
    for index in range(6):
        (tmp_path / "ab"[index % 2]).mkdir(exist_ok=True)
        Image.new("RGB", (24, 20), (40 + 30 * index, 0, 0)).save(tmp_path / "ab"[index % 2] / f"{index}.png")
    data = open_data(tmp_path, "clips", MOVED, 0.3, memory)
    assert data.train.in_memory == (memory > 100) and data.classes == ["a", "b"]
    batch = everything(data.train)
    assert batch["clip"].shape == (len(data.train), 3, 5, 16, 16)
    assert ((batch["clip"][:, 0] > -1).sum((2, 3)) == 64).all()
    assert everything(data.validation)["label"].tolist() == [int(Path(name).stem) % 2 for name in data.held_out]


def test_images_without_room_to_move_are_refused(tmp_path: Path) -> None:
    picture(9, 9).save(tmp_path / "a.png")
    with pytest.raises(OptionError, match="item_size=16 leaves no room to move on a canvas of image_size=16"):
        open_data(tmp_path, "clips", Asked(image_size=16, motion="bounce", item_size=16))
    with pytest.raises(DataError, match="holds no images to move"):
        open_data(_empty(tmp_path), "clips", MOVED)


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"
