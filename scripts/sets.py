"""Extract the training sets of bundled models from the public archives.

    python scripts/sets.py sets/    # with horse2zebra-train.zip, monet2photo-train.zip and facades-train.zip in sets/

Writes next to the archives:
    photos/            every distinct RGB photograph of the three archives, for srgan and inpaint
    landscape-photos/  the photographs of monet2photo, for lapgan
    landscapes/        monet2photo in three classes, for stargan: day (mean luma above 0.42), dusk (below 0.36), monet
    facades-unpaired/  label maps and photographs as two unpaired sets, for dualgan

    python scripts/sets.py sets/ --open    # after dpkg -x lomiri-wallpapers-16.04_*.deb sets/, a package of Debian

Writes, for srgan/photos-2x:
    open-photos/           tiles of nine photographs under CC0 and CC BY 4.0, half and a quarter as large, no flat ones
    open-photos-held-out/  four photographs of scikit-image (NASA's, CC0), and crops of four by others under CC BY-SA
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

WALLPAPERS = Path("usr/share/backgrounds")
OPEN = [
    *(f"{title}_by_Aitzol_Berasategi" for title in ("aitzgorri", "friends", "life", "picosdeeuropa", "sunset")),
    *("Picture_0B_by_freespace", "Picture_1A_by_freespace", "Wine_by_Jakkub_Mede", "seeding_by_Clements_Engelhardt"),
]
HELD_OUT = ["Bridge_by_Sander_Klootwijk", "Dragonfly_by_Bolly", "free_by_Peter_Nerlich", "greentock_by_Peter_Nerlich"]
TILE, HELD_OUT_SIDE = 192, 768
SHARP = 2048  # longer sides are halved first: at full size noise and the sensor's interpolation show
FLATTEST = 3.0  # mean of the differences between neighbors along both axes, of 255


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


def cut_open_photos(sets: Path) -> None:
    """Cut the photographs of Debian's package into tiles for training and crops for tests."""
    for name in OPEN:
        photo = Image.open(sets / WALLPAPERS / f"{name}.jpg").convert("RGB")
        factors = (2, 4) if max(photo.size) > SHARP else (1, 2)
        for factor in factors:
            for row, column, tile in cut_tiles(reduced(photo, factor)):
                path = sets / "open-photos" / f"{name.split('_by_')[0]}-{factor}-{row:02d}-{column:02d}.png"
                write(path, png(tile))
    for name in HELD_OUT:
        photo = reduced(Image.open(sets / WALLPAPERS / f"{name}.jpg").convert("RGB"), 2)
        left, top = ((side - HELD_OUT_SIDE) // 2 for side in photo.size)
        crop = photo.crop((left, top, left + HELD_OUT_SIDE, top + HELD_OUT_SIDE))
        write(sets / "open-photos-held-out" / f"{name.split('_by_')[0]}.png", png(crop))
    import skimage.data  # which only this needs

    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        photo = Image.fromarray(getattr(skimage.data, name)())
        write(sets / "open-photos-held-out" / f"{name}.png", png(photo))


def reduced(photo: Image.Image, factor: int) -> Image.Image:
    return photo.resize((photo.width // factor, photo.height // factor), Image.Resampling.LANCZOS)


def cut_tiles(photo: Image.Image) -> Iterator[tuple[int, int, Image.Image]]:
    """Yield row, column and tile of the middle of a photograph, without flat tiles."""
    columns, rows = photo.width // TILE, photo.height // TILE
    left, top = (photo.width - columns * TILE) // 2, (photo.height - rows * TILE) // 2
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * TILE, top + row * TILE
            tile = photo.crop((x, y, x + TILE, y + TILE))
            luma = np.asarray(tile.convert("L"), dtype=float)
            if sum(np.abs(np.diff(luma, axis=axis)).mean() for axis in (0, 1)) >= FLATTEST:
                yield row, column, tile


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
    (cut_open_photos if "--open" in sys.argv else main)(Path(sys.argv[1]))
