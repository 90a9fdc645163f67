"""Exports a model to a file for other programs, after a comparison with PyTorch."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import catalog
from ganzoo.cards.card import Card
from ganzoo.contracts.engine import Format, Signature
from ganzoo.errors import DeviceError, GanzooError, OptionError, OutputError
from ganzoo.image_io import resizing
from ganzoo.inference import conversions
from ganzoo.inference.engine_selection import install_hint
from ganzoo.inference.verification_samples import samples
from ganzoo.loading import load
from ganzoo.rasters.channel import Channel
from ganzoo.version import __version__

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.contracts.engine import Array

ANY_SIDE = 256  # pixels, of a model without a training size in a file of one size
WEB = "web"  # a folder with a page of the whole model, where formats are files of a network


@dataclass(frozen=True)
class ExportResult:
    """The files written, and how their results differ from PyTorch's on four photographs, or on latents.

    Args:
        files: With the requested one last.
        difference: The largest, for values in [-1, 1].
        psnr: The mean, in decibels.
    """

    files: tuple[Path, ...]
    difference: float
    psnr: float


def export(
    ref: str,
    format: str,
    target: str | os.PathLike[str],
    *,
    runtime: str | os.PathLike[str] | None = None,
    token: str | None = None,
    on_stage: Callable[[str], None] = lambda text: None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> ExportResult:
    """Write a model to a file that runs without ganzoo, or to a folder for a web server.

    The file accepts any batch size, and any height and width that are multiples of the network's stride; for
    "executorch" one image of the training size. Its metadata describe this, and how images become its input. It
    replaces ``target`` only if its results equal the model's, to 0.001.

    Args:
        ref: The model.
        format: "onnx", "openvino", "torchscript" (deprecated), "torch-export", "executorch", "bioimageio" or a
            plugin's format; or "web": a page that translates images in the browser.
        target: The file; for "web" a folder: new, empty, or an earlier page.
        runtime: For "web": a folder with the npm package that runs the network, in place of a download.
        token: For the Hugging Face Hub.
        on_stage: Called with a few words when the conversion and the comparison begin.
        on_progress: Called with the share of the comparison that is done.

    Raises:
        OptionError: the file name does not fit the format, or the model takes more than one input.
        DeviceError: a package is missing, or results differ.
        OutputError: the file cannot be written.
        GanzooError: any error of `ganzoo.load`.
    """
    tell = Progress(on_stage, on_progress)
    if format == WEB:
        from ganzoo.exporting.web import site

        return site.export(ref, Path(target), Path(runtime) if runtime else None, token, tell)
    if runtime:
        raise OptionError(f"A runtime is for the format {WEB}, not for {format}. Leave it out.")
    writer = find_format(format)
    path = Path(target)
    if path.suffix.lower() != writer.suffix:
        raise OptionError(f"'{path}' does not end in {writer.suffix}, as {format} files do. Rename it.")
    if path.is_dir():
        raise OutputError(f"Cannot write {path}: it is a folder. Give the path of a file.")
    model = load.load(ref, "cpu", engine="torch", token=token)
    if conditioning := model.card.does.inputs:
        raise OptionError(
            f"{model.card.name} also takes {' and '.join(conditioning)}; only generators with one input can be "
            "exported. Use it in Python, or with `ganzoo translate` and `ganzoo generate`."
        )
    signature = conversions.signature_of(model.card, model.generator)
    side = signature.padded(model.card.image_size or ANY_SIDE) if writer.fixed_size else 0
    inputs = _of_one_size(samples(signature), side) if side else samples(signature)
    source = Source(model.card, model.generator, signature, inputs, side)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".exporting-") as folder:
            difference, psnr = write_compared(writer, format, source, Path(folder) / path.name, tell)
            files = sorted(Path(folder).iterdir(), key=lambda file: file.suffix == writer.suffix)
            for file in files:  # the requested file comes last, so that it never exists without the others
                os.replace(file, path.parent / file.name)
    except GanzooError:
        raise
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}. Choose another folder.") from error
    return ExportResult(tuple(path.parent / file.name for file in files), difference, psnr)


def find_format(name: str) -> Format:
    """Return the format of that name. Raises UnknownName, and DeviceError where packages are missing."""
    entry = catalog.find(f"format:{name}")
    writer: Format = entry.build(entry.config())
    if missing := writer.missing():
        raise DeviceError(f"The format '{name}' needs {', '.join(missing)}: {install_hint(writer)}.")
    return writer


def _of_one_size(inputs: Sequence[Array], side: int) -> list[Array]:
    """Return images of this side, or latents as they are, each alone."""
    alone = [one for several in inputs for one in several]
    return [(resizing.resize_floats(one, side, side) if one.ndim == 3 else one)[None] for one in alone]


def metadata(card: Card, signature: Signature, side: int = 0) -> dict[str, str]:
    """Return what a user of the file must know: name -> text; ``side``: of the only size that it takes, 0: any."""
    accepts = f"latents from N(0, 1), float32 (N, {signature.latent_dim})"
    returned = "(value + 1) * 127.5 of 8 bits"
    if signature.channels:
        colors = {1: "gray ", 3: "RGB "}.get(signature.channels, "")
        values = "value / 127.5 - 1 of 8 bits"
        if card.uses_rasters:
            colors, values = "", "-1 and 1 stand for the range of each of input_channels, or of the number type"
            returned = "-1 and 1 stand for the range of each of output_channels, or of the number type"
        sizes = (
            f"H and W are multiples of {signature.stride}, from {signature.smallest} on (reflect right and bottom, "
            "then crop)"
        )
        if side:
            sizes = f"N is 1, H and W are {side}"
        accepts = f"{colors}images, float32 (N, {signature.channels}, H, W): {values}; {sizes}"
    elif side:
        accepts += "; N is 1"
    shape = (
        f"{card.frames}, H, W" if card.frames else f"{card.scale} * H, {card.scale} * W" if card.scale > 1 else "H, W"
    )
    facts = {
        "name": card.name,
        "task": card.task,
        "input": accepts,
        "output": f"float32 (N, {card.out_channels}, {shape}) in [-1, 1]: {returned}",
        "input_channels": _as_json(card.input_channels),
        "output_channels": _as_json(card.output_channels),
        "stride": str(signature.stride),
        "image_size": str(side if side and signature.channels else card.image_size),
        **({"image_width": str(card.image_width)} if card.image_width else {}),
        "license": card.license,
        "paper": card.paper,
        "dataset_license": card.dataset.license if card.dataset else "unknown",
        "weights_sha256": card.weights.sha256 if card.weights else "",
        "architecture": json.dumps({"entry": card.entry, "options": card.options}),
        "made_by": f"ganzoo {__version__}",
    }
    return {name: value for name, value in facts.items() if value}


def _as_json(channels: Sequence[Channel]) -> str:
    return json.dumps([channel.to_dict() for channel in channels]) if channels else ""


@dataclass(frozen=True)
class Source:
    """A network that is written.

    Args:
        card: Of its model.
        network: It, on the CPU.
        signature: Its input.
        inputs: Those on which the file is compared with it.
        side: Of the only size of images that the file takes; 0: any.
    """

    card: Card
    network: nn.Module
    signature: Signature
    inputs: Sequence[Array]
    side: int = 0


@dataclass(frozen=True)
class Progress:
    """Whom to tell how far an export is."""

    on_stage: Callable[[str], None]
    on_share: Callable[[float], None]


def write_compared(writer: Format, name: str, source: Source, path: Path, progress: Progress) -> tuple[float, float]:
    """Write the file and compare its results; return the largest difference and the mean PSNR.

    Raises:
        DeviceError: The format, called ``name``, cannot hold the network, or results differ.
    """
    from ganzoo.layers.replace_custom_layers import replace_custom_layers

    card, network, signature = source.card, source.network, source.signature
    try:
        progress.on_stage(f"Converting {card.name} to {path.name}")
        writer.write(replace_custom_layers(network), signature, path, metadata(card, signature, source.side))
        run = writer.open(path)
        progress.on_stage("Comparing its results with PyTorch's")
        original = conversions.original(network)
        difference, psnr = conversions.compare(original, run, source.inputs, progress.on_share)
    except (GanzooError, OSError):
        raise
    except Exception as error:  # converters raise any kind of error
        reason = conversions.reason(error)
        raise DeviceError(f"{card.name} cannot be written as {name}: {reason}. Try another format.") from error
    conversions.check(difference, psnr, "float32", f"The {name} file computes something else than {card.name}")
    return difference, psnr
