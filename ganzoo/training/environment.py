"""What a run runs on, recorded next to its results: versions, system, device, processes."""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from pathlib import Path

import torch

from ganzoo.files.atomic import replacing
from ganzoo.inference import devices
from ganzoo.recipes.distributed import Processes
from ganzoo.version import __version__

FILE = "environment.json"
_PACKAGES = ("torch", "timm", "numpy", "pillow")


def describe(device: torch.device, processes: Processes) -> dict[str, str]:
    """Return what matters for repeating a run, in words."""
    return {
        "ganzoo": __version__,
        "Python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "device": devices.describe(device),
        "processes": str(processes.count),
    }


def write(run: Path, facts: dict[str, str]) -> None:
    """Write environment.json."""
    with replacing(run / FILE) as temporary:
        temporary.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def peak_memory(device: torch.device) -> int:
    """Return the most bytes this process has used, of the GPU or of main memory; 0 where the system does not count."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes, except on macOS
