"""A generator as a graph of operations that can be computed by rows, traced with torch.fx."""

from __future__ import annotations

import inspect
import operator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx.node import map_arg

from ganzoo.errors import OptionError
from ganzoo.inference.tiling.functions import function_operation
from ganzoo.inference.tiling.layers import IDENTITY, Operation, module_operation

VIEWS = (operator.getitem, "float")  # their result shares the memory of their input, or may do so


@dataclass(frozen=True)
class Step:
    """One operation on the results of earlier steps; step 0 is the image.

    ``inplace``: without tiling, it changes its first input.
    """

    operation: Operation
    inputs: tuple[int, ...] = ()
    inplace: bool = False


@dataclass(frozen=True)
class Shape:
    """Of a step's result (1, channels, height, width)."""

    channels: int
    height: int
    width: int
    dtype: torch.dtype

    @property
    def row(self) -> int:
        """Bytes of a row."""
        return self.channels * self.width * self.dtype.itemsize

    @property
    def size(self) -> int:
        """Bytes of the whole."""
        return self.height * self.row


class Graph:
    """The steps of a generator in the order in which they run, and which of them is its output.

    ``sources``: for each norm over the whole image, the step whose statistics it needs.
    """

    def __init__(self, generator: nn.Module) -> None:
        """Trace ``generator``, in evaluation mode, and make its layers work on copies of their inputs.

        Raises:
            OptionError: A layer or function, which the message names, cannot be computed by rows.
        """
        traced = _trace(generator)
        self.steps, self.output = _Lowering(generator).lower(traced)
        for layer in generator.modules():
            if hasattr(layer, "inplace"):
                setattr(layer, "inplace", False)  # noqa: B010 - mypy takes a module's attributes for tensors
        self.sources = {
            place: step.inputs[0] for place, step in enumerate(self.steps) if step.operation.groups is not None
        }

    def shapes(self, channels: int, height: int, width: int, dtype: torch.dtype) -> list[Shape]:
        """Return the shape of each step's result for an image of that size."""
        shapes = [Shape(channels, height, width, dtype)]
        for step in self.steps[1:]:
            inputs, operation = [shapes[one] for one in step.inputs], step.operation
            if len({(one.height, one.width) for one in inputs}) > 1:
                raise refusal("This generator combines rows of different sizes")
            shapes.append(
                Shape(
                    operation.channels(*(one.channels for one in inputs)),
                    operation.down.length(inputs[0].height),
                    operation.across.length(inputs[0].width),
                    operation.output_dtype(*(one.dtype for one in inputs)),
                )
            )
        return shapes

    def untiled_memory(self, shapes: list[Shape]) -> int:
        """Return the peak memory in bytes of a pass over the whole image, on a CPU.

        Convolutions of torch copy their input, and their output once or twice, into a layout of their own.
        """
        storage: list[int] = []  # steps that change their input in place have its storage
        last: dict[int, int] = {}
        for place, step in enumerate(self.steps):
            storage.append(storage[step.inputs[0]] if step.inplace else place)
            last |= {storage[one]: place for one in (place, *step.inputs)}
        last[0] = len(self.steps)  # the caller keeps the image all the time
        allocated = peak = 0
        for place, step in enumerate(self.steps):
            result = shapes[place]
            allocated += 0 if step.inplace else result.size
            times = step.operation.copies
            copies = max(shapes[step.inputs[0]].size, times * result.size) if times else 0
            peak = max(peak, allocated + copies)
            allocated -= sum(shapes[one].size for one, end in last.items() if end == place)
        return peak


def refusal(reason: str) -> OptionError:
    return OptionError(
        f"{reason}, so this generator cannot be tiled exactly. `--tiles blend` tiles any generator; it is approximate."
    )


# ---- tracing ---------------------------------------------------------------------------------------------------------


class _Proxy(fx.Proxy):
    """Stands for a tensor. torch.fx alone would take ``x += y`` for ``x = x + y``, and miss other references to x."""

    def __iadd__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

    def __isub__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.isub, (self, other), {})

    def __imul__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.imul, (self, other), {})


class _Tracer(fx.Tracer):
    """Traces a generator down to torch's layers; ``culprit`` is the innermost module whose forward it cannot trace."""

    culprit = ""

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Proxy(node, self)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        try:
            return super().call_module(m, forward, args, kwargs)
        except Exception:
            self.culprit = self.culprit or f"'{self.path_of_module(m)}' ({type(m).__name__})"
            raise


def _trace(generator: nn.Module) -> fx.Graph:
    parameters = inspect.signature(generator.forward).parameters.values()
    defaults = {one.name: one.default for one in parameters if one.default is not one.empty}
    tracer = _Tracer()
    try:
        return tracer.trace(generator, concrete_args=defaults)
    except Exception as error:  # a forward may raise anything
        culprit = tracer.culprit or f"'{type(generator).__name__}'"
        raise refusal(f"torch.fx cannot trace the forward of {culprit} ({_first_line(error)})") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


