"""Scores put on the card of the model that was evaluated, so that whoever pushes it publishes them with it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ganzoo.cards.card import Card
from ganzoo.errors import OptionError
from ganzoo.evaluation.samples.results import Evaluation
from ganzoo.loading import load
from ganzoo.weights import model_folder


def save(evaluation: Evaluation, ref: str, folder: Path) -> Card:
    """Write the scores onto the card of a model folder; each replaces the one of its metric.

    Args:
        evaluation: Of ``ref``.
        ref: The model that was evaluated.
        folder: A folder with that model, as a run or ``model.save`` makes it.

    Returns:
        The new card.

    Raises:
        OptionError: The folder has other weights than the evaluated model.
        RegistryError, OutputError: The folder is not a model, or cannot be written.
    """
    card = model_folder.read(folder)
    evaluated = load.info(ref).weights
    if card.weights is None or evaluated is None or card.weights.sha256 != evaluated.sha256:
        raise OptionError(
            f"{folder} has other weights than {ref}, so these scores are not its own. Evaluate dir:{folder}."
        )
    measured = {score.metric: score for score in evaluation.scores}
    kept = [score for score in card.scores if score.metric not in measured]
    changed = dataclasses.replace(card, scores=(*kept, *measured.values()))
    model_folder.update_card(folder, changed)
    return changed
