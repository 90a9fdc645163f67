"""Whatever file is given: a right picture or one clear error, no warning, nothing printed, and little memory."""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import odd_files
import pytest
from odd_files import Odd

from ganzoo.errors import ImageError
from ganzoo.image_io import decoding, encoding
from ganzoo.image_io.decoding import DecodedImage

MEMORY = 128 << 20  # bytes beyond those of Python and its modules; the largest picture here takes 23 MB
ADDRESSES = 2 << 30


def test_there_are_enough_and_the_same_every_time(tmp_path: Path) -> None:
    odds = [odd for _, odd in odd_files.generate(tmp_path)]
    assert len(odds) >= 500 and len({odd.name for odd in odds}) == len(odds)
    assert len({odd.kind for odd in odds}) >= 40
    assert {odd.right for odd in odds} == {"picture", "error", "either"}
    assert digest(odds) == digest([odd for _, odd in odd_files.generate(tmp_path)])


def digest(odds: list[Odd]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(odd.data).digest() for odd in odds)).hexdigest()


@pytest.mark.slow
def test_every_file_is_a_right_image_or_one_clear_error(tmp_path: Path) -> None:
    code = f"from tests.image_io.readers.test_odd_files import read_all; read_all({str(tmp_path)!r})"
    paths = [
        str(Path(__file__).parents[3]),
        str(Path(__file__).parents[2]),
        str(Path(decoding.__file__).parents[2]),
        os.environ.get("PYTHONPATH", ""),
    ]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["complaints"] == []
    assert found["files"] >= 500 and found["pictures"] >= 300 and found["errors"] >= 200
    assert found["memory"] < MEMORY


def read_all(folder: str) -> None:
    """Generate, read and write again, in a process of its own; print what was found."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    counts = {"files": 0, "pictures": 0, "errors": 0}
    complaints = []
    before = most_memory()
    for path, odd in odd_files.generate(Path(folder)):
        counts["files"] += 1
        try:
            picture = decoding.read(path)
        except ImageError as error:
            counts["errors"] += 1
            complaint = wrong_error(str(error), path, odd)
        except BaseException as error:
            complaint = f"{type(error).__name__}: {error}"
        else:
            counts["pictures"] += 1
            complaint = wrong_picture(picture, odd) or wrong_copy(picture, counts["pictures"])
            if decoding.read(odd.data, srgb=True).rgb.shape != picture.rgb.shape:
                complaint = "another as sRGB"
        complaints += [f"{odd.name}: {complaint}"] if complaint else []
    print(json.dumps({**counts, "complaints": complaints, "memory": most_memory() - before}))


def most_memory() -> int:
    """Return the most bytes that this process has held at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def wrong_error(text: str, path: Path, odd: Odd) -> str:
    if odd.right == "picture":
        return f"refused: {text}"
    clear = text.startswith(str(path)) and text.endswith(".") and "\n" not in text and len(text) < len(str(path)) + 250
    return "" if clear else f"unclear: {text}"


def wrong_picture(picture: DecodedImage, odd: Odd) -> str:
    if odd.right == "error":
        return "not refused"
    if odd.pixels is None:
        return ""
    colors = odd.pixels[..., :3] if odd.pixels.shape[2] > 2 else odd.pixels[..., :1].repeat(3, axis=2)
    if picture.rgb.shape != colors.shape:
        return f"of shape {picture.rgb.shape}, not {colors.shape}"
    off = int(np.abs(picture.rgb.astype(int) - colors).max())
    if off > odd.tolerance or (odd.tolerance == 0 and picture.rgb.dtype != colors.dtype):
        return f"off by {off}, as {picture.rgb.dtype}"
    alpha = odd.pixels[..., -1] if odd.pixels.shape[2] % 2 == 0 else None
    return "" if same(alpha, picture.alpha) else "of another alpha"


def same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return (one is None) == (other is None) and (one is None or np.array_equal(one, other))


def wrong_copy(picture: DecodedImage, number: int) -> str:
    """Write a picture and read it again: PNG and TIFF keep it, the others its size."""
    for kind in ("png", "tif", ("jpg", "webp", "bmp", "gif")[number % 4]):
        file = io.BytesIO()
        encoding.save_decoded(picture, file, kind, keep_metadata=number % 2 == 0)
        copy = decoding.read(file.getvalue())
        exact = kind in ("png", "tif")
        if copy.rgb.shape != picture.rgb.shape or (exact and not same(copy.rgb, picture.rgb)):
            return f"another as {kind}"
        if exact and not same(copy.alpha, picture.alpha):
            return f"of another alpha as {kind}"
    return ""
