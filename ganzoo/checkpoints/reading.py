"""Reads checkpoint files of other code bases as tensors only. A file that holds code is refused."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganzoo.contracts.importer import Tensors
from ganzoo.errors import WeightsError
from ganzoo.files.regular import open_regular
from ganzoo.weights.weights_file import unreadable

_FIRST_BYTES = (b"PK", *(bytes([0x80, version]) for version in range(2, 6)))  # of torch.save: zip, and pickle
_WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel and torch.compile


def read_groups(path: Path) -> dict[str, Tensors]:
    """Return the networks in a file: name -> its tensors; the name is "" for a file that is one network.

    Raises:
        WeightsError: the file is not a checkpoint, or holds code.
    """
    groups = dict(_find_groups(_read(path)))
    if not groups:
        raise WeightsError(f"{path} holds no named tensors. Save one with torch.save(network.state_dict(), FILE).")
    return groups


def _read(path: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    _check_first_bytes(path)
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
        with open_regular(path) as file:
            first_bytes = file.read(2)
    except OSError as error:
        raise unreadable(path, error) from error
    if path.suffix != ".safetensors" and first_bytes not in _FIRST_BYTES:
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


def _find_groups(content: Any, place: str = "") -> Iterator[tuple[str, Tensors]]:
    """Yield every dict of tensors within nested dicts, under its path: "models.G"."""
    import torch

    if not isinstance(content, Mapping):
        return
    tensors = {
        str(name): value.float() if value.dtype in (torch.float16, torch.bfloat16) else value
        for name, value in content.items()
        if isinstance(value, torch.Tensor)
    }
    if tensors:
        yield place, _strip_wrappers(tensors)
    for name, value in content.items():
        yield from _find_groups(value, f"{place}.{name}" if place else str(name))


def _strip_wrappers(tensors: Tensors) -> Tensors:
    for prefix in _WRAPPERS:
        if all(name.startswith(prefix) for name in tensors):
            return _strip_wrappers({name[len(prefix) :]: tensor for name, tensor in tensors.items()})
    return tensors
