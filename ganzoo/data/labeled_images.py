"""Single images before they are split: with labels where class folders or IDX files give them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.data import descriptions
from ganzoo.data.class_folders import class_folders
from ganzoo.data.duplicates import label_images
from ganzoo.data.image_stores import Images, open_stored_images, subset, take
from ganzoo.data.request import DataRequest


@dataclass
class LabeledImages:
    """All images of a data set.

    Attributes:
        images: (N, C, S, S).
        names: Of each image, by which they are split.
        files: Names of the files that they lie in, for the fingerprint.
        labels: (N,), or None.
        classes: Names of the labels; empty where there are none.
        notes: Sentences for the user.
    """

    images: Images
    names: list[str]
    files: list[str]
    labels: Tensor | None
    classes: list[str]
    notes: list[str]

    @classmethod
    def from_files(cls, request: DataRequest, names: list[str], size: int) -> LabeledImages:
        """Decode image files to train on at ``size``; folders divide them into classes."""
        spec = request.spec(size)
        images, infos = open_stored_images(request.source, names, spec, request.memory)
        classes, labels = class_folders(names) or ([], [])
        notes = request.notes(infos, images, spec, size)
        notes += descriptions.describe_classes(classes, labels) if classes else []
        return cls(images, names, names, torch.tensor(labels) if classes else None, classes, notes)

    @classmethod
    def from_idx(
        cls, images: Tensor, labels: Tensor | None, files: tuple[str, str | None], notes: list[str]
    ) -> LabeledImages:
        """Take the preprocessed images of IDX files, whose names are their numbers."""
        classes = [] if labels is None else [f"{label}" for label in range(int(labels.max()) + 1)]
        names = [f"{index}" for index in range(len(images))]
        return cls(images, names, [name for name in files if name], labels, classes, notes)

    def split(self, request: DataRequest) -> tuple[list[int], list[int]]:
        """Return the indices to train on and those to hold out, of which none repeats another's content."""
        in_files = self.files == self.names
        contents = (
            None
            if in_files or not request.validation
            else label_images(take(self.images, list(range(len(self.names)))))
        )
        return request.split(self.names, contents=contents)

    def select(self, indices: list[int]) -> tuple[Images, Tensor | None]:
        """Return the images and labels at ``indices``."""
        return subset(self.images, indices), None if self.labels is None else self.labels[indices]
