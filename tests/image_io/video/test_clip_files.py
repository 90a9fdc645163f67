"""Clips that a model made, as files that play."""

from __future__ import annotations

import sys
from pathlib import Path

import moving
import numpy as np
import pytest
from conftest import picture
from PIL import Image, ImageSequence

import ganzoo
from ganzoo.errors import ImageError, MissingPackage, OptionError, OutputError
from ganzoo.image_io.video import clip_files


def gray(count: int = 5, size: tuple[int, int] = (12, 10)) -> list[Image.Image]:
    return [Image.new("L", size, 40 * n + 10) for n in range(count)]


def read_gif(path: Path) -> tuple[list[Image.Image], list[int], int]:
    """Return frames, their milliseconds, and how often it is played (0: on and on)."""
    with Image.open(path) as image:
        frames = [(frame.convert("RGB"), frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
        return [frame for frame, _ in frames], [shown for _, shown in frames], image.info["loop"]


def test_a_gif_has_the_frames_and_plays_on_and_on(tmp_path: Path) -> None:
    ganzoo.save_clip(gray(), tmp_path / "new" / "a.gif", fps=10)
    frames, shown, loop = read_gif(tmp_path / "new" / "a.gif")
    assert [frame.getpixel((3, 3))[0] for frame in frames] == [10, 50, 90, 130, 170]
    assert (shown, loop) == ([100] * 5, 0)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.gif"]


def test_a_gif_takes_the_nearest_hundredth_of_a_second(tmp_path: Path) -> None:
    ganzoo.save_clip(gray(3), tmp_path / "a.gif")  # 8 a second: 12.5 hundredths
    assert read_gif(tmp_path / "a.gif")[1] == [120] * 3


def test_colors_are_those_of_the_frames(tmp_path: Path) -> None:
    scene = [picture(32, 24, seed) for seed in range(3)]
    ganzoo.save_clip(scene, tmp_path / "a.gif")
    for found, expected in zip(read_gif(tmp_path / "a.gif")[0], scene, strict=True):
        assert np.abs(np.asarray(found).astype(int) - np.asarray(expected)).mean() < 10  # 256 colors, dithered


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv", ".mov", ".avi"])
@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_a_video_has_the_frames_at_their_times(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    scene = [Image.fromarray(frame).crop((0, 0, *size)) for frame in moving.scene(6)]
    ganzoo.save_clip(scene, tmp_path / f"a{suffix}", fps=5)
    found = moving.frames(tmp_path / f"a{suffix}")
    assert [time for time, _ in found] == pytest.approx([n / 5 for n in range(6)], abs=0.002)
    for (_, pixels), expected in zip(found, scene, strict=True):
        assert np.abs(pixels[: size[1], : size[0]].astype(int) - np.asarray(expected)).mean() < 6


def test_what_cannot_be_written_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, fps, error, text in (
        ("a.png", 8, OutputError, "'.png' is not a video format"),
        ("a", 8, OutputError, "'' is not a video format"),
        ("file/a.gif", 8, OutputError, "file is a file"),
        ("a.gif", 0, OptionError, r"fps=0 is not valid: .gif takes 0.1 to 50"),
        ("a.gif", 51, OptionError, "fps=51"),
        ("a.gif", float("nan"), OptionError, "fps=nan"),
        ("a.mp4", 241, OptionError, ".mp4 takes 0.1 to 240"),
    ):
        with pytest.raises(error, match=text):
            ganzoo.save_clip(gray(), tmp_path / name, fps)
    for frames in ([], [*gray(), *gray(1, (9, 9))]):
        with pytest.raises(ImageError, match="frames of one size"):
            ganzoo.save_clip(frames, tmp_path / "a.gif")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_clip_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "a.mp4"
    old.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise moving.av.OSError(28, "No space left on device")

    monkeypatch.setattr(clip_files, "_encode", fail)
    with pytest.raises(OutputError, match=r"Cannot write .*a\.mp4"):
        ganzoo.save_clip(gray(), old)
    assert old.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_gifs_need_no_pyav_and_videos_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    ganzoo.save_clip(gray(), tmp_path / "a.gif")
    with pytest.raises(MissingPackage, match=r"pip install 'ganzoo-core\[video\]'"):
        ganzoo.save_clip(gray(), tmp_path / "a.mp4")


def test_clips_play_side_by_side_or_lie_in_rows() -> None:
    clips = [gray(3), [Image.new("L", (12, 10), 200)] * 3]
    shown = clip_files.side_by_side(clips)
    assert len(shown) == 3 and shown[0].size == (2 * 14 + 2, 12 + 2)
    assert [(frame.getpixel((5, 5)), frame.getpixel((19, 5))) for frame in shown] == [(10, 200), (50, 200), (90, 200)]
    sheet = clip_files.frame_sheet(clips)
    assert sheet.size == (3 * 14 + 2, 2 * 12 + 2)
    assert [sheet.getpixel((5 + 14 * n, 5)) for n in range(3)] == [10, 50, 90]
    assert sheet.getpixel((33, 17)) == 200
