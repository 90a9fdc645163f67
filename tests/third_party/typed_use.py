"""What an editor and mypy know of options and families; checked by scripts/check, never run.

Every line with an ignore is a mistake that mypy must find: with --strict, an ignore without an error is an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import ganzoo
from ganzoo_plugins.cyclegan import CycleGANOptions, CycleGANRecipe, ResnetConfig

options = CycleGANOptions(cycle_weight=5.0, schedule="cosine")
assert_type(options.cycle_weight, float)
assert_type(options.pool_size, int)
assert_type(ganzoo.train("cyclegan", ["horses", "zebras"], "run", options=options), Path)
ganzoo.build("generator:resnet", ResnetConfig(width=32))
model = ganzoo.load("cyclegan/horse2zebra")
assert_type(model, ganzoo.Model)
assert_type(model.card, ganzoo.Card)
assert issubclass(CycleGANRecipe, ganzoo.Recipe)

ganzoo.train("dcgan", "photos", "run", steps=2000, precision="bf16", part_options={"generator": {"width": 32}})
ganzoo.train("dcgan", "photos", "run", steps="2000")  # type: ignore[arg-type]
ganzoo.train("dcgan", "photos", "run", stpes=2000)  # type: ignore[call-arg]
CycleGANOptions(cycle_weight="5")  # type: ignore[arg-type]
CycleGANOptions(cycle_wieght=5.0)  # type: ignore[call-arg]
CycleGANOptions(schedule="step")  # type: ignore[arg-type]
ganzoo.build("generator:resnet", {"width": 32})  # type: ignore[arg-type]
options.pool_size = 3  # type: ignore[misc]
