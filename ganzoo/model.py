"""A loaded model: translate pictures, generate pictures, save, publish."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo import building, folders, images, weights
from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.inference.sizes import working_size
from ganzoo.registry import Card

if TYPE_CHECKING:
    from PIL import Image

    from ganzoo.hub import Pushed

# Generated images at a time, always so many: the last bits of a result depend on the size of its batch.
BATCH = 8
SMALLEST = 16  # pixels a side; within a network, fewer become too few to normalise or to reflect


class Model:
    """A generator with its card, on a device. `ganzoo.load` makes one.

    generator  the torch module, in inference mode
    card       what it is and where it came from
    """

    def __init__(
        self,
        generator: nn.Module,
        card: Card,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        discriminator: Path | None = None,
    ) -> None:
        self.generator = generator.eval().requires_grad_(False).to(device, dtype)
        self.card, self.device, self.dtype = card, device, dtype
        self._discriminator = discriminator

    def __repr__(self) -> str:
        return f"<ganzoo.Model {self.card.name}: {self.card.entry}, {self.card.size}, on {self.device}>"

    def discriminator(self) -> nn.Module | None:
        """Return the discriminator that was trained with the generator, to be used, or None where none was saved.

        It takes images (N, C, H, W) in [-1, 1] and returns logits, high for real. Raises WeightsError, UnknownName.
        """
        known = self.card.discriminator
        if self._discriminator is None or not known:
            return None
        network: nn.Module = building.build(known["entry"], **known["options"])
        weights.load_into(network, weights.read(self._discriminator), str(self._discriminator))
        return network.eval().requires_grad_(False).to(self.device)

    @torch.inference_mode()
    def __call__(self, inputs: Tensor) -> Tensor:
        """Run the network: images (N, C, H, W) in [-1, 1], or latents (N, latent_dim); (N, C, H, W) in [-1, 1] out.

        Any height and width is taken: images are reflected to the next multiple of the network's stride, and the
        result cut back. Returns float32 on the model's device. Raises ImageError for inputs of another shape.
        """
        translates = self.card.task == "image-to-image"
        self._check_shape(inputs, translates)
        inputs = inputs.to(self.device, self.dtype)
        if not translates:
            return self._float(inputs)
        multiple = stride = int(getattr(self.generator, "stride", 1))
        if min(inputs.shape[-2:]) < SMALLEST:
            multiple = -(-SMALLEST // stride) * stride
        padded, (height, width) = images.pad_to_multiple(inputs, multiple)
        return images.crop(self._float(padded), height, width)

    def _check_shape(self, inputs: Tensor, translates: bool) -> None:
        channels = self.card.in_channels if translates else self.card.latent_dim
        if inputs.ndim != (4 if translates else 2) or inputs.shape[1] != channels or not inputs.numel():
            wanted = f"images (N, {channels}, H, W)" if translates else f"latents (N, {channels})"
            raise ImageError(f"{self.card.name} takes {wanted}, not a tensor of shape {tuple(inputs.shape)}.")

    def _float(self, inputs: Tensor) -> Tensor:
        made: Tensor = self.generator(inputs)
        return made.float()

    def translate(self, x: Any, size: str | int = "auto") -> Any:
        """Translate a picture, or a list of them; returns a PIL image, or a list.

        x     a path, PIL image, uint8 or float array (H, W, 3), tensor (3, H, W) in [-1, 1], or a list of such;
              a batch (N, 3, H, W) counts as a list
        size  "auto" works at the picture's own size up to the training size, "native" at its own always, a
              number at that many pixels on the shorter side; the result has the input's size whatever it is
        The input's orientation (EXIF) and alpha channel are kept.
        Raises ImageError for what is no picture, OptionError when the model does not translate.
        """
        if self.card.task != "image-to-image":
            raise OptionError(f"{self.card.name} makes pictures from nothing; it translates none. Use generate.")
        if isinstance(x, (list, tuple)):
            return [self.translate(one, size) for one in x]
        if isinstance(x, Tensor) and x.ndim == 4:
            return [self.translate(one, size) for one in x]
        alpha = None
        if not isinstance(x, (Tensor, np.ndarray)):
            x = x if isinstance(x, images.Picture) else images.read(x)
            alpha = x.alpha
        image = images.to_pil(self._translate(images.to_tensor(x, channels=self.card.in_channels), size)[0])
        return image if alpha is None else images.with_alpha(image, alpha)

    def working_size(self, height: int, width: int, size: str | int = "auto") -> tuple[int, int]:
        """Return the (height, width) at which `translate` would work on a picture of this size."""
        return working_size(height, width, size, self.card.image_size)

    def _translate(self, image: Tensor, size: str | int) -> Tensor:
        height, width = image.shape[-2:]
        small = images.resize(image, *self.working_size(height, width, size)).to(self.device)
        try:
            return self._enlarge(self(small), small, image.to(self.device))
        except (MemoryError, RuntimeError) as error:
            if "memory" not in str(error).lower():
                raise
            raise ImageError(
                f"{width}x{height} pixels do not fit in memory at once. Give a smaller size, as size=512 or --size 512."
            ) from error

    def _enlarge(self, made: Tensor, small: Tensor, full: Tensor) -> Tensor:
        """Bring a result to the full picture's size.

        A generator that learns a change of its input (``global_skip``) has only that change enlarged, half of it
        because `images.resize` keeps to [-1, 1]; the full picture keeps its detail.
        """
        height, width = full.shape[-2:]
        if made.shape == full.shape or not getattr(self.generator, "global_skip", False):
            return images.resize(made, height, width)
        return (full + 2 * images.resize((made - small) / 2, height, width)).clamp(-1, 1)

    def generate(self, n: int = 1, seed: int = 0, labels: Iterable[str | int] | None = None) -> list[Image.Image]:
        """Return ``n`` generated PIL images; image i is the same for a seed whatever ``n`` is.

        labels   for class-conditional models only
        Raises OptionError when the model translates instead, or takes no labels.
        """
        if self.card.task == "image-to-image":
            raise OptionError(f"{self.card.name} translates pictures; it makes none from nothing. Use translate.")
        if labels is not None:
            raise OptionError(f"{self.card.name} takes no labels: it was trained without classes.")
        if n < 1:
            raise OptionError(f"n={n} is not right: it should be at least 1.")
        if not 0 <= seed < 2**63:
            raise OptionError(f"seed={seed} is not right: it should be from 0 to 2**63 - 1.")
        random = torch.Generator().manual_seed(seed)
        made: list[Image.Image] = []
        while len(made) < n:
            latents = torch.stack([torch.randn(self.card.latent_dim, generator=random) for _ in range(BATCH)])
            made += images.to_pils(self(latents)[: n - len(made)])
        return made

    def save(self, folder: str | Path) -> Card:
        """Write config.json, model.safetensors and README.md into ``folder`` and return the card with the new hash.

        Raises OutputError when that cannot be done, when the folder holds a training run or another model, and
        when this model was loaded in half precision.
        """
        self._require_float32()
        folders.refuse_another(Path(folder), self.card, self._sha256)
        return self._save(Path(folder), self.card, "dir:FOLDER")

    def _sha256(self) -> str:
        """Return the hash that the weights have when they are written."""
        with tempfile.TemporaryDirectory() as folder:
            return self._save(Path(folder), self.card, "dir:FOLDER").weights.sha256  # type: ignore[union-attr]

    def _require_float32(self) -> None:
        if self.dtype != torch.float32:
            raise OutputError(f"{self.card.name} was loaded as {self.dtype}, which loses digits. Load it in float32.")

    def _save(self, folder: Path, card: Card, ref: str) -> Card:
        discriminator = weights.read(self._discriminator) if self._discriminator else None
        return folders.write(folder, card, self.generator.state_dict(), discriminator, ref)

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
        from ganzoo import hub

        hub.check_repo_id(repo_id)
        self._require_float32()
        card = replace(self.card, license=license or self.card.license, summary=summary or self.card.summary)
        with tempfile.TemporaryDirectory() as folder:
            self._save(Path(folder), card, f"hf-hub:{repo_id}")
            return hub.push(Path(folder), repo_id, private=private, token=token, message=message)
