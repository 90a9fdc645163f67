"""Nearest neighbors among features, in blocks of rows that bound the memory.

Distances are Euclidean, in float64 and about the real images' mean. `torch.cdist` in float32 gave an image a distance
above 0 from itself, which the metrics on neighbors turn into wrong counts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.evaluation.statistics.moments import BLOCK, Array, blocks, check

SAME = 1e-12  # of the squared norms: what float64 leaves of two equal rows, and less than float32 features resolve


def nearest(queries: Array, bank: Array, k: int = 1, own: Array | None = None) -> tuple[Array, Array]:
    """Find the k nearest rows of ``bank`` (M, D) for each of ``queries`` (N, D).

    Args:
        queries: (N, D).
        bank: (M, D).
        k: How many neighbors.
        own: (N,) rows of the bank that the queries are themselves; a query is not its own neighbor then.

    Returns:
        Distances (N, k) float64 and rows of the bank (N, k), nearest first.

    Raises:
        DataError: the bank has fewer than k rows.
    """
    check(bank, queries)
    check(bank, least=k if own is None else k + 1)
    distances, indices = nearest_about(queries, bank, k, own, mean(bank))
    return distances.numpy(), indices.numpy()


def nearest_about(queries: Array, bank: Array, k: int, own: Array | None, center: Array) -> tuple[Tensor, Tensor]:
    """Return `nearest`, unchecked, of features about ``center`` (D,)."""
    found = []
    for rows, block in centered_blocks(queries, center):
        best, places = torch.empty(len(block), 0, dtype=torch.float64), torch.empty(len(block), 0, dtype=torch.int64)
        for columns, others in centered_blocks(bank, center):
            apart = pairwise_distances(block, others)
            if own is not None:
                _hide(apart, torch.from_numpy(own[rows]) - columns.start)
            near, local = apart.topk(min(k, len(others)), largest=False)
            best, places = torch.cat([best, near], 1), torch.cat([places, local + columns.start], 1)
            best, chosen = best.topk(min(k, best.shape[1]), largest=False)
            places = places.gather(1, chosen)
        found.append((best, places))
    return torch.cat([best for best, _ in found]), torch.cat([places for _, places in found])


def pairwise_distances(rows: Tensor, columns: Tensor) -> Tensor:
    """Return (N, M) distances of (N, D) to (M, D), exactly 0 for equal rows."""
    squares, others = (rows * rows).sum(1), (columns * columns).sum(1)
    apart = (squares[:, None] + others).addmm_(rows, columns.T, alpha=-2)
    return F.threshold(apart, SAME * float(squares.max() + others.max()), 0.0, inplace=True).sqrt_()


def centered_blocks(features: Array, center: Array) -> Iterator[tuple[slice, Tensor]]:
    """Yield where each block of rows is, and its rows about ``center``."""
    for number, block in enumerate(blocks(features)):
        yield slice(number * BLOCK, number * BLOCK + len(block)), torch.from_numpy(block - center)


def mean(features: Array) -> Array:
    """Return the mean row (D,) of features (N, D), in float64."""
    total: Array = sum((block.sum(0) for block in blocks(features)), np.zeros(features.shape[1]))
    return total / len(features)


def _hide(apart: Tensor, own: Tensor) -> None:
    """Put each row's ``own`` column out of reach, if the block has it."""
    here = (own >= 0) & (own < apart.shape[1])
    apart[here.nonzero()[:, 0], own[here]] = torch.inf
