"""Reads checkpoint files of other code bases as tensors only. A file that holds code is refused."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganzoo.contracts.importer import Tensors
from ganzoo.errors import WeightsError
from ganzoo.files.archives import refusal_of_torch_zip
from ganzoo.files.limits import WEIGHTS
from ganzoo.files.regular import open_regular, require_regular
from ganzoo.files.terminal import clean
from ganzoo.weights.weights_file import LFS, NAME_LENGTH, unreadable

_FIRST_BYTES = (b"PK", *(bytes([0x80, version]) for version in range(2, 6)))  # of torch.save: zip, and pickle
_NETWORK = re.compile(r"(net_?)?(G|D|generator|discriminator)(_?[A-Za-z0-9]+)?\.")  # as code bases call networks
MAX_DEPTH = 50  # of dicts in dicts
MAX_GROUPS = 10_000
_WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel and torch.compile
_COUNTER = "n_averaged"  # of torch's AveragedModel, next to the weights


def read_groups(path: Path) -> dict[str, Tensors]:
    """Return the networks in a file: name -> its tensors; the name is "" for a file that is one network.

    Raises:
        WeightsError: the file is not a checkpoint, or holds code.
    """
    groups = dict(_Search(path).groups(_read(path)))
    if not groups:
        raise WeightsError(f"{path} holds no named tensors. Save one with torch.save(network.state_dict(), FILE).")
    return groups


def _read(path: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    _check_first_bytes(path)
    if reason := _refusal_of_zip(path):
        raise WeightsError(f"{path} is not a checkpoint of torch.save: {reason}. Save it again.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(), torch.serialization.safe_globals(_allowed_types()):
            warnings.simplefilter("ignore", UserWarning)  # about pickles that it then refuses
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} holds more than tensors{_name_of_code(error)}: opening it would run that code, so it is refused. "
            "If you trust it, save only its state_dict() with torch.save, on a machine you can afford to lose."
        ) from error
    except Exception as error:  # damaged files raise more errors than the readers document
        raise WeightsError(
            f"{path} cannot be read as a checkpoint: it is damaged or of another kind. Download or copy it again."
        ) from error


def _check_first_bytes(path: Path) -> None:
    """Raise WeightsError unless ``path`` is a readable file that starts like a checkpoint."""
    if path.is_dir():
        raise WeightsError(f"{path} is a folder. Give the path of a checkpoint file.")
    if not path.is_file():
        raise WeightsError(f"There is no file {path}. Check the path.")
    try:
        require_regular(path)
        with path.open("rb") as file:
            first_bytes, suffix = file.read(64), path.suffix.lower()
    except OSError as error:
        raise unreadable(path, error) from error
    if first_bytes.startswith(LFS):
        raise WeightsError(f"{path} is a Git LFS pointer, not the file itself. Run `git lfs pull` where it is from.")
    if suffix == ".onnx" or (first_bytes[:1] == b"\x08" and re.search(rb"pytorch|onnx|tf2onnx", first_bytes)):
        raise WeightsError(
            f"{path} is an ONNX file, which has no names of layers. Give the checkpoint it was made from."
        )
    if path.suffix != ".safetensors" and first_bytes[:2] not in _FIRST_BYTES:
        raise WeightsError(f"{path} is not a checkpoint: neither a torch.save nor a safetensors file. Check the path.")


def _allowed_types() -> list[Any]:
    """Return harmless types that trainings store next to tensors: command-line arguments and NumPy numbers."""
    import argparse

    import numpy as np

    kinds = {type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "u1", "?")}
    scalar = np.float64(0).__reduce__()[0]
    old, new = (f"numpy.{core}.multiarray.scalar" for core in ("core", "_core"))
    return [argparse.Namespace, np.dtype, *kinds, (scalar, old), (scalar, new)]


def _name_of_code(error: Exception) -> str:
    found = re.search(r"GLOBAL ([\w.]+)|class ([\w.]+)", str(error))
    return f" ({next(filter(None, found.groups()))})" if found else ""


def _refusal_of_zip(path: Path) -> str:
    """Return why a zip cannot be a checkpoint, "" for one that can be, and for other files."""
    try:
        with open_regular(path) as file:
            if file.read(2) != b"PK":
                return ""
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                return "it is a TorchScript program, so save the state_dict() of the model it was made from"
        return refusal_of_torch_zip(path, compressed=True)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, struct.error):
        return ""  # torch says what is wrong with it


class _Search:
    """Finds the dicts of tensors within nested dicts."""

    def __init__(self, path: Path) -> None:
        self.path, self.count, self.bytes = path, 0, 0

    def groups(self, content: Any, place: str = "", outer: tuple[int, ...] = ()) -> Iterator[tuple[str, Tensors]]:
        """Yield every dict of tensors under its path: "models.G"."""
        import torch

        if not isinstance(content, Mapping):
            return
        self.count += 1
        if id(content) in outer or len(outer) > MAX_DEPTH or self.count > MAX_GROUPS:
            raise WeightsError(f"{self.path} nests dicts without end. Save only its state_dict() with torch.save.")
        found = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
        if found:
            tensors = _strip_wrappers({name: self._plain(name, tensor) for name, tensor in found.items()})
            yield place, tensors
            yield from _networks_within(tensors, place)
        for name, value in content.items():
            inner = f"{place}.{name}" if place else str(name)
            yield from self.groups(value, inner, (*outer, id(content)))

    def _plain(self, name: str, tensor: Any) -> Any:
        """Return a tensor; half precision as float32. Raises WeightsError for one that is more than its bytes."""
        import torch

        name = clean(name, NAME_LENGTH)
        kind = _kind(tensor)
        if kind:
            raise WeightsError(
                f"{self.path}: {name} is {kind}. Save ordinary tensors: tensor.cpu().to_dense().clone()."
            )
        declared = tensor.numel() * tensor.element_size()
        stored = tensor.untyped_storage().nbytes()
        if declared > stored:
            raise WeightsError(
                f"{self.path}: {name} declares {declared:,} bytes, but the file has {stored:,} for it: it is an "
                "expanded tensor. Save tensor.clone()."
            )
        self.bytes += declared
        WEIGHTS.check(self.bytes, str(self.path), WeightsError)
        return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def _networks_within(tensors: Tensors, place: str) -> Iterator[tuple[str, Tensors]]:
    """Yield the networks that one dict holds side by side, told by the first part of the names: netG.main.0.weight."""
    for network in sorted({name.partition(".")[0] for name in tensors if _NETWORK.match(name)}):
        prefix = f"{network}."
        inner = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        yield (f"{place}.{network}" if place else network), _strip_wrappers(inner)


def _kind(tensor: Any) -> str:
    """Return what a tensor is that cannot be weights, "" for an ordinary one."""
    import torch

    if tensor.is_nested:
        return "a nested tensor"
    if tensor.layout != torch.strided:
        return "a sparse tensor"
    if tensor.device.type != "cpu":
        return f"a tensor on the device '{tensor.device.type}', without values"
    return "a quantized tensor" if tensor.is_quantized else ""


def _strip_wrappers(tensors: Tensors) -> Tensors:
    if len(tensors) > 1 and _COUNTER in tensors:
        tensors = {name: tensor for name, tensor in tensors.items() if name != _COUNTER}
    for prefix in _WRAPPERS:
        if all(name.startswith(prefix) for name in tensors):
            return _strip_wrappers({name[len(prefix) :]: tensor for name, tensor in tensors.items()})
    return tensors
