"""Folds batch norms into the convolutions before them: the same function with one less pass over memory."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils import fuse_conv_bn_eval


def fold(network: nn.Module) -> nn.Module:
    """Fold every batch norm that is registered right after its convolution; return the network, in eval mode.

    For networks whose layers run in the order of registration. The activation that is part of timm's norms stays.
    """
    network.eval()
    for module in network.modules():
        children = [*module.named_children()]
        for (name, before), (norm_name, norm) in pairwise(children):
            if isinstance(before, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(before, norm))
                setattr(module, norm_name, getattr(norm, "act", nn.Identity()))
    return network
