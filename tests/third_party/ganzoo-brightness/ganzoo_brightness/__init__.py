"""The difference in mean brightness between evaluated and real images."""

from __future__ import annotations

from ganzoo import Family

family = Family(__name__)
family.metric("brightness", ".metrics.measure_brightness", "Difference in mean brightness to the real images")
ganzoo_entries = family.entries
