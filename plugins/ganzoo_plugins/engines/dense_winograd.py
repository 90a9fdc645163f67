"""Dense blocks by Winograd's F(4x4, 3x3), in which features that are concatenated are transformed once.

A convolution of a dense block reads the features of all layers before it. Winograd's transform treats each channel by
itself, so the transform of a concatenation is that of its parts. ESRGAN's blocks (arXiv:1809.00219) read 640 channels
in five convolutions, of which 192 are distinct.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from ganzoo.layers.winograd import PIXEL_TRANSFORM, RESULT_TRANSFORM, filters, transform_matrix

from .winograd_layer import is_wide

LEAST_CHANNELS = 16  # in and out of each convolution
LEAST_CONVOLUTIONS = 3  # that read the same features
TILES = 128  # that are computed at once, so that what is computed of them stays in the processor's cache
GROUP = 32  # channels that are transformed at once, for the same reason


class Tiles:
    """The transformed tiles of features that grow by concatenation, each part transformed once.

    Parts are transformed when they are first read, so that the processor's cache still has them for the convolution.
    All products are batches of small ones, which torch computes on all threads; one wide product it does not.

    Args:
        like: The first part, (N, C, H, W).
        channels: Of all parts.
    """

    def __init__(self, like: Tensor, channels: int) -> None:
        self.count, _, self.high, self.wide = like.shape
        self.down, self.across = -(-self.high // 4), -(-self.wide // 4)
        rows = max(1, TILES // self.across)
        places = [(image, top) for image in range(self.count) for top in range(0, self.down, rows)]
        self.bands = [
            (image, top, like.new_empty(channels, 36, min(rows, self.down - top) * self.across))
            for image, top in places
        ]
        self.filled = 0
        self.waiting: list[tuple[int, Tensor]] = []  # the first channel and the squares of parts to transform
        self.pixels = transform_matrix(PIXEL_TRANSFORM, like)
        self.results = transform_matrix(RESULT_TRANSFORM, like)

    def append(self, part: Tensor) -> Tiles:
        """Take the next part, (N, C, H, W)."""
        padded = part.new_zeros(*part.shape[:2], 4 * self.down + 2, 4 * self.across + 2)
        padded[:, :, 1 : self.high + 1, 1 : self.wide + 1] = part
        squares = padded.unfold(2, 6, 4).unfold(3, 6, 4).permute(0, 1, 4, 5, 2, 3)  # (N, C, 6, 6, down, across)
        self.waiting.append((self.filled, squares))
        self.filled += part.shape[1]
        return self

    def convolve(self, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Convolve the first C channels by transformed filters (36, K, C): (N, K, H, W)."""
        outputs, channels = weight.shape[1:]
        out = weight.new_empty(self.count, outputs, 4 * self.down, 4 * self.across)
        squares = out.view(self.count, outputs, self.down, 4, self.across, 4)
        results = self.results.expand(outputs, -1, -1)
        for image, top, band in self.bands:
            rows = band.shape[2] // self.across
            self._transform(image, top, band)
            products = torch.bmm(weight, band[:channels].transpose(0, 1))
            found = torch.bmm(results, products.transpose(0, 1)).view(outputs, 4, 4, rows, self.across)
            squares[image, :, top : top + rows] = found.permute(0, 3, 1, 4, 2)
        self.waiting.clear()
        if bias is not None:
            out += bias[:, None, None]
        return out[:, :, : self.high, : self.wide]

    def _transform(self, image: int, top: int, band: Tensor) -> None:
        """Transform a band of the parts that wait."""
        rows = slice(top, top + band.shape[2] // self.across)
        for start, squares in self.waiting:
            for first in range(0, squares.shape[1], GROUP):
                group = squares[image, first : first + GROUP, ..., rows, :].flatten(1, 2).flatten(2)
                place = slice(start + first, start + first + len(group))
                torch.bmm(self.pixels.expand(len(group), -1, -1), group, out=band[place])


class TiledConvolution(nn.Module):
    """Computes what a 3x3 convolution with padding does, of tiles."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.filters = filters(layer.weight.detach().double()).contiguous().float()
        self.bias = None if layer.bias is None else layer.bias.detach()

    def forward(self, tiles: Tiles) -> Tensor:
        """Convolve the first channels of tiles."""
        return tiles.convolve(self.filters, self.bias)


def begin(part: Tensor, channels: int) -> Tiles:
    """Return the tiles of the first part of ``channels`` in all."""
    return Tiles(part, channels).append(part)


def extend(tiles: Tiles, part: Tensor) -> Tiles:
    """Return the tiles with a further part."""
    return tiles.append(part)


def share_transforms(network: nn.Module) -> nn.Module:
    """Return the network with its dense blocks replaced, in place; blocks that torch.fx cannot trace stay."""
    done: list[str] = []
    for name, block in reversed(list(network.named_modules())):  # the innermost first
        above = any(each.startswith(f"{name}." if name else "") for each in done)
        if above or not _grows(block) or (replacement := _shared(block)) is None:
            continue
        if not name:
            return replacement
        done.append(name)
        parent, _, own = name.rpartition(".")
        setattr(network.get_submodule(parent), own, replacement)
    return network


def _grows(block: nn.Module) -> bool:
    """Tell whether a block has convolutions each of which may read what another one reads and returns."""
    layers: list[Any] = [layer for layer in block.modules() if _is_tileable(layer)]
    sums = {layer.in_channels + layer.out_channels for layer in layers}
    return sum(layer.in_channels in sums for layer in layers) >= LEAST_CONVOLUTIONS - 1


def _is_tileable(layer: Any) -> bool:
    return is_wide(layer, LEAST_CHANNELS) and layer.padding == (1, 1)


def _shared(block: nn.Module) -> fx.GraphModule | None:
    """Return a block that computes the same with shared transforms; None where there is nothing to share."""
    try:
        traced = fx.symbolic_trace(block)
    except Exception:  # a forward may raise anything
        return None
    chains = list(_chains(traced))
    replaced: dict[fx.Node, fx.Node] = {}
    for parts, convolutions in chains:
        _rewrite(traced, parts, convolutions, replaced)
    for node in reversed(traced.graph.nodes):
        if _is_concatenation(node) and not node.users:
            traced.graph.erase_node(node)
    traced.delete_all_unused_submodules()
    traced.recompile()
    return traced if chains else None


Parts = tuple[fx.Node, ...]


def _chains(traced: fx.GraphModule) -> Iterator[tuple[Parts, dict[fx.Node, int]]]:
    """Yield parts, and for each convolution that reads the first of them how many it reads."""
    read = {node: _parts(node.args[0]) for node in traced.graph.nodes if _is_convolution(traced, node)}
    for parts in sorted(set(read.values()), key=len, reverse=True):
        chain = {node: len(own) for node, own in read.items() if own == parts[: len(own)]}
        if len(chain) >= LEAST_CONVOLUTIONS:
            yield parts, chain
            read = {node: own for node, own in read.items() if node not in chain}


def _is_convolution(traced: fx.GraphModule, node: fx.Node) -> bool:
    called = node.op == "call_module" and len(node.args) == 1 and not node.kwargs
    return called and _is_tileable(traced.get_submodule(str(node.target)))


def _is_concatenation(node: fx.Node) -> bool:
    """Tell whether a node concatenates nodes along the channels."""
    named = node.op == "call_function" and node.target is torch.cat
    return named and [*node.args[1:], *node.kwargs.values()] == [1] and isinstance(node.args[0], Sequence)


def _parts(node: Any) -> Parts:
    """Return what a node concatenates, or the node alone."""
    return tuple(part for each in node.args[0] for part in _parts(each)) if _is_concatenation(node) else (node,)


def _rewrite(traced: fx.GraphModule, parts: Parts, chain: dict[fx.Node, int], replaced: dict[fx.Node, fx.Node]) -> None:
    """Let the convolutions of a chain read tiles, to which parts are appended before the first that reads them."""
    layers: dict[fx.Node, Any] = {node: traced.get_submodule(str(node.target)) for node in chain}
    channels = max(layer.in_channels for layer in layers.values())
    tiles: Any = None
    appended = 0
    for node, length in chain.items():
        name = f"{node.name}_tiled"
        traced.add_submodule(name, TiledConvolution(layers[node]))
        with traced.graph.inserting_before(node):
            for part in parts[appended:length]:
                part = replaced.get(part, part)
                function, args = (begin, (part, channels)) if tiles is None else (extend, (tiles, part))
                tiles = traced.graph.call_function(function, args)
            replaced[node] = traced.graph.call_module(name, (tiles,))
        appended = max(appended, length)
        node.replace_all_uses_with(replaced[node])
        traced.graph.erase_node(node)
