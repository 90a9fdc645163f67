"""Pictures -> features, streamed: batches are made in one thread while the extractor works in another."""

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
from ganzoo.evaluation.samples import Images
from ganzoo.files.atomic import replacing
from ganzoo.files.cache import cache_folder

AT_ONCE = 32  # pictures: more gain nothing on a CPU, and Inception takes 30 MB of memory for each
IN_MEMORY = 256 * 2**20  # bytes of features up to which they are an array, beyond it a file

Progress = Callable[[int], None]


class Features:
    """Makes features with one extractor on one device, those of pictures in files only once.

    precision  "float32", or "bfloat16": another measure, of its own name
    cache      keep the features of pictures in files, by a hash of their contents and of all that made the features
    told       called with the number of pictures after every batch
    """

    def __init__(
        self,
        extractor: Extractor,
        device: torch.device,
        precision: str = "float32",
        cache: bool = True,
        at_once: int = AT_ONCE,
        on_progress: Progress = lambda count: None,
    ) -> None:
        network: Any = extractor  # a torch module as well
        self.extractor: Any = network.eval().requires_grad_(False).to(device, getattr(torch, precision))
        self.device, self.precision, self.cache = device, precision, cache
        self.at_once, self.on_progress = at_once, on_progress
        self._scratch: Path | None = None

    @property
    def label(self) -> str:
        """What a measure on these features is named after: "efficientnet-lite0", or with "-bf16"."""
        return str(self.extractor.label) + ("-bf16" if self.precision == "bfloat16" else "")

    def of(self, pictures: Images) -> np.ndarray:
        """Return float32 (N, D), in the pictures' order; beyond 256 MB a file that numpy maps into memory."""
        if not (self.cache and pictures.key):
            return self._extract(pictures, self._temporary(pictures))
        path = cache_folder() / "features" / f"{self._key(pictures)}.npy"
        if not path.exists():
            with replacing(path) as temporary:
                self._extract(pictures, temporary)
        else:
            self.on_progress(pictures.sample.count)
        return self._opened(path)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return the extractor's class logits (N, K) for its features. Raises DataError where it is no classifier."""
        if not hasattr(self.extractor, "logits"):
            raise DataError(f"The extractor {self.extractor.label} names no classes. Take another --extractor.")
        parts = [torch.from_numpy(np.array(part)) for part in np.array_split(features, -(-len(features) // 4096))]
        with torch.inference_mode():
            weight = next(self.extractor.parameters())
            made = [self.extractor.logits(part.to(weight.device, weight.dtype)).float().cpu() for part in parts]
        return torch.cat(made).numpy()

    @torch.inference_mode()
    def _extract(self, pictures: Images, path: Path | None) -> np.ndarray:
        """Return the features, as an array or, with a ``path``, in that file, written batch by batch."""
        count, dim = pictures.sample.count, int(self.extractor.feature_dim)
        into: np.ndarray
        if path is None:
            into = np.empty((count, dim), np.float32)
        else:
            into = open_memmap(path, mode="w+", dtype=np.float32, shape=(count, dim))
        done = 0
        for batch in ahead(pictures.batches(self.at_once)):
            made = self.extractor(batch.to(self.device)).cpu().numpy()
            into[done : done + len(made)] = made
            done += len(made)
            self.on_progress(len(made))
        if not np.isfinite(into).all():
            raise DataError(f"{self.extractor.label} made features that are no numbers. Take --precision float32.")
        if isinstance(into, np.memmap):
            into.flush()
        return into

    def _temporary(self, pictures: Images) -> Path | None:
        """Return a path for features that are too many for the memory, removed with this object; else None."""
        if pictures.sample.count * int(self.extractor.feature_dim) * 4 <= IN_MEMORY:
            return None
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="ganzoo-"))
            weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        return self._scratch / f"{len(list(self._scratch.iterdir()))}.npy"

    def _opened(self, path: Path) -> np.ndarray:
        whole = path.stat().st_size <= IN_MEMORY
        found: np.ndarray = np.load(path) if whole else np.load(path, mmap_mode="r")
        return found

    def _key(self, pictures: Images) -> str:
        extractor = self.extractor
        made_by = (extractor.label, extractor.weights_sha256, extractor.resizing, self.precision, self.device.type)
        return hashlib.sha256(f"1 {pictures.key} {made_by}".encode()).hexdigest()


def ahead(batches: Iterator[Tensor]) -> Iterator[Tensor]:
    """Yield the batches, the next one made in a thread while the last is worked on."""
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(next, batches, None)
        while (batch := waiting.result()) is not None:
            waiting = thread.submit(next, batches, None)
            yield batch
