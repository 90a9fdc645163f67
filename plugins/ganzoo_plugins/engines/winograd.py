"""PyTorch with Winograd's F(4x4, 3x3) for dense blocks and wide 3x3 convolutions: float32 on CPUs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

from ganzoo import Engine
from ganzoo.contracts.engine import Signature
from ganzoo.errors import MeasuredDifference, UnsuitedNetwork

if TYPE_CHECKING:
    from torch import Tensor, nn

LEAST_CHANNELS = 128  # in and out: with fewer, the transforms cost what they save
TOLERANCE = 1e-3  # of the output in [-1, 1]: what conversions for other engines must keep to
SIDE = 64  # of the output that both networks are compared by, in pixels


class Winograd(Engine):
    """Runs the generator with its dense blocks and wide 3x3 convolutions by Winograd's algorithm (arXiv:1509.09308).

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

        from .dense_winograd import TiledConvolution, share_transforms
        from .winograd_layer import WinogradInference, is_wide

        network = share_transforms(copy.deepcopy(generator))
        shared = any(isinstance(layer, TiledConvolution) for layer in network.modules())
        found = [(name, layer) for name, layer in network.named_modules() if is_wide(layer, LEAST_CHANNELS)]
        if not (found or shared):
            raise UnsuitedNetwork(
                f"winograd is for networks with dense blocks, or 3x3 convolutions of at least {LEAST_CHANNELS} "
                "channels, in float32, and this one has neither. Use the engine torch."
            )
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
    """Compare both on an image of noise.

    Raises:
        MeasuredDifference: They differ by more than the tolerance.
        UnsuitedNetwork: One does not run.
    """
    import torch

    stride, least, scale = (int(getattr(generator, name, 1)) for name in ("stride", "least", "scale"))
    side = Signature(stride=stride, least=least).padded(SIDE // scale)
    noise = torch.rand(1, int(generator.in_channels), side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    try:
        with torch.inference_mode():
            difference = (run(noise) - generator(noise)).abs().max().item()
    except Exception as error:  # a forward may raise anything
        raise UnsuitedNetwork(f"winograd could not be compared with this network: {error}") from error
    if not difference <= TOLERANCE:
        raise MeasuredDifference(
            f"Winograd's convolutions change this network's output by {difference:.2g}, more than {TOLERANCE:g}. "
            "Use the engine torch."
        )
