"""The contract of adversarial losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - testing networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.loss import Loss
from ganzoo.losses import offers
from ganzoo.losses.multi_scale import MultiScaleLoss
from ganzoo.testing.expectations import BATCH, SEED, random_images, require


def check_loss(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check a loss: both halves are finite scalars with gradients, and are lower for better logits.

    Args:
        entry: The loss's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        loss = entry.build(options.parse(entry, values or {}))
        require(isinstance(loss, Loss), entry, "has no methods discriminator(real, fake) and generator(fake)")
        for shape in ((4, 1), (4, 1, 3, 5)):
            real, fake = (torch.randn(shape, requires_grad=True) for _ in range(2))
            _check_scalar(entry, "discriminator(real, fake)", loss.discriminator(real, fake), real, fake)
            _check_scalar(entry, "generator(fake)", generator_half(loss, fake, real.detach()), fake)
        low, high = torch.full((4, 1), -2.0), torch.full((4, 1), -1.0)
        require(
            bool(generator_half(loss, high, high) < generator_half(loss, low, high)),
            entry,
            "the generator's half rises with fake logits",
        )
        good, bad = loss.discriminator(-low, low), loss.discriminator(low, -low)
        require(bool(good < bad), entry, "the discriminator's half is lower when it takes fakes for real")
        far = torch.full((4, 1), 1e4)
        extreme = [loss.discriminator(-far, far), generator_half(loss, -far, far)]
        require(all(math.isfinite(value.item()) for value in extreme), entry, "overflows at logits of 10,000")
        _check_regularizer(entry, loss)


def generator_half(loss: Any, fake: Tensor, real: Tensor) -> Any:
    """Return the generator's half, with real logits for a loss that takes them."""
    return offers.call(loss.generator, fake, real_logits=real)


def _check_scalar(entry: Entry, half: str, value: Any, *logits: Tensor) -> None:
    require(isinstance(value, Tensor) and value.dim() == 0, entry, f"returns no scalar tensor from {half}")
    require(bool(value.isfinite()), entry, f"returns {value} from {half}")
    gradients = torch.autograd.grad(value, logits, allow_unused=True)
    for gradient in gradients:
        flows = gradient is not None and bool(gradient.isfinite().all()) and bool(gradient.any())
        require(flows, entry, f"sends no gradient through {half}")


def _check_regularizer(entry: Entry, loss: Loss) -> None:
    scores = nn.Linear(72, 1)
    critic = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Tanh(), nn.Flatten(), scores)
    added = MultiScaleLoss(loss).regularizer(
        critic, random_images(BATCH, 3, 8, 8), random_images(BATCH, 3, 8, 8).flip(0)
    )
    if isinstance(added, Tensor):
        _check_scalar(entry, "regularizer(discriminator, real, fake)", added, scores.weight)
