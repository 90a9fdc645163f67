"""The contract of every entry of this package."""

from __future__ import annotations

import ganzoo_rpgan
import pytest

from ganzoo import Entry
from ganzoo.testing import check_entry, check_import


@pytest.mark.parametrize("entry", ganzoo_rpgan.ganzoo_entries(), ids=lambda entry: entry.spec)
def test_entry_keeps_the_contract(entry: Entry) -> None:
    small = {"generator": {"width": 4}, "discriminator": {"width": 4}}
    check_entry(entry, {"image_size": 16}, part_options=small)


def test_importing_it_is_light() -> None:
    check_import("ganzoo_rpgan")
