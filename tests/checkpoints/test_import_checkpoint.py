"""Checkpoints of other code bases: networks as those write them, in their names, give the same pictures here."""

from __future__ import annotations

import argparse
import copy
import os
import pickle
import warnings
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo.checkpoints.import_checkpoint import import_checkpoint
from ganzoo.errors import GanzooError, OptionError, OutputError, RegistryError, WeightsError
from ganzoo.weights import readme

# ---- the other code bases' networks, written from their descriptions -------------------------------------------------

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "instance": nn.InstanceNorm2d,
    "old instance": partial(nn.InstanceNorm2d, track_running_stats=True),
    "none": lambda channels: nn.Identity(),
}
PADS = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d}


class ConvBlock(nn.Module):
    """pytorch-CycleGAN-and-pix2pix's ResnetBlock."""

    def __init__(self, channels: int, norm: str, padding: str, dropout: bool) -> None:
        super().__init__()
        pad = [PADS[padding](1)] if padding in PADS else []
        own = partial(nn.Conv2d, channels, channels, 3, padding=0 if pad else 1, bias="instance" in norm)
        layers = [*pad, own(), NORMS[norm](channels), nn.ReLU(True)]
        layers += [nn.Dropout(0.5)] if dropout else []
        self.conv_block = nn.Sequential(*layers, *pad, own(), NORMS[norm](channels))

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv_block(features)


class Blur(nn.Module):
    """CUT's Downsample and Upsample, by their own formulas."""

    def __init__(self, channels: int, up: bool) -> None:
        super().__init__()
        row = torch.tensor([1.0, 3, 3, 1] if up else [1.0, 2, 1])
        square = row[:, None] * row
        self.up, scale = up, 4 if up else 1
        self.register_buffer("filt", (scale * square / square.sum())[None, None].repeat(channels, 1, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        groups = features.shape[1]
        if not self.up:
            return F.conv2d(F.pad(features, (1, 1, 1, 1), mode="reflect"), self.filt, stride=2, groups=groups)
        padded = F.pad(features, (1, 1, 1, 1), mode="replicate")
        return F.conv_transpose2d(padded, self.filt, stride=2, padding=2, groups=groups)[:, :, 1:, 1:][:, :, :-1, :-1]


class NetG(nn.Module):
    """The ResnetGenerator of pytorch-CycleGAN-and-pix2pix, or with blurs that of CUT."""

    def __init__(
        self,
        inputs: int = 3,
        outputs: int = 3,
        width: int = 4,
        blocks: int = 6,
        norm: str = "instance",
        padding: str = "reflect",
        dropout: bool = False,
        blurred: bool | str = False,
    ) -> None:
        super().__init__()
        bias, make = "instance" in norm, NORMS[norm]
        blurred_down, blurred_up = blurred in (True, "down"), blurred in (True, "up")
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, width, 7, bias=bias), make(width)]
        layers.append(nn.ReLU(True))
        for each in (width, 2 * width):
            layers.append(nn.Conv2d(each, 2 * each, 3, stride=1 if blurred_down else 2, padding=1, bias=bias))
            layers += [make(2 * each), nn.ReLU(True), *([Blur(2 * each, False)] if blurred_down else [])]
        layers += [ConvBlock(4 * width, norm, padding, dropout) for _ in range(blocks)]
        for each in (4 * width, 2 * width):
            half = each // 2
            if blurred_up:
                layers += [Blur(each, True), nn.Conv2d(each, half, 3, padding=1, bias=bias)]
            else:
                layers.append(nn.ConvTranspose2d(each, half, 3, 2, padding=1, output_padding=1, bias=bias))
            layers += [make(half), nn.ReLU(True)]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, outputs, 7), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)


class Separable(nn.Module):
    """GAN Compression's SeparableConv2d."""

    def __init__(self, inner: int, outer: int, padding: int, norm: str) -> None:
        super().__init__()
        norm = "instance" if norm == "batch" else norm  # whatever the network's, theirs here is the default
        each = nn.Conv2d(inner, inner, 3, padding=padding, groups=inner)
        self.conv = nn.Sequential(each, NORMS[norm](inner), nn.Conv2d(inner, outer, 1))

    def forward(self, features: Tensor) -> Tensor:
        return self.conv(features)


