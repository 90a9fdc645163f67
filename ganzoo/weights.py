"""Card -> local file, its hash checked -> tensors -> network. Only safetensors are read."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import hubcache, registry
from ganzoo.errors import HashMismatch, WeightsError
from ganzoo.files import replacing
from ganzoo.registry import Card

if TYPE_CHECKING:
    from torch import Tensor, nn

FILE = "model.safetensors"
DISCRIMINATOR_FILE = "discriminator.safetensors"


def locate(card: Card) -> Path:
    """Return the local path of a registry card's weights, downloading them where they are on the Hub only.

    The file's length and SHA-256 are compared with the card. Raises WeightsError, HashMismatch or HubError.
    """
    if card.weights is None:
        raise WeightsError(f"{card.name} has no weights: its card names no file.")
    path = bundled(card)
    if path is None:
        from ganzoo import hub

        path = hub.fetch(card.weights.repo, card.weights.file, revision=card.weights.revision or None)
    check(path, card)
    return path


def bundled(card: Card) -> Path | None:
    """Return where a card's bundled weights should be, or None where they are on the Hub."""
    if card.weights is None or card.weights.repo:
        return None
    package, colon, inside = card.weights.file.partition(":")
    if not colon:
        return registry.home(card.name) / card.weights.file
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"{card.name}: its weights are in the package '{package}', which is not installed.")
    return Path(spec.submodule_search_locations[0]) / inside


def is_here(card: Card) -> bool:
    """Tell whether the weights are on this machine already: no network, and no hash."""
    if card.weights is None:
        return False
    path = bundled(card)
    if path is not None:
        return path.is_file()
    return hubcache.find(card.weights.repo, card.weights.file, card.weights.revision) is not None


def check(path: Path, card: Card) -> None:
    """Compare a file with its card. Raises WeightsError where it is missing, HashMismatch where it differs."""
    if card.weights is None:
        raise WeightsError(f"{card.name}: its card says nothing of weights.")
    if not path.is_file():
        raise WeightsError(f"{card.name}: there is no file {path}. Install ganzoo-core (or the plugin) again.")
    found = sha256(path)
    if found != card.weights.sha256:
        raise HashMismatch(
            f"{card.name}: the file's SHA-256 begins {found[:8]}, the registry says {card.weights.sha256[:8]}. "
            f"Delete {path} and try again."
        )


def sha256(path: Path) -> str:
    """Return the 64 hex digits of a file's SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file. Raises WeightsError saying what the file is instead."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}.")
    _refuse_other_formats(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"{path} is damaged or truncated ({error}). Delete it and download or export it again."
        ) from error


def write(path: Path, tensors: Mapping[str, Tensor], dtype: str = "float32") -> None:
    """Write tensors as safetensors; floating ones as ``dtype`` ("float32" or "float16"). Whole or not at all."""
    import torch
    from safetensors.torch import save_file

    kind = getattr(torch, dtype)
    plain = {
        name: (tensor.to(kind) if tensor.is_floating_point() else tensor).detach().cpu().contiguous().clone()
        for name, tensor in tensors.items()
    }
    with replacing(path) as temporary:
        save_file(plain, temporary, metadata={"format": "pt"})


def load_into(module: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Copy ``tensors`` into ``module``; every name and shape must fit. Raises WeightsError that lists what does not."""
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in tensors]
    extra = [name for name in tensors if name not in wanted]
    shapes = [
        f"{name} is {tuple(tensors[name].shape)}, the network's is {tuple(wanted[name].shape)}"
        for name in wanted
        if name in tensors and tensors[name].shape != wanted[name].shape
    ]
    complaints = [f"missing: {_some(missing)}"] if missing else []
    complaints += [f"not in the network: {_some(extra)}"] if extra else []
    complaints += [f"wrong shape: {_some(shapes)}"] if shapes else []
    if complaints:
        raise WeightsError(
            f"{what} do not fit the network that the card describes: {'; '.join(complaints)}. "
            "Check the entry and options in config.json."
        )
    module.load_state_dict(dict(tensors))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _refuse_other_formats(path: Path) -> None:
    """Tell a pickle, a zip (torch.save) or text from safetensors, whose head is a length and a JSON object."""
    with path.open("rb") as file:
        head = file.read(8)
        if head[:2] == b"PK" or (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05"):
            raise WeightsError(
                f"{path} is a pickle (a torch.save file), which can run any code when opened. ganzoo loads "
                "safetensors only: convert it with safetensors.torch.save_file on a machine you can lose."
            )
        if len(head) < 8:
            raise WeightsError(f"{path} has {len(head)} bytes: it is damaged or truncated. Download it again.")
        (length,) = struct.unpack("<Q", head)
        if length > path.stat().st_size - 8:
            raise WeightsError(f"{path} is no safetensors file, or is truncated. Download or export it again.")
        try:
            header: Any = json.loads(file.read(length))
        except ValueError as error:
            raise WeightsError(f"{path} is no safetensors file: its head is no JSON.") from error
        if not isinstance(header, dict):
            raise WeightsError(f"{path} is no safetensors file: its head is no JSON object.")
