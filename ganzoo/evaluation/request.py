"""What an evaluation evaluates, and against which data."""

from __future__ import annotations

from dataclasses import dataclass, field

from ganzoo.evaluation.samples.reading import Reading


@dataclass(frozen=True)
class EvalRequest:
    """What is evaluated, and against which data.

    Attributes:
        data: Paths of the reference data: one, or two for pairs or unpaired sets.
        reading: How the images are read.
        metrics: Names of the requested metrics; (): the defaults for the kind of data.
        kind: "images", "paired" or "unpaired"; "": the kind of data that the model was trained on.
        number: Images to generate; 0: as many as there are real ones.
        label: Class to translate to, for models that take a label.
        back: Reference of the model that translates in the other direction, for cycle-psnr.
        train: Paths of the training images, for memorized.
    """

    data: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)
    metrics: tuple[str, ...] = ()
    kind: str = ""
    number: int = 0
    label: str = ""
    back: str = ""
    train: tuple[str, ...] = ()
