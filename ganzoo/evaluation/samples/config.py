"""How an evaluation measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ganzoo.contracts.limits import NonNegativeInt, PositiveInt

BATCH_SIZE = 32  # images: more gain nothing on a CPU, and Inception takes 30 MB of memory for each


@dataclass(frozen=True)
class EvalConfig:
    """How to measure: the part of a protocol that the user chooses. `ganzoo.evaluation.options` checks the limits.

    Attributes:
        extractor: Name of an extractor in the catalog, as "inception"; "auto": that one, or an installed one
            where its weights cannot be had.
        extractor_options: The extractor's options.
        precision: Of the extractor, "float32" or "bfloat16".
        neighbors: k of precision, recall, density and coverage; 0: the papers' 3 (precision, recall) and 5.
        subsets: Random subsets of the kernel distance, if it takes subsets.
        subset_size: Images in each subset, as torch-fidelity's 1000; 0: all pairs of images at once, with a 95 %
            interval.
        clusters: Clusters of real images for modes; 0: the extractor's classes, or up to 50 clusters without classes.
        resamples: Bootstrap resamples for the interval of a Frechet distance; 0: no interval.
        seed: Of generated images, subsets, clusters and resamples.
        batch_size: Images at a time.
        cache: Keep the features of stored images on disk.
    """

    extractor: str = "auto"
    extractor_options: Mapping[str, Any] = field(default_factory=dict)
    precision: Literal["float32", "bfloat16"] = "float32"
    neighbors: NonNegativeInt = 0
    subsets: PositiveInt = 100
    subset_size: NonNegativeInt = 0
    clusters: NonNegativeInt = 0
    resamples: NonNegativeInt = 20
    seed: int = 0
    batch_size: PositiveInt = BATCH_SIZE
    cache: bool = True
