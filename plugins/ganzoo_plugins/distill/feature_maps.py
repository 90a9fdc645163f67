"""Feature maps within any two networks that translate images, paired by their size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganzoo import at_least_float32

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
MIN_VARIANCE = 1e-4  # so that a map that hardly varies is not amplified


class FeatureTaps:
    """The last feature map of each size in a network, up to its last convolution.

    Attributes:
        names: Step in pixels of the image to the name of the module whose output the map is, fine to coarse.
        channels: Step to the map's channels.
    """

    def __init__(self, network: nn.Module, in_channels: int, size: int) -> None:
        """Find the maps of a network by one image of zeros, (1, in_channels, size, size)."""
        self.network = network
        outputs = self._outputs(torch.zeros(1, in_channels, size, size, dtype=next(network.parameters()).dtype))
        modules = dict(network.named_modules())
        last = max(place for place, (name, _) in enumerate(outputs) if isinstance(modules[name], CONVOLUTIONS))
        found: dict[int, tuple[str, int]] = {}
        for name, shape in outputs[:last]:
            step, rest = divmod(size, shape[-1])
            if shape[-2] == shape[-1] and rest == 0:
                found[step] = (name, shape[1])
        self.names = {step: found[step][0] for step in sorted(found)}
        self.channels = {step: found[step][1] for step in sorted(found)}

    def _outputs(self, images: Tensor) -> list[tuple[str, torch.Size]]:
        """Return the names of all modules that return maps, with the maps' shapes, in the order in which they end."""
        seen: list[tuple[str, torch.Size]] = []

        def observe(name: str) -> torch.utils.hooks.RemovableHandle:
            def note(module: nn.Module, inputs: object, output: object) -> None:
                if isinstance(output, Tensor) and output.dim() == 4:
                    seen.append((name, output.shape))

            return self.network.get_submodule(name).register_forward_hook(note)

        handles = [observe(name) for name, _ in self.network.named_modules() if name]
        training = self.network.training
        self.network.eval()
        try:
            with torch.no_grad():
                self.network(images)
        finally:
            self.network.train(training)
            for handle in handles:
                handle.remove()
        return seen

    @contextmanager
    def recorded(self, steps: Sequence[int]) -> Iterator[list[Tensor]]:
        """Yield a list that holds the maps of these steps, in their order, after the network ran within the block."""
        found: dict[int, Tensor] = {}
        maps: list[Tensor] = []

        def observe(step: int) -> torch.utils.hooks.RemovableHandle:
            def keep(module: nn.Module, inputs: object, output: Tensor) -> None:
                found[step] = output

            return self.network.get_submodule(self.names[step]).register_forward_hook(keep)

        handles = [observe(step) for step in steps]
        try:
            yield maps
        finally:
            for handle in handles:
                handle.remove()
            maps.extend(found[step] for step in steps if step in found)


class Adapters(nn.ModuleList):
    """1x1 convolutions from the student's channels to the teacher's, one for each size (arXiv:2003.08936, section 3.1).

    Args:
        student: The student's maps.
        teacher: The teacher's maps.
        learn: Compare them; else there are no convolutions.

    Attributes:
        steps: The steps in pixels of the maps that both networks have, fine to coarse.
    """

    def __init__(self, student: FeatureTaps, teacher: FeatureTaps, learn: bool = True) -> None:
        self.steps = [step for step in student.names if learn and step in teacher.names]
        super().__init__(nn.Conv2d(student.channels[step], teacher.channels[step], 1) for step in self.steps)

    def forward(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
        """Return the mean over sizes of the distance of the student's maps to the teacher's."""
        pairs = zip(self, student, teacher, strict=True)
        distances = [map_distance(adapter(own), target) for adapter, own, target in pairs]
        return torch.stack(distances).mean()


def map_distance(features: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference of two maps (N, C, H, W) over the variance of the target's numbers."""
    features, target = at_least_float32(features), at_least_float32(target)
    variance = target.var(correction=0).clamp_min(MIN_VARIANCE)
    return (features - target).square().mean() / variance
