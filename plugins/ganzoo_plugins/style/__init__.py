"""Style transfer: by optimizing the image, by a network for one style, and by a network for any style.

Each method has a folder: `gatys` (arXiv:1508.06576), `fast_style` (arXiv:1603.08155) and `adain` (arXiv:1703.06868).
"""

from __future__ import annotations

from ganzoo import hookimpl

from . import adain, fast_style, gatys
from .adain import AdaINOptions as AdaINOptions
from .fast_style import FastStyleOptions as FastStyleOptions


@hookimpl
def ganzoo_entries():
    """Return the entries of all three methods."""
    return [*gatys.family.entries(), *fast_style.family.entries(), *adain.family.entries()]


def __getattr__(name):
    return getattr(adain if name.startswith("AdaIN") else fast_style, name)
