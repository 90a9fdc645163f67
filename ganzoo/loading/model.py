"""A loaded model: translate pictures, generate pictures, save, publish. Importing this imports no torch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.cards.card import Card
from ganzoo.errors import GanzooError, ImageError, OptionError, OutputError
from ganzoo.image_io import images
from ganzoo.inference import conditions, engines
from ganzoo.inference.running import Running, start
from ganzoo.inference.translation import Network, Progress, Settings, translate
from ganzoo.inference.working_size import working_size
from ganzoo.weights import model_folder, weights_file

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from ganzoo.contracts.engine import Array, Signature
    from ganzoo.hub.client import Pushed
    from ganzoo.inference.tiling.strips import Strips

# Generated images at a time, always so many: the last bits of a result depend on the size of its batch.
BATCH = 8
CALIBRATED_BY = 64  # pictures at most


class Model:
    """A generator with its card, on a device, run by an engine. `ganzoo.load` makes one.

    generator  the torch module, in inference mode; loaded when it is first asked for
    card       what it is and where it came from
    """

    def __init__(
        self,
        generator: nn.Module | Callable[[], nn.Module],
        card: Card,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | str = "float32",
        discriminator: Path | None = None,
        *,
        choices: Sequence[engines.Choice] | None = None,
        calibration: Iterable[Any] = (),
        log: Callable[[str], None] | None = None,
    ) -> None:
        """``generator`` is a module, or what loads it. ``choices``: the engines to try; torch unless given."""
        kind, name = str(device), str(dtype).removeprefix("torch.")
        self.card = card
        self._load = generator
        self._device, self._dtype = kind, name
        self._discriminator = discriminator
        self._choices = choices or engines.choose("torch", kind, name)
        self._calibration, self._told = calibration, log or (lambda text: None)
        self._given: tuple[Mapping[str, Any], conditions.Conditions] | None = None

    def __repr__(self) -> str:
        return f"<ganzoo.Model {self.card.name}: {self.card.entry}, {self.card.size}, on {self._device}>"

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
        running = start(self._choices, self.card, lambda: self.generator, self._calibration_images, self._told)
        self._dtype = running.choice.dtype
        if not running.choice.engine.torch_free:  # it may have come after one that converts the network in float32
            self.generator.to(self.device, self.dtype)
        return running

    def _calibration_images(self, signature: Signature) -> list[Array]:
        """Return the first pictures to calibrate by, each at the size it would be worked on, but broken ones."""
        found: list[Array] = []
        for source in self._calibration:
            if len(found) == CALIBRATED_BY:
                break
            try:
                floats = images.to_floats(images.as_decoded(source), signature.channels)
            except ImageError:
                continue
            size = self.working_size(*floats.shape[1:])
            sides = (max(signature.smallest, side // signature.stride * signature.stride) for side in size)
            found.append(images.resize_floats(floats, *sides)[None])
        return found

    def discriminator(self) -> nn.Module | None:
        """Return the discriminator that was trained with the generator, to be used, or None where none was saved.

        It takes images (N, C, H, W) in [-1, 1] and returns logits, high for real. Raises WeightsError, UnknownName.
        """
        from ganzoo.catalog import building

        known = self.card.discriminator
        if self._discriminator is None or not known:
            return None
        network: nn.Module = building.build(known["entry"], **known["options"])
        weights_file.load_into(network, weights_file.read(self._discriminator), str(self._discriminator))
        return network.eval().requires_grad_(False).to(self.device)

    def __call__(self, inputs: Tensor, **given: Tensor) -> Tensor:
        """Run the network: images (N, C, H, W) in [-1, 1], or latents (N, latent_dim); (N, C, H, W) in [-1, 1] out.

        given   what the task takes beside them, by name: label (N,), mask (N, 1, H, W), style (N or 1, 3, h, w), as
                `ganzoo.contracts.tasks.Task` has them. Of images, what lies under the mask does not count.
        Clips are (N, C, T, H, W).
        Any height and width is taken: images are reflected to the next multiple of the network's stride, and the
        result cut back. Returns float32 on the model's device. Raises ImageError for inputs of another shape.
        """
        import torch

        task = self.card.does
        self._check_shape(inputs, task.source == "image")
        conditions.check(self.card, given)
        with torch.inference_mode():
            if task.source == "latents":
                return self._run(inputs, *(given[name] for name in task.inputs))
            signature = self._running.signature
            multiple = signature.stride if min(inputs.shape[-2:]) >= signature.smallest else signature.smallest
            if "mask" in given:
                given = {**given, "mask": (given["mask"] > 0).to(inputs)}
                inputs = inputs * (1 - given["mask"])
                given["mask"], _ = images.pad_to_multiple(given["mask"], multiple)
            padded, (height, width) = images.pad_to_multiple(inputs, multiple)
            made = self._run(padded, *(given[name] for name in task.inputs))
            return images.crop(made, height * self.card.scale, width * self.card.scale)

    def _check_shape(self, inputs: Tensor, translates: bool) -> None:
        channels = self.card.in_channels if translates else self.card.latent_dim
        if inputs.ndim != (4 if translates else 2) or inputs.shape[1] != channels or not inputs.numel():
            wanted = f"images (N, {channels}, H, W)" if translates else f"latents (N, {channels})"
            raise ImageError(f"{self.card.name} takes {wanted}, not a tensor of shape {tuple(inputs.shape)}.")

    def _run(self, *inputs: Tensor) -> Tensor:
        import torch

        module = self._running.module
        if module is None:
            return torch.from_numpy(self._running.run(*(each.float().cpu().numpy() for each in inputs)))
        placed = (each.to(self.device, self.dtype if each.is_floating_point() else None) for each in inputs)
        return module(*placed).float()

    def translate(
        self,
        x: Any,
        size: str | int = "auto",
        *,
        label: str | int | None = None,
        mask: Any = None,
        style: Any = None,
        tiles: str = "auto",
        max_memory: int = 0,
    ) -> Any:
        """Translate a picture, or a list of them; returns a PIL image of 8 bits a channel, or a list.

        x     a path, PIL image, uint8 or float array (H, W, 3), tensor (3, H, W) in [-1, 1], or a list of such;
              a batch (N, 3, H, W) counts as a list
        size  "auto" works at the picture's own size up to the training size, "native" at its own always, a
              number at that many pixels on the shorter side; the result has the input's size whatever it is, but
              that super-resolution enlarges it
        label, mask, style   what the model's task takes beside the picture: the class to make of it; a picture of its
              size, white where something is missing; a picture to take the style from
        tiles, max_memory   for large pictures: see `ganzoo.inference.translation.Settings`
        The input's orientation (EXIF) and alpha channel are kept.
        Raises ImageError for what is no picture, OptionError when the model does not translate.
        """
        if isinstance(x, (list, tuple)) or (getattr(x, "ndim", 0) == 4 and not isinstance(x, np.ndarray)):
            given = {"label": label, "mask": mask, "style": style}
            return [self.translate(one, size, **given, tiles=tiles, max_memory=max_memory) for one in x]
        self._check_translates()
        given = {"label": label, "mask": mask, "style": style}
        given = {name: value for name, value in given.items() if value is not None}
        settings = Settings(size, tiles, max_memory, bits=8, given=given)
        return images.decoded_to_pil(self.translate_decoded(images.as_decoded(x), settings))

    def translate_decoded(
        self, picture: images.Picture, settings: Settings | None = None, progress: Progress | None = None
    ) -> images.Picture:
        """Translate a decoded picture into another, which has its bits, alpha and metadata.

        progress  gets the share that is done, where the picture is worked on in parts
        """
        self._check_translates()
        settings = settings or Settings()
        return translate(picture, self._network, settings, progress, self._beside(settings.given))

    def _beside(self, given: Mapping[str, Any]) -> conditions.Conditions:
        """Return what is given beside a picture; kept, for many pictures are often given the same."""
        if self._given is None or self._given[0] is not given:
            self._given = (given, conditions.conditioning(self.card, given))
        return self._given[1]

    def _check_translates(self) -> None:
        if self.card.does.source != "image":
            raise OptionError(f"{self.card.name} makes pictures from nothing; it translates none. Use generate.")

    @cached_property
    def _network(self) -> Network:
        running = self._running
        return Network(
            run=running.run,
            signature=running.signature,
            out_channels=self.card.out_channels,
            scale=running.scale,
            trained=0 if self.card.does.enlarges else self.card.image_size,
            global_skip=running.global_skip,
            memory=self._memory,
            strips=lambda: self._strips,
        )

    def _memory(self, height: int, width: int) -> int:
        """Return the bytes a whole picture needs, 0 where that cannot be told."""
        if self._running.memory:
            return int(self._running.memory * height * width)
        try:
            return self._strips.memory(height, width)
        except GanzooError:
            return 0

    @cached_property
    def _strips(self) -> Strips:
        from ganzoo.inference.tiling.strips import Strips

        if conditioning := self.card.does.inputs:
            raise OptionError(
                f"{self.card.name} takes {' and '.join(conditioning)} beside the picture, which exact strips cannot give it. "
                "Use --tiles blend, or --size 512."
            )
        return Strips(self.generator)

    def working_size(self, height: int, width: int, size: str | int = "auto") -> tuple[int, int]:
        """Return the (height, width) at which `translate` would work on a picture of this size."""
        return working_size(height, width, size, 0 if self.card.does.enlarges else self.card.image_size)

    def generate(self, n: int = 1, seed: int = 0, labels: Iterable[str | int] | str | int | None = None) -> list[Any]:
        """Return ``n`` generated PIL images; image i is the same for a seed whatever ``n`` is.

        labels   for class-conditional models only: names of classes or their numbers, one or several, taken in turn
                 again and again; None: all classes in turn
        Of a model that makes clips, each is a list of PIL images.
        Raises OptionError when the model translates instead, or takes no labels, UnknownName for a label.
        """
        if self.card.does.source == "image":
            raise OptionError(f"{self.card.name} translates pictures; it makes none from nothing. Use translate.")
        if n < 1:
            raise OptionError(f"n={n} is not right: it should be at least 1.")
        if not 0 <= seed < 2**63:
            raise OptionError(f"seed={seed} is not right: it should be from 0 to 2**63 - 1.")
        import torch

        random = torch.Generator().manual_seed(seed)
        numbers = torch.tensor(conditions.numbers(self.card, labels, -(-n // BATCH) * BATCH))
        made: list[Any] = []
        while len(made) < n:
            latents = torch.stack([torch.randn(self.card.latent_dim, generator=random) for _ in range(BATCH)])
            given = {"label": numbers[len(made) : len(made) + BATCH]} if len(numbers) else {}
            batch = self(latents, **given)[: n - len(made)]
            clips = batch.ndim == 5  # (N, C, T, H, W)
            made += [images.to_pils(clip.transpose(0, 1)) for clip in batch] if clips else images.to_pils(batch)
        return made

    def save(self, folder: str | Path) -> Card:
        """Write config.json, model.safetensors and README.md into ``folder`` and return the card with the new hash.

        Raises OutputError when that cannot be done, when the folder holds a training run or another model, and
        when this model was loaded in half precision.
        """
        self._require_float32()

        def write(into: Path) -> Card:
            return self._save(into, self.card, "dir:FOLDER")

        model_folder.refuse_another(Path(folder), self.card, partial(model_folder.hash_written, write))
        return write(Path(folder))

    def _require_float32(self) -> None:
        import torch

        if {parameter.dtype for parameter in self.generator.parameters()} & {torch.float16, torch.bfloat16}:
            raise OutputError(f"{self.card.name} was loaded as {self.dtype}, which loses digits. Load it in float32.")

    def _save(self, folder: Path, card: Card, ref: str) -> Card:
        discriminator = weights_file.read(self._discriminator) if self._discriminator else None
        return model_folder.write(folder, card, self.generator.state_dict(), discriminator, ref)

    def push(
        self,
        repo_id: str,
        *,
        private: bool = False,
        token: str | None = None,
        message: str = "Upload with ganzoo",
        license: str | None = None,
        summary: str | None = None,
    ) -> Pushed:
        """Publish the model as ``owner/repo`` on the Hub, created if need be; return its address and commit.

        license, summary   of the published card, where they are not to be this model's own
        Raises HubError, with what to do.
        """
        from ganzoo.hub import client

        client.check_repo_id(repo_id)
        self._require_float32()
        card = replace(self.card, license=license or self.card.license, summary=summary or self.card.summary)
        with tempfile.TemporaryDirectory() as folder:
            self._save(Path(folder), card, f"hf-hub:{repo_id}")
            return client.push(Path(folder), repo_id, private=private, token=token, message=message)
