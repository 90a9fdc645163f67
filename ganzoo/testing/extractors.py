"""The contract of extractors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - testing networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.extractor import Extractor
from ganzoo.errors import GanzooError
from ganzoo.testing.expectations import SEED, require

SHAPES = ((2, 1, 28, 28), (2, 3, 40, 33), (1, 3, 1, 1))
BFLOAT16_TOLERANCE = 0.1  # relative to the norm of the features: 8 bits through many layers


def check_extractor(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check an extractor.

    Features are float32 (N, D), for gray and RGB images of any size, and depend on their own image only. Its
    attributes are as the contract says, and bfloat16 makes another, similar extractor of it.

    Args:
        entry: The extractor's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        extractor = _built(entry, values or {}, SEED)
        _check_facts(entry, extractor)
        features = [_features(entry, extractor, _random_images(*shape)) for shape in SHAPES]
        _check_alone(entry, extractor, features[0])
        again = _built(entry, values or {}, SEED + 1)(_random_images(*SHAPES[0]))
        require(torch.equal(features[0], again), entry, "has other weights when it is built again")
        _check_refusal(entry, extractor)
        _check_logits(entry, extractor, features[0])
        _check_half(entry, extractor, features[0])


def _built(entry: Entry, values: Mapping[str, Any], seed: int) -> Any:
    torch.manual_seed(seed)
    extractor = entry.build(options.parse(entry, values))
    require(isinstance(extractor, nn.Module), entry, f"builds {type(extractor).__name__}, not a torch.nn.Module")
    require(not extractor.training, entry, "is built in training mode: call eval()")
    return extractor


def _check_facts(entry: Entry, extractor: Any) -> None:
    for name in Extractor.__annotations__:
        require(hasattr(extractor, name), entry, f"has no attribute {name}")
    named = isinstance(extractor.label, str) and bool(re.fullmatch(r"[a-z0-9][a-z0-9._-]*", extractor.label))
    require(named, entry, f"has the label {extractor.label!r}, not lower-case letters, digits, '.', '_' and '-'")
    known = bool(re.fullmatch("[0-9a-f]{64}", str(extractor.weights_sha256)))
    require(known, entry, f"has weights_sha256 {extractor.weights_sha256!r}, not 64 hex digits")
    require(
        isinstance(extractor.resizing, str) and extractor.resizing != "",
        entry,
        "has no resizing, a text that says how it resizes",
    )
    classes = extractor.classes
    named = isinstance(classes, tuple) and all(isinstance(name, str) for name in classes)
    require(named, entry, "has classes that are not a tuple of names")


def _random_images(*shape: int) -> Tensor:
    random = torch.Generator().manual_seed(SEED)
    return torch.randint(256, shape, generator=random, dtype=torch.uint8)


def _features(entry: Entry, extractor: Any, images: Tensor) -> Tensor:
    """Return the features of ``images``, which must have the right form; the images must not change."""
    before = images.clone()
    features: Tensor = extractor(images)
    require(isinstance(features, Tensor), entry, f"returns {type(features).__name__}, not a tensor")
    expected = (len(images), extractor.feature_dim)
    require(features.shape == expected, entry, f"returns features {tuple(features.shape)}, not {expected}")
    require(features.dtype == torch.float32, entry, f"returns {features.dtype}, not float32")
    require(bool(features.isfinite().all()), entry, "returns features that are not finite")
    require(torch.equal(images, before), entry, "changes the images")
    return features


def _check_alone(entry: Entry, extractor: Any, features: Tensor) -> None:
    alone = torch.cat([extractor(one) for one in _random_images(*SHAPES[0])[:, None]])
    off = ((features - alone).norm() / alone.norm()).item()
    require(off < 1e-4, entry, f"makes one image's features depend on the others (by {off:.1e})")
    require(
        not torch.allclose(features[0], features[1]),
        entry,
        "has the same features for different images",
    )


def _check_refusal(entry: Entry, extractor: Any) -> None:
    try:
        extractor(_random_images(*SHAPES[0]).float() / 255)
    except GanzooError:
        return
    raise AssertionError(f"{entry.spec} takes images that are not uint8: raise ganzoo.GanzooError")


def _check_logits(entry: Entry, extractor: Any, features: Tensor) -> None:
    if not hasattr(extractor, "logits"):
        require(not extractor.classes, entry, "has classes, but no logits(features)")
        return
    logits = extractor.logits(features)
    require(isinstance(logits, Tensor) and logits.ndim == 2, entry, "does not return logits (N, K)")
    require(len(logits) == len(features), entry, f"returns logits {tuple(logits.shape)} for {len(features)} images")
    fitting = not extractor.classes or logits.shape[1] == len(extractor.classes)
    require(fitting, entry, f"returns {logits.shape[1]} logits for {len(extractor.classes)} classes")


def _check_half(entry: Entry, extractor: Any, features: Tensor) -> None:
    """Check that bfloat16 gives other but similar features; done last, because it changes the extractor."""
    half = _features(entry, extractor.to(torch.bfloat16), _random_images(*SHAPES[0]))
    off = ((half - features).norm() / features.norm()).item()
    require(off > 0, entry, "computes the same in bfloat16: it does not use the dtype of its parameters")
    require(off < BFLOAT16_TOLERANCE, entry, f"is off by {off:.2f} of its features' norm in bfloat16")
