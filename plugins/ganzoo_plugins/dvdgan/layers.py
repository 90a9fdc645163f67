"""Layers of DVD-GAN: BigGAN's residual blocks, in two and three dimensions, and a ConvGRU.

All weights of generator and discriminators start orthogonal and are divided by their largest singular value.
"""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

Layer = TypeVar("Layer", nn.Linear, nn.Embedding, nn.Conv2d, nn.Conv3d)


def spectral(layer: Layer) -> Layer:
    """Initialize a layer's weight orthogonally, its bias to zero, and normalize it spectrally (arXiv:1802.05957)."""
    nn.init.orthogonal_(layer.weight)
    if getattr(layer, "bias", None) is not None:
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return spectral_norm(layer)


def conv(inputs: int, outputs: int, size: int = 3, dimensions: int = 2) -> nn.Module:
    """Build a convolution that preserves height and width, and in three dimensions the number of frames."""
    kind = nn.Conv3d if dimensions == 3 else nn.Conv2d
    return spectral(kind(inputs, outputs, size, padding=size // 2))


class ConditionalNorm(nn.Module):
    """Batch norm whose scale and shift are linear in a conditioning vector, [z; e(y)]."""

    def __init__(self, channels: int, conditions: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale, self.shift = (spectral(nn.Linear(conditions, channels, bias=False)) for _ in range(2))

    def forward(self, features: Tensor, conditioning: Tensor) -> Tensor:
        """Normalize features (N * T, C, H, W); the T frames of a clip share its conditioning (N, conditions)."""
        frames = len(features) // len(conditioning)
        scale, shift = (
            layer(conditioning).repeat_interleave(frames, 0)[:, :, None, None] for layer in (self.scale, self.shift)
        )
        return self.norm(features) * (1 + scale) + shift


class UpBlock(nn.Module):
    """BigGAN's residual block for generators: twice norm, ReLU, optional upsampling and convolution; and a shortcut."""

    def __init__(self, inputs: int, outputs: int, conditions: int, enlarge: bool) -> None:
        super().__init__()
        self.enlarge = enlarge
        self.norms = nn.ModuleList([ConditionalNorm(inputs, conditions), ConditionalNorm(outputs, conditions)])
        self.first, self.second = conv(inputs, outputs), conv(outputs, outputs)
        self.shortcut = conv(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, features: Tensor, conditioning: Tensor) -> Tensor:
        """Return features (N, out, H, W), or of twice the size, conditioned by (N, conditions)."""
        residual = F.relu(self.norms[0](features, conditioning))
        residual = self.first(self._upsample(residual))
        residual = self.second(F.relu(self.norms[1](residual, conditioning)))
        return residual + self._upsample(self.shortcut(features))

    def _upsample(self, features: Tensor) -> Tensor:
        return F.interpolate(features, scale_factor=2.0, mode="nearest") if self.enlarge else features


class DownBlock(nn.Module):
    """BigGAN's residual block for discriminators, in two or three dimensions.

    Args:
        inputs: Input channels.
        outputs: Output channels.
        shrink: Halve height and width, and the number of frames if there is more than one.
        first: The input is an image, without ReLU before the first convolution.
        dimensions: 2 or 3.
    """

    def __init__(self, inputs: int, outputs: int, shrink: bool, first: bool = False, dimensions: int = 2) -> None:
        super().__init__()
        self.shrink, self.is_first, self.dimensions = shrink, first, dimensions
        self.first, self.second = (conv(each, outputs, 3, dimensions) for each in (inputs, outputs))
        other = first or inputs != outputs
        self.shortcut = conv(inputs, outputs, 1, dimensions) if other else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """Return features with the block's channels, of half the size where it reduces."""
        residual = self.first(features if self.is_first else F.relu(features))
        residual = self.second(F.relu(residual))
        # Pooling and a 1x1 convolution commute: this order is cheaper.
        return self._downsample(residual) + self.shortcut(self._downsample(features))

    def _downsample(self, features: Tensor) -> Tensor:
        if not self.shrink:
            return features
        if self.dimensions == 2:
            return F.avg_pool2d(features, 2)
        return F.avg_pool3d(features, (min(2, features.shape[2]), 2, 2))


class ConvGRU(nn.Module):
    """A recurrent unit over the frames of a clip, with 3x3 convolutions, and ReLU for the candidate (appendix A).

    R = s(W_r [H; X] + b_r), U = s(W_u [H; X] + b_u), C = relu(W_c [X; R * H] + b_c), H' = U * H + (1 - U) * C,
    from H = 0.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.reset, self.keep, self.candidate = (conv(2 * channels, channels) for _ in range(3))

    def forward(self, inputs: Tensor, frames: int) -> Tensor:
        """Map inputs (N, T or 1, C, H, W), one for each frame or one for all, to states (N, T, C, H, W)."""
        gates = (self.reset, self.keep, self.candidate)
        weights = [gate.weight.split(self.channels, 1) for gate in gates]  # for the state, for the input
        # Convolving [H; X] is convolving both and adding, so the inputs of all frames are convolved at once.
        from_inputs = [
            F.conv2d(inputs.flatten(0, 1), input_weight, gate.bias, padding=1).unflatten(0, inputs.shape[:2]).unbind(1)
            for gate, (_, input_weight) in zip(gates, weights, strict=True)
        ]
        gate_weights = torch.cat([weights[0][0], weights[1][0]])
        state, states = torch.zeros_like(from_inputs[2][0]), []
        for frame in range(frames):
            reset, keep, candidate = (each[frame % len(each)] for each in from_inputs)
            state_reset, state_keep = F.conv2d(state, gate_weights, padding=1).split(self.channels, 1)
            reset, keep = torch.sigmoid(reset + state_reset), torch.sigmoid(keep + state_keep)
            candidate = F.relu(candidate + F.conv2d(reset * state, weights[2][0], padding=1))
            state = keep * state + (1 - keep) * candidate
            states.append(state)
        return torch.stack(states, 1)
