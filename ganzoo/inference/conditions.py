"""What a user gives beside a picture or latents (a label, a mask, a style) -> the inputs of a generator.

Which of them a model takes, its task says. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.cards.card import Card
from ganzoo.contracts.tasks import INPUTS
from ganzoo.errors import ImageError, OptionError, UnknownName, suggest
from ganzoo.image_io import images

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array, Runner


@dataclass(frozen=True)
class Conditions:
    """What a generator takes beside a picture.

    names   in the generator's order, as its task has them
    fixed   name -> what is the same for every part of the picture: label (1,) int64, style (1, 3, h, w) float32
    mask    (H, W) float32 from 0 to 1, what is above 0 is missing; None where the task knows no mask
    """

    names: tuple[str, ...] = ()
    fixed: Mapping[str, Array] = field(default_factory=dict)
    mask: Array | None = None

    def bound(self, run: Runner) -> Runner:
        """Return ``run`` as a function of pictures alone, with their mask as a further channel where there is one."""
        if not self.names:
            return run

        def forward_batched(planes: Array) -> Array:
            pictures = planes if self.mask is None else planes[:, :-1]
            conditioning = {**self.fixed, **({} if self.mask is None else {"mask": planes[:, -1:]})}
            return run(
                np.ascontiguousarray(pictures), *(np.ascontiguousarray(conditioning[name]) for name in self.names)
            )

        return forward_batched

    def hidden(self, floats: Array, mask: Array) -> Array:
        """Return (C, H, W) with 0 where something is missing, and (1, H, W) of 0 and 1 below it: ``mask`` is (H, W)."""
        missing = (mask > 0).astype(np.float32)[None]
        return np.concatenate([floats * (1 - missing), missing])


def conditioning(card: Card, given: Mapping[str, Any]) -> Conditions:
    """Return what ``given`` means for a model that translates: label, mask and style by name.

    Raises OptionError for what is lacking or not taken, UnknownName for a label, ImageError for what is no picture.
    """
    check(card, given)
    names = card.does.inputs
    fixed: dict[str, Array] = {}
    if "label" in names:
        fixed["label"] = np.array([number(card, given["label"])], np.int64)
    if "style" in names:
        fixed["style"] = images.to_floats(images.as_decoded(given["style"]), 3)[None]
    mask = None
    if "mask" in names:
        mask = (images.to_floats(images.as_decoded(given["mask"]), 1)[0] + 1) / 2
        if not mask.any():
            raise ImageError("The mask is black all over: nothing is missing. Paint white what is to be made anew.")
    return Conditions(names, fixed, mask)


def check(card: Card, given: Mapping[str, Any]) -> None:
    """Raise OptionError where something is given that the model does not take, or is lacking."""
    taken = card.does.inputs
    for name in given:
        if name not in taken:
            known = f"it takes {' and '.join(taken)}" if taken else "it takes nothing but the picture"
            raise OptionError(f"{card.name} takes no {name}: {known}.")
    for name in taken:
        if given.get(name) is None:
            kind = "NAME" if name == "label" else "PICTURE"
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


def numbers(card: Card, labels: Iterable[str | int] | str | int | None, count: int) -> list[int]:
    """Return ``count`` numbers of classes: the given ones again and again, or where none is given all in turn.

    Raises OptionError where the model takes none, UnknownName for a label.
    """
    if "label" not in card.does.inputs:
        if labels is not None:
            raise OptionError(f"{card.name} takes no labels: it was trained without classes.")
        return []
    if labels is None:
        labels = range(len(card.classes))
    if isinstance(labels, (str, int)) or not isinstance(labels, Iterable):
        labels = [labels]
    given = list(labels)
    if not given:
        named = f"Its labels are: {', '.join(card.classes)}." if card.classes else "Its card names no classes."
        raise OptionError(f"{card.name} needs at least one label. {named}")
    chosen = [number(card, label) for label in given]
    return [chosen[index % len(chosen)] for index in range(count)]
