"""The contrastive loss of patches (arXiv:2007.15651, equations 3 and 4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def patch_nce(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Return the mean over pictures and places of -log exp(q.k+ / t) / (exp(q.k+ / t) + sum of exp(q.k- / t)).

    Both are unit vectors (N, S, D). k+ is the key of the same place, k- are those of the other S - 1 places of the
    same picture (section 3.2: "internal" negatives). The paper's equation 4 writes a sum over places and layers; its
    weights belong to the mean, which its code takes.
    """
    logits = queries @ keys.transpose(1, 2) / temperature
    right = torch.arange(logits.shape[1], device=logits.device).expand(len(logits), -1)
    return F.cross_entropy(logits.flatten(0, 1), right.flatten())