class _Lowering:
    """Turns traced nodes into steps: ``places`` of those that depend on the image, ``constants`` of the others."""

    def __init__(self, generator: nn.Module) -> None:
        self.generator = generator
        self.steps: list[Step] = []
        self.places: dict[fx.Node, int] = {}
        self.constants: dict[fx.Node, Any] = {}
        self.viewed: set[int] = set()

    def lower(self, traced: fx.Graph) -> tuple[list[Step], int]:
        """Return the steps, and the index of the output."""
        *nodes, output = traced.nodes
        for node in nodes:
            if node.op == "placeholder" and not node.args:
                self._lower_image(node)
            elif any(one in self.places for one in node.all_input_nodes):
                self._lower_call(node)
            else:
                self.constants[node] = self._evaluated(node)
        result = output.args[0]
        if isinstance(result, (list, tuple)) and len(result) == 1:  # as torch.fx does where arguments have defaults
            result = result[0]
        if not isinstance(result, fx.Node) or result not in self.places:
            raise refusal("The generator does not return one image")
        return self.steps, self.places[result]

    def _lower_image(self, node: fx.Node) -> None:
        if self.steps:
            raise refusal(f"The generator takes '{node.target}' in addition to the image")
        self._add(node, Step(IDENTITY))

    def _lower_call(self, node: fx.Node) -> None:
        inputs: list[fx.Node] = []
        map_arg((node.args, node.kwargs), lambda one: inputs.append(one) if one in self.places else None)
        operation, inplace = (
            self._layer_operation(node) if node.op == "call_module" else self._function_operation(node, inputs)
        )
        if operation is IDENTITY:
            self.places[node] = self.places[inputs[0]]
            return
        changed = self.places[inputs[0]]
        self._add(node, Step(operation, tuple(self.places[one] for one in inputs), inplace))
        if node.target in VIEWS:
            self.viewed |= {changed, self.places[node]}
        if inplace and changed in self.viewed:
            raise refusal(f"'{node}' changes a tensor that has another view")
        if inplace:  # every reference to what was changed sees the change
            result = self.places[node]
            self.places |= {holder: result for holder, place in self.places.items() if place == changed}

    def _add(self, node: fx.Node, step: Step) -> None:
        self.places[node] = len(self.steps)
        self.steps.append(step)

    def _layer_operation(self, node: fx.Node) -> tuple[Operation, bool]:
        layer = self.generator.get_submodule(str(node.target))
        operation = module_operation(layer) if len(node.args) == 1 and not node.kwargs else None
        if operation is None:
            kind = str(layer).splitlines()[0].rstrip("(")
            raise refusal(f"ganzoo does not know how '{node.target}' ({kind}) works on rows of an image")
        return operation, getattr(layer, "inplace", False)

    def _function_operation(self, node: fx.Node, inputs: list[fx.Node]) -> tuple[Operation, bool]:
        target, inplace = _out_of_place(node.target)
        options = {name: value for name, value in node.kwargs.items() if name != "inplace"}
        args, kwargs = map_arg((node.args, options), lambda one: self.constants.get(one, one))

        def call(*tensors: Tensor) -> Tensor:
            values = dict(zip(inputs, tensors, strict=True))
            actual, named = map_arg((args, kwargs), values.__getitem__)
            result: Tensor = _call(target, actual, named)
            return result

        operation = function_operation(target, call, args, kwargs)
        if operation is None:
            name = target if isinstance(target, str) else target.__name__
            raise refusal(f"ganzoo does not know how '{name}' works on rows of an image, as it is used here")
        return operation, inplace or bool(node.kwargs.get("inplace"))

    def _evaluated(self, node: fx.Node) -> Any:
        if node.op == "placeholder":
            return node.args[0]
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(self.generator).detach()
        target = self.generator.get_submodule(str(node.target)) if node.op == "call_module" else node.target
        return _call(target, *map_arg((node.args, node.kwargs), self.constants.__getitem__))


_INPLACE = {operator.iadd: operator.add, operator.isub: operator.sub, operator.imul: operator.mul}


def _call(target: Any, args: Any, kwargs: Any) -> Any:
    if isinstance(target, str):
        return getattr(args[0], target)(*args[1:], **kwargs)
    return target(*args, **kwargs)


def _out_of_place(target: Any) -> tuple[Any, bool]:
    """Return the function or method that does the same out of place, and whether ``target`` works in place."""
    name = target if isinstance(target, str) else target.__name__
    if target in _INPLACE:
        return _INPLACE[target], True
    if not name.endswith("_") or name.endswith("__"):
        return target, False
    return (name[:-1] if isinstance(target, str) else getattr(F, name[:-1], None) or getattr(torch, name[:-1])), True
