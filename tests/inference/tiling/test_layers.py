"""Every layer and function that is made by rows, against itself on the whole picture."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.inference.tiling.functions import FUNCTIONS
from ganzoo.inference.tiling.graphs import Graph
from ganzoo.inference.tiling.layers import MODULES, Operation, RowBlock, module_operation

HEIGHT, WIDTH = 19, 14
LAYERS = [
    nn.Conv2d(4, 6, 3),
    nn.Conv2d(4, 6, (5, 3), stride=(2, 3), padding=(2, 1)),
    nn.Conv2d(4, 6, 3, padding=4, dilation=2, groups=2),
    nn.Conv2d(4, 6, 7, padding=3, padding_mode="reflect"),
    nn.Conv2d(4, 6, 4, padding="same", padding_mode="replicate"),
    nn.Conv2d(4, 6, 4, padding="same", bias=False),
    nn.Conv2d(4, 6, 1, stride=3, padding="valid"),
    nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1),
    nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1, bias=False),
    nn.ConvTranspose2d(4, 6, 1, stride=3, output_padding=2),
    nn.ConvTranspose2d(4, 6, 3, stride=(3, 2), padding=(2, 0), dilation=2, groups=2),
    nn.ReflectionPad2d((1, 2, 3, 4)),
    nn.ReplicationPad2d(5),
    nn.ZeroPad2d((0, 0, 2, 1)),
    nn.ConstantPad2d((1, 0, -2, 3), 0.5),
    nn.AvgPool2d(3, stride=2, padding=1),
    nn.AvgPool2d(2, divisor_override=3),
    nn.MaxPool2d((3, 2), stride=2, padding=1),
    nn.MaxPool2d(2, stride=1, dilation=3),
    nn.Upsample(scale_factor=3),
    nn.Upsample(scale_factor=(2, 1), mode="nearest-exact"),
    nn.Upsample(scale_factor=2, mode="bilinear"),
    nn.Upsample(scale_factor=3, mode="bilinear", align_corners=False),
    nn.UpsamplingNearest2d(scale_factor=2),
    nn.PixelShuffle(2),
    nn.Sequential(nn.Conv2d(4, 3, 3, padding=(1, 2)), nn.PixelUnshuffle(1)),
    nn.BatchNorm2d(4),
    nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
    nn.PReLU(4),
    *(kind() for kind in (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.ELU, nn.ReLU6, nn.Softplus)),
]
UNSUITABLE = [
    nn.Conv2d(4, 6, 3, padding=1, padding_mode="circular"),
    nn.AvgPool2d(3, padding=1, count_include_pad=False),
    nn.AvgPool2d(2, ceil_mode=True),
    nn.MaxPool2d(2, ceil_mode=True),
    nn.MaxPool2d(2, return_indices=True),
    nn.Upsample(size=(38, 28)),
    nn.Upsample(scale_factor=1.5),
    nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
    nn.Upsample(scale_factor=2, mode="bicubic"),
    nn.AdaptiveAvgPool2d(1),
    nn.Softmax2d(),
]


def by_rows(operation: Operation, parts: list[Tensor], seed: int) -> Tensor:
    """Make the output in strips of random heights, each from the rows it says it needs and from no other."""
    draw, height = random.Random(seed), parts[0].shape[2]
    length, made, first = operation.down.length(height), [], 0
    while first < length:
        last = min(length, first + draw.randint(1, 4))
        low, high = operation.input_rows(first, last, height)
        assert 0 <= low < high <= height
        made.append(operation.compute_rows([RowBlock(one[:, :, low:high], low, height) for one in parts], first, last))
        assert made[-1].shape[2] == last - first
        first = last
    return torch.cat(made, 2)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_a_layer_by_rows_is_the_layer(layer: nn.Module) -> None:
    torch.manual_seed(0)
    operations = [module_operation(one) for one in (layer if isinstance(layer, nn.Sequential) else [layer])]
    picture = torch.randn(1, 4, HEIGHT, WIDTH, dtype=torch.float64)
    with torch.no_grad():
        whole = layer.double().eval()(picture)
        for seed in range(3):
            rows = picture
            for operation in operations:
                assert operation is not None
                channels, wide = operation.channels(rows.shape[1]), operation.across.length(rows.shape[3])
                rows = by_rows(operation, [rows], seed)
                assert rows.shape[1] == channels and rows.shape[3] == wide
            torch.testing.assert_close(rows, whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layer", UNSUITABLE, ids=str)
def test_a_layer_that_does_not_work_by_rows_has_no_operation(layer: nn.Module) -> None:
    assert module_operation(layer) is None


def test_layers_with_hooks_and_subclasses_are_not_taken_for_what_they_may_not_be() -> None:
    class Negative(nn.ReLU):
        def forward(self, rows: Tensor) -> Tensor:
            return -super().forward(rows)

    hooked = nn.ReLU()
    hooked.register_forward_hook(lambda module, args, made: -made)
    assert module_operation(Negative()) is None and module_operation(hooked) is None


class Of(nn.Module):
    """A function as a generator."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function
        self.weight = nn.Parameter(torch.linspace(-1, 1, 36).view(4, 1, 3, 3))

    def forward(self, picture: Tensor) -> Tensor:
        return self.function(picture, self.weight)


