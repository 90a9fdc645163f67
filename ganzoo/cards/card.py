"""A card: what is known of one published model.

Cards are plain dataclasses, read without pydantic, because `ganzoo list` reads them all.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.cards.grades import GRADES
from ganzoo.cards.parsing import make
from ganzoo.cards.protocol import Score, score_from_dict
from ganzoo.catalog import former_names, tasks
from ganzoo.contracts.tasks import TASKS, Task
from ganzoo.errors import OptionError, RegistryError, suggest
from ganzoo.files.limits import format_size
from ganzoo.rasters.channel import Channel, default_channels

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Weights:
    """Where the weights are: a bundled ``file``, or ``repo`` + ``revision`` + ``file`` on the Hub, or both.

    Attributes:
        file: "package:path" for weights inside an installed package, a path next to the registry file, or a name in the
            repository. Weights that are in a package and in a repository are taken from the package.
        sha256: 64 hexadecimal digits of the whole file.
        bytes: Its length.
        dtype: The tensors' type on disk. Networks are built in float32, and the tensors converted.
        repo: "owner/name" on the Hub, or "".
        revision: A commit, branch or tag of it.
    """

    file: str
    sha256: str
    bytes: int
    dtype: str = "float32"
    repo: str = ""
    revision: str = ""

    @property
    def size(self) -> str:
        """The file's length as people read it: "7.9 MB"."""
        return format_size(self.bytes)

    @property
    def hub_file(self) -> str:
        """The file's name in the repository."""
        return "model.safetensors" if ":" in self.file else self.file


@dataclass(frozen=True)
class DatasetInfo:
    """What a model was trained on: name, split, number of images, and their license."""

    name: str
    split: str = ""
    count: int = 0
    license: str = "unknown"
    url: str = ""


@dataclass(frozen=True)
class TrainingInfo:
    """How a model was trained, enough to do it again."""

    recipe: str
    steps: int = 0
    batch_size: int = 0
    seconds: float = 0.0
    hardware: str = ""
    seed: int = 0
    ganzoo_version: str = ""
    precision: str = ""
    ema_decay: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    start_from: dict[str, str] = field(default_factory=dict)
    plugins: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """One published model: what it is, where its weights come from, what it may be used for.

    Attributes:
        name: In a registry "family/variant", lower case.
        entry: What builds it, as "generator:resnet".
        task: One of the tasks, which declares the generator's inputs and output.
        image_size: Side of the images that it was trained on, in pixels; their height if there is a width.
        out_channels: Channels of the output.
        in_channels: Channels of a translation's input, 0 for generation from latents.
        latent_dim: Dimension of the latents, 0 for translation.
        classes: Names of the labels 0, 1, ... that it takes.
        frames: Frames of a clip that it generates, 0 for images.
        scale: How many times as high and wide as its input the output is.
        options: The options of ``entry``, every one with its value.
        value_range: Smallest and largest value of images in the network.
        parameters: Number of learned parameters.
        summary: One sentence.
        license: License of the weights.
        paper: Where it is described, as "arXiv:1703.10593".
        plugin: The package that adds the entry; ``training.plugins`` has all of them.
        plugin_version: Its version.
        inference: What differs between training and use, in words (dropout, averaged weights).
        grade: One of `grades.GRADES`: recommended, baseline, teaching or experimental; "" if nobody graded it.
        grade_reason: Why, in one sentence.
        limits: What it does not do well, in words.
        tried: Other training runs that were tried, and the result of each, in a sentence or two.
        weights: Where its weights are.
        dataset: What it was trained on.
        training: How it was trained.
        scores: What was measured, each score with its protocol.
        discriminator: {"entry": ..., "options": ...} of the one in discriminator.safetensors, or {}.
        input_channels: What each channel of the input means; () for 8-bit gray or RGB.
        output_channels: The same of the output.
        image_width: Width of the images that it generates, where they are not square, else 0.
    """

    name: str
    entry: str
    task: str
    image_size: int
    out_channels: int
    in_channels: int = 0
    latent_dim: int = 0
    classes: tuple[str, ...] = ()
    frames: int = 0
    scale: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    value_range: tuple[float, float] = (-1.0, 1.0)
    parameters: int = 0
    summary: str = ""
    license: str = "unknown"
    paper: str = ""
    plugin: str = ""
    plugin_version: str = ""
    inference: str = ""
    grade: str = ""
    grade_reason: str = ""
    limits: str = ""
    tried: tuple[str, ...] = ()
    weights: Weights | None = None
    dataset: DatasetInfo | None = None
    training: TrainingInfo | None = None
    scores: tuple[Score, ...] = ()
    discriminator: dict[str, Any] = field(default_factory=dict)
    input_channels: tuple[Channel, ...] = ()
    output_channels: tuple[Channel, ...] = ()
    image_width: int = 0

    def _repr_html_(self, note: str = "") -> str:
        """Return what notebooks show; ``note`` follows the name."""
        from ganzoo.pages.rendering import render

        trained = f"{self.dataset.name}, {self.dataset.count:,} images" if self.dataset else ""
        facts = [
            ("task", self.task),
            ("architecture", ", ".join(filter(None, (self.entry, self.paper)))),
            ("size", self.size),
            ("parameters", f"{self.parameters:,}" if self.parameters else ""),
            ("trained on", trained),
            ("license", self.license),
            ("grade", self.grade),
        ]
        shown = [(name, value) for name, value in facts if value]
        return str(render("notebook_card.html", card=self, note=note, facts=shown, scores=self.scores))

    @property
    def size(self) -> str:
        """Size and channels as people read them: "128x128 RGB"."""
        clip = f"{self.frames} x " if self.frames else ""
        height, width = self.sides
        return f"{clip}{width}x{height} {self._colors()}"

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of the images that it was trained on, in pixels."""
        return self.image_size, self.image_width or self.image_size

    def _colors(self) -> str:
        """Return the channels in words: "gray" and "RGB" for 8-bit images, else "4 to 2 channels"."""
        if not self.uses_rasters:
            return "gray" if self.out_channels == 1 else "RGB"
        before = f"{self.in_channels} to " if self.in_channels not in (0, self.out_channels) else ""
        return f"{before}{self.out_channels} channel{'s' if self.out_channels > 1 else ''}"

    @property
    def has_channels(self) -> bool:
        """Whether the card says what its channels mean. Otherwise images are 8-bit gray or RGB."""
        return bool(self.input_channels or self.output_channels)

    @property
    def uses_rasters(self) -> bool:
        """Whether it takes or returns anything but 8-bit gray or RGB: `ganzoo.Raster`s instead of photographs."""
        return self.has_channels or not {self.in_channels, self.out_channels} <= {0, 1, 3}

    @property
    def channels_in(self) -> tuple[Channel, ...]:
        """What each channel of the input means: ``input_channels``, or those of an 8-bit image."""
        return self.input_channels or default_channels(self.in_channels)

    @property
    def channels_out(self) -> tuple[Channel, ...]:
        """What each channel of the output means: ``output_channels``, or those of an 8-bit image."""
        return self.output_channels or default_channels(self.out_channels)

    @property
    def does(self) -> Task:
        """The task, which declares the generator's inputs and output."""
        return tasks.find(self.task)


