"""Files <-> rasters: the reader that recognizes a file, the writer that its name asks for."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from ganzoo import catalog
from ganzoo.catalog import discovery
from ganzoo.contracts.config import Config
from ganzoo.contracts.reader import HEAD, Frames, Reader
from ganzoo.contracts.writer import OutputSpec, Writer
from ganzoo.errors import ImageError, MissingPackage, OptionError, OutputError, suggest
from ganzoo.files.regular import open_regular
from ganzoo.image_io import image_paths
from ganzoo.image_io.guarded_frames import GuardedFrames
from ganzoo.image_io.read_errors import as_image_errors
from ganzoo.image_io.tissue_frames import TISSUE, TissueFrames
from ganzoo.rasters.raster import Raster, add_saver

ROWS = 1 << 22  # values that are copied at once


@cache
def _built(spec: str) -> Any:
    entry = catalog.find(spec)
    config: type[Config] = entry.config
    return entry.build(config())


def readers() -> dict[str, Reader]:
    """Return every reader by name, those that go first first."""
    found = _all_of("reader")
    return dict(sorted(found.items(), key=lambda item: -item[1].precedence))


def writers() -> dict[str, Writer]:
    """Return every writer by name."""
    return _all_of("writer")


def _all_of(kind: str) -> dict[str, Any]:
    """Return every entry of a kind that can be built; a plugin's that cannot is skipped with one warning."""
    found = {}
    for entry in catalog.entries(kind):
        try:
            found[entry.name] = _built(entry.spec)
        except Exception as error:  # a third party's code may raise anything
            _skip(entry.spec, error)
    return found


def _skip(spec: str, error: Exception) -> None:
    discovery.warn_once(f"Skipped {spec} of {catalog.origin(spec)}: {type(error).__name__}: {error}")


def _recognizes(name: str, reader: Reader, head: bytes, path: str) -> bool:
    """Tell whether a reader recognizes a file; one that fails does not, with one warning."""
    try:
        return bool(reader.recognizes(head, path))
    except Exception as error:
        _skip(f"reader:{name}", error)
        return False


def suffixes() -> tuple[str, ...]:
    """Return the suffixes by which files of all readers are found in folders."""
    return tuple(dict.fromkeys(suffix for reader in readers().values() for suffix in reader.suffixes))


def output_suffixes() -> tuple[str, ...]:
    """Return the suffixes of files that can be written, those of photographs first."""
    all_ = [suffix for writer in writers().values() for suffix in writer.suffixes]
    return tuple(dict.fromkeys([*image_paths.SUFFIXES, *all_]))


def find_reader(path: str | os.PathLike[str]) -> tuple[str, Reader]:
    """Return the reader that recognizes a file by its first bytes, and its name.

    Raises:
        ImageError: There is no such file, or none recognizes it.
        MissingPackage: The one that does needs a package that is not installed.
    """
    text = os.fspath(path)
    try:
        with open_regular(text) as file:
            head = file.read(HEAD)
    except IsADirectoryError:
        head = b""
    except FileNotFoundError as error:
        raise ImageError(f"No file {text}. Check the path.") from error
    except OSError as error:
        reason = error.strerror or error
        raise ImageError(f"{text} cannot be read: {reason}. Check its permissions, and that it is a file.") from error
    for name, reader in readers().items():
        if _recognizes(name, reader, head, text):
            if missing := reader.missing():
                raise MissingPackage.of(f"Reading {text}", " and ".join(missing), reader.extra)
            return name, reader
    known = ", ".join(suffixes())
    raise ImageError(f"{text} is not an image of a supported kind ({known}). Convert it to TIFF.")


def is_image_folder(path: str | os.PathLike[str]) -> bool:
    """Tell whether a folder is one image, as OME-Zarr's are."""
    text = os.fspath(path)
    return os.path.isdir(text) and any(_recognizes(*each, b"", text) for each in readers().items())


def open_frames(
    path: str | os.PathLike[str], *, axes: str = "", max_pixels: int | None = None, read: str = ""
) -> Frames:
    """Open a file with the reader that recognizes it; see `ganzoo.contracts.reader.Reader.open` and `open_with`."""
    _, reader = find_reader(path)
    return open_with(reader, path, axes=axes, max_pixels=max_pixels, read=read)


