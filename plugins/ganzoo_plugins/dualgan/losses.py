"""The critics' loss of DualGAN (arXiv:1704.02510, equations 1 to 3), that of the Wasserstein GAN."""

from __future__ import annotations

from torch import Tensor


class CriticLoss:
    """D minimises D(G(u)) - D(v), G minimises -D(G(u)) (arXiv:1701.07875); D's weights must be kept small."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return mean D(G(u)) - mean D(v)."""
        return fake_logits.mean() - real_logits.mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return -mean D(G(u))."""
        return -fake_logits.mean()
