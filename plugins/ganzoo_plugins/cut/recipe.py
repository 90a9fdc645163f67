"""CUT: unpaired translation one way, by contrast between patches (arXiv:2007.15651, equations 1-5)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import Recipe, sliced_wasserstein

from .losses import patch_nce
from .networks import Encoder, Heads, embed


class CutRecipe(Recipe):
    """A patch of the output must resemble the input's patch at its place, more than the input's other patches.

    Equation 5: L_GAN + nce_weight * PatchNCE(G, H, a) + identity_weight * PatchNCE(G, H, b). The paper's code halves
    both contrastive terms of CUT; here both weights are what the paper says. As in its code, nothing is learned
    through the input's features, the discriminator learns first, and half of its loss counts (CycleGAN, section 4).
    """

    validation_batch = 32  # a distance between two sets needs many of each

    def __init__(self, config, parts) -> None:
        self.config = config
        size, channels = config.image_size, config.channels
        self.generator = parts.build("generator", in_channels=channels, out_channels=channels, image_size=size)
        self.discriminator = parts.build("discriminator", in_channels=channels, channels=channels, image_size=size)
        self.loss = parts.build("loss", factor=1.0)  # as CycleGAN's: squares without the half
        self.encoder = Encoder(self.generator, config.layers.split(","))
        self.heads = Heads(self.widths(torch.zeros(1, channels, size, size)), config.head_width)
        self.networks = {"generator": self.generator, "heads": self.heads, "discriminator": self.discriminator}
        self.optimizers = {
            "generator": self.adam(self.generator, self.heads),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports, self.discriminators = {"": "generator"}, {"": "discriminator"}

    def widths(self, images: Tensor) -> list[int]:
        """Return the channels of the features to contrast, of a run that leaves no trace in the generator."""
        self.generator.eval()
        with torch.no_grad():
            found = self.encoder.channels(images)
        self.generator.train()
        return found

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the discriminator, then the generator and the heads on the same pictures."""
        a, b = batch["a"], batch["b"]
        learns, wanted = self.is_generator_step(), self.config.identity_weight > 0
        mirrored = self.mirrored(a)
        with torch.set_grad_enabled(learns):
            given = [mirror(each, mirrored) for each in (a, *([b] if wanted and learns else []))]
            made, *same = self.forward_batched(self.generator, *given)
        loss_d = self.update_discriminator(b, made)
        if not learns:
            return {"discriminator": loss_d}

        with self.frozen("discriminator"):
            adversarial = self.loss.generator(self.discriminator(self.augment(made)))
            losses = {"adversarial": adversarial, "nce": self.contrast(a, made, mirrored)}
            total = adversarial + self.config.nce_weight * losses["nce"]
            if wanted:
                losses["identity"] = self.contrast(b, same[0], mirrored)
                total = total + self.config.identity_weight * losses["identity"]
            self.update("generator", total)
        return {**losses, "discriminator": loss_d}

    def update_discriminator(self, real: Tensor, made: Tensor) -> Tensor:
        """Update the discriminator; return its loss."""
        real, fake = self.augment(real), self.augment(made.detach())
        loss = self.loss.discriminator(*self.forward_batched(self.discriminator, real, fake))
        loss = (loss + self.penalty(self.discriminator, real, fake)) / 2
        self.update("discriminator", loss)
        return loss

    def contrast(self, given: Tensor, made: Tensor, mirrored: Tensor | None) -> Tensor:
        """Return the mean over layers of equation 4: what was made asks, the picture as it was given answers."""
        queries = [mirror(each, mirrored) for each in self.encoder.features(made)]
        with torch.no_grad():
            keys = self.encoder.features(given)
        total = given.new_zeros((), dtype=torch.float32)
        for head, query, key in zip(self.heads, queries, keys, strict=True):
            pixels = key.shape[2] * key.shape[3]
            draws = self.uniform(len(key), pixels, device=key.device)
            places = draws.topk(min(self.config.patches, pixels), dim=1).indices  # each once, in any order
            with torch.autocast(key.device.type, enabled=False):
                asked = embed(head, query, places)
                with torch.no_grad():
                    answers = embed(head, key, places)
                total = total + patch_nce(asked, answers, self.config.temperature)
        return total / len(queries)

    def mirrored(self, images: Tensor) -> Tensor | None:
        """Return which pictures the generator sees mirrored, (N,): one half, or None without flip_equivariance."""
        if not self.config.flip_equivariance:
            return None
        return self.uniform(len(images), device=images.device) < 0.5

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each picture of a and its translation, one after the other."""
        return torch.stack([batch["a"], networks["generator"](batch["a"]).float()], 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the sliced Wasserstein distance of translations to b (arXiv:1710.10196), times 1000."""
        return {"distance": sliced_wasserstein(networks["generator"](batch["a"]).float(), batch["b"])}


def mirror(images: Tensor, which: Tensor | None) -> Tensor:
    """Return images or features (N, C, H, W), those of ``which`` (N,) with left and right exchanged."""
    return images if which is None else torch.where(which[:, None, None, None], images.flip(3), images)
