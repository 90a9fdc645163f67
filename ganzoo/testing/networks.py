"""The contract of generators and discriminators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - whoever tests networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.contracts.discriminator import Discriminator
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.generator import Generator
from ganzoo.contracts.tasks import find
from ganzoo.testing.expectations import BATCH, PIXELS, SEED, equal, pictures, require, require_images

JUDGED_PIXELS = 128  # of pictures for discriminators of any size: enough for patches of 286 pixels


def check_generator(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check images: shape, float32, [-1, 1]; each from its own input alone; repeatable; trainable; saveable."""
    with torch.random.fork_rng(devices=[]):
        network = _network(entry, values or {})
        require(isinstance(network, Generator), entry, "has no attribute out_channels (1 or 3)")
        require(network.out_channels in (1, 3), entry, f"has out_channels {network.out_channels}, neither 1 nor 3")
        inputs, size = _generator_inputs(entry, network)
        network.eval()
        made = _seeded(network, inputs)
        require_images(entry, made, (BATCH, network.out_channels, *size))
        alone = torch.cat([_seeded(network, [part[n : n + 1] for part in inputs]) for n in range(BATCH)])
        require(torch.allclose(made, alone, atol=1e-4), entry, "in eval mode, makes one image depend on the others")
        _check_conditioning(entry, network, inputs, made)
        _check_gradients(entry, network, inputs)
        _check_seeds(entry, values or {}, inputs)
        _check_saving(entry, values or {}, inputs)


def check_discriminator(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check logits: a tensor (N, ...) or a list of them, float32, finite; repeatable; trainable; saveable."""
    with torch.random.fork_rng(devices=[]):
        network = _network(entry, values or {})
        require(isinstance(network, Discriminator), entry, "has no attribute in_channels")
        pixels = getattr(network, "image_size", JUDGED_PIXELS)
        clip = [network.frames] if getattr(network, "frames", 0) else []
        images = [pictures(BATCH, network.in_channels, *clip, pixels, pixels)]
        if getattr(network, "conditional", False):
            images.append(_labels(entry, network))
        for logits in _as_list(network(*images)):
            require(isinstance(logits, Tensor), entry, f"returns {type(logits).__name__}, not tensors of logits")
            require(logits.dtype == torch.float32, entry, f"returns {logits.dtype}, not float32")
            require(logits.dim() > 0 and len(logits) == BATCH, entry, f"returns {tuple(logits.shape)}, not N first")
            require(bool(logits.isfinite().all()), entry, "returns logits that are not finite")
        _check_gradients(entry, network, images)
        _check_seeds(entry, values or {}, images)
        _check_saving(entry, values or {}, images)


def _labels(entry: Entry, network: Any) -> Tensor:
    classes = getattr(network, "classes", None)
    require(isinstance(classes, int) and classes > 1, entry, "has no whole number classes, 2 or more")
    return torch.arange(BATCH) % int(network.classes)


def _check_conditioning(entry: Entry, network: Any, inputs: list[Tensor], made: Tensor) -> None:
    """Check that what the task has beside latents or images makes a difference."""
    for place, name in enumerate(find(entry.task).inputs, 1):
        other = inputs[place]
        changed = (other + 1) % int(network.classes) if name == "label" else 1 - other if name == "mask" else -other
        again = _seeded(network, [*inputs[:place], changed, *inputs[place + 1 :]])
        require(not torch.equal(made, again), entry, f"makes the same of any {name}")


def _network(entry: Entry, values: Mapping[str, Any], seed: int = SEED) -> Any:
    torch.manual_seed(seed)
    network = entry.build(options.parse(entry, values))
    require(isinstance(network, nn.Module), entry, f"builds {type(network).__name__}, not a torch.nn.Module")
    return network


def _generator_inputs(entry: Entry, network: Any) -> tuple[list[Tensor], tuple[int, ...]]:
    """Return inputs for the entry's task, and the (height, width) of the images they should become; frames first."""
    task = find(entry.task)
    wanted = ["latent_dim", "image_size"] if task.source == "latents" else ["in_channels", "stride"]
    wanted += (["frames"] if task.output == "clip" else []) + (["scale"] if task.enlarges else [])
    for name in wanted:
        require(isinstance(getattr(network, name, None), int), entry, f"has no whole number {name}")
    size: tuple[int, ...]
    if task.source == "latents":
        first = torch.randn(BATCH, network.latent_dim, generator=torch.Generator().manual_seed(SEED))
        size = (network.image_size, network.image_size)
    else:
        times = -(-PIXELS // network.stride)
        height, width = times * network.stride, (times + 1) * network.stride
        first = pictures(BATCH, network.in_channels, height, width)
        size = tuple(side * (network.scale if task.enlarges else 1) for side in (height, width))
    conditioning = [_beside(entry, network, name, first) for name in task.inputs]
    return [first, *conditioning], (network.frames, *size) if task.output == "clip" else size


def _beside(entry: Entry, network: Any, name: str, first: Tensor) -> Tensor:
    """Return what a task's input of that name may be, beside latents or pictures."""
    if name == "label":
        return _labels(entry, network)
    if name == "mask":
        height, width = first.shape[-2:]
        mask = torch.zeros(BATCH, 1, height, width)
        mask[:, :, height // 4 : height // 2, width // 4 : width // 2] = 1
        return mask
    return pictures(BATCH, 3, 48, 40)


@torch.no_grad()
def _seeded(network: Any, inputs: list[Tensor]) -> Tensor:
    """Return the outputs for one seed, flat and joined where there are several."""
    torch.manual_seed(SEED)
    outputs = _as_list(network(*inputs))
    return outputs[0] if len(outputs) == 1 else torch.cat([each.flatten() for each in outputs])


def _as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _check_gradients(entry: Entry, network: Any, inputs: list[Tensor]) -> None:
    """A bias before a norm has no effect, hence a zero gradient; weights of two dimensions and more must have one.

    A network that has nothing to learn needs none.
    """
    if not any(parameter.requires_grad for parameter in network.parameters()):
        return
    network.train()
    torch.manual_seed(SEED)
    with torch.no_grad():  # a layer that starts at zero blocks the gradient until its first step: move it off
        for parameter in network.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    run = getattr(network, "classified", network)  # logits of both kinds, where there are two
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
