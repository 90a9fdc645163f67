"""How an evaluation measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.errors import OptionError

BATCH_SIZE = 32  # images: more gain nothing on a CPU, and Inception takes 30 MB of memory for each
PRECISIONS = ("float32", "bfloat16")
MINIMUMS = {"neighbors": 0, "subsets": 1, "subset_size": 0, "clusters": 0, "resamples": 0, "batch_size": 1}


@dataclass(frozen=True)
class EvalConfig:
    """How to measure: the part of a protocol that the user chooses.

    Attributes:
        extractor: Name of an extractor in the catalog, as "inception"; "auto": that one, or an installed one
            where its weights cannot be had.
        extractor_options: The extractor's options.
        precision: Of the extractor, "float32" or "bfloat16".
        neighbors: k of precision, recall, density and coverage; 0: the papers' 3 (precision, recall) and 5.
        subsets: Random subsets of the kernel distance.
        subset_size: Images in each subset; 0: all pairs of images at once.
        clusters: Clusters of real images for modes; 0: the extractor's classes, or up to 50 clusters without classes.
        resamples: Bootstrap resamples for the interval of a Frechet distance; 0: no interval.
        seed: Of generated images, subsets, clusters and resamples.
        batch_size: Images at a time.
        cache: Keep the features of stored images on disk.
    """

    extractor: str = "auto"
    extractor_options: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "float32"
    neighbors: int = 0
    subsets: int = 100
    subset_size: int = 1000
    clusters: int = 0
    resamples: int = 20
    seed: int = 0
    batch_size: int = BATCH_SIZE
    cache: bool = True

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise OptionError(f"precision={self.precision!r} is not valid: give 'float32' or 'bfloat16'.")
        for name, least in MINIMUMS.items():
            if getattr(self, name) < least:
                raise OptionError(f"{name}={getattr(self, name)} is not valid: it must be at least {least}.")
