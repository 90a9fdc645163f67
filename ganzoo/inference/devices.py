"""A device's name -> torch.device, refused where the machine lacks it. Importing this imports no torch."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import DeviceError

if TYPE_CHECKING:
    import torch


def choose(name: str = "auto") -> torch.device:
    """Return the device; "auto" is CUDA, then Apple's MPS, then the CPU.

    Raises DeviceError for a name torch does not know, and for a device this machine does not have.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise DeviceError(f"'{name}' is not a device. Write auto, cpu, cuda, cuda:1 or mps.") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceError("This machine has no CUDA device that torch can use. Write cpu, or auto.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"There is no {name}: this machine has {torch.cuda.device_count()} CUDA device(s).")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("This machine has no MPS device. Write cpu, or auto.")
    if device.type not in ("cpu", "cuda", "mps"):
        raise DeviceError(f"'{name}' is not a device that ganzoo runs on. Write auto, cpu, cuda, cuda:1 or mps.")
    return torch.device("cpu") if device.type == "cpu" else device  # there is one CPU, whatever its number


def describe(device: torch.device) -> str:
    """Return the hardware in words, for a card: the GPU's name, or the CPU's architecture and thread count."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{device.type}, {platform.machine()}, {threads} thread{'' if threads == 1 else 's'}"


def free_memory(device: torch.device) -> int:
    """Return the bytes that a device has free, within a container's limit; 0 where the system does not tell."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = [_free_of_system(), _free_of_container()]
    return min((number for number in free if number), default=0)


def _free_of_system() -> int:
    with suppress(OSError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)
    with suppress(AttributeError, OSError, ValueError):  # macOS tells how much there is; Windows nothing
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 0


def _free_of_container() -> int:
    folder = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):  # "max" is no number
        return int((folder / "memory.max").read_text()) - int((folder / "memory.current").read_text())
    return 0


def choose_dtype(dtype: str | torch.dtype | None) -> torch.dtype:
    """Return the floating type to run in: float32 for None. Raises DeviceError for any but 32, 16 and bfloat16."""
    import torch

    known = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    if dtype is None:
        return torch.float32
    chosen = known.get(dtype) if isinstance(dtype, str) else dtype
    if chosen is None or chosen not in known.values():
        raise DeviceError(f"'{dtype}' is not a type that a model runs in. Write float32, float16 or bfloat16.")
    return chosen
