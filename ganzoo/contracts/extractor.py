"""What an extractor must be: a network whose features measure distances between sets of images (FID, KID)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Extractor(Protocol):
    """A ``torch.nn.Module`` that computes one feature vector for each image.

    It is built with its weights, in evaluation mode, and computes in the dtype of its parameters:
    ``.to(torch.bfloat16)`` makes a different, faster extractor of it.

    A classifier also has ``logits(features)``, (N, D) to (N, K): its last linear layer, in the dtype of its parameters.
    It can have ``evidence(images)``, images (N, C, H, W) in [-1, 1] to (N, K, h, w): the class logits at each position.

    Attributes:
        label: Name of these weights in metric names, lower case: the Frechet distance is ``fd-<label>``.
        weights_sha256: 64 hex digits that identify the weights.
        resizing: How it resizes images, in words: "bilinear to 299x299 as TensorFlow 1 does".
        feature_dim: D.
        classes: Names of the K classes of a classifier; () if unknown.
    """

    label: str
    weights_sha256: str
    resizing: str
    feature_dim: int
    classes: tuple[str, ...]

    def __call__(self, images: Tensor) -> Tensor:
        """Compute the features of images, each independent of the others in the batch.

        Args:
            images: uint8 (N, 1 or 3, H, W), of any size.

        Returns:
            Float32 (N, D).

        Raises:
            GanzooError: If the images are not uint8.
        """
        ...
