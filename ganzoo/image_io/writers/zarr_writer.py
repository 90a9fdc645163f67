"""Rasters -> OME-Zarr: a folder of chunks in several levels, that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec, Writer
from ganzoo.errors import OutputError
from ganzoo.image_io.readers.zarr_metadata import CHANNELS_KEY, Multiscale, words
from ganzoo.image_io.writers.spool import Spool, SpooledFile, as_output_errors, halved

CHUNK = 512
SMALLEST = 256  # a pyramid ends where the shorter side is below it
TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64")
UNITS = {"t": "second", "z": "micrometer", "y": "micrometer", "x": "micrometer"}
KINDS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}


class ZarrWriter(Writer):
    """Writer of OME-Zarr, by zarr: NGFF 0.4, or the version of its input."""

    suffixes: ClassVar[tuple[str, ...]] = (".ome.zarr", ".zarr")
    formats: ClassVar[tuple[str, ...]] = ("zarr",)
    packages: ClassVar[tuple[str, ...]] = ("zarr",)
    extra: ClassVar[str] = "zarr"

    def check(self, spec: OutputSpec) -> None:
        """Refuse types that zarr does not have."""
        if spec.dtype not in TYPES:
            raise OutputError(f"OME-Zarr has no {spec.dtype}. Write float32, or a .npy file.")

    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a folder. Raises OutputError where there is something already."""
        if os.path.exists(path):
            raise OutputError(f"Cannot write {path}: it exists already. Remove it, or give another name.")
        return ZarrFile(path, spec)


