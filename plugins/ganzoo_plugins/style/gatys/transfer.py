"""Style transfer by optimizing the image itself (Gatys, Ecker, Bethge, arXiv:1508.06576, CVPR 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import Features
from ganzoo_plugins.style.colors import transfer_colors
from ganzoo_plugins.style.perception import (
    Perception,
    Statistics,
    content_loss,
    gram_distance,
    measure_style,
    style_loss,
    total_variation,
)
from ganzoo_plugins.style.pyramid import fit_style, join, resize, split

SCALES = 3  # sizes at which an image is optimized, each twice the one before
COARSEST = 64  # pixels, the least shorter side of the smaller sizes
RANGE_WEIGHT = 10.0  # of the squared distance of values from [-1, 1]


class GatysTransfer(nn.Module):
    """Minimizes content loss + ``style_weight`` * style loss + ``variation_weight`` * total variation over the image.

    The losses are equations 1 and 3 to 7 of arXiv:1508.06576 on the maps of ``features``, normalized as described in
    `perception`. L-BFGS minimizes them, as in the CVPR paper. Unlike the paper, so that features other than VGG's give
    clean images: the image is optimized as a Laplacian pyramid, at up to three sizes from coarse to fine, a third of
    the ``steps`` at each (as arXiv:1611.07865 does for large images); the content is the photograph in the painting's
    colors, which is also the start unless ``start`` is "noise"; and total variation is penalized.

    It has no parameters. The same image, style and options give the same result.

    Args:
        features: The network of feature maps.
        steps: Evaluations of the losses, for all sizes together.
        style_weight: Weight of the style loss; that of the content loss is 1.
        variation_weight: Weight of total variation.
        content_reduction: Content is compared in the deepest map with at most this many pixels a step.
        style_scale: Shorter side of the style relative to that of the image.
        start: "content", or "noise" for the paper's white noise.
        seed: Seed of that noise.
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
        self.perception = Perception(features, content_reduction)  # not a submodule, so that it is not saved
        self.steps, self.style_weight, self.variation_weight = steps, style_weight, variation_weight
        self.style_scale, self.start, self.seed = style_scale, start, seed

    def forward(self, images: Tensor, style: Tensor) -> Tensor:
        """Paint images in a style, each optimized by itself.

        Gradients are computed inside, even under ``torch.inference_mode``; none flow to the inputs.

        Args:
            images: (N, 3, H, W) in [-1, 1].
            style: (N or 1, 3, h, w) in [-1, 1].

        Returns:
            (N, 3, H, W) in [-1, 1].
        """
        with torch.inference_mode(False), torch.enable_grad():
            self.perception.features.to(images.device)  # type: ignore[attr-defined]
            photos = images.detach().float().clone().split(1)
            styles = style.detach().float().clone().split(1)
            painted = [self._paint(photo, styles[index % len(styles)]) for index, photo in enumerate(photos)]
        return torch.cat(painted)

    def _paint(self, photo: Tensor, style: Tensor) -> Tensor:
        sizes = working_sizes(*photo.shape[2:])
        painted = None
        for index, size in enumerate(sizes):
            small = resize(photo, size)
            small_style = fit_style(style, small, self.style_scale)
            content = transfer_colors(small, small_style)
            if painted is None:
                painted = content if self.start == "content" else self._noise(content)
            steps = self.steps * (index + 1) // len(sizes) - self.steps * index // len(sizes)
            painted = self._optimize(resize(painted, size), content, small_style, steps)
        return painted.clamp(-1, 1)

    def _noise(self, like: Tensor) -> Tensor:
        random = torch.Generator().manual_seed(self.seed)
        return (0.25 * torch.randn(like.shape, generator=random)).to(like.device)

    def _optimize(self, start: Tensor, content: Tensor, style: Tensor, steps: int) -> Tensor:
        """Return the image after L-BFGS from ``start``, at one size."""
        with torch.no_grad():
            content_target = self.perception(content).content
            style_target = measure_style(style, self.perception)
        levels = [each.clone(memory_format=torch.contiguous_format).requires_grad_(True) for each in split(start)]
        optimizer = torch.optim.LBFGS(
            levels, max_iter=steps, max_eval=steps + 1, history_size=20, tolerance_grad=0, tolerance_change=0
        )

        def closure() -> Tensor:
            optimizer.zero_grad()
            total = self._loss(join(levels), content_target, style_target)
            total.backward()  # type: ignore[no-untyped-call]
            return total

        if steps:
            optimizer.step(closure)  # type: ignore[arg-type]
        return join(levels).detach()

    def _loss(self, images: Tensor, content_target: Tensor, style_target: list[Statistics]) -> Tensor:
        features = self.perception(images)
        distances = [gram_distance(*each) for each in zip(features.style, style_target, strict=True)]
        total = content_loss(features.content, content_target) + self.style_weight * style_loss(distances)
        total = total + self.variation_weight * total_variation(images)
        return total + RANGE_WEIGHT * (images.abs() - 1).clamp(min=0).square().mean()


def working_sizes(height: int, width: int) -> list[list[int]]:
    """Return the sizes (height, width) at which an image is optimized, coarse to fine."""
    halvings = 0
    while halvings < SCALES - 1 and min(height, width) >> (halvings + 1) >= COARSEST:
        halvings += 1
    return [[-(-side // 2**times) for side in (height, width)] for times in range(halvings, -1, -1)]
