"""What generators can do: the inputs and outputs of each task. `TASKS` are ganzoo's own; plugins add entries "task".

Labels, masks and styles are ordinary inputs, clips ordinary outputs. Code that loads, runs, trains or evaluates a
generator looks at its `Task`, never at its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

INPUTS = {
    "label": "the class to generate, a name or a number",
    "mask": "an image of the same size, white where something is missing",
    "style": "an image whose style to use",
}


@dataclass(frozen=True)
class Task:
    """One task of generators.

    Attributes:
        name: The name that entries and cards use.
        source: A generator's first input: "latents" (N, latent_dim) or an "image" (N, C, H, W).
        inputs: Its further inputs, in this order, from `INPUTS`. "label": (N,) int64 in [0, classes). "mask":
            (N, 1, H, W) float32, 1 where the image is missing; the image is 0 there. "style": (N or 1, 3, h, w) in
            [-1, 1], of any size.
        output: "image" (N, C, H, W) or "clip" (N, C, T, H, W).
        enlarges: True if the output is the generator's ``scale`` times as high and wide as the input.
        own_size: True if images are processed at their own size, whatever size the generator was trained at.
        tag: The task's name on the Hugging Face Hub.
    """

    name: str
    source: Literal["latents", "image"]
    inputs: tuple[str, ...] = ()
    output: Literal["image", "clip"] = "image"
    enlarges: bool = False
    own_size: bool = False
    tag: str = "image-to-image"


TASKS = {
    task.name: task
    for task in (
        Task("unconditional-image-generation", "latents", tag="unconditional-image-generation"),
        Task("class-conditional-image-generation", "latents", ("label",), tag="unconditional-image-generation"),
        Task("unconditional-video-generation", "latents", output="clip", tag="other"),
        Task("class-conditional-video-generation", "latents", ("label",), output="clip", tag="other"),
        Task("image-to-image", "image"),
        Task("multi-domain-image-to-image", "image", ("label",)),
        Task("image-inpainting", "image", ("mask",)),
        Task("style-transfer", "image", ("style",)),
        Task("super-resolution", "image", enlarges=True),
        Task("image-restoration", "image", own_size=True),
    )
}
