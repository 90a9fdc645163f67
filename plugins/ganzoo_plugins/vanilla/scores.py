"""What a discriminator's logits are worth on held-out pictures, as numbers that one can compare."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Scores:
    """Real is the positive class, the threshold is 0.5 on the sigmoid, which is 0 on the logit.

    loss_mean     binary cross entropy, the mean over all pictures, real and generated
    loss_sum      the mean over the real ones plus the mean over the generated ones: what training minimizes
    accuracy      share of all pictures that are told right
    precision     share of real ones among those called real; 0 where none is called so
    recall        share of the real ones that are called real
    f1            harmonic mean of precision and recall
    specificity   share of the generated ones that are called generated
    """

    loss_mean: float
    loss_sum: float
    accuracy: float
    precision: float
    recall: float
    f1: float
    specificity: float


def score(real_logits: Tensor, fake_logits: Tensor) -> Scores:
    """Return the scores of logits for real and for generated pictures, any shape that starts with N, not empty."""
    real, fake = real_logits.double(), fake_logits.double()
    losses_real, losses_fake = F.softplus(-real), F.softplus(fake)  # -log s(x) and -log(1 - s(x))
    found, fooled = int((real > 0).sum()), int((fake > 0).sum())
    total = real.numel() + fake.numel()
    return Scores(
        loss_mean=float(losses_real.sum() + losses_fake.sum()) / total,
        loss_sum=float(losses_real.mean() + losses_fake.mean()),
        accuracy=(found + fake.numel() - fooled) / total,
        precision=found / max(1, found + fooled),
        recall=found / real.numel(),
        f1=2 * found / (real.numel() + found + fooled),
        specificity=1 - fooled / fake.numel(),
    )
