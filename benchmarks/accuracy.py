"""How far one step's losses and gradients are from the same step in float64."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from cases import Case, build_recipe, build_textbook, dataset, seeded
from torch import Tensor, nn

from ganzoo.contracts.recipe import StepState
from ganzoo.training.validation import Machine


def differences(
    case: Case, pictures: Mapping[str, Tensor], ways: Sequence[tuple[str, Machine]]
) -> Iterator[dict[str, float]]:
    """Yield, for each way, the largest relative differences of "losses" and "gradients" to the textbook's in float64.

    No weight changes within the step. A gradient's difference is the norm of the difference over the norm, one
    parameter tensor at a time; those are left out whose exact gradient is zero but for rounding (the biases that a
    norm subtracts again). ``ways``: "textbook" or "ours", each with its machine.
    """
    batch = dataset(case, dict(pictures)).batch(list(range(case.batch_size)), seeded(0))
    right_losses, right = exact(case, batch)
    for side, machine in ways:
        losses, gradients = found(case, batch, side, machine)
        off = [
            relative(mine, wanted)
            for name, of_group in right.items()
            for mine, wanted in zip(gradients[name], of_group, strict=True)
            if wanted.norm() > 1e-9 * max(each.norm() for each in of_group)
        ]
        yield {
            "losses": max(abs(number(losses[name]) / number(value) - 1) for name, value in right_losses.items()),
            "gradients": max(off),
        }


def exact(case: Case, batch: Mapping[str, Tensor]) -> tuple[Mapping[str, Any], dict[str, list[Tensor]]]:
    """Return the textbook's losses and gradients in float64, on the CPU."""
    plain = build_textbook(case)
    for network in plain.networks.values():
        smooth(network.double())
    plain.begin()
    return recorded(plain, {name: tensor.double() for name, tensor in batch.items()})


def found(
    case: Case, batch: Mapping[str, Tensor], side: str, machine: Machine
) -> tuple[Mapping[str, Any], dict[str, list[Tensor]]]:
    """Return losses and gradients of one side in the machine's precision."""
    subject: Any = build_textbook(case) if side == "textbook" else build_recipe(case)
    for network in subject.networks.values():
        smooth(network).to(machine.device)
        network.to(memory_format=machine.memory_format)
    if side == "textbook":
        subject.begin()
    else:
        subject.step_state = StepState()  # latents from torch's global numbers, as the textbook's
    with machine.autocast():
        return recorded(subject, machine.place(batch))


def smooth(network: nn.Module) -> nn.Module:
    """Put a smooth activation in place of each ReLU, and return the network.

    Where a feature is within rounding of 0, ReLU's slope is 0 or 1 by chance: a difference of 1e-6 in the input of
    CycleGAN's discriminator was measured to change its exact gradient by 4e-3. That would hide what is looked for.
    """
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, (nn.ReLU, nn.LeakyReLU)):
                setattr(module, name, nn.Softplus())
    return network


def recorded(subject: Any, batch: Mapping[str, Tensor]) -> tuple[Mapping[str, Any], dict[str, list[Tensor]]]:
    """Do a step whose optimizers write the gradients down in place of using them."""
    gradients: dict[str, list[Tensor]] = {}
    for name, optimizer in subject.optimizers.items():
        optimizer.step = lambda closure=None, name=name, held=optimizer: gradients.update(
            {name: [p.grad.to("cpu", torch.float64, copy=True) for group in held.param_groups for p in group["params"]]}
        )
    torch.manual_seed(1)
    return subject.step(batch), gradients


def relative(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


def number(loss: Tensor | float) -> float:
    return loss.item() if isinstance(loss, Tensor) else loss