class MobileBlock(nn.Module):
    """GAN Compression's MobileResnetBlock."""

    def __init__(self, channels: int, inner: int, padding: str, norm: str) -> None:
        super().__init__()
        pad = [PADS[padding](1)] if padding in PADS else []
        own = partial(Separable, padding=0 if pad else 1, norm=norm)
        layers = [*pad, own(channels, inner), NORMS[norm](inner), nn.ReLU(True), nn.Dropout(0)]
        self.conv_block = nn.Sequential(*layers, *pad, own(inner, channels), NORMS[norm](channels))

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv_block(features)


class MobileG(nn.Module):
    """GAN Compression's SubMobileResnetGenerator, of a configuration such as 16_16_32_16_32_32_16_16."""

    def __init__(
        self, config: str, blocks: int = 9, legacy: bool = False, padding: str = "reflect", norm: str = "instance"
    ) -> None:
        super().__init__()
        base, make, bias = [int(each) for each in config.split("_")], NORMS[norm], norm != "batch"
        widths = [base[0], 2 * base[1], 4 * base[2]]
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, widths[0], 7, bias=bias)]
        layers += [make(widths[0]), nn.ReLU(True)]
        for inner, outer in pairwise(widths):
            layers += [nn.Conv2d(inner, outer, 3, stride=2, padding=1, bias=bias), make(outer), nn.ReLU(True)]
        per_third = base[3:-2] if len(base) > 6 else 3 * base[3:4]
        for place in range(blocks):  # the paper's own files have all but the first of three as wide as around them
            inner = base[2] if legacy and place % 3 else per_third[place // 3]
            layers.append(MobileBlock(widths[-1], 4 * inner, padding, norm))
        channels = widths[-1]
        for outer in (2 * base[-2], base[-1]):
            layers.append(nn.ConvTranspose2d(channels, outer, 3, 2, 1, output_padding=1, bias=bias))
            layers += [make(outer), nn.ReLU(True)]
            channels = outer
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(channels, 3, 7), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images.clamp(-1, 1))


class SkipBlock(nn.Module):
    """pytorch-CycleGAN-and-pix2pix's UnetSkipConnectionBlock."""

    def __init__(
        self, outer: int, inner: int, given: int, norm: str, within: nn.Module | None, outermost: bool, dropout: bool
    ) -> None:
        super().__init__()
        bias, self.outermost = "instance" in norm, outermost
        down = nn.Conv2d(given, inner, 4, 2, 1, bias=bias)
        up = partial(nn.ConvTranspose2d, inner if within is None else 2 * inner, outer, 4, 2, 1)
        if outermost:
            layers = [down, within, nn.ReLU(True), up(), nn.Tanh()]
        elif within is None:
            layers = [nn.LeakyReLU(0.2, True), down, nn.ReLU(True), up(bias=bias), NORMS[norm](outer)]
        else:
            layers = [nn.LeakyReLU(0.2, True), down, NORMS[norm](inner), within]
            layers += [nn.ReLU(True), up(bias=bias), NORMS[norm](outer), *([nn.Dropout(0.5)] if dropout else [])]
        self.model = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images) if self.outermost else torch.cat([images, self.model(images)], 1)


class UnetG(nn.Module):
    """pytorch-CycleGAN-and-pix2pix's UnetGenerator."""

    def __init__(self, levels: int, width: int = 4, norm: str = "batch", inputs: int = 3, outputs: int = 3) -> None:
        super().__init__()
        top = 8 * width
        block: nn.Module = SkipBlock(top, top, top, norm, None, False, False)
        for _ in range(levels - 5):
            block = SkipBlock(top, top, top, norm, block, False, True)
        for outer in (4 * width, 2 * width, width):
            block = SkipBlock(outer, 2 * outer, outer, norm, block, False, False)
        self.model = SkipBlock(outputs, width, inputs, norm, block, True, False)

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)


def patch_d(layers: int, norm: str, inputs: int = 6, width: int = 4, blurred: bool = False) -> nn.Module:
    """Return pytorch-CycleGAN-and-pix2pix's or CUT's NLayerDiscriminator, or for 0 layers their PixelDiscriminator."""
    bias, make = "instance" in norm, NORMS[norm]
    kernel, pad, first = (4, 1, 1 if blurred else 2) if layers else (1, 0, 1)
    made: list[nn.Module] = [nn.Conv2d(inputs, width, kernel, first, pad), nn.LeakyReLU(0.2, True)]
    made += [Blur(width, False)] if blurred else []
    now = width
    for index in range(1, max(layers, 1) + 1):
        after = width * min(2**index, 8)
        halves = index < layers
        made.append(nn.Conv2d(now, after, kernel, 2 if halves and not blurred else 1, pad, bias=bias))
        made += [make(after), nn.LeakyReLU(0.2, True), *([Blur(after, False)] if halves and blurred else [])]
        now = after
    whole = nn.Module()
    last = nn.Conv2d(now, 1, kernel, 1, pad, bias=bias or layers > 0)
    setattr(whole, "model" if layers else "net", nn.Sequential(*made, last))
    return whole


