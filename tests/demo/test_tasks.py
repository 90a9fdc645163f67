"""The page of `ganzoo demo` for models that take labels, masks or styles, enlarge, or generate clips."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, picture
from needs import require
from PIL import Image

from ganzoo.demo.actions import DemoModel
from ganzoo.demo.examples import fitting
from ganzoo.demo.latent_walks import walk
from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io.grids import grid
from ganzoo.image_io.video import clip_files
from tests.gallery.test_gallery import NAMES, model

gradio_client = require("gradio_client")

PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it in the background
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
from tests.gallery.test_gallery import model
from ganzoo.demo import serving
with serving.open_listener("127.0.0.1", 0) as listener:
    serving.serve(model(sys.argv[2]), listener, on_ready=lambda address: print(address, flush=True))
"""


@contextmanager
def serve(task: str, folder: Path) -> Iterator[Any]:
    """Serve a model for that task in a process of its own, and yield a client of its page."""
    command = [sys.executable, "-c", PROGRAM, str(ROOT), task]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield gradio_client.Client(process.stdout.readline().strip(), verbose=False, download_files=folder)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A photograph, a mask that hides its left half, and a style."""
    picture(40, 24).save(tmp_path / "photo.png")
    hole = np.zeros((24, 40), np.uint8)
    hole[:, :20] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    picture(9, 9, seed=3).save(tmp_path / "style.png")
    return {name: tmp_path / f"{name}.png" for name in ("photo", "mask", "style")}


def pixels(path: Path | str) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize(
    ("task", "values"),
    [
        ("multi-domain-image-to-image", {"label": "bag"}),
        ("image-inpainting", {"mask": "mask"}),
        ("style-transfer", {"style": "style"}),
    ],
)
def test_inputs_other_than_the_image_reach_the_model(
    task: str, values: dict[str, str], files: dict[str, Path], tmp_path: Path
) -> None:
    subject = model(task)
    inputs = {name: files.get(value, value) for name, value in values.items()}
    _, after, result = DemoModel(subject, tmp_path).translate(files["photo"], "auto", **inputs)
    expected = np.asarray(subject.translate(files["photo"], **inputs))
    assert (pixels(after) == expected).all() and (pixels(result) == expected).all()
    assert (expected != pixels(files["photo"])).any()


@pytest.mark.slow
def test_the_page_asks_for_a_mask_and_waits_for_it(files: dict[str, Path], tmp_path: Path) -> None:
    with serve("image-inpainting", tmp_path / "page") as client:
        preview, file = client.predict(gradio_client.handle_file(files["photo"]), "auto", None, api_name="/translate")
        assert preview is None and not file["interactive"]
        (_, after), _ = client.predict(
            gradio_client.handle_file(files["photo"]),
            "auto",
            gradio_client.handle_file(files["mask"]),
            api_name="/translate",
        )
    output, photo = pixels(after), pixels(files["photo"])
    assert (output[:, :20] == 0).all() and (output[:, 20:] == photo[:, 20:]).all()


@pytest.mark.slow
def test_the_page_offers_the_classes(files: dict[str, Path], tmp_path: Path) -> None:
    subject = model("class-conditional-image-generation")
    with serve("class-conditional-image-generation", tmp_path / "page") as client:
        sheets = [client.predict(4, 3, label, api_name="/generate") for label in ("", "bag")]
        row = client.predict(1, 2, 2, "sneaker", api_name="/walk")[1]
    grids = [grid(subject.generate(3, 4)), grid(subject.generate(3, 4, "bag"))]
    assert [Image.open(path).tobytes() for path in sheets] == [grid.tobytes() for grid in grids]
    assert Image.open(row).tobytes() == grid(walk(subject, 1, 2, 2, "sneaker"), 2).tobytes()
    with serve("multi-domain-image-to-image", tmp_path / "other") as client:
        (_, after), _ = client.predict(
            gradio_client.handle_file(files["photo"]), "auto", NAMES[1], api_name="/translate"
        )
    assert set(np.unique(pixels(after))) == {159}


def test_an_enlarged_image_is_compared_at_its_size(files: dict[str, Path], tmp_path: Path) -> None:
    subject = model("super-resolution")
    before, after, result = DemoModel(subject, tmp_path).translate(files["photo"], "auto")
    assert pixels(before).shape == pixels(after).shape == pixels(result).shape == (48, 80, 3)
    with pytest.raises(OptionError, match="size auto means 80x48 pixels, more than the limit of 3000"):
        DemoModel(subject, tmp_path, max_pixels=3000).translate(files["photo"], "auto")


def test_a_mask_of_another_size_raises(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="The mask is 9x9, the image 40x24"):
        DemoModel(model("image-inpainting"), tmp_path).translate(files["photo"], "auto", mask=files["style"])


def test_a_walk_stays_within_a_class() -> None:
    subject = model("class-conditional-image-generation")
    shades = {np.asarray(step)[1, 1] for step in walk(subject, 0, 1, 5, "bag")}
    assert shades == {153} and np.asarray(walk(subject, 0, 1, 2)[0])[1, 1] == 128


def test_clips_play_side_by_side(tmp_path: Path) -> None:
    subject = model("unconditional-video-generation")
    with Image.open(DemoModel(subject, tmp_path).generate(7, 4)) as clip:
        expected = clip_files.side_by_side(subject.generate(4, 7))
        assert (clip.n_frames, clip.size) == (len(expected), expected[0].size)
        for number, frame in enumerate(expected):
            clip.seek(number)
            assert np.abs(np.asarray(clip.convert("L"), int) - np.asarray(frame.convert("L"), int)).max() <= 2


@pytest.mark.parametrize("task", ["image-to-image", "image-inpainting", "style-transfer", "super-resolution"])
def test_the_page_opens_with_an_example_that_is_translated_once(task: str, tmp_path: Path) -> None:
    subject = model(task)
    demo = DemoModel(subject, tmp_path, examples=fitting(subject.card, tmp_path))
    files = demo.open_example()
    assert list(files) == demo.roles == ["image", *subject.card.does.inputs]
    copies = {role: Path(shutil.copy(path, made(tmp_path / "copies" / role))) for role, path in files.items()}
    first, again = (demo.translate(of.pop("image"), "auto", **of) for of in (dict(files), copies))
    assert first == again
    assert demo.translate(files["image"], 32, **{n: files[n] for n in subject.card.does.inputs}) != first
    first[2].unlink()  # as after an hour
    assert demo.translate(files["image"], "auto", **{n: files[n] for n in subject.card.does.inputs})[2].is_file()


def test_what_was_made_of_a_visitors_image_is_not_kept_for_others(files: dict[str, Path], tmp_path: Path) -> None:
    subject = model("image-to-image")
    demo = DemoModel(subject, tmp_path, examples=fitting(subject.card, tmp_path))
    example = demo.open_example()["image"]
    mine = made(tmp_path / "mine") / example.name  # the name of an example, but not its content
    picture(30, 20, seed=5).save(mine)
    for path in (files["photo"], mine):
        assert demo.translate(path, "auto") != demo.translate(path, "auto")


def test_an_example_beyond_the_limits_leaves_the_page_empty(tmp_path: Path) -> None:
    subject = model("image-to-image")
    assert DemoModel(subject, tmp_path, 100, examples=fitting(subject.card, tmp_path)).open_example() == {}


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
