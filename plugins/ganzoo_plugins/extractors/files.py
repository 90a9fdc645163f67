"""Weights of third-party networks, identified by their SHA-256. Pickled files run no code here."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ganzoo import GanzooError


def sha256(path: Path) -> str:
    """Return the 64 hex digits of a file's SHA-256. Raises GanzooError if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise GanzooError(
            f"The weights {path} cannot be read: {error.strerror or error}. "
            "Give the path of a .pth or .safetensors file."
        ) from error
    return digest.hexdigest()


def read(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a .safetensors file, or of a .pth file that contains tensors only.

    Raises:
        GanzooError: If it is missing, damaged, or something else.
    """
    sha256(path)  # reports what is wrong with a path
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files fail in more ways than the readers document
        pickled = isinstance(error, pickle.UnpicklingError)  # whose message suggests running code in the file
        reason = (
            "it contains something other than tensors, or is damaged" if pickled else " ".join(str(error).split())[:200]
        )
        raise GanzooError(f"{path} cannot be read as weights: {reason}. Give a file of named tensors.") from error
    if not isinstance(loaded, Mapping) or not all(isinstance(tensor, Tensor) for tensor in loaded.values()):
        raise GanzooError(f"{path} does not contain a dict of named tensors. Save the network's state_dict() alone.")
    return dict(loaded)


def hash_tensors(network: nn.Module) -> str:
    """Return the SHA-256 of a network's tensors, independent of their file format.

    It covers, for each tensor by name, its name, dtype and shape as text, then its values in order, little endian.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
