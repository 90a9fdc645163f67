"""A task's other inputs (a label, a mask, a style) as a user gives them -> as a generator takes them.

A model's task declares its inputs. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.cards.card import Card
from ganzoo.contracts.tasks import INPUTS
from ganzoo.errors import ImageError, OptionError, UnknownName, suggest
from ganzoo.image_io import arrays, tensors

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array, Runner


@dataclass(frozen=True)
class Conditions:
    """A generator's inputs after the image.

    names   in the generator's order, as its task has them
    fixed   name -> what is the same for every part of the image: label (1,) int64, style (1, 3, h, w) float32
    mask    (H, W) float32 from 0 to 1, above 0 where the image is missing; None where the task has no mask
    """

    names: tuple[str, ...] = ()
    fixed: Mapping[str, Array] = field(default_factory=dict)
    mask: Array | None = None

    def bound(self, run: Runner) -> Runner:
        """Return ``run`` as a function of images alone, whose last channel is the mask where there is one."""
        if not self.names:
            return run

        def run_on_planes(planes: Array) -> Array:
            images = planes if self.mask is None else planes[:, :-1]
            inputs = {**self.fixed, **({} if self.mask is None else {"mask": planes[:, -1:]})}
            return run(np.ascontiguousarray(images), *(np.ascontiguousarray(inputs[name]) for name in self.names))

        return run_on_planes


def with_mask(floats: Array, mask: Array) -> Array:
    """Return an image (C, H, W) with 0 where ``mask`` (H, W) is above 0, and below it the mask (1, H, W) as 0 and 1."""
    missing = (mask > 0).astype(np.float32)[None]
    return np.concatenate([floats * (1 - missing), missing])


def prepare(card: Card, inputs: Mapping[str, Any]) -> Conditions:
    """Return a translating model's other inputs, given by name: label, mask and style.

    Raises:
        OptionError: one is missing, or the model does not take it.
        UnknownName: there is no such label.
        ImageError: the mask or style is not an image.
    """
    check(card, inputs)
    names = card.does.inputs
    fixed: dict[str, Array] = {}
    if "label" in names:
        fixed["label"] = np.array([number(card, inputs["label"])], np.int64)
    if "style" in names:
        fixed["style"] = arrays.to_floats(tensors.as_decoded(inputs["style"]), 3)[None]
    mask = None
    if "mask" in names:
        mask = (arrays.to_floats(tensors.as_decoded(inputs["mask"]), 1)[0] + 1) / 2
        if not mask.any():
            raise ImageError("The mask is black everywhere: nothing is missing. Paint white what should be filled.")
    return Conditions(names, fixed, mask)


def check(card: Card, inputs: Mapping[str, Any]) -> None:
    """Raise OptionError for an input that the model does not take, or one that is missing."""
    taken = card.does.inputs
    for name in inputs:
        if name not in taken:
            known = f"it takes {' and '.join(taken)}" if taken else "it takes an image alone"
            raise OptionError(f"{card.name} takes no {name}: {known}.")
    for name in taken:
        if inputs.get(name) is None:
            kind = "NAME" if name == "label" else "IMAGE"
            classes = f" Labels: {', '.join(card.classes)}." if name == "label" and card.classes else ""
            raise OptionError(f"{card.name} needs a {name}, {INPUTS[name]}: --{name} {kind}, or {name}=...{classes}")


def number(card: Card, label: str | int) -> int:
    """Return a label's number, given its name or number. Raises UnknownName with a suggestion."""
    names = list(card.classes)
    if isinstance(label, str) and label in names:
        return names.index(label)
    text = str(label)
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    lower = [name.lower() for name in names]
    if text.lower() in lower:
        return lower.index(text.lower())
    raise UnknownName(
        f"{card.name} has no label '{label}'.{suggest(text, names)} Its labels are: {', '.join(names)}; "
        f"or their numbers, 0 to {len(names) - 1}."
    )


def numbers(card: Card, label: Iterable[str | int] | str | int | None, count: int) -> list[int]:
    """Return ``count`` class numbers: the given labels in turn, again and again; None: all classes in turn.

    Raises:
        OptionError: the model takes no label.
        UnknownName: there is no such label.
    """
    if "label" not in card.does.inputs:
        if label is not None:
            raise OptionError(f"{card.name} takes no label: it was trained without classes.")
        return []
    if label is None:
        label = range(len(card.classes))
    if isinstance(label, (str, int)) or not isinstance(label, Iterable):
        label = [label]
    labels = list(label)
    if not labels:
        named = f"Its labels are: {', '.join(card.classes)}." if card.classes else "Its card names no classes."
        raise OptionError(f"{card.name} needs at least one label. {named}")
    chosen = [number(card, one) for one in labels]
    return [chosen[index % len(chosen)] for index in range(count)]
