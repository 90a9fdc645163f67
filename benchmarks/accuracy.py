"""The error of one step's losses and gradients relative to the same step in float64."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from cases import Case, build_recipe, build_textbook, dataset, seeded
from torch import Tensor, nn

from ganzoo.contracts.recipe import StepState
from ganzoo.training.machine import Machine


def differences(
    case: Case, images: Mapping[str, Tensor], variants: Sequence[tuple[str, Machine]]
) -> Iterator[dict[str, float]]:
    """Yield, for each variant, the largest relative errors of "losses" and "gradients" against the textbook in float64.

    No weight changes within the step. The error of a gradient is the norm of the difference divided by the norm, for
    each parameter tensor. Tensors whose exact gradient is zero up to rounding (biases before a norm) are omitted.

    Args:
        case: the training step.
        images: as from `random_images`.
        variants: "textbook" or "ours", each with its machine.
    """
    batch = dataset(case, dict(images)).batch(list(range(case.batch_size)), seeded(0))
    expected_losses, expected = compute_exact(case, batch)
    for side, machine in variants:
        losses, gradients = compute(case, batch, side, machine)
        errors = [
            relative_error(gradient, reference)
            for name, group in expected.items()
            for gradient, reference in zip(gradients[name], group, strict=True)
            if reference.norm() > 1e-9 * max(each.norm() for each in group)
        ]
        yield {
            "losses": max(abs(number(losses[name]) / number(value) - 1) for name, value in expected_losses.items()),
            "gradients": max(errors),
        }


def compute_exact(case: Case, batch: Mapping[str, Tensor]) -> tuple[Mapping[str, Any], dict[str, list[Tensor]]]:
    """Return the textbook's losses and gradients in float64, on the CPU."""
    textbook = build_textbook(case)
    for network in textbook.networks.values():
        smooth(network.double())
    textbook.begin()
    return record(textbook, {name: tensor.double() for name, tensor in batch.items()})


def compute(
    case: Case, batch: Mapping[str, Tensor], side: str, machine: Machine
) -> tuple[Mapping[str, Any], dict[str, list[Tensor]]]:
    """Return losses and gradients of "textbook" or "ours" in the machine's precision."""
    subject: Any = build_textbook(case) if side == "textbook" else build_recipe(case)
    for network in subject.networks.values():
        smooth(network).to(machine.device)
        network.to(memory_format=machine.memory_format)
    if side == "textbook":
        subject.begin()
    else:
        subject.step_state = StepState()  # draws latents from torch's global generator, as the textbook does
    with machine.autocast():
        return record(subject, machine.place(batch))


def smooth(network: nn.Module) -> nn.Module:
    """Replace each ReLU by a smooth activation, and return the network.

    For a feature within rounding of 0, the slope of ReLU is 0 or 1 by chance. A difference of 1e-6 in the input of
    CycleGAN's discriminator changed its exact gradient by 4e-3, which would hide the errors to be measured.
    """
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, (nn.ReLU, nn.LeakyReLU)):
                setattr(module, name, nn.Softplus())
    return network


def record(subject: Any, batch: Mapping[str, Tensor]) -> tuple[Mapping[str, Any], dict[str, list[Tensor]]]:
    """Do a step whose optimizers record the gradients instead of applying them."""
    gradients: dict[str, list[Tensor]] = {}
    for name, optimizer in subject.optimizers.items():
        optimizer.step = lambda closure=None, name=name, this=optimizer: gradients.update(
            {name: [p.grad.to("cpu", torch.float64, copy=True) for group in this.param_groups for p in group["params"]]}
        )
    torch.manual_seed(1)
    return subject.step(batch), gradients


def relative_error(values: Tensor, expected: Tensor) -> float:
    return float((values - expected).norm() / expected.norm())


def number(loss: Tensor | float) -> float:
    return loss.item() if isinstance(loss, Tensor) else loss
