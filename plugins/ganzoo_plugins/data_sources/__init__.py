"""Data sets of torchvision by name: `ganzoo train dcgan torchvision:CIFAR10@FOLDER`."""

from __future__ import annotations

from ganzoo import Config, Entry, hookimpl


def build_torchvision(config: Config):
    from .torchvision_sets import TorchvisionSets

    return TorchvisionSets()


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="data",
            name="torchvision",
            config=Config,
            build=build_torchvision,
            summary="Data sets of torchvision that are on this machine: torchvision:CIFAR10@FOLDER",
        ),
    ]
