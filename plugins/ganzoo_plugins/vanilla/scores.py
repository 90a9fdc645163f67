"""Scores of a discriminator as a classifier of held-out and generated images."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Scores:
    """Scores where real is the positive class and the threshold is 0.5 on the sigmoid, 0 on the logit.

    Attributes:
        loss_mean: Binary cross entropy, the mean over all images, real and generated.
        loss_sum: The mean over real images plus the mean over generated ones: what training minimizes.
        accuracy: Fraction of all images that are classified correctly.
        precision: Fraction of real images among those classified as real; 0 if there are none.
        recall: Fraction of real images that are classified as real.
        f1: Harmonic mean of precision and recall.
        specificity: Fraction of generated images that are classified as generated.
    """

    loss_mean: float
    loss_sum: float
    accuracy: float
    precision: float
    recall: float
    f1: float
    specificity: float


def score(real_logits: Tensor, fake_logits: Tensor) -> Scores:
    """Return the scores of logits of real and of generated images, nonempty, of any shape that starts with N."""
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
