"""Images -> features, streamed: one thread prepares the next batch while the extractor works on the last."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch import Tensor

from ganzoo.contracts.extractor import Extractor
from ganzoo.errors import DataError
from ganzoo.evaluation.samples.config import BATCH_SIZE
from ganzoo.evaluation.samples.image_sets import ImageSet
from ganzoo.files.atomic import replacing
from ganzoo.files.cache import cache_folder

IN_MEMORY = 256 * 2**20  # bytes of features that are held in an array; more go to a file

Progress = Callable[[int], None]


class FeatureExtractor:
    """Extracts features with one network on one device; those of stored images only once.

    Args:
        network: The extractor, a torch module.
        device: Where it computes.
        precision: "float32", or "bfloat16", which makes other metrics with names of their own.
        cache: Keep the features of stored images on disk, under a hash of their contents and of the extractor.
        batch_size: Images at a time.
        on_progress: Called with the number of images after every batch.
    """

    def __init__(
        self,
        network: Extractor,
        device: torch.device,
        precision: str = "float32",
        cache: bool = True,
        batch_size: int = BATCH_SIZE,
        on_progress: Progress = lambda count: None,
    ) -> None:
        module: Any = network  # a torch module as well
        self.network: Any = module.eval().requires_grad_(False).to(device, getattr(torch, precision))
        self.device, self.precision, self.cache = device, precision, cache
        self.batch_size, self.on_progress = batch_size, on_progress
        self._scratch: Path | None = None

    @property
    def label(self) -> str:
        """The suffix of metrics on these features: "efficientnet-lite0", or with "-bf16"."""
        return str(self.network.label) + ("-bf16" if self.precision == "bfloat16" else "")

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the network tells apart; () if it is not a classifier."""
        return tuple(self.network.classes)

    def extract(self, images: ImageSet) -> np.ndarray:
        """Return float32 features (N, D) in the images' order; above 256 MB as a file mapped into memory."""
        if not (self.cache and images.key):
            return self._extract(images, self._temporary_file(images))
        path = cache_folder() / "features" / f"{self._key(images)}.npy"
        if not path.exists():
            with replacing(path) as temporary:
                self._extract(images, temporary)
        else:
            self.on_progress(images.sample.count)
        return self._load(path)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return the class logits (N, K) of features (N, D). Raises DataError if the network is not a classifier."""
        if not hasattr(self.network, "logits"):
            raise DataError(f"The extractor {self.network.label} has no classes. Give another --extractor.")
        parts = [torch.from_numpy(np.array(part)) for part in np.array_split(features, -(-len(features) // 4096))]
        with torch.inference_mode():
            weight = next(self.network.parameters())
            logits = [self.network.logits(part.to(weight.device, weight.dtype)).float().cpu() for part in parts]
        return torch.cat(logits).numpy()

    @torch.inference_mode()
    def _extract(self, images: ImageSet, path: Path | None) -> np.ndarray:
        """Return the features, as an array or, with a ``path``, in that file, written batch by batch."""
        count, dim = images.sample.count, int(self.network.feature_dim)
        features: np.ndarray
        if path is None:
            features = np.empty((count, dim), np.float32)
        else:
            features = open_memmap(path, mode="w+", dtype=np.float32, shape=(count, dim))
        done = 0
        for batch in prefetch(images.batches(self.batch_size)):
            rows = self.network(batch.to(self.device)).cpu().numpy()
            features[done : done + len(rows)] = rows
            done += len(rows)
            self.on_progress(len(rows))
        if not np.isfinite(features).all():
            raise DataError(f"{self.network.label} gave features that are NaN or infinite. Give --precision float32.")
        if isinstance(features, np.memmap):
            features.flush()
        return features

    def _temporary_file(self, images: ImageSet) -> Path | None:
        """Return a path for features that do not fit into memory, removed with this object; else None."""
        if images.sample.count * int(self.network.feature_dim) * 4 <= IN_MEMORY:
            return None
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="ganzoo-"))
            weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        return self._scratch / f"{len(list(self._scratch.iterdir()))}.npy"

    def _load(self, path: Path) -> np.ndarray:
        in_memory = path.stat().st_size <= IN_MEMORY
        features: np.ndarray = np.load(path) if in_memory else np.load(path, mmap_mode="r")
        return features

    def _key(self, images: ImageSet) -> str:
        network = self.network
        computed_by = (network.label, network.weights_sha256, network.resizing, self.precision, self.device.type)
        return hashlib.sha256(f"1 {images.key} {computed_by}".encode()).hexdigest()


def prefetch(batches: Iterator[Tensor]) -> Iterator[Tensor]:
    """Yield the batches; a thread prepares the next one while the caller works on the last."""
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(next, batches, None)
        while (batch := waiting.result()) is not None:
            waiting = thread.submit(next, batches, None)
            yield batch
