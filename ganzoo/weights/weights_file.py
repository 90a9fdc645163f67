"""Card -> local file, its hash checked -> tensors -> network. Only safetensors are read."""

from __future__ import annotations

import importlib.util
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ganzoo.cards import registry
from ganzoo.cards.card import Card
from ganzoo.errors import HashMismatch, WeightsError
from ganzoo.files.atomic import replacing
from ganzoo.files.hashing import file_sha256
from ganzoo.files.limits import TEXT
from ganzoo.files.regular import open_regular
from ganzoo.files.terminal import clean
from ganzoo.hub import cache

if TYPE_CHECKING:
    from torch import Tensor, nn

LFS = b"version https://git-lfs"  # the first bytes of a pointer
FILE = "model.safetensors"
DISCRIMINATOR_FILE = "discriminator.safetensors"
NAME_LENGTH = 200  # characters of a tensor's name in a message
DTYPES = ("float32", "float16", "bfloat16")  # on disk


def locate(card: Card) -> Path:
    """Return the local path of a registry card's weights, downloading them where they are on the Hub only.

    The file's length and SHA-256 are compared with the card. Raises WeightsError, HashMismatch or HubError.
    """
    if card.weights is None:
        raise WeightsError(f"{card.name} has no weights: its card names no file. Fix the card.")
    path = bundled(card)
    if path is not None:
        check(path, card, "Install the package it came with again.")
        return path
    from ganzoo.hub import client

    repo, file, revision = card.weights.repo, card.weights.hub_file, card.weights.revision or None
    path = client.fetch(repo, file, revision=revision)
    check(path, card, lambda found: client.tell_apart(path, found, client.stated_sha256(repo, file, revision)))
    return path


def bundled(card: Card) -> Path | None:
    """Return where a card's bundled weights should be, or None where they are on the Hub only."""
    if card.weights is None:
        return None
    package, colon, inside = card.weights.file.partition(":")
    if not colon:
        return None if card.weights.repo else registry.home(card.name) / card.weights.file
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # the package around it is missing, or the name is malformed
        spec = None
    path = Path(spec.submodule_search_locations[0]) / inside if spec and spec.submodule_search_locations else None
    if card.weights.repo and not (path and path.is_file()):
        return None
    if path is None:
        raise WeightsError(f"{card.name}: its weights are in the package '{package}', which is not installed.")
    return path


def is_here(card: Card) -> bool:
    """Tell whether the weights are on this machine already: no network, and no hash."""
    if card.weights is None:
        return not card.parameters  # there is nothing to get
    try:
        path = bundled(card)
    except WeightsError:  # in a package that is not installed
        return False
    if path is not None:
        return path.is_file()
    return cache.find(card.weights.repo, card.weights.hub_file, card.weights.revision) is not None


def check(path: Path, card: Card, remedy: str | Callable[[str], str], source: str = "the registry") -> None:
    """Compare a file with what ``source`` says of it; ``remedy``, or what it returns for a hash, ends the message.

    Raises WeightsError where it is missing, unreadable or no safetensors file, HashMismatch where its content is
    another one.
    """
    stated = card.weights
    if stated is None:
        raise WeightsError(f"{card.name}: its card states no weights.")
    if not path.is_file():
        raise WeightsError(f"{card.name}: there is no file {path}. {remedy if isinstance(remedy, str) else remedy('')}")
    _refuse_other_formats(path)
    found, size = sha256(path), path.stat().st_size
    if found != stated.sha256.lower():
        lengths = f" ({size:,} bytes instead of {stated.bytes:,})" if size != stated.bytes else ""
        raise HashMismatch(
            f"{card.name}: the SHA-256 of {path} begins {found[:8]}, {source} says {stated.sha256[:8]}{lengths}. "
            f"{remedy if isinstance(remedy, str) else remedy(found)}"
        )


def sha256(path: Path) -> str:
    """Return the 64 hex digits of a file's SHA-256. Raises WeightsError where it cannot be read."""
    try:
        return file_sha256(path)
    except OSError as error:
        raise unreadable(path, error) from error


