"""Extract the training sets of bundled models from the public archives.

    python scripts/sets.py sets/    # with horse2zebra-train.zip, monet2photo-train.zip and facades-train.zip in sets/

Writes next to the archives:
    photos/            every distinct RGB photograph of the three archives, for srgan and inpaint
    landscape-photos/  the photographs of monet2photo, for lapgan
    landscapes/        monet2photo in three classes, for stargan: day (mean luma above 0.42), dusk (below 0.36), monet
    facades-unpaired/  label maps and photographs as two unpaired sets, for dualgan
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
    """Extract all four sets."""
    extract_photos(sets)
    for name, content, image in read_images(sets / "monet2photo-train.zip", "trainB"):
        write(sets / "landscape-photos" / name, content)
        luma = np.asarray(image.convert("L")).mean() / 255
        kind = "day" if luma > DAY else "dusk" if luma < DUSK else ""
        if kind:
            write(sets / "landscapes" / kind / name, content)
    for name, content, _ in read_images(sets / "monet2photo-train.zip", "trainA"):
        write(sets / "landscapes" / "monet" / name, content)
    for name, _, image in read_images(sets / "facades-train.zip", "train"):
        stem = f"{Path(name).stem}.png"
        write(sets / "facades-unpaired" / "trainA" / stem, png(image.crop((SIDE, 0, 2 * SIDE, SIDE))))
        write(sets / "facades-unpaired" / "trainB" / stem, png(image.crop((0, 0, SIDE, SIDE))))


def extract_photos(sets: Path) -> None:
    """Extract the photographs. Skip paintings, grayscale images and duplicates."""
    sources = {
        "photo": ("monet2photo-train.zip", "trainB"),
        "horse": ("horse2zebra-train.zip", "trainA"),
        "zebra": ("horse2zebra-train.zip", "trainB"),
        "facade": ("facades-train.zip", "train"),
    }
    digests: set[bytes] = set()
    for kind, (archive, folder) in sources.items():
        for name, content, image in read_images(sets / archive, folder):
            photo = image.crop((0, 0, SIDE, SIDE)) if kind == "facade" else image
            digest = hashlib.sha256(photo.tobytes()).digest()
            if photo.mode != "RGB" or digest in digests:
                continue
            digests.add(digest)
            if kind == "facade":
                name, content = f"{Path(name).stem}.png", png(photo)
            write(sets / "photos" / f"{kind}-{name}", content)


def read_images(archive: Path, folder: str) -> Iterator[tuple[str, bytes, Image.Image]]:
    """Yield the name, bytes and image of each file directly in ``folder`` of an archive, sorted by name."""
    with zipfile.ZipFile(archive) as file:
        for name in sorted(file.namelist()):
            path = Path(name)
            if path.parent.name == folder and path.suffix.lower() in (".jpg", ".png"):
                content = file.read(name)
                yield path.name, content, Image.open(io.BytesIO(content))


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
