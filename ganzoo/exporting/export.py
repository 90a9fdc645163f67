"""A model as one file for other programs, compared with PyTorch before it is kept."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import catalog
from ganzoo.cards.card import Card
from ganzoo.contracts.engine import Format, Signature
from ganzoo.errors import DeviceError, GanzooError, OptionError, OutputError
from ganzoo.inference import conversions
from ganzoo.inference.engines import install_hint
from ganzoo.inference.verification_samples import samples
from ganzoo.loading import load
from ganzoo.version import __version__

if TYPE_CHECKING:
    from ganzoo.loading.model import Model


@dataclass(frozen=True)
class Exported:
    """The files written, and how far their results are from PyTorch's on four photographs (or on latents).

    difference  the greatest, in [-1, 1]
    psnr        the mean, in decibels
    """

    files: tuple[Path, ...]
    difference: float
    psnr: float


def export(ref: str, format: str, target: str | os.PathLike[str], *, token: str | None = None) -> Exported:
    """Write the model ``ref`` to ``target`` as "onnx", "openvino", "torchscript", "torch-export" or a plugin's format.

    The file takes any batch, and any height and width that are multiples of the network's stride; its metadata say so,
    and how pictures become its input. It replaces ``target`` only if its results are the model's, to 0.001.
    Raises OptionError, DeviceError where a package is missing or results differ, OutputError, and what `ganzoo.load`
    does.
    """
    found = find(format)
    path = Path(target)
    if path.suffix.lower() != found.suffix:
        raise OptionError(f"'{path}' does not end in {found.suffix}, as files of format {format} do. Rename it.")
    if path.is_dir():
        raise OutputError(f"Cannot write {path}: it is a folder. Give the path of a file.")
    model = load.load(ref, "cpu", engine="torch", token=token)
    if conditioning := model.card.does.inputs:
        raise OptionError(
            f"{model.card.name} takes {' and '.join(conditioning)} as well; files are written of generators that take one "
            "input. Use it in Python, or by `ganzoo translate` and `ganzoo generate`."
        )
    signature = conversions.signature_of(model.card, model.generator)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".exporting-") as folder:
            difference, psnr = _write(found, format, model, signature, Path(folder) / path.name)
            made = sorted(Path(folder).iterdir(), key=lambda one: one.suffix == found.suffix)
            for one in made:  # the file that was asked for comes last: it is never there without the others
                os.replace(one, path.parent / one.name)
    except GanzooError:
        raise
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}. Choose another folder.") from error
    return Exported(tuple(path.parent / one.name for one in made), difference, psnr)


def find(name: str) -> Format:
    """Return the format of that name. Raises UnknownName, and DeviceError where packages are missing."""
    entry = catalog.find(f"format:{name}")
    found: Format = entry.build(entry.config())
    if missing := found.missing():
        raise DeviceError(f"The format '{name}' needs {', '.join(missing)}: {install_hint(found)}.")
    return found


def metadata(card: Card, signature: Signature) -> dict[str, str]:
    """Return what a user of the file must know, as text by name."""
    takes = f"latents from N(0, 1), float32 (N, {signature.latent_dim})"
    if signature.channels:
        colors = "RGB" if signature.channels == 3 else "gray"
        takes = (
            f"{colors} pictures, float32 (N, {signature.channels}, H, W): value / 127.5 - 1 of 8 bits; H and W are "
            f"multiples of {signature.stride}, from {signature.smallest} on (reflect at the right and bottom, cut back)"
        )
    shape = (
        f"{card.frames}, H, W" if card.frames else f"{card.scale} * H, {card.scale} * W" if card.scale > 1 else "H, W"
    )
    facts = {
        "name": card.name,
        "task": card.task,
        "input": takes,
        "output": f"float32 (N, {card.out_channels}, {shape}) in [-1, 1]: (value + 1) * 127.5 of 8 bits",
        "stride": str(signature.stride),
        "image_size": str(card.image_size),
        "license": card.license,
        "dataset_license": card.dataset.license if card.dataset else "unknown",
        "weights_sha256": card.weights.sha256 if card.weights else "",
        "architecture": json.dumps({"entry": card.entry, "options": card.options}),
        "made_by": f"ganzoo {__version__}",
    }
    return {name: value for name, value in facts.items() if value}


def _write(found: Format, name: str, model: Model, signature: Signature, path: Path) -> tuple[float, float]:
    """Write and compare; return the greatest difference and the mean PSNR."""
    from ganzoo.inference.replace_custom_layers import plain

    try:
        found.write(plain(model.generator), signature, path, metadata(model.card, signature))
        run = found.open(path)
        difference, psnr, _ = conversions.compare(conversions.original(model.generator), run, samples(signature))
    except (GanzooError, OSError):
        raise
    except Exception as error:  # converters raise whatever they like
        reason = (str(error).strip().splitlines() or [""])[0]
        raise DeviceError(
            f"{model.card.name} cannot be written as {name}: {type(error).__name__}: {reason}. Try another format."
        ) from error
    conversions.check(difference, psnr, "float32", f"The {name} file computes something else than {model.card.name}")
    return difference, psnr