class Main(nn.Module):
    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.main = nn.Sequential(*layers)

    def forward(self, given: Tensor) -> Tensor:
        return self.main(given if given.dim() == 4 else given[:, :, None, None])


def dcgan(width: int = 4, latents: int = 10, channels: int = 3) -> tuple[nn.Module, nn.Module]:
    """Return generator and discriminator of PyTorch's DCGAN example, for 64 pixels."""
    up: list[nn.Module] = [nn.ConvTranspose2d(latents, 8 * width, 4, 1, 0, bias=False)]
    down: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for wide in (8 * width, 4 * width, 2 * width):
        up += [nn.BatchNorm2d(wide), nn.ReLU(True), nn.ConvTranspose2d(wide, wide // 2, 4, 2, 1, bias=False)]
    for narrow in (width, 2 * width, 4 * width):
        down += [nn.Conv2d(narrow, 2 * narrow, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * narrow)]
        down.append(nn.LeakyReLU(0.2, True))
    up += [nn.BatchNorm2d(width), nn.ReLU(True), nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False), nn.Tanh()]
    down += [nn.Conv2d(8 * width, 1, 4, 1, 0, bias=False), nn.Sigmoid()]
    return Main(up), Main(down)


class Padded(nn.Module):
    """fast_neural_style's ConvLayer, and with ``up`` its UpsampleConvLayer."""

    def __init__(self, inner: int, outer: int, kernel: int, stride: int = 1, up: int = 0) -> None:
        super().__init__()
        self.up = up
        self.reflection_pad = nn.ReflectionPad2d(kernel // 2)
        self.conv2d = nn.Conv2d(inner, outer, kernel, stride)

    def forward(self, features: Tensor) -> Tensor:
        if self.up:
            features = F.interpolate(features, mode="nearest", scale_factor=self.up)
        return self.conv2d(self.reflection_pad(features))


class StyleBlock(nn.Module):
    """fast_neural_style's ResidualBlock."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.in1 = Padded(channels, channels, 3), nn.InstanceNorm2d(channels, affine=True)
        self.conv2, self.in2 = Padded(channels, channels, 3), nn.InstanceNorm2d(channels, affine=True)

    def forward(self, features: Tensor) -> Tensor:
        return self.in2(self.conv2(F.relu(self.in1(self.conv1(features))))) + features


class TransformerNet(nn.Module):
    """fast_neural_style's network: pictures with values from 0 to 255 in and, cut off there as it saves them, out."""

    def __init__(self, width: int = 4, blocks: int = 5) -> None:
        super().__init__()
        norm = partial(nn.InstanceNorm2d, affine=True)
        self.conv1, self.in1 = Padded(3, width, 9), norm(width)
        self.conv2, self.in2 = Padded(width, 2 * width, 3, 2), norm(2 * width)
        self.conv3, self.in3 = Padded(2 * width, 4 * width, 3, 2), norm(4 * width)
        self.blocks = blocks
        for index in range(blocks):
            setattr(self, f"res{index + 1}", StyleBlock(4 * width))
        self.deconv1, self.in4 = Padded(4 * width, 2 * width, 3, up=2), norm(2 * width)
        self.deconv2, self.in5 = Padded(2 * width, width, 3, up=2), norm(width)
        self.deconv3 = Padded(width, 3, 9)

    def forward(self, images: Tensor) -> Tensor:
        features = (images + 1) * 127.5
        for conv, norm in ((self.conv1, self.in1), (self.conv2, self.in2), (self.conv3, self.in3)):
            features = F.relu(norm(conv(features)))
        for index in range(self.blocks):
            features = getattr(self, f"res{index + 1}")(features)
        for conv, norm in ((self.deconv1, self.in4), (self.deconv2, self.in5)):
            features = F.relu(norm(conv(features)))
        return self.deconv3(features).clamp(0, 255) / 127.5 - 1


def lively(network: nn.Module) -> nn.Module:
    """Give every weight and statistic a value that shows when it goes astray."""
    torch.manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.is_floating_point() and not name.endswith(".filt"):
            tensor.normal_(0, 0.3)
    return network.eval()


def painter(blocks: int = 5) -> nn.Module:
    """Return a lively TransformerNet whose values are from 0 to 255, some of them cut off."""
    network = lively(TransformerNet(blocks=blocks))
    with torch.no_grad():
        network.deconv3.conv2d.weight *= 40
        network.deconv3.conv2d.bias.fill_(120.0)
    return network


def saved(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def same(network: nn.Module, folder: Path, inputs: Tensor) -> ganzoo.Model:
    """Compare in float64, where nothing but a wrong weight makes a difference."""
    model = ganzoo.load(f"dir:{folder}", device="cpu")
    with torch.no_grad():
        expected = network.double()(inputs.double())
        found = copy.deepcopy(model.generator).double()(inputs.double())
    assert expected.std() > 0.05
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    return model


IMAGES = torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(1)) * 2 - 1

# ---- what comes out --------------------------------------------------------------------------------------------------

RESNETS: list[dict[str, Any]] = [
    {},
    {"blocks": 9, "norm": "batch"},
    {"norm": "old instance", "dropout": True},
    {"padding": "zero", "norm": "batch", "dropout": True},
    {"padding": "zero", "blocks": 3},
    {"inputs": 1, "outputs": 3, "width": 6},
    {"blurred": True},
    {"blurred": True, "norm": "batch", "blocks": 9},
    {"blurred": "down"},
    {"blurred": "down", "norm": "batch", "dropout": True},
    {"blurred": "up", "padding": "zero"},
    {"blurred": "up", "norm": "batch"},
    {"norm": "none", "dropout": True},
    {"norm": "none", "padding": "zero"},
    {"norm": "none", "blurred": True},
]


@pytest.mark.parametrize("options", RESNETS, ids=str)
def test_cyclegan_and_cut_generators(options: dict[str, Any], tmp_path: Path) -> None:
    network = lively(NetG(**options))
    imported = import_checkpoint(saved(network.state_dict(), tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "m")
    normed = network
    if options.get("norm") == "old instance":  # it kept statistics and, at the time, did not use them
        normed = NetG(**{**options, "norm": "instance"}).eval()
        normed.load_state_dict(network.state_dict(), strict=False)
    model = same(normed, tmp_path / "m", IMAGES[:, : options.get("inputs", 3)])
    assert model.card.options["blocks"] == options.get("blocks", 6)
    assert model.card.image_size == (256 if options.get("blocks", 6) != 6 else 128)
    assert ("CUT" in imported.messages[0]) == bool(options.get("blurred"))
    as_in_training = [
        words for words in ("dropout is off", "batch norm uses its averages") if words in imported.messages[-1]
    ]
    assert ("dropout is off" in as_in_training) == options.get("dropout", False)
    assert ("batch norm uses its averages" in as_in_training) == (options.get("norm") == "batch")


def test_batch_norms_that_did_not_count_their_batches(tmp_path: Path) -> None:
    """PyTorch before 0.4.1 wrote no num_batches_tracked."""
    for number, (network, name) in enumerate(((NetG(norm="batch"), "cyclegan/mine"), (dcgan()[0], "dcgan/mine"))):
        state = {key: one for key, one in lively(network).state_dict().items() if "num_batches" not in key}
        assert len(state) < len(network.state_dict())
        import_checkpoint(saved(state, tmp_path / "G.pth"), name, tmp_path / f"m{number}")
        same(network, tmp_path / f"m{number}", torch.randn(2, 10) if number else IMAGES)


MOBILES: list[dict[str, Any]] = [
    {"config": "2_3_4_2_3_4_3_2"},
    {"config": "2_3_4_2_3_4_3_2", "legacy": True},
    {"config": "2_2_3_4_2_3", "blocks": 6},
    {"config": "2_2_3_4_2_3", "blocks": 3, "padding": "zero"},
    {"config": "2_2_3_4_2_3", "blocks": 1, "norm": "old instance"},
    {"config": "2_2_3_4_2_3", "blocks": 3, "norm": "batch"},
    {"config": "2_2_3_4_2_3", "blocks": 2, "norm": "batch", "padding": "zero"},
]


@pytest.mark.parametrize("options", MOBILES, ids=str)
def test_gan_compressions_generators(options: dict[str, Any], tmp_path: Path) -> None:
    network = lively(MobileG(**options))
    said = import_checkpoint(saved(network.state_dict(), tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "m").messages
    if options.get("norm") == "old instance":
        network = MobileG(**{**options, "norm": "instance"}).eval()
        network.load_state_dict(torch.load(tmp_path / "G.pth", weights_only=True), strict=False)
    model = same(network, tmp_path / "m", IMAGES)
    assert model.card.options["blocks"] == options.get("blocks", 9)
    assert said[0].startswith("gan-compression, generator:mobile-resnet")


def test_a_truncated_mobile_network_is_reported(tmp_path: Path) -> None:
    state = MobileG("2_2_3_4_2_3", 3).state_dict()
    state.pop("model.11.conv_block.6.conv.0.bias")
    with pytest.raises(WeightsError, match=r"missing: layers.11.layers.5.0.bias"):
        import_checkpoint(saved(state, tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "m")
    state.pop("model.20.weight")
    with pytest.raises(WeightsError, match="not from a supported code base"):
        import_checkpoint(saved(state, tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "m")


@pytest.mark.parametrize("blocks", [5, 2])
@pytest.mark.parametrize("old", [False, True])
def test_fast_neural_style(blocks: int, old: bool, tmp_path: Path) -> None:
    network = painter(blocks)
    tensors = network.state_dict()
    if old:  # what instance norms once saved, and never used
        for name in [each for each in tensors if each.endswith("in1.weight")]:
            tensors[name.replace("weight", "running_mean")] = torch.rand(4)
            tensors[name.replace("weight", "running_var")] = torch.rand(4)
    said = import_checkpoint(saved(tensors, tmp_path / "mosaic.pth"), "style/mosaic", tmp_path / "model").messages
    images = 2 * torch.rand(2, 3, 24, 32) - 1
    made = network(images)
    assert 0.01 < (made.abs() == 1).float().mean() < 0.9  # something was cut off, and not all
    model = same(network, tmp_path / "model", images)
    assert model.card.options == {"width": 4, "blocks": blocks, "global_skip": False, "output": "clamp"}
    assert said[0].startswith("fast_neural_style")


def test_what_the_file_cannot_say_is_asked_for_by_name(tmp_path: Path) -> None:
    """Reflection and replication leave no trace: one is taken, and said."""
    network = lively(NetG(padding="replicate"))
    file = saved(network.state_dict(), tmp_path / "G.pth")
    imported = import_checkpoint(file, "cyclegan/mine", tmp_path / "guessed")
    assert any("Not determined by the file, so assumed: padding=reflect" in line for line in imported.messages)
    values = {"padding": "replicate", "image_size": "192"}
    import_checkpoint(file, "cyclegan/mine", tmp_path / "m", values=values)
    assert same(network, tmp_path / "m", IMAGES).card.image_size == 192
    with pytest.raises(OptionError, match=r"'width' cannot be set here\. The file determines it: 4"):
        import_checkpoint(file, "cyclegan/mine", tmp_path / "n", values={"width": 8})
    with pytest.raises(OptionError, match="padding=zero does not fit the file: it should be reflect or replicate"):
        import_checkpoint(file, "cyclegan/mine", tmp_path / "n", values={"padding": "zero"})


def test_convolutions_without_bias_or_norm_may_have_had_instance_norms(tmp_path: Path) -> None:
    state = lively(NetG(norm="none")).state_dict()
    imported = import_checkpoint(saved(state, tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "guessed")
    assert any("padding=reflect, norm=none" in line for line in imported.messages)
    network = NetG(norm="instance")
    missing = network.load_state_dict(state, strict=False).missing_keys
    for name in missing:
        network.state_dict()[name].zero_()
    import_checkpoint(tmp_path / "G.pth", "cyclegan/mine", tmp_path / "m", values={"norm": "instance"})
    assert missing
    same(network.eval(), tmp_path / "m", IMAGES)


def test_half_precision_is_as_good_as_what_it_rounds_to(tmp_path: Path) -> None:
    network = painter().half().float()
    tensors = {name: tensor.half() for name, tensor in network.state_dict().items()}
    import_checkpoint(saved(tensors, tmp_path / "mosaic.pth"), "style/mosaic", tmp_path / "m")
    same(network, tmp_path / "m", 2 * torch.rand(1, 3, 24, 32) - 1)


@pytest.mark.parametrize("levels", [7, 8])
@pytest.mark.parametrize("norm", ["batch", "instance", "old instance", "none"])
def test_pix2pix_unets(levels: int, norm: str, tmp_path: Path) -> None:
    # Instance norm on the one pixel of the second innermost level's half is undefined: keep sides above one pixel.
    network = lively(UnetG(levels, norm=norm))
    import_checkpoint(saved(network.state_dict(), tmp_path / "G.pth"), "pix2pix/mine", tmp_path / "m")
    plain = network
    if norm == "old instance":
        plain = UnetG(levels, norm="instance").eval()
        plain.load_state_dict(network.state_dict(), strict=False)
    side = 2**levels
    images = torch.rand(1, 3, side, 2 * side, generator=torch.Generator().manual_seed(2)) * 2 - 1
    model = same(plain, tmp_path / "m", images)
    assert model.card.options["image_size"] == side and "dropout is off" in model.card.inference
    assert ("averages" in model.card.inference) == (norm == "batch")


@pytest.mark.parametrize(
    ("layers", "blurred"), [(0, False), (1, False), (2, False), (3, False), (4, False), (5, False), (3, True)]
)
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_discriminators_come_with_their_generator(layers: int, blurred: bool, norm: str, tmp_path: Path) -> None:
    judge = lively(patch_d(layers, norm, blurred=blurred))
    inner = next(iter(judge.children()))
    file = saved({f"module.{name}": one for name, one in judge.state_dict().items()}, tmp_path / "D.pth")
    generator = saved(lively(NetG(blocks=1)).state_dict(), tmp_path / "G.pth")
    import_checkpoint(generator, "cyclegan/mine", tmp_path / "m", discriminator=file)
    found = ganzoo.load(f"dir:{tmp_path / 'm'}", device="cpu").discriminator()
    images = torch.rand(1, 6, 128, 128).double()
    assert found is not None
    torch.testing.assert_close(found.double()(images), inner.double()(images), rtol=0, atol=1e-5)


def test_the_dcgan_example_with_both_networks_in_one_file(tmp_path: Path) -> None:
    generator, discriminator = map(lively, dcgan())
    content = {
        "epoch": 5,
        "netG_state_dict": generator.state_dict(),
        "netD_state_dict": discriminator.state_dict(),
        "optimizerG_state_dict": torch.optim.Adam(generator.parameters()).state_dict(),
    }
    imported = import_checkpoint(saved(content, tmp_path / "model.pt"), "dcgan/mine", tmp_path / "m")
    latents = torch.randn(3, 10)
    model = same(generator, tmp_path / "m", latents)
    assert (model.card.latent_dim, model.card.image_size) == (10, 64)
    assert any("discriminator is saved" in line for line in imported.messages)
    images, found = torch.rand(2, 3, 64, 64), model.discriminator()
    assert found is not None
    torch.testing.assert_close(torch.sigmoid(found(images)), discriminator(images).flatten(1), rtol=0, atol=1e-5)


def test_safetensors_and_wrapped_names_are_read_too(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    network = lively(NetG(blocks=2))
    wrapped = {f"_orig_mod.module.{name}": one for name, one in network.state_dict().items()}
    save_file(wrapped, tmp_path / "G.safetensors")
    import_checkpoint(tmp_path / "G.safetensors", "cyclegan/mine", tmp_path / "m")
    same(network, tmp_path / "m", IMAGES)


def test_of_several_generators_one_is_named(tmp_path: Path) -> None:
    first, second = (NetG(blocks=n) for n in (1, 2))
    file = saved({"G_A": first.state_dict(), "G_B": lively(second).state_dict()}, tmp_path / "both.pth")
    with pytest.raises(OptionError, match=r"several generators: G_A, G_B. Choose one with --key"):
        import_checkpoint(file, "cyclegan/mine", tmp_path / "m")
    with pytest.raises(OptionError, match="no generator 'G_C'"):
        import_checkpoint(file, "cyclegan/mine", tmp_path / "m", key="G_C")
    import_checkpoint(file, "cyclegan/mine", tmp_path / "m", key="G_B")
    same(second, tmp_path / "m", IMAGES)


def test_of_several_discriminators_the_generators_own_is_taken(tmp_path: Path) -> None:
    discriminators = {
        letter: lively(patch_d(1, "instance", inputs=3, width=width)) for letter, width in (("A", 4), ("B", 6))
    }
    both = {f"netD_{letter}": judge.state_dict() for letter, judge in discriminators.items()}
    generators = {f"netG_{letter}": NetG(blocks=1).state_dict() for letter in "AB"}
    file = saved({**generators, **both}, tmp_path / "all.pth")
    import_checkpoint(file, "cyclegan/mine", tmp_path / "m", key="netG_B")
    found = ganzoo.load(f"dir:{tmp_path / 'm'}", device="cpu").discriminator()
    images = torch.rand(1, 3, 32, 32).double()
    assert found is not None
    torch.testing.assert_close(found.double()(images), discriminators["B"].model.double()(images), rtol=0, atol=1e-5)
    other = saved({"mine": generators["netG_A"], **both}, tmp_path / "other.pth")
    imported = import_checkpoint(other, "cyclegan/mine", tmp_path / "n")
    assert any("The discriminators (netD_A, netD_B) are left out" in line for line in imported.messages)
    with pytest.raises(WeightsError, match="should hold one discriminator, but holds several: netD_A, netD_B"):
        import_checkpoint(other, "cyclegan/mine", tmp_path / "o", discriminator=saved(both, tmp_path / "both.pth"))


def test_a_generator_and_a_discriminator_in_each_others_place_are_reported(tmp_path: Path) -> None:
    generator = saved(NetG(blocks=1).state_dict(), tmp_path / "G.pth")
    judge = saved(patch_d(3, "batch").state_dict(), tmp_path / "D.pth")
    with pytest.raises(WeightsError, match=r"D\.pth holds a discriminator but no generator.*--discriminator .*D\.pth"):
        import_checkpoint(judge, "cyclegan/mine", tmp_path / "m")
    with pytest.raises(WeightsError, match=r"G\.pth should hold one discriminator, but holds none that is supported"):
        import_checkpoint(generator, "cyclegan/mine", tmp_path / "m", discriminator=generator)


def test_arguments_and_numbers_next_to_the_tensors_are_no_code(tmp_path: Path) -> None:
    network = lively(NetG(blocks=1))
    content = {
        "opt": argparse.Namespace(lr=0.0002, name="maps"),
        "best": np.float64(0.25),
        "epoch": np.int64(7),
        "state_dict": network.state_dict(),
    }
    file = saved(content, tmp_path / "G.pth")
    import_checkpoint(file, "cyclegan/mine", tmp_path / "m")
    same(network, tmp_path / "m", IMAGES)
    torch.save(content, file, _use_new_zipfile_serialization=False)  # NumPy 1 named itself otherwise
    data = file.read_bytes()
    assert b"core.multiarray" in data
    file.write_bytes(data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    import_checkpoint(file, "cyclegan/mine", tmp_path / "m")


def test_whole_numbers_are_no_weights(tmp_path: Path) -> None:
    state = NetG(blocks=1).state_dict()
    state["model.1.weight"] = state["model.1.weight"].to(torch.int32)
    with pytest.raises(WeightsError, match=r"layers\.1\.weight holds int32 instead of floats"):
        import_checkpoint(saved(state, tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "m")


# ---- what is refused -------------------------------------------------------------------------------------------------


class Trap:
    """What runs when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("touch opened",)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    warnings.simplefilter("error")  # nothing but the refusal is said
    for name, write in (("zip", lambda path: torch.save(Trap(), path)), ("raw", dump)):
        write(tmp_path / name)
        with pytest.raises(WeightsError, match=r"holds more than tensors.*would run that code, so it is refused"):
            import_checkpoint(tmp_path / name, "cyclegan/mine", tmp_path / "m")
    assert not (tmp_path / "opened").exists() and not (tmp_path / "m").exists()


def dump(path: Path) -> None:
    path.write_bytes(pickle.dumps(Trap(), protocol=4))


def test_a_whole_module_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "whole.pth")
    with pytest.raises(WeightsError, match=r"more than tensors \(torch\.nn\.modules\.linear\.Linear\)"):
        import_checkpoint(tmp_path / "whole.pth", "cyclegan/mine", tmp_path / "m")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"layer.weight": torch.zeros(2, 2)}, "is not from a supported code base.*layer.weight.*CycleGAN"),
        ({"epoch": 3}, "holds no named tensors"),
        ([torch.zeros(1)], "holds no named tensors"),
    ],
    ids=["unknown", "no tensors", "no dict"],
)
def test_what_is_no_known_checkpoint_is_reported(content: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=message):
        import_checkpoint(saved(content, tmp_path / "x.pth"), "cyclegan/mine", tmp_path / "m")


def test_damaged_and_missing_files_are_reported(tmp_path: Path) -> None:
    file = saved(NetG(blocks=1).state_dict(), tmp_path / "G.pth")
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(GanzooError, match=r"cannot be read as a checkpoint|more than tensors"):
        import_checkpoint(file, "cyclegan/mine", tmp_path / "m")
    with pytest.raises(WeightsError, match="There is no file"):
        import_checkpoint(tmp_path / "none.pth", "cyclegan/mine", tmp_path / "m")


def test_a_truncated_network_is_reported(tmp_path: Path) -> None:
    state = NetG(blocks=2).state_dict()
    state.pop("model.11.conv_block.5.weight")
    with pytest.raises(WeightsError, match=r"do not fit generator:resnet: missing: layers.11.layers.5.weight"):
        import_checkpoint(saved(state, tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "m")
    blurred = NetG(blurred=True).state_dict()
    for end in (27, 23, 22, 19):  # the last layers are gone, one after another: blurs, norms, convolutions
        blurred = {name: one for name, one in blurred.items() if not name.startswith(f"model.{end}.")}
        with pytest.raises(WeightsError, match="not from a supported code base"):
            import_checkpoint(saved(blurred, tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "m")


def test_names_and_folders_are_checked_first(tmp_path: Path) -> None:
    file = saved(NetG(blocks=1).state_dict(), tmp_path / "G.pth")
    with pytest.raises(RegistryError, match=r"'Maps' is not a valid model name. Write family/variant"):
        import_checkpoint(file, "Maps", tmp_path / "m")
    import_checkpoint(file, "cyclegan/mine", tmp_path / "m")
    import_checkpoint(file, "cyclegan/mine", tmp_path / "m")  # the same again is no other model
    with pytest.raises(OutputError, match="would overwrite"):
        import_checkpoint(file, "cyclegan/other", tmp_path / "m")


def test_what_is_no_checkpoint_at_all_is_not_reported_to_hold_code(tmp_path: Path) -> None:
    for content in (bytes(range(7, 250)) * 20, b"", b"epoch 7, loss 0.3\n" * 9, b"<html></html>"):
        (tmp_path / "noise.pth").write_bytes(content)
        with pytest.raises(WeightsError, match=r"is not a checkpoint: neither a torch\.save"):
            import_checkpoint(tmp_path / "noise.pth", "cyclegan/mine", tmp_path / "m")
    with pytest.raises(WeightsError, match=r"is a folder\. Give the path of a checkpoint file"):
        import_checkpoint(tmp_path, "cyclegan/mine", tmp_path / "m")


def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(NetG(blocks=1).state_dict(), tmp_path / "G.pth")

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    with pytest.raises(WeightsError, match=r"G\.pth cannot be read: Permission denied\. Check its permissions"):
        import_checkpoint(file, "cyclegan/mine", tmp_path / "m")


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    state = NetG(blocks=1).state_dict()
    state["model.1.weight"][0] = float("nan")
    with pytest.raises(WeightsError, match=r"layers\.1\.weight has NaN or infinite values"):
        import_checkpoint(saved(state, tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "m")


def test_an_imported_model_says_where_it_came_from_and_no_training_of_ours(tmp_path: Path) -> None:
    imported = import_checkpoint(
        saved(NetG(blocks=1).state_dict(), tmp_path / "G.pth"), "cyclegan/mine", tmp_path / "m"
    )
    facts = dict(readme.facts(imported.card))
    assert facts["origin"] == "imported from pytorch-CycleGAN-and-pix2pix"
    assert "trained by" not in facts and "training time" not in facts


@pytest.mark.slow
def test_two_commands_from_a_checkpoint_to_a_image(
    ganzoo_command: Callable[..., Any], photo: Path, tmp_path: Path
) -> None:
    saved(lively(NetG(blocks=1)).state_dict(), tmp_path / "latest_net_G.pth")
    done = ganzoo_command("import", "latest_net_G.pth", "--as", "cyclegan/maps", "-o", "maps", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "dir:maps\n", done.stderr
    assert "pytorch-CycleGAN-and-pix2pix, generator:resnet with in_channels=3" in done.stderr
    done = ganzoo_command("translate", "dir:maps", photo, "-o", "out.png", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "out.png").stat().st_size > 1000, done.stderr
