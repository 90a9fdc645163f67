"""SRResNet and SRGAN: crops made small, and made large again (arXiv:1609.04802, equations 3 to 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, Recipe


def shrink(images: Tensor, scale: int) -> Tensor:
    """Return (N, C, H, W) as (N, C, H / scale, W / scale) of 8-bit values, in [-1, 1].

    Antialiased bicubic, as Pillow and MATLAB shrink (Keys 1981, a = -1/2, widened by ``scale``), which is how test sets
    of super-resolution are made.
    """
    size = [side // scale for side in images.shape[-2:]]
    small = F.interpolate(images.float(), size, mode="bicubic", antialias=True).clamp(-1, 1)
    return ((small + 1) * 127.5).round() / 127.5 - 1


class SRResNetRecipe(Recipe):
    """Mean squared error of the enlarged crop, values in [-1, 1] (equation 4)."""

    def __init__(self, config: Any, parts: Any) -> None:
        self.config, channels = config, config.channels
        self.generator = parts.build("generator", in_channels=channels, out_channels=channels, channels=channels)
        self.scale = self.generator.scale
        if config.image_size % self.scale:
            raise GanzooError(
                f"image_size={config.image_size} is no multiple of the generator's scale, {self.scale}. "
                f"Set image_size={max(1, config.image_size // self.scale) * self.scale}."
            )
        if not any(True for _ in self.generator.parameters()):
            raise GanzooError("This generator has nothing to learn. Take another: --part generator=srresnet.")
        self.networks = {"generator": self.generator}
        self.optimizers = {"generator": self.adam(self.generator)}
        self.exports: Mapping[str, str] = {"": "generator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        mse = F.mse_loss(self.enlarged(batch["image"]), batch["image"])
        self.update("generator", mse)
        return {"mse": mse}

    def enlarged(self, images: Tensor, generator: nn.Module | None = None) -> Tensor:
        """Return crops (N, C, H, W), shrunk and enlarged again, as float32."""
        made: Tensor = (generator or self.generator)(shrink(images, self.scale))
        return made.float()

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the small crop by bicubic enlargement, the generator's and the truth, one after the other."""
        images = batch["image"]
        plain = F.interpolate(shrink(images, self.scale), images.shape[-2:], mode="bicubic", antialias=True)
        made = self.enlarged(images, networks["generator"])
        return torch.stack([plain.clamp(-1, 1), made, images], 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the mean squared error of values in [-1, 1]: a PSNR of 10 log10(4 / mse) dB."""
        return {"mse": F.mse_loss(self.enlarged(batch["image"], networks["generator"]), batch["image"]).item()}


class SrganRecipe(SRResNetRecipe):
    """Content + 1e-3 adversarial loss (equation 3); begin it with an SRResNet: ``--from dir:runs/srresnet``.

    Equation 5 sums the features' squared error over channels; here it is the mean over them too, as common code has it.
    Generator and discriminator take turns, the latter first.
    """

    def __init__(self, config: Any, parts: Any) -> None:
        super().__init__(config, parts)
        channels, size = config.channels, config.image_size
        self.discriminator = parts.build("discriminator", in_channels=channels, channels=channels, image_size=size)
        self.features = parts.build("features")
        self.loss = parts.build("loss")
        self.level = find_level(self.features.reductions, config.reduction)
        self.networks["discriminator"] = self.discriminator
        self.optimizers["discriminator"] = self.adam(self.discriminator, discriminator=True)
        self.discriminators = {"": "discriminator"}

    def learning_rate(self, progress: float) -> float:
        """Return what the schedule says, a tenth of it from ``drop_from`` on (section 3.2)."""
        return super().learning_rate(progress) * (1.0 if progress < self.config.drop_from else 0.1)

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        real = batch["image"]
        learns = self.is_generator_step()
        with torch.set_grad_enabled(learns):
            made = self.enlarged(real)

        shown, fake = self.augment(real), self.augment(made.detach())
        loss_d = self.loss.discriminator(*self.forward_batched(self.discriminator, shown, fake))
        loss_d = loss_d + self.penalty(self.discriminator, shown, fake)
        self.update("discriminator", loss_d)
        if not learns:
            return {"discriminator": loss_d}

        with self.frozen("discriminator"):
            adversarial = self.loss.generator(self.discriminator(self.augment(made)))
            losses = {"content": self.content(made, real), "mse": F.mse_loss(made, real), "adversarial": adversarial}
            weights = {name: getattr(self.config, f"{name}_weight") for name in losses}
            self.update("generator", torch.stack([weights[name] * loss for name, loss in losses.items()]).sum())
        return {**losses, "discriminator": loss_d}

    def content(self, made: Tensor, real: Tensor) -> Tensor:
        """Return the mean squared error of features (equation 5)."""
        features = self.features.to(made.device)
        with torch.no_grad():
            wanted = features(real)[self.level]
        return F.mse_loss(features(made)[self.level].float(), wanted.float())

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the squared error of features, by which the paper judges, and that of values in [-1, 1]."""
        made = self.enlarged(batch["image"], networks["generator"])
        return {
            "content": self.content(made, batch["image"]).item(),
            "mse": F.mse_loss(made, batch["image"]).item(),
        }


def find_level(reductions: tuple[int, ...], wanted: int) -> int:
    """Return the place of the deepest map with a step of ``wanted`` pixels."""
    places = [place for place, reduction in enumerate(reductions) if reduction == wanted]
    if not places:
        known = ", ".join(str(each) for each in sorted(set(reductions)))
        raise GanzooError(f"reduction={wanted} is not right: these features have maps with steps of {known} pixels.")
    return places[-1]
