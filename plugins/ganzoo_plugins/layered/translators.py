"""Importers of networks from images to images: AnimeGANv2, and U-Nets of two code bases."""

from __future__ import annotations

from .described import Description, LayeredImporter, Modules, Several, numbered, sizes


class AnimeGanImporter(LayeredImporter):
    """Detects the widths of AnimeGANv2's generator, in bryandlee's PyTorch."""

    source = "AnimeGANv2 in PyTorch"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by block_a to block_e and out_layer, whose layers are in the file's order."""
        if not {"block_a.0.1", "block_b.0.1", "block_e.2.1", "out_layer.0"} <= set(modules):
            return None
        words = [_normed(modules, f"block_a.{place}.1", stride=2 if place == 1 else 1) for place in range(3)]
        words += [_normed(modules, "block_b.0.1", stride=2), _normed(modules, "block_b.1.1")]
        inverted = numbered(modules, "block_c.{}.layers.2")
        words.append(_normed(modules, "block_c.0.1"))
        words += [_inverted(modules, f"block_c.{place}.layers") for place in inverted]
        words.append(_normed(modules, f"block_c.{len(inverted) + 1}.1"))
        words += ["bilinear(2,aligned)", *(_normed(modules, f"block_d.{place}.1") for place in range(2))]
        words += ["bilinear(2,aligned)", *(_normed(modules, f"block_e.{place}.1") for place in range(3))]
        channels, out = sizes(modules, "out_layer.0")
        words.append(f"conv({channels},{out},1,nobias) tanh")
        options = {"in_channels": sizes(modules, "block_a.0.1")[0], "out_channels": out, "stride": 4}
        return Description(" ".join(words), options, image_size=512)


def _normed(modules: Modules, name: str, stride: int = 1) -> str:
    """Return a padded convolution, a norm of all channels as one group, and LeakyReLU."""
    weight = modules[name]["weight"]
    out, channels, kernel, _ = weight.shape
    groups = out if channels == 1 and kernel > 1 else 1  # one for each channel: they are bias and all
    pad = "reflect(0,1,0,1)" if stride == 2 else f"reflect({kernel // 2})" if kernel > 1 else ""
    bias = "" if "bias" in modules[name] else ",nobias"
    return f"{pad} conv({channels * groups},{out},{kernel},{stride},0,{groups}{bias}) group(1,{out}) leaky(0.2)".strip()


def _inverted(modules: Modules, name: str) -> str:
    """Return an inverted residual block: wider, each channel by itself, narrower."""
    (channels, inner), (_, out) = sizes(modules, f"{name}.0.1"), sizes(modules, f"{name}.2")
    layers = f"{_normed(modules, f'{name}.0.1')} {_normed(modules, f'{name}.1.1')} conv({inner},{out},1,nobias)"
    layers += f" group(1,{out})"
    return f"add[ {layers} ]" if channels == out else layers


class UNetImporter(LayeredImporter):
    """Detects depth and widths of the U-Nets of PyTorch-GAN's and Machine-Learning-Collection's pix2pix."""

    source = "a U-Net of PyTorch-GAN or Machine-Learning-Collection"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by down1, down2, ..., up1, up2, ..."""
        downs, ups = _pytorch_gan(modules) if "down1.model.0" in modules else _collection(modules)
        if len(downs) != len(ups) or len(downs) < 3:
            return None
        text = f"{downs[-1]} {ups[0]}"
        for down, up in zip(reversed(downs[:-1]), ups[1:], strict=True):
            text = f"{down} cat(last)[ {text} ] {up}"
        first, last = ("down1.model.0", "final.2") if "final.2" in modules else ("initial_down.0", "final_up.0")
        places = modules[last]["weight"].shape
        options = {
            "in_channels": sizes(modules, first)[0],
            "out_channels": places[0] if last == "final.2" else places[1],
            "stride": 2 ** len(downs),
        }
        return Description(text, options, notes=("dropout is off",))


def _pytorch_gan(modules: Modules) -> tuple[list[str], list[str]]:
    """Return the halvings and doublings of PyTorch-GAN's: no norm in the first and the last of the halvings."""
    names = [f"down{place}.model.0" for place in numbered(modules, "down{}.model.0")]
    downs, ups = [], []
    for name in names:
        channels, out = sizes(modules, name)
        norm = "" if name in (names[0], names[-1]) else f" instance({out})"
        downs.append(f"conv({channels},{out},4,2,1,nobias){norm} leaky(0.2)")
    for place in numbered(modules, "up{}.model.0"):
        out, channels = sizes(modules, f"up{place}.model.0")  # of transposed convolutions
        ups.append(f"tconv({channels},{out},4,2,1,nobias) instance({out}) relu")
    channels, out = sizes(modules, "final.2")
    return downs, [*ups, f"nearest(2) zero(1,0,1,0) conv({channels},{out},4,1,1) tanh"]


def _collection(modules: Modules) -> tuple[list[str], list[str]]:
    """Return the halvings and doublings of Machine-Learning-Collection's: reflected borders on the way down."""
    if not {"initial_down.0", "bottleneck.0", "final_up.0"} <= set(modules):
        return [], []
    channels, out = sizes(modules, "initial_down.0")
    downs, ups = [f"reflect(1) conv({channels},{out},4,2) leaky(0.2)"], []
    for place in numbered(modules, "down{}.conv.0"):
        channels, out = sizes(modules, f"down{place}.conv.0")
        downs.append(f"reflect(1) conv({channels},{out},4,2,0,nobias) batch({out}) leaky(0.2)")
    channels, out = sizes(modules, "bottleneck.0")
    downs.append(f"conv({channels},{out},4,2,1) relu")
    for place in numbered(modules, "up{}.conv.0"):
        out, channels = sizes(modules, f"up{place}.conv.0")
        ups.append(f"tconv({channels},{out},4,2,1,nobias) batch({out}) relu")
    out, channels = sizes(modules, "final_up.0")
    return downs, [*ups, f"tconv({channels},{out},4,2,1) tanh"]


class TranslatorsImporter(Several):
    """Detects networks from images to images."""

    importers = (AnimeGanImporter, UNetImporter)
