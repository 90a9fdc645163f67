"""A small U-Net starts as an excerpt of a larger one: its convolutions are solved for, one after the other.

As channels are pruned in arXiv:1707.06168: keep the channels that matter to what reads them, then choose each layer's
weights by least squares, so that from the small network's own features it computes the large one's kept channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, InstanceNorm

from .networks import EfficientNetUNet, join

POSITIONS = 640  # of an image, on which a layer's equations are summed
RIDGE = 1e-3  # added to the diagonal of the normal equations, times its mean
AT_ONCE = 8  # images


class LeastSquares:
    """The normal equations of one convolution with bias, summed in float64."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        self.convolution = convolution
        unknowns = convolution.in_channels * convolution.kernel_size[0] * convolution.kernel_size[1] + 1
        self.gram = torch.zeros(unknowns, unknowns, dtype=torch.float64)
        self.moments = torch.zeros(unknowns, convolution.out_channels, dtype=torch.float64)
        self.random = torch.Generator().manual_seed(0)

    def add(self, inputs: Tensor, targets: Tensor) -> None:
        """Add equations: inputs (N, in_channels, H, W) should become targets (N, out_channels, H, W)."""
        kernel, padding = self.convolution.kernel_size, self.convolution.padding
        for one, target in zip(inputs.split(1), targets, strict=True):
            places = torch.randperm(target[0].numel(), generator=self.random)[:POSITIONS]
            known = F.unfold(one, kernel, padding=padding)[0][:, places].double()  # type: ignore[arg-type]
            known = torch.cat([known, torch.ones(1, len(places), dtype=torch.float64)])
            self.gram += known @ known.T
            self.moments += known @ target.flatten(1)[:, places].double().T

    def solve(self) -> None:
        """Set the convolution's weights and bias."""
        ridge = RIDGE * self.gram.diagonal().mean() * torch.eye(len(self.gram), dtype=torch.float64)
        solution = torch.linalg.solve(self.gram + ridge, self.moments)
        self.convolution.weight.copy_(solution[:-1].T.reshape(self.convolution.weight.shape))
        bias: Tensor = self.convolution.bias  # type: ignore[assignment]
        bias.copy_(solution[-1])


@dataclass
class Features:
    """A few images on their way through both decoders.

    Attributes:
        skips: The encoder's maps that are still to come, from the image to the coarsest; both networks have the same.
        known: The teacher's features.
        own: The student's.
    """

    skips: list[Tensor]
    known: Tensor
    own: Tensor


@torch.no_grad()
def fit(student: EfficientNetUNet, teacher: nn.Module, images: Tensor) -> None:
    """Give a student weights that come close to its teacher's output on images.

    Args:
        student: Changed in place. Its encoder becomes the teacher's, as deep as it is.
        teacher: At least as wide and deep, with instance norm like the student, and as many residual blocks.
        images: (N, in_channels, H, W) in [-1, 1], of at least as many pixels as a layer has weights.

    Raises:
        GanzooError: the networks do not match.
    """
    teacher = _check(student, teacher)
    depth = len(student.rises)
    encoder = teacher.encoder.state_dict()
    student.encoder.load_state_dict({name: encoder[name] for name in student.encoder.state_dict()})
    batches = [_start(teacher, few, depth) for few in images.split(AT_ONCE)]
    teacher_rises = list(teacher.rises)[-depth:]
    for place, (rise, wide) in enumerate(zip(student.rises, teacher_rises, strict=True)):
        reader = teacher_rises[place + 1][0] if place + 1 < depth else teacher.last
        _fit_rise(rise, wide, _choose(rise, wide, reader), batches)
    system = LeastSquares(student.last)
    for each in batches:
        system.add(each.own, teacher.last(each.known))
    system.solve()


