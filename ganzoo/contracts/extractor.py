"""What an extractor of features for distances must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Extractor(Protocol):
    """A torch module that makes features of pictures, for distances between sets of them.

    label           measures are named after it: its Frechet distance is fd-<label>; other weights have another label
    weights_sha256  64 hex digits that tell its weights from others
    resizing        how it brings pictures to its size, in words: "bilinear to 299x299 as TensorFlow 1 does"
    feature_dim     D
    classes         names of the classes that it tells apart, () where they are not known

    It is built with its weights, in eval mode, and computes in the dtype of its parameters: ``.to(torch.bfloat16)``
    makes another extractor of it. Where it is a classifier it has ``logits(features)``, (N, D) -> (N, K), too: its
    last linear layer, in the dtype of its parameters. It may have ``evidence(images)`` as well, images in [-1, 1] to
    (N, K, h, w): the logits of each place.
    """

    label: str
    weights_sha256: str
    resizing: str
    feature_dim: int
    classes: tuple[str, ...]

    def __call__(self, images: Tensor) -> Tensor:
        """Return float32 features (N, D) of uint8 pictures (N, C, H, W), C = 1 or 3, of any size.

        Each picture's are its own, whatever others are beside it. Raises GanzooError for anything but uint8.
        """
        ...
