"""Cut the data sets that bundled models were trained on out of the public archives.

    python scripts/sets.py sets/          (sets/ holds horse2zebra-train.zip, monet2photo-train.zip, facades-train.zip)

Makes, beside them:
    photos/            every different RGB photograph of the three, for srgan and inpaint
    landscape-photos/  the photographs of monet2photo, for lapgan
    landscapes/        monet2photo by day (mean luma above 0.42), at dusk (below 0.36) and by Monet, for stargan
    facades-unpaired/  label maps and photographs as two sets, for dualgan
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

DAY, DUSK = 0.42, 0.36  # mean luma, from 0 to 1
SIDE = 256


def main(sets: Path) -> None:
    """Cut all four."""
    cut_photos(sets)
    for name, content, picture in pictures(sets / "monet2photo-train.zip", "trainB"):
        put(sets / "landscape-photos" / name, content)
        luma = np.asarray(picture.convert("L")).mean() / 255
        kind = "day" if luma > DAY else "dusk" if luma < DUSK else ""
        if kind:
            put(sets / "landscapes" / kind / name, content)
    for name, content, _ in pictures(sets / "monet2photo-train.zip", "trainA"):
        put(sets / "landscapes" / "monet" / name, content)
    for name, _, picture in pictures(sets / "facades-train.zip", "train"):
        stem = f"{Path(name).stem}.png"
        put(sets / "facades-unpaired" / "trainA" / stem, png(picture.crop((SIDE, 0, 2 * SIDE, SIDE))))
        put(sets / "facades-unpaired" / "trainB" / stem, png(picture.crop((0, 0, SIDE, SIDE))))


def cut_photos(sets: Path) -> None:
    """Cut the photographs: no painting, no gray one, none twice."""
    sources = {
        "photo": ("monet2photo-train.zip", "trainB"),
        "horse": ("horse2zebra-train.zip", "trainA"),
        "zebra": ("horse2zebra-train.zip", "trainB"),
        "facade": ("facades-train.zip", "train"),
    }
    seen: set[bytes] = set()
    for kind, (archive, folder) in sources.items():
        for name, content, picture in pictures(sets / archive, folder):
            shown = picture.crop((0, 0, SIDE, SIDE)) if kind == "facade" else picture
            known = hashlib.sha256(shown.tobytes()).digest()
            if shown.mode != "RGB" or known in seen:
                continue
            seen.add(known)
            if kind == "facade":
                name, content = f"{Path(name).stem}.png", png(shown)
            put(sets / "photos" / f"{kind}-{name}", content)


def pictures(archive: Path, folder: str) -> Iterator[tuple[str, bytes, Image.Image]]:
    """Yield name, content and picture of the files directly in a folder of an archive, by name."""
    with zipfile.ZipFile(archive) as opened:
        for name in sorted(opened.namelist()):
            path = Path(name)
            if path.parent.name == folder and path.suffix.lower() in (".jpg", ".png"):
                content = opened.read(name)
                yield path.name, content, Image.open(io.BytesIO(content))


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
