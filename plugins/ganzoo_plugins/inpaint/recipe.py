"""Inpainting by reconstruction and a discriminator (arXiv:1604.07379, equations 1 to 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import Recipe

BLOCKS, SMALLEST, LARGEST = 4, 1 / 8, 1 / 4  # of block masks: their number and sides, as shares of the image's


def center_masks(images: Tensor) -> Tensor:
    """Return masks (N, 1, H, W) with 1 in the middle half of height and width: a quarter of the area."""
    height, width = images.shape[-2:]
    masks = images.new_zeros(len(images), 1, height, width)
    masks[:, :, height // 4 : height // 4 + height // 2, width // 4 : width // 4 + width // 2] = 1
    return masks


def block_masks(images: Tensor, draws: Tensor) -> Tensor:
    """Return masks (N, 1, H, W) with 1 in squares that may overlap (section 3.3).

    draws  (N, BLOCKS, 3) in [0, 1): of each square its side, and where it lies down and across
    """
    height, width = images.shape[-2:]
    sides = (SMALLEST + (LARGEST - SMALLEST) * draws[..., :1]) * min(height, width)  # (N, BLOCKS, 1)
    inside = []
    for length, place in ((height, draws[..., 1:2]), (width, draws[..., 2:])):
        first = (place * (length - sides)).round()
        at = torch.arange(length, device=images.device)
        inside.append((at >= first) & (at < first + sides.round()))
    squares = inside[0][..., :, None] & inside[1][..., None, :]  # (N, BLOCKS, H, W)
    return squares.any(1, keepdim=True).to(images.dtype)


def around(masks: Tensor, pixels: int) -> Tensor:
    """Return masks of the ``pixels`` around each hole, without the hole itself."""
    return F.max_pool2d(masks, 2 * pixels + 1, 1, pixels) - masks


class InpaintRecipe(Recipe):
    """Equation 3: 0.999 reconstruction + 0.001 adversarial.

    The discriminator is shown the hole alone where all holes are the middle ("center", as in the paper), else whole
    images, in which what was made lies within the truth; it is never told the mask.
    """

    def __init__(self, config: Any, parts: Any) -> None:
        self.config, channels, size = config, config.channels, config.image_size
        seen = size // 2 if config.masks == "center" else size
        self.generator = parts.build("generator", in_channels=channels, out_channels=channels, image_size=size)
        self.discriminator = parts.build("discriminator", in_channels=channels, channels=channels, image_size=seen)
        self.loss = parts.build("loss")
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports = {"": "generator"}
        if config.masks != "center":  # the one of the hole alone cannot judge images
            self.discriminators = {"": "discriminator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        real, learns = batch["image"], self.is_generator_step()
        masks = self.masks(real)
        with torch.set_grad_enabled(learns):
            made = self.made(self.generator, real, masks)
            inpainted = self.seen(real * (1 - masks) + made * masks)

        shown, fake = self.augment(self.seen(real)), self.augment(inpainted.detach())
        loss_d = self.loss.discriminator(*self.forward_batched(self.discriminator, shown, fake))
        loss_d = loss_d + self.penalty(self.discriminator, shown, fake)
        self.update("discriminator", loss_d)
        if not learns:
            return {"discriminator": loss_d}

        with self.frozen("discriminator"):
            adversarial = self.loss.generator(self.discriminator(self.augment(inpainted)))
            reconstruction = self.reconstruction(made, real, masks)
            total = self.config.reconstruction_weight * reconstruction + self.config.adversarial_weight * adversarial
            self.update("generator", total)
        return {"reconstruction": reconstruction, "adversarial": adversarial, "discriminator": loss_d}

    def masks(self, images: Tensor) -> Tensor:
        """Return masks (N, 1, H, W) for a training batch, as the option says."""
        if self.config.masks == "center":
            return center_masks(images)
        blocks = block_masks(images, self.uniform(len(images), BLOCKS, 3, device=images.device))
        if self.config.masks == "blocks":
            return blocks
        choice = self.uniform(len(images), 1, 1, 1, device=images.device)
        return torch.where(choice < 0.5, center_masks(images), blocks)

    def made(self, generator: nn.Module, images: Tensor, masks: Tensor) -> Tensor:
        """Return the images (N, C, H, W) that are made of what ``masks`` leave, as float32."""
        out: Tensor = generator(images * (1 - masks), masks)
        return out.float()

    def seen(self, images: Tensor) -> Tensor:
        """Return what the discriminator is shown of images."""
        if self.config.masks != "center":
            return images
        size, side = images.shape[-1], images.shape[-1] // 2
        return images[..., size // 4 : size // 4 + side, size // 4 : size // 4 + side]

    def reconstruction(self, made: Tensor, real: Tensor, masks: Tensor) -> Tensor:
        """Return the mean squared error in the hole, and of the band around it so many times (equation 1)."""
        band = around(masks, self.config.overlap)
        weights = masks + self.config.overlap_weight * band
        counted = (masks + band).sum() * made.shape[1]
        return (weights * (made - real).square()).sum() / counted

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the image with a hole in the middle, mended, and as it was, one after the other."""
        real = batch["image"]
        masks = center_masks(real)
        broken = real * (1 - masks)
        inpainted = broken + self.made(networks["generator"], real, masks) * masks
        return torch.stack([broken, inpainted, real], 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the mean squared error within a hole in the middle, values in [-1, 1]."""
        real = batch["image"]
        masks = center_masks(real)
        apart = (self.made(networks["generator"], real, masks) - real).square() * masks
        return {"mse": (apart.sum() / (masks.sum() * real.shape[1])).item()}
