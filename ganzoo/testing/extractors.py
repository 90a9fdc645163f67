"""The contract of extractors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - whoever tests networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.extractor import Extractor
from ganzoo.errors import GanzooError
from ganzoo.testing.expectations import SEED, require

SHAPES = ((2, 1, 28, 28), (2, 3, 40, 33), (1, 3, 1, 1))
HALF_OFF = 0.1  # how far bfloat16 may be off, relative to the features' norm: 8 bits through many layers


def check_extractor(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check features: float32 (N, D), of any size, gray and RGB, each picture's its own; what is told of them."""
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        extractor = _built(entry, values or {}, SEED)
        _check_facts(entry, extractor)
        made = [_features(entry, extractor, _pictures(*shape)) for shape in SHAPES]
        _check_alone(entry, extractor, made[0])
        again = _built(entry, values or {}, SEED + 1)(_pictures(*SHAPES[0]))
        require(torch.equal(made[0], again), entry, "has other weights when it is built again")
        _check_refusal(entry, extractor)
        _check_logits(entry, extractor, made[0])
        _check_half(entry, extractor, made[0])


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
    require(isinstance(extractor.resizing, str) and extractor.resizing != "", entry, "does not say how it resizes")
    classes = extractor.classes
    named = isinstance(classes, tuple) and all(isinstance(name, str) for name in classes)
    require(named, entry, "has classes that are no tuple of names")


def _pictures(*shape: int) -> Tensor:
    random = torch.Generator().manual_seed(SEED)
    return torch.randint(256, shape, generator=random, dtype=torch.uint8)


def _features(entry: Entry, extractor: Any, pictures: Tensor) -> Tensor:
    """Return the features of ``pictures``, which must be right and leave the pictures as they were."""
    before = pictures.clone()
    made: Tensor = extractor(pictures)
    require(isinstance(made, Tensor), entry, f"returns {type(made).__name__}, not a tensor")
    wanted = (len(pictures), extractor.feature_dim)
    require(made.shape == wanted, entry, f"returns features {tuple(made.shape)}, not {wanted}")
    require(made.dtype == torch.float32, entry, f"returns {made.dtype}, not float32")
    require(bool(made.isfinite().all()), entry, "returns features that are not finite")
    require(torch.equal(pictures, before), entry, "changes the pictures it is given")
    return made


def _check_alone(entry: Entry, extractor: Any, forward_batched: Tensor) -> None:
    alone = torch.cat([extractor(one) for one in _pictures(*SHAPES[0])[:, None]])
    off = ((forward_batched - alone).norm() / alone.norm()).item()
    require(off < 1e-4, entry, f"makes one picture's features depend on the others (by {off:.1e})")
    require(
        not torch.allclose(forward_batched[0], forward_batched[1]),
        entry,
        "has the same features for different pictures",
    )


def _check_refusal(entry: Entry, extractor: Any) -> None:
    try:
        extractor(_pictures(*SHAPES[0]).float() / 255)
    except GanzooError:
        return
    raise AssertionError(f"{entry.spec} takes pictures that are not uint8: raise ganzoo.GanzooError")


def _check_logits(entry: Entry, extractor: Any, features: Tensor) -> None:
    if not hasattr(extractor, "logits"):
        require(not extractor.classes, entry, "names classes and has no logits(features)")
        return
    logits = extractor.logits(features)
    require(isinstance(logits, Tensor) and logits.ndim == 2, entry, "returns no logits (N, K)")
    require(len(logits) == len(features), entry, f"returns logits {tuple(logits.shape)} for {len(features)} pictures")
    fitting = not extractor.classes or logits.shape[1] == len(extractor.classes)
    require(fitting, entry, f"returns {logits.shape[1]} logits for {len(extractor.classes)} classes")


def _check_half(entry: Entry, extractor: Any, features: Tensor) -> None:
    """Its bfloat16 edition is another measure, near this one; last, because it changes the extractor."""
    half = _features(entry, extractor.to(torch.bfloat16), _pictures(*SHAPES[0]))
    off = ((half - features).norm() / features.norm()).item()
    require(off > 0, entry, "computes the same in bfloat16: it does not use the dtype of its parameters")
    require(off < HALF_OFF, entry, f"is off by {off:.2f} of its features' norm in bfloat16")
