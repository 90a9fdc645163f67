"""ganzoo generate with a model that generates clips."""

from __future__ import annotations

from pathlib import Path

import moving
import numpy as np
import pytest
import torch
from PIL import Image
from tiny_models import maker

from ganzoo import Card
from ganzoo.catalog import building
from ganzoo.loading.model import Model
from tests.cli.test_main import call
from tests.cli.test_pictures import opened, piped
from tests.image_io.video.test_clip_files import read_gif

Capture = pytest.CaptureFixture[str]
OPTIONS = {"image_size": 16, "channels": 1, "frames": 3, "classes": 2, "latent_dim": 4, "width": 4}


def clips() -> Model:
    torch.manual_seed(0)
    card = Card(
        name="tiny/clips",
        entry="generator:dvdgan",
        task="class-conditional-video-generation",
        image_size=16,
        out_channels=1,
        latent_dim=4,
        frames=3,
        classes=("sneaker", "bag"),
        options=OPTIONS,
    )
    return Model(building.build("generator:dvdgan", **OPTIONS), card)


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to work in, with the models dir:c (generates clips) and dir:m (generates images)."""
    clips().save(tmp_path / "c")
    maker().save(tmp_path / "m")
    monkeypatch.chdir(tmp_path)


def generate(capsys: Capture, ref: str, *arguments: str) -> tuple[int, str, str]:
    return call(capsys, "generate", ref, *arguments)


@pytest.mark.slow
def test_a_gif_plays_all_clips_together_the_ones_python_gives(capsys: Capture) -> None:
    assert generate(capsys, "dir:c", "-n", "4", "--label", "bag", "--fps", "4", "-o", "a.gif") == (0, "a.gif\n", "")
    frames, durations, loop = read_gif(Path("a.gif"))
    assert (len(frames), set(durations), loop) == (3, {250}, 0)
    expected = clips().generate(4, label="bag")
    for number, frame in enumerate(frames):
        assert frame.size == (2 * 18 + 2, 2 * 18 + 2)
        for place, clip in enumerate(expected):
            left, top = 2 + 18 * (place % 2), 2 + 18 * (place // 2)
            found = frame.crop((left, top, left + 16, top + 16)).convert("L")
            assert np.array_equal(np.asarray(found), np.asarray(clip[number]))


@pytest.mark.slow
def test_a_video_and_a_sheet(capsys: Capture) -> None:
    assert generate(capsys, "dir:c", "-n", "2", "-o", "a.mp4")[0] == 0
    assert [time for time, _ in moving.frames(Path("a.mp4"))] == pytest.approx([0, 0.125, 0.25], abs=0.002)
    assert generate(capsys, "dir:c", "-n", "2", "-o", "a.png")[0] == 0
    sheet = opened("a.png")
    assert sheet.size == (3 * 18 + 2, 2 * 18 + 2)
    expected = clips().generate(2)
    assert np.array_equal(np.asarray(sheet.crop((38, 20, 54, 36))), np.asarray(expected[1][2]))


@pytest.mark.slow
def test_a_folder_gets_single_clips(capsys: Capture) -> None:
    assert generate(capsys, "dir:c", "-n", "3", "-o", "out/")[:2] == (0, "3 clips in out/\n")
    assert sorted(path.name for path in Path("out").iterdir()) == ["0000.gif", "0001.gif", "0002.gif"]
    with Image.open("out/0001.gif") as image:
        assert (image.n_frames, image.size) == (3, (16, 16))


@pytest.mark.slow
def test_stdout_gets_the_sheet() -> None:
    done = piped("generate", "dir:c", "-n", "2", "-o", "-")
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("ref", "arguments", "text"),
    [
        ("dir:c", ("-o", "a.png", "--fps", "4"), "'a.png' is a still image. Omit --fps, or write to one of .mp4"),
        ("dir:c", ("-o", "-", "--fps", "4"), "is a still image"),
        ("dir:c", ("-o", "a.gif", "--fps", "99"), "fps=99 is not valid"),
        ("dir:c", ("-o", "out/", "--fps", "0"), "fps=0 is not valid"),
        ("dir:c", ("-o", "a.xyz"), "'.xyz' is not an image format"),
        ("dir:c", ("-o", "m/config.json/a.gif",), "is a file"),
        ("dir:c", ("-o", "a.gif", "--label", "bagg"), "Did you mean 'bag'"),
        ("dir:m", ("-o", "a.mp4"), "generates images, but 'a.mp4' is a video"),
        ("dir:m", ("-o", "a.png", "--fps", "4"), "generates still images. Omit --fps"),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_wrong_requests(capsys: Capture, ref: str, arguments: tuple[str, ...], text: str) -> None:
    code, _, err = generate(capsys, ref, *arguments)
    assert (code, text in err) == (1, True), err
    assert not list(Path().glob("a.*")) and not Path("out").exists()


def test_a_still_gif_of_images_is_as_before(capsys: Capture) -> None:
    assert generate(capsys, "dir:m", "-n", "4", "-o", "a.gif")[0] == 0
    with Image.open("a.gif") as image:
        assert getattr(image, "n_frames", 1) == 1
