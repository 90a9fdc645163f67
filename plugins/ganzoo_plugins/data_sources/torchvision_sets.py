"""torchvision's image classification data sets as a data source."""

from __future__ import annotations

import inspect

from ganzoo import DataSource, GanzooError


class TorchvisionSets(DataSource):
    """Opens "NAME@FOLDER", which torchvision has downloaded there; nothing is fetched."""

    packages = ("torchvision",)
    example = "FakeData@"
    kinds = ("images", "labeled")

    def open(self, location: str, kind: str):
        """Return the training part of a data set, pairs (PIL image, label)."""
        from torchvision import datasets

        name, _, folder = location.partition("@")
        found = getattr(datasets, name, None)
        if not (inspect.isclass(found) and issubclass(found, datasets.VisionDataset)):
            raise GanzooError(f"torchvision has no data set '{name}'. Write torchvision:NAME@FOLDER, as CIFAR10@data.")
        try:
            return found() if name == "FakeData" else found(folder or ".", download=False)
        except (RuntimeError, TypeError, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise GanzooError(f"torchvision:{location} cannot be opened: {reason.rstrip('.')}.") from error