_NESTED = {"weights": Weights, "dataset": DatasetInfo, "training": TrainingInfo}


def card_from_dict(values: Mapping[str, Any], where: str) -> Card:
    """Return the card that ``values`` (parsed JSON) describe; ``where`` is for the message.

    Raises RegistryError that names the field.
    """
    if not isinstance(values, Mapping):
        raise RegistryError(f"{where}: a card should be a JSON object, not {type(values).__name__}.")
    given = former_names.card(values)
    for name, kind in _NESTED.items():
        if given.get(name) is not None:
            given[name] = make(kind, given[name], f"{where}: {name}")
    for name in ("classes", "tried"):
        if isinstance(given.get(name), list):
            given[name] = tuple(map(str, given[name]))
    if isinstance(given.get("scores"), (list, tuple)):
        given["scores"] = tuple(score_from_dict(one, f"{where}: score {n}") for n, one in enumerate(given["scores"], 1))
    for name in ("input_channels", "output_channels"):
        if name in given:
            given[name] = _channels(given[name], f"{where}: {name}")
    card: Card = make(Card, given, where)
    low, high = card.value_range
    card = dataclasses.replace(card, value_range=(low, high))
    _check_counts(card, where)
    if card.task not in TASKS and card.task not in tasks.names():  # most need no look for plugins
        known = tasks.names()
        raise RegistryError(f"{where}: task '{card.task}' is not one of {', '.join(known)}.{suggest(card.task, known)}")
    if card.grade and card.grade not in GRADES:
        raise RegistryError(
            f"{where}: grade '{card.grade}' is not one of {', '.join(GRADES)}.{suggest(card.grade, GRADES)}"
        )
    if card.weights and not _SHA256.fullmatch(card.weights.sha256):
        raise RegistryError(f"{where}: weights: sha256 '{card.weights.sha256}' is not 64 hex digits, lower case.")
    return card


def card_to_dict(card: Card) -> dict[str, Any]:
    """Return the card as JSON holds it."""
    values = {**dataclasses.asdict(card), "scores": [score.to_dict() for score in card.scores]}
    for name in ("input_channels", "output_channels"):
        channels = getattr(card, name)
        if channels:
            values[name] = [channel.to_dict() for channel in channels]
        else:
            del values[name]
    if not card.image_width:  # of square images, as all were before
        del values["image_width"]
    return values


def _channels(values: object, where: str) -> tuple[Channel, ...]:
    if not isinstance(values, (list, tuple)):
        raise RegistryError(f"{where} should be a list of channels, not {type(values).__name__}.")
    try:
        return tuple(one if isinstance(one, Channel) else Channel.from_dict(one) for one in values)
    except OptionError as error:
        raise RegistryError(f"{where}: {error}") from error


def _check_counts(card: Card, where: str) -> None:
    """Raise RegistryError where a list of channels is not as long as the network needs."""
    for name, count in (("input_channels", card.in_channels), ("output_channels", card.out_channels)):
        described = len(getattr(card, name))
        if described not in (0, count):
            raise RegistryError(f"{where}: {name} describes {described} channels, and the network has {count}.")