class ZarrFile(SpooledFile):
    """An OME-Zarr image that is being written."""

    def close(self) -> None:
        """Write all levels into a hidden folder, and give it its name."""
        target = Path(os.path.realpath(self.path))
        hidden = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with as_output_errors(self.path):
                self.encode(hidden)
                os.rename(hidden, target)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
            self.discard()

    def _mark(self, frame: int, top: int, left: int, valid: Any) -> None:
        """Refuse: there is no place for a mask."""
        raise OutputError(
            f"{self.path} has no place for missing values of {self.spec.dtype}. Write .npz, .tif, or a model whose "
            "output is float32, where they are NaN."
        )

    @property
    def _template(self) -> Mapping[str, Any]:
        template = self.spec.template
        return template.metadata if template is not None and template.format == "zarr" else {}

    def encode(self, path: Path) -> None:
        """Write the group."""
        import zarr

        known = self._template
        version = int(known.get("format", 2))
        group = zarr.open_group(str(path), mode="w", zarr_format=version)  # type: ignore[arg-type]
        axes, spools = self._axes(), list(self._levels())
        for level, spool in enumerate(spools):
            shape, chunks = self._shape(axes, spool), self._chunks(axes, spool)
            keys = {"name": "v2" if version == 2 else "default", "separator": "/"}
            array = group.create_array(
                str(level),
                shape=shape,
                chunks=chunks,
                dtype=spool.dtype,
                chunk_key_encoding=keys,  # type: ignore[arg-type]
            )
            for place, values in self._parts(axes, spool, chunks):
                array[place] = values
        group.attrs.update(self._attributes(axes, len(spools), [spool.shape[2:] for spool in spools], version))
        for spool in spools[1:]:
            spool.close()

    def _axes(self) -> str:
        """Return the dimensions: the input's where they are enough, else those that are needed, in OME's order."""
        lengths = self._lengths()
        needed = "".join(
            letter
            for letter in "tczyx"
            if letter in "yx" or lengths.get(letter, 1) > 1 or (letter == "c" and self.spec.shape[0] > 1)
        )
        image: Multiscale | None = self._template.get("image")
        return (
            image.axes if image is not None and image.axes.endswith("yx") and set(needed) <= set(image.axes) else needed
        )

    def _lengths(self) -> dict[str, int]:
        """Return how long time and depth are, where there are several images, in the order of the images."""
        return {letter.lower(): length for letter, length in self.spec.stack.items()}

    def _shape(self, axes: str, spool: Spool) -> tuple[int, ...]:
        _, count, height, width = spool.shape
        lengths = {"t": 1, "z": 1, "c": count, "y": height, "x": width} | self._lengths()
        return tuple(lengths[letter] for letter in axes)

    def _chunks(self, axes: str, spool: Spool) -> tuple[int, ...]:
        given: tuple[int, ...] = self._template.get("chunks", ())
        image: Multiscale | None = self._template.get("image")
        own = dict(zip(image.axes, given, strict=True)) if image is not None else {}
        sides = {letter: own.get(letter, CHUNK) if letter in "yx" else 1 for letter in axes}
        return tuple(
            max(1, min(sides[letter], length)) for letter, length in zip(axes, self._shape(axes, spool), strict=True)
        )

    def _levels(self) -> Iterator[Spool]:
        """Yield the image and smaller ones, each half as high and wide."""
        spool = self.spool
        yield spool
        wanted = self._template.get("levels")
        count = int(wanted) if wanted else 1 + max(0, int(np.ceil(np.log2(min(spool.shape[2:]) / SMALLEST))))
        for _ in range(count - 1):
            if min(spool.shape[2:]) < 2:
                return
            spool = halved(spool, Path(os.path.realpath(self.path)).parent)
            yield spool

    def _parts(self, axes: str, spool: Spool, chunks: tuple[int, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """Yield bands of whole chunks, and where they belong."""
        frames, count, height, width = spool.shape
        step, lengths = chunks[axes.index("y")], self._lengths()
        for frame in range(frames):
            place = np.unravel_index(frame, tuple(lengths.values())) if lengths else ()
            at: dict[str, Any] = {"t": 0, "z": 0} | dict(zip(lengths, map(int, place), strict=True))
            for at["c"] in range(count):
                for top in range(0, height, step):
                    rows = slice(top, min(top + step, height))
                    at |= {"y": rows, "x": slice(0, width)}
                    yield (
                        tuple(at[letter] for letter in axes),
                        np.ascontiguousarray(spool.read(frame, at["c"], rows, slice(0, width))),
                    )

    def _attributes(self, axes: str, count: int, sizes: list[tuple[int, ...]], version: int) -> dict[str, Any]:
        """Return the group's attributes: the input's, with the output's levels and channels."""
        image: Multiscale | None = self._template.get("image")
        given = dict(image.attributes) if image is not None else {}
        own = dict(words(given))
        own["multiscales"] = [self._multiscale(own, axes, sizes, "0.5" if version == 3 else "0.4")]
        names, template = [channel.name for channel in self.spec.channels], self.spec.template
        same = image is not None and template is not None and names == [one.name for one in template.channels]
        if not same:
            own["omero"] = {"channels": [_omero(channel, self.spec.dtype) for channel in self.spec.channels]}
        described = [channel.to_dict() for channel in self.spec.channels]
        if any(set(one) - {"name"} for one in described):
            given[CHANNELS_KEY] = own[CHANNELS_KEY] = described
        if version == 3:
            return {**given, "ome": {"version": "0.5", **{k: v for k, v in own.items() if k != CHANNELS_KEY}}}
        return own

    def _multiscale(
        self, own: Mapping[str, Any], axes: str, sizes: list[tuple[int, ...]], version: str
    ) -> dict[str, Any]:
        image: Multiscale | None = self._template.get("image")
        first = dict(own["multiscales"][0]) if own.get("multiscales") else {}
        if image is None or image.axes != axes:
            first["axes"] = [_axis(letter, bool(self._pixel_size())) for letter in axes]
        scale = dict(zip(image.axes, image.scale, strict=True)) if image is not None else self._pixel_size()
        zoom = self.spec.scale or 1
        first["datasets"] = [
            {
                "path": str(level),
                "coordinateTransformations": [
                    {"type": "scale", "scale": [_size(letter, scale, zoom, sizes, level) for letter in axes]}
                ],
            }
            for level in range(len(sizes))
        ]
        if version == "0.4":
            first["version"] = version
        return first

    def _pixel_size(self) -> dict[str, float]:
        """Return the pixel size of an input in another format that states micrometers."""
        template = self.spec.template
        if template is None or template.metadata.get("unit") != "µm":
            return {}
        return dict(zip("xyz", template.metadata.get("pixel_size", ()), strict=False))


def _size(letter: str, scale: Mapping[str, float], zoom: float, sizes: list[tuple[int, ...]], level: int) -> float:
    """Return the size of an element of a level along a dimension."""
    size = float(scale.get(letter, 1.0))
    if letter not in "yx":
        return size
    index = "yx".index(letter)
    return size / zoom * round(sizes[0][index] / sizes[level][index])


def _axis(letter: str, in_units: bool) -> dict[str, str]:
    found = {"name": letter, "type": KINDS[letter]}
    return found | ({"unit": UNITS[letter]} if in_units and letter in "zyx" else {})


def _omero(channel: Any, dtype: str) -> dict[str, Any]:
    low, high = channel.range or (0.0, 255.0 if dtype == "uint8" else 65535.0)
    window = {"min": low, "max": high, "start": low, "end": high}
    return {"label": channel.name, "color": "FFFFFF", "active": True, "window": window}
