"""Networks from images to images of several code bases."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import Code, conv, leaky


def animegan() -> Code:
    layers: dict[str, nn.Module] = {}
    plan: list[tuple[str, int, int]] = []  # name, kernel, stride

    def normed(name: str, channels: int, out: int, kernel: int = 3, stride: int = 1, each: bool = False) -> None:
        rest: dict[str, Any] = {"padding": 0, "groups": channels if each else 1}
        layers[f"{name}.1"] = conv(channels, out, kernel, stride, bias=each, **rest)
        layers[f"{name}.2"] = nn.GroupNorm(1, out)
        plan.append((name, kernel, stride))

    for name, channels, out, kernel, stride in (
        ("block_a.0", 3, 4, 7, 1),
        ("block_a.1", 4, 6, 3, 2),
        ("block_a.2", 6, 6, 3, 1),
        ("block_b.0", 6, 8, 3, 2),
        ("block_b.1", 8, 8, 3, 1),
        ("block_c.0", 8, 8, 3, 1),
    ):
        normed(name, channels, out, kernel, stride)
    for index, (channels, out) in enumerate(((8, 10), (10, 10)), 1):
        normed(f"block_c.{index}.layers.0", channels, 2 * channels, 1)
        normed(f"block_c.{index}.layers.1", 2 * channels, 2 * channels, each=True)
        layers[f"block_c.{index}.layers.2"] = conv(2 * channels, out, 1, bias=False)
        layers[f"block_c.{index}.layers.3"] = nn.GroupNorm(1, out)
    for name, channels, out, kernel in (
        ("block_c.3", 10, 8, 3),
        ("block_d.0", 8, 8, 3),
        ("block_d.1", 8, 8, 3),
        ("block_e.0", 8, 6, 3),
        ("block_e.1", 6, 6, 3),
        ("block_e.2", 6, 4, 7),
    ):
        normed(name, channels, out, kernel)
    layers["out_layer.0"] = conv(4, 3, 1, bias=False)

    def run(call: Any, images: Tensor) -> Tensor:
        known = {name: (kernel, stride) for name, kernel, stride in plan}

        def block(name: str, features: Tensor) -> Tensor:
            kernel, stride = known[name]
            border = (0, 1, 0, 1) if stride == 2 else (kernel // 2,) * 4
            padded = F.pad(features, border, "reflect") if kernel > 1 else features
            return leaky(call(f"{name}.2", call(f"{name}.1", padded)))

        def inverted(index: int, features: Tensor) -> Tensor:
            name = f"block_c.{index}.layers"
            inner = block(f"{name}.1", block(f"{name}.0", features))
            inner = call(f"{name}.3", call(f"{name}.2", inner))
            return inner + features if inner.shape == features.shape else inner

        def enlarged(features: Tensor, like: Tensor) -> Tensor:
            return F.interpolate(features, like.shape[2:], mode="bilinear", align_corners=True)

        features = half = block("block_a.2", block("block_a.1", block("block_a.0", images)))
        features = block("block_c.0", block("block_b.1", block("block_b.0", features)))
        features = block("block_c.3", inverted(2, inverted(1, features)))
        features = block("block_d.1", block("block_d.0", enlarged(features, half)))
        features = block("block_e.2", block("block_e.1", block("block_e.0", enlarged(features, images))))
        return torch.tanh(call("out_layer.0", features))

    return Code(layers, run)


def pytorch_gan_unet(widths: tuple[int, ...] = (4, 6, 8, 8)) -> Code:
    layers: dict[str, nn.Module] = {}
    depth = len(widths)
    for index, (channels, out) in enumerate(zip((3, *widths), widths, strict=False), 1):
        layers[f"down{index}.model.0"] = nn.Conv2d(channels, out, 4, 2, 1, bias=False)
    channels = widths[-1]
    for index in range(1, depth):
        out = widths[depth - 1 - index]
        layers[f"up{index}.model.0"] = nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=False)
        channels = 2 * out
    layers["final.2"] = nn.Conv2d(channels, 3, 4, padding=1)

    def run(call: Any, images: Tensor) -> Tensor:
        outputs = [images]
        for index in range(1, depth + 1):
            features = call(f"down{index}.model.0", outputs[-1])
            outputs.append(leaky(features if index in (1, depth) else F.instance_norm(features)))
        features = outputs[-1]
        for index in range(1, depth):
            features = torch.relu(F.instance_norm(call(f"up{index}.model.0", features)))
            features = torch.cat([features, outputs[depth - index]], 1)
        large = F.pad(F.interpolate(features, scale_factor=2), (1, 0, 1, 0))
        return torch.tanh(call("final.2", large))

    return Code(layers, run)


def collection_unet(widths: tuple[int, ...] = (4, 6, 8, 8)) -> Code:
    reflect: dict[str, Any] = {"padding_mode": "reflect"}
    layers: dict[str, nn.Module] = {"initial_down.0": nn.Conv2d(3, widths[0], 4, 2, 1, **reflect)}
    depth = len(widths)
    for index, (channels, out) in enumerate(itertools.pairwise(widths[:-1]), 1):
        layers[f"down{index}.conv.0"] = nn.Conv2d(channels, out, 4, 2, 1, bias=False, **reflect)
        layers[f"down{index}.conv.1"] = nn.BatchNorm2d(out)
    layers["bottleneck.0"] = nn.Conv2d(widths[-2], widths[-1], 4, 2, 1)
    channels = widths[-1]
    for index in range(1, depth):
        out = widths[depth - 1 - index]
        layers[f"up{index}.conv.0"] = nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=False)
        layers[f"up{index}.conv.1"] = nn.BatchNorm2d(out)
        channels = 2 * out
    layers["final_up.0"] = nn.ConvTranspose2d(channels, 3, 4, 2, 1)

    def run(call: Any, images: Tensor) -> Tensor:
        outputs = [leaky(call("initial_down.0", images))]
        for index in range(1, depth - 1):
            outputs.append(leaky(call(f"down{index}.conv.1", call(f"down{index}.conv.0", outputs[-1]))))
        features = torch.relu(call("bottleneck.0", outputs[-1]))
        for index in range(1, depth):
            features = torch.relu(call(f"up{index}.conv.1", call(f"up{index}.conv.0", features)))
            features = torch.cat([features, outputs[-index]], 1)
        return torch.tanh(call("final_up.0", features))

    return Code(layers, run)


def residual(
    names: Callable[[str, int], tuple[str, str]],
    norm: Callable[[int], nn.Module] = nn.Identity,
    up: str = "repeat",
    blocks: int = 2,
    width: int = 4,
    edges: str = "reflect",
    down_edges: str = "constant",
) -> Code:
    """A network like CycleGAN's; ``names`` gives a convolution and its norm their names, by kind and place."""
    layers: dict[str, nn.Module] = {}
    plain = norm is nn.Identity
    places = [("first", 0), ("down", 0), ("down", 1), *(("block", n) for n in range(2 * blocks)), ("up", 0), ("up", 1)]
    for kind, place in places:
        one, two = names(kind, place)
        wide = {"first": width, "down": 2 * width * 2**place, "block": 4 * width, "up": 2 * width // 2**place}[kind]
        before = {"first": 3, "down": wide // 2, "block": wide, "up": 2 * wide}[kind]
        if kind == "up" and up != "repeat":
            kernel = int(up)
            layers[one] = nn.ConvTranspose2d(before, wide, kernel, 2, 1, 1 if kernel == 3 else 0, bias=plain)
        else:
            padding = 1 if kind in ("down", "up") else 0
            stride = 2 if kind == "down" else 1
            kernel = 7 if kind == "first" else 3
            layers[one] = nn.Conv2d(before, wide, kernel, stride, 0 if kind == "down" else padding, bias=plain)
        if not plain:
            layers[two] = norm(wide)
    layers[names("last", 0)[0]] = nn.Conv2d(width, 3, 7)

    def run(call: Any, images: Tensor) -> Tensor:
        def normed(kind: str, place: int, features: Tensor) -> Tensor:
            one, two = names(kind, place)
            features = call(one, features)
            return F.instance_norm(features) if plain else call(two, features)

        features = torch.relu(normed("first", 0, F.pad(images, (3,) * 4, edges)))
        for place in (0, 1):
            features = torch.relu(normed("down", place, F.pad(features, (1,) * 4, down_edges)))
        for place in range(blocks):
            inner = torch.relu(normed("block", 2 * place, F.pad(features, (1,) * 4, edges)))
            features = features + normed("block", 2 * place + 1, F.pad(inner, (1,) * 4, edges))
        for place in (0, 1):
            large = F.interpolate(features, scale_factor=2) if up == "repeat" else features
            features = torch.relu(normed("up", place, large))
        return torch.tanh(call(names("last", 0)[0], F.pad(features, (3,) * 4, edges)))

    return Code(layers, run)


def pytorch_gan_names(kind: str, place: int) -> tuple[str, str]:
    if kind == "block":
        return f"model.{10 + place // 2}.block.{1 + 4 * (place % 2)}", ""
    return f"model.{ {'first': 1, 'down': 4 + 3 * place, 'up': 13 + 4 * place, 'last': 21}[kind] }", ""


def collection_names(kind: str, place: int) -> tuple[str, str]:
    if kind == "block":
        return f"res_blocks.{place // 2}.block.{place % 2}.conv.0", ""
    return {
        "first": "initial.0",
        "down": f"down_blocks.{place}.conv.0",
        "up": f"up_blocks.{place}.conv.0",
        "last": "last",
    }[kind], ""


def unknown_names(kind: str, place: int) -> tuple[str, str]:
    stem = f"{ {'first': 'stem', 'down': 'shrink', 'block': 'mid', 'up': 'grow', 'last': 'paint'}[kind] }{place}"
    return f"{stem}.w", f"{stem}.n"


def affine_norm(channels: int) -> nn.Module:
    return nn.InstanceNorm2d(channels, affine=True)


def stargan(domains: int = 3, width: int = 4, blocks: int = 2) -> Code:
    """The authors' StarGAN, whose norms keep statistics that its tests do not use."""
    layers: dict[str, nn.Module] = {}

    def add(name: str, layer: nn.Module, channels: int) -> None:
        *path, place = name.split(".")
        layers[name] = layer
        norm = nn.InstanceNorm2d(channels, affine=True, track_running_stats=True)
        layers[".".join([*path, str(int(place) + 1)])] = norm

    add("main.0", conv(3 + domains, width, 7, bias=False), width)
    for place, channels in ((3, width), (6, 2 * width)):
        add(f"main.{place}", nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False), 2 * channels)
    for index in range(blocks):
        for place in (0, 3):
            add(f"main.{9 + index}.main.{place}", conv(4 * width, 4 * width, bias=False), 4 * width)
    for place, channels in ((9 + blocks, 4 * width), (12 + blocks, 2 * width)):
        add(f"main.{place}", nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1, bias=False), channels // 2)
    layers[f"main.{15 + blocks}"] = conv(width, 3, 7, bias=False)

    def run(call: Any, images: Tensor) -> Tensor:
        planes = torch.zeros(len(images), domains, *images.shape[2:]).to(images)
        planes[:, 1] = 1  # the second domain
        features = torch.cat([images, planes], 1)
        for place in (0, 3, 6):
            features = torch.relu(call(f"main.{place + 1}", call(f"main.{place}", features)))
        for index in range(blocks):
            name = f"main.{9 + index}.main"
            inner = torch.relu(call(f"{name}.1", call(f"{name}.0", features)))
            features = features + call(f"{name}.4", call(f"{name}.3", inner))
        for place in (9 + blocks, 12 + blocks):
            features = torch.relu(call(f"main.{place + 1}", call(f"main.{place}", features)))
        return torch.tanh(call(f"main.{15 + blocks}", features))

    return Code(layers, run)