def read(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file. Raises WeightsError that says what the file is instead."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}.")
    _refuse_other_formats(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from error


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return name and shape of each tensor of a safetensors file. Raises WeightsError; see `read`."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}.")
    _refuse_other_formats(path)
    try:
        with safe_open(path, "pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> WeightsError:
    return WeightsError(f"{path} is damaged or truncated ({error}). Delete it and download or export it again.")


def write(path: Path, tensors: Mapping[str, Tensor], dtype: str = "float32") -> None:
    """Write tensors as safetensors; floating ones as ``dtype``, one of `DTYPES`. Whole or not at all.

    Raises WeightsError for another dtype, OutputError where the file cannot be written.
    """
    with replacing(path) as temporary:
        put(temporary, tensors, dtype)


def put(path: Path, tensors: Mapping[str, Tensor], dtype: str = "float32") -> None:
    """As `write`, but straight to ``path``, within a block of `files.replacing`. Raises OSError."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    if dtype not in DTYPES:
        raise WeightsError(f"Weights cannot be written as '{dtype}'. Choose one of {', '.join(DTYPES)}.")
    kind = getattr(torch, dtype)
    plain = {
        name: (tensor.to(kind) if tensor.is_floating_point() else tensor).detach().cpu().contiguous().clone()
        for name, tensor in tensors.items()
    }
    try:
        save_file(plain, path, metadata={"format": "pt"})
    except SafetensorError as error:  # a full disk, reported in words only
        raise OSError(str(error)) from error


def load_into(
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    what: str,
    network: str = "the network that the card describes",
    advice: str = "Check the entry and options in config.json.",
) -> None:
    """Copy ``tensors`` into ``module``; every name and shape must fit. Raises WeightsError that lists what does not."""
    expected = module.state_dict()
    missing = [name for name in expected if name not in tensors]
    extra = [name for name in tensors if name not in expected]
    shapes = [
        f"{name} is {tuple(tensors[name].shape)}, the network's is {tuple(expected[name].shape)}"
        for name in expected
        if name in tensors and tensors[name].shape != expected[name].shape
    ]
    complaints = [f"missing: {_some(missing)}"] if missing else []
    complaints += [f"not in the network: {_some(extra)}"] if extra else []
    complaints += [f"wrong shape: {_some(shapes)}"] if shapes else []
    kinds = [] if complaints else list(_wrong_kinds(expected, tensors))
    complaints += [f"wrong type: {_some(kinds)}"] if kinds else []
    if complaints:
        raise WeightsError(f"{what} do not fit {network}: {'; '.join(complaints)}. {advice}")
    module.load_state_dict(dict(tensors))


def _wrong_kinds(expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield the tensors whose numbers would be converted silently: whole numbers, booleans, complex numbers."""
    for name, own in expected.items():
        found = tensors[name]
        if found.is_floating_point() != own.is_floating_point() or found.is_complex() != own.is_complex():
            kinds = (str(one.dtype).removeprefix("torch.") for one in (found, own))
            yield "{} holds {}, the network {}".format(clean(name, NAME_LENGTH), *kinds)


def _some(names: list[str]) -> str:
    names = [clean(name, NAME_LENGTH) for name in names[:3]] + names[3:]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def unreadable(path: Path, error: OSError) -> WeightsError:
    """Return what to raise for a file that the system does not allow reading."""
    return WeightsError(f"{path} cannot be read: {error.strerror or error}. Check its permissions.")


def _refuse_other_formats(path: Path) -> None:
    """Tell a pickle, a zip (torch.save) or text from safetensors, whose head is a length and a JSON object.

    Reads no more than the file holds, whatever length the head claims.
    """
    try:
        with open_regular(path) as file:
            _check_head(path, file)
    except OSError as error:
        raise unreadable(path, error) from error


def _check_head(path: Path, file: IO[bytes]) -> None:
    head, begins = file.read(8), file.read(1)
    if head == LFS[:8]:
        raise WeightsError(
            f"{path} is not a safetensors file but a Git LFS pointer. Run `git lfs pull` where it is from."
        )
    marked = head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05"
    if head[:2] == b"PK" or (marked and begins != b"{"):  # a length such as 0x480 has the marks of a pickle
        raise WeightsError(
            f"{path} is a pickle (a torch.save file), which can run any code when opened. ganzoo loads "
            "safetensors only: convert it with safetensors.torch.save_file on a machine you can lose."
        )
    if len(head) < 8:
        raise WeightsError(f"{path} has {len(head)} bytes: it is damaged or truncated. Download or export it again.")
    (length,) = struct.unpack("<Q", head)
    if length > path.stat().st_size - 8:
        raise WeightsError(f"{path} is not a safetensors file, or is truncated. Download or export it again.")
    TEXT.check(length, f"The header of {path}", WeightsError)
    file.seek(8)
    try:
        header: Any = json.loads(file.read(length))
    except (ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path} is not a safetensors file: its header is not JSON. Download or export it again."
        ) from error
    if not isinstance(header, dict):
        raise WeightsError(
            f"{path} is not a safetensors file: its header is not a JSON object. Download or export it again."
        )
