"""What becomes of a model of each package: run by the interpreters of test_third_party_kinds.py's environments.

python life_of_each.py make       in one with all packages: train, resume, evaluate and push; prints what was found
python life_of_each.py load       in another: load what was pushed, without a flag
python life_of_each.py without    in one without any of them: what loading and resuming say
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import ganzoo

SMALL = {"generator": {"width": 4}, "discriminator": {"width": 4}}
PATCH = {"width": 4, "receptive_field": 16}
# Package -> recipe, data, settings, what to evaluate on, how.
LIVES: dict[str, tuple[str, Any, dict[str, Any], Any, dict[str, Any]]] = {
    "rpgan": ("rpgan", "images", {"part_options": SMALL}, "images", {"metrics": ["brightness"]}),
    "tiny": ("tiny", "gray", {}, "gray", {"metrics": ["brightness"]}),
    "brightness": ("dcgan", "images", {"part_options": SMALL}, "images", {"metrics": ["brightness"]}),
    "gradients": ("dcgan", "gradients:16", {"part_options": SMALL}, "images", {"metrics": ["brightness"]}),
    "mat": (
        "pix2pix",
        {"input": "scans/in*.mat", "target": "scans/out*.mat"},
        {
            "options": {"image_size": 32},
            "part_options": {"generator": {"width": 4}, "discriminator": PATCH},
            "range": ["0:1000"],
        },
        ["scans/in*.mat", "scans/out*.mat"],
        {"metrics": ["mae"]},
    ),
    "perceptual": (
        "perceptual",
        ["a", "b"],
        {
            "options": {"image_size": 32},
            "part_options": {"generator": {"width": 4, "blocks": 1}, "discriminator": PATCH},
        },
        ["a", "b"],
        {"metrics": ["brightness"]},
    ),
}


def make() -> dict[str, Any]:
    """Return, by package, the steps, the plugins that run and card record, the metric and the commit."""
    from scipy.io import savemat

    Path("scans").mkdir()
    for number in range(3):
        for side in ("in", "out"):
            values = np.random.default_rng(number).integers(0, 1000, (32, 32)).astype(np.uint16)
            savemat(f"scans/{side}{number}.mat", {"scan": values})
    found = {}
    for name, (recipe, data, settings, real, measure) in LIVES.items():
        run, batch = f"lives/{name}", 2 if recipe in ("rpgan", "tiny", "dcgan") else 1
        ganzoo.train(recipe, data, run, steps=1, batch_size=batch, device="cpu", **settings)
        ganzoo.resume(run, steps=2)
        evaluation = ganzoo.evaluate(f"dir:{run}", real, device="cpu", **measure)
        model = ganzoo.load(f"dir:{run}", device="cpu")
        training = model.card.training
        assert training is not None
        found[name] = {
            "steps": training.steps,
            "plugins": training.plugins,
            "run": json.loads(Path(run, "run.json").read_text())["plugins"],
            "metric": evaluation.scores[0].metric,
            "commit": model.push(f"alice/life-{name}").commit,
        }
    return found


def load() -> dict[str, str]:
    """Return, by package, the recipe of the loaded model, which is used once."""
    found = {}
    for name in LIVES:
        model = ganzoo.load(f"hf-hub:alice/life-{name}", device="cpu")
        if model.card.does.source == "latents":
            assert len(model.generate(2)) == 2
        else:
            image = np.zeros((32, 32), np.uint16) if name == "mat" else np.zeros((32, 32, 3), np.uint8)
            assert model.translate(image) is not None
        found[name] = model.card.training.recipe if model.card.training else ""
    return found


def without() -> dict[str, list[str]]:
    """Return, by package, what loading and resuming say; "" where there is nothing to say."""
    found = {}
    for name in LIVES:
        said = []
        attempts: list[Callable[[], object]] = [
            partial(ganzoo.load, f"hf-hub:alice/life-{name}", device="cpu"),
            partial(ganzoo.resume, f"lives/{name}", steps=3),
        ]
        for attempt in attempts:
            try:
                attempt()
                said.append("")
            except ganzoo.GanzooError as error:
                said.append(str(error))
        found[name] = said
    return found


if __name__ == "__main__":
    print(json.dumps({"make": make, "load": load, "without": without}[sys.argv[1]]()))
