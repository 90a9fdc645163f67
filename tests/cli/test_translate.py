"""`ganzoo translate` on folders, patterns, streams, 16-bit and large images, and videos; `ganzoo info --engines`."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import picture
from PIL import Image
from tiny_models import maker, translator

from ganzoo.cli.memory_sizes import Bytes, Pixels
from ganzoo.image_io import decoding
from tests.cli.test_main import call

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the model dir:t."""
    translator().save(tmp_path / "t")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path


def write_images() -> None:
    for name in ("in/a.png", "in/sub/b.jpg", "in/sub/deep/c.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        picture(20, 16).save(name)
    Path("in/sub/notes.txt").write_text("not an image")


def list_files(folder: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def test_subfolders_are_included_or_not(capsys: Capture) -> None:
    write_images()
    assert call(capsys, "translate", "dir:t", "in", "-o", "all/")[0] == 0
    assert list_files("all") == ["a.png", "sub/b.jpg", "sub/deep/c.png"]
    assert call(capsys, "translate", "dir:t", "in", "-o", "flat/", "--no-recursive")[0] == 0
    assert list_files("flat") == ["a.png"]


def test_without_output_a_new_name_is_taken_each_time(capsys: Capture) -> None:
    write_images()
    for expected in ("a-t.png", "a-t-2.png", "a-t-3.png"):
        code, out, _ = call(capsys, "translate", "dir:t", "in/a.png")
        assert code == 0 and out.startswith(expected) and Path(expected).exists()
    for folder in ("in-t", "in-t-2"):
        assert call(capsys, "translate", "dir:t", "in")[0] == 0
        assert list_files(folder) == ["a.png", "sub/b.jpg", "sub/deep/c.png"]
    assert call(capsys, "translate", "dir:t", "in/a.png", "in/sub/b.jpg")[0] == 0
    assert list_files("images-t") == ["a.png", "b.jpg"]
    picture(20, 16).save("x.png")
    Path("t").rename("runs-x")
    assert call(capsys, "translate", "dir:./runs-x/", "x.png")[1].startswith("x-runs-x.png")


def test_generate_without_output_takes_a_new_name_too(capsys: Capture) -> None:
    maker().save(Path("m"))
    for expected in ("m.png", "m-2.png"):
        code, out, _ = call(capsys, "generate", "dir:m", "-n", "2")
        assert code == 0 and Path(expected).exists(), out


def test_a_pattern_selects_files(capsys: Capture) -> None:
    write_images()
    assert call(capsys, "translate", "dir:t", "in/**/*.png", "-o", "out/")[0] == 0
    assert list_files("out") == ["a.png", "c.png"]
    code, _, err = call(capsys, "translate", "dir:t", "in/*.tif", "-o", "out/")
    assert code == 1 and "No image matches 'in/*.tif'" in err
    Path("in/[a].png").write_bytes(Path("in/a.png").read_bytes())  # a file name, although it looks like a pattern
    assert call(capsys, "translate", "dir:t", "in/[a].png", "-o", "x.png")[0] == 0


def test_existing_outputs_are_skipped(capsys: Capture) -> None:
    write_images()
    Path("out/sub").mkdir(parents=True)
    Path("out/sub/b.jpg").write_text("done before")
    code, _, err = call(capsys, "translate", "dir:t", "in", "-o", "out", "--skip-existing")
    assert code == 0 and "1 of 3 outputs already exist" in err and Path("out/sub/b.jpg").read_text() == "done before"
    assert len(list_files("out")) == 3
    assert call(capsys, "translate", "dir:t", "in", "-o", "out", "--skip-existing")[:2] == (0, "")


@pytest.mark.parametrize("more", [(), ("--jobs", "2")], ids=["one process", "two"])
@pytest.mark.slow
def test_failures_are_listed_and_the_rest_is_done(capsys: Capture, more: tuple[str, ...]) -> None:
    write_images()
    Path("in/sub/bad.png").write_bytes(b"not an image")
    Path("in/short.jpg").write_bytes(Path("in/sub/b.jpg").read_bytes()[:300])
    code, out, err = call(capsys, "translate", "dir:t", "in", "-o", "out", *more)
    assert code == 1 and "2 of 5 images failed, the others are done:" in err
    assert "in/sub/bad.png" in err and "in/short.jpg" in err
    assert list_files("out") == ["a.png", "sub/b.jpg", "sub/deep/c.png"] and "out/a.png" in out


def test_sixteen_bits_stay_and_metadata_on_request(capsys: Capture) -> None:
    rgb = (np.asarray(picture(40, 30), np.uint16) * 257) ^ 0x55
    source = decoding.DecodedImage(rgb, None, False, "deep", exif=b"Exif\0\0" + exif("A camera"))
    from ganzoo.image_io.encoding import save_decoded

    save_decoded(source, "deep.tif", keep_metadata=True)
    for name in ("output.tif", "output.png"):
        assert call(capsys, "translate", "dir:t", "deep.tif", "-o", name, "--keep-metadata")[0] == 0
        found = decoding.read(name)
        assert found.rgb.dtype == np.uint16 and b"A camera" in found.exif
    assert call(capsys, "translate", "dir:t", "deep.tif", "-o", "plain.png", "--bits", "8")[0] == 0
    plain = decoding.read("plain.png")
    assert plain.rgb.dtype == np.uint8 and plain.exif == b""
    assert np.abs(plain.rgb * 257.0 - decoding.read("output.png").rgb).max() <= 129


def exif(maker: str) -> bytes:
    found = Image.Exif()
    found[0x010F] = maker
    return found.tobytes().removeprefix(b"Exif\0\0")


def test_a_limit_of_pixels_can_be_lowered_and_raised(capsys: Capture) -> None:
    picture(100, 50).save("p.png")
    code, _, err = call(capsys, "translate", "dir:t", "p.png", "-o", "o.png", "--max-pixels", "4K")
    assert code == 1 and "--max-pixels" in err
    assert call(capsys, "translate", "dir:t", "p.png", "-o", "o.png", "--max-pixels", "5K")[0] == 0


def test_memory_is_bounded_on_request(capsys: Capture) -> None:
    picture(600, 400).save("p.png")
    assert call(capsys, "translate", "dir:t", "p.png", "-o", "whole.png", "--size", "native")[0] == 0
    arguments = ("translate", "dir:t", "p.png", "-o", "tiles.png", "--size", "native", "--max-memory")
    assert call(capsys, *arguments, "6MB")[0] == 0
    difference = np.asarray(Image.open("whole.png"), int) - np.asarray(Image.open("tiles.png"), int)
    assert np.abs(difference).max() <= 1
    code, _, err = call(capsys, *arguments, "1.6MB")
    assert code == 1 and "memory" in err and not Path(".tiles.png.tmp").exists()
    assert call(capsys, *arguments, "some")[0] == 2


@pytest.mark.slow
def test_streams_of_any_kind(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture(30, 20).save(buffer, "JPEG")
    command = [sys.executable, "-m", "ganzoo", "translate", "dir:t", "-", "-o", "-", "--format", "tiff"]
    done = subprocess.run(command, input=buffer.getvalue(), capture_output=True, check=True)
    with Image.open(io.BytesIO(done.stdout)) as image:
        assert (image.format, image.size) == ("TIFF", (30, 20))


def test_the_format_of_a_folders_files_can_be_chosen(capsys: Capture) -> None:
    write_images()
    assert call(capsys, "translate", "dir:t", "in", "-o", "out", "--format", "webp")[0] == 0
    assert list_files("out") == ["a.webp", "sub/b.webp", "sub/deep/c.webp"]
    code, _, err = call(capsys, "translate", "dir:t", "in", "-o", "out", "--format", "psd")
    assert code == 1 and "'psd' is not a supported image format" in err


def test_a_video_goes_to_a_video(capsys: Capture) -> None:
    frames = [picture(32, 24, seed) for seed in range(5)]
    frames[0].save("in.gif", save_all=True, append_images=frames[1:], duration=100)
    assert call(capsys, "translate", "dir:t", "in.gif", "-o", "out.gif", "--temporal-smoothing", "0.5")[0] == 0
    with Image.open("out.gif") as image:
        assert image.n_frames == 5 and image.size == (32, 24)
    assert call(capsys, "translate", "dir:t", "in.gif", "-o", "first.png")[0] == 0
    assert call(capsys, "translate", "dir:t", "in.gif", "-o", "in.mp4")[0] == 0
    Path("mixed").mkdir()
    Path("in.mp4").rename("mixed/clip.mp4")
    Path("in.gif").rename("mixed/still.gif")
    assert call(capsys, "translate", "dir:t", "mixed", "-o", "both")[0] == 0
    assert list_files("both") == ["clip.mp4", "still.png"]
    Path("clip.mp4").write_bytes(b"x")
    code, _, err = call(capsys, "translate", "dir:t", "clip.mp4", "-o", "out.png")
    assert code == 1 and "clip.mp4 is a video, but 'out.png' is not" in err


@pytest.mark.slow
def test_engines_are_listed_with_measurements(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANZOO_ENGINE")
    code, out, err = call(capsys, "info", "dir:t", "--engines")
    assert code == 0 and "Converting tiny/translator for openvino" in err
    line = next(line for line in out.splitlines() if line.startswith("openvino") and "float32" in line)
    assert "dB" in line and " s " in line and " ms " in line
    rows = json.loads(call(capsys, "info", "dir:t", "--engines", "--json")[1])
    measured = {row["engine"]: row for row in rows if row["seconds"]}
    assert {"openvino", "onnxruntime", "torch"} <= set(measured) and {row["dtype"] for row in measured.values()} == {
        "float32"
    }
    assert sorted(kind for row in rows if row["auto"] for kind in row["auto"].split(", ")) == [
        "folder",
        "image",
        "video",
    ]
    fastest = min(measured.values(), key=lambda row: row["start"] + row["seconds"])
    assert fastest["auto"].startswith("image") and fastest["note"].startswith("fastest for: image")
    assert 0 < rows[0]["difference"] < 1e-3


def test_engines_that_auto_never_takes_for_a_model_say_why(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANZOO_ENGINE")
    maker().save("maker")
    rows = json.loads(call(capsys, "info", "dir:maker", "--engines", "--json")[1])
    (taken,) = (row for row in rows if row["auto"])
    assert (taken["engine"], taken["note"]) == ("torch", "auto takes it for: image, folder, video")
    assert not [row for row in rows if "not tried" in row["note"] or "fastest" in row["note"]]


@pytest.mark.parametrize(
    ("typed", "number"), [("2GB", 2 * 10**9), ("1.5 MiB", 1_572_864), ("700", 700), ("3k", 3000), ("1TB", 10**12)]
)
def test_sizes_as_people_type_them(typed: str, number: int) -> None:
    assert Bytes().convert(typed, None, None) == number


@pytest.mark.parametrize("typed", ["", "GB", "-1MB", "0", "2 elephants", "1e9"])
def test_invalid_sizes(typed: str) -> None:
    import click

    with pytest.raises(click.BadParameter, match="is not a size"):
        Pixels().convert(typed, None, None)
