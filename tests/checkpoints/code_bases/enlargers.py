"""SRGAN and ESRGAN of several code bases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import Code, conv, leaky

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def leftthomas(ups: int = 2, blocks: int = 5, width: int = 6) -> Code:
    layers: dict[str, nn.Module] = {"block1.0": conv(3, width, 9), "block1.1": nn.PReLU()}
    for index in range(2, blocks + 2):
        parts = (conv(width, width), nn.BatchNorm2d(width), nn.PReLU(), conv(width, width), nn.BatchNorm2d(width))
        layers |= {
            f"block{index}.{n}": p for n, p in zip(("conv1", "bn1", "prelu", "conv2", "bn2"), parts, strict=True)
        }
    layers |= {f"block{blocks + 2}.0": conv(width, width), f"block{blocks + 2}.1": nn.BatchNorm2d(width)}
    for index in range(ups):
        layers |= {f"block8.{index}.conv": conv(width, 4 * width), f"block8.{index}.prelu": nn.PReLU()}
    layers[f"block8.{ups}"] = conv(width, 3, 9)

    def run(call: Any, images: Tensor) -> Tensor:
        first = features = call("block1.1", call("block1.0", (images + 1) / 2))
        for index in range(2, blocks + 2):
            inner = features
            for name in ("conv1", "bn1", "prelu", "conv2", "bn2"):
                inner = call(f"block{index}.{name}", inner)
            features = features + inner
        features = first + call(f"block{blocks + 2}.1", call(f"block{blocks + 2}.0", features))
        for index in range(ups):
            features = call(f"block8.{index}.prelu", F.pixel_shuffle(call(f"block8.{index}.conv", features), 2))
        return (torch.tanh(call(f"block8.{ups}", features)) + 1) / 2 * 2 - 1

    return Code(layers, run)


def normalized(run: Callable[[Tensor], Tensor]) -> Callable[[Any], Tensor]:
    """Both ends of a network for images normalized as torchvision's networks take them."""

    def both_ends(images: Tensor) -> Tensor:
        output = run(((images + 1) / 2 - MEAN.to(images)) / DEVIATION.to(images))
        return ((output * DEVIATION.to(images) + MEAN.to(images)) * 2 - 1).clamp(-1, 1)

    return both_ends


def pytorch_gan_srgan(blocks: int = 2, width: int = 6) -> Code:
    layers: dict[str, nn.Module] = {"conv1.0": conv(3, width, 9), "conv1.1": nn.PReLU()}
    for index in range(blocks):
        parts = (conv(width, width), nn.BatchNorm2d(width, 0.8), nn.PReLU(), conv(width, width))
        layers |= {f"res_blocks.{index}.conv_block.{n}": part for n, part in enumerate(parts)}
        layers[f"res_blocks.{index}.conv_block.4"] = nn.BatchNorm2d(width, 0.8)
    layers |= {"conv2.0": conv(width, width), "conv2.1": nn.BatchNorm2d(width, 0.8)}
    for place in (0, 4):
        layers |= {f"upsampling.{place}": conv(width, 4 * width), f"upsampling.{place + 1}": nn.BatchNorm2d(4 * width)}
        layers[f"upsampling.{place + 3}"] = nn.PReLU()
    layers["conv3.0"] = conv(width, 3, 9)

    def run(call: Any, images: Tensor) -> Tensor:
        def inside(values: Tensor) -> Tensor:
            first = features = call("conv1.1", call("conv1.0", values))
            for index in range(blocks):
                inner = features
                for place in range(5):
                    inner = call(f"res_blocks.{index}.conv_block.{place}", inner)
                features = features + inner
            features = first + call("conv2.1", call("conv2.0", features))
            for place in (0, 4):
                wide = call(f"upsampling.{place + 1}", call(f"upsampling.{place}", features))
                features = call(f"upsampling.{place + 3}", F.pixel_shuffle(wide, 2))
            return torch.tanh(call("conv3.0", features))

        return normalized(inside)(images)

    return Code(layers, run)


def pytorch_gan_esrgan(blocks: int = 1, width: int = 4) -> Code:
    layers: dict[str, nn.Module] = {"conv1": conv(3, width)}
    for index in range(blocks):
        for dense in range(3):
            for n in range(1, 6):
                layers[f"res_blocks.{index}.dense_blocks.{dense}.b{n}.0"] = conv(n * width, width)
    layers["conv2"] = conv(width, width)
    layers |= {f"upsampling.{place}": conv(width, 4 * width) for place in (0, 3)}
    layers |= {"conv3.0": conv(width, width), "conv3.2": conv(width, 3)}

    def run(call: Any, images: Tensor) -> Tensor:
        def inside(values: Tensor) -> Tensor:
            first = features = call("conv1", values)
            for index in range(blocks):
                block = features
                for dense in range(3):
                    seen, name = block, f"res_blocks.{index}.dense_blocks.{dense}"
                    for n in range(1, 5):
                        seen = torch.cat([seen, leaky(call(f"{name}.b{n}.0", seen), 0.01)], 1)
                    block = block + 0.2 * call(f"{name}.b5.0", seen)
                features = features + 0.2 * block
            features = first + call("conv2", features)
            for place in (0, 3):
                features = F.pixel_shuffle(leaky(call(f"upsampling.{place}", features), 0.01), 2)
            return call("conv3.2", leaky(call("conv3.0", features), 0.01))

        return normalized(inside)(images)

    return Code(layers, run)


def collection_srgan(blocks: int = 2, width: int = 6) -> Code:
    def normed(channels: int, out: int) -> dict[str, nn.Module]:
        return {"cnn": conv(channels, out, bias=False), "bn": nn.BatchNorm2d(out), "act": nn.PReLU(out)}

    layers: dict[str, nn.Module] = {"initial.cnn": conv(3, width, 9), "initial.act": nn.PReLU(width)}
    for index in range(blocks):
        for half in ("block1", "block2"):
            layers |= {f"residuals.{index}.{half}.{name}": part for name, part in normed(width, width).items()}
    layers |= {f"convblock.{name}": part for name, part in normed(width, width).items()}
    for index in range(2):
        layers |= {f"upsamples.{index}.conv": conv(width, 4 * width), f"upsamples.{index}.act": nn.PReLU(width)}
    layers["final"] = conv(width, 3, 9)

    def run(call: Any, images: Tensor) -> Tensor:
        first = features = call("initial.act", call("initial.cnn", (images + 1) / 2))
        for index in range(blocks):
            one, two = f"residuals.{index}.block1", f"residuals.{index}.block2"
            inner = call(f"{one}.act", call(f"{one}.bn", call(f"{one}.cnn", features)))
            features = features + call(f"{two}.bn", call(f"{two}.cnn", inner))
        features = first + call("convblock.bn", call("convblock.cnn", features))
        for index in range(2):
            features = call(f"upsamples.{index}.act", F.pixel_shuffle(call(f"upsamples.{index}.conv", features), 2))
        return torch.tanh(call("final", features))

    return Code(layers, run)
