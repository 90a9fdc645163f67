"""What an evaluation returns: scores with their protocols, diagnoses in words, and what a report shows of both."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.cards.protocol import Score
from ganzoo.contracts.metric import Diagnosis
from ganzoo.files.atomic import replacing


@dataclass(frozen=True)
class Example:
    """Images side by side, each (C, H, W) uint8 with its label: {"input": ..., "output": ..., "truth": ...}."""

    images: dict[str, Tensor]
    caption: str = ""


@dataclass
class ReportSamples:
    """What a report shows next to numbers; what is empty is omitted.

    Attributes:
        samples: Up to 64 evaluated images, (C, H, W) uint8.
        real: Up to 64 real images, (C, H, W) uint8.
        best: Translations in the order of ``ordered_by``, the best first.
        worst: The same, the worst first.
        ordered_by: What best and worst mean, in words.
        neighbors: Evaluated images, each with its nearest training image.
        histograms: Title -> series -> values.
        scatters: Title -> series -> points (x, y).
        shares: Title -> series -> class -> share, from 0 to 1.
    """

    samples: list[Tensor] = field(default_factory=list)
    real: list[Tensor] = field(default_factory=list)
    best: list[Example] = field(default_factory=list)
    worst: list[Example] = field(default_factory=list)
    ordered_by: str = ""
    neighbors: list[Example] = field(default_factory=list)
    histograms: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    scatters: dict[str, dict[str, list[tuple[float, float]]]] = field(default_factory=dict)
    shares: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)


@dataclass(repr=False)
class Evaluation:
    """All scores of one model, or of one folder of images.

    Attributes:
        model: Its reference, as "dcgan/fashion-mnist" or "images:outputs/".
        data: What it was compared with, in words.
        scores: Values with their protocols.
        diagnoses: Observations in words.
        notes: What a reader of the scores should know.
        baselines: Name -> metric -> value, of what a model is compared with.
        report_samples: What a report shows.
    """

    model: str
    data: str
    scores: list[Score]
    diagnoses: list[Diagnosis] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    report_samples: ReportSamples = field(default_factory=ReportSamples)
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return a line for the model and one for each score."""
        return "\n".join([f"{self.model} by {self.data}", *(f"  {one.metric} {one.value:.5g}" for one in self.scores)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return what notebooks show: the scores with their protocols, diagnoses and notes."""
        from ganzoo.pages.rendering import render

        parts = {"scores": self.scores, "diagnoses": self.diagnoses, "notes": self.notes}
        return str(render("notebook_scores.html", model=self.model, data=self.data, **parts))

    def __getitem__(self, metric: str) -> float:
        """Return the value of a metric, as ``evaluation["psnr"]``. Raises KeyError that lists the metrics."""
        for score in self.scores:
            if score.metric == metric:
                return score.value
        raise KeyError(f"{metric} is not among {', '.join(score.metric for score in self.scores)}")

    def attach_baselines(self) -> None:
        """Put the baselines on the scores, with which cards keep them."""
        self.scores = [
            replace(
                score, baselines={name: of[score.metric] for name, of in self.baselines.items() if score.metric in of}
            )
            for score in self.scores
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the images, as JSON stores it."""
        return {
            "model": self.model,
            "data": self.data,
            "scores": [score.to_dict() for score in self.scores],
            "diagnoses": [asdict(diagnosis) for diagnosis in self.diagnoses],
            "notes": self.notes,
            **({"baselines": self.baselines} if self.baselines else {}),
        }

    def save(self, path: str | Path) -> None:
        """Write the JSON that `ganzoo compare` reads. Raises OutputError."""
        with replacing(Path(path)) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")
