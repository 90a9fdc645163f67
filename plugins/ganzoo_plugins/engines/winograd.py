"""PyTorch with Winograd's F(4x4, 3x3) for wide 3x3 convolutions: float32 on CPUs, for the networks of papers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

from ganzoo import Engine
from ganzoo.errors import MeasuredDifference, UnsuitedNetwork

if TYPE_CHECKING:
    from torch import Tensor, nn

LEAST_CHANNELS = 128  # in and out: with fewer, the transforms cost what they save
TOLERANCE = 1e-3  # of the output in [-1, 1]: what conversions for other engines must keep to
SIDE = 64  # of the image that both networks are compared on, in pixels


class Winograd(Engine):
    """Runs the generator with its wide 3x3 convolutions computed by Winograd's algorithm (arXiv:1509.09308).

    It takes four times the memory for the weights of these layers.
    """

    rank = 0.9  # of a network at random; 1.8 for the residual generators of papers
    selective = True

    def attach(self, generator: nn.Module) -> Callable[[Tensor], Tensor]:
        """Return a copy of the generator with these layers.

        Raises:
            UnsuitedNetwork: The generator has no such layers, or computes in another number type.
            MeasuredDifference: The copy computes something else than the generator.
        """
        import torch

        from .winograd_layer import WinogradInference, is_wide

        found = [(name, layer) for name, layer in generator.named_modules() if is_wide(layer, LEAST_CHANNELS)]
        if not found:
            raise UnsuitedNetwork(
                f"winograd is for networks with 3x3 convolutions of at least {LEAST_CHANNELS} channels in float32, and "
                "this one has none. Use the engine torch."
            )
        network = copy.deepcopy(generator)
        for name, layer in found:
            parent, _, own = name.rpartition(".")
            setattr(network.get_submodule(parent), own, WinogradInference(layer))
        network.to(memory_format=torch.channels_last)

        def run(images: Tensor) -> Tensor:
            output: Tensor = network(images.contiguous(memory_format=torch.channels_last))
            return output.contiguous()

        _check(generator, run)
        return run


def _check(generator: nn.Module, run: Callable[[Tensor], Tensor]) -> None:
    """Raise MeasuredDifference where both differ by more than the tolerance on an image of noise."""
    import torch

    side = max(SIDE, 2 * int(getattr(generator, "stride", 1)))
    noise = torch.rand(1, int(generator.in_channels), side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        difference = (run(noise) - generator(noise)).abs().max().item()
    if not difference <= TOLERANCE:
        raise MeasuredDifference(
            f"Winograd's convolutions change this network's output by {difference:.2g}, more than {TOLERANCE:g}. "
            "Use the engine torch."
        )