def open_with(
    reader: Reader, path: str | os.PathLike[str], *, axes: str = "", max_pixels: int | None = None, read: str = ""
) -> Frames:
    """Open a file with a reader; whatever its library raises, then or later, is an ImageError that names the file.

    Args:
        reader: From `find_reader`.
        path: Of the file.
        axes: See `ganzoo.contracts.reader.Reader.open`.
        max_pixels: Likewise.
        read: Words with commas between them: those of readers, such as "segmentation", and "tissue". A reader that does
            not know a word ignores it: another file of the same set may need it.

    Raises:
        ImageError: The file is damaged, or refused.
        OptionError: No reader knows a word, or the axes do not fit.
    """
    text, words = os.fspath(path), parse_words(read)
    with as_image_errors(text):
        opener = reader.asked(words & set(reader.words)) if words & set(reader.words) else reader
        frames = GuardedFrames(opener.open(text, axes=axes, max_pixels=max_pixels or None), text)
        return TissueFrames(frames) if TISSUE in words else frames


def read_words() -> dict[str, str]:
    """Return every word of `--read` with what it means."""
    known = {word: meaning for reader in readers().values() for word, meaning in reader.words.items()}
    return known | {TISSUE: "slides: what is not tissue counts as missing"}


def parse_words(text: str) -> frozenset[str]:
    """Return the words of "lut,32-bit". Raises OptionError for one that no reader knows."""
    words = frozenset(word.strip() for word in text.split(",") if word.strip())
    if words:
        known = read_words()
        for word in sorted(words):
            if word not in known:
                raise OptionError(f"read='{word}' is not known.{suggest(word, known)} Choose from {', '.join(known)}.")
    return words


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Return a path's suffix in lower case, ".ome.tif" and ".nii.gz" as one."""
    name = Path(path).name.lower()
    known = {suffix for writer in writers().values() for suffix in writer.suffixes}
    fitting = [suffix for suffix in known if name.endswith(suffix)]
    return max(fitting, key=len) if fitting else Path(path).suffix.lower()


def find_writer(path: str | os.PathLike[str], template: Raster | None = None) -> Writer:
    """Return the writer for a path: the one that can carry the template's metadata, else one that needs no extra.

    A path that ends in a slash is a folder of files, as of a series of scans.

    Raises:
        OutputError: None writes such files.
    """
    suffix, own = suffix_of(path), template.format if template is not None else ""
    fitting = [writer for writer in writers().values() if suffix in writer.suffixes]
    if os.fspath(path).endswith(("/", os.sep)):
        fitting = [writer for writer in writers().values() if writer.folders and own in writer.formats]
    if not fitting:
        known = ", ".join(dict.fromkeys(one for writer in writers().values() for one in writer.suffixes))
        raise OutputError(f"Cannot write {path}: '{suffix}' is not a known kind of image. Choose one of {known}.")
    chosen = max(fitting, key=lambda writer: (own in writer.formats, not writer.extra))
    if missing := chosen.missing():
        raise MissingPackage.of(f"Writing {path}", " and ".join(missing), chosen.extra)
    return chosen


def check_target(path: str | os.PathLike[str]) -> None:
    """Raise OutputError, before any work is done, for a folder, or a path that no writer writes."""
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"Cannot write {target}: it is a folder. Give the path of a file.")
    blocked = next((parent for parent in target.parents if parent.exists() and not parent.is_dir()), None)
    if blocked:
        raise OutputError(f"Cannot write {target}: {blocked} is a file, not a folder.")
    find_writer(target)


def save(raster: Raster, path: str | os.PathLike[str]) -> None:
    """Write a raster to a file of the kind that its suffix names, window by window, whole or not at all.

    Raises:
        OutputError: The kind is unknown, cannot hold the raster without loss, or the file cannot be written.
    """
    writer = find_writer(path, raster)
    spec = OutputSpec(raster.shape, str(raster.dtype), raster.channels, template=raster, scale=raster.zoom)
    writer.check(spec)
    count, height, width = raster.shape
    step = max(1, ROWS // (count * width))
    with writer.open(os.fspath(path), spec) as file:
        for top in range(0, height, step):
            rows = (top, min(top + step, height))
            file.write_window(top, 0, raster.window(rows), raster.mask_window(rows))


add_saver(save)
