"""CUT: unpaired translation in one direction, by contrastive learning (arXiv:2007.15651, equations 1-5)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, Recipe, sliced_wasserstein

from .losses import patch_nce
from .networks import Encoder, Heads, embed

LAYERS = "input,layers.4,layers.7,layers.10,layers.14"
LAYERS_WITH_BLURS = "input,layers.4,layers.8,layers.12,layers.16"


class CUTRecipe(Recipe):
    """A patch of the output should be more similar to the input's patch at its position than to the other patches.

    Equation 5: L_GAN + nce_weight * PatchNCE(G, H, a) + identity_weight * PatchNCE(G, H, b). The authors' code halves
    both contrastive terms of CUT; here both weights are as in the paper. As in that code, no gradient flows through the
    input's features, the discriminator is updated first, and its loss is halved (CycleGAN, section 4).

    Where outputs have other channels than inputs, which the paper does not treat, a learned 1x1 convolution leads them
    to the encoder, and there is no identity loss.

    Missing pixels are 0 in images and translations. A patch that covers one is neither a query nor a key, as far as the
    stride of its layer goes: what reaches it from beyond is 0 in both.
    """

    takes_masks = True

    validation_batch = 32  # a distance between two sets needs many images of each

    def __init__(self, config, parts) -> None:
        self.config = config
        size, inner, outer = config.image_size, config.input_channels, config.channels
        require_equal_channels(config)
        as_paper = {"antialias": True, "init": config.init}
        self.generator = parts.build("generator", in_channels=inner, out_channels=outer, image_size=size, **as_paper)
        self.discriminator = parts.build(
            "discriminator", in_channels=outer, channels=outer, image_size=size, **as_paper
        )
        self.loss = parts.build("loss", factor=1.0)  # as in CycleGAN: squares without the factor 1/2
        self.encoder = Encoder(self.generator, (config.layers or papers_layers(self.generator)).split(","))
        self.heads = Heads(self.feature_channels(torch.zeros(1, inner, size, size)), config.head_width, config.init)
        self.networks = {"generator": self.generator, "heads": self.heads, "discriminator": self.discriminator}
        if inner != outer:  # outputs reach the encoder, which takes inputs, through a learned mixture of their channels
            self.networks["adapter"] = nn.Conv2d(outer, inner, 1)
        learned = [network for name, network in self.networks.items() if name != "discriminator"]
        self.optimizers = {
            "generator": self.adam(*learned),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports, self.discriminators = {"": "generator"}, {"": "discriminator"}

    def feature_channels(self, images: Tensor) -> list[int]:
        """Return the channels of the contrasted features, without changing the generator."""
        self.generator.eval()
        with torch.no_grad():
            channels = self.encoder.channels(images)
        self.generator.train()
        return channels

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the discriminator, then the generator and the projection heads on the same images."""
        a, b, valid_a, valid_b = batch["a"], batch["b"], batch.get("valid_a"), batch.get("valid_b")
        is_generator_step, use_identity = self.is_generator_step(), self.config.identity_weight > 0
        mirrored = self.draw_mirrored(a)
        with torch.set_grad_enabled(is_generator_step):
            inputs = [mirror(each, mirrored) for each in (a, *([b] if use_identity and is_generator_step else []))]
            fake, *identity = self.forward_batched(self.generator, *inputs)
            fake = self.keep_valid(fake, None if valid_a is None else mirror(valid_a, mirrored))
        loss_d = self.update_discriminator(b, fake)
        if not is_generator_step:
            return {"discriminator": loss_d}

        with self.frozen("discriminator"):
            adversarial = self.loss.generator(
                self.discriminator(self.augment(fake)), lambda: self.discriminator(self.augment(b))
            )
            losses = {"adversarial": adversarial, "nce": self.contrastive_loss(a, fake, mirrored, valid_a)}
            total = adversarial + self.config.nce_weight * losses["nce"]
            if use_identity:
                same = self.keep_valid(identity[0], None if valid_b is None else mirror(valid_b, mirrored))
                losses["identity"] = self.contrastive_loss(b, same, mirrored, valid_b)
                total = total + self.config.identity_weight * losses["identity"]
            self.update("generator", self.with_extra_losses(total, losses, batch, {"image": fake}))
        return {**losses, "discriminator": loss_d}

    def update_discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Update the discriminator; return its loss."""
        real, fake = self.augment(real), self.augment(fake.detach())
        loss = self.loss.discriminator(*self.forward_batched(self.discriminator, real, fake))
        loss = (loss + self.penalty(self.discriminator, real, fake)) / 2
        self.update("discriminator", loss)
        return loss

    def contrastive_loss(
        self, inputs: Tensor, outputs: Tensor, mirrored: Tensor | None, valid: Tensor | None = None
    ) -> Tensor:
        """Return the mean over layers of equation 4: outputs give the queries, inputs the keys.

        Positions are drawn where inputs are ``valid`` (N, 1, H, W), as long as there are any.
        """
        adapter = self.networks.get("adapter")
        queries = self.encoder.features(outputs if adapter is None else adapter(outputs))
        queries = [mirror(each, mirrored) for each in queries]
        with torch.no_grad():
            keys = self.encoder.features(inputs)
        total = inputs.new_zeros((), dtype=torch.float32)
        for head, query, key in zip(self.heads, queries, keys, strict=True):
            pixels = key.shape[2] * key.shape[3]
            draws = self.uniform(len(key), pixels, device=key.device)
            whole = None if valid is None else whole_patches(valid, key)
            draws = draws if whole is None else draws + whole
            positions = draws.topk(min(self.config.patches, pixels), dim=1).indices  # each once, in any order
            with torch.autocast(key.device.type, enabled=False):
                query_vectors = embed(head, query, positions)
                with torch.no_grad():
                    key_vectors = embed(head, key, positions)
                total = total + patch_nce(
                    query_vectors,
                    key_vectors,
                    self.config.temperature,
                    None if whole is None else whole.gather(1, positions),
                )
        return total / len(queries)

    def draw_mirrored(self, images: Tensor) -> Tensor | None:
        """Draw which images the generator sees mirrored, (N,), half of them; None without flip_equivariance."""
        if not self.config.flip_equivariance:
            return None
        return self.uniform(len(images), device=images.device) < 0.5

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each image of a and its translation, one after the other."""
        return self.side_by_side(batch["a"], networks["generator"](batch["a"]).float())

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the sliced Wasserstein distance of translations to b (arXiv:1710.10196), times 1000."""
        fake = self.keep_valid(networks["generator"](batch["a"]).float(), batch.get("valid_a"))
        return {"distance": sliced_wasserstein(fake, batch["b"])}


def papers_layers(generator: nn.Module) -> str:
    """Return the layers of section 4.1 in generator:resnet, whose blurs on the way down are layers of their own."""
    options = getattr(generator, "architecture").options  # noqa: B009 - torch's modules have no declared one
    return LAYERS_WITH_BLURS if options.get("antialias") in (True, "down") else LAYERS


def whole_patches(valid: Tensor, features: Tensor) -> Tensor:
    """Return bool (N, H * W): which positions of features (N, C, H, W) stand for pixels that are all valid."""
    missing = F.adaptive_max_pool2d(1 - valid, features.shape[2:])
    return missing.flatten(1) == 0


def mirror(images: Tensor, which: Tensor | None) -> Tensor:
    """Return images or features (N, C, H, W), those of ``which`` (N,) with left and right exchanged."""
    return images if which is None else torch.where(which[:, None, None, None], images.flip(3), images)


def require_equal_channels(config) -> None:
    """Raise GanzooError for an identity loss between images of unlike channels."""
    if config.identity_weight and config.input_channels != config.channels:
        raise GanzooError(
            f"identity_weight={config.identity_weight} translates targets as if they were inputs, which needs equal "
            f"channels: these data have {config.input_channels} and {config.channels}. Set identity_weight=0, as "
            "fastcut does."
        )