def _start(teacher: EfficientNetUNet, images: Tensor, depth: int) -> Features:
    """Return the features on which the last ``depth`` rises of both decoders work."""
    maps = teacher.encoder(teacher.colors(images))
    own, skips = maps[depth - 1], [images, *maps]
    known = skips.pop()
    for rise in list(teacher.rises)[:-depth]:
        known = rise(join(known, skips.pop()))
    return Features(skips, known, own)


def _convolutions(rise: nn.Module) -> list[nn.Conv2d]:
    """Return a rise's convolutions: the first, then two for each residual block."""
    return [module for module in rise.modules() if isinstance(module, nn.Conv2d)]


def _choose(rise: nn.Module, wide: nn.Module, reader: nn.Conv2d) -> list[Tensor]:
    """Return the teacher's channels to keep: those of the rise's features, then those within each residual block.

    Channels matter by the squares of the weights that read them.
    """
    own, theirs = _convolutions(rise), _convolutions(wide)
    count = theirs[0].out_channels
    read = torch.stack([each.weight[:, :count].square().sum((0, 2, 3)) for each in (reader, *theirs[1::2])]).sum(0)
    within = [each.weight.square().sum((0, 2, 3)) for each in theirs[2::2]]
    sizes = [own[0].out_channels, *(each.out_channels for each in own[1::2])]
    return [each.topk(size).indices.sort().values for each, size in zip([read, *within], sizes, strict=True)]


def _fit_rise(rise: nn.Sequential, wide: nn.Sequential, kept: list[Tensor], batches: list[Features]) -> None:
    """Fit one size of the decoder, and take all features through it in both networks."""
    stream, *within = kept
    for each in batches:
        skip = each.skips.pop()
        each.known, each.own = join(each.known, skip), join(each.own, skip)
    _fit_layer(rise[:3], wide[:3], stream, batches)
    for block, theirs, inside in zip(list(rise)[3:], list(wide)[3:], within, strict=True):
        shortcuts = [(each.known, each.own) for each in batches]
        _fit_layer(block.layers[:3], theirs.layers[:3], inside, batches)
        _fit_layer(block.layers[3:], theirs.layers[3:], stream, batches)
        for each, (known, own) in zip(batches, shortcuts, strict=True):
            each.known, each.own = each.known + known, each.own + own


def _fit_layer(layer: nn.Sequential, wide: nn.Sequential, kept: Tensor, batches: list[Features]) -> None:
    """Solve for a convolution whose norm follows: its targets are the teacher's normalized features."""
    system = LeastSquares(layer[0])
    for each in batches:
        normalized = wide[:2](each.known)
        system.add(each.own, normalized[:, kept])
        each.known = wide[2:](normalized)
    system.solve()
    for each in batches:
        each.own = layer(each.own)


def _check(student: EfficientNetUNet, teacher: nn.Module) -> EfficientNetUNet:
    """Return the teacher. Raises GanzooError where a student cannot be an excerpt of it."""
    if not isinstance(teacher, type(student)):
        raise GanzooError("An efficientnet-unet can be fitted to another one only. Set fit_images=0.")
    ends = [(each.in_channels, each.last.out_channels, each.global_skip) for each in (student, teacher)]
    if ends[0] != ends[1]:
        raise GanzooError("Student and teacher differ in in_channels, out_channels or global_skip. Set fit_images=0.")
    if not all(isinstance(each.rises[0][1], InstanceNorm) for each in (student, teacher)):
        raise GanzooError("Only a network with instance norm can be fitted to one. Set generator.norm=instance.")
    depth = len(student.rises)
    own, theirs = (
        [[layer.out_channels for layer in _convolutions(rise)] for rise in list(network.rises)[-depth:]]
        for network in (student, teacher)
    )
    if [len(rise) for rise in own] != [len(rise) for rise in theirs]:
        raise GanzooError("Student and teacher differ in levels or blocks, and no layers correspond. Set fit_images=0.")
    if own[0][0] > theirs[0][0]:  # widths of all layers are multiples of the first's
        raise GanzooError("A student that is wider than its teacher cannot be fitted to it. Reduce generator.width.")
    return teacher
