"""What generators do: what each takes, latents or pictures and what else, and what it makes.

Labels, masks and styles are ordinary inputs, clips ordinary outputs: whoever loads, runs, trains or measures a
generator asks its `Task`, and never its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo.errors import UnknownName, suggest

INPUTS = {
    "label": "the class to make, a name or its number",
    "mask": "a picture of the same size, white where something is missing",
    "style": "a picture to take the style from",
}


@dataclass(frozen=True)
class Task:
    """One kind of work.

    name     as entries and cards state it
    source   what a generator's first input is: latents (N, latent_dim), or images (N, C, H, W)
    inputs   what it takes after that, in this order, out of `INPUTS`:
             label   (N,) int64, numbers of classes, below the generator's ``classes``
             mask    (N, 1, H, W) float32, 1 where the picture is missing; what lies there in the images is 0
             style   (N or 1, 3, h, w) in [-1, 1], of any size
    makes    images (N, C, H, W), or clips (N, C, T, H, W)
    enlarges the images it makes are ``scale`` times as high and wide as those it takes
    tag      the task that the Hub knows, for its pages
    """

    name: str
    source: Literal["latents", "image"]
    inputs: tuple[str, ...] = ()
    makes: Literal["image", "clip"] = "image"
    enlarges: bool = False
    tag: str = "image-to-image"


TASKS = {
    task.name: task
    for task in (
        Task("unconditional-image-generation", "latents", tag="unconditional-image-generation"),
        Task("class-conditional-image-generation", "latents", ("label",), tag="unconditional-image-generation"),
        Task("unconditional-video-generation", "latents", makes="clip", tag="other"),
        Task("class-conditional-video-generation", "latents", ("label",), makes="clip", tag="other"),
        Task("image-to-image", "image"),
        Task("multi-domain-image-to-image", "image", ("label",)),
        Task("image-inpainting", "image", ("mask",)),
        Task("style-transfer", "image", ("style",)),
        Task("super-resolution", "image", enlarges=True),
    )
}


def find(name: str) -> Task:
    """Return the task called ``name``. Raises UnknownName with a suggestion."""
    if name not in TASKS:
        raise UnknownName(f"No task is called '{name}'.{suggest(name, TASKS)} Tasks are: {', '.join(TASKS)}.")
    return TASKS[name]
