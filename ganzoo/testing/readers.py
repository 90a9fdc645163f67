"""The contracts of readers and writers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.reader import HEAD, Reader
from ganzoo.contracts.writer import OutputSpec, Writer
from ganzoo.errors import OutputError
from ganzoo.rasters.channel import default_channels
from ganzoo.testing.expectations import require

OTHER_FILES = (b"", b"\0" * HEAD, b"#!/bin/sh\n", b"%PDF-1.7", b"PK\x03\x04", b"\x7fELF")


def check_reader(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check that a reader has suffixes, and recognizes no file by its name alone.

    Args:
        entry: The reader's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    reader = entry.build(options.parse(entry, values or {}))
    require(isinstance(reader, Reader), entry, f"builds {type(reader).__name__}, not a ganzoo.Reader")
    _check_suffixes(entry, reader.suffixes)
    for head in OTHER_FILES:
        for suffix in reader.suffixes:
            recognized = reader.recognizes(head, f"image{suffix}")
            require(recognized is False, entry, f"recognizes a '{suffix}' file that begins with {head[:8]!r}")


def check_writer(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check that a writer writes 8-bit gray: completely, or after an error nothing.

    Args:
        entry: The writer's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    writer = entry.build(options.parse(entry, values or {}))
    require(isinstance(writer, Writer), entry, f"builds {type(writer).__name__}, not a ganzoo.Writer")
    if not writer.folders:
        _check_suffixes(entry, writer.suffixes)
    spec = OutputSpec((1, 16, 16), "uint8", default_channels(1))
    try:
        writer.check(spec)
    except OutputError:
        return
    with tempfile.TemporaryDirectory() as folder:
        for suffix in writer.suffixes:
            path = Path(folder) / f"image{suffix}"
            file = writer.open(str(path), spec)
            file.write_window(0, 0, np.zeros((1, 8, 16), np.uint8))
            file.discard()
            require(not list(Path(folder).iterdir()), entry, f"leaves files behind when '{suffix}' is discarded")
            with writer.open(str(path), spec) as file:
                file.write_window(8, 0, np.ones((1, 8, 16), np.uint8))
                file.write_window(0, 0, np.zeros((1, 8, 16), np.uint8))
                require(not path.exists(), entry, f"lets '{suffix}' appear before it is complete")
            require(path.exists(), entry, f"writes no '{suffix}'")
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _check_suffixes(entry: Entry, suffixes: tuple[str, ...]) -> None:
    right = bool(suffixes) and all(one.startswith(".") and one == one.lower() for one in suffixes)
    require(right, entry, f"has the suffixes {suffixes!r}: they should be like ('.tif',)")
