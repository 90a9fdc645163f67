"""A loaded model: translate, generate, save, publish. Importing this imports no torch."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.cards.card import Card
from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.files.limits import IMAGES
from ganzoo.image_io import decoding, pil_images, resizing, tensors
from ganzoo.image_io.grids import Images
from ganzoo.inference import conditions, network_errors
from ganzoo.inference.image_pass import Progress, Settings
from ganzoo.inference.translation import translate
from ganzoo.loading.running_generator import RunningGenerator
from ganzoo.rasters.raster import Raster
from ganzoo.weights import model_folder, weights_file

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.hub.client import Pushed
    from ganzoo.inference.raster_translation import RasterNetwork

# Generated images at a time, always so many: the last bits of a result depend on the size of its batch.
BATCH = 8


class Model(RunningGenerator):
    """A generator with its card, on a device, run by an engine. `ganzoo.load` returns one.

    Attributes:
        generator: The torch module, in inference mode; loaded at its first use.
        card: What it is and where it came from.
    """

    def _repr_html_(self) -> str:
        """Return what notebooks show: the card, and where the model computes."""
        return self.card._repr_html_(f"on {self._device}, {self._dtype}")

    def __repr__(self) -> str:
        return f"<ganzoo.Model {self.card.name}: {self.card.entry}, {self.card.size}, on {self._device}>"

    def __call__(self, inputs: Tensor, **conditioning: Tensor) -> Tensor:
        """Run the network on tensors.

        Images of any height and width are padded by reflection to the next multiple of the network's stride, and the
        result is cropped.

        Args:
            inputs: Images (N, C, H, W) in [-1, 1], or latents (N, latent_dim).
            conditioning: The task's other inputs by name: label (N,), mask (N, 1, H, W), style (N or 1, 3, h, w), as
                `ganzoo.contracts.tasks.Task` describes them. What lies under a mask is ignored.

        Returns:
            Images (N, C, H, W) or clips (N, C, T, H, W) in [-1, 1], float32, on the model's device.

        Raises:
            ImageError: the inputs have another shape.
        """
        import torch

        task = self.card.does
        self._check_shape(inputs, task.source == "image")
        conditions.check(self.card, conditioning)
        with torch.inference_mode():
            if task.source == "latents":
                return self._run(inputs, *(conditioning[name] for name in task.inputs))
            height, width = inputs.shape[-2:]
            sides = [self._running.signature.padded(side) for side in (height, width)]
            if "mask" in conditioning:
                mask = (conditioning["mask"] > 0).to(inputs)
                inputs = inputs * (1 - mask)
                conditioning["mask"] = resizing.pad(mask, *sides)
            padded = resizing.pad(inputs, *sides)
            output = self._run(padded, *(conditioning[name] for name in task.inputs))
            return resizing.crop(output, height * self.card.scale, width * self.card.scale)

    def _check_shape(self, inputs: Tensor, translates: bool) -> None:
        channels = self.card.in_channels if translates else self.card.latent_dim
        if inputs.ndim != (4 if translates else 2) or inputs.shape[1] != channels or not inputs.numel():
            expected = f"images (N, {channels}, H, W)" if translates else f"latents (N, {channels})"
            raise ImageError(f"{self.card.name} takes {expected}, not a tensor of shape {tuple(inputs.shape)}.")

    def _run(self, *inputs: Tensor) -> Tensor:
        import torch

        module = self._running.module
        if module is None:
            return torch.from_numpy(self._running.run(*(each.float().cpu().numpy() for each in inputs)))
        placed = (each.to(self.device, self.dtype if each.is_floating_point() else None) for each in inputs)
        with network_errors.explained(self.card, [tuple(each.shape) for each in inputs]):
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
        axes: str = "",
        read: str = "",
    ) -> Any:
        """Translate an image, or a list of them.

        The input's orientation (EXIF) and alpha channel are kept. Rasters, and all images where the model's card says
        what its channels mean, become a `ganzoo.Raster` in the output's units, at their own size.

        Args:
            x: A path, PIL image, uint8 or float array (H, W, 3), tensor (3, H, W) in [-1, 1], or a list of them; a
                batch (N, 3, H, W) counts as a list.
            size: "auto" works at the image's own size up to the training size, "native" always at its own, a number
                at that many pixels on the shorter side. The result has the input's size in any case; super-resolution
                enlarges it.
            label: The class to translate to, a name or number, for tasks that take one.
            mask: An image of the input's size, white where something is missing, for inpainting.
            style: An image to take the style from, for style transfer.
            tiles: For large images, see `ganzoo.inference.image_pass.Settings`.
            max_memory: In bytes beyond the loaded model; 0: half of the free memory.
            axes: What the dimensions of an array, or of a file that does not say so, are: "CYX", "YXC", "ZCYX".
            read: What is read of a file only when asked: "segmentation", "32-bit", "lut" of DICOM; "tissue" of slides.

        Returns:
            A PIL image of 8 bits a channel, or a `ganzoo.Raster`; a list of them for a list, and for a file or an
            array of several images.

        Raises:
            ImageError: ``x`` is not an image.
            OptionError: the model does not translate, or an option does not fit it.
        """
        given = {"label": label, "mask": mask, "style": style}
        if axes or read or isinstance(x, Raster) or (self.card.uses_rasters and not isinstance(x, (list, tuple))):
            return self._translate_array(x, axes, read, size, given, tiles, max_memory)
        if isinstance(x, (list, tuple)) or (getattr(x, "ndim", 0) == 4 and not isinstance(x, np.ndarray)):
            return Images(self.translate(one, size, **given, tiles=tiles, max_memory=max_memory) for one in x)
        self._check_translates()
        inputs = {name: value for name, value in given.items() if value is not None}
        settings = Settings(size, tiles, max_memory, bits=8, inputs=inputs)
        return pil_images.from_decoded(self.translate_decoded(tensors.as_decoded(x), settings))

    def _translate_array(
        self, x: Any, axes: str, read: str, size: str | int, given: Mapping[str, Any], tiles: str, max_memory: int
    ) -> Any:
        from ganzoo.inference.raster_inputs import as_frames

        inputs = {name: value for name, value in given.items() if value is not None}
        settings = Settings(size, tiles, max_memory, inputs=inputs)
        with as_frames(x, axes, read) as frames:
            results = [self.translate_raster(frame, settings) for frame in frames]
        return results[0] if len(results) == 1 else results

    def translate_raster(
        self, raster: Raster, settings: Settings | None = None, progress: Progress | None = None
    ) -> Raster:
        """Translate a raster into another, in memory, with the input's metadata and the output's channels.

        Args:
            raster: The input, with the model's channels: by name, or as many.
            settings: See `ganzoo.inference.image_pass.Settings`; the size is the image's own.
            progress: Called with the share that is done.

        Raises:
            ImageError: its channels do not fit, or no pixel is valid.
            OptionError: the model does not translate, or an option does not fit it.
        """
        from ganzoo.inference.raster_translation import MemoryFile, translate_raster

        settings = settings or Settings()
        network = self.raster_network(settings.inputs)
        prepared = network.prepared(raster)
        spec = network.spec(prepared)
        file = MemoryFile(spec)
        translate_raster(prepared, network, settings, file, spec, progress)
        return file.raster()

    def raster_network(self, inputs: Mapping[str, Any] | None = None) -> RasterNetwork:
        """Return the network with what its channels mean; ``inputs``: the task's other inputs by name."""
        from ganzoo.inference.raster_translation import RasterNetwork

        self._check_translates()
        card = self.card
        return RasterNetwork(
            self._network, card.channels_in, card.channels_out, card.name, self._conditions(inputs or {})
        )

    def translate_decoded(
        self, image: decoding.DecodedImage, settings: Settings | None = None, progress: Progress | None = None
    ) -> decoding.DecodedImage:
        """Translate a decoded image into another, which has its bits, alpha and metadata.

        Args:
            image: The input.
            settings: See `ganzoo.inference.image_pass.Settings`.
            progress: Called with the share that is done, where the image is processed in pieces.
        """
        self._check_translates()
        settings = settings or Settings()
        return translate(image, self._network, settings, progress, self._conditions(settings.inputs))

    def _conditions(self, inputs: Mapping[str, Any]) -> conditions.Conditions:
        """Return the task's other inputs, prepared; cached, since many images often share them."""
        if self._prepared is None or self._prepared[0] is not inputs:
            self._prepared = (inputs, conditions.prepare(self.card, inputs))
        return self._prepared[1]

    def _check_translates(self) -> None:
        if self.card.does.source != "image":
            raise OptionError(f"{self.card.name} generates images from latents; it does not translate. Use generate.")

    def generate(self, n: int = 1, seed: int = 0, label: Iterable[str | int] | str | int | None = None) -> list[Any]:
        """Generate images from latents; image i is the same for a seed whatever ``n`` is.

        Args:
            n: How many, at least 1.
            seed: From 0 to 2**63 - 1.
            label: For class-conditional models: the name or number of a class, or a list of them, taken in turn again
                and again; None: all classes in turn.

        Returns:
            PIL images, or lists of PIL images where the model generates clips.

        Raises:
            OptionError: the model translates instead, or takes no label.
            UnknownName: there is no such label.
        """
        if self.card.does.source == "image":
            raise OptionError(f"{self.card.name} translates images; it does not generate any. Use translate.")
        if n < 1:
            raise OptionError(f"n={n} is not right: it should be at least 1.")
        if not 0 <= seed < 2**63:
            raise OptionError(f"seed={seed} is not right: it should be from 0 to 2**63 - 1.")
        values = max(self.card.frames, 1) * math.prod(self.card.sides) * self.card.out_channels
        IMAGES.check(n * values, f"{n:,} generated images", OptionError)
        import torch

        random = torch.Generator().manual_seed(seed)
        numbers = torch.tensor(conditions.numbers(self.card, label, -(-n // BATCH) * BATCH))
        generated = Images()
        while len(generated) < n:
            first = len(generated)
            latents = torch.stack([torch.randn(self.card.latent_dim, generator=random) for _ in range(BATCH)])
            conditioning = {"label": numbers[first : first + BATCH]} if len(numbers) else {}
            generated.extend(_to_pils(self(latents, **conditioning)[: n - first]))
        return generated

    def save(self, folder: str | Path) -> Card:
        """Write config.json, model.safetensors and README.md into ``folder``.

        Returns:
            The card, with the weights' new hash.

        Raises:
            OutputError: the folder cannot be written, holds a training run or another model, or this model was loaded
                in half precision.
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
        """Publish the model as ``owner/repo`` on the Hub, which is created if need be.

        Args:
            repo_id: "owner/repo".
            private: Of a repository that is created.
            token: Else HF_TOKEN or what `hf auth login` left.
            message: Of the commit.
            license: Of the published card, in place of this model's own.
            summary: Of the published card, in place of this model's own.

        Returns:
            The repository's address and commit.

        Raises:
            HubError: with what to do.
        """
        from ganzoo.hub import client

        client.check_repo_id(repo_id)
        self._require_float32()
        card = replace(self.card, license=license or self.card.license, summary=summary or self.card.summary)
        with tempfile.TemporaryDirectory() as folder:
            self._save(Path(folder), card, f"hf-hub:{repo_id}")
            return client.push(Path(folder), repo_id, private=private, token=token, message=message)


def _to_pils(batch: Tensor) -> list[Any]:
    """Return images (N, C, H, W) as PIL images, and clips (N, C, T, H, W) as lists of them."""
    if batch.ndim == 4:
        return list(tensors.to_pils(batch))
    return [tensors.to_pils(clip.transpose(0, 1)) for clip in batch]
