"""The contract of generators and discriminators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch  # noqa: TID253 - testing networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.catalog.tasks import find
from ganzoo.contracts.discriminator import Discriminator
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.generator import Generator
from ganzoo.errors import GanzooError
from ganzoo.layers.image_sizes import sides
from ganzoo.testing.expectations import BATCH, PIXELS, SEED, equal, random_images, require, require_images

DISCRIMINATOR_PIXELS = 128  # for discriminators of any image size: enough for patches of 286 pixels


def check_generator(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check a generator.

    Images have the right shape, dtype and range, and depend on their own inputs only. The network is deterministic, can
    be trained, and can be saved as safetensors.

    Args:
        entry: The generator's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    with torch.random.fork_rng(devices=[]), _naming(entry):
        network = _network(entry, values or {})
        require(isinstance(network, Generator), entry, "has no attribute out_channels")
        require(network.out_channels >= 1, entry, f"has out_channels {network.out_channels}, fewer than 1")
        inputs, size = _generator_inputs(entry, network)
        network.eval()
        images = _seeded(network, inputs)
        require_images(entry, images, (BATCH, network.out_channels, *size))
        alone = torch.cat([_seeded(network, [part[n : n + 1] for part in inputs]) for n in range(BATCH)])
        require(torch.allclose(images, alone, atol=1e-4), entry, "in eval mode, makes one image depend on the others")
        _check_conditioning(entry, network, inputs, images)
        _check_gradients(entry, network, inputs)
        _check_seeds(entry, values or {}, inputs)
        _check_saving(entry, values or {}, inputs)


def check_discriminator(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check a discriminator.

    Logits are finite float32 tensors (N, ...) or a list of them. The network is deterministic, can be trained, and can
    be saved as safetensors.

    Args:
        entry: The discriminator's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    with torch.random.fork_rng(devices=[]), _naming(entry):
        network = _network(entry, values or {})
        require(isinstance(network, Discriminator), entry, "has no attribute in_channels")
        height, width = sides(network) if hasattr(network, "image_size") else (DISCRIMINATOR_PIXELS,) * 2
        clip = [network.frames] if getattr(network, "frames", 0) else []
        inputs = [random_images(BATCH, network.in_channels, *clip, height, width)]
        if getattr(network, "conditional", False):
            inputs.append(_labels(entry, network))
        for logits in _as_list(network(*inputs)):
            require(isinstance(logits, Tensor), entry, f"returns {type(logits).__name__}, not tensors of logits")
            require(logits.dtype == torch.float32, entry, f"returns {logits.dtype}, not float32")
            require(logits.dim() > 0 and len(logits) == BATCH, entry, f"returns {tuple(logits.shape)}, not N first")
            require(bool(logits.isfinite().all()), entry, "returns logits that are not finite")
        _check_gradients(entry, network, inputs)
        _check_seeds(entry, values or {}, inputs)
        _check_saving(entry, values or {}, inputs)


@contextmanager
def _naming(entry: Entry) -> Iterator[None]:
    """Name the entry in whatever its network raises."""
    try:
        yield
    except (AssertionError, GanzooError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise AssertionError(f"{entry.spec} fails: {type(error).__name__}: {reason}") from error


def _labels(entry: Entry, network: Any) -> Tensor:
    classes = getattr(network, "classes", None)
    require(isinstance(classes, int) and classes > 1, entry, "has no integer classes, 2 or more")
    return torch.arange(BATCH) % int(network.classes)


def _check_conditioning(entry: Entry, network: Any, inputs: list[Tensor], images: Tensor) -> None:
    """Check that each further input of the task changes the output."""
    for index, name in enumerate(find(entry.task).inputs, 1):
        other = inputs[index]
        changed = (other + 1) % int(network.classes) if name == "label" else 1 - other if name == "mask" else -other
        again = _seeded(network, [*inputs[:index], changed, *inputs[index + 1 :]])
        require(not torch.equal(images, again), entry, f"generates the same for any {name}")


def _network(entry: Entry, values: Mapping[str, Any], seed: int = SEED) -> Any:
    torch.manual_seed(seed)
    network = entry.build(options.parse(entry, values))
    require(isinstance(network, nn.Module), entry, f"builds {type(network).__name__}, not a torch.nn.Module")
    return network


def _generator_inputs(entry: Entry, network: Any) -> tuple[list[Tensor], tuple[int, ...]]:
    """Return inputs for the entry's task, and the expected (height, width) of its output, (frames, ...) for clips."""
    task = find(entry.task)
    required = ["latent_dim", "image_size"] if task.source == "latents" else ["in_channels", "stride"]
    required += (["frames"] if task.output == "clip" else []) + (["scale"] if task.enlarges else [])
    for name in required:
        require(isinstance(getattr(network, name, None), int), entry, f"has no integer {name}")
    size: tuple[int, ...]
    if task.source == "latents":
        first = torch.randn(BATCH, network.latent_dim, generator=torch.Generator().manual_seed(SEED))
        size = sides(network)
    else:
        times = -(-PIXELS // network.stride)
        height, width = times * network.stride, (times + 1) * network.stride
        first = random_images(BATCH, network.in_channels, height, width)
        size = tuple(side * (network.scale if task.enlarges else 1) for side in (height, width))
    conditioning = [_conditioning(entry, network, name, first) for name in task.inputs]
    return [first, *conditioning], (network.frames, *size) if task.output == "clip" else size


def _conditioning(entry: Entry, network: Any, name: str, first: Tensor) -> Tensor:
    """Return an example of a task's further input."""
    if name == "label":
        return _labels(entry, network)
    if name == "mask":
        height, width = first.shape[-2:]
        mask = torch.zeros(BATCH, 1, height, width)
        mask[:, :, height // 4 : height // 2, width // 4 : width // 2] = 1
        return mask
    return random_images(BATCH, 3, 48, 40)


@torch.no_grad()
def _seeded(network: Any, inputs: list[Tensor]) -> Tensor:
    """Return the output for one seed; several outputs are flattened and joined."""
    torch.manual_seed(SEED)
    outputs = _as_list(network(*inputs))
    return outputs[0] if len(outputs) == 1 else torch.cat([each.flatten() for each in outputs])


def _as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _check_gradients(entry: Entry, network: Any, inputs: list[Tensor]) -> None:
    """Check that weights of two dimensions and more get a gradient; a bias before a norm has none.

    A network without trainable parameters passes.
    """
    if not any(parameter.requires_grad for parameter in network.parameters()):
        return
    network.train()
    torch.manual_seed(SEED)
    with torch.no_grad():  # a layer that starts at zero blocks the gradient until its first step
        for parameter in network.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    run = getattr(network, "classified", network)  # all logits, if it predicts classes too
    outputs = _as_list(run(*inputs))
    torch.stack([(each * torch.randn_like(each)).sum() for each in outputs]).sum().backward()  # type: ignore[no-untyped-call]
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            gradient = parameter.grad
            require(gradient is not None, entry, f"never uses its parameter {name}")
            require(bool(gradient.isfinite().all()), entry, f"gives {name} a gradient that is not finite")
            moved = parameter.dim() < 2 or bool(gradient.any())
            require(moved, entry, f"lets no gradient reach {name}")


def _check_seeds(entry: Entry, values: Mapping[str, Any], inputs: list[Tensor]) -> None:
    first, second, other = (_network(entry, values, seed).eval() for seed in (SEED, SEED, SEED + 1))
    require(equal(first.state_dict(), second.state_dict()), entry, "has other weights for the same seed")
    same = torch.equal(_seeded(first, inputs), _seeded(second, inputs))
    require(same, entry, "returns something else for the same seed")
    if first.state_dict():
        require(not equal(first.state_dict(), other.state_dict()), entry, "has the same weights for another seed")


def _check_saving(entry: Entry, values: Mapping[str, Any], inputs: list[Tensor]) -> None:
    from safetensors.torch import load, save

    first, second = (_network(entry, values, seed).eval() for seed in (SEED, SEED + 1))
    state = {name: tensor.contiguous() for name, tensor in first.state_dict().items()}
    try:
        loaded = load(save(state))
    except (RuntimeError, ValueError) as error:
        raise AssertionError(f"{entry.spec} cannot be saved as safetensors: {error}") from error
    second.load_state_dict(loaded)
    require(equal(state, second.state_dict()), entry, "has other weights after saving and loading")
    same = torch.equal(_seeded(first, inputs), _seeded(second, inputs))
    require(same, entry, "returns something else after saving and loading: part of it is not in its state_dict")
