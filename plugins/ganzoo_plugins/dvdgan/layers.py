"""What DVD-GAN's networks are made of: residual blocks as BigGAN has them, in two and three dimensions, and a ConvGRU.

Every weight starts orthogonal and is divided by its largest singular value, in generator and discriminators alike.
"""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

Layer = TypeVar("Layer", nn.Linear, nn.Embedding, nn.Conv2d, nn.Conv3d)


def spectral(layer: Layer) -> Layer:
    """Make a layer's weight orthogonal and its bias zero, and divide by the singular value (arXiv:1802.05957)."""
    nn.init.orthogonal_(layer.weight)
    if getattr(layer, "bias", None) is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return spectral_norm(layer)


def conv(inputs: int, outputs: int, size: int = 3, dimensions: int = 2) -> nn.Module:
    """Return a convolution that keeps height and width, and in three dimensions the number of frames."""
    kind = nn.Conv3d if dimensions == 3 else nn.Conv2d
    return spectral(kind(inputs, outputs, size, padding=size // 2))


class ConditionalNorm(nn.Module):
    """Batch norm whose scale and shift are linear in a vector beside the image, [z; e(y)]."""

    def __init__(self, channels: int, conditions: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale, self.shift = (spectral(nn.Linear(conditions, channels, bias=False)) for _ in range(2))

    def forward(self, features: Tensor, conditioning: Tensor) -> Tensor:
        """Take (N * T, C, H, W) and (N, conditions), which counts for the T frames of a clip alike."""
        frames = len(features) // len(conditioning)
        scale, shift = (
            layer(conditioning).repeat_interleave(frames, 0)[:, :, None, None] for layer in (self.scale, self.shift)
        )
        return self.norm(features) * (1 + scale) + shift


class UpBlock(nn.Module):
    """BigGAN's residual block of generators: norm, ReLU, perhaps enlarge, convolve, twice; and a shortcut."""

    def __init__(self, inputs: int, outputs: int, conditions: int, enlarge: bool) -> None:
        super().__init__()
        self.enlarge = enlarge
        self.norms = nn.ModuleList([ConditionalNorm(inputs, conditions), ConditionalNorm(outputs, conditions)])
        self.first, self.second = conv(inputs, outputs), conv(outputs, outputs)
        self.shortcut = conv(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, features: Tensor, conditioning: Tensor) -> Tensor:
        changed = F.relu(self.norms[0](features, conditioning))
        changed = self.first(self._larger(changed))
        changed = self.second(F.relu(self.norms[1](changed, conditioning)))
        return changed + self._larger(self.shortcut(features))

    def _larger(self, features: Tensor) -> Tensor:
        return F.interpolate(features, scale_factor=2.0, mode="nearest") if self.enlarge else features


class DownBlock(nn.Module):
    """BigGAN's residual block of discriminators, in two dimensions or three; ``shrink`` halves what can be halved.

    first   takes images, which are not put through a ReLU
    """

    def __init__(self, inputs: int, outputs: int, shrink: bool, first: bool = False, dimensions: int = 2) -> None:
        super().__init__()
        self.shrink, self.begins, self.dimensions = shrink, first, dimensions
        self.first, self.second = (conv(each, outputs, 3, dimensions) for each in (inputs, outputs))
        other = first or inputs != outputs
        self.shortcut = conv(inputs, outputs, 1, dimensions) if other else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        changed = self.first(features if self.begins else F.relu(features))
        changed = self.second(F.relu(changed))
        # A mean over pixels and a convolution of one pixel can be done in either order: this one is cheaper.
        return self._smaller(changed) + self.shortcut(self._smaller(features))

    def _smaller(self, features: Tensor) -> Tensor:
        if not self.shrink:
            return features
        if self.dimensions == 2:
            return F.avg_pool2d(features, 2)
        return F.avg_pool3d(features, (min(2, features.shape[2]), 2, 2))


class ConvGRU(nn.Module):
    """A recurrent unit over the frames of a clip, with 3x3 convolutions and ReLU for the candidate (appendix A).

    R = s(W_r [H; X] + b_r), U = s(W_u [H; X] + b_u), C = relu(W_c [X; R * H] + b_c), H' = U * H + (1 - U) * C,
    from H = 0.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.reset, self.keep, self.candidate = (conv(2 * channels, channels) for _ in range(3))

    def forward(self, inputs: Tensor, frames: int) -> Tensor:
        """Turn (N, T or 1, C, H, W), one input for all frames or one each, into states (N, T, C, H, W)."""
        gates = (self.reset, self.keep, self.candidate)
        weights = [gate.weight.split(self.channels, 1) for gate in gates]  # of the state, of the input; made once
        # Convolving [H; X] is convolving both and adding: the inputs of all frames go at once.
        of_inputs = [
            F.conv2d(inputs.flatten(0, 1), own, gate.bias, padding=1).unflatten(0, inputs.shape[:2]).unbind(1)
            for gate, (_, own) in zip(gates, weights, strict=True)
        ]
        both = torch.cat([weights[0][0], weights[1][0]])
        state, states = torch.zeros_like(of_inputs[2][0]), []
        for frame in range(frames):
            reset, keep, candidate = (each[frame % len(each)] for each in of_inputs)
            of_reset, of_keep = F.conv2d(state, both, padding=1).split(self.channels, 1)
            reset, keep = torch.sigmoid(reset + of_reset), torch.sigmoid(keep + of_keep)
            candidate = F.relu(candidate + F.conv2d(reset * state, weights[2][0], padding=1))
            state = keep * state + (1 - keep) * candidate
            states.append(state)
        return torch.stack(states, 1)
