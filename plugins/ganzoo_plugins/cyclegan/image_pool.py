"""The pool of earlier translations that CycleGAN's discriminators see (arXiv:1703.10593, section 4)."""

from __future__ import annotations

import torch
from torch import Tensor


class ImagePool:
    """The last ``size`` generated images; half of the time D sees an older one (arXiv:1612.07828, section 2.3)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, images: Tensor, draws: Tensor) -> Tensor:
        """Put images in, and take as many out: each its own or, with probability 1/2, an older one.

        Args:
            images: (N, C, H, W).
            draws: (N, 2), uniform in [0, 1): whether to exchange an image, and for which one.

        Returns:
            (N, C, H, W), without gradient unless the pool's size is 0.
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
