"""A data source: gray gradients, made on the spot."""

from __future__ import annotations

from ganzoo import Config, Family

family = Family(__name__)
family.entry("data", "gradients", ".source.Gradients", summary="Gradients of a given side in pixels")(Config)
ganzoo_entries = family.entries
