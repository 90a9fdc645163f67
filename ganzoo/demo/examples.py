"""The images that the page offers to a visitor, and what the model made of them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from ganzoo.cards.card import Card
from ganzoo.loading import example_inputs

ROLES = ("image", "mask", "style")
MAX_SIZE = 1_000_000  # bytes of an example: a larger file that has its name is not read
MAX_RESULTS = 64


def fitting(card: Card, folder: Path) -> Examples:
    """Return what a model's page offers, copied into ``folder``. Masks are drawn where nobody made any."""
    if card.does.source != "image" or card.uses_rasters:  # photographs are no images in units
        return Examples({})
    files = {role: [_copy(path, folder / role) for path in paths] for role, paths in example_inputs.find(card).items()}
    if "mask" in card.does.inputs and not files["mask"]:
        for number, path in enumerate(files["image"]):
            with Image.open(path) as image:
                files["mask"].append(folder / f"mask-{number}.png")
                example_inputs.draw_mask(image.size, number).save(files["mask"][-1])
    files["style"] = files["style"] or [*files["image"][1:], files["image"][0]]
    return Examples(files)


class Examples:
    """Example images by role, known again by name and content, wherever Gradio copies them to."""

    def __init__(self, files: Mapping[str, Sequence[Path]]) -> None:
        """``files``: role -> paths, as `ganzoo.loading.example_inputs.find` returns them."""
        self.files = {role: [path for path in files.get(role, ()) if path.stat().st_size <= MAX_SIZE] for role in ROLES}
        self._digests = {_digest(path): path.name for paths in self.files.values() for path in paths}
        self._results: dict[Hashable, tuple[Path, ...]] = {}

    def rows(self, roles: Sequence[str]) -> list[list[Path]]:
        """Return one row for each image, with one file for each role; fewer files of a role are taken in turn.

        There are no rows where there is no file of one of the roles.
        """
        if not all(self.files[role] for role in roles):
            return []
        images = range(len(self.files["image"]))
        return [[self.files[role][number % len(self.files[role])] for role in roles] for number in images]

    def is_example(self, path: Path) -> bool:
        """Tell whether a file is a copy of an example."""
        return self._known(path) is not None

    def key(self, *parts: Hashable) -> Hashable | None:
        """Return what a request is known by: its parts, and the content of its files; None where one is no example."""
        found = [self._known(part) if isinstance(part, Path) else part for part in parts]
        unknown = any(isinstance(part, Path) and known is None for part, known in zip(parts, found, strict=True))
        return None if unknown else tuple(found)

    def result(self, key: Hashable | None) -> tuple[Path, ...] | None:
        """Return the files that were made before, where they are still there."""
        files = self._results.get(key) if key is not None else None
        return files if files and all(path.is_file() for path in files) else None

    def keep(self, key: Hashable | None, files: tuple[Path, ...]) -> None:
        """Remember what was made of examples."""
        if key is not None:
            while len(self._results) >= MAX_RESULTS:
                del self._results[next(iter(self._results))]
            self._results[key] = files

    def _known(self, path: Path) -> bytes | None:
        if path.name not in self._digests.values() or path.stat().st_size > MAX_SIZE:
            return None
        digest = _digest(path)
        return digest if self._digests.get(digest) == path.name else None


def _copy(path: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return Path(shutil.copyfile(path, folder / path.name))


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
