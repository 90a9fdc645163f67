"""Measures by nearest neighbors among features: precision, recall, density, coverage.

Distances are Euclidean, in float64 and about the real pictures' mean: `torch.cdist` in float32 was seen to put a
picture at a distance from itself, which these measures turn into wrong counts. Memory is bounded by blocks of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.evaluation.moments import BLOCK, Array, blocks, check

SAME = 1e-12  # of the squared norms: what float64 leaves of two equal rows, and less than float32 features resolve


@dataclass(frozen=True, eq=False)
class Manifolds:
    """How two sets of pictures lie in one another; all four shares are means of a value a picture, higher is better.

    in_real     (N,) bool: each generated picture lies in the ball of some real one
    real_balls  (N,) how many real pictures' balls hold each generated picture
    in_fake     (M,) bool: each real picture lies in the ball of some generated one
    covered     (M,) bool: each real picture's ball holds a generated picture
    k_density   neighbors that set the balls of ``real_balls`` and ``covered``
    """

    in_real: Array
    real_balls: Array
    in_fake: Array
    covered: Array
    k_density: int

    @property
    def precision(self) -> float:
        """Share of generated pictures among the real ones, 0 to 1: quality (arXiv:1904.06991)."""
        return float(self.in_real.mean())

    @property
    def recall(self) -> float:
        """Share of real pictures among the generated ones, 0 to 1: variety (arXiv:1904.06991)."""
        return float(self.in_fake.mean())

    @property
    def density(self) -> float:
        """Real balls a generated picture lies in, over k: 1 for alike sets, and above 1 where real ones are dense.

        An outlier among the real pictures counts less than in precision (arXiv:2002.09797).
        """
        return float(self.densities.mean())

    @property
    def coverage(self) -> float:
        """Share of real pictures with a generated one near, 0 to 1: variety (arXiv:2002.09797)."""
        return float(self.covered.mean())

    @property
    def densities(self) -> Array:
        """The density of each generated picture (N,)."""
        values: Array = self.real_balls / self.k_density
        return values


def manifolds(fake: Array, real: Array, k: int = 3, k_density: int = 5) -> Manifolds:
    """Compare ``fake`` (N, D) with ``real`` (M, D) in one pass over all pairs.

    A picture's ball reaches to its ``k``-th nearest neighbor in its own set: ``k`` for precision and recall (the
    paper's 3), ``k_density`` for density and coverage (the paper's 5). A ball holds its edge, as torch-fidelity has
    it, but not for density: there the authors leave it out, and a set has density 1 to itself.
    Raises DataError for sets of at most k pictures.
    """
    largest = max(k, k_density)
    check(fake, real, least=largest + 1)
    center = _mean(real)
    reach_real = _nearest(real, real, largest, np.arange(len(real)), center)[0]
    reach_fake = _nearest(fake, fake, k, np.arange(len(fake)), center)[0][:, k - 1]
    reaches = _Reaches(reach_fake, reach_real[:, k - 1], reach_real[:, k_density - 1])
    return _compare(fake, real, center, reaches, k_density)


def nearest(queries: Array, bank: Array, k: int = 1, own: Array | None = None) -> tuple[Array, Array]:
    """Return float64 distances (N, k) and rows of ``bank`` (N, k) for each query, nearest first.

    ``own`` (N,): for queries that are rows of the bank, which; a query is not its own neighbor then.
    Raises DataError for a bank of fewer rows than it must name.
    """
    check(bank, queries)
    check(bank, least=k if own is None else k + 1)
    distances, indices = _nearest(queries, bank, k, own, _mean(bank))
    return distances.numpy(), indices.numpy()


class _Reaches(NamedTuple):
    """Radii of balls: (N,) of generated pictures, (M,) of real ones, (M,) of real ones for density and coverage."""

    fake: Tensor
    real: Tensor
    density: Tensor


def _compare(fake: Array, real: Array, center: Array, reach: _Reaches, k_density: int) -> Manifolds:
    in_real, balls = torch.zeros(len(fake), dtype=torch.bool), torch.zeros(len(fake), dtype=torch.int64)
    in_fake, covered = (torch.zeros(len(real), dtype=torch.bool) for _ in range(2))
    # Real pictures are rows here as they were when the balls were measured: the same bits, so that edges are edges.
    for rows, real_rows in _parts(real, center):
        for columns, fake_rows in _parts(fake, center):
            apart = _distances(real_rows, fake_rows)
            in_real[columns] |= (apart <= reach.real[rows, None]).any(0)
            in_fake[rows] |= (apart <= reach.fake[columns]).any(1)
            balls[columns] += (apart < reach.density[rows, None]).sum(0)
            covered[rows] |= (apart <= reach.density[rows, None]).any(1)
    return Manifolds(in_real.numpy(), balls.numpy(), in_fake.numpy(), covered.numpy(), k_density)


def _nearest(queries: Array, bank: Array, k: int, own: Array | None, center: Array) -> tuple[Tensor, Tensor]:
    found = []
    for rows, config in _parts(queries, center):
        best, places = torch.empty(len(config), 0, dtype=torch.float64), torch.empty(len(config), 0, dtype=torch.int64)
        for columns, held in _parts(bank, center):
            apart = _distances(config, held)
            if own is not None:
                _hide(apart, torch.from_numpy(own[rows]) - columns.start)
            near, local = apart.topk(min(k, len(held)), largest=False)
            best, places = torch.cat([best, near], 1), torch.cat([places, local + columns.start], 1)
            best, chosen = best.topk(min(k, best.shape[1]), largest=False)
            places = places.gather(1, chosen)
        found.append((best, places))
    return torch.cat([best for best, _ in found]), torch.cat([places for _, places in found])


def _hide(apart: Tensor, own: Tensor) -> None:
    """Put each row's ``own`` column out of reach, where the block has it."""
    here = (own >= 0) & (own < apart.shape[1])
    apart[here.nonzero()[:, 0], own[here]] = torch.inf


def _distances(rows: Tensor, columns: Tensor) -> Tensor:
    """Return (N, M) distances of (N, D) to (M, D), exactly 0 for equal rows."""
    squares, others = (rows * rows).sum(1), (columns * columns).sum(1)
    apart = (squares[:, None] + others).addmm_(rows, columns.T, alpha=-2)
    return F.threshold(apart, SAME * float(squares.max() + others.max()), 0.0, inplace=True).sqrt_()


def _parts(features: Array, center: Array) -> Iterator[tuple[slice, Tensor]]:
    """Yield where a block of rows is, and its rows about ``center``."""
    for number, block in enumerate(blocks(features)):
        yield slice(number * BLOCK, number * BLOCK + len(block)), torch.from_numpy(block - center)


def _mean(features: Array) -> Array:
    total: Array = sum((block.sum(0) for block in blocks(features)), np.zeros(features.shape[1]))
    return total / len(features)
