"""What a loaded model will do, about: by this, "auto" weighs an engine's start against its speed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """A piece of work.

    Attributes:
        images: About how many images, or frames.
        side: The shorter side of each at which it is processed, in pixels; 0: the model's own.
        same_size: Whether all of them have one size, as frames of a video do.
        worth_compiling: Seconds that the work must take elsewhere before torch.compile is tried, which takes about
            as long to start.
        certain: Whether there will be so many images; else one at least.
    """

    images: int = 1
    side: int = 0
    same_size: bool = False
    worth_compiling: float = 120.0
    certain: bool = True


UNKNOWN = Workload(100, certain=False)
KINDS = {"image": Workload(1), "folder": Workload(100), "video": Workload(2000, same_size=True)}
