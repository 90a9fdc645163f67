"""A camera, for which a video file stands: late frames are dropped, the newest is translated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from needs import require
from tiny_models import translator

from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.image_io.decoding import DecodedImage
from ganzoo.image_io.video.camera import LiveState, NewestItem, translate_camera
from tests.cli.test_main import call

av = require("av")
FRAMES = 8


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of 8 frames, each brighter than the one before."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", 25, {"crf": "10"}, width=64, height=48)
        stream.pix_fmt = "yuv420p"
        for number in range(FRAMES):
            pixels = np.full((48, 64, 3), 30 * number, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        file.mux(stream.encode())
    return path


def brightness(path: Path) -> list[float]:
    with av.open(str(path)) as file:
        return [float(frame.to_ndarray(format="rgb24").mean()) for frame in file.decode(video=0)]


def test_only_the_newest_item_waits() -> None:
    queue: NewestItem[int] = NewestItem()
    assert [queue.put(number) for number in (1, 2, 3)] == [True] * 3
    queue.end()
    assert (list(queue), queue.dropped) == ([3], 2)
    assert not queue.put(4)
    queue = NewestItem()
    queue.end(ImageError("it broke"))
    with pytest.raises(ImageError, match="it broke"):
        list(queue)


def test_every_frame_is_translated_or_counted_as_dropped(film: Path, tmp_path: Path) -> None:
    seen: list[LiveState] = []

    def invert(image: DecodedImage) -> DecodedImage:
        return replace(image, rgb=255 - image.rgb)

    state = translate_camera(str(film), tmp_path / "out.mp4", invert, on_frame=seen.append)
    found = brightness(tmp_path / "out.mp4")
    assert state == seen[-1] and len(seen) == state.frames == len(found) and state.frames + state.dropped == FRAMES
    assert state.latency > 0 and state.rate > 0
    assert found == sorted(found, reverse=True) and abs(found[-1] - (255 - 30 * (FRAMES - 1))) < 6


def test_it_ends_in_time_and_at_ctrl_c(film: Path, tmp_path: Path) -> None:
    def interrupt(image: DecodedImage) -> DecodedImage:
        if count:
            raise KeyboardInterrupt
        count.append(1)
        return image

    count: list[int] = []
    assert translate_camera(str(film), tmp_path / "one.mkv", interrupt).frames == 1
    assert translate_camera(str(film), tmp_path / "two.webm", lambda image: image, seconds=1e-6).frames == 1
    assert len(brightness(tmp_path / "one.mkv")) == len(brightness(tmp_path / "two.webm")) == 1


def test_what_cannot_work_is_refused(film: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="camera 99 cannot be opened"):
        translate_camera("99", tmp_path / "out.mp4", lambda image: image)
    with pytest.raises(OutputError, match=r"no fixed rate, which \.gif needs"):
        translate_camera(str(film), tmp_path / "out.gif", lambda image: image)
    with pytest.raises(OptionError, match="temporal smoothing of 1"):
        translate_camera(str(film), tmp_path / "out.mp4", lambda image: image, temporal_smoothing=1)

    def fail(image: DecodedImage) -> DecodedImage:
        raise ImageError("it broke")

    with pytest.raises(ImageError, match="it broke"):
        translate_camera(str(film), tmp_path / "out.mp4", fail)
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(ImageError, match=r"text\.mp4 cannot be opened"):
        translate_camera(str(tmp_path / "text.mp4"), tmp_path / "out.mp4", lambda image: image)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "text.mp4"]


def test_the_command_says_how_fast_it_was(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    translator().save(tmp_path / "t")
    out = tmp_path / "out.mp4"
    line = ["translate", f"dir:{tmp_path / 't'}", "--camera", str(film), "--temporal-smoothing", "0.5", "-o", str(out)]
    code, text, _ = call(capsys, *line)
    assert code == 0 and "per second, latency" in text and "late ones dropped" in text and brightness(out)
    assert call(capsys, *line, str(film))[0] == 2
    assert call(capsys, "translate", "dir:t")[0] == 2
