"""Importers of networks that enlarge images: SRGAN and ESRGAN of several code bases."""

from __future__ import annotations

from .described import Description, LayeredImporter, Modules, Several, numbered, sizes


def srresnet(
    channels: int, out: int, width: int, blocks: int, doublings: int, slopes: int = 1, eps: str = "", kept: str = ""
) -> str:
    """Return SRResNet (arXiv:1609.04802, figure 4) as text, before its last activation.

    Args:
        channels: Of the input.
        out: Of the output.
        width: Of all layers.
        blocks: Number of residual blocks.
        doublings: Of height and width.
        slopes: Of each PReLU.
        eps: Of the batch norms in the residual blocks and after them, "" or ",0.8".
        kept: "batch" for a batch norm in front of each pixel shuffle.
    """
    plain = f"conv({width},{width},3,1,1"
    bias = ",nobias)" if slopes > 1 else ")"
    norm = f"batch({width}{eps})"
    block = f"add[ {plain}{bias} {norm} prelu({slopes}) {plain}{bias} {norm} ]"
    before = f" batch({4 * width})" if kept else ""
    up = f"conv({width},{4 * width},3,1,1){before} shuffle(2) prelu({slopes})"
    body = f"add[ {' '.join([block] * blocks)} {plain}{bias} {norm} ]"
    first, last = f"conv({channels},{width},9,1,4) prelu({slopes})", f"conv({width},{out},9,1,4)"
    return " ".join([first, body, *[up] * doublings, last])


class LeftThomasImporter(LayeredImporter):
    """Detects width, blocks and scale of leftthomas's SRGAN: [0, 1] in, tanh out."""

    source = "leftthomas's SRGAN"
    entry = "generator:layered-enlarger"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by block1, block2.conv1, ... and the layers of its last block."""
        blocks = numbered(modules, "block{}.conv1")
        ups = numbered(modules, "block8.{}.conv")
        if not blocks or not ups or "block1.1" not in modules:
            return None
        channels, width = sizes(modules, "block1.0")
        _, out = sizes(modules, f"block8.{len(ups)}")
        text = srresnet(channels, out, width, len(blocks), len(ups)) + " tanh"
        options = {"in_channels": channels, "out_channels": out, "scale": 2 ** len(ups), "inputs": "unit"}
        return Description(text, options, image_size=128)


class PyTorchGanSrganImporter(LayeredImporter):
    """Detects channels, width, blocks and scale of PyTorch-GAN's SRGAN: both ends normalized as ImageNet."""

    source = "PyTorch-GAN's SRGAN"
    entry = "generator:layered-enlarger"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by conv1, res_blocks, conv2, upsampling and conv3."""
        blocks = numbered(modules, "res_blocks.{}.conv_block.0")
        if not blocks or "conv3.0" not in modules:
            return None
        (channels, width), (_, out) = sizes(modules, "conv1.0"), sizes(modules, "conv3.0")
        doublings = sum(name.startswith("upsampling.") for name in modules) // 3
        text = srresnet(channels, out, width, len(blocks), doublings, eps=",0.8", kept="batch") + " tanh"
        options = {"in_channels": channels, "out_channels": out, "scale": 2**doublings, **imagenet(channels, out)}
        return Description(text, options, image_size=64)


class PyTorchGanEsrganImporter(LayeredImporter):
    """Detects channels, width, blocks and scale of PyTorch-GAN's ESRGAN: both ends normalized as ImageNet."""

    source = "PyTorch-GAN's ESRGAN"
    entry = "generator:layered-enlarger"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by its dense blocks, each five convolutions of all that came before."""
        blocks = numbered(modules, "res_blocks.{}.dense_blocks.0.b1.0")
        if not blocks:
            return None
        (channels, width), (_, out) = sizes(modules, "conv1"), sizes(modules, "conv3.2")
        doublings = sum(name.startswith("upsampling.") for name in modules)
        joined = [f"cat[ conv({count * width},{width},3,1,1) leaky(0.01) ]" for count in (1, 2, 3, 4)]
        dense = f"add(0.2)[ {' '.join(joined)} conv({5 * width},{width},3,1,1) ]"
        block, plain = f"add(0.2)[ {' '.join([dense] * 3)} ]", f"conv({width},{width},3,1,1)"
        up = f"conv({width},{4 * width},3,1,1) leaky(0.01) shuffle(2)"
        text = " ".join(
            [
                f"conv({channels},{width},3,1,1)",
                f"add[ {' '.join([block] * len(blocks))} {plain} ]",
                *[up] * doublings,
                f"{plain} leaky(0.01) conv({width},{out},3,1,1)",
            ]
        )
        options = {"in_channels": channels, "out_channels": out, "scale": 2**doublings, **imagenet(channels, out)}
        return Description(text, options, image_size=64)


class CollectionSrganImporter(LayeredImporter):
    """Detects channels, width and blocks of Machine-Learning-Collection's SRGAN: [0, 1] in, tanh out."""

    source = "Machine-Learning-Collection's SRGAN"
    entry = "generator:layered-enlarger"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator; the PReLU after each block is built there, and not used."""
        blocks = numbered(modules, "residuals.{}.block1.cnn")
        ups = numbered(modules, "upsamples.{}.conv")
        if not blocks or not ups:
            return None
        (channels, width), (_, out) = sizes(modules, "initial.cnn"), sizes(modules, "final")
        unused = [name for name in modules if name == "convblock.act" or name.endswith(".block2.act")]
        text = srresnet(channels, out, width, len(blocks), len(ups), slopes=width) + " tanh"
        options = {"in_channels": channels, "out_channels": out, "scale": 2 ** len(ups), "inputs": "unit"}
        note = f"{len(unused)} PReLUs that its code builds and does not use are left out"
        return Description(text, options, image_size=96, unused=tuple(unused), notes=(note,) if unused else ())


def imagenet(channels: int, out: int) -> dict[str, str]:
    """Return the values of images normalized as ImageNet; other images are normalized to [-1, 1] there."""
    return {"inputs": "imagenet", "outputs": "imagenet"} if channels == out == 3 else {}


class EnlargersImporter(Several):
    """Detects networks that enlarge images."""

    importers = (LeftThomasImporter, PyTorchGanSrganImporter, PyTorchGanEsrganImporter, CollectionSrganImporter)
