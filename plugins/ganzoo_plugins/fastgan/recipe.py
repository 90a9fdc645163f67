"""FastGAN's training: a hinge loss, and a discriminator that must know what it sees (arXiv:2101.04775, section 3.2)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, LatentRecipe, at_least_float32

from .networks import SMALLEST, Decoder, crop, resize

LARGEST = 128  # pixels of a reconstruction


class FastGANRecipe(LatentRecipe):
    """The discriminator also reconstructs real images from its features, whole ones and parts of them.

    The perceptual error of the paper is LPIPS; here it is LPIPS without learned weights, on the features of the part
    ``features`` (arXiv:1801.03924, equation 1 with w = 1). Of images that are neither gray nor RGB, each channel is
    compared as a gray image.
    """

    takes_masks = False

    def __init__(self, config: Any, parts: Any) -> None:
        super().__init__(config, parts)
        if not hasattr(self.discriminator, "encode"):
            raise GanzooError(
                f"The recipe fastgan trains the discriminator as an encoder, and "
                f"{self.discriminator.architecture.entry} has no features to decode. Use --part discriminator=fastgan, "
                "or the recipe dcgan."
            )
        self.features = parts.build("features")
        height = min(LARGEST, config.image_size)
        ratio = (config.image_width or config.image_size) / config.image_size
        self.smallest = (SMALLEST, round(SMALLEST * ratio))  # height and width of the features
        self.pixels = (height, round(height * ratio))
        doublings = (height // SMALLEST).bit_length() - 1
        half, whole = self.discriminator.encoded
        self.decoders = nn.ModuleDict(
            {
                "whole": Decoder(whole, config.channels, doublings, config.decoder_width),
                "part": Decoder(half, config.channels, doublings, config.decoder_width),
            }
        )
        self.networks["decoders"] = self.decoders
        self.optimizers["discriminator"] = self.adam(self.discriminator, self.decoders, discriminator=True)

    def discriminator_loss(self, real: Tensor, fake: Tensor, *conditions: Tensor) -> Tensor:
        """Return the adversarial loss, and the weighted error of reconstructions (equations 2 and 3)."""
        loss = super().discriminator_loss(real, fake, *conditions)
        return loss + self.config.reconstruction_weight * self.reconstruction_loss(real)

    def reconstruction_loss(self, real: Tensor) -> Tensor:
        """Return the perceptual errors of real images and of random quarters of them, reconstructed from features."""
        large, small = self.discriminator.encode(real)
        height, width = self.smallest
        places = torch.tensor([height + 1, width + 1], device=real.device)
        corners = (self.uniform(len(real), 2, device=real.device) * places).long()
        step = real.shape[-2] // (2 * SMALLEST)  # pixels of an image for one of the features
        whole = self.decoders["whole"](small)
        part = self.decoders["part"](crop(large, corners, self.smallest))
        target = crop(real, corners * step, (height * step, width * step))
        return self.perceptual_error(whole, resize(real, self.pixels)) + self.perceptual_error(
            part, F.interpolate(target, size=self.pixels, mode="bilinear")
        )

    def perceptual_error(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over maps of the mean squared distance of their unit vectors; arguments (N, C, H, W)."""
        features = self.features.to(images.device)
        if images.shape[1] not in (1, 3):
            images, targets = images.flatten(0, 1)[:, None], targets.flatten(0, 1)[:, None]
        with torch.no_grad():
            wanted = [F.normalize(at_least_float32(each), dim=1) for each in features(targets)]
        found = [F.normalize(at_least_float32(each), dim=1) for each in features(images)]
        errors = [(a - b).square().sum(1).mean() for a, b in zip(found, wanted, strict=True)]
        return torch.stack(errors).sum()
