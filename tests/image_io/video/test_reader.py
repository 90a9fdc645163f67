"""Readers that are closed before the end of the video."""

from __future__ import annotations

from pathlib import Path

import moving
from launched import complete

SCRIPT = """
import logging
import sys
from itertools import islice
from pathlib import Path

import av

from ganzoo.image_io.video.formats import find_format
from ganzoo.image_io.video.reader import VideoReader

logging.getLogger("libav").setLevel(logging.CRITICAL)
av.logging.set_level(av.logging.DEBUG)  # decoder threads take the GIL for every message
path = Path(sys.argv[1])
for _ in range(60):
    with VideoReader(path, find_format(path)) as reader:
        frames = list(islice(reader.frames(), 3))
assert len(frames) == 3
"""


def test_closing_early_does_not_wait_for_threads_that_log(tmp_path: Path) -> None:
    """Of 60 readers that do not let the decoder's threads finish, one within the first ten hangs."""
    clip = moving.write(tmp_path / "clip.mp4", moving.scene(8))
    script = tmp_path / "close_early.py"
    script.write_text(SCRIPT)
    assert complete(tmp_path / "log", script, clip) == 0
