"""Generators of strangers, traced: what a forward means, and what it may not do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.errors import OptionError
from ganzoo.inference.tiling.graphs import Graph
from ganzoo.inference.tiling.layers import RowBlock


def through(graph: Graph, picture: Tensor) -> Tensor:
    """Run the steps on the whole picture."""
    made = [picture]
    for step, shape in zip(graph.steps[1:], graph.shapes(*picture.shape[1:], picture.dtype)[1:], strict=True):
        parts = [RowBlock(made[one], 0, made[one].shape[2]) for one in step.inputs]
        made.append(step.operation.compute_rows(parts, 0, shape.height))
        assert (*made[-1].shape[1:], made[-1].dtype) == (shape.channels, shape.height, shape.width, shape.dtype)
    return made[graph.output]


class InPlace(nn.Module):
    """The U-Net of the pix2pix authors in small: the layer after the shortcut changes what the shortcut holds."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.LeakyReLU(0.2, True), nn.Conv2d(3, 3, 3, padding=1))

    def forward(self, picture: Tensor) -> Tensor:
        picture = picture * 2
        return torch.cat([picture, self.inner(picture)], 1)


class Sums(nn.Module):
    """Sums in place, seen by whoever holds their left side."""

    def __init__(self) -> None:
        super().__init__()
        self.relu, self.conv = nn.ReLU(inplace=True), nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        first = self.conv(picture)
        held = first
        first += picture
        self.relu(first)
        second = self.relu(self.conv(held)).mul_(0.5)
        return held - F.relu(second, inplace=True).clamp_(max=0.3)


class Optional(nn.Module):
    """Options that have defaults, a constant, and a buffer, as strangers' generators have them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.scale = nn.Conv2d(3, 4, 3), nn.Parameter(torch.tensor([0.5]))
        self.register_buffer("mean", torch.rand(1, 3, 1, 1))

    def forward(self, picture: Tensor, layers: Any = (), encode_only: bool = False) -> Tensor:
        if len(layers) > 0 or encode_only:
            return picture
        features = F.dropout((picture - self.mean) * self.scale, training=self.training)
        return F.conv2d(features, self.conv.weight * self.scale, self.conv.bias)


@pytest.mark.parametrize("kind", [InPlace, Sums, Optional])
def test_the_steps_compute_what_the_forward_does(kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    generator = kind().eval()
    picture = torch.randn(1, 3, 12, 10)
    with torch.no_grad():
        expected = generator(picture.clone())
        torch.testing.assert_close(through(Graph(generator), picture), expected, rtol=0, atol=1e-6)


class Branching(nn.Module):
    def forward(self, picture: Tensor) -> Tensor:
        return picture if picture.mean() > 0 else -picture


class Of(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function, self.inner, self.rows = function, Branching(), nn.Parameter(torch.ones(6, 1))

    def forward(self, picture: Tensor) -> Any:
        return self.function(self, picture)


class Two(nn.Module):
    def forward(self, picture: Tensor, style: Tensor) -> Tensor:
        return picture + style


def view_changed(self: Of, picture: Tensor) -> Tensor:
    part = picture[:, :1]
    part.mul_(2)
    return picture


@pytest.mark.parametrize(
    ("generator", "named"),
    [
        (nn.Sequential(nn.AdaptiveAvgPool2d(2)), r"'0' \(AdaptiveAvgPool2d\(output_size=2\)\)"),
        (Of(lambda self, x: self.inner(x)), r"forward of 'inner' \(Branching\)"),
        (Branching(), "forward of 'Branching'"),
        (Two(), "'style'"),
        (Of(lambda self, x: (x, x)), "one image"),
        (Of(lambda self, x: F.interpolate(x, size=(64, 64))), "'interpolate'"),
        (Of(lambda self, x: x.mean()), "'mean'"),
        (Of(lambda self, x: x.flip(2)), "'flip'"),
        (Of(lambda self, x: x[:, :, ::2]), "'getitem'"),
        (Of(lambda self, x: x * x.mean((2, 3), True) * (x * 2).mean((2, 3), True).mul(x.mean((2, 3), True))), "means"),
        (Of(lambda self, x: torch.cat([x, x], 2)), "'cat'"),
        (Of(lambda self, x: torch.nn.functional.pad(x, (1, 1), mode="circular")), "'pad'"),
        (Of(lambda self, x: F.dropout(x)), "'dropout'"),
        (Of(lambda self, x: x * self.rows), "'mul'"),
        (Of(view_changed), "another view"),
        (nn.Sequential(nn.TransformerEncoderLayer(4, 1, batch_first=True)), r"'0' \(TransformerEncoderLayer\)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else value,
)
def test_what_cannot_be_made_by_rows_is_named_with_the_way_out(generator: nn.Module, named: str) -> None:
    with pytest.raises(OptionError, match=f"{named}.*cannot be tiled exactly.*--tiles blend.*approximate"):
        Graph(generator.eval())


def padded_and_cropped(self: Of, picture: Tensor) -> Tensor:
    """Pad to a multiple, as many networks do, and crop: shapes are asked for."""
    height, width = picture.shape[-2:]
    wide = F.pad(picture, (0, -width % 8, 0, -height % 8), "reflect")
    return F.avg_pool2d(wide, 2)[..., : height // 2, 1:]


def assigned(self: Of, picture: Tensor) -> Tensor:
    """Change some channels in place, after they were looked at."""
    features = picture.repeat_interleave(2, 1)
    features[:, :4] = F.avg_pool2d(features[:, :4], 3, 1, 1)
    one, two = features.chunk(2, dim=1)
    first, rest = torch.split(one * two, [1, 2], dim=1)
    return torch.cat([rest, first - rest.mean(1, keepdim=True)], 1)


def set_aside(self: Of, picture: Tensor) -> Tensor:
    """Keep something on the module, as spandrel's SPAN does."""
    self.kept = torch.ones(1, 3, 1, 1).type_as(picture) if picture.dim() == 4 else 0
    return picture - self.kept


@pytest.mark.parametrize("function", [padded_and_cropped, assigned, set_aside])
@pytest.mark.parametrize("size", [(24, 32), (21, 30)])
def test_a_forward_may_ask_for_shapes(function: Any, size: tuple[int, int]) -> None:
    generator, picture = Of(function).eval(), torch.randn(1, 3, *size)
    with torch.no_grad():
        graph = Graph(generator, (3, *size))
        torch.testing.assert_close(through(graph, picture), generator(picture.clone()), rtol=0, atol=1e-6)
    assert graph.sized == (function is not assigned)


def test_rows_of_different_sizes_do_not_meet() -> None:
    graph = Graph(Of(lambda self, x: x * F.avg_pool2d(x, 8)))
    with pytest.raises(OptionError, match="different sizes"):
        graph.shapes(3, 8, 8, torch.float32)
