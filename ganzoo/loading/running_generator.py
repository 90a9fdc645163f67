"""A generator with its card, on a device, run by an engine: what a model is, before what people do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.cards.card import Card
from ganzoo.errors import GanzooError, ImageError, OptionError
from ganzoo.image_io import arrays, resizing, tensors
from ganzoo.inference import conditions, engine_selection
from ganzoo.inference.image_pass import Network
from ganzoo.inference.running import Running, start
from ganzoo.inference.working_size import working_size
from ganzoo.inference.workload import UNKNOWN, Workload
from ganzoo.weights import network_size, weights_file

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ganzoo.contracts.engine import Array, Signature
    from ganzoo.inference.tiling.strips import Strips

MAX_CALIBRATION = 64  # images
_STARTED = {"generator", "_running", "_network", "_strips"}  # attributes that a copy makes anew


class RunningGenerator:
    """The base of `ganzoo.Model`: the generator, loaded at its first use, and the engine that runs it.

    Attributes:
        generator: The torch module, in inference mode; loaded at its first use.
        card: What it is and where it came from.
    """

    def __init__(
        self,
        generator: nn.Module | Callable[[], nn.Module],
        card: Card,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | str = "float32",
        discriminator: Path | None = None,
        *,
        choices: Sequence[engine_selection.Choice] | None = None,
        calibration: Iterable[Any] = (),
        log: Callable[[str], None] | None = None,
        work: Workload | None = None,
    ) -> None:
        """Wrap a generator.

        Args:
            generator: A module, or a function that loads it.
            card: Its card.
            device: Where it computes.
            dtype: In which type it computes.
            discriminator: Its discriminator's weights file.
            choices: The engines to try; torch by default.
            calibration: Images by which an int8 conversion is made.
            log: Called with a line of text when the generator is converted for an engine.
            work: What it will do, by which the fastest of several engines is chosen; a hundred images by
                default, which are not certain.
        """
        kind, name = str(device), str(dtype).removeprefix("torch.")
        self.card = card
        self._load = generator
        self._device, self._dtype = kind, name
        self._discriminator = discriminator
        self._choices = choices or engine_selection.choose("torch", kind, name)
        self._work = work or UNKNOWN
        self._calibration, self._log = calibration, log or _say_nothing
        self._prepared: tuple[Mapping[str, Any], conditions.Conditions] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what `pickle`, `copy.deepcopy` and `torch.save` keep: the generator with its weights, and no engine.

        A copy needs no file of this machine but the discriminator's; its engine starts at the first use.
        """
        kept = {name: value for name, value in vars(self).items() if name not in _STARTED}
        known = isinstance(self._calibration, (list, tuple))
        anew = {"_prepared": None, "_log": _say_nothing, "_calibration": self._calibration if known else ()}
        return {**kept, "_load": self.generator, **anew}

    @property
    def device(self) -> torch.device:
        """Where the generator computes."""
        import torch

        return torch.device(self._device)

    @property
    def dtype(self) -> torch.dtype:
        """In which type it computes."""
        import torch

        found: torch.dtype = getattr(torch, self._dtype)
        return found

    @property
    def engine(self) -> str:
        """The name of the engine that runs it, chosen at the first use."""
        return self._running.choice.name

    @cached_property
    def generator(self) -> nn.Module:
        """The torch module; under an engine that converts it, in float32 on the CPU."""
        network = self._load if hasattr(self._load, "parameters") else self._load()
        light = self._choices[0].engine.torch_free
        module: nn.Module = network.eval().requires_grad_(False)  # type: ignore[union-attr]
        return module if light else module.to(self.device, self.dtype)

    @cached_property
    def _running(self) -> Running:
        running = start(
            self._choices, self.card, lambda: self.generator, self._calibration_images, self._log, self._work
        )
        self._dtype = running.choice.dtype
        if not running.choice.engine.torch_free:  # it may have come after one that converts the network in float32
            self.generator.to(self.device, self.dtype)
        return running

    def _calibration_images(self, signature: Signature) -> list[Array]:
        """Return the first images to calibrate by, each at the size it would be translated at, without broken ones."""
        found: list[Array] = []
        for source in self._calibration:
            if len(found) == MAX_CALIBRATION:
                break
            try:
                floats = arrays.to_floats(tensors.as_decoded(source), signature.channels)
            except ImageError:
                continue
            size = self.working_size(*floats.shape[1:])
            sides = (max(signature.smallest, side // signature.stride * signature.stride) for side in size)
            found.append(resizing.resize_floats(floats, *sides)[None])
        return found

    def discriminator(self) -> nn.Module | None:
        """Return the discriminator that was trained with the generator, or None where none was saved.

        Returns:
            A module in inference mode that takes images (N, C, H, W) in [-1, 1] and returns logits, high for real.

        Raises:
            WeightsError, UnknownName: its weights or its entry cannot be had.
        """
        from ganzoo.catalog import building

        known = self.card.discriminator
        if self._discriminator is None or not known:
            return None
        network: nn.Module = network_size.build_for(
            lambda: building.build(known["entry"], **known["options"]),
            weights_file.shapes(self._discriminator),
            str(self._discriminator),
        )
        weights_file.load_into(network, weights_file.read(self._discriminator), str(self._discriminator))
        return network.eval().requires_grad_(False).to(self.device)

    @cached_property
    def _network(self) -> Network:
        running = self._running
        return Network(
            run=running.run,
            signature=running.signature,
            out_channels=self.card.out_channels,
            scale=running.scale,
            trained=self.trained_size,
            global_skip=running.global_skip,
            memory=cache(self._memory),
            strips=lambda: self._strips,
        )

    def _memory(self, height: int, width: int) -> int:
        """Return the bytes that a whole image needs, 0 where unknown."""
        if self._running.memory:
            return int(self._running.memory * height * width)
        try:
            return self._strips.memory(height, width)
        except GanzooError:
            return self._peak_memory(height, width)

    def _peak_memory(self, height: int, width: int) -> int:
        from ganzoo.inference.tiling.peak_memory import peak_memory

        if set(self.card.does.inputs) - {"mask"}:
            return 0
        return peak_memory(self.generator, self.card.in_channels, height, width, bool(self.card.does.inputs))

    @cached_property
    def _strips(self) -> Strips:
        from ganzoo.inference.tiling.strips import Strips

        if names := self.card.does.inputs:
            raise OptionError(
                f"{self.card.name} takes {' and '.join(names)} with the image, which exact strips do not support. "
                "Use --tiles blend, or --size 512."
            )
        return Strips(self.generator)

    @property
    def trained_size(self) -> int:
        """The side of the images that it was trained on, 0 where it takes images of any size."""
        return 0 if self.card.does.enlarges or self.card.does.own_size else self.card.image_size

    def working_size(self, height: int, width: int, size: str | int = "auto") -> tuple[int, int]:
        """Return the (height, width) at which `translate` processes an image.

        Args:
            height: The image's, in pixels.
            width: The image's, in pixels.
            size: As for `translate`.
        """
        return working_size(height, width, size, self.trained_size)


def _say_nothing(text: str) -> None:
    """Take a line of a log, where nobody listens."""
