"""Damaged models and pictures through the command line: one clear message, exit code 1, and nothing lost."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from conftest import picture
from needs import needs
from tiny_models import translator

from tests.cli.test_main import call

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to work in, with the model dir:t and the picture x.png."""
    monkeypatch.chdir(tmp_path)
    translator().save("t")
    picture(16, 16).save("x.png")


def refused(capsys: Capture, *arguments: str) -> str:
    """Run a command that must fail with one message; return it."""
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (1, "")
    assert err.startswith("Error: ") and err.count("\n") == 1
    assert "Traceback" not in err and "error is unexpected" not in err
    return err


def cut(length: int) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes()[:length])


def put(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (put(b""), "truncated"),
    "seven bytes": (cut(7), "truncated"),
    "head cut": (cut(100), "truncated"),
    "tensors cut": (cut(4000), "4,000 bytes instead of"),
    "garbage": (put(os.urandom(5000)), "safetensors"),
    "text": (put(b"<!doctype html> not found"), "not a safetensors file"),
    "huge head": (put(struct.pack("<Q", 2**62) + b"{}"), "truncated"),
    "pickle": (put(pickle.dumps({"weights": [1, 2]})), "pickle"),
    "torch.save": (lambda path: torch.save({"x": torch.zeros(3)}, path), "pickle"),
    "missing": (lambda path: path.unlink(), "there is no file"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "there is no file"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_weights(capsys: Capture, kind: str) -> None:
    damage, text = DAMAGE[kind]
    damage(Path("t/model.safetensors"))
    assert text in refused(capsys, "translate", "dir:t", "x.png", "-o", "y.png")
    assert text in refused(capsys, "pull", "dir:t", "-o", "copy")
    assert not Path("y.png").exists() and not Path("copy").exists()


@pytest.mark.parametrize(
    ("part", "value", "text"),
    [
        ("architecture", "generator:reznet", "which no installed plugin has"),
        ("architecture", ["x"], "entry="),
        ("options", {"width": -1}, "options do not fit"),
        ("options", {"blocks": 2}, "do not fit the network"),
        ("options", {"width": 6}, "wrong shape"),
        ("preprocessing", {}, "'image_size' is missing"),
        ("card", {"name": "x/y"}, "is missing"),
        ("format", None, "not a ganzoo config"),
    ],
)
def test_damaged_configs(capsys: Capture, part: str, value: object, text: str) -> None:
    config = json.loads(Path("t/config.json").read_text())
    config[part] = value
    Path("t/config.json").write_text(json.dumps(config))
    assert text in refused(capsys, "translate", "dir:t", "x.png", "-o", "y.png")


@pytest.mark.parametrize("content", [b"", b"no picture", b"%!PS-Adobe", None])
def test_damaged_images(capsys: Capture, content: bytes | None) -> None:
    Path("x.png").write_bytes(Path("x.png").read_bytes()[:60] if content is None else content)
    assert "x.png" in refused(capsys, "translate", "dir:t", "x.png", "-o", "y.png")
    assert not Path("y.png").exists()


@pytest.fixture
def without_privileges() -> Iterator[None]:
    """Give up the privileges of root, who may read and write everything, until the end of the test."""
    if os.geteuid():
        yield
        return
    for folder in (Path(), Path("t")):
        folder.chmod(0o777)
    os.seteuid(65534)  # nobody
    yield
    os.seteuid(0)


@needs(os.name == "posix", "permissions of POSIX")
def test_files_without_permission(capsys: Capture, request: pytest.FixtureRequest) -> None:
    call(capsys, "translate", "dir:t", "x.png", "-o", "y.png")  # what is imported may be root's
    Path("t/model.safetensors").chmod(0)
    request.getfixturevalue("without_privileges")
    assert "cannot be read: Permission denied" in refused(capsys, "translate", "dir:t", "x.png", "-o", "y.png")


def test_an_old_result_stays_when_the_new_one_fails(capsys: Capture) -> None:
    call(capsys, "translate", "dir:t", "x.png", "-o", "y.png")
    before = Path("y.png").read_bytes()
    Path("t/model.safetensors").write_bytes(b"")
    refused(capsys, "translate", "dir:t", "x.png", "-o", "y.png")
    assert Path("y.png").read_bytes() == before


@needs(Path("/dev/full").exists(), "only Linux has /dev/full")
def test_outputs_that_cannot_be_written(capsys: Capture) -> None:
    Path("file").touch()
    Path("taken.png").mkdir()
    assert "file is a file" in refused(capsys, "translate", "dir:t", "x.png", "-o", "file/y.png")
    Path("link.png").symlink_to("/dev/full")
    assert "not a regular file" in refused(capsys, "translate", "dir:t", "x.png", "-o", "link.png")
    assert "Cannot write the model to file" in refused(capsys, "pull", "dir:t", "-o", "file")
    assert "Cannot write" in refused(capsys, "pull", "dir:t", "-o", "file/sub")
