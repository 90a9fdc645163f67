"""Style transfer by optimizing the picture itself (Gatys, Ecker, Bethge, arXiv:1508.06576, CVPR 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import Features

from .colors import colored
from .perception import Perception, Statistics, content_loss, gram_distance, style_loss, style_of, total_variation
from .pyramid import fitted, join, resized, split

SCALES = 3  # sizes that a picture is worked at, each twice the one before
COARSEST = 64  # pixels of the shorter side at least, where there is more than one size
RANGE_WEIGHT = 10.0  # of the squared distance of values from [-1, 1]


class GatysTransfer(nn.Module):
    """Minimizes content loss + ``style_weight`` * style loss + ``variation_weight`` * total variation over the picture.

    The losses are equations 1 and 3 to 7 of arXiv:1508.06576 on the maps of ``features``, normalized as `perception`
    says, and L-BFGS minimizes them, as in the CVPR paper. So that features other than VGG's make clean pictures, and
    other than the paper: the picture is optimized as a Laplacian pyramid, and at up to three sizes, from coarse to
    fine, a third of the ``steps`` at each (as arXiv:1611.07865 does for large pictures); the content is the photograph
    in the painting's colors; the picture begins as that (``start`` "content"; "noise" is the paper's white noise,
    drawn from ``seed``); and total variation is penalized.
    It learns nothing and has no parameters. The same picture, style and options give the same result.
    """

    stride, in_channels, out_channels = 1, 3, 3

    def __init__(
        self,
        features: Features,
        steps: int = 150,
        style_weight: float = 1.0,
        variation_weight: float = 0.1,
        content_reduction: int = 8,
        style_scale: float = 1.0,
        start: str = "content",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.perception = Perception(features, content_reduction)  # no submodule: it is no part of what is saved
        self.steps, self.style_weight, self.variation_weight = steps, style_weight, variation_weight
        self.style_scale, self.start, self.seed = style_scale, start, seed

    def forward(self, images: Tensor, style: Tensor) -> Tensor:
        """Paint images (N, 3, H, W) in the style of (N or 1, 3, h, w), both in [-1, 1]; the result is too.

        Each is optimized by itself. Gradients are taken within, whatever mode the caller is in; none flow outside.
        """
        with torch.inference_mode(False), torch.enable_grad():
            self.perception.features.to(images.device)  # type: ignore[attr-defined]
            pictures = images.detach().float().clone().split(1)
            styles = style.detach().float().clone().split(1)
            made = [self._paint(each, styles[place % len(styles)]) for place, each in enumerate(pictures)]
        return torch.cat(made)

    def _paint(self, photo: Tensor, style: Tensor) -> Tensor:
        sizes = working_sizes(*photo.shape[2:])
        painted = None
        for place, size in enumerate(sizes):
            small = resized(photo, size)
            small_style = fitted(style, small, self.style_scale)
            content = colored(small, small_style)
            if painted is None:
                painted = content if self.start == "content" else self._noise(content)
            share = self.steps * (place + 1) // len(sizes) - self.steps * place // len(sizes)
            painted = self._optimized(resized(painted, size), content, small_style, share)
        return painted.clamp(-1, 1)

    def _noise(self, like: Tensor) -> Tensor:
        random = torch.Generator().manual_seed(self.seed)
        return (0.25 * torch.randn(like.shape, generator=random)).to(like.device)

    def _optimized(self, start: Tensor, content: Tensor, style: Tensor, steps: int) -> Tensor:
        """Return ``start`` after L-BFGS, at one size."""
        with torch.no_grad():
            wanted, target = self.perception(content).content, style_of(style, self.perception)
        levels = [each.clone(memory_format=torch.contiguous_format).requires_grad_(True) for each in split(start)]
        optimizer = torch.optim.LBFGS(
            levels, max_iter=steps, max_eval=steps + 1, history_size=20, tolerance_grad=0, tolerance_change=0
        )

        def closure() -> Tensor:
            optimizer.zero_grad()
            total = self._total(join(levels), wanted, target)
            total.backward()  # type: ignore[no-untyped-call]
            return total

        if steps:
            optimizer.step(closure)  # type: ignore[arg-type]
        return join(levels).detach()

    def _total(self, images: Tensor, wanted: Tensor, target: list[Statistics]) -> Tensor:
        seen = self.perception(images)
        distances = [gram_distance(*each) for each in zip(seen.style, target, strict=True)]
        total = content_loss(seen.content, wanted) + self.style_weight * style_loss(distances)
        total = total + self.variation_weight * total_variation(images)
        return total + RANGE_WEIGHT * (images.abs() - 1).clamp(min=0).square().mean()


def working_sizes(height: int, width: int) -> list[list[int]]:
    """Return the (height, width) that a picture is worked at, coarse to fine."""
    halvings = 0
    while halvings < SCALES - 1 and min(height, width) >> (halvings + 1) >= COARSEST:
        halvings += 1
    return [[-(-side // 2**times) for side in (height, width)] for times in range(halvings, -1, -1)]
