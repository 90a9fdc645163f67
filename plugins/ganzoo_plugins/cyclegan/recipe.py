"""CycleGAN: unpaired translation in both directions (arXiv:1703.10593, equations 1-3 and section 4)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Recipe


class ImagePool:
    """The last ``size`` made images; D is shown an old one half of the time (arXiv:1612.07828, section 2.3)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, images: Tensor) -> Tensor:
        """Put (N, C, H, W) in, take as many out: each its own or, with probability 1/2, an older one."""
        if self.size == 0:
            return images
        out = []
        for image in images.detach():
            if len(self.images) < self.size:
                self.images.append(image.clone())  # a view would keep the whole batch in memory
                out.append(image)
            elif torch.rand(()) < 0.5:
                place = int(torch.randint(self.size, ()))
                out.append(self.images[place])
                self.images[place] = image.clone()
            else:
                out.append(image)
        return torch.stack(out)


class CycleGanRecipe(Recipe):
    """Generators a2b and b2a with a discriminator each; what goes there and back must come out as it was."""

    def __init__(self, config, parts) -> None:
        self.config = config
        size, channels = config.image_size, config.channels
        self.a2b, self.b2a = (
            parts.build("generator", in_channels=channels, out_channels=channels, image_size=size) for _ in range(2)
        )
        self.judge_a, self.judge_b = (
            parts.build("discriminator", in_channels=channels, channels=channels, image_size=size) for _ in range(2)
        )
        # The paper's G minimises (D(G(x)) - 1)**2 without the half; D's loss is halved in `step`.
        self.loss = parts.build("loss", factor=1.0)
        self.pools = {"a": ImagePool(config.pool_size), "b": ImagePool(config.pool_size)}
        self.networks = {"a2b": self.a2b, "b2a": self.b2a, "judge_a": self.judge_a, "judge_b": self.judge_b}
        adam: dict[str, Any] = {"lr": config.learning_rate, "betas": (config.beta1, config.beta2), "fused": True}
        self.optimizers = {
            "generators": torch.optim.Adam(itertools.chain(self.a2b.parameters(), self.b2a.parameters()), **adam),
            "discriminators": torch.optim.Adam(
                itertools.chain(self.judge_a.parameters(), self.judge_b.parameters()), **adam
            ),
        }
        self.exports = {"": "a2b", "b2a": "b2a"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        a, b = batch["a"], batch["b"]
        with self.frozen("judge_a", "judge_b"):
            fake_b, fake_a = self.a2b(a), self.b2a(b)
            adversarial = self.loss.generator(self.judge_b(fake_b)) + self.loss.generator(self.judge_a(fake_a))
            cycle = l1(self.b2a(fake_b), a) + l1(self.a2b(fake_a), b)
            total = adversarial + self.config.cycle_weight * cycle
            losses = {"adversarial": adversarial, "cycle": cycle}
            if self.config.identity_weight:  # section 5.2: a zebra needs no more stripes
                losses["identity"] = l1(self.a2b(b), b) + l1(self.b2a(a), a)
                total = total + self.config.cycle_weight * self.config.identity_weight * losses["identity"]
            self.update("generators", total)

        fake_a, fake_b = self.pools["a"].exchange(fake_a), self.pools["b"].exchange(fake_b)
        loss_d = self.judge(self.judge_a, a, fake_a) + self.judge(self.judge_b, b, fake_b)
        self.update("discriminators", loss_d)
        return {**losses, "discriminator": loss_d}

    def judge(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return half the discriminator's loss: section 4, "we divide the objective by 2 while optimizing D"."""
        fake = fake.detach().float()
        loss = self.loss.discriminator(discriminator(real), discriminator(fake))
        return (loss + self.loss.regularizer(discriminator, real, fake)) / 2

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return a, its translation, b, its translation, for each pair of pictures."""
        a, b = batch["a"], batch["b"]
        made = [a, networks["a2b"](a).float(), b, networks["b2a"](b).float()]
        return torch.stack(made, 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the mean absolute error in [0, 2] after going there and back, for both starts."""
        a, b = batch["a"], batch["b"]
        a2b, b2a = networks["a2b"], networks["b2a"]
        return {"cycle_a": l1(b2a(a2b(a)), a).item(), "cycle_b": l1(a2b(b2a(b)), b).item()}

    def learning_rate(self, progress: float) -> float:
        """Constant for the first ``decay_from`` of the run, then linear to zero (section 4)."""
        return min(1.0, (1 - progress) / max(1 - self.config.decay_from, 1e-9))

    def state(self) -> dict[str, Any]:
        return {name: pool.images for name, pool in self.pools.items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        for name, pool in self.pools.items():
            pool.images = list(state[name])


def l1(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute difference, computed in float32."""
    return (made.float() - wanted.float()).abs().mean()
