"""Weights files of networks that others published, told apart by their SHA-256. A pickle runs no code here."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ganzoo import GanzooError


def sha256(path: Path) -> str:
    """Return the 64 hex digits of a file's SHA-256. Raises GanzooError where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise GanzooError(
            f"The weights {path} cannot be read: {error.strerror or error}. Give a .pth or .safetensors file's path."
        ) from error
    return digest.hexdigest()


def read(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors file, or of a .pth file, which may hold tensors and nothing else.

    Raises GanzooError where it is missing, damaged, or something else.
    """
    sha256(path)  # says what is wrong with a path
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        given = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files fail in more ways than the readers document
        pickled = isinstance(error, pickle.UnpicklingError)  # whose text is advice to run what is in the file
        reason = (
            "it holds something else than tensors, or is damaged" if pickled else " ".join(str(error).split())[:200]
        )
        raise GanzooError(f"{path} cannot be read as weights: {reason}. Give a file of named tensors.") from error
    if not isinstance(given, Mapping) or not all(isinstance(tensor, Tensor) for tensor in given.values()):
        raise GanzooError(f"{path} holds no dict of named tensors. Save the network's state_dict() alone.")
    return dict(given)


def sha256_of_tensors(network: nn.Module) -> str:
    """Return the SHA-256 of a network's tensors, whatever file they came from: names, types, shapes and bytes, by name.

    For each: its name, dtype and shape as text, then its values in order, little endian.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
