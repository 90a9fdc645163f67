"""Data sets of torchvision by name: `ganzoo train dcgan torchvision:CIFAR10@FOLDER`."""

from __future__ import annotations

from ganzoo import Config, Family

family = Family(__name__)
family.entry(
    "data",
    "torchvision",
    ".torchvision_sets.TorchvisionSets",
    summary="Data sets of torchvision that are on this machine: torchvision:CIFAR10@FOLDER",
)(Config)

ganzoo_entries = family.entries
