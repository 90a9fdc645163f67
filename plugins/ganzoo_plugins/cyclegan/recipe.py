"""CycleGAN: unpaired translation in both directions (arXiv:1703.10593, equations 1-3 and section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo import UnpairedRecipe, build, mean_error

from .build_background_mask import BackgroundMask, changed


class ImagePool:
    """The last ``size`` made images; D is shown an old one half of the time (arXiv:1612.07828, section 2.3)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, images: Tensor, draws: Tensor) -> Tensor:
        """Put (N, C, H, W) in, take as many out: each its own or, with probability 1/2, an older one.

        draws  (N, 2), uniform in [0, 1): whether to exchange, and with which
        """
        if self.size == 0:
            return images
        out = []
        for image, (whether, which) in zip(images.detach(), draws.tolist(), strict=True):
            if len(self.images) < self.size:
                self.images.append(image.clone())  # a view would keep the whole batch in memory
                out.append(image)
            elif whether < 0.5:
                place = int(which * self.size)
                out.append(self.images[place])
                self.images[place] = image.clone()
            else:
                out.append(image)
        return torch.stack(out)


def build_background_mask(config) -> BackgroundMask:
    """Return what measures change outside of the config's classes."""
    first, _, last = config.foreground_classes.partition("-")
    return BackgroundMask(build(f"extractor:{config.foreground_extractor}"), int(first), int(last))


class CycleGanRecipe(UnpairedRecipe):
    """Generators a2b and b2a with a discriminator each; what goes there and back must come out as it was."""

    def __init__(self, config, parts) -> None:
        self.config = config
        size, channels = config.image_size, config.channels
        self.a2b, self.b2a = (
            parts.build("generator", in_channels=channels, out_channels=channels, image_size=size) for _ in range(2)
        )
        self.discriminator_a, self.discriminator_b = (
            parts.build("discriminator", in_channels=channels, channels=channels, image_size=size) for _ in range(2)
        )
        # The paper's G minimizes (D(G(x)) - 1)**2 without the half; D's loss is halved in `step`.
        self.loss = parts.build("loss", factor=1.0)
        self.background_mask = (
            build_background_mask(config) if config.preserve_background or config.discriminate_foreground else None
        )
        self.pools = {"a": ImagePool(config.pool_size), "b": ImagePool(config.pool_size)}
        self.networks = {
            "a2b": self.a2b,
            "b2a": self.b2a,
            "discriminator_a": self.discriminator_a,
            "discriminator_b": self.discriminator_b,
        }
        self.optimizers = {
            "generators": self.adam(self.a2b, self.b2a),
            "discriminators": self.adam(self.discriminator_a, self.discriminator_b, discriminator=True),
        }
        self.exports, self.discriminators = {"": "a2b", "b2a": "b2a"}, {"": "discriminator_b", "b2a": "discriminator_a"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the generators, then the discriminators on what those had made before."""
        a, b = batch["a"], batch["b"]
        updates_generators, losses = self.is_generator_step(), {}
        looked = (
            self.background_mask if updates_generators or self.config.discriminate_foreground else None
        )  # discriminators alone need it for that only
        outside_a, outside_b = (looked.outside(each) if looked else None for each in (a, b))
        if updates_generators:
            fake_a, fake_b, losses = self.translate(a, b, outside_a, outside_b)
        else:
            with torch.no_grad():
                fake_a, fake_b = self.b2a(b), self.a2b(a)
        loss_d = self.discriminator_loss("a", self.shown(a, outside_a), self.shown(fake_a, outside_b))
        loss_d = loss_d + self.discriminator_loss("b", self.shown(b, outside_b), self.shown(fake_b, outside_a))
        self.update("discriminators", loss_d)
        return {**losses, "discriminator": loss_d}

    def shown(self, images: Tensor, outside: Tensor | None) -> Tensor:
        """Return what a discriminator sees of images: all, or objects on gray."""
        return images * (1 - outside) if self.config.discriminate_foreground and outside is not None else images

    def translate(
        self, a: Tensor, b: Tensor, outside_a: Tensor | None, outside_b: Tensor | None
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Update the generators; return what they made of b and of a, and their losses."""
        wanted = self.config.identity_weight > 0  # section 5.2: a zebra needs no more stripes
        with self.frozen("discriminator_a", "discriminator_b"):
            fake_b, *same_b = self.forward_batched(self.a2b, a, *([b] if wanted else []))
            fake_a, *same_a = self.forward_batched(self.b2a, b, *([a] if wanted else []))
            seen_b = self.augment(self.shown(fake_b, outside_a))
            adversarial = self.loss.generator(self.discriminator_b(seen_b))
            seen_a = self.augment(self.shown(fake_a, outside_b))
            adversarial = adversarial + self.loss.generator(self.discriminator_a(seen_a))
            cycle = mean_error(self.b2a(fake_b), a) + mean_error(self.a2b(fake_a), b)
            total = adversarial + self.config.cycle_weight * cycle
            losses = {"adversarial": adversarial, "cycle": cycle}
            if wanted:
                losses["identity"] = mean_error(same_b[0], b) + mean_error(same_a[0], a)
                total = total + self.config.cycle_weight * self.config.identity_weight * losses["identity"]
            if self.config.preserve_background and outside_a is not None and outside_b is not None:
                losses["kept"] = changed(outside_a, a, fake_b) + changed(outside_b, b, fake_a)
                total = total + self.config.preserve_background * losses["kept"]
            self.update("generators", total)
        return fake_a, fake_b, losses

    def discriminator_loss(self, side: str, real: Tensor, fake: Tensor) -> Tensor:
        """Return half the discriminator's loss: section 4, "we divide the objective by 2 while optimizing D"."""
        discriminator = self.networks[f"judge_{side}"]
        real, fake = self.augment(real), self.augment(self.exchanged(side, fake.detach().float()))
        loss = self.loss.discriminator(*self.forward_batched(discriminator, real, fake))
        return (loss + self.penalty(discriminator, real, fake)) / 2

    def exchanged(self, side: str, fake: Tensor) -> Tensor:
        """Return ``fake`` after the image pool, which is one for all processes: each puts in its pictures."""
        whole = self.processes.gathered(fake)
        draws = self.processes.gathered(self.uniform(len(fake), 2, device="cpu"))  # no waiting for a GPU
        return self.processes.own(self.pools[side].exchange(whole, draws))

    def state(self) -> dict[str, Any]:
        return {name: pool.images for name, pool in self.pools.items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        for name, pool in self.pools.items():
            pool.images = list(state[name])
