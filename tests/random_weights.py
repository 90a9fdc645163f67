"""Files of random weights for the extractors whose real ones are downloads."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ganzoo_plugins.extractors import inception as extractor

TINY_TIMM = "test_resnet.r160_in1k"  # timm's own for tests: 0.5 million parameters, 160x160


def inception(path: Path, seed: int = 0) -> Path:
    """Write a state dict of Inception, its batch norms with statistics as a trained network has them; 95 MB."""
    random = torch.Generator().manual_seed(seed)
    network = extractor.load_layers()[1].to_empty(device="cpu")
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            module.weight.data.normal_(0, (2 / fan_in) ** 0.5, generator=random)
        if isinstance(module, nn.BatchNorm2d):
            module.num_batches_tracked.zero_()
            module.running_mean.normal_(0, 0.1, generator=random)
            module.running_var.uniform_(0.5, 2, generator=random)
            module.weight.data.uniform_(0.5, 1.5, generator=random)
            module.bias.data.normal_(0, 0.1, generator=random)
    network.fc.bias.data.normal_(0, 0.1, generator=random)
    torch.save(network.state_dict(), path)
    return path


def tiny_timm(path: Path, seed: int = 0) -> Path:
    """Write a state dict of the network that timm calls `TINY_TIMM`."""
    import timm

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.save(timm.create_model(TINY_TIMM).state_dict(), path)
    return path
