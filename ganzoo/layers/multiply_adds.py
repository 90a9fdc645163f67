"""Multiply-adds of a network, counted as torch dispatches them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.layers.replace_custom_layers import replace_custom_layers


def count_multiply_adds(network: nn.Module, *inputs: Tensor) -> int:
    """Return the multiply-adds of convolutions and matrix products in one pass, exactly; norms and sums do not count.

    Layers that compute the same in another way, such as Winograd's, count as the layers that they replace.

    Args:
        network: Any module. On the device "meta" it computes nothing and takes no memory.
        *inputs: What it takes, on the same device.
    """
    from torch.utils.flop_counter import FlopCounterMode  # it imports Triton where that is installed

    plain, counter = replace_custom_layers(network), FlopCounterMode(display=False)
    with counter, torch.no_grad():
        plain(*inputs)
    total: Any = counter.get_total_flops()
    return int(total) // 2