FUNCTIONS_IN_USE: list[tuple[str, Callable[..., Tensor]]] = [
    ("add", lambda x, w: x + x.float()),
    ("sub", lambda x, w: 1 - torch.sub(x, x, alpha=2)),
    ("mul", lambda x, w: 0.98 * x),
    ("truediv", lambda x, w: x / 2),
    ("div", lambda x, w: x.div(w[:, 0, :1, :1])),
    ("neg", lambda x, w: -x),
    ("tanh", lambda x, w: torch.tanh(x) + x.tanh()),
    ("atanh", lambda x, w: torch.atanh(x.clamp(-0.5, 0.5))),
    ("sigmoid", lambda x, w: x.sigmoid()),
    ("relu", lambda x, w: F.relu(x) + torch.relu(x)),
    ("leaky_relu", lambda x, w: F.leaky_relu(x, 0.2)),
    ("clamp", lambda x, w: torch.clamp(x, max=0.1)),
    ("cat", lambda x, w: torch.cat([x, -x, x], dim=1)),
    ("getitem", lambda x, w: x[:, 1:3]),
    ("pad", lambda x, w: F.pad(x, (1, 2, 3, 0), mode="reflect")),
    ("pad", lambda x, w: F.pad(x, (0, 1), value=2.0)),
    ("interpolate", lambda x, w: F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)),
    ("conv2d", lambda x, w: F.conv2d(x, w * 2, stride=2, padding=1, groups=4)),
    ("conv_transpose2d", lambda x, w: F.conv_transpose2d(x, w, stride=2)),
    ("avg_pool2d", lambda x, w: F.avg_pool2d(x, 2)),
    ("max_pool2d", lambda x, w: F.max_pool2d(x, 3, stride=1, padding=1)),
    ("pixel_shuffle", lambda x, w: F.pixel_shuffle(x, 2)),
    ("contiguous", lambda x, w: F.dropout(x.contiguous().detach(), 0.5, training=False) + 1),
]


@pytest.mark.parametrize(("name", "function"), FUNCTIONS_IN_USE, ids=[name for name, _ in FUNCTIONS_IN_USE])
def test_a_function_by_rows_is_the_function(name: str, function: Callable[..., Tensor]) -> None:
    assert name in FUNCTIONS
    generator = Of(function)
    graph = Graph(generator)
    rows = [torch.rand(1, 4, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)) * 2 - 1]
    shapes = graph.shapes(4, HEIGHT, WIDTH, torch.float32)
    with torch.no_grad():
        for step, shape in zip(graph.steps[1:], shapes[1:], strict=True):
            rows.append(by_rows(step.operation, [rows[one] for one in step.inputs], seed=0))
            assert rows[-1].shape[1:] == (shape.channels, shape.height, shape.width)
        torch.testing.assert_close(rows[graph.output], generator(rows[0]), rtol=0, atol=1e-6)


def test_every_layer_of_the_table_is_one_that_is_tested_or_alike() -> None:
    tested = {type(one) for layer in LAYERS for one in layer.modules()}
    alike = {nn.Identity, nn.Dropout, nn.Dropout2d, nn.AlphaDropout, nn.GroupNorm}  # nothing to do, or in test_strips
    alike |= {nn.CELU, nn.SELU, nn.Mish, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid}  # number for number
    assert set(MODULES) <= tested | alike
