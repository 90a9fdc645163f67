"""The contrastive loss of patches (arXiv:2007.15651, equations 3 and 4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def patch_nce(queries: Tensor, keys: Tensor, temperature: float, counted: Tensor | None = None) -> Tensor:
    """Return the mean over images and positions of -log exp(q.k+ / t) / (exp(q.k+ / t) + sum of exp(q.k- / t)).

    k+ is the key at the same position, k- are those at the other S - 1 positions of the same image (section 3.2:
    "internal" negatives). Equation 4 of the paper has a sum over positions and layers; its weights fit the mean, which
    the authors' code computes.

    Args:
        queries: Unit vectors (N, S, D).
        keys: Unit vectors (N, S, D).
        temperature: t.
        counted: Bool (N, S), the positions that are queries and keys; None: all. 0 where there is none.
    """
    logits = queries @ keys.transpose(1, 2) / temperature
    if counted is not None:
        others = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)  # each keeps its own key
        logits = logits.masked_fill(~(counted[:, None] | others), float("-inf"))
        own = logits.diagonal(dim1=1, dim2=2) - logits.logsumexp(2)
        return -(own * counted).sum() / counted.sum().clamp_min(1)
    positives = torch.arange(logits.shape[1], device=logits.device).expand(len(logits), -1)
    return F.cross_entropy(logits.flatten(0, 1), positives.flatten())
