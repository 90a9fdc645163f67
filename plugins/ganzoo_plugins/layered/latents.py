"""Importers of generators from latents: DCGANs and perceptrons of several code bases, StudioGAN's residual ones."""

from __future__ import annotations

import math

from .described import Description, LayeredImporter, Modules, Several, numbered


class FromLatents(LayeredImporter):
    """Base of importers of generators from latents."""

    entry = "generator:layered-latents"


def described(text: str, latent_dim: int, image_size: int, channels: int, notes: tuple[str, ...] = ()) -> Description:
    """Return a description with the options that all of them have."""
    options = {"latent_dim": latent_dim, "image_size": image_size, "channels": channels}
    return Description(text, options, image_size=image_size, notes=notes)


class PyTorchGanDcganImporter(FromLatents):
    """Detects sizes of PyTorch-GAN's DCGAN: a linear layer, two enlargements, batch norms with an epsilon of 0.8."""

    source = "PyTorch-GAN's DCGAN"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by l1.0 and conv_blocks, once conv_model."""
        root = next((name for name in ("conv_blocks", "conv_model") if f"{name}.9" in modules), "")
        if not root or "l1.0" not in modules or len(modules) != 7:
            return None
        units, latent_dim = modules["l1.0"]["weight"].shape
        wide, narrow = (len(modules[f"{root}.{place}"]["weight"]) for place in (2, 6))
        channels, side = len(modules[f"{root}.9"]["weight"]), math.isqrt(units // wide)
        text = (
            f"linear({latent_dim},{units}) reshape({wide},{side},{side}) batch({wide}) "
            f"nearest(2) conv({wide},{wide},3,1,1) batch({wide},0.8) leaky(0.2) "
            f"nearest(2) conv({wide},{narrow},3,1,1) batch({narrow},0.8) leaky(0.2) "
            f"conv({narrow},{channels},3,1,1) tanh"
        )
        return described(text, latent_dim, 4 * side, channels)


class PyTorchGanPerceptronImporter(FromLatents):
    """Detects sizes of PyTorch-GAN's perceptrons, whose batch norms have an epsilon of 0.8; their images are square."""

    source = "PyTorch-GAN's perceptron"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by model.0, model.2, ...; its image is gray where that makes it square, else RGB."""
        if list(modules) != ["model.0", *(f"model.{place}" for place in (2, 3, 5, 6, 8, 9, 11))]:
            return None
        wide = [modules[f"model.{place}"]["weight"] for place in (0, 2, 5, 8, 11)]
        if any(weight.dim() != 2 for weight in wide) or "running_var" not in modules["model.3"]:
            return None
        latent_dim, values = wide[0].shape[1], len(wide[-1])
        channels = next((count for count in (1, 3) if math.isqrt(values // count) ** 2 * count == values), 0)
        if not channels:
            return None
        side, words = math.isqrt(values // channels), [f"linear({latent_dim},{len(wide[0])}) leaky(0.2)"]
        for weight in wide[1:-1]:
            words.append(f"linear({weight.shape[1]},{len(weight)}) batch({len(weight)},0.8,flat) leaky(0.2)")
        words.append(f"linear({wide[-1].shape[1]},{values}) tanh reshape({channels},{side},{side})")
        note = f"{values:,} values are taken to be {channels} x {side} x {side}"
        return described(" ".join(words), latent_dim, side, channels, (note,))


class TorchGanImporter(FromLatents):
    """Detects sizes of TorchGAN's DCGAN, with batch norms or without; its activations are taken to be the defaults."""

    source = "TorchGAN's DCGAN"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by model.0.0, model.0.1, ..."""
        places = numbered(modules, "model.{}.0")
        normed = "model.0.1" in modules
        if len(places) < 3 or len(modules) != (2 * len(places) - 1 if normed else len(places)):
            return None
        weights = [modules[f"model.{place}.0"]["weight"] for place in places]
        if any(weight.shape[2:] != (4, 4) for weight in weights):
            return None
        words = [f"reshape({len(weights[0])},1,1)"]
        for place, weight in enumerate(weights[:-1]):
            channels, out = weight.shape[:2]
            words.append(f"tconv({channels},{out},4,{'2,1' if place else '1,0'}{',nobias' if normed else ''})")
            words += [*([f"batch({out})"] if normed else []), "leaky(0.2)"]
        channels, out = weights[-1].shape[:2]
        words.append(f"tconv({channels},{out},4,2,1) tanh")
        note = "Activations are taken to be its defaults: LeakyReLU 0.2, and tanh at the end"
        return described(" ".join(words), len(weights[0]), 4 * 2 ** (len(weights) - 1), out, (note,))


class GanZooImporter(FromLatents):
    """Detects sizes of pytorch_GAN_zoo's DCGAN."""

    source = "pytorch_GAN_zoo's DCGAN"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by formatLayer, main.batchNorm0, main.convTranspose1, ..."""
        if "formatLayer" not in modules or "main.outlayer" not in modules:
            return None
        latent_dim, wide = modules["formatLayer"]["weight"].shape[:2]
        words = [f"reshape({latent_dim},1,1) tconv({latent_dim},{wide},4,1,0,nobias) batch({wide}) relu"]
        order, places = ["formatLayer", "main.batchNorm0"], numbered(modules, "main.convTranspose{}")
        for place in places:
            channels, out = modules[f"main.convTranspose{place}"]["weight"].shape[:2]
            words.append(f"tconv({channels},{out},4,2,1,nobias) batch({out}) relu")
            order += [f"main.convTranspose{place}", f"main.batchNorm{place}"]
        channels, out = modules["main.outlayer"]["weight"].shape[:2]
        words.append(f"tconv({channels},{out},4,2,1,nobias) tanh")
        found = described(" ".join(words), latent_dim, 8 * 2 ** len(places), out)
        return Description(found.layers, found.options, (*order, "main.outlayer"), found.image_size)


class StudioGanImporter(FromLatents):
    """Detects sizes of PyTorch-StudioGAN's residual generators without labels, with spectral norms or without."""

    source = "PyTorch-StudioGAN's residual generator"

    def describe(self, modules: Modules) -> Description | None:
        """Describe the generator by linear0, blocks.0.0.bn1, ..., bn4 and conv2d5; norms have an epsilon of 1e-4."""
        places = numbered(modules, "blocks.{}.0.conv2d1")
        if not places or not {"linear0", "bn4", "conv2d5", "blocks.0.0.conv2d0"} <= set(modules):
            return None
        if "weight" not in modules.get("blocks.0.0.bn1", {}):
            return None
        units, latent_dim = modules["linear0"]["weight"].shape
        width = modules["blocks.0.0.conv2d1"]["weight"].shape[1]
        side = math.isqrt(units // width)
        words, order = [f"linear({latent_dim},{units}) reshape({width},{side},{side})"], ["linear0"]
        for place in places:
            out, width = modules[f"blocks.{place}.0.conv2d1"]["weight"].shape[:2]
            layers = f"batch({width},0.0001) relu nearest(2) conv({width},{out},3,1,1)"
            words.append(f"add[ {layers} batch({out},0.0001) relu conv({out},{out},3,1,1) |")
            words.append(f"nearest(2) conv({width},{out},1) ]")
            order += [f"blocks.{place}.0.{layer}" for layer in ("bn1", "conv2d1", "bn2", "conv2d2", "conv2d0")]
        channels, out = len(modules["conv2d5"]["weight"]), modules["conv2d5"]["weight"].shape[1]
        words.append(f"batch({out},0.0001) relu conv({out},{channels},3,1,1) tanh")
        found = described(" ".join(words), latent_dim, side * 2 ** len(places), channels)
        note = "Activations are taken to be ReLU, its default"
        return Description(found.layers, found.options, (*order, "bn4", "conv2d5"), found.image_size, notes=(note,))


class LatentsImporter(Several):
    """Detects generators from latents."""

    importers = (
        PyTorchGanDcganImporter,
        PyTorchGanPerceptronImporter,
        TorchGanImporter,
        GanZooImporter,
        StudioGanImporter,
    )
