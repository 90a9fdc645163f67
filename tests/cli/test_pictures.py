"""ganzoo generate and translate, from the line typed to the files on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import picture
from PIL import Image
from tiny_models import maker, translator

from ganzoo.batch.run import FIRST_FRAME, WHOLE_GIF
from ganzoo.loading.model import Model
from tests.cli.test_main import call

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the models dir:t (translates) and dir:m (generates)."""
    translator().save(tmp_path / "t")
    maker().save(tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def piped(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "ganzoo", *arguments], input=stdin, capture_output=True, timeout=300)


def opened(path: str | Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


# ---- generate


def test_a_grid_is_the_same_file_twice(capsys: Capture) -> None:
    assert call(capsys, "generate", "dir:m", "-n", "9", "--seed", "1", "-o", "a.png") == (0, "a.png\n", "")
    call(capsys, "generate", "dir:m", "-n", "9", "--seed", "1", "-o", "b.png")
    call(capsys, "generate", "dir:m", "-n", "9", "--seed", "2", "-o", "c.png")
    a, b, c = (Path(f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c
    sheet = opened("a.png")
    assert sheet.width >= 3 * 16 and sheet.height >= 3 * 16


def test_a_folder_gets_single_files_the_ones_python_gives(capsys: Capture) -> None:
    code, out, _ = call(capsys, "generate", "dir:m", "-n", "3", "--seed", "4", "-o", "new/sub/")
    assert (code, out) == (0, "3 images in new/sub/\n")
    files = sorted(Path("new/sub").iterdir())
    assert [file.name for file in files] == ["0000.png", "0001.png", "0002.png"]
    expected = maker().generate(3, seed=4)
    assert [opened(file).tobytes() for file in files] == [image.tobytes() for image in expected]
    Path("there").mkdir()
    call(capsys, "generate", "dir:m", "-n", "1", "-o", "there")
    assert [file.name for file in Path("there").iterdir()] == ["0000.png"]


@pytest.mark.slow
def test_a_grid_can_go_to_stdout() -> None:
    done = piped("generate", "dir:m", "-n", "4", "-o", "-")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("x.xyz", "'.xyz' is not an image format"),
        ("x", "Write x.png for one image, or x/ for single files"),
        ("file.txt/x.png", "file.txt is a file"),
        ("file.txt/", "file.txt is a file"),
    ],
)
def test_a_wrong_output_is_reported_before_the_model_is_loaded(capsys: Capture, output: str, text: str) -> None:
    Path("file.txt").touch()
    code, _, err = call(capsys, "generate", "dir:no-such-model", "-o", output)
    assert (code, text in err) == (1, True)


def test_wrong_requests_to_generate(capsys: Capture) -> None:
    for arguments, text in (
        (("dir:t",), "Use translate"),
        (("dir:m", "--label", "cat"), "takes no label"),
        (("dir:m", "--seed", "-5"), "seed=-5"),
        (("dir:m", "--device", "gpu"), "'gpu' is not a device"),
        (("dir:m", "--engine", "tf"), "No engine is called 'tf'"),
        (("dir:m", "--dtype", "int8"), "not in int8"),
    ):
        code, _, err = call(capsys, "generate", *arguments, "-o", "x.png")
        assert (code, text in err) == (1, True), err
        assert not Path("x.png").exists()


# ---- translate


def same(file: str | Path, source: str | Path, model: Model | None = None) -> bool:
    expected = (model or translator()).translate(source)
    return bool(np.array_equal(np.asarray(opened(file)), np.asarray(expected)))


def test_one_file(capsys: Capture, photo: Path) -> None:
    assert call(capsys, "translate", "dir:t", str(photo), "-o", "out.png") == (0, "out.png\n", "")
    assert same("out.png", photo)
    assert opened("out.png").size == (60, 44)


def test_a_large_image_reports_its_working_size(capsys: Capture) -> None:
    picture(256, 128).save("big.png")
    assert call(capsys, "translate", "dir:t", "big.png", "-o", "a.png")[1] == (
        "a.png (processed at 128x64; --size native for full resolution)\n"
    )
    assert call(capsys, "translate", "dir:t", "big.png", "-o", "b.png", "--size", "native")[1] == "b.png\n"
    assert "processed at 40x20" in call(capsys, "translate", "dir:t", "big.png", "-o", "c.png", "--size", "20")[1]
    sizes = {opened(name).size for name in ("a.png", "b.png", "c.png")}
    assert sizes == {(256, 128)}


def test_several_files_into_a_folder(capsys: Capture) -> None:
    for name in ("a.png", "b.JPG", "c.webp"):
        picture(20, 12).save(name)
    picture(20, 12).convert("P").save("d.gif")
    code, out, err = call(capsys, "translate", "dir:t", "a.png", "b.JPG", "c.webp", "d.gif", "-o", "out")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "4 images in out"
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "b.JPG", "c.webp", "d.png"]
    assert same("out/a.png", "a.png") and same("out/d.png", "d.gif")


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.gif", "a.tif"])
def test_it_says_that_only_the_first_frame_was_translated(name: str, capsys: Capture) -> None:
    frames = [picture(20, 16), picture(20, 16).transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    frames[0].save(name, save_all=True, append_images=frames[1:])
    frames[0].save(f"one-{name}")
    code, _, err = call(capsys, "translate", "dir:t", name, "-o", "out.png")
    assert (code, err) == (0, f"{name}: {FIRST_FRAME}{WHOLE_GIF if name == 'a.gif' else ''}\n")
    assert call(capsys, "translate", "dir:t", f"one-{name}", "-o", "one.png")[2] == ""


def test_it_says_so_too_where_the_image_goes_to_the_standard_output() -> None:
    picture(20, 16).save("a.webp", save_all=True, append_images=[Image.new("RGB", (20, 16))])
    done = piped("translate", "dir:t", "a.webp", "-o", "-")
    assert done.stdout.startswith(b"\x89PNG") and done.stderr.decode().splitlines() == [f"a.webp: {FIRST_FRAME}"]


def test_a_folder_keeps_its_structure_and_its_earlier_results_are_left_alone(capsys: Capture) -> None:
    Path("in/deep/er").mkdir(parents=True)
    for name in ("in/a.png", "in/deep/a.png", "in/deep/er/b.png"):
        picture(16, 16).save(name)
    Path("in/notes.txt").write_text("not an image")
    for _ in range(2):  # the second time in/out is there
        code, out, _ = call(capsys, "translate", "dir:t", "in", "-o", "in/out")
        assert (code, out.splitlines()[-1]) == (0, "3 images in in/out")
    found = sorted(str(path) for path in Path("in/out").rglob("*.png"))
    assert found == ["in/out/a.png", "in/out/deep/a.png", "in/out/deep/er/b.png"]


@pytest.mark.slow
def test_stdin_and_stdout() -> None:
    picture(30, 20).save("x.png")
    done = piped("translate", "dir:t", "-", "-o", "-", stdin=Path("x.png").read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    Path("y.png").write_bytes(done.stdout)
    assert same("y.png", "x.png")
    done = piped("translate", "dir:t", "-", "-o", "out/", stdin=b"not an image")
    assert done.returncode == 1 and done.stderr.startswith(b"Error: Standard input is not a supported image")
    done = piped("translate", "dir:t", "-", "x.png", "-o", "out", stdin=Path("x.png").read_bytes())
    assert sorted(path.name for path in Path("out").iterdir()) == ["stdin.png", "x.png"]


def test_failures_are_listed_at_the_end_and_the_rest_is_done(capsys: Capture) -> None:
    picture(16, 16).save("good.png")
    picture(16, 16).save("fine.png")
    Path("bad.png").write_text("not an image")
    code, out, err = call(capsys, "translate", "dir:t", "good.png", "bad.png", "gone.png", "fine.png", "-o", "out")
    assert code == 1
    assert out.splitlines() == ["out/good.png", "out/fine.png"]
    head, *rest = err.splitlines()
    assert head == "Error: 2 of 4 images failed, the others are done:"
    assert [line.split()[0] for line in rest] == ["bad.png", "No"] and "gone.png" in rest[1]
    assert sorted(path.name for path in Path("out").iterdir()) == ["fine.png", "good.png"]


@pytest.mark.parametrize(
    ("inputs", "output", "text"),
    [
        (["a.png", "b.png"], "x.png", "'x.png' can hold one image only. For several inputs, give a folder to -o"),
        (["a.png", "b.png"], "-", "can hold one image only"),
        (["in"], "x.jpg", "can hold one image only"),
        (["in"], "file.txt", "file.txt is a file"),
        (["in"], "in", "would replace its own input"),
        (["a.png"], "a.png", "would replace its own input"),
        (["a.png"], ".", "would replace its own input"),
        (["a.png", "in/a.png"], "out", "Two inputs, a.png and in/a.png, would both be written to out/a.png"),
        (["-", "-"], "out", "Two inputs, standard input and standard input, would"),
        (["empty"], "out", "holds no images"),
        (["gone.png"], "x.png", "No file gone.png"),
        (["a.png"], "x.xyz", "'.xyz' is not an image format"),
        (["a.png"], "x", "Write x.png for one image, or x/ for a folder"),
        (["a.png"], "file.txt/x.png", "file.txt is a file"),
    ],
)
def test_wrong_arguments_are_reported_before_the_model_is_loaded(
    capsys: Capture, inputs: list[str], output: str, text: str
) -> None:
    Path("in").mkdir()
    Path("empty").mkdir()
    Path("file.txt").touch()
    for name in ("a.png", "b.png", "in/a.png"):
        picture(16, 16).save(name)
    before = {path: path.read_bytes() for path in Path(".").rglob("*") if path.is_file()}
    code, out, err = call(capsys, "translate", "dir:no-such-model", *inputs, "-o", output)
    assert (code, out, text in err) == (1, "", True), err
    assert {path: path.read_bytes() for path in Path(".").rglob("*") if path.is_file()} == before


def test_a_wrong_size_or_task_is_reported(capsys: Capture, photo: Path) -> None:
    code, _, err = call(capsys, "translate", "dir:no-such-model", str(photo), "-o", "x.png", "--size", "big")
    assert (code, "size 'big' is not right" in err) == (1, True)
    code, _, err = call(capsys, "translate", "dir:m", str(photo), "-o", "x.png")
    assert (code, "Use generate" in err) == (1, True)
    assert call(capsys, "translate", "dir:t")[0] == 2  # no input
