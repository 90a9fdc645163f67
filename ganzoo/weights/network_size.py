"""A network is built without memory first, and compared with the tensors that are there.

A config.json of a few bytes can describe a network of any size. What it describes is therefore built on the meta
device, which takes no memory, and stopped as soon as it has more than the weights file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from ganzoo.errors import GanzooError, WeightsError

Network = TypeVar("Network")
Shapes = Mapping[str, tuple[int, ...]]

# While it is built, a network may have parts that it drops; more than this many times its weights is another network.
SPARE = 4  # times, of tensors and modules together
SPARE_TENSORS = 1000
SPARE_VALUES = 50_000_000
RANDOM = {"normal_", "uniform_"}  # methods of tensors


class _TooLarge(BaseException):
    """Not an Exception, which a network's own code may catch while it is built."""


def build_for(build: Callable[[], Network], shapes: Shapes, what: str) -> Network:
    """Return ``build()``, once it is certain that the network is about as large as its weights.

    Args:
        build: Builds the network with random weights.
        shapes: Name of a tensor to its shape, of the weights file.
        what: The weights, for messages.

    Raises:
        WeightsError: The network is larger than its weights.
        GanzooError: What ``build`` raises.
    """
    import torch

    try:
        with _at_most(shapes), torch.device("meta"), _without_values():
            build()
    except _TooLarge:
        raise _too_large(what, shapes) from None
    except GanzooError:  # an option, say: the second attempt raises it
        pass
    except Exception:  # networks that compute something while they are built cannot do so on the meta device
        pass
    try:
        with _at_most(shapes):
            return build()
    except _TooLarge:
        raise _too_large(what, shapes) from None


def _without_values() -> AbstractContextManager[Any]:
    """Leave out what initializes weights: there are none, and normal_ on the meta device imports torch's compiler."""
    from torch.overrides import TorchFunctionMode

    class WithoutValues(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            tensor = args[0] if args else kwargs.get("tensor")
            named = getattr(func, "__module__", "") == "torch.nn.init" or getattr(func, "__name__", "") in RANDOM
            return tensor if named and getattr(tensor, "is_meta", False) else func(*args, **kwargs)

    return WithoutValues()


def _too_large(what: str, shapes: Shapes) -> WeightsError:
    values = sum(_count(shape) for shape in shapes.values())
    return WeightsError(
        f"{what} do not fit the network that the card describes: it is much larger than their {len(shapes):,} tensors "
        f"of {values:,} values. Check the entry and options in config.json."
    )


@contextmanager
def _at_most(shapes: Shapes) -> Iterator[None]:
    """Raise `_TooLarge` where this thread registers far more tensors or values than ``shapes`` has."""
    from torch.nn.modules import module

    tensors = SPARE * len(shapes) + SPARE_TENSORS
    values = SPARE * sum(_count(shape) for shape in shapes.values()) + SPARE_VALUES
    thread, total = threading.get_ident(), 0
    # A name of a module counts once: spectral norm registers its own again and again.
    seen: dict[tuple[int, str], int] = {}

    def count(owner: Any, name: str, registered: Any) -> None:  # a parameter, a buffer or a module
        nonlocal total
        if threading.get_ident() != thread:
            return
        size = registered.numel() if hasattr(registered, "numel") else 0
        total += size - seen.get((id(owner), name), 0)
        seen[id(owner), name] = size
        if len(seen) > tensors or total > values:
            raise _TooLarge

    handles = [
        module.register_module_parameter_registration_hook(count),
        module.register_module_buffer_registration_hook(count),
        module.register_module_module_registration_hook(count),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count
