"""Builds a network here with the weights of a recognized checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo import catalog
from ganzoo.catalog import building, options
from ganzoo.contracts.importer import DetectedCheckpoint, Tensors
from ganzoo.errors import OptionError, WeightsError, suggest
from ganzoo.weights import network_size
from ganzoo.weights.weights_file import load_into

if TYPE_CHECKING:
    from torch import Tensor, nn


def build_network(detected: DetectedCheckpoint, values: Mapping[str, Any]) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network with the checkpoint's weights, and its options that the checkpoint does not determine.

    Args:
        detected: what the checkpoint is.
        values: the user's values of undetermined options; by default the first choice of each.

    Raises:
        OptionError: a value is wrong, or its option is determined by the file.
        WeightsError: the tensors do not fit, or are not finite.
    """
    _check_names(detected, values)
    undetermined = {name: _choose(name, choices, values) for name, choices in detected.undetermined.items()}
    config = options.as_dict(options.parse(catalog.find(detected.entry), {**detected.options, **undetermined}))
    shapes = {name: tuple(tensor.shape) for name, tensor in detected.tensors.items()}
    source = f"The tensors of {detected.source}"
    network: nn.Module = network_size.build_for(lambda: building.build(detected.entry, **config), shapes, source)
    _refuse_integers(network, detected.tensors)
    load_into(
        network,
        _complete(network, detected.tensors, detected.unbiased),
        source,
        detected.entry,
        "The file is damaged, or from an unsupported version of that code.",
    )
    _check_finite(network)
    return network.eval(), undetermined


def _check_names(detected: DetectedCheckpoint, values: Mapping[str, Any]) -> None:
    for name in values:
        if name not in detected.undetermined:
            determined = f" The file determines it: {detected.options[name]}." if name in detected.options else ""
            free = ", ".join(["image_size", *detected.undetermined])
            raise OptionError(
                f"'{name}' cannot be set here.{determined}{suggest(name, detected.undetermined)} "
                f"These can be set: {free}."
            )


def _choose(name: str, choices: tuple[Any, ...], values: Mapping[str, Any]) -> Any:
    """Return the value of an option that the file does not determine."""
    if name not in values:
        return choices[0]
    for choice in choices:
        if str(values[name]).lower() == str(choice).lower():
            return choice
    valid = " or ".join(str(choice).lower() for choice in choices)
    raise OptionError(f"{name}={values[name]} does not fit the file: it should be {valid}.")


def _complete(network: nn.Module, tensors: Tensors, unbiased: bool) -> dict[str, Tensor]:
    """Return the tensors, with zeros for those that the checkpoint lacks and that change nothing.

    A convolution without bias equals one with a bias of zeros. PyTorch before 0.4.1 did not count a norm's batches.
    """
    completed = dict(tensors)
    for name, own in network.state_dict().items():
        module, _, kind = name.rpartition(".")
        weight = completed.get(f"{module}.weight")
        if name not in completed and (
            kind == "num_batches_tracked" or (unbiased and kind == "bias" and weight is not None and weight.dim() > 1)
        ):
            completed[name] = own.new_zeros(own.shape)
    return completed


def _refuse_integers(network: nn.Module, tensors: Tensors) -> None:
    """Raise WeightsError if weights are integers, which copying would turn into floats."""
    for name, own in network.state_dict().items():
        if own.is_floating_point() and name in tensors and not tensors[name].is_floating_point():
            kind = str(tensors[name].dtype).removeprefix("torch.")
            raise WeightsError(f"{name} holds {kind} instead of floats. Use a file with float weights.")


def _check_finite(network: nn.Module) -> None:
    for name, tensor in network.state_dict().items():
        if not bool(tensor.isfinite().all()):
            raise WeightsError(f"{name} has NaN or infinite values: the training broke. Use an earlier checkpoint.")
