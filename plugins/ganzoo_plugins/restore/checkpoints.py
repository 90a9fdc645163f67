"""Importer of everything that spandrel recognizes. The file is read by ganzoo; spandrel is handed tensors alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from ganzoo import DetectedCheckpoint, GanzooError, Importer

from .networks import Enlarger, Inpainter, Restorer, describe, registry, stored_hyperparameters, task_of

ENTRIES = {
    Enlarger: "generator:spandrel",
    Restorer: "generator:spandrel-restoration",
    Inpainter: "generator:spandrel-inpainting",
}
# Pixels: of the images by which engines are timed, and at which larger images are filled.
IMAGE_SIZES = {Enlarger: 128, Restorer: 256, Inpainter: 1024}
WRAPPERS = 3  # names around all tensors that are taken away: "net_g.module.", say


class SpandrelImporter(Importer):
    """Asks spandrel's registry, with the names as they are and without names around all of them."""

    general = True
    packages = ("spandrel",)
    extra = "restore"

    def recognize(self, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
        """Return the network that spandrel builds from these tensors, None where it recognizes none."""
        for candidate in _unwrapped(tensors):
            for support in registry().architectures("detection"):
                if support.detect(candidate):
                    return _detected(support.architecture, candidate)
        return None


def _unwrapped(tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Return the tensors as they are, and without one, two, ... names that all of them begin with."""
    candidates = [dict(tensors)]
    while len(candidates) <= WRAPPERS:
        last = candidates[-1]
        heads = {name.partition(".")[0] for name in last if "." in name}
        averaged = next((head for head in ("params_ema", "ema", "model_ema") if head in heads), None)
        if averaged is None and (len(heads) != 1 or not all("." in name for name in last)):
            break
        prefix = f"{averaged or next(iter(heads))}."
        candidates.append({name[len(prefix) :]: value for name, value in last.items() if name.startswith(prefix)})
    return candidates


def _detected(architecture: Any, tensors: Mapping[str, Tensor]) -> DetectedCheckpoint | None:
    from ganzoo.errors import WeightsError

    try:
        descriptor = describe(architecture, tensors)
        hyperparameters = stored_hyperparameters(descriptor.model)
    except GanzooError as error:
        raise WeightsError(f"The file looks like {architecture.name}, but {error}") from error
    except Exception as error:  # spandrel asserts, and its networks raise what they like
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise WeightsError(
            f"The file looks like {architecture.name}, but spandrel cannot load it: {lines[0][:200].rstrip(':. ')}. "
            "It is damaged, or a variant that spandrel does not know."
        ) from error
    network = descriptor.model
    return DetectedCheckpoint(
        source=f"spandrel's {architecture.name}",
        entry=ENTRIES[task_of(descriptor)],
        options={
            "architecture": str(architecture.id),
            "network": type(network).__name__,
            "hyperparameters": hyperparameters,
        },
        tensors={f"network.{name}": tensor for name, tensor in network.state_dict().items()},
        image_size=IMAGE_SIZES[task_of(descriptor)],
        reference=_reference(descriptor),
    )


def _reference(descriptor: Any) -> Callable[..., Tensor]:
    """Return spandrel's own call, on images in [-1, 1]."""
    descriptor.eval()

    def run(images: Tensor, *masks: Tensor) -> Tensor:
        output: Tensor = descriptor(images * 0.5 + 0.5, *masks) * 2 - 1
        return output

    return run
