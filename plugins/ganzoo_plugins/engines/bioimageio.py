"""A package for bioimage.io: TorchScript, what the channels mean, test images, the steps from file values and back."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import yaml

from ganzoo import Channel, Format
from ganzoo.errors import OptionError

from .pytorch import TorchScript

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.contracts.engine import Array, Runner, Signature

WEIGHTS = "weights.pt"
SIDE = 96  # of the test images, at least
GAN = "https://arxiv.org/abs/1406.2661"  # cited where a card names no paper
SHORTEST_NAME = 5
FORMAT_VERSION = "0.5.4"
AS_FLOATS = {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}}
SPDX = {one.lower(): one for one in ("Apache-2.0", "MIT", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0")}


class BioImageIo(Format):
    """A .zip for bioimage.io and the programs that read it, in the version 0.5 of its description.

    Values go in and come out in the units of the channels. Outputs are float32: they are not rounded to integers.
    """

    suffix: ClassVar[str] = ".zip"

    def write(self, generator: nn.Module, signature: Signature, path: Path, metadata: Mapping[str, str]) -> None:
        """Write the package.

        Raises:
            OptionError: The model starts from latents, or its channels need what the description does not have.
        """
        if not signature.channels:
            raise OptionError("bioimage.io describes models that take images, not latents. Choose onnx, say.")
        inputs = _channels(metadata.get("input_channels", ""), signature.channels)
        outputs = _channels(metadata.get("output_channels", ""), 0)
        with tempfile.TemporaryDirectory() as folder:
            TorchScript().write(generator, signature, Path(folder, WEIGHTS), metadata)
            _Package(Path(folder), signature, metadata, inputs, outputs).save(path)

    def open(self, path: Path) -> Runner:
        """Return what runs the weights in a package on arrays in [-1, 1]."""
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as file:
            return TorchScript().open(Path(file.extract(WEIGHTS, folder)))


def _channels(text: str, count: int) -> list[Channel]:
    """Return the channels in metadata, or those of 8-bit images."""
    if text:
        return [Channel.from_dict(one) for one in json.loads(text)]
    names = {1: ("gray",), 3: ("red", "green", "blue")}.get(count, ())
    return [Channel(name, range=(0, 255), dtype="uint8") for name in names]


def _check(channels: Sequence[Channel], side: str) -> None:
    for one in channels:
        if one.transform != "linear" or one.scope != "set" or one.range is None:
            raise OptionError(
                f"The {side} channel '{one.name}' has no fixed linear range, which bioimage.io's steps need. "
                "Choose another format."
            )
    if len({one.outside for one in channels}) > 1:
        raise OptionError(f"Some {side} channels are clipped and others not, which bioimage.io's steps cannot say.")


class _Package:
    """What is described, and the files of the package, in a folder that has the weights already."""

    def __init__(
        self,
        folder: Path,
        signature: Signature,
        metadata: Mapping[str, str],
        inputs: Sequence[Channel],
        outputs: Sequence[Channel],
    ) -> None:
        self.folder, self.signature, self.metadata = folder, signature, metadata
        self.inputs = list(inputs)
        side = -(-max(SIDE, signature.smallest) // signature.stride) * signature.stride
        self.seen = _pattern(signature.channels, side)
        self.network = TorchScript().open(folder / WEIGHTS)
        self.made = self.network(self.seen)
        self.outputs = list(outputs) or _channels("", self.made.shape[1])
        if self.made.ndim != 4 or len(self.outputs) != self.made.shape[1] or len(self.inputs) != signature.channels:
            raise OptionError("bioimage.io's description needs the meaning of every channel, and images as output.")
        _check(self.inputs, "input")
        _check(self.outputs, "output")

    def save(self, path: Path) -> None:
        """Write the package."""
        low, gain = _line(self.inputs)
        given = ((self.seen + 1) / gain + low).astype(_dtype(self.inputs))
        seen = ((given.astype(np.float32) - low.astype(np.float32)) * gain.astype(np.float32) - 1).astype(np.float32)
        seen = seen.clip(-1, 1) if self.inputs[0].outside == "clip" else seen
        np.save(self.folder / "input.npy", given)
        np.save(self.folder / "output.npy", self._in_units(self.network(seen)))
        (self.folder / "README.md").write_text(self._readme(), encoding="utf-8")
        text = yaml.safe_dump(json.loads(json.dumps(self._description())), sort_keys=False, allow_unicode=True)
        (self.folder / "rdf.yaml").write_text(text, encoding="utf-8")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for each in sorted(self.folder.iterdir()):
                file.write(each, each.name)

    def _description(self) -> dict[str, Any]:
        words = {"name": "unnamed", "task": "image-to-image", "made_by": "ganzoo", **self.metadata}
        name = re.sub(r"[^\w -]+", " ", words["name"]).strip()
        found = {
            "format_version": FORMAT_VERSION,
            "type": "model",
            "name": name if len(name) >= SHORTEST_NAME else f"model {name}",
            "description": f"{words['name']}: {words['task']}, exported by {words['made_by']}.",
            "authors": [{"name": "see the card of the model"}],
            "cite": [{"text": words["name"], "url": _paper(words.get("paper", ""))}],
            "license": SPDX.get(words.get("license", "").lower()),
            "documentation": "README.md",
            "tags": ["gan", words["task"]],
            "inputs": [self._input()],
            "outputs": [self._output()],
            "weights": {"torchscript": {**self._file(WEIGHTS), "pytorch_version": _torch_version()}},
        }
        return {key: value for key, value in found.items() if value is not None}

    def _file(self, name: str) -> dict[str, str]:
        return {"source": name, "sha256": hashlib.sha256((self.folder / name).read_bytes()).hexdigest()}

    def _input(self) -> dict[str, Any]:
        size = {"min": self.signature.smallest, "step": self.signature.stride}
        low, gain = _line(self.inputs)
        return {
            "id": "input",
            "axes": [
                {"type": "batch"},
                {"type": "channel", "id": "channel", "channel_names": _names(self.inputs)},
                *({"type": "space", "id": letter, "size": size} for letter in "yx"),
            ],
            "test_tensor": self._file("input.npy"),
            "data": _data(self.inputs, _dtype(self.inputs)),
            "preprocessing": [AS_FLOATS, _scale(gain, -1 - low * gain), *_clip(self.inputs), AS_FLOATS],
        }

    def _output(self) -> dict[str, Any]:
        zoom = self.made.shape[2] // self.seen.shape[2]
        low, gain = _line(self.outputs)
        reference = [{"tensor_id": "input", "axis_id": letter} for letter in "yx"]
        return {
            "id": "output",
            "axes": [
                {"type": "batch"},
                {"type": "channel", "id": "channel", "channel_names": _names(self.outputs)},
                *({"type": "space", "id": one["axis_id"], "scale": 1 / zoom, "size": one} for one in reference),
            ],
            "test_tensor": self._file("output.npy"),
            "data": _data(self.outputs, "float32"),
            "postprocessing": [*_clip(self.outputs), _scale(1 / gain, low + 1 / gain), AS_FLOATS],
        }

    def _in_units(self, made: Array) -> Array:
        low, gain = _line(self.outputs)
        if self.outputs[0].outside == "clip":
            made = made.clip(-1, 1)
        return ((made.astype(np.float64) + 1) / gain + low).astype(np.float32)

    def _readme(self) -> str:
        rows = [
            f"| {side} | {one.name or number} | {one.unit or ''} | {one.range[0]:g} to {one.range[1]:g} |"  # type: ignore[index]
            for side, channels in (("input", self.inputs), ("output", self.outputs))
            for number, one in enumerate(channels, 1)
        ]
        words = {"name": "unnamed", "made_by": "ganzoo", "license": "unknown", **self.metadata}
        lines = [f"# {words['name']}", "", f"Exported by {words['made_by']}. License: {words['license']}.", ""]
        lines += ["| side | channel | unit | values |", "|---|---|---|---|", *rows, "", "# Validation", ""]
        return "\n".join([*lines, "Compared with the original network when it was exported: equal to 0.001.", ""])


def _pattern(count: int, side: int) -> Array:
    """Return smooth test images (1, C, side, side) in [-1, 1], different in each channel."""
    down, across = np.meshgrid(np.linspace(0, 6, side), np.linspace(0, 6, side), indexing="ij")
    layers = [np.sin(down * (1 + index / 4)) * np.cos(across + index) for index in range(count)]
    return np.stack(layers)[None].astype(np.float32)


def _line(channels: Sequence[Channel]) -> tuple[Array, Array]:
    """Return low ends and gains, each (C, 1, 1): seen = (value - low) * gain - 1."""
    spans = np.array([one.range for one in channels], np.float64)
    return spans[:, :1, None], 2 / (spans[:, 1:, None] - spans[:, :1, None])


def _dtype(channels: Sequence[Channel]) -> str:
    kinds = {str(one.dtype or "float32") for one in channels}
    return kinds.pop() if len(kinds) == 1 else "float32"


def _scale(gain: Array, offset: Array) -> dict[str, Any]:
    lists = {"gain": [float(one) for one in gain.flat], "offset": [float(one) for one in offset.flat]}
    return {"id": "scale_linear", "kwargs": {"axis": "channel", **lists}}


def _clip(channels: Sequence[Channel]) -> list[dict[str, Any]]:
    return [{"id": "clip", "kwargs": {"min": -1, "max": 1}}] if channels[0].outside == "clip" else []


def _data(channels: Sequence[Channel], dtype: str) -> dict[str, Any]:
    ends = [float(end) for one in channels for end in one.range or ()]
    return {"type": dtype, "range": [min(ends), max(ends)]}


def _names(channels: Sequence[Channel]) -> list[str]:
    """Return names that are identifiers, all different."""
    found: list[str] = []
    for number, one in enumerate(channels, 1):
        name = re.sub(r"\W+", "_", one.name) or f"channel{number}"
        name = f"c{name}" if name[0].isdigit() else name
        found.append(f"{name}_{number}" if name in found else name)
    return found


def _paper(text: str) -> str:
    """Return the address of a paper, "arXiv:1703.10593" or an address already."""
    if text.lower().startswith("arxiv:"):
        return f"https://arxiv.org/abs/{text[6:]}"
    return text if text.startswith("https://") else GAN


def _torch_version() -> str:
    import torch

    return torch.__version__.partition("+")[0]
