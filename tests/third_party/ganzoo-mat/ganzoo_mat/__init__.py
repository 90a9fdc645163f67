"""A reader of MATLAB's .mat files (version 5): the first array of two or three dimensions in them."""

from __future__ import annotations

from ganzoo import Config, Family

family = Family(__name__)
family.entry("reader", "mat", ".reader.MatReader", summary="MATLAB files, version 5")(Config)
ganzoo_entries = family.entries
